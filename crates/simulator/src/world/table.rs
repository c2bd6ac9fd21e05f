//! Rows in the order in which they were made, each with its text as last written.
//!
//! A list of fifty thousand is served by gluing texts together; only a row that changed is written again.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

/// What a hand wrote over a field: a value, or `None` for a key that is missing.
pub(crate) type HandWritten = Vec<(String, Option<Value>)>;

pub(crate) struct Row<T> {
    pub(crate) serial: u32,
    pub(crate) id: Box<str>,
    pub(crate) item: T,
    pub(crate) hand: HandWritten,
    /// None when it must be written again.
    text: Option<Arc<[u8]>>,
}

pub(crate) struct Table<T> {
    rows: Vec<Row<T>>,
    by_id: HashMap<Box<str>, u32>,
    next_serial: u32,
    next_id: u64,
    stale: Vec<u32>,
}

impl<T> Table<T> {
    /// An empty table whose ids begin after `first_id`.
    pub(crate) fn new(first_id: u64) -> Self {
        Self { rows: Vec::new(), by_id: HashMap::new(), next_serial: 0, next_id: first_id, stale: Vec::new() }
    }

    pub(crate) fn add(&mut self, item: T) -> u32 {
        let id = loop {
            // Ids of a hosted CRM have gaps: other accounts' records lie between.
            self.next_id += 1 + crate::dice::key(&[self.next_id]) % 4;
            let id = self.next_id.to_string().into_boxed_str();
            if !self.by_id.contains_key(&id) {
                break id;
            }
        };
        self.insert(id, item, Vec::new())
    }

    pub(crate) fn insert(&mut self, id: Box<str>, item: T, hand: HandWritten) -> u32 {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.by_id.insert(id.clone(), serial);
        self.rows.push(Row { serial, id, item, hand, text: None });
        self.stale.push(serial);
        serial
    }

    pub(crate) fn remove(&mut self, serial: u32) -> Option<Row<T>> {
        let place = self.place(serial)?;
        let row = self.rows.remove(place);
        self.by_id.remove(&row.id);
        Some(row)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn rows(&self) -> &[Row<T>] {
        &self.rows
    }

    pub(crate) fn serial_of(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn get(&self, serial: u32) -> Option<&Row<T>> {
        self.place(serial).map(|place| &self.rows[place])
    }

    /// A row to change: its text is written again at the next [`Table::rewrite`].
    pub(crate) fn change(&mut self, serial: u32) -> Option<&mut Row<T>> {
        let place = self.place(serial)?;
        let row = &mut self.rows[place];
        if row.text.take().is_some() {
            self.stale.push(serial);
        }
        Some(row)
    }

    /// A row to change in what its text does not show.
    pub(crate) fn change_unseen(&mut self, serial: u32) -> Option<&mut Row<T>> {
        self.place(serial).map(|place| &mut self.rows[place])
    }

    pub(crate) fn change_all(&mut self) {
        for row in &mut self.rows {
            if row.text.take().is_some() {
                self.stale.push(row.serial);
            }
        }
    }

    pub(crate) fn is_written(&self) -> bool {
        self.stale.is_empty()
    }

    /// Writes the text of every row that changed.
    pub(crate) fn rewrite(&mut self, write: impl Fn(&Row<T>) -> Vec<u8>) {
        for serial in std::mem::take(&mut self.stale) {
            if let Some(place) = self.place(serial) {
                let text = write(&self.rows[place]);
                self.rows[place].text = Some(text.into());
            }
        }
    }

    fn place(&self, serial: u32) -> Option<usize> {
        self.rows.binary_search_by_key(&serial, |row| row.serial).ok()
    }
}

impl<T> Row<T> {
    pub(crate) fn text(&self) -> Arc<[u8]> {
        self.text.clone().unwrap_or_else(|| Arc::from(&b"{}"[..]))
    }

    pub(crate) fn hand_written(&self, field: &str) -> Option<&Option<Value>> {
        self.hand.iter().find(|(name, _)| name == field).map(|(_, value)| value)
    }

    pub(crate) fn write_over(&mut self, field: &str, value: Option<Value>) {
        match self.hand.iter_mut().find(|(name, _)| name == field) {
            Some((_, old)) => *old = value,
            None => self.hand.push((field.to_owned(), value)),
        }
    }
}
