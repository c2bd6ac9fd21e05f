//! The franchise fee. The CRM's own name for it is `deal_size`.

use serde_json::value::RawValue;

use super::decimal::{Hundredths, hundredths, without_exponent};
use super::text::{number, string};

/// A franchise fee in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fee {
    /// Missing, blank, or zero.
    Unknown,
    /// A positive amount, in cents.
    Cents(i64),
    /// Present, but not a usable fee: negative, unreadable, or out of range.
    Flagged,
}

/// Decodes a fee: "90000", "$90,000.00", 90000, or 90000.5. "" and "0.00" are unknown.
pub fn fee<'a>(raw: impl Into<Option<&'a RawValue>>) -> Fee {
    let Some(raw) = raw.into().filter(|raw| raw.get() != "null") else { return Fee::Unknown };
    if let Some(number) = number(raw) {
        return without_exponent(number).map_or(Fee::Flagged, |number| fee_from_text(&number));
    }
    string(raw).map_or(Fee::Flagged, |text| fee_from_text(&text))
}

fn fee_from_text(text: &str) -> Fee {
    let text = text.trim();
    if text.is_empty() {
        return Fee::Unknown;
    }
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let text = text.strip_prefix('$').unwrap_or(text).trim_start();
    match hundredths(text) {
        Some(Hundredths::Exact(0)) => Fee::Unknown,
        Some(Hundredths::Exact(cents)) if !negative => Fee::Cents(cents),
        _ => Fee::Flagged,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::text(r#""90000""#, Fee::Cents(9_000_000))]
    #[case::dollars_and_cents(r#""$90,000.00""#, Fee::Cents(9_000_000))]
    #[case::padded(r#"" $ 49,500.5 ""#, Fee::Cents(4_950_050))]
    #[case::millions(r#""$1,250,000""#, Fee::Cents(125_000_000))]
    #[case::number("90000", Fee::Cents(9_000_000))]
    #[case::fraction("90000.5", Fee::Cents(9_000_050))]
    #[case::rounded("0.125", Fee::Cents(13))]
    #[case::exponent("9e4", Fee::Cents(9_000_000))]
    #[case::missing("null", Fee::Unknown)]
    #[case::blank(r#""""#, Fee::Unknown)]
    #[case::zero(r#""0.00""#, Fee::Unknown)]
    #[case::zero_dollars(r#""$0""#, Fee::Unknown)]
    #[case::zero_number("0", Fee::Unknown)]
    #[case::negative(r#""-5""#, Fee::Flagged)]
    #[case::negative_dollars(r#""-$5.00""#, Fee::Flagged)]
    #[case::negative_number("-5", Fee::Flagged)]
    #[case::in_parentheses(r#""($5.00)""#, Fee::Flagged)]
    #[case::words(r#""ask Bob""#, Fee::Flagged)]
    #[case::k_suffix(r#""90k""#, Fee::Flagged)]
    #[case::only_a_sign(r#""$""#, Fee::Flagged)]
    #[case::only_a_decimal_point(r#"".""#, Fee::Flagged)]
    #[case::decimal_comma(r#""90000,50""#, Fee::Flagged)]
    #[case::dots_as_thousands_separators(r#""90.000,00""#, Fee::Flagged)]
    #[case::only_commas(r#"",,,""#, Fee::Flagged)]
    #[case::too_large(r#""92233720368547758.08""#, Fee::Flagged)]
    #[case::far_too_large("1e300", Fee::Flagged)]
    #[case::flag("true", Fee::Flagged)]
    #[case::list("[]", Fee::Flagged)]
    fn a_fee_is_known_unknown_or_flagged(#[case] json: &str, #[case] expected: Fee) {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        assert_eq!(fee(raw), expected);
    }
}
