//! What a row of each list holds, decoded with the field names of the sheet.
//!
//! One field that makes no sense never costs the row; only what is no object, or has no readable id, is set aside.

mod contact;
mod deal;
mod setup;

use std::fmt;

use serde_json::value::RawValue;

pub use contact::RawContact;
pub use deal::RawDeal;
pub use setup::{RawSource, RawStage, RawUser};

pub use contact::RawContact as Contact;
pub use deal::RawDeal as Deal;
pub use setup::{RawSource as Source, RawStage as Stage, RawUser as User};

use crate::fields;
use crate::pick::{NotRead, with_readable};

/// A row of a list.
pub trait Row: Sized {
    /// The key that holds the row's id.
    const ID_KEY: &'static str;

    fn decode(row: &[u8]) -> Result<Self, SetAside>;
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
fn decode<T>(row: &[u8], read: impl Fn(&str) -> Result<Option<T>, NotRead>) -> Result<T, SetAside> {
    let reason = match with_readable(row, read) {
        Ok(Some(row)) => return Ok(row),
        Ok(None) => Reason::NoId,
        Err(NotRead::NotAnObject) => Reason::NotAnObject,
        Err(NotRead::NotJson) => Reason::NotJson,
    };
    Err(SetAside { reason })
}

/// Text of which nobody asks whether it was written as a number.
fn some_text(raw: Option<&RawValue>) -> Option<String> {
    fields::loose_text(raw).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_row_or_set_aside(row: Vec<u8>) {
            let _ = (Contact::decode(&row), Deal::decode(&row), Stage::decode(&row), Source::decode(&row), User::decode(&row));
        }

        #[test]
        fn any_value_of_a_field_leaves_the_row(value in r#""[^"\\]{0,12}"|-?(0|[1-9][0-9]{0,19})|null|true|\[1\]|\{"a":"\\ud800"\}"#) {
            let fields: Vec<_> = contact::KEYS[1..].iter().map(|key| format!(r#","{key}":{value}"#)).collect();
            let row = format!(r#"{{"client_id":7{}}}"#, fields.concat());
            proptest::prop_assert_eq!(Contact::decode(row.as_bytes()).unwrap().client_id, "7");
        }
    }
}
