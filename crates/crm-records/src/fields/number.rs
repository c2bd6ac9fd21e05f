//! Decoders for odds, whole numbers, and flags.

use serde_json::value::RawValue;

use super::decimal::{Hundredths, hundredths, without_exponent};
use super::text::{loose_text, number};

/// 100% in hundredths of a percent.
const CERTAIN: i64 = 10_000;

/// Decodes a percentage ("50", "50%", 50, "4.5") into hundredths of a percent, 0 to 10,000; `None` outside 0 to 100%.
pub fn odds<'a>(raw: impl Into<Option<&'a RawValue>>) -> Option<u16> {
    let raw = raw.into()?;
    let text = match number(raw) {
        Some(number) => without_exponent(number)?,
        None => loose_text(raw)?.into_owned(),
    };
    match hundredths(text.strip_suffix('%').unwrap_or(&text).trim_end())? {
        Hundredths::Exact(odds) if odds <= CERTAIN => u16::try_from(odds).ok(),
        _ => None,
    }
}

/// Decodes a whole number: "5", 5, "-3", or 5.0.
pub fn integer<'a>(raw: impl Into<Option<&'a RawValue>>) -> Option<i64> {
    let text = loose_text(raw)?;
    let whole = text.split_once('.').map_or(&*text, |(whole, rest)| {
        let is_whole = !rest.is_empty() && rest.bytes().all(|b| b == b'0');
        if is_whole { whole } else { "" }
    });
    whole.parse().ok()
}

/// Decodes a flag: true for "1", 1, true, "yes", and "y"; false for "0", 0, false, "no", and "n"; otherwise `None`.
pub fn flag<'a>(raw: impl Into<Option<&'a RawValue>>) -> Option<bool> {
    let raw = raw.into()?;
    let text = match raw.get() {
        flag @ ("true" | "false") => flag.into(),
        _ => loose_text(raw)?,
    };
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(&text));
    if is(&["1", "true", "yes", "y"]) {
        Some(true)
    } else if is(&["0", "false", "no", "n"]) {
        Some(false)
    } else {
        None
    }
}

/// Parses an unsigned number made of digits only.
pub fn whole_number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[rstest]
    #[case::text(r#""50""#, Some(5_000))]
    #[case::percent(r#""50%""#, Some(5_000))]
    #[case::spaced(r#""50 %""#, Some(5_000))]
    #[case::number("50", Some(5_000))]
    #[case::fraction(r#""4.5""#, Some(450))]
    #[case::exponent("5e1", Some(5_000))]
    #[case::zero(r#""0""#, Some(0))]
    #[case::certain(r#""100.00""#, Some(10_000))]
    #[case::more_than_certain(r#""100.01""#, None)]
    #[case::negative("-1", None)]
    #[case::blank(r#""""#, None)]
    #[case::null("null", None)]
    #[case::words(r#""likely""#, None)]
    #[case::only_a_percent_sign(r#""%""#, None)]
    fn odds_are_read_into_hundredths_of_a_percent(#[case] json: &str, #[case] expected: Option<u16>) {
        assert_eq!(odds(raw(json)), expected);
    }

    #[rstest]
    #[case::text(r#""5""#, Some(5))]
    #[case::number("5", Some(5))]
    #[case::padded(r#"" 5 ""#, Some(5))]
    #[case::negative(r#""-3""#, Some(-3))]
    #[case::written_as_a_fraction("5.0", Some(5))]
    #[case::fraction("5.5", None)]
    #[case::decimal_point_without_digits(r#""5.""#, None)]
    #[case::blank(r#""""#, None)]
    #[case::too_large("99999999999999999999", None)]
    fn only_whole_numbers_are_integers(#[case] json: &str, #[case] expected: Option<i64>) {
        assert_eq!(integer(raw(json)), expected);
    }

    #[rstest]
    #[case::text_one(r#""1""#, Some(true))]
    #[case::text_zero(r#""0""#, Some(false))]
    #[case::one("1", Some(true))]
    #[case::zero("0", Some(false))]
    #[case::yes("true", Some(true))]
    #[case::no("false", Some(false))]
    #[case::word(r#""Yes""#, Some(true))]
    #[case::two("2", None)]
    #[case::blank(r#""""#, None)]
    #[case::null("null", None)]
    fn a_flag_is_true_false_or_unknown(#[case] json: &str, #[case] expected: Option<bool>) {
        assert_eq!(flag(raw(json)), expected);
    }
}
