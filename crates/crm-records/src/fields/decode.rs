//! Decoders that tell a blank value from an unreadable one.

use serde_json::value::RawValue;

use super::text::{Text, loose_text, string};
use super::{Fee, Person};

/// What decoding a field's raw value produced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldValue<T> {
    /// Missing, `null`, `""`, whitespace, or the CRM's way to write "none": a zero date, a zero fee, user 0.
    Blank,
    Present(T),
    /// Present, but not of the field's kind.
    Unreadable,
}

impl<T> FieldValue<T> {
    /// Classifies the result of a decoder that returns `None` for blank and unreadable values alike.
    pub(crate) fn of(raw: &RawValue, decoded: Option<T>) -> Self {
        match decoded {
            Some(value) => Self::Present(value),
            None if is_blank(raw) => Self::Blank,
            None => Self::Unreadable,
        }
    }

    /// Converts the value, if there is one.
    pub(crate) fn map<U>(self, convert: impl FnOnce(T) -> U) -> FieldValue<U> {
        match self {
            Self::Blank => FieldValue::Blank,
            Self::Present(value) => FieldValue::Present(convert(value)),
            Self::Unreadable => FieldValue::Unreadable,
        }
    }

    /// The value; `None` if it is blank or unreadable.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Blank | Self::Unreadable => None,
        }
    }
}

/// The row's own ID.
pub(crate) fn id(raw: &RawValue) -> FieldValue<String> {
    FieldValue::of(raw, super::id(raw))
}

/// The ID of a row in another list. ID 0 means none.
pub(crate) fn foreign_id(raw: &RawValue) -> FieldValue<String> {
    match id(raw) {
        FieldValue::Present(id) if id == "0" => FieldValue::Blank,
        value => value,
    }
}

/// Text, or a number by its digits.
pub(crate) fn text(raw: &RawValue) -> FieldValue<String> {
    FieldValue::of(raw, loose_text(raw).map(String::from))
}

/// Text that rows are counted by, or a number by its digits.
pub(crate) fn label(raw: &RawValue) -> FieldValue<String> {
    match super::text(raw) {
        Text::Blank => FieldValue::Blank,
        Text::Text(text) => FieldValue::Present(text),
        Text::NotText => FieldValue::Unreadable,
    }
}

/// A whole number.
pub(crate) fn number(raw: &RawValue) -> FieldValue<i64> {
    FieldValue::of(raw, super::integer(raw))
}

/// A yes-or-no value.
pub(crate) fn flag(raw: &RawValue) -> FieldValue<bool> {
    FieldValue::of(raw, super::flag(raw))
}

/// A fee in cents.
pub(crate) fn cents(raw: &RawValue) -> FieldValue<i64> {
    match super::fee(raw) {
        Fee::Unknown => FieldValue::Blank,
        Fee::Cents(cents) => FieldValue::Present(cents),
        Fee::Flagged => FieldValue::Unreadable,
    }
}

/// A percentage in hundredths of a percent.
pub(crate) fn odds(raw: &RawValue) -> FieldValue<u16> {
    FieldValue::of(raw, super::odds(raw))
}

/// A person's name or user ID.
pub(crate) fn person(raw: &RawValue) -> FieldValue<Person> {
    match super::person(raw) {
        Person::Blank if raw.get().starts_with('{') => FieldValue::Unreadable,
        Person::Blank => FieldValue::Blank,
        person => FieldValue::Present(person),
    }
}

fn is_blank(raw: &RawValue) -> bool {
    raw.get() == "null" || string(raw).is_some_and(|text| text.trim().is_empty())
}
