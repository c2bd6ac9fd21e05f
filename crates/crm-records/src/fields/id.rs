//! IDs: always text, even when the CRM writes them as numbers.

use serde_json::value::RawValue;

use super::text;

/// Anything longer is not an ID.
const MAX_LENGTH: usize = 128;

/// Decodes an ID. "1000007" and 1000007 are the same ID; "007" and "7" are different ones. `None` for text that reads as a
/// number but is not all digits ("1e3", "7.0", "-7"): a spreadsheet has corrupted it. `None` for the number 0 as well, which
/// the CRM writes where it has nothing.
pub fn id<'a>(raw: impl Into<Option<&'a RawValue>>) -> Option<String> {
    let raw = raw.into()?;
    let id = text::loose_text(raw)?;
    let is_digits = id.bytes().all(|b| b.is_ascii_digit());
    let is_other_number = !is_digits && id.parse::<f64>().is_ok();
    let is_zero = raw.get() == "0";
    let is_odd = id.len() > MAX_LENGTH || id.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER);
    (!is_other_number && !is_zero && !is_odd).then(|| id.into_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::text(r#""1000007""#, Some("1000007"))]
    #[case::number("1000007", Some("1000007"))]
    #[case::larger_than_any_integer("123456789012345678901234567890", Some("123456789012345678901234567890"))]
    #[case::leading_zeros(r#""007""#, Some("007"))]
    #[case::padded(r#"" 7 ""#, Some("7"))]
    #[case::letters(r#""a81c-77""#, Some("a81c-77"))]
    #[case::zero("0", None)]
    #[case::zero_as_text(r#""0""#, Some("0"))]
    #[case::exponent("1e3", None)]
    #[case::exponent_as_text(r#""1e3""#, None)]
    #[case::fraction("7.0", None)]
    #[case::negative("-7", None)]
    #[case::negative_as_text(r#""-7""#, None)]
    #[case::empty(r#""""#, None)]
    #[case::null("null", None)]
    #[case::flag("true", None)]
    #[case::object("{}", None)]
    #[case::lone_surrogate(r#""7\ud800""#, None)]
    fn an_id_is_text(#[case] json: &str, #[case] expected: Option<&str>) {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        assert_eq!(id(raw).as_deref(), expected);
    }
}
