//! Moments as the CRM writes them: `YYYY-MM-DD HH:MM:SS` in the account's own zone, which it does not say.

use jiff::civil::{Date, DateTime};
use serde_json::value::RawValue;

use super::text::{Text, text};

/// What stands where a moment is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moment {
    /// Missing, blank or a zero date.
    #[default]
    None,
    At(DateTime),
    /// Another form, or a day that is in no calendar. It is not guessed at.
    Unreadable,
}

impl Moment {
    pub fn at(self) -> Option<DateTime> {
        match self {
            Self::At(at) => Some(at),
            Self::None | Self::Unreadable => None,
        }
    }
}

/// `YYYY-MM-DD HH:MM:SS`; `0000-00-00 00:00:00` and what PHP makes of it, `-0001-11-30 00:00:00`, are none.
pub fn moment<'a>(raw: impl Into<Option<&'a RawValue>>) -> Moment {
    match text(raw) {
        Text::Blank => Moment::None,
        Text::NotText => Moment::Unreadable,
        Text::Text(text) if is_zero_date(&text) => Moment::None,
        Text::Text(text) => parse_datetime(&text).map_or(Moment::Unreadable, Moment::At),
    }
}

/// [`moment`] for whoever does not ask why there is none.
pub fn local_datetime<'a>(raw: impl Into<Option<&'a RawValue>>) -> Option<DateTime> {
    moment(raw).at()
}

/// `YYYY-MM-DD`, or the day of a moment.
pub fn date<'a>(raw: impl Into<Option<&'a RawValue>>) -> Option<Date> {
    let text = text(raw).into_option().filter(|text| !is_zero_date(text))?;
    parse_date(&text).or_else(|| parse_datetime(&text).map(DateTime::date))
}

fn is_zero_date(text: &str) -> bool {
    text.starts_with("0000-") || text.starts_with("-0001-11-30")
}

fn parse_datetime(text: &str) -> Option<DateTime> {
    let (day, time) = (text.get(..10)?, text.get(10..)?);
    let [b' ', h1, h2, b':', m1, m2, b':', s1, s2] = time.as_bytes() else { return None };
    let (hour, minute, second) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
    let date = parse_date(day)?;
    DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, 0).ok()
}

fn parse_date(text: &str) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let year = i16::from(two(*y1, *y2)?) * 100 + i16::from(two(*y3, *y4)?);
    Date::new(year, two(*m1, *m2)?, two(*d1, *d2)?).ok()
}

fn two(tens: u8, ones: u8) -> Option<i8> {
    let is_digits = tens.is_ascii_digit() && ones.is_ascii_digit();
    is_digits.then(|| (tens - b'0') * 10 + (ones - b'0')).and_then(|n| i8::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;
    use rstest::rstest;

    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[rstest]
    #[case::known(r#""2026-03-08 02:30:00""#, Moment::At(day(2026, 3, 8).at(2, 30, 0, 0)))]
    #[case::padded(r#"" 2024-02-29 23:59:59 ""#, Moment::At(day(2024, 2, 29).at(23, 59, 59, 0)))]
    #[case::zero(r#""0000-00-00 00:00:00""#, Moment::None)]
    #[case::zero_day(r#""0000-00-00""#, Moment::None)]
    #[case::zero_through_php(r#""-0001-11-30 00:00:00""#, Moment::None)]
    #[case::blank(r#""""#, Moment::None)]
    #[case::null("null", Moment::None)]
    #[case::no_such_day(r#""2026-02-29 10:00:00""#, Moment::Unreadable)]
    #[case::no_such_hour(r#""2026-02-28 24:00:00""#, Moment::Unreadable)]
    #[case::leap_second(r#""2016-12-31 23:59:60""#, Moment::Unreadable)]
    #[case::only_a_day(r#""2026-03-08""#, Moment::Unreadable)]
    #[case::with_a_t(r#""2026-03-08T02:30:00""#, Moment::Unreadable)]
    #[case::with_a_zone(r#""2026-03-08 02:30:00Z""#, Moment::Unreadable)]
    #[case::american(r#""03/08/2026 02:30 AM""#, Moment::Unreadable)]
    #[case::letters_beyond_ascii(r#""2026-03-0é 02:30:00""#, Moment::Unreadable)]
    #[case::seconds_since_1970("1772937000", Moment::Unreadable)]
    fn a_moment_has_one_form(#[case] json: &str, #[case] expected: Moment) {
        assert_eq!(moment(raw(json)), expected);
    }

    #[rstest]
    #[case::day(r#""2026-12-31""#, Some(day(2026, 12, 31)))]
    #[case::moment(r#""2026-12-31 08:00:00""#, Some(day(2026, 12, 31)))]
    #[case::zero(r#""0000-00-00""#, None)]
    #[case::american(r#""12/31/2026""#, None)]
    #[case::blank(r#""""#, None)]
    fn a_date_is_a_day_or_a_moments_day(#[case] json: &str, #[case] expected: Option<Date>) {
        assert_eq!(date(raw(json)), expected);
    }
}
