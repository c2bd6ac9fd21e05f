//! What the CRM's spellings mean: one decoder for each kind of field, its known spellings as its tests.
//!
//! Nearly every value comes as text, numbers and flags too, and an absent one as `""`, `null` or a missing key. So each
//! decoder takes what may be there ([`RawValue`](serde_json::value::RawValue) or nothing) and never fails: what it
//! cannot read it says so, or leaves out. Nothing is guessed.

mod decimal;
mod fee;
mod form;
mod id;
mod moment;
mod number;
mod person;
pub(crate) mod reading;
mod text;
pub(crate) mod unescaped;

pub use fee::{Fee, fee, fee_of_text};
pub use form::BadForm;
pub use id::id;
pub use moment::Moment;
pub use number::{flag, integer, odds, whole_number};
pub use person::{Person, is_placeholder_name, person};
pub use text::{Text, loose_text, text};

pub(crate) use form::{DAY, Form, MOMENT, When};
pub(crate) use moment::{date, moment, when};

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    proptest::proptest! {
        #[test]
        fn no_value_makes_a_decoder_panic(json in r#"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,5})?([eE][-+]?[0-9]{1,4})?|"([^"\\\x00-\x1f]|\\[nt"\\]|\\u[0-9a-fA-F]{4}){0,24}"|"[$ ]?[-0-9,.% :]{0,22}"|null|true|\[\]|\{"a":1\}"#) {
            let raw = RawValue::from_string(json).unwrap();
            super::text(&*raw);
            super::id(&*raw);
            super::fee(&*raw);
            super::odds(&*raw);
            let forms = [super::Form::Moment, super::Form::of("%m/%d/%Y").unwrap(), super::Form::of("%s").unwrap()];
            super::moment(super::when(&raw, &forms), None);
            super::date(super::when(&raw, &forms), None);
            super::flag(&*raw);
            super::integer(&*raw);
            super::person(&*raw);
        }

        #[test]
        fn a_fee_is_read_back(cents in 1_i64..=i64::MAX) {
            let raw = RawValue::from_string(format!("\"${}.{:02}\"", cents / 100, cents % 100)).unwrap();
            proptest::prop_assert_eq!(super::fee(&*raw), super::Fee::Cents(cents));
        }
    }
}
