//! What a row of each list holds, found by the tenant's mapping.
//!
//! One field that makes no sense never costs the row; only what is no object, or has no readable id, is set aside.

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

use crate::field_scan::{NotRead, with_readable};
use crate::mapping::{FieldSpec, Mapping};
use values::Values;

/// A row of a list.
pub trait Row: Sized {
    /// The list it is a row of.
    const DATASET: Dataset;
    /// What it is read for, its own id first.
    const FIELDS: &'static [FieldSpec];

    /// # Errors
    /// When it is no object, or has no readable id.
    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SetAside>;
}

/// A row that cannot be used, kept aside with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SetAside {
    pub reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    NotAnObject,
    NotJson,
    NoId,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAnObject => "it is not an object",
            Self::NotJson => "it is not JSON",
            Self::NoId => "it has no readable id",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `None` from `read` is a row without an id.
fn decode<T: Row>(row: &[u8], mapping: &Mapping, read: impl Fn(&Values<'_>) -> Option<T>) -> Result<T, SetAside> {
    let plan = mapping.plan(T::DATASET);
    let reason = match with_readable(row, |row| Ok(read(&Values::new(plan, &plan.pick(row)?)))) {
        Ok(Some(row)) => return Ok(row),
        Ok(None) => Reason::NoId,
        Err(NotRead::NotAnObject) => Reason::NotAnObject,
        Err(NotRead::NotJson) => Reason::NotJson,
    };
    Err(SetAside { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::mapping::{FieldKind, FieldRule, fields_of};

    /// A value that a field of this kind can be read from.
    fn readable(kind: FieldKind) -> &'static str {
        match kind {
            FieldKind::Id | FieldKind::Number | FieldKind::Flag | FieldKind::Fee | FieldKind::Odds => "\"1\"",
            FieldKind::Text | FieldKind::Label | FieldKind::Person | FieldKind::Html => "\"x\"",
            FieldKind::Date | FieldKind::Moment => "\"2026-11-20 09:30:00\"",
        }
    }

    fn filled(dataset: Dataset, row: &[u8], mapping: &Mapping) -> Result<u64, SetAside> {
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
    fn every_field_of_every_list_is_read_from_its_place_and_counted_by_its_bit() {
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
        fn any_bytes_are_a_row_or_set_aside(row: Vec<u8>) {
            for dataset in Dataset::ALL.iter().copied() {
                let _ = filled(dataset, &row, &Mapping::default());
            }
        }

        #[test]
        fn any_value_of_a_field_leaves_the_row(value in r#""[^"\\]{0,12}"|-?(0|[1-9][0-9]{0,19})|null|true|\[1\]|\{"a":"\\ud800"\}"#) {
            for dataset in Dataset::ALL.iter().copied() {
                let ([id, fields @ ..], mapping) = (fields_of(dataset), Mapping::default()) else { continue };
                let key = |spec: &FieldSpec| spec.places.first().map(|place| format!(r#","{}":{value}"#, &place[1..]));
                let row = format!(r#"{{"{}":7{}}}"#, &id.places[0][1..], fields.iter().filter_map(key).collect::<String>());
                proptest::prop_assert!(filled(dataset, row.as_bytes(), &mapping).is_ok_and(|filled| filled & 1 == 1));
            }
        }
    }
}
