//! The fields of each list, and where the CRM keeps them by default.

use tetherboard_domain::Dataset;

use crate::fields::{CRM_DATE, CRM_DATE_TIME};
use crate::rows::{RawContact, RawDeal, RawEvent, RawNote, RawSource, RawStage, RawUser, Row};

/// A field of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// The name used in settings: "last_name".
    pub name: &'static str,
    /// The name shown to people: "Last name".
    pub label: &'static str,
    pub kind: FieldKind,
    /// Default places: JSON pointers (RFC 6901) into the row, tried in order.
    pub places: &'static [&'static str],
    /// Default date formats: `strptime` patterns, tried in order. Empty unless the field is a date.
    pub formats: &'static [&'static str],
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// An ID: text, even when the CRM writes it as a number.
    Id,
    /// Text, or a number by its digits.
    Text,
    /// Text only; a number is unreadable.
    Label,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// An amount in US dollars, read into cents.
    Fee,
    /// A percentage, read into hundredths of a percent.
    Odds,
    /// A date without a time.
    Date,
    /// A date and time.
    DateTime,
    /// A name or a user ID.
    Person,
    /// HTML text.
    Html,
}

/// The fields of a list, in the order of their bits in a row's `filled`. The row's own ID comes first.
pub fn fields_of(dataset: Dataset) -> &'static [FieldSpec] {
    match dataset {
        Dataset::Stages => RawStage::FIELDS,
        Dataset::Sources => RawSource::FIELDS,
        Dataset::Users => RawUser::FIELDS,
        Dataset::Contacts => RawContact::FIELDS,
        Dataset::Deals => RawDeal::FIELDS,
        Dataset::Events => RawEvent::FIELDS,
        Dataset::Notes => RawNote::FIELDS,
    }
}

impl FieldKind {
    /// Whether a rule may set date formats and a time zone.
    pub fn is_date(self) -> bool {
        matches!(self, Self::Date | Self::DateTime)
    }

    /// The kind in words, with its article: "a date".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "an ID",
            Self::Text => "text",
            Self::Label => "a label",
            Self::Number => "a whole number",
            Self::Flag => "yes or no",
            Self::Fee => "an amount",
            Self::Odds => "a percentage",
            Self::Date => "a date",
            Self::DateTime => "a date and time",
            Self::Person => "a person",
            Self::Html => "formatted text",
        }
    }
}

impl FieldSpec {
    /// A field with the CRM's own date formats.
    pub(crate) const fn new(name: &'static str, label: &'static str, kind: FieldKind, places: &'static [&'static str]) -> Self {
        let formats: &[&str] = match kind {
            FieldKind::Date => &[CRM_DATE, CRM_DATE_TIME],
            FieldKind::DateTime => &[CRM_DATE_TIME],
            _ => &[],
        };
        Self { name, label, kind, places, formats }
    }

    /// The same field, also accepting a date without a time.
    pub(crate) const fn or_date(self) -> Self {
        Self { formats: &[CRM_DATE_TIME, CRM_DATE], ..self }
    }
}
