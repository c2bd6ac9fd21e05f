//! Days, weeks, and months of a calendar.
//!
//! A week begins on Monday, as in ISO 8601.

use std::fmt;
use std::str::FromStr;

use jiff::Span;
use jiff::civil::{Date, ISOWeekDate, Weekday};

use crate::zone::monday_of;

/// The years that a calendar shows.
const FIRST_YEAR: i16 = 1900;
const LAST_YEAR: i16 = 2200;

/// How much of an account's calendar is read: days back and ahead of today, both included.
pub const CALENDAR_READ_DAYS: (i64, i64) = (90, 180);
/// The range that a calendar shows at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarView {
    Day,
    Week,
    Month,
}

/// A day, week, or month, as in a URL: `2026-03-12`, `2026-W11`, `2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarDate {
    Day(Date),
    /// By its Monday.
    Week(Date),
    /// By its first day.
    Month(Date),
}

/// A text that is not a calendar date.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a day, week, or month from 1900 to 2200. Use a format like 2026-03-12, 2026-W11, or 2026-03.")]
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
    /// The first day.
    pub fn first(self) -> Date {
        match self {
            Self::Day(day) | Self::Week(day) | Self::Month(day) => day,
        }
    }

    /// The range of another kind that contains it. For a week or month, the one with today if it contains today, or else with
    /// its first day.
    pub fn in_view(self, view: CalendarView, today: Date) -> Self {
        let day = match self {
            Self::Day(day) => day,
            shown if shown.days().0 <= today && today <= shown.days().1 => today,
            shown => shown.first(),
        };
        Self::of(view, day)
    }

    /// The range of a kind that contains a day.
    pub fn of(view: CalendarView, day: Date) -> Self {
        match view {
            CalendarView::Day => Self::Day(day),
            CalendarView::Week => Self::Week(monday_of(day)),
            CalendarView::Month => Self::Month(day.first_of_month()),
        }
    }

    /// The first and last day.
    pub fn days(self) -> (Date, Date) {
        match self {
            Self::Day(day) => (day, day),
            Self::Week(monday) => (monday, plus(monday, 6)),
            Self::Month(first) => (first, first.last_of_month()),
        }
    }

    /// The following range of the same kind.
    pub fn next(self) -> Self {
        match self {
            Self::Day(day) => Self::Day(plus(day, 1)),
            Self::Week(monday) => Self::Week(plus(monday, 7)),
            Self::Month(first) => Self::Month(plus(first.last_of_month(), 1)),
        }
    }

    /// The preceding range of the same kind.
    pub fn previous(self) -> Self {
        match self {
            Self::Day(day) => Self::Day(plus(day, -1)),
            Self::Week(monday) => Self::Week(plus(monday, -7)),
            Self::Month(first) => Self::Month(plus(first, -1).first_of_month()),
        }
    }

    /// The complete weeks that contain it, as a calendar draws them.
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

/// A day plus a number of days.
pub(crate) fn plus(day: Date, days: i64) -> Date {
    day.saturating_add(Span::new().days(days))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::day("2026-03-12", CalendarDate::Day(date(2026, 3, 12)))]
    #[case::leap_day("2024-02-29", CalendarDate::Day(date(2024, 2, 29)))]
    #[case::month("2026-03", CalendarDate::Month(date(2026, 3, 1)))]
    #[case::week("2026-W11", CalendarDate::Week(date(2026, 3, 9)))]
    #[case::the_first_week_begins_in_the_previous_year("2026-W01", CalendarDate::Week(date(2025, 12, 29)))]
    #[case::week_53("2026-W53", CalendarDate::Week(date(2026, 12, 28)))]
    fn a_url_names_a_day_week_or_month(#[case] text: &str, #[case] expected: CalendarDate) {
        let read: CalendarDate = text.parse().unwrap();
        assert_eq!((read, read.to_string().as_str()), (expected, text));
    }

    #[test]
    fn any_other_text_is_rejected() {
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
    fn a_range_is_drawn_in_complete_weeks(#[case] of: &str, #[case] rows: usize, #[case] first: Date, #[case] last: Date) {
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
    fn the_ranges_before_and_after_are_of_the_same_kind(#[case] of: &str, #[case] back: &str, #[case] on: &str) {
        let of: CalendarDate = of.parse().unwrap();
        assert_eq!((of.previous().to_string(), of.next().to_string()), (back.to_owned(), on.to_owned()));
    }

    #[rstest]
    #[case::a_month_with_today_switches_to_todays_week("2026-03", CalendarView::Week, "2026-W11")]
    #[case::any_other_month_switches_to_its_first_week("2026-05", CalendarView::Week, "2026-W18")]
    #[case::a_week_switches_to_the_month_of_its_monday("2026-W14", CalendarView::Month, "2026-03")]
    #[case::a_day_stays_in_its_month("2026-04-01", CalendarView::Month, "2026-04")]
    fn switching_the_view_keeps_the_same_days(#[case] of: &str, #[case] view: CalendarView, #[case] expected: &str) {
        let turned = of.parse::<CalendarDate>().unwrap().in_view(view, date(2026, 3, 12));
        assert_eq!(turned.to_string(), expected);
    }
}
