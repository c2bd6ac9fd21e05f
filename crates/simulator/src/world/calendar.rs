//! An account's local time: its zone, its working hours, and how the CRM writes a time.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use crate::dice::Dice;

/// In milliseconds.
pub(crate) const MINUTE: i64 = 60_000;
/// In milliseconds.
pub(crate) const DAY: i64 = 86_400_000;

/// How the CRM writes a missing date and time.
pub(crate) const ZERO_DATE: &str = "0000-00-00 00:00:00";

/// Converts between instants (milliseconds UTC) and an account's local time.
pub(crate) struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    /// A calendar for a time zone.
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// Local time as `YYYY-MM-DD HH:MM:SS`, without the zone.
    pub(crate) fn local(&self, ms: i64) -> String {
        let at = self.datetime(ms);
        let mut text = String::with_capacity(19);
        let _ = write!(text, "{:04}-{:02}-{:02} ", at.year(), at.month(), at.day());
        let _ = write!(text, "{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
        text
    }

    /// The local date at an instant.
    pub(crate) fn date(&self, ms: i64) -> Date {
        self.datetime(ms).date()
    }

    /// The instant of a local date and time. A skipped time moves forward; a repeated time means the earlier instant.
    pub(crate) fn instant(&self, local: DateTime) -> i64 {
        self.zone.to_timestamp(local).map_or(0, |at| at.as_millisecond())
    }

    /// The instant at which a local date begins.
    pub(crate) fn midnight(&self, date: Date) -> i64 {
        self.instant(date.to_datetime(Time::midnight()))
    }

    /// Parses a bound of a query: a date, or a date and time. A date as the upper bound includes its whole day.
    pub(crate) fn parse_bound(&self, text: &str, upper: bool) -> Option<i64> {
        let text = text.trim();
        if let Ok(date) = text.parse::<Date>()
            && text.len() == 10
        {
            let date = if upper { date.tomorrow().ok()? } else { date };
            return Some(self.midnight(date) - i64::from(upper));
        }
        text.parse::<DateTime>().ok().map(|local| self.instant(local))
    }

    /// An instant in working hours about `days` days after `after`, and never before it.
    pub(crate) fn working_time(&self, after: i64, days: f64, dice: &mut Dice) -> i64 {
        let date = next_workday(self.date(after + (days * DAY as f64) as i64));
        let at = self.at_minute(date, dice.between(8 * 60 + 30, 17 * 60 + 45)) + dice.between(0, 59) * 1000;
        if at > after { at } else { after + dice.between(9, 95) * MINUTE }
    }

    /// The start of an appointment: on the half hour of a working day, at least an hour after `after`.
    pub(crate) fn appointment_start(&self, after: i64, days: f64, dice: &mut Dice) -> i64 {
        let half_hour = dice.between(18, 32) * 30;
        let mut date = next_workday(self.date(after + (days * DAY as f64) as i64));
        while self.at_minute(date, half_hour) < after + 60 * MINUTE {
            date = next_workday(date.tomorrow().unwrap_or(date));
        }
        self.at_minute(date, half_hour)
    }

    /// The instant at which a local clock shows `minutes` past midnight on `date`.
    fn at_minute(&self, date: Date, minutes: i64) -> i64 {
        let time = Time::new((minutes / 60) as i8, (minutes % 60) as i8, 0, 0).unwrap_or(Time::midnight());
        self.instant(date.to_datetime(time))
    }

    fn datetime(&self, ms: i64) -> DateTime {
        self.zone.to_datetime(Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

/// The date itself, or the Monday after it.
fn next_workday(date: Date) -> Date {
    let ahead = match date.weekday() {
        Weekday::Saturday => 2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    date.checked_add(jiff::Span::new().days(ahead)).unwrap_or(date)
}

/// A day's leads relative to the average day's.
pub(crate) fn lead_share(date: Date) -> f64 {
    match date.weekday() {
        Weekday::Monday => 1.30,
        Weekday::Tuesday => 1.36,
        Weekday::Wednesday => 1.24,
        Weekday::Thursday => 1.14,
        Weekday::Friday => 0.96,
        Weekday::Saturday => 0.52,
        Weekday::Sunday => 0.48,
    }
}

/// When in the day a lead arrives, in seconds since midnight: mostly in office hours, rarely at night.
pub(crate) fn lead_second(dice: &mut Dice) -> i64 {
    const HOURS: [f64; 24] =
        [0.3, 0.2, 0.1, 0.1, 0.1, 0.3, 0.9, 2.0, 4.5, 7.0, 8.0, 8.0, 7.5, 7.5, 7.5, 7.0, 6.5, 5.5, 4.5, 4.5, 4.8, 4.2, 2.5, 1.0];
    dice.weighted(HOURS.into_iter()) as i64 * 3600 + dice.between(0, 3599)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chicago() -> Calendar {
        Calendar::new(TimeZone::get("America/Chicago").unwrap())
    }

    #[test]
    fn an_instant_is_written_in_the_accounts_local_time() {
        let noon: Timestamp = "2026-03-09T17:00:00Z".parse().unwrap();
        assert_eq!(chicago().local(noon.as_millisecond()), "2026-03-09 12:00:00");
    }

    #[test]
    fn work_skips_weekends_and_never_goes_back_in_time() {
        let calendar = chicago();
        let friday = calendar.parse_bound("2026-03-06 17:50:00", false).unwrap();
        for number in 0..200 {
            let mut dice = Dice::of(&[number]);
            let at = calendar.working_time(friday, 1.0, &mut dice);
            assert!(at > friday && calendar.date(at).weekday() == Weekday::Monday);
            assert!(calendar.appointment_start(friday, 0.0, &mut dice) > friday);
        }
    }

    #[test]
    fn a_date_as_the_upper_bound_includes_its_whole_day() {
        let calendar = chicago();
        let end = calendar.parse_bound("2026-03-06", true).unwrap();
        assert_eq!(calendar.local(end), "2026-03-06 23:59:59");
        assert_eq!(calendar.parse_bound("next week", true), None);
    }
}
