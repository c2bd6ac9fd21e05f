//! The values of one row, found by its list's plan, and a record of which fields have one.

use std::array;
use std::cell::Cell;

use jiff::civil::Date;
use serde_json::value::RawValue;

use crate::fields::decode::{self, FieldValue};
use crate::fields::{self, Fee, Moment, ParsedDate, Person, Text};
use crate::mapping::{Field, Plan};

/// The scanned values of one row.
pub(super) struct Values<'r> {
    plan: &'r Plan,
    found: &'r [Option<&'r RawValue>],
    filled: Cell<u64>,
}

/// One field of a row, not decoded yet.
#[derive(Clone, Copy)]
pub(super) struct Value<'v> {
    values: &'v Values<'v>,
    at: usize,
}

impl<'r> Values<'r> {
    /// `found` holds the values of the plan's keys.
    pub(super) fn new(plan: &'r Plan, found: &'r [Option<&'r RawValue>]) -> Self {
        Self { plan, found, filled: Cell::new(0) }
    }

    /// The fields, in the order of the list's specs.
    pub(super) fn each<const N: usize>(&self) -> [Value<'_>; N] {
        debug_assert_eq!(N, self.plan.fields.len());
        array::from_fn(|at| Value { values: self, at })
    }

    /// One bit for each field decoded so far that is present and readable.
    pub(super) fn filled(&self) -> u64 {
        self.filled.get()
    }
}

impl<'v> Value<'v> {
    pub(super) fn id(self) -> Option<String> {
        self.read(decode::id).value()
    }

    /// The ID of a row in another list.
    pub(super) fn foreign_id(self) -> Option<String> {
        self.read(decode::foreign_id).value()
    }

    /// A text that is shown in one line.
    pub(super) fn text(self) -> Option<String> {
        self.long_text().map(fields::shortened)
    }

    /// A text of any length, such as a note.
    pub(super) fn long_text(self) -> Option<String> {
        self.read(decode::text).value()
    }

    pub(super) fn label(self) -> Text {
        match self.read(decode::label) {
            FieldValue::Blank => Text::Blank,
            FieldValue::Present(text) => Text::Text(fields::shortened(text)),
            FieldValue::Unreadable => Text::NotText,
        }
    }

    pub(super) fn number(self) -> Option<i64> {
        self.read(decode::number).value()
    }

    pub(super) fn flag(self) -> Option<bool> {
        self.read(decode::flag).value()
    }

    pub(super) fn fee(self) -> Fee {
        match self.read(decode::cents) {
            FieldValue::Blank => Fee::Unknown,
            FieldValue::Present(cents) => Fee::Cents(cents),
            FieldValue::Unreadable => Fee::Flagged,
        }
    }

    pub(super) fn odds(self) -> Option<u16> {
        self.read(decode::odds).value()
    }

    pub(super) fn person(self) -> Person {
        match self.read(decode::person).value().unwrap_or_default() {
            Person::Name(name) => Person::Name(fields::shortened(name)),
            person => person,
        }
    }

    pub(super) fn moment(self) -> Moment {
        fields::moment(self.parsed_date(), self.field().rule.zone.as_ref())
    }

    pub(super) fn date(self) -> Option<Date> {
        fields::date(self.parsed_date(), self.field().rule.zone.as_ref())
    }

    /// The date with the precision of its text.
    pub(super) fn parsed_date(self) -> FieldValue<ParsedDate> {
        self.read(|raw| fields::parse_date(raw, &self.field().formats))
    }

    fn read<T>(self, read: impl Fn(&'v RawValue) -> FieldValue<T>) -> FieldValue<T> {
        let (_, value) = self.field().first_readable(self.values.found, read);
        let filled = &self.values.filled;
        filled.set(filled.get() | u64::from(matches!(value, FieldValue::Present(_))) << self.at);
        value
    }

    fn field(self) -> &'v Field {
        &self.values.plan.fields[self.at]
    }
}
