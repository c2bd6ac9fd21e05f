//! What points, next steps and touches are called, for page, CSV and API.

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_domain::{DAY, EpochMs, MedianComparison, Money, Odds, Points, ScoreFactor, Zone};
use tetherboard_metrics::{FddClock, HotListItem, NextStep};
use tetherboard_store::tenants::Tenant;

use super::format::counted;
use super::stages::shown;
use super::time;

/// As of when the list is told, and where.
#[derive(Clone, Copy)]
pub(crate) struct HotListFormat<'a> {
    pub(crate) as_of: Timestamp,
    pub(crate) tenant: &'a Tenant,
    /// The local date of that moment.
    today: Date,
}

impl<'a> HotListFormat<'a> {
    pub(crate) fn of(as_of: Timestamp, tenant: &'a Tenant) -> Self {
        Self { as_of, tenant, today: tenant.zone.date(as_of) }
    }

    fn zone(&self) -> &Zone {
        &self.tenant.zone
    }

    /// `3 days ago`, `7 days and 2 h ago`: to the hour, since points are counted so.
    fn ago(&self, ms: EpochMs) -> String {
        format!("{} ago", stretch(EpochMs::from(self.as_of) - ms))
    }

    fn days_since(&self, ms: EpochMs) -> i64 {
        let day = ms.timestamp().map_or(Date::MIN, |moment| self.zone().date(moment));
        i64::from((self.today - day).get_days())
    }

    /// `yesterday`, `2 d ago`: for a column.
    pub(crate) fn touch(&self, item: &HotListItem) -> String {
        match item.last_touch_ms {
            Some(ms) => match self.days_since(ms) {
                ..=0 => "today".to_owned(),
                1 => "yesterday".to_owned(),
                // Whole days, as the points' words count them.
                _ => format!("{} d ago", ((EpochMs::from(self.as_of) - ms) / DAY).max(2)),
            },
            None if item.notes_known_ms.is_some() => "none".to_owned(),
            None => "not read".to_owned(),
        }
    }

    fn day_name(&self, day: Date) -> String {
        match (day - self.today).get_days() {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            _ => time::day_of_year(day, self.today),
        }
    }

    fn short(&self, day: Date) -> String {
        time::short_day_of_year(day, self.today)
    }

    /// `Signing call, Sat Mar 14, 10:00 AM`.
    pub(crate) fn next_step(&self, next: &NextStep) -> String {
        match next {
            NextStep::Outcome { title, starts_ms } => {
                let title = Some(cut(title)).filter(|title| !title.is_empty()).unwrap_or_else(|| "Appointment".to_owned());
                let day = starts_ms.timestamp().map(|at| format!(" on {}", time::day(self.zone().date(at))));
                format!("{title}{} has no outcome", day.unwrap_or_default())
            }
            NextStep::CloseDatePassed { day } => format!("Close date {} has passed", self.short(*day)),
            NextStep::Appointment { title, starts_ms, all_day } => {
                let Some(starts) = starts_ms.timestamp() else { return cut(title) };
                match all_day {
                    // The day is the one that the CRM names.
                    true => format!("{}, {}", cut(title), self.day_name(self.tenant.source_time().0.date(starts))),
                    false => {
                        let local = starts.to_zoned(self.zone().tz().clone());
                        format!("{}, {}, {}", cut(title), self.day_name(local.date()), local.strftime("%-I:%M %p"))
                    }
                }
            }
            NextStep::Signing { day } => format!("Earliest signing {}", self.short(*day)),
            NextStep::NothingBooked => "Nothing booked".to_owned(),
            NextStep::NotKnown => "Calendar not read yet".to_owned(),
        }
    }

    /// `moved forward 3 days ago`.
    pub(crate) fn why(&self, points: &Points, item: &HotListItem) -> String {
        match points.factor {
            ScoreFactor::Stage { odds } => match odds.and_then(Odds::from_hundredths) {
                Some(odds) => format!("{}, odds {odds}", shown(item.stage.as_deref())),
                None => format!("{}, odds not known", shown(item.stage.as_deref())),
            },
            ScoreFactor::Momentum { last_move: None } => "no move seen".to_owned(),
            ScoreFactor::Momentum { last_move: Some(moved) } => {
                format!("moved {} {}", if moved.forward { "forward" } else { "back" }, self.ago(moved.at_ms))
            }
            ScoreFactor::Touch { last_ms: Some(ms), .. } => self.ago(ms),
            ScoreFactor::Touch { silent_since_ms: Some(_), .. } => "nobody has touched them".to_owned(),
            ScoreFactor::Touch { .. } if item.notes_known_ms.is_some() => "none known".to_owned(),
            ScoreFactor::Touch { .. } => "notes not read".to_owned(),
            ScoreFactor::Appointment { next_ms: None } => match item.next {
                NextStep::NotKnown => "calendar not read yet".to_owned(),
                _ => "nothing booked".to_owned(),
            },
            ScoreFactor::Appointment { next_ms: Some(ms) } if ms <= self.as_of.into() => "under way".to_owned(),
            ScoreFactor::Appointment { next_ms: Some(ms) } => format!("in {}", stretch(ms - EpochMs::from(self.as_of))),
            ScoreFactor::Fee { cents: None, .. } => "not known".to_owned(),
            ScoreFactor::Fee { cents: Some(cents), against_median } => {
                let against = match against_median {
                    Some(MedianComparison::Twice) => "twice the median or more",
                    Some(MedianComparison::AtLeast) => "the median or more",
                    Some(MedianComparison::Below) => "below the median",
                    None => "too few are known to compare",
                };
                format!("{}, {against}", Money(cents).short())
            }
            ScoreFactor::CloseDate { day: None } => "not known".to_owned(),
            ScoreFactor::CloseDate { day: Some(day) } => match i64::from((day - self.today).get_days()) {
                ..0 => format!("{} has passed", self.short(day)),
                0 => "today".to_owned(),
                days => format!("in {}", counted(days, "day", "days")),
            },
        }
    }

    /// `Day 0 Mar 3, earliest signing Mar 18`.
    pub(crate) fn clock(&self, clock: FddClock) -> String {
        let signing = self.short(clock.earliest_signing());
        match clock {
            FddClock::Since(day) => format!("Day 0 was {}; earliest signing {signing}", self.short(day)),
            FddClock::Before(day) => format!("Started before {}; earliest signing {signing} at the latest", self.short(day)),
        }
    }
}

/// `under an hour`, `5 h`, `3 days`, `7 days and 2 h`; of what is long ago, whole days.
fn stretch(ms: i64) -> String {
    let (days, hours) = (ms.max(0) / DAY, ms.max(0) % DAY / 3_600_000);
    let told = counted(days, "day", "days");
    match (days, hours) {
        (0, 0) => "under an hour".to_owned(),
        (0, hours) => format!("{hours} h"),
        (..=30, 1..) => format!("{told} and {hours} h"),
        _ => told,
    }
}

/// What a part is called where there is little room.
pub(crate) fn in_short(why: &ScoreFactor) -> &'static str {
    match why {
        ScoreFactor::Stage { .. } => "stage",
        ScoreFactor::Momentum { .. } => "move",
        ScoreFactor::Touch { .. } => "touch",
        ScoreFactor::Appointment { .. } => "booked",
        ScoreFactor::Fee { .. } => "fee",
        ScoreFactor::CloseDate { .. } => "close date",
    }
}

/// `+15`, `−10`, `0`.
pub(crate) fn signed(points: i64) -> String {
    match points {
        1.. => format!("+{points}"),
        0 => "0".to_owned(),
        _ => format!("−{}", -points),
    }
}

/// A text of the CRM within a line.
fn cut(text: &str) -> String {
    text.trim().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_told_to_the_hour_while_points_depend_on_it() {
        let told = |days: i64, hours: i64| stretch(days * DAY + hours * 3_600_000 + 1);
        assert_eq!([told(0, 0), told(0, 5), told(1, 0), told(3, 0)], ["under an hour", "5 h", "1 day", "3 days"]);
        assert_eq!([told(7, 2), told(30, 23), told(31, 5)], ["7 days and 2 h", "30 days and 23 h", "31 days"]);
        assert_eq!([signed(15), signed(0), signed(-10)], ["+15", "0", "−10"]);
    }
}
