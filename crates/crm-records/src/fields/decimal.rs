//! Decimal numbers as people and JSON write them, parsed into hundredths: cents of a dollar, hundredths of a percent.

/// An unsigned decimal number in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hundredths {
    Exact(i64),
    TooLarge,
}

/// Parses "90000", "90,000.00", or ".5"; `None` for anything else, including a sign. Thousands separators must form groups of
/// three, so that a decimal comma is not read as one. Digits beyond hundredths are rounded half up.
pub(crate) fn hundredths(text: &str) -> Option<Hundredths> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let has_digits = text.bytes().any(|b| b.is_ascii_digit());
    if !has_digits || !is_digits(fraction) || !(is_digits(whole) || is_grouped(whole)) {
        return None;
    }
    let digit = |at: usize| fraction.as_bytes().get(at).map_or(0, |b| i64::from(b - b'0'));
    let hundredths = digit(0) * 10 + digit(1) + i64::from(digit(2) >= 5);
    let whole =
        whole.bytes().filter(u8::is_ascii_digit).try_fold(0_i64, |sum, b| sum.checked_mul(10)?.checked_add(i64::from(b - b'0')));
    let sum = whole.and_then(|whole| whole.checked_mul(100)?.checked_add(hundredths));
    Some(sum.map_or(Hundredths::TooLarge, Hundredths::Exact))
}

/// A JSON number with its exponent expanded: "9e4" becomes "90000".
pub(crate) fn without_exponent(number: &str) -> Option<String> {
    if !number.contains(['e', 'E']) {
        return Some(number.to_owned());
    }
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number.abs() < 1e15).then(|| format!("{number}"))
}

fn is_grouped(whole: &str) -> bool {
    let mut groups = whole.split(',');
    let is_group = |group: &str, sizes: std::ops::RangeInclusive<usize>| {
        sizes.contains(&group.len()) && group.bytes().all(|b| b.is_ascii_digit())
    };
    groups.next().is_some_and(|first| is_group(first, 1..=3)) && groups.all(|group| is_group(group, 3..=3))
}
