//! The facts that a status is computed from, and the conditions of each status.

use jiff::civil::Date;
use tetherboard_domain::{DAY, EpochMs, Role, StatusRules};

use super::FddClock;
use crate::duration_stats::DurationStats;

/// The facts about one candidate that a status is computed from. Moments are milliseconds UTC.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusFacts {
    /// The moment that the facts are as of.
    pub at_ms: EpochMs,
    /// The local date of `at_ms`.
    pub today: Date,
    /// The stage's role, confirmed or else suggested.
    pub role: Option<Role>,
    /// Whether the stage is FDD sent or a later one.
    pub disclosed: bool,
    /// When the current stay in the stage began.
    pub stage_since_ms: EpochMs,
    /// Whether the move into the stage was seen. If not, the stay began at `stage_since_ms` or earlier.
    pub stage_since_exact: bool,
    /// How long others stayed in the stage.
    pub stays: StayStats,
    pub close_date: Option<Date>,
    /// `None`: the calendar was never read.
    pub calendar: Option<Appointments>,
    pub last_touch: LastTouch,
    pub last_move_ms: Option<EpochMs>,
    pub fdd: Option<FddClock>,
}

/// Completed stays in a stage in the last 365 days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StayStats {
    /// The number of stays.
    pub n: usize,
    /// The 75th percentile in milliseconds; 0 when there are too few stays.
    pub p75_ms: i64,
}

impl From<DurationStats> for StayStats {
    fn from(stats: DurationStats) -> Self {
        Self { n: stats.n, p75_ms: stats.figures.map_or(0, |(_, p75_ms)| p75_ms) }
    }
}

/// A candidate's appointments that are not canceled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appointments {
    /// Past appointments without an outcome.
    pub without_outcome: Vec<UnresolvedAppointment>,
    /// The start of the first one that is not over.
    pub next_ms: Option<EpochMs>,
}

/// A past appointment without an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnresolvedAppointment {
    pub title: String,
    pub starts_ms: EpochMs,
    pub ended_ms: EpochMs,
}

/// The last contact with a candidate: a note, or an appointment that took place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastTouch {
    /// When it was; `None`: no contact is known.
    pub last_ms: Option<EpochMs>,
    /// The moment until which the candidate's notes are known; `None` when they were not read since the candidate last changed.
    pub known_until_ms: Option<EpochMs>,
    /// The earliest possible moment of a contact.
    pub known_since_ms: EpochMs,
}

impl LastTouch {
    /// Whether nobody contacted the candidate for `days`, according to notes that were read. Unread notes are not silence.
    pub fn silent_for(&self, days: i64, at_ms: EpochMs) -> bool {
        let Some(until_ms) = self.known_until_ms.map(|ms| ms.min(at_ms)) else { return false };
        let from_ms = self.last_ms.unwrap_or(self.known_since_ms);
        until_ms - from_ms >= days * DAY && at_ms - until_ms < days * DAY
    }
}

/// How long a candidate can stay in a stage before they count as stalled, in milliseconds.
pub fn stall_limit_ms(role: Option<Role>, disclosed: bool, stays: StayStats, rules: &StatusRules) -> i64 {
    let enough = i64::try_from(stays.n).is_ok_and(|n| n >= rules.stalled_stays);
    if enough { stays.p75_ms.max(rules.stalled_least * DAY) } else { rules.stalled.of(role, disclosed) * DAY }
}

/// Whether a past appointment without an outcome needs one: by the default rules, if it ended 1 to 14 days ago.
pub(crate) fn is_due(at_ms: EpochMs, ended_ms: EpochMs, rules: &StatusRules) -> bool {
    (rules.overdue_from * DAY..=rules.overdue_until * DAY).contains(&(at_ms - ended_ms))
}

impl StatusFacts {
    /// A stage without a known role counts as open.
    fn is_open(&self) -> bool {
        self.role.is_none_or(Role::is_open)
    }

    /// Whether a moment is at most `days` days ago.
    fn is_within(&self, ms: EpochMs, days: i64) -> bool {
        (0..=days * DAY).contains(&(self.at_ms - ms))
    }

    /// Signed recently. The move into the stage must have been seen, or the date of the signature is unknown.
    pub(super) fn is_awarded(&self, rules: &StatusRules) -> bool {
        self.role == Some(Role::Awarded) && self.stage_since_exact && self.is_within(self.stage_since_ms, rules.awarded)
    }

    /// The last past appointment that needs an outcome.
    pub(crate) fn missed(&self, rules: &StatusRules) -> Option<&UnresolvedAppointment> {
        let calendar = self.calendar.as_ref().filter(|_| self.is_open())?;
        let due = |missed: &&UnresolvedAppointment| is_due(self.at_ms, missed.ended_ms, rules);
        calendar.without_outcome.iter().filter(due).max_by_key(|missed| missed.ended_ms)
    }

    pub(crate) fn close_date_passed(&self) -> Option<Date> {
        self.close_date.filter(|day| *day < self.today && self.is_open())
    }

    pub(super) fn is_booked(&self, rules: &StatusRules) -> bool {
        let next_ms = self.calendar.as_ref().and_then(|calendar| calendar.next_ms);
        next_ms.is_some_and(|ms| ms - self.at_ms <= rules.booked_within * DAY)
    }

    /// The waiting period, if it is still running.
    pub(super) fn waits(&self) -> Option<FddClock> {
        self.fdd.filter(|clock| self.is_open() && clock.runs(self.today))
    }

    pub(super) fn is_stalled(&self, rules: &StatusRules) -> bool {
        let nothing_booked = self.calendar.as_ref().is_some_and(|calendar| calendar.next_ms.is_none());
        let too_long = self.at_ms - self.stage_since_ms > self.stall_limit_ms(rules);
        let untouched = self.last_touch.silent_for(rules.stalled_untouched, self.at_ms);
        self.is_open() && too_long && nothing_booked && untouched && self.has_recent_notes(rules)
    }

    /// Whether the notes were read recently enough to say that nobody wrote any.
    pub(crate) fn has_recent_notes(&self, rules: &StatusRules) -> bool {
        self.last_touch.known_until_ms.is_some_and(|ms| self.at_ms - ms <= rules.notes_read_within * DAY)
    }

    pub(super) fn is_moving(&self, rules: &StatusRules) -> bool {
        [self.last_move_ms, self.last_touch.last_ms].into_iter().flatten().any(|ms| self.is_within(ms, rules.moving_within))
    }

    pub(crate) fn stall_limit_ms(&self, rules: &StatusRules) -> i64 {
        stall_limit_ms(self.role, self.disclosed, self.stays, rules)
    }
}
