//! Points, next steps, and touches as text, for the page, its CSV, and the API.

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_domain::{DAY, EpochMs, MedianComparison, Money, Odds, Points, ScoreFactor, Zone};
use tetherboard_metrics::{FddClock, HotListItem, NextStep};
use tetherboard_store::tenants::Tenant;

use super::format::counted;
use super::stages::stage_name;
use super::time;

/// The moment and the brand whose hot list is shown.
#[derive(Clone, Copy)]
pub(crate) struct HotListFormat<'a> {
    pub(crate) as_of: Timestamp,
    pub(crate) tenant: &'a Tenant,
    /// The local date of `as_of`.
    today: Date,
}

impl<'a> HotListFormat<'a> {
    /// The format of a list as of a moment.
    pub(crate) fn of(as_of: Timestamp, tenant: &'a Tenant) -> Self {
        Self { as_of, tenant, today: tenant.zone.date(as_of) }
    }

    fn zone(&self) -> &Zone {
        &self.tenant.zone
    }

    /// `5 hours ago`, `3 days ago`.
    fn ago(&self, ms: EpochMs) -> String {
        format!("{} ago", rounded(EpochMs::from(self.as_of) - ms))
    }

    fn days_since(&self, ms: EpochMs) -> i64 {
        let day = ms.timestamp().map_or(Date::MIN, |moment| self.zone().date(moment));
        i64::from((self.today - day).get_days())
    }

    /// The last touch: `yesterday`, `2 days ago`.
    pub(crate) fn touch(&self, item: &HotListItem) -> String {
        match item.last_touch_ms {
            Some(ms) => match self.days_since(ms) {
                ..=0 => "today".to_owned(),
                1 => "yesterday".to_owned(),
                // Rounded like the points' reasons.
                _ => format!("{} days ago", ((EpochMs::from(self.as_of) - ms + DAY / 2) / DAY).max(2)),
            },
            None if item.notes_known_ms.is_some() => "none".to_owned(),
            None => "unknown".to_owned(),
        }
    }

    /// What makes the last touch uncertain: `notes read 3 days ago`, or that they were not yet. Up to a day is recent.
    pub(crate) fn old_notes(&self, item: &HotListItem) -> Option<String> {
        let Some(read_ms) = item.notes_known_ms else { return Some("notes not read yet".to_owned()) };
        (EpochMs::from(self.as_of) - read_ms > DAY).then(|| format!("notes read {}", self.ago(read_ms)))
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

    /// The next step: `Signing call, Sat Mar 14, 10:00 AM`.
    pub(crate) fn next_step(&self, next: &NextStep) -> String {
        match next {
            NextStep::Outcome { title, starts_ms } => {
                let title = Some(cut(title)).filter(|title| !title.is_empty()).unwrap_or_else(|| "Appointment".to_owned());
                let day = starts_ms.timestamp().map(|at| format!(" on {}", time::day(self.zone().date(at))));
                format!("{title}{} has no outcome recorded", day.unwrap_or_default())
            }
            NextStep::CloseDatePassed { day } => format!("Close date {} has passed", self.short(*day)),
            NextStep::Appointment { title, starts_ms, all_day } => {
                let Some(starts) = starts_ms.timestamp() else { return cut(title) };
                match all_day {
                    // An all-day appointment keeps the CRM's day.
                    true => format!("{}, {}", cut(title), self.day_name(self.tenant.source_time().0.date(starts))),
                    false => {
                        let local = starts.to_zoned(self.zone().tz().clone());
                        format!("{}, {}, {}", cut(title), self.day_name(local.date()), local.strftime("%-I:%M %p"))
                    }
                }
            }
            NextStep::Signing { day } => format!("Earliest signing {}", self.short(*day)),
            NextStep::NothingBooked => "Nothing scheduled".to_owned(),
            NextStep::NotKnown => "Calendar not synced yet".to_owned(),
        }
    }

    /// The reason for some points: `moved forward 3 days ago`.
    pub(crate) fn why(&self, points: &Points, item: &HotListItem) -> String {
        match points.factor {
            ScoreFactor::Stage { odds } => match odds.and_then(Odds::from_hundredths) {
                Some(odds) => format!("{}, odds {odds}", stage_name(item.stage.as_deref())),
                None => format!("{}, odds unknown", stage_name(item.stage.as_deref())),
            },
            ScoreFactor::Momentum { last_move: None } => "no stage change seen".to_owned(),
            ScoreFactor::Momentum { last_move: Some(moved) } => {
                format!("moved {} {}", if moved.forward { "forward" } else { "back" }, self.ago(moved.at_ms))
            }
            ScoreFactor::Touch { last_ms: Some(ms), .. } => self.ago(ms),
            ScoreFactor::Touch { silent_since_ms: Some(_), .. } => "never contacted".to_owned(),
            ScoreFactor::Touch { .. } if item.notes_known_ms.is_some() => "none".to_owned(),
            ScoreFactor::Touch { .. } => "notes not synced".to_owned(),
            ScoreFactor::Appointment { next_ms: None } => match item.next {
                NextStep::NotKnown => "calendar not synced yet".to_owned(),
                _ => "nothing scheduled".to_owned(),
            },
            ScoreFactor::Appointment { next_ms: Some(ms) } if ms <= self.as_of.into() => "in progress".to_owned(),
            ScoreFactor::Appointment { next_ms: Some(ms) } => format!("in {}", rounded(ms - EpochMs::from(self.as_of))),
            ScoreFactor::Fee { cents: None, .. } => "unknown".to_owned(),
            ScoreFactor::Fee { cents: Some(cents), against_median } => {
                let against = match against_median {
                    Some(MedianComparison::Twice) => "at least twice the median",
                    Some(MedianComparison::AtLeast) => "at or above the median",
                    Some(MedianComparison::Below) => "below the median",
                    None => "too few fees to compare",
                };
                format!("{}, {against}", Money(cents).short())
            }
            ScoreFactor::CloseDate { day: None } => "none".to_owned(),
            ScoreFactor::CloseDate { day: Some(day) } => match i64::from((day - self.today).get_days()) {
                ..0 => format!("{} has passed", self.short(day)),
                0 => "today".to_owned(),
                days => format!("in {}", counted(days, "day", "days")),
            },
        }
    }

    /// The waiting period: `Day 0 was Mar 3; earliest signing Mar 18`.
    pub(crate) fn clock(&self, clock: FddClock) -> String {
        let signing = self.short(clock.earliest_signing());
        match clock {
            FddClock::Since(day) => format!("Day 0 was {}; earliest signing {signing}", self.short(day)),
            FddClock::Before(day) => format!("Started before {}; earliest signing no later than {signing}", self.short(day)),
        }
    }
}

/// `less than an hour`, `5 hours`, `4 days`: rounded to whole hours, and from a day on to whole days.
fn rounded(ms: i64) -> String {
    const HOUR: i64 = 3_600_000;
    match ms.max(0) {
        ..HOUR => "less than an hour".to_owned(),
        ms @ HOUR..DAY => counted(ms / HOUR, "hour", "hours"),
        ms => counted((ms + DAY / 2) / DAY, "day", "days"),
    }
}

/// The short name of a reason, for a column.
pub(crate) fn short_name(why: &ScoreFactor) -> &'static str {
    match why {
        ScoreFactor::Stage { .. } => "stage",
        ScoreFactor::Momentum { .. } => "momentum",
        ScoreFactor::Touch { .. } => "touch",
        ScoreFactor::Appointment { .. } => "appointment",
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

/// A CRM text, cut to one line.
fn cut(text: &str) -> String {
    text.trim().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_rounded_to_the_nearest_day_from_one_day_on() {
        let text = |days: i64, hours: i64| rounded(days * DAY + hours * 3_600_000 + 1);
        assert_eq!([text(0, 0), text(0, 5), text(1, 0), text(3, 0)], ["less than an hour", "5 hours", "1 day", "3 days"]);
        assert_eq!([text(3, 23), text(7, 2), text(31, 5)], ["4 days", "7 days", "31 days"]);
        assert_eq!([signed(15), signed(0), signed(-10)], ["+15", "0", "−10"]);
    }
}
