//! Deals that were won and lost.

use tetherboard_domain::{EpochMs, Role};

use crate::history::{History, Span, Who};
use crate::stays::{Typical, typical};

/// What a person is told about awards.
pub const AWARDS: &str = "Deals that were seen to enter an awarded stage in the period.";
/// What a person is told about lost deals.
pub const LOST: &str = "Deals that were seen to go from an open stage to an inactive one in the period.";
/// What a person is told about the win rate.
pub const WIN_RATE: &str = "Awards out of awards and lost deals together. Shown from five of them on.";
/// What a person is told about the cycle time.
pub const CYCLE_TIME: &str = "The median time from a candidate’s creation to the award, over the awards of the last twelve months. Shown from five of them on.";

/// Fewer say nothing about what is usual.
pub const FEWEST: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Awarded,
    Lost,
}

/// A deal that was awarded or lost. One that is lost, reopened and lost again is so twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealOutcome {
    pub who: Who,
    pub ending: Ending,
    pub fee_cents: Option<i64>,
    /// As the CRM spells the stages.
    pub from: Option<String>,
    pub to: Option<String>,
    pub at_ms: EpochMs,
    /// When the candidate was created.
    pub created_ms: Option<EpochMs>,
}

/// Those that happened in a span, the latest first.
pub fn outcomes(history: &History, span: Span) -> Vec<DealOutcome> {
    let mut found = Vec::new();
    for unit in history.units() {
        for passed in history.passages(*unit).into_iter().filter(|passed| span.holds(passed.at_ms)) {
            let (from, to) = (history.spot(passed.from), history.spot(passed.to));
            let ending = match to.role.confirmed() {
                Some(Role::Awarded) if from.role.confirmed() != Some(Role::Awarded) => Ending::Awarded,
                Some(Role::Inactive) if from.role.is_open() => Ending::Lost,
                _ => continue,
            };
            let Some(standing) = history.standing(*unit, passed.seen_ms + 1) else { continue };
            found.push(DealOutcome {
                who: history.who(*unit, standing),
                ending,
                fee_cents: standing.fee,
                from: from.label.clone(),
                to: to.label.clone(),
                at_ms: passed.at_ms,
                created_ms: history.created_ms(*unit),
            });
        }
    }
    found.sort_by(|a, b| b.at_ms.cmp(&a.at_ms).then_with(|| a.who.cmp(&b.who)));
    found
}

/// Awards, lost deals, and the share of awards in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WinRate {
    pub awards: i64,
    pub lost: i64,
}

impl WinRate {
    pub fn of(outcomes: &[DealOutcome]) -> Self {
        outcomes.iter().fold(Self::default(), |rate, outcome| match outcome.ending {
            Ending::Awarded => Self { awards: rate.awards + 1, ..rate },
            Ending::Lost => Self { lost: rate.lost + 1, ..rate },
        })
    }

    /// Whole percent; `None` when there are too few to say.
    pub fn percent(self) -> Option<i64> {
        let ended = self.awards + self.lost;
        (ended >= FEWEST as i64).then(|| (200 * self.awards + ended) / (2 * ended))
    }
}

/// From creation to award, over awards whose candidate's creation is known. Each row is an outcome.
pub fn cycle_time(awards: &[DealOutcome]) -> Typical {
    let took = |award: &DealOutcome| award.created_ms.map(|created_ms| (award.at_ms - created_ms).max(0));
    typical(awards.iter().filter(|outcome| outcome.ending == Ending::Awarded).filter_map(took).collect())
}
