//! Date formats: the CRM's own two, and `strptime` patterns that a mapping names.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::{Offset, TimeZone};
use tetherboard_domain::Zone;

use super::Moment;

/// The CRM's format for a date and time.
pub(crate) const CRM_DATE_TIME: &str = "%Y-%m-%d %H:%M:%S";
/// The CRM's format for a date.
pub(crate) const CRM_DATE: &str = "%Y-%m-%d";

/// A format that a date may be written in. The CRM's own two have strict, hand-written parsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DateFormat {
    DateTime,
    Date,
    Pattern(Box<str>),
}

/// A date with exactly the precision of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParsedDate {
    /// A date without a time.
    Date(Date),
    /// A date and time without a zone.
    Local(DateTime),
    /// The text states its offset, its zone, or seconds since 1970. `date` is the date in the text, or the UTC date if the
    /// text has none.
    Exact { at: Timestamp, date: Date },
}

/// Why a pattern cannot be used as a date format.
#[derive(Debug, thiserror::Error)]
pub enum DateFormatError {
    #[error("it is not a valid pattern; write one like %m/%d/%Y %I:%M %p")]
    Pattern(#[source] jiff::Error),
    #[error("it does not give the full date: include year, month, and day, like %Y-%m-%d, or %s for seconds since 1970")]
    Incomplete,
}

impl DateFormat {
    /// Parses a `strptime` pattern. It must be able to read back the date that it writes.
    pub(crate) fn parse(pattern: &str) -> Result<Self, DateFormatError> {
        match pattern {
            CRM_DATE_TIME => return Ok(Self::DateTime),
            CRM_DATE => return Ok(Self::Date),
            _ => {}
        }
        let sample = jiff::civil::date(2026, 11, 20).at(21, 30, 45, 0).to_zoned(TimeZone::UTC);
        let sample = sample.map_err(DateFormatError::Pattern)?;
        let text = strtime::format(pattern, &sample).map_err(DateFormatError::Pattern)?;
        BrokenDownTime::parse(pattern, &text).map_err(DateFormatError::Pattern)?;
        let format = Self::Pattern(pattern.into());
        let date = format.read(&text).map(|parsed| parsed.date(None));
        if date == Some(sample.date()) { Ok(format) } else { Err(DateFormatError::Incomplete) }
    }

    /// Reads a date; `None` for text in another format and for a date that does not exist.
    pub(crate) fn read(&self, text: &str) -> Option<ParsedDate> {
        match self {
            Self::DateTime => crm_date_time(text).map(ParsedDate::Local),
            Self::Date => crm_date(text).map(ParsedDate::Date),
            Self::Pattern(pattern) => by_pattern(pattern, text),
        }
    }
}

impl ParsedDate {
    /// As a date and time. A date without a time is that day's midnight; a zone in the text wins over `zone`.
    pub(crate) fn moment(self, zone: Option<&Zone>) -> Moment {
        let local = match self {
            Self::Exact { at, .. } => return Moment::Exact(at),
            Self::Local(local) => local,
            Self::Date(date) => date.to_datetime(jiff::civil::Time::midnight()),
        };
        match zone {
            None => Moment::Local(local),
            Some(zone) => zone.moment(local).map_or(Moment::Unreadable, Moment::Exact),
        }
    }

    /// As a date: in `zone` if it is given and the time is exact, otherwise the date in the text.
    pub(crate) fn date(self, zone: Option<&Zone>) -> Date {
        match self {
            Self::Date(date) => date,
            Self::Local(local) => local.date(),
            Self::Exact { at, date } => zone.map_or(date, |zone| zone.date(at)),
        }
    }
}

fn by_pattern(pattern: &str, text: &str) -> Option<ParsedDate> {
    let parts = BrokenDownTime::parse(pattern, text).ok()?;
    let exact = if parts.timestamp().is_some() || parts.offset().is_some() {
        Some(parts.to_timestamp().ok()?)
    } else if parts.iana_time_zone().is_some() {
        Some(parts.to_zoned().ok()?.timestamp())
    } else {
        None
    };
    if let Some(at) = exact {
        let date = parts.to_date().unwrap_or_else(|_| Offset::UTC.to_datetime(at).date());
        return Some(ParsedDate::Exact { at, date });
    }
    match parts.hour() {
        Some(_) => parts.to_datetime().ok().map(ParsedDate::Local),
        None => parts.to_date().ok().map(ParsedDate::Date),
    }
}

fn crm_date_time(text: &str) -> Option<DateTime> {
    let (date, time) = (text.get(..10)?, text.get(10..)?);
    let [b' ', h1, h2, b':', m1, m2, b':', s1, s2] = time.as_bytes() else { return None };
    let (hour, minute, second) = (two_digits(*h1, *h2)?, two_digits(*m1, *m2)?, two_digits(*s1, *s2)?);
    let date = crm_date(date)?;
    DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, 0).ok()
}

fn crm_date(text: &str) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let year = i16::from(two_digits(*y1, *y2)?) * 100 + i16::from(two_digits(*y3, *y4)?);
    Date::new(year, two_digits(*m1, *m2)?, two_digits(*d1, *d2)?).ok()
}

fn two_digits(tens: u8, ones: u8) -> Option<i8> {
    let is_digits = tens.is_ascii_digit() && ones.is_ascii_digit();
    is_digits.then(|| (tens - b'0') * 10 + (ones - b'0')).and_then(|n| i8::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    fn exact(at: &str, date: Date) -> ParsedDate {
        ParsedDate::Exact { at: at.parse().unwrap(), date }
    }

    #[rstest]
    #[case::american("%m/%d/%Y %I:%M %p", "11/20/2026 09:30 PM", ParsedDate::Local(date(2026, 11, 20).at(21, 30, 0, 0)))]
    #[case::american_day("%m/%d/%Y", "11/20/2026", ParsedDate::Date(date(2026, 11, 20)))]
    #[case::offset("%Y-%m-%dT%H:%M:%S%z", "2026-11-20T21:30:00-0600", exact("2026-11-21T03:30:00Z", date(2026, 11, 20)))]
    #[case::epoch("%s", "1772937000", exact("2026-03-08T02:30:00Z", date(2026, 3, 8)))]
    #[case::zone("%F %T %Q", "2026-11-20 21:30:00 America/Denver", exact("2026-11-21T04:30:00Z", date(2026, 11, 20)))]
    #[case::month_by_name("%b %d, %Y", "Nov 20, 2026", ParsedDate::Date(date(2026, 11, 20)))]
    fn a_pattern_reads_a_date_with_its_precision(#[case] pattern: &str, #[case] text: &str, #[case] parsed: ParsedDate) {
        assert_eq!(DateFormat::parse(pattern).unwrap().read(text), Some(parsed));
    }

    #[rstest]
    #[case::nonexistent_date("%m/%d/%Y", "02/30/2026")]
    #[case::trailing_text("%m/%d/%Y", "11/20/2026 09:30")]
    #[case::out_of_range("%s", "99999999999999999999")]
    #[case::milliseconds_for_seconds("%s", "1772937000000")]
    #[case::wrong_weekday("%a %m/%d/%Y", "Mon 11/20/2026")]
    fn text_in_another_format_is_not_guessed(#[case] pattern: &str, #[case] text: &str) {
        assert_eq!(DateFormat::parse(pattern).unwrap().read(text), None);
    }

    #[rstest]
    #[case::empty("")]
    #[case::words("yesterday")]
    #[case::time_only("%H:%M")]
    #[case::no_year("%m/%d")]
    #[case::unknown_directive("%Y-%m-%d %!")]
    #[case::truncated("%Y-%m-%")]
    #[case::directive_that_is_write_only("%Y-%m-%d %Z")]
    fn a_pattern_without_a_full_date_is_rejected(#[case] pattern: &str) {
        assert!(DateFormat::parse(pattern).is_err());
    }
}
