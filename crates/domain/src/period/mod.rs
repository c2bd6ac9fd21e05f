//! Reporting periods: the only code that knows what "week to date" means.

mod bucket;
#[cfg(test)]
mod tests;
mod week;

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::{Span, Timestamp};

pub use bucket::{Bucket, Slot};
pub use week::{Week, weeks_ending_with};

use crate::zone::monday_of;
use crate::{EpochMs, Zone};

/// A range of two instants, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Window {
    /// The start in milliseconds.
    pub fn from_ms(self) -> EpochMs {
        self.from.into()
    }

    /// The end, excluded, in milliseconds.
    pub fn until_ms(self) -> EpochMs {
        self.until.into()
    }

    /// Whether a moment is in the window.
    pub fn contains(self, ms: EpochMs) -> bool {
        self.from_ms() <= ms && ms < self.until_ms()
    }
}

/// A period in the brand's zone. [`fmt::Display`] is its name in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// From Monday's first moment.
    WeekToDate,
    /// Today and the six days before.
    Last7Days,
    /// The last complete week, Monday to Sunday.
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
    /// From the day after today's date a year ago.
    Last12Months,
    /// Both days included.
    Days {
        first: Date,
        last: Date,
    },
}

/// What a period is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compare {
    /// The period just before, cut at the same weekday and time, or at the same day of the month.
    #[default]
    Previous,
    /// The same period a year earlier. For weeks and days it is 52 weeks earlier, so that weekdays match.
    YearBefore,
    /// No comparison.
    Nothing,
}

/// A period resolved to dates and instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResolvedPeriod {
    pub period: Period,
    pub first: Date,
    /// The last day that has begun.
    pub last: Date,
    /// The part that has data.
    pub window: Window,
    /// Whether the data ends before the last day does.
    pub open: bool,
}

/// How far back the comparison period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lookback {
    Days(i32),
    Months(i32),
}

impl Period {
    /// All periods with a name of their own, in menu order.
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

    /// The name in a menu.
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

    /// The period within a sentence, such as "this week".
    pub fn phrase(self) -> &'static str {
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
            Self::Days { .. } => "in this period",
        }
    }

    /// The first day, and the last day that has begun by `today`. For a period in the future, the last is before the first.
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

    /// The period's part that has data: it ends at the earlier of `now` and `as_of`. `None` when the period, or the data in it,
    /// has not begun.
    pub fn resolve(self, zone: &Zone, now: Timestamp, as_of: Timestamp) -> Option<ResolvedPeriod> {
        let (first, last) = self.days(zone.date(now));
        let end = zone.start_of(last.saturating_add(Span::new().days(1)));
        let window = Window { from: zone.start_of(first), until: now.min(as_of).min(end) };
        let known = last >= first && window.until >= window.from;
        known.then_some(ResolvedPeriod { period: self, first, last, window, open: window.until < end })
    }

    /// How far back the period is that `compare` selects; `None` without a comparison.
    pub fn lookback(self, compare: Compare) -> Option<Lookback> {
        let by_calendar = matches!(self, Self::MonthToDate | Self::QuarterToDate | Self::YearToDate | Self::Last12Months);
        match compare {
            Compare::Nothing => None,
            Compare::YearBefore if by_calendar => Some(Lookback::Months(12)),
            Compare::YearBefore => Some(Lookback::Days(364)),
            Compare::Previous => Some(match self {
                Self::WeekToDate | Self::Last7Days | Self::LastWeek => Lookback::Days(7),
                Self::Last30Days => Lookback::Days(30),
                Self::Last12Weeks => Lookback::Days(84),
                Self::Last90Days => Lookback::Days(90),
                Self::MonthToDate => Lookback::Months(1),
                Self::QuarterToDate => Lookback::Months(3),
                Self::YearToDate | Self::Last12Months => Lookback::Months(12),
                Self::Days { first, last } => Lookback::Days(days_between(first, last) + 1),
            }),
        }
    }
}

/// Days from one date to another.
fn days_between(first: Date, last: Date) -> i32 {
    first.until(last).map_or(0, |span| span.get_days())
}

impl Lookback {
    /// The moment this far back, at the same local time.
    pub fn back(self, moment: Timestamp, zone: &Zone) -> Timestamp {
        let span = match self {
            Self::Days(days) => Span::new().days(days),
            Self::Months(months) => Span::new().months(months),
        };
        let local = zone.datetime(moment).checked_sub(span).unwrap_or(DateTime::MIN);
        zone.moment(local).unwrap_or(Timestamp::MIN)
    }

    /// Both ends of a window moved back.
    pub fn window_back(self, window: Window, zone: &Zone) -> Window {
        Window { from: self.back(window.from, zone), until: self.back(window.until, zone) }
    }
}

impl ResolvedPeriod {
    /// The comparison period's window; `None` without a comparison.
    pub fn before(&self, compare: Compare, zone: &Zone) -> Option<Window> {
        Some(self.period.lookback(compare)?.window_back(self.window, zone))
    }

    /// The number of days, first and last included.
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
                "`{text}` is not a period; use wtd, 7d, last-week, mtd, 30d, 12w, 90d, qtd, ytd, 12m, or a range of days like \
                 2026-03-01..2026-03-31"
            )),
        }
    }
}

/// The years that custom periods can be in.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;

impl Period {
    /// A custom period, both days included.
    ///
    /// # Errors
    /// When the last day is before the first, or a year is out of range.
    pub fn between(first: Date, last: Date) -> Result<Self, String> {
        if first > last {
            return Err(format!("the period starts on {first} but ends before that, on {last}"));
        }
        if !YEARS.contains(&first.year()) || !YEARS.contains(&last.year()) {
            return Err(format!("the period {first}..{last} is outside the years 1900 to 2200"));
        }
        Ok(Self::Days { first, last })
    }
}
