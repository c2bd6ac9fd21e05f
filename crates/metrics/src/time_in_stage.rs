//! How long deals stay in their stages.

use std::collections::BTreeMap;

use tetherboard_domain::{DAY, EpochMs};

use crate::board::StagePlace;
use crate::duration_stats::{DurationStats, duration_stats};
use crate::history::{CandidateRef, History, Span};

/// The definition of time in stage, shown on pages.
pub const TIME_IN_STAGE: &str = "Stays that ended in the last 365 days. Half ended within the median, three quarters within \
    the second figure. Shown from five stays on. Stays without a known start are left out.";

/// One deal's stay in one stage, from the move into it to the move out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageStay {
    pub who: CandidateRef,
    pub place: StagePlace,
    /// In the CRM's spelling.
    pub stage: Option<String>,
    /// The next stage.
    pub next: Option<String>,
    pub from_ms: EpochMs,
    pub until_ms: EpochMs,
}

impl StageStay {
    /// The length of the stay in milliseconds.
    pub fn took_ms(&self) -> i64 {
        (self.until_ms - self.from_ms).max(0)
    }
}

/// The stays that ended in the last 365 days, latest first.
pub fn stage_stays(history: &History, now_ms: EpochMs) -> Vec<StageStay> {
    let year = Span { from_ms: now_ms - 365 * DAY, until_ms: EpochMs::MAX };
    let mut found = Vec::new();
    for item in history.pipeline_items() {
        let mut since_ms = history.seen_from_ms(*item);
        for transition in history.transitions(*item) {
            let began_ms = since_ms.replace(transition.at_ms);
            let Some(from_ms) = began_ms.filter(|_| year.contains(transition.at_ms)) else { continue };
            let Some(state) = history.state(*item, transition.seen_ms) else { continue };
            let stage = history.stage(transition.from);
            found.push(StageStay {
                who: history.candidate(*item, state),
                place: stage.place.clone(),
                stage: stage.label.clone(),
                next: history.stage(transition.to).label.clone(),
                from_ms,
                until_ms: transition.at_ms,
            });
        }
    }
    found.sort_by(|a, b| b.until_ms.cmp(&a.until_ms).then_with(|| a.who.cmp(&b.who)));
    found
}

/// Statistics by stage, for stages with a completed stay, in the board's order.
pub fn time_in_stage(stage_stays: &[StageStay]) -> Vec<(StagePlace, Option<String>, DurationStats)> {
    let mut by_place: BTreeMap<&StagePlace, (&Option<String>, Vec<i64>)> = BTreeMap::new();
    for stay in stage_stays {
        by_place.entry(&stay.place).or_insert((&stay.stage, Vec::new())).1.push(stay.took_ms());
    }
    by_place.into_iter().map(|(place, (stage, took))| (place.clone(), stage.clone(), duration_stats(took))).collect()
}
