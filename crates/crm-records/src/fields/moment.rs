//! Dates and times. The CRM writes `YYYY-MM-DD HH:MM:SS` in the account's time zone without naming it; a mapping can specify
//! other formats and the zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::value::RawValue;
use tetherboard_domain::{EpochMs, SourceTime, Zone};

use super::date_format::{DateFormat, ParsedDate};
use super::decode::FieldValue;
use super::text::loose_text;

/// The value of a date-and-time field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moment {
    /// Missing, blank, or a zero date.
    #[default]
    None,
    /// A local time in the account's time zone.
    Local(DateTime),
    /// An exact time: the text states an offset or is seconds since 1970, or the mapping names the zone.
    Exact(Timestamp),
    /// In another format, or not a real date. Formats are never guessed.
    Unreadable,
}

impl Moment {
    /// Milliseconds since 1970 UTC. A local time is resolved in `source`, the account's zone. `None` if there is no readable
    /// time or it is out of range.
    pub fn ms(self, source: &SourceTime) -> Option<EpochMs> {
        match self {
            Self::Local(local) => source.moment_ms(local),
            Self::Exact(at) => Some(at.into()),
            Self::None | Self::Unreadable => None,
        }
    }

    /// Whether a value is present but could not be read.
    pub fn is_unreadable(self) -> bool {
        self == Self::Unreadable
    }
}

/// Parses text or a number with the first format that matches. Zero dates are blank in every format, and so is
/// `-0001-11-30 00:00:00`, which PHP turns them into.
pub(crate) fn parse_date(raw: &RawValue, formats: &[DateFormat]) -> FieldValue<ParsedDate> {
    match loose_text(raw) {
        Some(text) if is_zero_date(&text) => FieldValue::Blank,
        Some(text) => formats.iter().find_map(|format| format.read(&text)).map_or(FieldValue::Unreadable, FieldValue::Present),
        None => FieldValue::of(raw, None),
    }
}

/// A parsed date as a date and time, resolved in `zone` if the mapping names one.
pub(crate) fn moment(parsed: FieldValue<ParsedDate>, zone: Option<&Zone>) -> Moment {
    match parsed {
        FieldValue::Blank => Moment::None,
        FieldValue::Present(parsed) => parsed.moment(zone),
        FieldValue::Unreadable => Moment::Unreadable,
    }
}

/// A parsed date as a calendar date, in `zone` if the mapping names one.
pub(crate) fn date(parsed: FieldValue<ParsedDate>, zone: Option<&Zone>) -> Option<Date> {
    parsed.map(|parsed| parsed.date(zone)).value()
}

/// "0000-00-00", "00/00/0000 12:00 AM", "0": a date of all zeros.
fn is_zero_date(text: &str) -> bool {
    let date = text.split([' ', 'T']).next().unwrap_or_default();
    let is_all_zeros = date.contains('0') && date.bytes().all(|b| matches!(b, b'0' | b'-' | b'/' | b'.'));
    is_all_zeros || text.starts_with("0000-") || text.starts_with("-0001-11-30")
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
    #[case::valid(r#""2026-03-08 02:30:00""#, Moment::Local(day(2026, 3, 8).at(2, 30, 0, 0)))]
    #[case::padded(r#"" 2024-02-29 23:59:59 ""#, Moment::Local(day(2024, 2, 29).at(23, 59, 59, 0)))]
    #[case::zero(r#""0000-00-00 00:00:00""#, Moment::None)]
    #[case::zero_day(r#""0000-00-00""#, Moment::None)]
    #[case::zero_in_american(r#""00/00/0000 12:00 AM""#, Moment::None)]
    #[case::zero_number("0", Moment::None)]
    #[case::zero_date_from_php(r#""-0001-11-30 00:00:00""#, Moment::None)]
    #[case::blank(r#""""#, Moment::None)]
    #[case::null("null", Moment::None)]
    #[case::no_such_day(r#""2026-02-29 10:00:00""#, Moment::Unreadable)]
    #[case::no_such_hour(r#""2026-02-28 24:00:00""#, Moment::Unreadable)]
    #[case::leap_second(r#""2016-12-31 23:59:60""#, Moment::Unreadable)]
    #[case::date_only(r#""2026-03-08""#, Moment::Unreadable)]
    #[case::with_a_t(r#""2026-03-08T02:30:00""#, Moment::Unreadable)]
    #[case::with_a_zone(r#""2026-03-08 02:30:00Z""#, Moment::Unreadable)]
    #[case::american(r#""03/08/2026 02:30 AM""#, Moment::Unreadable)]
    #[case::non_ascii(r#""2026-03-0é 02:30:00""#, Moment::Unreadable)]
    #[case::seconds_since_1970("1772937000", Moment::Unreadable)]
    #[case::flag("true", Moment::Unreadable)]
    fn by_default_a_moment_has_one_format(#[case] json: &str, #[case] expected: Moment) {
        assert_eq!(moment(parse_date(raw(json), &[DateFormat::DateTime]), None), expected);
    }

    #[rstest]
    #[case::day(r#""2026-12-31""#, Some(day(2026, 12, 31)))]
    #[case::moment(r#""2026-12-31 08:00:00""#, Some(day(2026, 12, 31)))]
    #[case::zero(r#""0000-00-00""#, None)]
    #[case::american(r#""12/31/2026""#, None)]
    #[case::blank(r#""""#, None)]
    fn a_date_may_be_written_with_a_time(#[case] json: &str, #[case] expected: Option<Date>) {
        assert_eq!(date(parse_date(raw(json), &[DateFormat::Date, DateFormat::DateTime]), None), expected);
    }

    #[rstest]
    #[case::none(Moment::None, None)]
    #[case::unreadable(Moment::Unreadable, None)]
    #[case::local(Moment::Local(day(2026, 11, 20).at(9, 30, 0, 0)), Some("2026-11-20T15:30:00Z"))]
    #[case::exact(Moment::Exact("2026-11-20T15:30:00Z".parse().unwrap()), Some("2026-11-20T15:30:00Z"))]
    fn a_moment_converts_to_milliseconds(#[case] moment: Moment, #[case] utc: Option<&str>) {
        let source = SourceTime(Zone::named("America/Chicago").unwrap());
        let expected = utc.map(|utc| EpochMs::from(utc.parse::<Timestamp>().unwrap()));
        assert_eq!(moment.ms(&source), expected);
    }
}
