//! The slots that a chart divides a period into.

use std::str::FromStr;

use jiff::Span;
use jiff::civil::Date;

use super::{ResolvedPeriod, Window};
use crate::Zone;
use crate::zone::monday_of;
/// The size of a period's slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    Day,
    /// Monday to Sunday.
    Week,
    Month,
}

/// One slot of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The first and last day, limited to the period.
    pub first: Date,
    pub last: Date,
    /// The part that has data; `None` when the data ends before the slot begins.
    pub window: Option<Window>,
    /// Whether it is in progress: it, or the data in it, has not ended.
    pub open: bool,
    /// Whether part of the day, week, or month is outside the period.
    pub cut: bool,
}

/// The most slots that a chart can show legibly.
const MOST_SLOTS: i32 = 130;

impl Bucket {
    /// Every size, smallest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The name in a URL.
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

    /// Whether a chart can show a period in slots of this size.
    pub fn fits(self, period: &ResolvedPeriod) -> bool {
        (period.days() + self.days() - 1) / self.days() <= MOST_SLOTS
    }

    /// The size that suits a period best.
    pub fn for_period(period: &ResolvedPeriod) -> Self {
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

    /// The slots of a period, oldest first.
    pub fn slots(self, period: &ResolvedPeriod, zone: &Zone) -> Vec<Slot> {
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
        known.ok_or_else(|| format!("`{text}` is not a chart interval; use day, week, or month"))
    }
}
