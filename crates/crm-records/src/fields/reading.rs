//! What came of looking at a value: there is a difference between nothing and nonsense.

use serde_json::value::RawValue;

use super::text::{Text, loose_text, string};
use super::{Fee, Person};

/// What a place in a row gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading<T> {
    /// Missing, `null`, `""`, white space, or a word for none: a zero date, a fee of nothing, user 0.
    Blank,
    Read(T),
    /// Something stands there that is not what it ought to be.
    Unreadable,
}

impl<T> Reading<T> {
    /// From a decoder that does not tell nothing from nonsense.
    pub(crate) fn of(raw: &RawValue, read: Option<T>) -> Self {
        match read {
            Some(value) => Self::Read(value),
            None if is_blank(raw) => Self::Blank,
            None => Self::Unreadable,
        }
    }

    pub(crate) fn map<U>(self, into: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Blank => Reading::Blank,
            Self::Read(value) => Reading::Read(into(value)),
            Self::Unreadable => Reading::Unreadable,
        }
    }

    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Blank | Self::Unreadable => None,
        }
    }
}

pub(crate) fn id(raw: &RawValue) -> Reading<String> {
    Reading::of(raw, super::id(raw))
}

/// Who or what a row belongs to: id 0 is nobody's.
pub(crate) fn id_of_another(raw: &RawValue) -> Reading<String> {
    match id(raw) {
        Reading::Read(id) if id == "0" => Reading::Blank,
        reading => reading,
    }
}

/// Text of which nobody asks whether it was written as a number.
pub(crate) fn text(raw: &RawValue) -> Reading<String> {
    Reading::of(raw, loose_text(raw).map(String::from))
}

pub(crate) fn label(raw: &RawValue) -> Reading<String> {
    match super::text(raw) {
        Text::Blank => Reading::Blank,
        Text::Text(text) => Reading::Read(text),
        Text::NotText => Reading::Unreadable,
    }
}

pub(crate) fn number(raw: &RawValue) -> Reading<i64> {
    Reading::of(raw, super::integer(raw))
}

pub(crate) fn flag(raw: &RawValue) -> Reading<bool> {
    Reading::of(raw, super::flag(raw))
}

pub(crate) fn cents(raw: &RawValue) -> Reading<i64> {
    match super::fee(raw) {
        Fee::Unknown => Reading::Blank,
        Fee::Cents(cents) => Reading::Read(cents),
        Fee::Flagged => Reading::Unreadable,
    }
}

/// Hundredths of a percent.
pub(crate) fn odds(raw: &RawValue) -> Reading<u16> {
    Reading::of(raw, super::odds(raw))
}

pub(crate) fn person(raw: &RawValue) -> Reading<Person> {
    match super::person(raw) {
        Person::Blank if raw.get().starts_with('{') => Reading::Unreadable,
        Person::Blank => Reading::Blank,
        person => Reading::Read(person),
    }
}

fn is_blank(raw: &RawValue) -> bool {
    raw.get() == "null" || string(raw).is_some_and(|text| text.trim().is_empty())
}
