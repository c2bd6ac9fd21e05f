//! Finds the first moment at which time alone changes an item of the hot list.

use tetherboard_domain::{DAY, EpochMs, HotListRules, ScoreFacts, StatusRules};

use crate::status::StatusFacts;

/// The first moment after `at_ms` at which a rule gives a different result for the same facts.
pub(super) struct NextChange {
    pub(super) at_ms: EpochMs,
    pub(super) next_ms: EpochMs,
}

impl NextChange {
    /// Takes a moment into account, if it is after `at_ms`.
    pub(super) fn at(&mut self, ms: Option<EpochMs>) {
        if let Some(ms) = ms.filter(|ms| *ms > self.at_ms) {
            self.next_ms = self.next_ms.min(ms);
        }
    }

    /// Takes the end of a window of `days` after a moment into account, whether or not its last instant belongs to it.
    fn after(&mut self, ms: Option<EpochMs>, days: i64) {
        self.at(ms.map(|ms| ms + days * DAY));
        self.at(ms.map(|ms| ms + days * DAY + 1));
    }

    pub(super) fn of_status(&mut self, facts: &StatusFacts, next_end_ms: Option<EpochMs>, rules: &StatusRules) {
        let last_touch = facts.last_touch;
        self.at(next_end_ms);
        self.after(Some(facts.stage_since_ms), 0);
        self.at(Some(facts.stage_since_ms + facts.stall_limit_ms(rules) + 1));
        for ms in [facts.last_move_ms, last_touch.last_ms] {
            self.after(ms, 0);
            self.after(ms, rules.moving_within);
        }
        self.after(last_touch.known_until_ms, rules.notes_read_within);
        for days in [rules.silent, rules.stalled_untouched] {
            self.silence(facts, days);
        }
        let Some(calendar) = &facts.calendar else { return };
        for missed in &calendar.without_outcome {
            self.after(Some(missed.ended_ms), rules.overdue_from);
            self.after(Some(missed.ended_ms), rules.overdue_until);
        }
        self.after(calendar.next_ms, -rules.booked_within);
    }

    pub(super) fn of_score(&mut self, facts: &ScoreFacts, rules: &HotListRules) {
        let rules = &rules.score;
        for step in rules.moved_forward.iter().chain([&rules.moved_back]) {
            self.after(facts.last_move.map(|moved| moved.at_ms), step.days);
        }
        for step in &rules.touched {
            self.after(facts.last_touch_ms, step.days);
        }
        self.after(facts.silent_since_ms, rules.silent.days);
        for step in &rules.booked {
            self.after(facts.next_appointment_ms, -step.days);
        }
    }

    fn silence(&mut self, facts: &StatusFacts, days: i64) {
        let last_touch = facts.last_touch;
        self.after(Some(last_touch.last_ms.unwrap_or(last_touch.known_since_ms)), days);
        self.after(last_touch.known_until_ms, 0);
        self.after(last_touch.known_until_ms, days);
    }
}
