//! The values of one row by the plan of its list, and which of its fields gave one.

use std::array;
use std::cell::Cell;

use jiff::civil::Date;
use serde_json::value::RawValue;

use crate::fields::reading::{self, Reading};
use crate::fields::{self, Fee, Moment, Person, Text, When};
use crate::mapping::{Field, Plan};

pub(super) struct Values<'r> {
    plan: &'r Plan,
    found: &'r [Option<&'r RawValue>],
    filled: Cell<u64>,
}

/// One field of a row, not looked at yet.
#[derive(Clone, Copy)]
pub(super) struct Value<'v> {
    values: &'v Values<'v>,
    at: usize,
}

impl<'r> Values<'r> {
    /// `found` are the values of the plan's keys.
    pub(super) fn new(plan: &'r Plan, found: &'r [Option<&'r RawValue>]) -> Self {
        Self { plan, found, filled: Cell::new(0) }
    }

    /// In the order of the list's fields.
    pub(super) fn each<const N: usize>(&self) -> [Value<'_>; N] {
        debug_assert_eq!(N, self.plan.fields.len());
        array::from_fn(|at| Value { values: self, at })
    }

    /// One bit for each field that was looked at and gave a value.
    pub(super) fn filled(&self) -> u64 {
        self.filled.get()
    }
}

impl<'v> Value<'v> {
    pub(super) fn id(self) -> Option<String> {
        self.read(reading::id).value()
    }

    /// Of another list's row.
    pub(super) fn id_of_another(self) -> Option<String> {
        self.read(reading::id_of_another).value()
    }

    pub(super) fn text(self) -> Option<String> {
        self.read(reading::text).value()
    }

    pub(super) fn label(self) -> Text {
        match self.read(reading::label) {
            Reading::Blank => Text::Blank,
            Reading::Read(text) => Text::Text(text),
            Reading::Unreadable => Text::NotText,
        }
    }

    pub(super) fn number(self) -> Option<i64> {
        self.read(reading::number).value()
    }

    pub(super) fn flag(self) -> Option<bool> {
        self.read(reading::flag).value()
    }

    pub(super) fn fee(self) -> Fee {
        match self.read(reading::cents) {
            Reading::Blank => Fee::Unknown,
            Reading::Read(cents) => Fee::Cents(cents),
            Reading::Unreadable => Fee::Flagged,
        }
    }

    pub(super) fn odds(self) -> Option<u16> {
        self.read(reading::odds).value()
    }

    pub(super) fn person(self) -> Person {
        self.read(reading::person).value().unwrap_or_default()
    }

    pub(super) fn moment(self) -> Moment {
        fields::moment(self.when(), self.field().rule.zone.as_ref())
    }

    pub(super) fn date(self) -> Option<Date> {
        fields::date(self.when(), self.field().rule.zone.as_ref())
    }

    /// A date as far as its text tells.
    pub(super) fn when(self) -> Reading<When> {
        self.read(|raw| fields::when(raw, &self.field().forms))
    }

    fn read<T>(self, read: impl Fn(&'v RawValue) -> Reading<T>) -> Reading<T> {
        let (_, reading) = self.field().first(self.values.found, read);
        let filled = &self.values.filled;
        filled.set(filled.get() | u64::from(matches!(reading, Reading::Read(_))) << self.at);
        reading
    }

    fn field(self) -> &'v Field {
        &self.values.plan.fields[self.at]
    }
}
