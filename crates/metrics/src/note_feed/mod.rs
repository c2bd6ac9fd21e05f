//! Everyone's notes about candidates, newest first, with the candidates' moves and appointments in between.
//!
//! A feed is held in memory completely, without the notes' texts, so one pass over it counts every filter. Hidden notes are
//! left out by [`Audience`].

mod filter;
mod load;

use tetherboard_domain::{ContactId, EpochMs, StageRole};
use tetherboard_store::notes::Audience;

use filter::{FilterMatches, sees};

use crate::board::{Board, StagePlace};

/// The definition of the feed and its counts, shown on pages.
pub const NOTE_FEED: &str = "Notes of contacts in ClientTether, dated by ClientTether. A period ends where the data ends. The \
    count next to a filter value is the number of notes it would show together with the other filters.";

/// All notes, moves, and appointments of a brand. Entries refer to kinds, authors, stages, and contacts by index.
#[derive(Clone, Debug, Default)]
pub struct NoteFeed {
    kinds: Vec<NoteKind>,
    authors: Vec<String>,
    stages: Vec<StagePlace>,
    contacts: Vec<FeedContact>,
    /// Newest first, undated ones last.
    notes: Vec<FeedNote>,
    moves: Vec<FeedMove>,
    appointments: Vec<FeedAppointment>,
}

/// A kind of note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKind {
    /// The key that identifies the kind.
    pub key: String,
    /// In the CRM's spelling.
    pub name: String,
}

#[derive(Clone, Debug)]
struct FeedContact {
    crm_id: ContactId,
    /// The index of the stage.
    stage: u32,
}

#[derive(Clone, Copy, Debug)]
struct FeedNote {
    /// [`EpochMs::MIN`]: undated.
    at_ms: EpochMs,
    /// The note's number in the store.
    no: i64,
    contact: u32,
    kind: u32,
    author: u32,
    hidden: bool,
}

#[derive(Clone, Copy, Debug)]
struct FeedMove {
    at_ms: EpochMs,
    contact: u32,
    from: u32,
    to: u32,
}

#[derive(Clone, Debug)]
struct FeedAppointment {
    at_ms: EpochMs,
    contact: u32,
    name: String,
    owner: String,
    cancelled: bool,
}

/// A filter of the feed. Of each list one value must match; an empty list matches everything.
#[derive(Clone, Debug, Default)]
pub struct FeedFilter {
    /// The numbers of the notes that match a search.
    pub found: Option<Vec<i64>>,
    /// By key.
    pub kinds: Vec<String>,
    pub authors: Vec<String>,
    pub roles: Vec<StageRole>,
    pub stages: Vec<StagePlace>,
    /// Contact IDs.
    pub clients: Vec<ContactId>,
    pub from_ms: Option<EpochMs>,
    pub until_ms: Option<EpochMs>,
}

/// How many candidates a selection lists, besides those in the filter.
pub const TOP_CLIENTS: usize = 8;

/// A note that matches a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectedNote {
    /// The note's number in the store.
    pub no: i64,
    /// `None`: without a date, or with a doubtful one. Such notes come last.
    pub at_ms: Option<EpochMs>,
}

/// The notes that match a filter, and for each filter value the number of notes it would show with the other filters
/// unchanged. Values with zero notes are left out, unless they are in the filter.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub notes: Vec<SelectedNote>,
    pub kinds: Vec<(NoteKind, i64)>,
    pub authors: Vec<(String, i64)>,
    pub roles: Vec<(StageRole, i64)>,
    pub stages: Vec<(StagePlace, i64)>,
    /// By contact ID, most notes first: the top [`TOP_CLIENTS`] and those in the filter.
    pub clients: Vec<(ContactId, i64)>,
    /// Moves and appointments that match the filter's candidates, stages, and period. They have no text, kind, or author.
    pub moves: i64,
    pub appointments: i64,
}

/// A move or appointment between notes.
#[derive(Clone, Debug)]
pub struct FeedEvent {
    pub at_ms: EpochMs,
    pub client_id: ContactId,
    pub what: FeedEventKind,
}

/// What the event is.
#[derive(Clone, Debug)]
pub enum FeedEventKind {
    Moved { from: StagePlace, to: StagePlace },
    Appointment { name: String, owner: String, cancelled: bool },
}

impl NoteFeed {
    /// Approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        let text = size_of::<String>() + 16;
        size_of::<Self>()
            + self.kinds.len() * 2 * text
            + self.authors.len() * text
            + size_of_val(&*self.stages)
            + size_of_val(&*self.contacts)
            + self.contacts.len() * text
            + size_of_val(&*self.notes)
            + size_of_val(&*self.moves)
            + size_of_val(&*self.appointments)
            + self.appointments.len() * 4 * text
    }

    /// How many notes an audience can see in all.
    pub fn total(&self, audience: Audience) -> usize {
        self.notes.iter().filter(|note| sees(audience, note.hidden)).count()
    }

    /// Every kind of note with its number of notes, hidden ones included.
    pub fn kinds(&self) -> Vec<(NoteKind, i64)> {
        let mut counts = vec![0; self.kinds.len()];
        self.notes.iter().for_each(|note| counts[note.kind as usize] += 1);
        self.kinds.iter().cloned().zip(counts).collect()
    }

    /// The moves that match a filter, after one moment and up to another, newest first, at most `most`. Also returns whether there
    /// are more.
    pub fn moves_between(
        &self,
        board: &Board,
        filter: &FeedFilter,
        (after, until): (EpochMs, EpochMs),
        most: usize,
    ) -> (Vec<FeedEvent>, bool) {
        let fits = FilterMatches::new(self, board, filter);
        let mut found = self.moves.iter().filter(|seen| seen.at_ms > after && seen.at_ms <= until && fits.moved(seen));
        let shown = found.by_ref().take(most).map(|seen| FeedEvent {
            at_ms: seen.at_ms,
            client_id: self.contacts[seen.contact as usize].crm_id.clone(),
            what: FeedEventKind::Moved {
                from: self.stages[seen.from as usize].clone(),
                to: self.stages[seen.to as usize].clone(),
            },
        });
        (shown.collect(), found.next().is_some())
    }

    /// The appointments that match and have started by `now_ms`, in the same way.
    pub fn appointments_between(
        &self,
        board: &Board,
        filter: &FeedFilter,
        (after, until): (EpochMs, EpochMs),
        now_ms: EpochMs,
        most: usize,
    ) -> (Vec<FeedEvent>, bool) {
        let fits = FilterMatches::new(self, board, filter);
        let within = |one: &&FeedAppointment| one.at_ms > after && one.at_ms <= until && fits.met(one, now_ms);
        let mut found = self.appointments.iter().filter(within);
        let shown = found.by_ref().take(most).map(|one| FeedEvent {
            at_ms: one.at_ms,
            client_id: self.contacts[one.contact as usize].crm_id.clone(),
            what: FeedEventKind::Appointment { name: one.name.clone(), owner: one.owner.clone(), cancelled: one.cancelled },
        });
        (shown.collect(), found.next().is_some())
    }
}
