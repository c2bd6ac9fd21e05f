//! The pipeline as a past day left it.

use std::collections::BTreeMap;

use tetherboard_domain::{ContactId, EpochMs, Money, Odds, weighted};
use tetherboard_store::deals::DealCell;
use tetherboard_store::leads::LeadCell;

use crate::board::{Board, StagePlace};
use crate::history::{History, Spot, Who};
use crate::pipeline::{Pipeline, add_up};

/// What a person is told about a past day.
pub const AS_OF: &str =
    "The pipeline at the end of that day, by what had been read until then. Stages, roles and odds of stages are today’s.";

/// A deal of a prospect as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealThen {
    pub who: Who,
    pub place: StagePlace,
    /// As the CRM spells it.
    pub stage: Option<String>,
    pub fee: Option<Money>,
    pub odds: Option<Odds>,
}

impl DealThen {
    /// What it weighs; `None` while its fee or its odds are not known.
    pub fn weighted(&self) -> Option<Money> {
        weighted(self.fee, self.odds)
    }
}

/// A prospect as they stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProspectThen {
    pub contact: ContactId,
    pub place: StagePlace,
    pub stage: Option<String>,
}

/// By what had been seen before a moment. Ages in stages are not told: when a stay began that has ended since is not kept.
pub fn pipeline_at(history: &History, board: &Board, before_ms: EpochMs) -> Pipeline {
    let mut contacts: BTreeMap<u32, i64> = BTreeMap::new();
    for prospect in history.prospects().filter(|prospect| prospect.is_there(before_ms)) {
        *contacts.entry(prospect.spot(before_ms)).or_default() += 1;
    }
    let mut deals: BTreeMap<(u32, Option<i64>, Option<i64>), i64> = BTreeMap::new();
    for unit in history.units() {
        if let Some(standing) = history.standing(*unit, before_ms) {
            *deals.entry((standing.spot, standing.fee, standing.odds)).or_default() += 1;
        }
    }
    let lead_cell = |(spot, contacts): (u32, i64)| {
        let stage = stage_text(history.spot(spot));
        LeadCell { source: None, source_key: None, stage, stage_key: None, contact_type: Some(1), contacts }
    };
    let deal_cell = |((spot, fee_cents, odds), deals): ((u32, Option<i64>, Option<i64>), i64)| {
        let stage = stage_text(history.spot(spot));
        DealCell { stage, stage_key: None, fee_cents, odds, deals }
    };
    let contacts: Vec<LeadCell> = contacts.into_iter().map(lead_cell).collect();
    let deals: Vec<DealCell> = deals.into_iter().map(deal_cell).collect();
    let mut pipeline = add_up(board, &contacts, &deals);
    pipeline.crm_deals = history.listed_deals(before_ms);
    pipeline
}

fn stage_text(spot: &Spot) -> Option<String> {
    spot.label.clone()
}

/// The deals that [`pipeline_at`] counts.
pub fn deals_at(history: &History, before_ms: EpochMs) -> Vec<DealThen> {
    let then = |unit: &crate::history::Unit| {
        let standing = history.standing(*unit, before_ms)?;
        let spot = history.spot(standing.spot);
        Some(DealThen {
            who: history.who(*unit, standing),
            place: spot.place.clone(),
            stage: spot.label.clone(),
            fee: standing.fee.map(Money),
            odds: history.odds_of(standing),
        })
    };
    history.units().iter().filter_map(then).collect()
}

/// The prospects that [`pipeline_at`] counts.
pub fn prospects_at(history: &History, before_ms: EpochMs) -> Vec<ProspectThen> {
    let there = history.prospects().filter(|prospect| prospect.is_there(before_ms));
    let then = there.map(|prospect| {
        let spot = history.spot(prospect.spot(before_ms));
        ProspectThen { contact: prospect.id().into(), place: spot.place.clone(), stage: spot.label.clone() }
    });
    then.collect()
}
