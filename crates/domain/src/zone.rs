//! Time zones: a brand's own, and the zone of its CRM's times.

use std::fmt;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::EpochMs;

/// An IANA time zone with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: String,
    tz: TimeZone,
}

/// A name that is not in the zone database.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an IANA time zone; write one like America/Chicago")]
pub struct ZoneError(String);

impl Zone {
    /// The zone with an IANA name.
    ///
    /// # Errors
    /// When the name is not in the zone database.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        let tz = TimeZone::get(name).map_err(|_| ZoneError(name.to_owned()))?;
        let name = tz.iana_name().unwrap_or(name).to_owned();
        Ok(Self { name, tz })
    }

    /// UTC.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), tz: TimeZone::UTC }
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone for use with `jiff`.
    pub fn tz(&self) -> &TimeZone {
        &self.tz
    }

    /// The local date of a moment.
    pub fn date(&self, moment: Timestamp) -> Date {
        moment.to_zoned(self.tz.clone()).date()
    }

    /// The local date and time of a moment.
    pub fn datetime(&self, moment: Timestamp) -> DateTime {
        moment.to_zoned(self.tz.clone()).datetime()
    }

    /// The first moment of a local date, even where a clock change skips midnight.
    pub fn start_of(&self, date: Date) -> Timestamp {
        self.tz
            .to_ambiguous_zoned(date.to_datetime(jiff::civil::Time::midnight()))
            .compatible()
            .and_then(|midnight| midnight.start_of_day())
            .map_or(Timestamp::MAX, |midnight| midnight.timestamp())
    }

    /// The moment of a local time. A skipped hour moves forward; a repeated hour is the earlier one.
    pub fn moment(&self, local: DateTime) -> Option<Timestamp> {
        self.tz.to_ambiguous_timestamp(local).compatible().ok()
    }

    /// The abbreviation at a moment, such as `CDT`.
    pub fn abbreviation(&self, moment: Timestamp) -> String {
        self.tz.to_offset_info(moment).abbreviation().to_owned()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Converts the CRM's times, which have no zone, to moments.
#[derive(Clone, Debug)]
pub struct SourceTime(pub Zone);

impl SourceTime {
    /// The moment of a local time in the source zone.
    pub fn moment_ms(&self, local: DateTime) -> Option<EpochMs> {
        self.0.moment(local).map(EpochMs::from)
    }
}

/// The Monday on or before a date.
pub(crate) fn monday_of(date: Date) -> Date {
    let back = date.weekday().since(Weekday::Monday);
    date.checked_sub(Span::new().days(i64::from(back))).unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, datetime};

    #[test]
    fn a_skipped_hour_moves_forward_and_a_repeated_hour_is_the_earlier_one() {
        let zone = Zone::named("America/Chicago").unwrap();
        let skipped = zone.moment(datetime(2026, 3, 8, 2, 30, 0, 0)).unwrap();
        assert_eq!(skipped.to_string(), "2026-03-08T08:30:00Z");
        let doubled = zone.moment(datetime(2026, 11, 1, 1, 30, 0, 0)).unwrap();
        assert_eq!(doubled.to_string(), "2026-11-01T06:30:00Z");
    }

    #[test]
    fn a_day_without_midnight_starts_with_its_first_moment() {
        let zone = Zone::named("America/Santiago").unwrap();
        assert_eq!(zone.start_of(date(2026, 9, 6)).to_string(), "2026-09-06T04:00:00Z");
    }

    #[test]
    fn an_unknown_zone_is_rejected_with_an_example() {
        assert!(Zone::named("Chicago").unwrap_err().to_string().contains("America/Chicago"));
    }
}
