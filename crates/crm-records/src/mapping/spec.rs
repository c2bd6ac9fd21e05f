//! Which fields there are: what the house wants to know of a row, and where the CRM keeps it unless told otherwise.

use tetherboard_domain::Dataset;

use crate::fields::{DAY, MOMENT};
use crate::rows::{RawContact, RawDeal, RawEvent, RawNote, RawSource, RawStage, RawUser, Row};

/// A field that a row is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// For settings: "last_name".
    pub name: &'static str,
    /// For people: "Last name".
    pub label: &'static str,
    pub kind: FieldKind,
    /// Where to look, JSON pointers (RFC 6901) into the row, unless a rule names other places.
    pub places: &'static [&'static str],
    /// How a date is written, `strptime` patterns, unless a rule names other forms. Empty for what is no date.
    pub forms: &'static [&'static str],
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// Text, even when written as a number.
    Id,
    /// Text or a number by its digits.
    Text,
    /// Text in the strict sense: a number is none.
    Label,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// US dollars, read into cents.
    Fee,
    /// Percent, read into hundredths of it.
    Odds,
    /// A day.
    Date,
    Moment,
    /// A name or a user's id.
    Person,
    /// Text with markup.
    Html,
}

/// The fields of a list, in the order of their bits in `filled`; the row's own id first.
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
    /// Whether a rule may name forms and a zone.
    pub fn is_date(self) -> bool {
        matches!(self, Self::Date | Self::Moment)
    }

    /// With its article: "a date".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "an id",
            Self::Text => "text",
            Self::Label => "a label",
            Self::Number => "a whole number",
            Self::Flag => "yes or no",
            Self::Fee => "an amount",
            Self::Odds => "a percentage",
            Self::Date => "a date",
            Self::Moment => "a date and time",
            Self::Person => "a person",
            Self::Html => "formatted text",
        }
    }
}

impl FieldSpec {
    pub(crate) const fn new(name: &'static str, label: &'static str, kind: FieldKind, places: &'static [&'static str]) -> Self {
        let forms: &[&str] = match kind {
            FieldKind::Date => &[DAY, MOMENT],
            FieldKind::Moment => &[MOMENT],
            _ => &[],
        };
        Self { name, label, kind, places, forms }
    }

    /// A moment of which only the day may be known.
    pub(crate) const fn or_day(self) -> Self {
        Self { forms: &[MOMENT, DAY], ..self }
    }
}
