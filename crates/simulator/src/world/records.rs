//! The records of an account in compact form. Names, companies, and other texts are drawn when a row is rendered.
//!
//! Times are milliseconds UTC, fees are cents, and links to other records are table serials.

use std::borrow::Cow;

use jiff::civil::Date;
use serde_json::Value;

use crate::dice::Dice;
use crate::edits::edit::NoteEdit;
use crate::people::journey::Outcome;
use crate::people::meetings::Meeting;
use crate::people::note_templates::NoteKind;
use crate::world::table::{Overrides, find_override};
use crate::world::{sources, staff, stages};

/// The CRM's contact, or client.
pub(crate) struct Contact {
    /// Identifies the contact's random choices.
    pub(crate) key: u64,
    pub(crate) created: i64,
    /// False for a contact that lost its creation date, as some do in an import.
    pub(crate) has_created_date: bool,
    pub(crate) modified: i64,
    pub(crate) contact_type: u8,
    /// Position in [`stages::STAGES`].
    pub(crate) stage: u8,
    /// Position in [`sources::SOURCES`].
    pub(crate) source: u8,
    /// The seat of the staff member that the contact is assigned to.
    pub(crate) owner: u8,
    pub(crate) fee: Option<i64>,
    pub(crate) notes: Vec<Note>,
    pub(crate) deals: Vec<u32>,
    pub(crate) last_meeting: Option<u32>,
    /// Whether an edit added or changed the contact. From then on only edits change it, so that a test knows its state.
    pub(crate) edited: bool,
}

impl Contact {
    /// A contact as it arrives: usually a prospect in the first stage.
    pub(crate) fn new_lead(key: u64, created: i64) -> Self {
        let mut dice = Dice::of(&[key, 0xB0A2]);
        let (contact_type, stage) = match dice.below(100) {
            0..=2 => (2, *dice.pick(&stages::CLIENTS)),
            3 => (3, *dice.pick(&stages::VENDORS)),
            _ => (1, stages::NEW_LEAD),
        };
        Self {
            key,
            created,
            has_created_date: !dice.chance(0.007),
            modified: created,
            contact_type,
            stage,
            source: sources::draw(&mut dice),
            owner: dice.below(usize::from(staff::TEAM_SIZE)) as u8,
            fee: None,
            notes: Vec::new(),
            deals: Vec::new(),
            last_meeting: None,
            edited: false,
        }
    }

    /// A contact that an edit adds: a prospect in the first stage.
    pub(crate) fn added_by_edit(key: u64, created: i64) -> Self {
        Self { contact_type: 1, stage: stages::NEW_LEAD, has_created_date: true, edited: true, ..Self::new_lead(key, created) }
    }

    /// Whether the contact is a franchise candidate, as opposed to a client or vendor.
    pub(crate) fn is_prospect(&self) -> bool {
        self.contact_type == 1
    }
}

/// A note on a contact.
pub(crate) struct Note {
    pub(crate) id: u64,
    pub(crate) at: i64,
    /// The author's seat.
    pub(crate) author: u8,
    pub(crate) body: NoteBody,
    pub(crate) overrides: Overrides,
}

impl Note {
    /// The `note_id` in the note's row, which an edit may have changed.
    pub(crate) fn displayed_id(&self) -> Cow<'_, str> {
        match find_override(&self.overrides, "note_id") {
            Some(Some(Value::String(id))) => id.into(),
            _ => self.id.to_string().into(),
        }
    }
}

/// Where a note's text comes from.
pub(crate) enum NoteBody {
    /// A template of this kind, by its position.
    Template(NoteKind, u8),
    /// A hostile text, by its position.
    Hostile(u8),
    /// An edit.
    Edit(Box<NoteEdit>),
}

/// An explicit opportunity.
pub(crate) struct Deal {
    /// Identifies the deal's random choices.
    pub(crate) key: u64,
    pub(crate) contact: Option<u32>,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) fee: Option<i64>,
    /// Percent.
    pub(crate) odds: u8,
    /// The expected close date.
    pub(crate) closes: Option<Date>,
}

/// An event on the calendar.
pub(crate) struct Appointment {
    pub(crate) contact: Option<u32>,
    /// The contact's first name when the appointment was booked.
    pub(crate) first: String,
    /// The contact's last name when the appointment was booked.
    pub(crate) last: String,
    pub(crate) meeting: Meeting,
    pub(crate) starts: i64,
    pub(crate) minutes: i64,
    /// The seat of the staff member.
    pub(crate) owner: u8,
    pub(crate) outcome: Option<Outcome>,
}

/// A sales cycle, in the CRM's words.
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) order: i64,
    /// Percent.
    pub(crate) odds: Option<i64>,
    pub(crate) contact_type: i64,
}

/// A lead source.
pub(crate) struct Source {
    pub(crate) name: String,
}

/// A user of the CRM.
pub(crate) struct User {
    pub(crate) first: String,
    pub(crate) last: String,
}
