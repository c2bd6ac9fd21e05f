//! The records an account holds, as the simulator keeps them: small, and without the text that a persona gives.

use std::borrow::Cow;

use jiff::civil::Date;
use serde_json::Value;

use crate::dice::Dice;
use crate::edits::edit::NoteEdit;
use crate::people::candidate::Outcome;
use crate::people::words::{Meeting, NoteKind};
use crate::world::table::HandWritten;
use crate::world::{sources, staff, stages};

pub(crate) struct Contact {
    pub(crate) key: u64,
    pub(crate) born: i64,
    /// An import can lose when a contact was made.
    pub(crate) dated: bool,
    pub(crate) modified: i64,
    pub(crate) contact_type: u8,
    pub(crate) stage: u8,
    pub(crate) source: u8,
    pub(crate) owner: u8,
    pub(crate) fee: Option<i64>,
    pub(crate) notes: Vec<Note>,
    pub(crate) deals: Vec<u32>,
    pub(crate) last_meeting: Option<u32>,
    /// A contact that a hand has touched leaves its drawn life, so that a test can say exactly what happens.
    pub(crate) by_hand: bool,
}

impl Contact {
    pub(crate) fn arrive(key: u64, born: i64) -> Self {
        let mut dice = Dice::of(&[key, 0xB0A2]);
        let (contact_type, stage) = match dice.below(100) {
            0..=2 => (2, *dice.pick(&stages::CLIENTS)),
            3 => (3, *dice.pick(&stages::VENDORS)),
            _ => (1, stages::NEW_LEAD),
        };
        Self {
            key,
            born,
            dated: !dice.chance(0.007),
            modified: born,
            contact_type,
            stage,
            source: sources::draw(&mut dice),
            owner: dice.below(usize::from(staff::TEAM)) as u8,
            fee: None,
            notes: Vec::new(),
            deals: Vec::new(),
            last_meeting: None,
            by_hand: false,
        }
    }

    /// A contact that a hand adds: nothing of it comes from a drawn life.
    pub(crate) fn by_hand(key: u64, born: i64) -> Self {
        Self { contact_type: 1, stage: stages::NEW_LEAD, dated: true, by_hand: true, ..Self::arrive(key, born) }
    }

    pub(crate) fn is_prospect(&self) -> bool {
        self.contact_type == 1
    }
}

pub(crate) struct Note {
    pub(crate) id: u64,
    pub(crate) at: i64,
    pub(crate) author: u8,
    pub(crate) words: Words,
    pub(crate) hand: HandWritten,
}

impl Note {
    /// The id that its row shows.
    pub(crate) fn shown_id(&self) -> Cow<'_, str> {
        match self.hand.iter().find(|(field, _)| field == "note_id") {
            Some((_, Some(Value::String(id)))) => id.into(),
            _ => self.id.to_string().into(),
        }
    }
}

pub(crate) enum Words {
    Line(NoteKind, u8),
    Odd(u8),
    Typed(Box<NoteEdit>),
}

pub(crate) struct Deal {
    pub(crate) key: u64,
    pub(crate) contact: Option<u32>,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) fee: Option<i64>,
    pub(crate) odds: u8,
    pub(crate) closes: Option<Date>,
}

pub(crate) struct Appointment {
    pub(crate) contact: Option<u32>,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) meeting: Meeting,
    pub(crate) starts: i64,
    pub(crate) minutes: i64,
    pub(crate) owner: u8,
    pub(crate) outcome: Option<Outcome>,
}

pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) order: i64,
    pub(crate) odds: Option<i64>,
    pub(crate) contact_type: i64,
}

pub(crate) struct Source {
    pub(crate) name: String,
}

pub(crate) struct User {
    pub(crate) first: String,
    pub(crate) last: String,
}
