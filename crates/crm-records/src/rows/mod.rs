//! Typed records decoded from the rows of each list, using the tenant's mapping.
//!
//! An unreadable field never invalidates its row. Only a row that is not an object or has no readable ID is skipped.

mod contact;
mod deal;
mod event;
mod note;
mod setup;
mod values;

use std::fmt;

use tetherboard_domain::Dataset;

pub use contact::RawContact;
pub use deal::RawDeal;
pub use event::RawEvent;
pub use note::RawNote;
pub use setup::{RawSource, RawStage, RawUser};

use crate::field_scan::{ScanError, with_repair};
use crate::mapping::{FieldSpec, Mapping};
use values::Values;

/// A typed row of a list.
pub trait Row: Sized {
    /// The list.
    const DATASET: Dataset;
    /// The list's fields, the row's own ID first.
    const FIELDS: &'static [FieldSpec];

    /// Decodes a row's JSON.
    ///
    /// # Errors
    /// When the row is not an object or has no readable ID.
    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow>;
}

/// A row that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SkippedRow {
    pub reason: SkipReason,
}

/// Why a row cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    NotAnObject,
    NotJson,
    NoId,
}

impl SkipReason {
    /// The reason as a clause for messages: "it has no readable ID".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAnObject => "it is not an object",
            Self::NotJson => "it is not JSON",
            Self::NoId => "it has no readable ID",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Decodes a row with `read`, which returns `None` for a row without an ID.
fn decode<T: Row>(row: &[u8], mapping: &Mapping, read: impl Fn(&Values<'_>) -> Option<T>) -> Result<T, SkippedRow> {
    let plan = mapping.plan(T::DATASET);
    let reason = match with_repair(row, |row| Ok(read(&Values::new(plan, &plan.scan(row)?)))) {
        Ok(Some(row)) => return Ok(row),
        Ok(None) => SkipReason::NoId,
        Err(ScanError::NotAnObject) => SkipReason::NotAnObject,
        Err(ScanError::NotJson) => SkipReason::NotJson,
    };
    Err(SkippedRow { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::mapping::{FieldKind, FieldRule, fields_of};

    /// A value that is readable for this kind of field.
    fn readable(kind: FieldKind) -> &'static str {
        match kind {
            FieldKind::Id | FieldKind::Number | FieldKind::Flag | FieldKind::Fee | FieldKind::Odds => "\"1\"",
            FieldKind::Text | FieldKind::Label | FieldKind::Person | FieldKind::Html => "\"x\"",
            FieldKind::Date | FieldKind::DateTime => "\"2026-11-20 09:30:00\"",
        }
    }

    fn filled(dataset: Dataset, row: &[u8], mapping: &Mapping) -> Result<u64, SkippedRow> {
        match dataset {
            Dataset::Stages => RawStage::decode(row, mapping).map(|row| row.filled),
            Dataset::Sources => RawSource::decode(row, mapping).map(|row| row.filled),
            Dataset::Users => RawUser::decode(row, mapping).map(|row| row.filled),
            Dataset::Contacts => RawContact::decode(row, mapping).map(|row| row.filled),
            Dataset::Deals => RawDeal::decode(row, mapping).map(|row| row.filled),
            Dataset::Events => RawEvent::decode(row, mapping).map(|row| row.filled),
            Dataset::Notes => RawNote::decode(row, mapping).map(|row| row.filled),
        }
    }

    #[test]
    fn every_field_of_every_list_is_read_from_its_place_and_sets_its_bit() {
        for dataset in Dataset::ALL.iter().copied() {
            let (specs, mut mapping) = (fields_of(dataset), Mapping::default());
            assert!(specs.len() <= 63 && specs[0].kind == FieldKind::Id && specs[0].places.len() == 1, "{dataset}");
            for (at, spec) in specs.iter().enumerate() {
                mapping.set(dataset, spec.name, FieldRule::at([format!("/{at}").as_str()])).unwrap();
            }
            for (at, spec) in specs.iter().enumerate() {
                let row = format!(r#"{{"0":"7","{at}":{}}}"#, readable(spec.kind));
                assert_eq!(filled(dataset, row.as_bytes(), &mapping), Ok(1 | 1 << at), "{dataset}, {}", spec.name);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_row_or_skipped(row: Vec<u8>) {
            for dataset in Dataset::ALL.iter().copied() {
                let _ = filled(dataset, &row, &Mapping::default());
            }
        }

        #[test]
        fn no_value_of_a_field_invalidates_the_row(
            value in r#""[^"\\]{0,12}"|-?(0|[1-9][0-9]{0,19})|null|true|\[1\]|\{"a":"\\ud800"\}"#,
        ) {
            for dataset in Dataset::ALL.iter().copied() {
                let ([id, fields @ ..], mapping) = (fields_of(dataset), Mapping::default()) else { continue };
                let key = |spec: &FieldSpec| spec.places.first().map(|place| format!(r#","{}":{value}"#, &place[1..]));
                let row = format!(r#"{{"{}":7{}}}"#, &id.places[0][1..], fields.iter().filter_map(key).collect::<String>());
                proptest::prop_assert!(filled(dataset, row.as_bytes(), &mapping).is_ok_and(|filled| filled & 1 == 1));
            }
        }
    }
}
