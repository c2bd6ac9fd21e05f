//! The reasons why a candidate needs attention.

use jiff::civil::Date;
use tetherboard_domain::{DAY, EpochMs, StatusRules};

use super::{FddClock, Status, StatusFacts, UnresolvedAppointment, status};

/// Why a candidate needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A past appointment has no outcome.
    NoOutcome {
        missed: UnresolvedAppointment,
        /// Whether the candidate has been in the same stage since it began; `false` when they moved or it is unknown.
        stage_kept: bool,
    },
    /// The close date, which has passed.
    CloseDatePassed(Date),
    /// In the waiting period without contact since then; `None`: never contacted, as far as known.
    Silent { touched: Option<Elapsed>, clock: FddClock },
    /// In the stage since then (or longer, if `at_least`), with the last contact.
    Stalled { stayed: Elapsed, at_least: bool, touched: Option<Elapsed> },
}

/// A moment in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// Milliseconds UTC.
    pub at_ms: EpochMs,
    /// Whole days since then.
    pub days: i64,
}

/// The reasons, most important first; empty when no attention is needed.
pub fn reasons(facts: &StatusFacts, rules: &StatusRules) -> Vec<Reason> {
    let ago = |at_ms: EpochMs| Elapsed { at_ms, days: (facts.at_ms - at_ms).max(0) / DAY };
    let touched = facts.last_touch.last_ms.map(ago);
    match status(facts, rules) {
        Status::OverdueAction => {
            let missed = facts.missed(rules).cloned().map(|missed| {
                let stage_kept = facts.stage_since_ms <= missed.starts_ms;
                Reason::NoOutcome { missed, stage_kept }
            });
            missed.into_iter().chain(facts.close_date_passed().map(Reason::CloseDatePassed)).collect()
        }
        Status::WaitingPeriod if facts.last_touch.silent_for(rules.silent, facts.at_ms) => {
            facts.waits().map(|clock| Reason::Silent { touched, clock }).into_iter().collect()
        }
        Status::Stalled => {
            vec![Reason::Stalled { stayed: ago(facts.stage_since_ms), at_least: !facts.stage_since_exact, touched }]
        }
        _ => Vec::new(),
    }
}
