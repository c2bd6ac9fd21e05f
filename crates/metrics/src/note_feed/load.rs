//! Loads a note feed from the store.

use std::cmp::Reverse;
use std::collections::HashMap;

use tetherboard_domain::{ContactId, Dataset, EpochMs, TenantId};
use tetherboard_store::{Conn, Result, history, notes, schedule};

use super::{FeedAppointment, FeedContact, FeedMove, FeedNote, NoteFeed, NoteKind};
use crate::board::{Board, StagePlace};

impl NoteFeed {
    /// Loads all notes, moves, and appointments of a brand's contacts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load<C: Conn>(conn: &C, tenant: TenantId, board: &Board) -> Result<Self> {
        let mut loading = FeedLoader::default();
        notes::each_contact(conn, tenant, |crm_id, stage| {
            let stage = loading.stages.of(board.place(stage.as_deref()));
            loading.known.insert(crm_id, (stage, None));
        })
        .await?;
        let mut feed = Self::default();
        let mut kinds = Interner::default();
        let mut authors = Interner::default();
        notes::each_summary(conn, tenant, |note| {
            let Some(contact) = loading.contact(note.client_id.as_str()) else { return };
            let kind = kinds.of(note.kind_key);
            if feed.kinds.len() <= kind as usize {
                feed.kinds.push(NoteKind { key: String::new(), name: note.kind.trim().to_owned() });
            }
            let at_ms = note.created_ms.unwrap_or(EpochMs::MIN);
            let author = authors.of(note.author);
            feed.notes.push(FeedNote { at_ms, no: note.no, contact, kind, author, hidden: note.hidden });
        })
        .await?;
        history::each_transition(conn, tenant, Dataset::Contacts, |seen| {
            let (from, to) = (board.place(seen.from.as_deref()), board.place(seen.to.as_deref()));
            // Renaming a stage is not a move.
            let is_move = matches!((&from, &to), (StagePlace::Listed(_), StagePlace::Listed(_)));
            if is_move && let Some(contact) = loading.contact(&seen.crm_id) {
                let (from, to) = (loading.stages.of(from), loading.stages.of(to));
                feed.moves.push(FeedMove { at_ms: seen.at_ms, contact, from, to });
            }
        })
        .await?;
        for one in schedule::event_summaries(conn, tenant).await? {
            if let Some(contact) = loading.contact(one.client_id.as_str()) {
                let name = if one.title.trim().is_empty() { one.kind } else { one.title };
                let (at_ms, owner, cancelled) = (one.starts_ms, one.owner, one.cancelled);
                feed.appointments.push(FeedAppointment { at_ms, contact, name, owner, cancelled });
            }
        }
        for (kind, key) in feed.kinds.iter_mut().zip(kinds.values) {
            kind.key = key;
        }
        (feed.authors, feed.stages, feed.contacts) = (authors.values, loading.stages.values, loading.contacts);
        feed.notes.sort_by_key(|note| (Reverse(note.at_ms), note.no));
        feed.moves.sort_by_key(|seen| Reverse(seen.at_ms));
        feed.appointments.sort_by_key(|one| Reverse(one.at_ms));
        Ok(feed)
    }
}

/// Gives each distinct value an index, in order of first occurrence.
struct Interner<T> {
    numbers: HashMap<T, u32>,
    values: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Interner<T> {
    fn of(&mut self, value: T) -> u32 {
        if let Some(no) = self.numbers.get(&value) {
            return *no;
        }
        let no = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.numbers.insert(value.clone(), no);
        self.values.push(value);
        no
    }
}

/// The stages and contacts while a feed is loaded. `known` has each contact's stage, and its index in the feed once an entry
/// refers to it.
#[derive(Default)]
struct FeedLoader {
    stages: Interner<StagePlace>,
    known: HashMap<ContactId, (u32, Option<u32>)>,
    contacts: Vec<FeedContact>,
}

impl FeedLoader {
    /// The index of a contact; `None`: the CRM no longer has it.
    fn contact(&mut self, crm_id: &str) -> Option<u32> {
        let (stage, place) = self.known.get_mut(crm_id)?;
        if place.is_none() {
            *place = u32::try_from(self.contacts.len()).ok();
            self.contacts.push(FeedContact { crm_id: crm_id.into(), stage: *stage });
        }
        *place
    }
}
