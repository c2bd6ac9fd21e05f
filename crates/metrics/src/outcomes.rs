//! Awards and lost deals, with the win rate and the cycle time.

use tetherboard_domain::{EpochMs, PlausibleDates, Role};

use crate::duration_stats::{DurationStats, MIN_SAMPLE, duration_stats};
use crate::history::{CandidateRef, History, Span};

/// The definition of awards, shown on pages.
pub const AWARDS: &str = "Deals that moved to an awarded stage in the period.";
/// The definition of lost deals, shown on pages.
pub const LOST: &str = "Deals that moved from an open stage to an inactive stage in the period.";
/// The definition of the win rate, shown on pages.
pub const WIN_RATE: &str = "Awards as a share of awards and lost deals. Shown once there are at least five.";
/// The definition of the cycle time, shown on pages.
pub const CYCLE_TIME: &str = "The median time from a candidate’s creation to the award, for awards in the last 12 months. Shown once there are at least five.";

/// How a deal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    Awarded,
    Lost,
}

/// A deal that was awarded or lost. A deal that is lost, reopened, and lost again counts twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealOutcome {
    pub who: CandidateRef,
    pub ending: OutcomeKind,
    /// In cents, when it ended.
    pub fee_cents: Option<i64>,
    /// The stages, in the CRM's spelling.
    pub from: Option<String>,
    pub to: Option<String>,
    /// When it happened, as far as known.
    pub at_ms: EpochMs,
    /// When the candidate was created, or else the deal; `None` if the date is unknown or doubtful.
    pub created_ms: Option<EpochMs>,
}

/// The awards and lost deals in a span, latest first.
pub fn outcomes(history: &History, span: Span) -> Vec<DealOutcome> {
    let mut found = Vec::new();
    for item in history.pipeline_items() {
        for transition in history.transitions(*item).into_iter().filter(|transition| span.contains(transition.at_ms)) {
            let after_ms = transition.seen_ms + 1;
            let role = |stage: u32| history.stage_at(stage, after_ms).role;
            let ending = match role(transition.to).confirmed() {
                Some(Role::Awarded) if role(transition.from).confirmed() != Some(Role::Awarded) => OutcomeKind::Awarded,
                Some(Role::Inactive) if role(transition.from).is_open() => OutcomeKind::Lost,
                _ => continue,
            };
            let (from, to) = (history.stage(transition.from), history.stage(transition.to));
            let Some(state) = history.state(*item, after_ms) else { continue };
            found.push(DealOutcome {
                who: history.candidate(*item, state),
                ending,
                fee_cents: state.fee,
                from: from.label.clone(),
                to: to.label.clone(),
                at_ms: transition.at_ms,
                created_ms: history.created_ms(*item).filter(|ms| PlausibleDates::at(transition.at_ms).of_past().contains(ms)),
            });
        }
    }
    found.sort_by(|a, b| b.at_ms.cmp(&a.at_ms).then_with(|| a.who.cmp(&b.who)));
    found
}

/// The numbers of awards and lost deals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WinRate {
    pub awards: i64,
    pub lost: i64,
}

impl WinRate {
    /// Counts the outcomes.
    pub fn of(outcomes: &[DealOutcome]) -> Self {
        outcomes.iter().fold(Self::default(), |rate, outcome| match outcome.ending {
            OutcomeKind::Awarded => Self { awards: rate.awards + 1, ..rate },
            OutcomeKind::Lost => Self { lost: rate.lost + 1, ..rate },
        })
    }

    /// The awards' share in whole percent; `None` below [`MIN_SAMPLE`] deals.
    pub fn percent(self) -> Option<i64> {
        let ended = self.awards + self.lost;
        (ended >= MIN_SAMPLE as i64).then(|| (200 * self.awards + ended) / (2 * ended))
    }
}

/// The time from creation to award, for awards with a known creation. Each row is an outcome.
pub fn cycle_time(awards: &[DealOutcome]) -> DurationStats {
    let took = |award: &DealOutcome| award.created_ms.map(|created_ms| (award.at_ms - created_ms).max(0));
    duration_stats(awards.iter().filter(|outcome| outcome.ending == OutcomeKind::Awarded).filter_map(took).collect())
}
