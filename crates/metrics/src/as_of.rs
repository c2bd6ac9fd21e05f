//! The pipeline at the end of a past day.

use std::collections::BTreeMap;

use tetherboard_domain::{ContactId, EpochMs, Money, Odds, weighted};

use crate::board::StagePlace;
use crate::history::{CandidateRef, History};
use crate::pipeline::{DealCount, Pipeline, add_up};

/// The definition of a past pipeline, shown on pages.
pub const AS_OF: &str = "The pipeline at the end of that day, as shown that day. Roles are current.";

/// A prospect's deal at a past moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDeal {
    pub who: CandidateRef,
    pub place: StagePlace,
    /// In the CRM's spelling; `None` for a value that is not text.
    pub stage: Option<String>,
    pub fee: Option<Money>,
    pub odds: Option<Odds>,
}

impl PastDeal {
    /// Fee × odds; `None` while either is unknown.
    pub fn weighted(&self) -> Option<Money> {
        weighted(self.fee, self.odds)
    }
}

/// A prospect at a past moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastProspect {
    pub contact: ContactId,
    pub place: StagePlace,
    /// In the CRM's spelling; `None` for a value that is not text.
    pub stage: Option<String>,
}

/// The pipeline as recorded before a moment, with the stages of [`History::board_at`]. Days in stage are `None`: the start of a
/// stay that has since ended is not stored.
pub fn pipeline_at(history: &History, before_ms: EpochMs) -> Pipeline {
    let mut contacts: BTreeMap<u32, i64> = BTreeMap::new();
    for prospect in history.prospects().filter(|prospect| prospect.is_there(before_ms)) {
        *contacts.entry(prospect.stage(before_ms)).or_default() += 1;
    }
    let mut deals: BTreeMap<(u32, Option<i64>, Option<i64>), i64> = BTreeMap::new();
    for item in history.pipeline_items() {
        if let Some(state) = history.state(*item, before_ms) {
            *deals.entry((state.stage, state.fee, state.odds)).or_default() += 1;
        }
    }
    let place = |stage: u32| history.stage_at(stage, before_ms).place.clone();
    let contacts = contacts.into_iter().map(|(stage, contacts)| (place(stage), contacts));
    let deals =
        deals.into_iter().map(|((stage, fee_cents, odds), deals)| DealCount { place: place(stage), fee_cents, odds, deals });
    let Some(board) = history.board_at(before_ms) else { return Pipeline::default() };
    let mut pipeline = add_up(board, contacts, deals);
    pipeline.crm_deals = history.listed_deals(before_ms);
    pipeline
}

/// The deals that [`pipeline_at`] counts.
pub fn deals_at(history: &History, before_ms: EpochMs) -> Vec<PastDeal> {
    let then = |item: &crate::history::PipelineItem| {
        let state = history.state(*item, before_ms)?;
        let stage = history.stage_at(state.stage, before_ms);
        Some(PastDeal {
            who: history.candidate(*item, state),
            place: stage.place.clone(),
            stage: stage.label.clone(),
            fee: state.fee.map(Money),
            odds: history.odds_of(state, before_ms),
        })
    };
    history.pipeline_items().iter().filter_map(then).collect()
}

/// The prospects that [`pipeline_at`] counts.
pub fn prospects_at(history: &History, before_ms: EpochMs) -> Vec<PastProspect> {
    let there = history.prospects().filter(|prospect| prospect.is_there(before_ms));
    let then = there.map(|prospect| {
        let stage = history.stage_at(prospect.stage(before_ms), before_ms);
        PastProspect { contact: prospect.id().into(), place: stage.place.clone(), stage: stage.label.clone() }
    });
    then.collect()
}
