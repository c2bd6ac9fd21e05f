//! Moments and days. The CRM writes `YYYY-MM-DD HH:MM:SS` in the account's own zone, which it does not say; a mapping
//! can name other forms, and the zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::value::RawValue;
use tetherboard_domain::{SourceTime, Zone};

use super::form::{Form, When};
use super::reading::Reading;
use super::text::loose_text;

/// What stands where a moment is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moment {
    /// Missing, blank or a zero date.
    #[default]
    None,
    /// In the account's zone.
    Local(DateTime),
    /// The text says its offset or its distance from 1970, or the mapping names a zone.
    Exact(Timestamp),
    /// Another form, or a day that is in no calendar. It is not guessed at.
    Unreadable,
}

impl Moment {
    /// Milliseconds since 1970, of a local moment by the account's zone. `None` if there is no moment, or if it is out of
    /// range.
    pub fn ms(self, source: &SourceTime) -> Option<i64> {
        match self {
            Self::Local(local) => source.moment_ms(local),
            Self::Exact(at) => Some(at.as_millisecond()),
            Self::None | Self::Unreadable => None,
        }
    }

    pub fn is_unreadable(self) -> bool {
        self == Self::Unreadable
    }
}

/// Text or a number in the first form that reads it. Zero dates, and what PHP makes of them, `-0001-11-30 00:00:00`,
/// are blank in every form.
pub(crate) fn when(raw: &RawValue, forms: &[Form]) -> Reading<When> {
    match loose_text(raw) {
        Some(text) if is_zero_date(&text) => Reading::Blank,
        Some(text) => forms.iter().find_map(|form| form.read(&text)).map_or(Reading::Unreadable, Reading::Read),
        None => Reading::of(raw, None),
    }
}

pub(crate) fn moment(when: Reading<When>, zone: Option<&Zone>) -> Moment {
    match when {
        Reading::Blank => Moment::None,
        Reading::Read(when) => when.moment(zone),
        Reading::Unreadable => Moment::Unreadable,
    }
}

pub(crate) fn date(when: Reading<When>, zone: Option<&Zone>) -> Option<Date> {
    when.map(|when| when.day(zone)).value()
}

/// "0000-00-00", "00/00/0000 12:00 AM", "0": a day that is all noughts.
fn is_zero_date(text: &str) -> bool {
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let is_all_noughts = day.contains('0') && day.bytes().all(|b| matches!(b, b'0' | b'-' | b'/' | b'.'));
    is_all_noughts || text.starts_with("0000-") || text.starts_with("-0001-11-30")
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
    #[case::known(r#""2026-03-08 02:30:00""#, Moment::Local(day(2026, 3, 8).at(2, 30, 0, 0)))]
    #[case::padded(r#"" 2024-02-29 23:59:59 ""#, Moment::Local(day(2024, 2, 29).at(23, 59, 59, 0)))]
    #[case::zero(r#""0000-00-00 00:00:00""#, Moment::None)]
    #[case::zero_day(r#""0000-00-00""#, Moment::None)]
    #[case::zero_in_american(r#""00/00/0000 12:00 AM""#, Moment::None)]
    #[case::zero_number("0", Moment::None)]
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
    #[case::flag("true", Moment::Unreadable)]
    fn a_moment_has_one_form(#[case] json: &str, #[case] expected: Moment) {
        assert_eq!(moment(when(raw(json), &[Form::Moment]), None), expected);
    }

    #[rstest]
    #[case::day(r#""2026-12-31""#, Some(day(2026, 12, 31)))]
    #[case::moment(r#""2026-12-31 08:00:00""#, Some(day(2026, 12, 31)))]
    #[case::zero(r#""0000-00-00""#, None)]
    #[case::american(r#""12/31/2026""#, None)]
    #[case::blank(r#""""#, None)]
    fn a_date_is_a_day_or_a_moments_day(#[case] json: &str, #[case] expected: Option<Date>) {
        assert_eq!(date(when(raw(json), &[Form::Day, Form::Moment]), None), expected);
    }

    #[rstest]
    #[case::none(Moment::None, None)]
    #[case::unreadable(Moment::Unreadable, None)]
    #[case::local(Moment::Local(day(2026, 11, 20).at(9, 30, 0, 0)), Some("2026-11-20T15:30:00Z"))]
    #[case::exact(Moment::Exact("2026-11-20T15:30:00Z".parse().unwrap()), Some("2026-11-20T15:30:00Z"))]
    fn a_moment_in_milliseconds(#[case] moment: Moment, #[case] utc: Option<&str>) {
        let source = SourceTime(Zone::named("America/Chicago").unwrap());
        let expected = utc.map(|utc| utc.parse::<Timestamp>().unwrap().as_millisecond());
        assert_eq!(moment.ms(&source), expected);
    }
}
