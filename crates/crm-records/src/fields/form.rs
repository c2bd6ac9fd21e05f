//! The forms in which a date may be written: the CRM's own, and those that a person names as a pattern.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::{Offset, TimeZone};
use tetherboard_domain::Zone;

use super::Moment;

/// A moment as the CRM writes it.
pub(crate) const MOMENT: &str = "%Y-%m-%d %H:%M:%S";
/// A day as the CRM writes it.
pub(crate) const DAY: &str = "%Y-%m-%d";

/// A form that a date may have. The CRM's own two are read by hand, and to the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Moment,
    Day,
    Pattern(Box<str>),
}

/// A date as far as its text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// A bare day.
    Day(Date),
    /// In a zone that the text does not say.
    Local(DateTime),
    /// The text says its offset, its zone or its distance from 1970; `day` is the day it names, or UTC's if it names
    /// none.
    Exact { at: Timestamp, day: Date },
}

/// Why a pattern is no form of a date.
#[derive(Debug, thiserror::Error)]
pub enum BadForm {
    #[error("it is not a pattern of a date; write one like %m/%d/%Y %I:%M %p")]
    Pattern(#[source] jiff::Error),
    #[error("it does not say the whole date: it needs a year, a month and a day like %Y-%m-%d, or %s for seconds since 1970")]
    NoDate,
}

impl Form {
    /// A `strptime` pattern as a form. It must read back the date in what it writes.
    pub(crate) fn of(pattern: &str) -> Result<Self, BadForm> {
        match pattern {
            MOMENT => return Ok(Self::Moment),
            DAY => return Ok(Self::Day),
            _ => {}
        }
        let written = jiff::civil::date(2026, 11, 20).at(21, 30, 45, 0).to_zoned(TimeZone::UTC).map_err(BadForm::Pattern)?;
        let text = strtime::format(pattern, &written).map_err(BadForm::Pattern)?;
        BrokenDownTime::parse(pattern, &text).map_err(BadForm::Pattern)?;
        let form = Self::Pattern(pattern.into());
        let day = form.read(&text).map(|when| when.day(None));
        if day == Some(written.date()) { Ok(form) } else { Err(BadForm::NoDate) }
    }

    /// `None` for text of another form, and for a day that is in no calendar.
    pub(crate) fn read(&self, text: &str) -> Option<When> {
        match self {
            Self::Moment => own_moment(text).map(When::Local),
            Self::Day => own_day(text).map(When::Day),
            Self::Pattern(pattern) => by_pattern(pattern, text),
        }
    }
}

impl When {
    /// A bare day is its midnight. What is in a zone of its own is exact.
    pub(crate) fn moment(self, zone: Option<&Zone>) -> Moment {
        let local = match self {
            Self::Exact { at, .. } => return Moment::Exact(at),
            Self::Local(local) => local,
            Self::Day(day) => day.to_datetime(jiff::civil::Time::midnight()),
        };
        match zone {
            None => Moment::Local(local),
            Some(zone) => zone.moment(local).map_or(Moment::Unreadable, Moment::Exact),
        }
    }

    /// The day in the zone, if there is one to ask; else the day that the text names.
    pub(crate) fn day(self, zone: Option<&Zone>) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Local(local) => local.date(),
            Self::Exact { at, day } => zone.map_or(day, |zone| zone.date(at)),
        }
    }
}

fn by_pattern(pattern: &str, text: &str) -> Option<When> {
    let parts = BrokenDownTime::parse(pattern, text).ok()?;
    let exact = if parts.timestamp().is_some() || parts.offset().is_some() {
        Some(parts.to_timestamp().ok()?)
    } else if parts.iana_time_zone().is_some() {
        Some(parts.to_zoned().ok()?.timestamp())
    } else {
        None
    };
    if let Some(at) = exact {
        let day = parts.to_date().unwrap_or_else(|_| Offset::UTC.to_datetime(at).date());
        return Some(When::Exact { at, day });
    }
    match parts.hour() {
        Some(_) => parts.to_datetime().ok().map(When::Local),
        None => parts.to_date().ok().map(When::Day),
    }
}

fn own_moment(text: &str) -> Option<DateTime> {
    let (day, time) = (text.get(..10)?, text.get(10..)?);
    let [b' ', h1, h2, b':', m1, m2, b':', s1, s2] = time.as_bytes() else { return None };
    let (hour, minute, second) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
    let date = own_day(day)?;
    DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, 0).ok()
}

fn own_day(text: &str) -> Option<Date> {
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
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    fn exact(at: &str, day: Date) -> When {
        When::Exact { at: at.parse().unwrap(), day }
    }

    #[rstest]
    #[case::american("%m/%d/%Y %I:%M %p", "11/20/2026 09:30 PM", When::Local(date(2026, 11, 20).at(21, 30, 0, 0)))]
    #[case::american_day("%m/%d/%Y", "11/20/2026", When::Day(date(2026, 11, 20)))]
    #[case::offset("%Y-%m-%dT%H:%M:%S%z", "2026-11-20T21:30:00-0600", exact("2026-11-21T03:30:00Z", date(2026, 11, 20)))]
    #[case::epoch("%s", "1772937000", exact("2026-03-08T02:30:00Z", date(2026, 3, 8)))]
    #[case::zone("%F %T %Q", "2026-11-20 21:30:00 America/Denver", exact("2026-11-21T04:30:00Z", date(2026, 11, 20)))]
    #[case::month_by_name("%b %d, %Y", "Nov 20, 2026", When::Day(date(2026, 11, 20)))]
    fn a_pattern_reads_as_far_as_the_text_tells(#[case] pattern: &str, #[case] text: &str, #[case] when: When) {
        assert_eq!(Form::of(pattern).unwrap().read(text), Some(when));
    }

    #[rstest]
    #[case::no_such_day("%m/%d/%Y", "02/30/2026")]
    #[case::more_behind("%m/%d/%Y", "11/20/2026 09:30")]
    #[case::far_beyond_the_calendar("%s", "99999999999999999999")]
    #[case::milliseconds_for_seconds("%s", "1772937000000")]
    #[case::weekday_that_lies("%a %m/%d/%Y", "Mon 11/20/2026")]
    fn text_of_another_form_is_not_guessed_at(#[case] pattern: &str, #[case] text: &str) {
        assert_eq!(Form::of(pattern).unwrap().read(text), None);
    }

    #[rstest]
    #[case::empty("")]
    #[case::words("yesterday")]
    #[case::only_a_time("%H:%M")]
    #[case::no_year("%m/%d")]
    #[case::unknown_letter("%Y-%m-%d %!")]
    #[case::cut("%Y-%m-%")]
    #[case::letters_that_are_only_written("%Y-%m-%d %Z")]
    fn a_pattern_that_reads_no_date_is_refused(#[case] pattern: &str) {
        assert!(Form::of(pattern).is_err());
    }
}
