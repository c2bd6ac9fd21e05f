//! A table of records in the order in which they were added, each with its rendered JSON row.
//!
//! A page is assembled from rendered rows, and only a row that changed is rendered again. That keeps lists of 50,000
//! contacts fast.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

/// Fields whose value an edit replaced, or removed if the value is `None`.
pub(crate) type Overrides = Vec<(String, Option<Value>)>;

/// The override of a field, if it has one.
pub(crate) fn find_override<'a>(overrides: &'a Overrides, field: &str) -> Option<&'a Option<Value>> {
    overrides.iter().find(|(name, _)| name == field).map(|(_, value)| value)
}

/// Sets the override of a field, keeping its position if it already has one.
pub(crate) fn set_override(overrides: &mut Overrides, field: &str, value: Option<Value>) {
    match overrides.iter_mut().find(|(name, _)| name == field) {
        Some((_, old)) => *old = value,
        None => overrides.push((field.to_owned(), value)),
    }
}

/// A record with its ID and its rendered JSON.
pub(crate) struct Row<T> {
    /// Identifies the row within its table. Never reused.
    pub(crate) serial: u32,
    /// The CRM's ID.
    pub(crate) id: Box<str>,
    pub(crate) item: T,
    pub(crate) overrides: Overrides,
    /// `None` while the row has changes to render.
    json: Option<Arc<[u8]>>,
}

/// A list of records.
pub(crate) struct Table<T> {
    rows: Vec<Row<T>>,
    serials: HashMap<Box<str>, u32>,
    next_serial: u32,
    last_id: u64,
    /// The serials of the rows to render.
    changed: Vec<u32>,
}

impl<T> Table<T> {
    /// An empty table whose IDs are greater than `last_id`.
    pub(crate) fn new(last_id: u64) -> Self {
        Self { rows: Vec::new(), serials: HashMap::new(), next_serial: 0, last_id, changed: Vec::new() }
    }

    /// Adds a record under the next free ID and returns its serial.
    pub(crate) fn add(&mut self, item: T) -> u32 {
        let id = loop {
            // A hosted CRM's IDs have gaps, because its accounts share one sequence.
            self.last_id += 1 + crate::dice::key(&[self.last_id]) % 4;
            let id = self.last_id.to_string().into_boxed_str();
            if !self.serials.contains_key(&id) {
                break id;
            }
        };
        self.insert(id, item, Vec::new())
    }

    /// Adds a record under the given ID and returns its serial.
    pub(crate) fn insert(&mut self, id: Box<str>, item: T, overrides: Overrides) -> u32 {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.serials.insert(id.clone(), serial);
        self.rows.push(Row { serial, id, item, overrides, json: None });
        self.changed.push(serial);
        serial
    }

    /// Removes a record.
    pub(crate) fn remove(&mut self, serial: u32) -> Option<Row<T>> {
        let position = self.position(serial)?;
        let row = self.rows.remove(position);
        self.serials.remove(&row.id);
        Some(row)
    }

    /// Adds a removed record again, in its old place.
    pub(crate) fn restore(&mut self, mut row: Row<T>) {
        row.json = None;
        self.serials.insert(row.id.clone(), row.serial);
        self.changed.push(row.serial);
        let position = self.rows.partition_point(|other| other.serial < row.serial);
        self.rows.insert(position, row);
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The records, oldest first.
    pub(crate) fn rows(&self) -> &[Row<T>] {
        &self.rows
    }

    /// The serial of the record with an ID.
    pub(crate) fn serial_of(&self, id: &str) -> Option<u32> {
        self.serials.get(id).copied()
    }

    /// The record with a serial.
    pub(crate) fn get(&self, serial: u32) -> Option<&Row<T>> {
        self.position(serial).map(|position| &self.rows[position])
    }

    /// A record to change. Its row is rendered again at the next [`Table::render_changes`].
    pub(crate) fn change(&mut self, serial: u32) -> Option<&mut Row<T>> {
        let position = self.position(serial)?;
        let row = &mut self.rows[position];
        if row.json.take().is_some() {
            self.changed.push(serial);
        }
        Some(row)
    }

    /// A record to change in a way that its row does not show.
    pub(crate) fn change_hidden(&mut self, serial: u32) -> Option<&mut Row<T>> {
        self.position(serial).map(|position| &mut self.rows[position])
    }

    /// Marks every row to be rendered again.
    pub(crate) fn change_all(&mut self) {
        for row in &mut self.rows {
            if row.json.take().is_some() {
                self.changed.push(row.serial);
            }
        }
    }

    /// Whether any row must be rendered.
    pub(crate) fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Renders every row that changed.
    pub(crate) fn render_changes(&mut self, render: impl Fn(&Row<T>) -> Vec<u8>) {
        for serial in std::mem::take(&mut self.changed) {
            if let Some(position) = self.position(serial) {
                let json = render(&self.rows[position]);
                self.rows[position].json = Some(json.into());
            }
        }
    }

    fn position(&self, serial: u32) -> Option<usize> {
        self.rows.binary_search_by_key(&serial, |row| row.serial).ok()
    }
}

impl<T> Row<T> {
    /// The rendered JSON object.
    pub(crate) fn json(&self) -> Arc<[u8]> {
        self.json.clone().unwrap_or_else(|| Arc::from(&b"{}"[..]))
    }

    /// The override of a field, if it has one.
    pub(crate) fn find_override(&self, field: &str) -> Option<&Option<Value>> {
        find_override(&self.overrides, field)
    }

    /// Sets the override of a field.
    pub(crate) fn set_override(&mut self, field: &str, value: Option<Value>) {
        set_override(&mut self.overrides, field, value);
    }
}
