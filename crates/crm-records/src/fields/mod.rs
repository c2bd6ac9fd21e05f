//! Decoders for single values, one per kind of field. Each decoder's tests list the known variants.
//!
//! The CRM sends nearly every value as text, numbers and flags included, and an absent one as `""`, `null`, or a missing key. So
//! each decoder takes an optional [`RawValue`](serde_json::value::RawValue) and never fails: an unreadable value is reported as
//! such or left out, and nothing is guessed.

mod date_format;
mod decimal;
pub(crate) mod decode;
mod fee;
mod id;
pub(crate) mod json_string;
mod label;
mod moment;
mod number;
mod person;
mod text;

pub use date_format::DateFormatError;
pub use fee::{Fee, fee};
pub use id::id;
pub use label::{MAX_LABEL, shortened};
pub use moment::Moment;
pub use number::{flag, integer, odds, whole_number};
pub use person::{Person, is_placeholder_name, person};
pub use text::{Text, loose_text, text};

pub(crate) use date_format::{CRM_DATE, CRM_DATE_TIME, DateFormat, ParsedDate};
pub(crate) use moment::{date, moment, parse_date};

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::DateFormat;

    proptest::proptest! {
        #[test]
        fn no_value_makes_a_decoder_panic(
            json in concat!(
                r#"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,5})?([eE][-+]?[0-9]{1,4})?|"#,
                r#""([^"\\\x00-\x1f]|\\[nt"\\]|\\u[0-9a-fA-F]{4}){0,24}"|"#,
                r#""[$ ]?[-0-9,.% :]{0,22}"|null|true|\[\]|\{"a":1\}"#,
            ),
        ) {
            let raw = RawValue::from_string(json).unwrap();
            super::text(&*raw);
            super::id(&*raw);
            super::fee(&*raw);
            super::odds(&*raw);
            let formats = [DateFormat::DateTime, DateFormat::parse("%m/%d/%Y").unwrap(), DateFormat::parse("%s").unwrap()];
            super::moment(super::parse_date(&raw, &formats), None);
            super::date(super::parse_date(&raw, &formats), None);
            super::flag(&*raw);
            super::integer(&*raw);
            super::person(&*raw);
        }

        #[test]
        fn a_formatted_fee_is_read_back(cents in 1_i64..=i64::MAX) {
            let raw = RawValue::from_string(format!("\"${}.{:02}\"", cents / 100, cents % 100)).unwrap();
            proptest::prop_assert_eq!(super::fee(&*raw), super::Fee::Cents(cents));
        }
    }
}
