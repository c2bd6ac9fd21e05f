//! ISO weeks in a zone.

use jiff::civil::{Date, ISOWeekDate};
use jiff::{Span, Timestamp};

use super::Window;
use crate::Zone;
use crate::zone::monday_of;
/// An ISO week in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    pub monday: Date,
    /// The whole week, including the part without data.
    pub window: Window,
}

impl Week {
    /// The week of a moment.
    pub fn containing(moment: Timestamp, zone: &Zone) -> Self {
        Self::starting(monday_of(zone.date(moment)), zone)
    }

    fn starting(monday: Date, zone: &Zone) -> Self {
        let next = monday.checked_add(Span::new().days(7)).unwrap_or(Date::MAX);
        Self { monday, window: Window { from: zone.start_of(monday), until: zone.start_of(next) } }
    }

    /// The ISO name: `2026-W47`.
    pub fn iso(self) -> String {
        let iso: ISOWeekDate = self.monday.iso_week_date();
        format!("{:04}-W{:02}", iso.year(), iso.week())
    }
}

/// `count` weeks, oldest first; the last is the week of `now`.
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
