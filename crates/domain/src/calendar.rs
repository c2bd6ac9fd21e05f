//! Months, weeks and days as a calendar shows them, and on which days an appointment lies.
//!
//! A week begins on Monday, as ISO 8601 has it. A timed appointment lies on the days of the zone that it is looked at in; one of
//! bare days lies on the days that the CRM names, which no zone moves.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::{Span, Timestamp};

use crate::EpochMs;
use crate::zone::{Zone, monday_of};

/// The years that a calendar shows.
const FIRST_YEAR: i16 = 1900;
const LAST_YEAR: i16 = 2200;

/// How much of an account's calendar is read: so many days back and ahead of today, both days included.
pub const CALENDAR_READ_DAYS: (i64, i64) = (90, 180);

/// How much of a calendar is shown at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    Day,
    Week,
    Month,
}

/// A day, a week or a month that an address names: `2026-03-12`, `2026-W11`, `2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarDate {
    Day(Date),
    /// Its Monday.
    Week(Date),
    /// Its first day.
    Month(Date),
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no day, week or month from 1900 to 2200; write one like 2026-03-12, 2026-W11 or 2026-03")]
pub struct CalendarDateError(String);

impl FromStr for CalendarDate {
    type Err = CalendarDateError;

    fn from_str(text: &str) -> Result<Self, CalendarDateError> {
        let wrong = || CalendarDateError(text.chars().take(40).collect());
        let parts: Vec<&str> = text.split('-').collect();
        let digits = |text: &str, length: usize| -> Option<i16> {
            let right = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| right)
        };
        let small = |text: &str| digits(text, 2).and_then(|number| i8::try_from(number).ok());
        let year = digits(parts[0], 4).filter(|year| (FIRST_YEAR..=LAST_YEAR).contains(year)).ok_or_else(wrong)?;
        let found = match parts[1..] {
            [week] if week.starts_with('W') => small(&week[1..])
                .and_then(|week| ISOWeekDate::new(year, week, Weekday::Monday).ok())
                .map(|monday| Self::Week(monday.date())),
            [month] => small(month).and_then(|month| Date::new(year, month, 1).ok()).map(Self::Month),
            [month, day] => small(month).zip(small(day)).and_then(|(month, day)| Date::new(year, month, day).ok()).map(Self::Day),
            _ => None,
        };
        found.ok_or_else(wrong)
    }
}

impl CalendarDate {
    /// Its first day.
    pub fn first(self) -> Date {
        match self {
            Self::Day(day) | Self::Week(day) | Self::Month(day) => day,
        }
    }

    /// The leaf of one kind that holds it. Of a week or month, the day of today if it holds that, else its first.
    pub fn turned_to(self, leaf: Leaf, today: Date) -> Self {
        let day = match self {
            Self::Day(day) => day,
            shown if shown.days().0 <= today && today <= shown.days().1 => today,
            shown => shown.first(),
        };
        Self::of(leaf, day)
    }

    /// The leaf that holds a day.
    pub fn of(leaf: Leaf, day: Date) -> Self {
        match leaf {
            Leaf::Day => Self::Day(day),
            Leaf::Week => Self::Week(monday_of(day)),
            Leaf::Month => Self::Month(day.first_of_month()),
        }
    }

    /// Its first and its last day.
    pub fn days(self) -> (Date, Date) {
        match self {
            Self::Day(day) => (day, day),
            Self::Week(monday) => (monday, plus(monday, 6)),
            Self::Month(first) => (first, first.last_of_month()),
        }
    }

    pub fn next(self) -> Self {
        match self {
            Self::Day(day) => Self::Day(plus(day, 1)),
            Self::Week(monday) => Self::Week(plus(monday, 7)),
            Self::Month(first) => Self::Month(plus(first.last_of_month(), 1)),
        }
    }

    pub fn previous(self) -> Self {
        match self {
            Self::Day(day) => Self::Day(plus(day, -1)),
            Self::Week(monday) => Self::Week(plus(monday, -7)),
            Self::Month(first) => Self::Month(plus(first, -1).first_of_month()),
        }
    }

    /// The whole weeks that it is drawn in, Monday first.
    pub fn weeks(self) -> Vec<[Date; 7]> {
        let (first, last) = self.days();
        let mut weeks = Vec::with_capacity(6);
        let mut monday = monday_of(first);
        while monday <= last {
            weeks.push(std::array::from_fn(|at| plus(monday, i64::try_from(at).unwrap_or(0))));
            monday = plus(monday, 7);
        }
        weeks
    }
}

impl fmt::Display for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Week(monday) => {
                let week = monday.iso_week_date();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Self::Month(first) => write!(f, "{:04}-{:02}", first.year(), first.month()),
        }
    }
}

fn plus(day: Date, days: i64) -> Date {
    day.saturating_add(Span::new().days(days))
}

/// When an appointment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slotted {
    /// One without an end, or that would end before it starts, is over when it starts.
    Timed { starts: Timestamp, ends: Timestamp },
    /// Bare days, the last included.
    Days { first: Date, last: Date },
}

impl Slotted {
    /// `None`: it has no readable start. `source` is the zone of the CRM's times; both moments are milliseconds UTC.
    pub fn of(all_day: bool, starts_ms: Option<EpochMs>, ends_ms: Option<EpochMs>, source: &Zone) -> Option<Self> {
        let starts = starts_ms?.timestamp()?;
        let ends = ends_ms.and_then(EpochMs::timestamp).unwrap_or(starts).max(starts);
        Some(match all_day {
            true => Self::Days { first: source.date(starts), last: source.date(ends) },
            false => Self::Timed { starts, ends },
        })
    }

    pub fn is_all_day(self) -> bool {
        matches!(self, Self::Days { .. })
    }

    /// Its first and its last day. One that ends at midnight does not touch the day that begins then.
    pub fn days(self, zone: &Zone) -> (Date, Date) {
        match self {
            Self::Days { first, last } => (first, last),
            Self::Timed { starts, ends } if ends > starts => {
                let last_moment = ends.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(ends);
                (zone.date(starts), zone.date(last_moment))
            }
            Self::Timed { starts, .. } => (zone.date(starts), zone.date(starts)),
        }
    }

    pub fn touches(self, day: Date, zone: &Zone) -> bool {
        let (first, last) = self.days(zone);
        first <= day && day <= last
    }

    /// When it begins, in a zone.
    pub fn begins(self, zone: &Zone) -> Timestamp {
        match self {
            Self::Days { first, .. } => zone.start_of(first),
            Self::Timed { starts, .. } => starts,
        }
    }

    /// When it is over, in a zone: of bare days, when the last of them is.
    pub fn over(self, zone: &Zone) -> Timestamp {
        match self {
            Self::Days { last, .. } => zone.start_of(plus(last, 1)),
            Self::Timed { ends, .. } => ends,
        }
    }
}

/// How far off an appointment is, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nearness {
    /// It touches today, though it may be over already.
    Today,
    Tomorrow,
    /// Until Sunday.
    ThisWeek,
    Later,
    /// Its last day is before today.
    Past,
}

impl Nearness {
    pub const ALL: [Self; 5] = [Self::Today, Self::Tomorrow, Self::ThisWeek, Self::Later, Self::Past];

    pub fn of((first, last): (Date, Date), today: Date) -> Self {
        let sunday = plus(monday_of(today), 6);
        match () {
            () if last < today => Self::Past,
            () if first <= today => Self::Today,
            () if first == plus(today, 1) => Self::Tomorrow,
            () if first <= sunday => Self::ThisWeek,
            () => Self::Later,
        }
    }

    /// What a person is told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Tomorrow => "Tomorrow",
            Self::ThisWeek => "This week",
            Self::Later => "Later",
            Self::Past => "Past",
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap()
    }

    fn ms(text: &str) -> Option<EpochMs> {
        Some(text.parse::<Timestamp>().unwrap().into())
    }

    #[rstest]
    #[case::day("2026-03-12", CalendarDate::Day(date(2026, 3, 12)))]
    #[case::leap_day("2024-02-29", CalendarDate::Day(date(2024, 2, 29)))]
    #[case::month("2026-03", CalendarDate::Month(date(2026, 3, 1)))]
    #[case::week("2026-W11", CalendarDate::Week(date(2026, 3, 9)))]
    #[case::first_week_begins_in_the_year_before("2026-W01", CalendarDate::Week(date(2025, 12, 29)))]
    #[case::week_53("2026-W53", CalendarDate::Week(date(2026, 12, 28)))]
    fn an_address_names_a_day_a_week_or_a_month(#[case] text: &str, #[case] expected: CalendarDate) {
        let read: CalendarDate = text.parse().unwrap();
        assert_eq!((read, read.to_string().as_str()), (expected, text));
    }

    #[test]
    fn what_names_none_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-3",
            "2026-02-29",
            "2025-W53",
            "2026-W00",
            "2026-w11",
            "1899-12",
            "2201-01",
            "2026-03-12T10:30",
            "-2026-03",
            "2026-Wé",
            "２０２６-03",
            "2026-03-12-1",
        ] {
            assert!(text.parse::<CalendarDate>().is_err(), "{text}");
        }
    }

    #[rstest]
    #[case::six_weeks("2026-03", 6, date(2026, 2, 23), date(2026, 4, 5))]
    #[case::four_weeks("2027-02", 4, date(2027, 2, 1), date(2027, 2, 28))]
    #[case::five_weeks("2026-06", 5, date(2026, 6, 1), date(2026, 7, 5))]
    #[case::over_new_year("2025-12", 5, date(2025, 12, 1), date(2026, 1, 4))]
    #[case::a_week("2026-W11", 1, date(2026, 3, 9), date(2026, 3, 15))]
    fn a_leaf_is_drawn_in_whole_weeks(#[case] of: &str, #[case] rows: usize, #[case] first: Date, #[case] last: Date) {
        let weeks = of.parse::<CalendarDate>().unwrap().weeks();
        let days: Vec<Date> = weeks.iter().flatten().copied().collect();
        assert_eq!((weeks.len(), days[0], days[days.len() - 1]), (rows, first, last));
        assert!(days.windows(2).all(|pair| plus(pair[0], 1) == pair[1]));
        assert!(weeks.iter().all(|week| week[0].weekday() == Weekday::Monday));
    }

    #[rstest]
    #[case::month("2026-01", "2025-12", "2026-02")]
    #[case::day("2026-03-01", "2026-02-28", "2026-03-02")]
    #[case::week("2026-W01", "2025-W52", "2026-W02")]
    #[case::week_53("2026-W53", "2026-W52", "2027-W01")]
    fn one_turns_back_and_on(#[case] of: &str, #[case] back: &str, #[case] on: &str) {
        let of: CalendarDate = of.parse().unwrap();
        assert_eq!((of.previous().to_string(), of.next().to_string()), (back.to_owned(), on.to_owned()));
    }

    #[rstest]
    #[case::a_month_of_today_turns_to_todays_week("2026-03", Leaf::Week, "2026-W11")]
    #[case::another_to_its_first("2026-05", Leaf::Week, "2026-W18")]
    #[case::a_week_turns_to_the_month_of_its_monday("2026-W14", Leaf::Month, "2026-03")]
    #[case::a_day_keeps("2026-04-01", Leaf::Month, "2026-04")]
    fn another_leaf_shows_the_same_days(#[case] of: &str, #[case] leaf: Leaf, #[case] expected: &str) {
        let turned = of.parse::<CalendarDate>().unwrap().turned_to(leaf, date(2026, 3, 12));
        assert_eq!(turned.to_string(), expected);
    }

    #[rstest]
    #[case::an_hour("2026-03-12T15:30:00Z", Some("2026-03-12T16:30:00Z"), date(2026, 3, 12), date(2026, 3, 12))]
    #[case::without_an_end("2026-03-12T15:30:00Z", None, date(2026, 3, 12), date(2026, 3, 12))]
    #[case::ends_before_it_starts("2026-03-12T15:30:00Z", Some("2026-03-01T00:00:00Z"), date(2026, 3, 12), date(2026, 3, 12))]
    #[case::late_is_the_day_before_utcs(
        "2026-03-13T03:00:00Z",
        Some("2026-03-13T04:00:00Z"),
        date(2026, 3, 12),
        date(2026, 3, 12)
    )]
    #[case::across_midnight("2026-03-13T04:00:00Z", Some("2026-03-13T06:00:00Z"), date(2026, 3, 12), date(2026, 3, 13))]
    #[case::until_midnight("2026-03-13T04:00:00Z", Some("2026-03-13T05:00:00Z"), date(2026, 3, 12), date(2026, 3, 12))]
    #[case::three_days("2026-03-12T15:00:00Z", Some("2026-03-14T22:00:00Z"), date(2026, 3, 12), date(2026, 3, 14))]
    #[case::the_day_of_23_hours("2026-03-08T06:00:00Z", Some("2026-03-09T05:00:00Z"), date(2026, 3, 8), date(2026, 3, 8))]
    #[case::the_day_of_25_hours("2026-11-01T05:00:00Z", Some("2026-11-02T06:00:00Z"), date(2026, 11, 1), date(2026, 11, 1))]
    #[case::in_1900("1900-01-01T18:00:00Z", None, date(1900, 1, 1), date(1900, 1, 1))]
    #[case::in_2099("2099-12-31T18:00:00Z", Some("2100-01-01T18:00:00Z"), date(2099, 12, 31), date(2100, 1, 1))]
    fn a_timed_one_lies_on_the_zones_days(
        #[case] starts: &str,
        #[case] ends: Option<&str>,
        #[case] first: Date,
        #[case] last: Date,
    ) {
        let chicago = zone("America/Chicago");
        let slotted = Slotted::of(false, ms(starts), ends.and_then(ms), &zone("Asia/Tokyo")).unwrap();
        assert_eq!(slotted.days(&chicago), (first, last));
        assert!(slotted.over(&chicago) >= slotted.begins(&chicago));
    }

    #[test]
    fn bare_days_are_the_crms_whatever_the_zone() {
        // Midnight in Tokyo is the day before in Chicago.
        let (tokyo, chicago) = (zone("Asia/Tokyo"), zone("America/Chicago"));
        let starts = EpochMs::from(tokyo.start_of(date(2026, 3, 12)));
        let ends = EpochMs::from(tokyo.start_of(date(2026, 3, 13)));
        let one = Slotted::of(true, Some(starts), None, &tokyo).unwrap();
        assert_eq!(one.days(&chicago), (date(2026, 3, 12), date(2026, 3, 12)));
        assert_eq!(one.over(&chicago), chicago.start_of(date(2026, 3, 13)));
        let two = Slotted::of(true, Some(starts), Some(ends), &tokyo).unwrap();
        assert_eq!(two.days(&chicago), (date(2026, 3, 12), date(2026, 3, 13)));
        let backwards = Slotted::of(true, Some(ends), Some(starts), &tokyo).unwrap();
        assert_eq!(backwards.days(&chicago), (date(2026, 3, 13), date(2026, 3, 13)));
    }

    #[test]
    fn what_has_no_readable_start_is_nowhere() {
        assert_eq!(Slotted::of(false, None, ms("2026-03-12T15:30:00Z"), &Zone::utc()), None);
        assert_eq!(Slotted::of(false, Some(EpochMs::MAX), None, &Zone::utc()), None);
    }

    /// Thursday, March 12: the week ends on the 15th.
    #[rstest]
    #[case::yesterday(date(2026, 3, 11), date(2026, 3, 11), Nearness::Past)]
    #[case::today(date(2026, 3, 12), date(2026, 3, 12), Nearness::Today)]
    #[case::under_way(date(2026, 3, 10), date(2026, 3, 20), Nearness::Today)]
    #[case::tomorrow(date(2026, 3, 13), date(2026, 3, 14), Nearness::Tomorrow)]
    #[case::sunday(date(2026, 3, 15), date(2026, 3, 15), Nearness::ThisWeek)]
    #[case::monday(date(2026, 3, 16), date(2026, 3, 16), Nearness::Later)]
    #[case::long_ago(date(1900, 1, 1), date(1900, 1, 1), Nearness::Past)]
    #[case::far_off(date(2099, 1, 1), date(2099, 1, 1), Nearness::Later)]
    fn days_are_grouped_by_how_near_they_are(#[case] first: Date, #[case] last: Date, #[case] expected: Nearness) {
        assert_eq!(Nearness::of((first, last), date(2026, 3, 12)), expected);
    }

    #[test]
    fn on_a_sunday_tomorrow_is_next_weeks() {
        let sunday = date(2026, 3, 15);
        assert_eq!(Nearness::of((date(2026, 3, 16), date(2026, 3, 16)), sunday), Nearness::Tomorrow);
        assert_eq!(Nearness::of((date(2026, 3, 17), date(2026, 3, 17)), sunday), Nearness::Later);
    }
}
