//! Periods, resolved once: the only code that knows what "week to date" means.

use jiff::civil::{Date, ISOWeekDate};
use jiff::{Span, Timestamp};

use crate::Zone;
use crate::zone::monday_of;

/// Two instants, the second excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Window {
    pub fn from_ms(self) -> i64 {
        self.from.as_millisecond()
    }

    pub fn until_ms(self) -> i64 {
        self.until.as_millisecond()
    }
}

/// A stretch of time that people name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// From Monday's first moment in the brand's zone.
    WeekToDate,
}

impl Period {
    pub fn label(self) -> &'static str {
        match self {
            Self::WeekToDate => "Week to date",
        }
    }

    /// The window of the period: it ends at the earlier of `now` and `as_of`. `None` when the data is from before it began.
    pub fn resolve(self, zone: &Zone, now: Timestamp, as_of: Timestamp) -> Option<Window> {
        let today = zone.date(now);
        let first = match self {
            Self::WeekToDate => monday_of(today),
        };
        let window = Window { from: zone.start_of(first), until: now.min(as_of) };
        (window.until >= window.from).then_some(window)
    }

    /// The same stretch a week earlier, cut at the same weekday and local time.
    pub fn previous(window: Window, zone: &Zone) -> Window {
        let week = Span::new().days(7);
        let back = |moment: Timestamp| {
            let local = zone.datetime(moment).checked_sub(week).unwrap_or(jiff::civil::DateTime::MIN);
            zone.moment(local).unwrap_or(moment)
        };
        Window { from: back(window.from), until: back(window.until) }
    }
}

/// An ISO week in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    pub monday: Date,
    /// The whole week, whatever is known of it.
    pub window: Window,
}

impl Week {
    pub fn containing(moment: Timestamp, zone: &Zone) -> Self {
        Self::starting(monday_of(zone.date(moment)), zone)
    }

    fn starting(monday: Date, zone: &Zone) -> Self {
        let next = monday.checked_add(Span::new().days(7)).unwrap_or(Date::MAX);
        Self { monday, window: Window { from: zone.start_of(monday), until: zone.start_of(next) } }
    }

    /// `2026-W47`.
    pub fn iso(self) -> String {
        let iso: ISOWeekDate = self.monday.iso_week_date();
        format!("{:04}-W{:02}", iso.year(), iso.week())
    }
}

/// `count` weeks, oldest first; the last is the one that `now` stands in.
pub fn weeks_ending_with(now: Timestamp, zone: &Zone, count: usize) -> Vec<Week> {
    let current = monday_of(zone.date(now));
    (0..count)
        .rev()
        .map(|back| {
            let days = 7 * i64::try_from(back).unwrap_or(0);
            Week::starting(current.checked_sub(Span::new().days(days)).unwrap_or(Date::MIN), zone)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap()
    }

    #[test]
    fn on_monday_half_past_midnight_the_week_is_half_an_hour_old() {
        for (name, now) in [
            ("America/Chicago", "2026-03-09T05:30:00Z"),
            ("Asia/Kathmandu", "2026-03-08T18:45:00Z"),
            ("Pacific/Auckland", "2026-03-08T11:30:00Z"),
        ] {
            let window = Period::WeekToDate.resolve(&zone(name), at(now), at(now)).unwrap();
            assert_eq!(window.until.duration_since(window.from).as_mins(), 30, "{name}");
        }
    }

    #[test]
    fn the_weeks_in_which_clocks_change_are_an_hour_short_and_an_hour_long() {
        let zone = zone("America/Chicago");
        let hours = |now| {
            let week = Week::containing(at(now), &zone).window;
            week.until.duration_since(week.from).as_hours()
        };
        assert_eq!(hours("2026-03-05T12:00:00Z"), 7 * 24 - 1);
        assert_eq!(hours("2026-10-28T12:00:00Z"), 7 * 24 + 1);
    }

    #[test]
    fn the_previous_week_is_cut_at_the_same_local_time_across_a_clock_change() {
        let zone = zone("America/Chicago");
        let now = at("2026-03-12T15:30:00Z"); // Thursday 10:30 CDT
        let window = Period::WeekToDate.resolve(&zone, now, now).unwrap();
        let before = Period::previous(window, &zone);
        assert_eq!(before.from.to_string(), "2026-03-02T06:00:00Z"); // Monday 00:00 CST
        assert_eq!(before.until.to_string(), "2026-03-05T16:30:00Z"); // Thursday 10:30 CST
    }

    #[test]
    fn data_from_before_the_week_began_has_no_window_in_it() {
        let zone = zone("America/Chicago");
        assert_eq!(Period::WeekToDate.resolve(&zone, at("2026-03-10T12:00:00Z"), at("2026-03-08T12:00:00Z")), None);
    }

    #[test]
    fn weeks_are_named_by_iso_across_the_year_end() {
        let weeks = weeks_ending_with(at("2027-01-05T12:00:00Z"), &zone("UTC"), 3);
        let names: Vec<String> = weeks.iter().map(|week| week.iso()).collect();
        assert_eq!(names, ["2026-W52", "2026-W53", "2027-W01"]);
        assert_eq!(weeks[0].window.until, weeks[1].window.from);
    }
}
