//! Periods, resolved once: the only code that knows what "week to date" means.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, ISOWeekDate};
use jiff::{Span, Timestamp};

use crate::zone::monday_of;
use crate::{EpochMs, Zone};

/// Two instants, the second excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Window {
    pub fn from_ms(self) -> EpochMs {
        self.from.into()
    }

    pub fn until_ms(self) -> EpochMs {
        self.until.into()
    }

    pub fn holds(self, ms: EpochMs) -> bool {
        self.from_ms() <= ms && ms < self.until_ms()
    }
}

/// A stretch of time that people name, in the brand's zone. Its name in an address is [`fmt::Display`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// From Monday's first moment.
    WeekToDate,
    /// Today and the six days before.
    Last7Days,
    /// The last whole week, Monday to Sunday.
    LastWeek,
    MonthToDate,
    /// Today and the 29 days before.
    Last30Days,
    /// This week and the eleven before.
    Last12Weeks,
    /// Today and the 89 days before.
    Last90Days,
    QuarterToDate,
    YearToDate,
    /// From the day after this one a year ago.
    Last12Months,
    /// Both days included.
    Days {
        first: Date,
        last: Date,
    },
}

/// What a period is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compare {
    /// The stretch just before, cut at the same weekday and time, or at the same day of the month.
    #[default]
    Previous,
    /// The same stretch a year before; of weeks and days, 52 weeks, so that weekdays meet weekdays.
    YearBefore,
    Nothing,
}

/// A period as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolved {
    pub period: Period,
    pub first: Date,
    /// The last day that has begun.
    pub last: Date,
    /// As far as the data goes.
    pub window: Window,
    /// Whether the data ends before the last day does.
    pub open: bool,
}

/// How far back what a period is compared with lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stride {
    Days(i32),
    Months(i32),
}

impl Period {
    /// All that have a name of their own, as a menu shows them.
    pub const NAMED: [Self; 10] = [
        Self::WeekToDate,
        Self::Last7Days,
        Self::LastWeek,
        Self::MonthToDate,
        Self::Last30Days,
        Self::Last12Weeks,
        Self::Last90Days,
        Self::QuarterToDate,
        Self::YearToDate,
        Self::Last12Months,
    ];

    pub fn label(self) -> &'static str {
        match self {
            Self::WeekToDate => "Week to date",
            Self::Last7Days => "Last 7 days",
            Self::LastWeek => "Last week",
            Self::MonthToDate => "Month to date",
            Self::Last30Days => "Last 30 days",
            Self::Last12Weeks => "Last 12 weeks",
            Self::Last90Days => "Last 90 days",
            Self::QuarterToDate => "Quarter to date",
            Self::YearToDate => "Year to date",
            Self::Last12Months => "Last 12 months",
            Self::Days { .. } => "Custom",
        }
    }

    /// "this week": the words for it within a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::WeekToDate => "this week",
            Self::Last7Days => "in the last 7 days",
            Self::LastWeek => "last week",
            Self::MonthToDate => "this month",
            Self::Last30Days => "in the last 30 days",
            Self::Last12Weeks => "in the last 12 weeks",
            Self::Last90Days => "in the last 90 days",
            Self::QuarterToDate => "this quarter",
            Self::YearToDate => "this year",
            Self::Last12Months => "in the last 12 months",
            Self::Days { .. } => "in these days",
        }
    }

    /// Its first day, and the last that has begun by `today`; of days to come, the last lies before the first.
    pub fn days(self, today: Date) -> (Date, Date) {
        let ago = |days: i32| today.saturating_sub(Span::new().days(days));
        let monday = monday_of(today);
        match self {
            Self::WeekToDate => (monday, today),
            Self::Last7Days => (ago(6), today),
            Self::LastWeek => (monday.saturating_sub(Span::new().days(7)), monday.saturating_sub(Span::new().days(1))),
            Self::MonthToDate => (today.first_of_month(), today),
            Self::Last30Days => (ago(29), today),
            Self::Last12Weeks => (monday.saturating_sub(Span::new().days(77)), today),
            Self::Last90Days => (ago(89), today),
            Self::QuarterToDate => {
                let into = (today.month() - 1) % 3;
                (today.first_of_month().saturating_sub(Span::new().months(into)), today)
            }
            Self::YearToDate => (today.first_of_year(), today),
            Self::Last12Months => (today.saturating_sub(Span::new().months(12)).saturating_add(Span::new().days(1)), today),
            Self::Days { first, last } => (first, last.min(today)),
        }
    }

    /// The period as far as it is known: it ends at the earlier of `now` and `as_of`. `None` when it, or the data in it,
    /// has not begun.
    pub fn resolve(self, zone: &Zone, now: Timestamp, as_of: Timestamp) -> Option<Resolved> {
        let (first, last) = self.days(zone.date(now));
        let end = zone.start_of(last.saturating_add(Span::new().days(1)));
        let window = Window { from: zone.start_of(first), until: now.min(as_of).min(end) };
        let known = last >= first && window.until >= window.from;
        known.then_some(Resolved { period: self, first, last, window, open: window.until < end })
    }

    /// How far back `compare` looks from it.
    pub fn stride(self, compare: Compare) -> Option<Stride> {
        let by_calendar = matches!(self, Self::MonthToDate | Self::QuarterToDate | Self::YearToDate | Self::Last12Months);
        match compare {
            Compare::Nothing => None,
            Compare::YearBefore if by_calendar => Some(Stride::Months(12)),
            Compare::YearBefore => Some(Stride::Days(364)),
            Compare::Previous => Some(match self {
                Self::WeekToDate | Self::Last7Days | Self::LastWeek => Stride::Days(7),
                Self::Last30Days => Stride::Days(30),
                Self::Last12Weeks => Stride::Days(84),
                Self::Last90Days => Stride::Days(90),
                Self::MonthToDate => Stride::Months(1),
                Self::QuarterToDate => Stride::Months(3),
                Self::YearToDate | Self::Last12Months => Stride::Months(12),
                Self::Days { first, last } => Stride::Days(days_between(first, last) + 1),
            }),
        }
    }
}

fn days_between(first: Date, last: Date) -> i32 {
    first.until(last).map_or(0, |span| span.get_days())
}

impl Stride {
    /// The moment this far back, at the same local time.
    pub fn back(self, moment: Timestamp, zone: &Zone) -> Timestamp {
        let span = match self {
            Self::Days(days) => Span::new().days(days),
            Self::Months(months) => Span::new().months(months),
        };
        let local = zone.datetime(moment).checked_sub(span).unwrap_or(DateTime::MIN);
        zone.moment(local).unwrap_or(Timestamp::MIN)
    }

    pub fn window_back(self, window: Window, zone: &Zone) -> Window {
        Window { from: self.back(window.from, zone), until: self.back(window.until, zone) }
    }
}

impl Resolved {
    /// What it is compared with.
    pub fn before(&self, compare: Compare, zone: &Zone) -> Option<Window> {
        Some(self.period.stride(compare)?.window_back(self.window, zone))
    }

    pub fn days(&self) -> i32 {
        days_between(self.first, self.last) + 1
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::WeekToDate => "wtd",
            Self::Last7Days => "7d",
            Self::LastWeek => "last-week",
            Self::MonthToDate => "mtd",
            Self::Last30Days => "30d",
            Self::Last12Weeks => "12w",
            Self::Last90Days => "90d",
            Self::QuarterToDate => "qtd",
            Self::YearToDate => "ytd",
            Self::Last12Months => "12m",
            Self::Days { first, last } => return write!(f, "{first}..{last}"),
        };
        f.write_str(name)
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(named) = Self::NAMED.into_iter().find(|period| period.to_string() == text) {
            return Ok(named);
        }
        let days = text.split_once("..").and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
        match days {
            Some((first, last)) => Self::between(first, last),
            None => Err(format!(
                "`{text}` is no period; use wtd, 7d, last-week, mtd, 30d, 12w, 90d, qtd, ytd, 12m or days like 2026-03-01..2026-03-31"
            )),
        }
    }
}

/// Years that a person can mean; far from where calendars end.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;

impl Period {
    /// # Errors
    /// When the days stand the wrong way round, or in no year that a person would mean.
    pub fn between(first: Date, last: Date) -> Result<Self, String> {
        if first > last {
            return Err(format!("the period begins on {first} but ends before it, on {last}"));
        }
        if !YEARS.contains(&first.year()) || !YEARS.contains(&last.year()) {
            return Err(format!("the period {first}..{last} lies outside the years 1900 to 2200"));
        }
        Ok(Self::Days { first, last })
    }
}

// Buckets --------------------------------------------------------------------------------------------------------------

/// What a period is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    Day,
    /// Monday to Sunday.
    Week,
    Month,
}

/// One piece of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its first and last days, as far as they belong to the period.
    pub first: Date,
    pub last: Date,
    /// The part that is known of; `None` when the data is from before it began.
    pub window: Option<Window>,
    /// Whether more of it is to come: it, or the data in it, has not ended.
    pub open: bool,
    /// Whether a part of the day, week or month lies outside the period.
    pub cut: bool,
}

/// More pieces than this nobody can tell apart in a chart.
const MOST_SLOTS: i32 = 130;

impl Bucket {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    fn days(self) -> i32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
        }
    }

    /// Whether a period has no more pieces of this size than a chart can show.
    pub fn suits(self, period: &Resolved) -> bool {
        (period.days() + self.days() - 1) / self.days() <= MOST_SLOTS
    }

    /// The size that shows a period best.
    pub fn for_period(period: &Resolved) -> Self {
        match period.days() {
            ..=31 => Self::Day,
            32..=190 => Self::Week,
            _ => Self::Month,
        }
    }

    fn start(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => monday_of(day),
            Self::Month => day.first_of_month(),
        }
    }

    fn next(self, start: Date) -> Date {
        start.saturating_add(match self {
            Self::Day => Span::new().days(1),
            Self::Week => Span::new().days(7),
            Self::Month => Span::new().months(1),
        })
    }

    /// The pieces of a period, oldest first.
    pub fn slots(self, period: &Resolved, zone: &Zone) -> Vec<Slot> {
        let day = Span::new().days(1);
        let mut slots = Vec::new();
        let mut start = self.start(period.first);
        while start <= period.last {
            let next = self.next(start);
            let (first, last) = (start.max(period.first), next.saturating_sub(day).min(period.last));
            let (from, end) = (zone.start_of(first), zone.start_of(last.saturating_add(day)));
            let until = period.window.until.min(end);
            let open = until < end;
            slots.push(Slot {
                first,
                last,
                window: (until >= from).then_some(Window { from, until }),
                open,
                cut: start < first || (!open && last.saturating_add(day) < next),
            });
            start = next;
        }
        slots
    }
}

impl FromStr for Bucket {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|bucket| bucket.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is not known; use day, week or month"))
    }
}

// Weeks ----------------------------------------------------------------------------------------------------------------

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
    use jiff::civil::date;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap()
    }

    fn resolved(period: Period, zone: &Zone, now: &str) -> Resolved {
        period.resolve(zone, at(now), at(now)).unwrap()
    }

    #[test]
    fn on_monday_half_past_midnight_the_week_is_half_an_hour_old() {
        for (name, now) in [
            ("America/Chicago", "2026-03-09T05:30:00Z"),
            ("Asia/Kathmandu", "2026-03-08T18:45:00Z"),
            ("Pacific/Auckland", "2026-03-08T11:30:00Z"),
        ] {
            let window = resolved(Period::WeekToDate, &zone(name), now).window;
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
        let week = resolved(Period::WeekToDate, &zone, "2026-03-12T15:30:00Z"); // Thursday 10:30 CDT
        let before = week.before(Compare::Previous, &zone).unwrap();
        assert_eq!(before.from.to_string(), "2026-03-02T06:00:00Z"); // Monday 00:00 CST
        assert_eq!(before.until.to_string(), "2026-03-05T16:30:00Z"); // Thursday 10:30 CST
        let year = week.before(Compare::YearBefore, &zone).unwrap();
        assert_eq!(year.from.to_string(), "2025-03-10T05:00:00Z"); // a Monday too
    }

    #[test]
    fn data_from_before_a_period_began_has_no_window_in_it() {
        let zone = zone("America/Chicago");
        let (now, as_of) = (at("2026-03-10T12:00:00Z"), at("2026-03-08T12:00:00Z"));
        assert_eq!(Period::WeekToDate.resolve(&zone, now, as_of), None);
        let last_week = Period::LastWeek.resolve(&zone, now, as_of).unwrap();
        assert!(last_week.open, "its Sunday afternoon is not known");
        let next_month = Period::between(date(2026, 4, 1), date(2026, 4, 30)).unwrap();
        assert_eq!(next_month.resolve(&zone, now, now), None);
    }

    #[test]
    fn each_period_begins_and_ends_on_the_days_that_its_name_says() {
        let zone = zone("America/Chicago");
        // Wednesday, November 4, 2026.
        let days = |period: Period| {
            let resolved = resolved(period, &zone, "2026-11-04T18:00:00Z");
            (resolved.first.to_string(), resolved.last.to_string(), resolved.days())
        };
        let expected = [
            (Period::WeekToDate, "2026-11-02", "2026-11-04", 3),
            (Period::Last7Days, "2026-10-29", "2026-11-04", 7),
            (Period::LastWeek, "2026-10-26", "2026-11-01", 7),
            (Period::MonthToDate, "2026-11-01", "2026-11-04", 4),
            (Period::Last30Days, "2026-10-06", "2026-11-04", 30),
            (Period::Last12Weeks, "2026-08-17", "2026-11-04", 80),
            (Period::Last90Days, "2026-08-07", "2026-11-04", 90),
            (Period::QuarterToDate, "2026-10-01", "2026-11-04", 35),
            (Period::YearToDate, "2026-01-01", "2026-11-04", 308),
            (Period::Last12Months, "2025-11-05", "2026-11-04", 365),
        ];
        for (period, first, last, count) in expected {
            assert_eq!(days(period), (first.to_owned(), last.to_owned(), count), "{period}");
        }
    }

    #[test]
    fn a_year_that_just_began_is_compared_with_the_first_hours_of_the_one_before() {
        let zone = zone("America/Chicago");
        let year = resolved(Period::YearToDate, &zone, "2027-01-01T07:00:00Z"); // 01:00
        let before = year.before(Compare::Previous, &zone).unwrap();
        assert_eq!(
            (before.from.to_string(), before.until.to_string()),
            ("2026-01-01T06:00:00Z".into(), "2026-01-01T07:00:00Z".into())
        );
    }

    #[test]
    fn a_month_is_compared_with_the_same_days_of_a_shorter_one() {
        let zone = zone("UTC");
        let month = resolved(Period::MonthToDate, &zone, "2026-03-31T10:30:00Z");
        let before = month.before(Compare::Previous, &zone).unwrap();
        assert_eq!(before.until.to_string(), "2026-02-28T10:30:00Z");
    }

    #[test]
    fn periods_survive_their_address_and_nonsense_is_named() {
        let custom = Period::between(date(2026, 3, 1), date(2026, 3, 31)).unwrap();
        for period in Period::NAMED.into_iter().chain([custom]) {
            assert_eq!(period.to_string().parse(), Ok(period));
        }
        for bad in ["", "week", "2026-03-01", "2026-03-31..2026-03-01", "2026-02-30..2026-03-01", "0001-01-01..9999-12-31"] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_pieces_of_a_period_meet_each_other_and_its_ends() {
        let zone = zone("America/Chicago");
        for period in Period::NAMED {
            let whole = resolved(period, &zone, "2026-11-04T18:00:00Z");
            for bucket in Bucket::ALL {
                let slots = bucket.slots(&whole, &zone);
                let windows: Vec<Window> = slots.iter().map(|slot| slot.window.unwrap()).collect();
                assert_eq!(windows[0].from, whole.window.from, "{period} by {}", bucket.as_str());
                assert_eq!(windows.last().unwrap().until, whole.window.until, "{period} by {}", bucket.as_str());
                assert!(windows.windows(2).all(|two| two[0].until == two[1].from), "{period} by {}", bucket.as_str());
                let (last, before) = slots.split_last().unwrap();
                assert_eq!(last.open, period != Period::LastWeek);
                assert!(before.iter().all(|slot| !slot.open));
            }
        }
    }

    #[test]
    fn a_piece_that_the_period_cuts_says_so_and_one_without_data_has_no_window() {
        let zone = zone("UTC");
        let (now, as_of) = (at("2026-11-20T12:00:00Z"), at("2026-11-07T12:00:00Z"));
        let period = Period::between(date(2026, 11, 4), date(2026, 11, 18)).unwrap().resolve(&zone, now, as_of).unwrap();
        let slots = Bucket::Week.slots(&period, &zone);
        assert_eq!(slots.iter().map(|slot| slot.cut).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(slots.iter().map(|slot| slot.window.is_some()).collect::<Vec<_>>(), [true, false, false]);
        assert!(slots[0].open, "the data ends within it");
    }

    #[test]
    fn weeks_are_named_by_iso_across_the_year_end() {
        let weeks = weeks_ending_with(at("2027-01-05T12:00:00Z"), &zone("UTC"), 3);
        let names: Vec<String> = weeks.iter().map(|week| week.iso()).collect();
        assert_eq!(names, ["2026-W52", "2026-W53", "2027-W01"]);
        assert_eq!(weeks[0].window.until, weeks[1].window.from);
    }
}
