//! The pipeline at the end of a past day.

use std::collections::BTreeMap;

use tetherboard_domain::{ContactId, EpochMs, Money, Odds, weighted};
use tetherboard_store::deals::DealCell;
use tetherboard_store::leads::LeadCell;

use crate::board::{Board, StagePlace};
use crate::history::{CandidateRef, History};
use crate::pipeline::{Pipeline, add_up};

/// The definition of a past pipeline, shown on pages.
pub const AS_OF: &str = "The pipeline at the end of that day, as recorded that day. Stages, roles, and stage odds are current.";

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

/// The pipeline as recorded before a moment. Days in stage are `None`: the start of a stay that has since ended is not stored.
pub fn pipeline_at(history: &History, board: &Board, before_ms: EpochMs) -> Pipeline {
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
    let lead_cell = |(stage, contacts): (u32, i64)| {
        let stage = history.stage(stage).label.clone();
        LeadCell { source: None, source_key: None, stage, stage_key: None, contact_type: Some(1), contacts }
    };
    let deal_cell = |((stage, fee_cents, odds), deals): ((u32, Option<i64>, Option<i64>), i64)| {
        let stage = history.stage(stage).label.clone();
        DealCell { stage, stage_key: None, fee_cents, odds, deals }
    };
    let contacts: Vec<LeadCell> = contacts.into_iter().map(lead_cell).collect();
    let deals: Vec<DealCell> = deals.into_iter().map(deal_cell).collect();
    let mut pipeline = add_up(board, &contacts, &deals);
    pipeline.crm_deals = history.listed_deals(before_ms);
    pipeline
}

/// The deals that [`pipeline_at`] counts.
pub fn deals_at(history: &History, before_ms: EpochMs) -> Vec<PastDeal> {
    let then = |item: &crate::history::PipelineItem| {
        let state = history.state(*item, before_ms)?;
        let stage = history.stage(state.stage);
        Some(PastDeal {
            who: history.candidate(*item, state),
            place: stage.place.clone(),
            stage: stage.label.clone(),
            fee: state.fee.map(Money),
            odds: history.odds_of(state),
        })
    };
    history.pipeline_items().iter().filter_map(then).collect()
}

/// The prospects that [`pipeline_at`] counts.
pub fn prospects_at(history: &History, before_ms: EpochMs) -> Vec<PastProspect> {
    let there = history.prospects().filter(|prospect| prospect.is_there(before_ms));
    let then = there.map(|prospect| {
        let stage = history.stage(prospect.stage(before_ms));
        PastProspect { contact: prospect.id().into(), place: stage.place.clone(), stage: stage.label.clone() }
    });
    then.collect()
}
