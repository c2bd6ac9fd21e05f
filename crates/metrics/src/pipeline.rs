//! The pipeline by stage: prospects, deals, value, and weighted value.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tetherboard_domain::{DAY, Dataset, EpochMs, Money, Odds, StageKey, StageRole, TenantId, lower_median, weighted};
use tetherboard_store::deals::DealCell;
use tetherboard_store::leads::LeadCell;
use tetherboard_store::pipeline_days::StageDay;
use tetherboard_store::{Conn, Result, deals, leads, records, runs};

use crate::board::{Board, LeadGroup, StagePlace};

/// The pipeline's totals and stages.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// The oldest start of the last complete reads of stages, contacts, and deals.
    pub as_of: Option<Timestamp>,
    /// Prospects whose stage is not inactive.
    pub leads_in_pipeline: i64,
    /// Prospects in a qualified stage.
    pub qualified: i64,
    /// The CRM's own deals, of every stage and contact type.
    pub crm_deals: i64,
    /// The open deals, implicit ones included.
    pub open_deals: i64,
    /// How many open deals have a known fee.
    pub fees_known: i64,
    /// The sum of the open deals' known fees.
    pub value: Money,
    /// The sum of fee × odds of the open deals.
    pub weighted: Money,
    /// Every stage of prospects in the CRM's order, then the unlisted stages that are in use.
    pub stages: Vec<StageLine>,
}

/// One stage with its prospects and its deals, implicit ones included.
#[derive(Clone, Debug)]
pub struct StageLine {
    pub place: StagePlace,
    /// In the CRM's spelling; `None` for a value that is not text.
    pub stage: Option<String>,
    pub order: Option<i64>,
    pub role: StageRole,
    /// The CRM's active flag; `None` when its list does not include the stage.
    pub active: Option<bool>,
    pub odds: Option<Odds>,
    pub contacts: i64,
    pub deals: i64,
    pub fees_known: i64,
    pub value: Money,
    pub weighted: Money,
    /// The lower median of the days its deals have been in it so far.
    pub median_days: Option<i64>,
}

/// Loads the current pipeline.
///
/// # Errors
/// When the database fails.
pub async fn pipeline<C: Conn>(conn: &C, tenant: TenantId, board: &Board, now: Timestamp) -> Result<Pipeline> {
    let ages = runs::dataset_ages(conn, tenant).await?;
    let contacts = leads::cells(conn, tenant, None).await?;
    let mut pipeline =
        add_up(board, prospects(board, &contacts), deals::cells(conn, tenant).await?.iter().map(|cell| counted(board, cell)));
    pipeline.as_of = ages.as_of_ms(&crate::PIPELINE_DATASETS).and_then(EpochMs::timestamp);
    pipeline.crm_deals = records::live_count(conn, tenant, Dataset::Deals, &records::Scope::All).await?;
    let mut days: BTreeMap<StagePlace, Vec<i64>> = BTreeMap::new();
    for (stage, since_ms) in deals::stage_starts(conn, tenant).await? {
        let age = (EpochMs::from(now) - since_ms).max(0) / DAY;
        days.entry(board.place(stage.as_deref())).or_default().push(age);
    }
    for line in &mut pipeline.stages {
        line.median_days = days.get_mut(&line.place).and_then(|ages| {
            ages.sort_unstable();
            lower_median(ages)
        });
    }
    Ok(pipeline)
}

/// The number of deals in the same place with the same fee and odds.
pub(crate) struct DealCount {
    pub(crate) place: StagePlace,
    pub(crate) fee_cents: Option<i64>,
    /// The deals' own, in hundredths of a percent.
    pub(crate) odds: Option<i64>,
    pub(crate) deals: i64,
}

fn counted(board: &Board, cell: &DealCell) -> DealCount {
    DealCount { place: board.place(cell.stage.as_deref()), fee_cents: cell.fee_cents, odds: cell.odds, deals: cell.deals }
}

fn prospects<'a>(board: &'a Board, cells: &'a [LeadCell]) -> impl Iterator<Item = (StagePlace, i64)> + 'a {
    let prospects = cells.iter().filter(|cell| cell.contact_type == Some(1));
    prospects.map(|cell| (board.place(cell.stage.as_deref()), cell.contacts))
}

/// Adds up all counts and sums of [`Pipeline`] from the number of prospects in each place, and the deals.
pub(crate) fn add_up(
    board: &Board,
    contacts: impl Iterator<Item = (StagePlace, i64)>,
    deals: impl Iterator<Item = DealCount>,
) -> Pipeline {
    let mut lines: BTreeMap<StagePlace, StageLine> = BTreeMap::new();
    for (at, stage) in board.stages().iter().enumerate() {
        if stage.of_prospects {
            let place = StagePlace::Listed(at);
            lines.insert(place.clone(), StageLine::empty(board, place));
        }
    }
    let mut line = |place: StagePlace, change: &mut dyn FnMut(&mut StageLine)| {
        change(lines.entry(place.clone()).or_insert_with(|| StageLine::empty(board, place)));
    };
    for (place, contacts) in contacts {
        line(place, &mut |line| line.contacts += contacts);
    }
    for DealCount { place, fee_cents, odds, deals } in deals {
        let odds = board.odds_of(odds, &place);
        line(place, &mut |line| {
            line.deals += deals;
            if let Some(fee) = fee_cents.map(Money) {
                line.fees_known += deals;
                line.value = line.value + fee.times(deals);
                line.weighted = line.weighted + weighted(Some(fee), odds).unwrap_or_default().times(deals);
            }
        });
    }
    let stages: Vec<StageLine> = lines.into_values().collect();
    let open = || stages.iter().filter(|line| board.is_in(LeadGroup::Open, &line.place));
    let in_group = |group| stages.iter().filter(|line| board.is_in(group, &line.place)).map(|line| line.contacts).sum();
    Pipeline {
        as_of: None,
        leads_in_pipeline: in_group(LeadGroup::Pipeline),
        qualified: in_group(LeadGroup::Qualified),
        crm_deals: 0,
        open_deals: open().map(|line| line.deals).sum(),
        fees_known: open().map(|line| line.fees_known).sum(),
        value: open().map(|line| line.value).sum(),
        weighted: open().map(|line| line.weighted).sum(),
        stages,
    }
}

impl StageLine {
    fn empty(board: &Board, place: StagePlace) -> Self {
        let stage = board.stage(&place);
        Self {
            stage: board.label(&place).map(str::to_owned),
            order: stage.and_then(|stage| stage.order),
            role: board.role(&place),
            active: stage.map(|stage| stage.active),
            odds: stage.and_then(|stage| stage.odds),
            place,
            contacts: 0,
            deals: 0,
            fees_known: 0,
            value: Money::ZERO,
            weighted: Money::ZERO,
            median_days: None,
        }
    }
}

impl Pipeline {
    /// The totals by stage, as stored for the day.
    pub fn day(&self, board: &Board) -> Vec<StageDay> {
        let mut days: BTreeMap<StageKey, StageDay> = BTreeMap::new();
        for line in &self.stages {
            let key = match board.stage(&line.place) {
                Some(stage) => stage.key.clone(),
                None => StageKey::of(line.stage.as_deref().unwrap_or("\u{fffd}")),
            };
            let day = days.entry(key.clone()).or_insert(StageDay {
                stage: key,
                contacts: 0,
                deals: 0,
                value: Money::ZERO,
                weighted: Money::ZERO,
            });
            day.contacts += line.contacts;
            day.deals += line.deals;
            day.value = day.value + line.value;
            day.weighted = day.weighted + line.weighted;
        }
        days.into_values().collect()
    }
}

/// Loads the totals by stage to store as today's.
///
/// # Errors
/// When the database fails.
pub async fn pipeline_days<C: Conn>(conn: &C, tenant: TenantId, now: Timestamp) -> Result<Vec<StageDay>> {
    let board = Board::load(conn, tenant).await?;
    Ok(pipeline(conn, tenant, &board, now).await?.day(&board))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::{usual, with_roles};
    use std::collections::HashMap;
    use tetherboard_domain::Role;

    fn deal(stage: &str, fee: Option<i64>, odds: Option<i64>, deals: i64) -> DealCell {
        DealCell { stage: Some(stage.to_owned()), stage_key: Some(stage.to_lowercase()), fee_cents: fee, odds, deals }
    }

    #[test]
    fn value_sums_open_deals_and_counts_their_known_fees() {
        let mut listed = with_roles(&[("FA Signed", Role::Awarded)]);
        listed[4].odds = Odds::from_hundredths(9_500);
        let board = Board::new(listed, HashMap::new());
        let deals = [
            deal("FA Sent", Some(9_000_000), None, 1),
            deal("FA Sent", Some(101), Some(5_000), 3),
            deal("QR Returned", None, None, 7),
            deal("FA Signed", Some(5_000_000), None, 2),
            deal("Not Interested", Some(5_000_000), None, 2),
        ];
        let pipeline = add_up(&board, std::iter::empty(), deals.iter().map(|cell| counted(&board, cell)));
        assert_eq!((pipeline.open_deals, pipeline.fees_known), (11, 4));
        assert_eq!(pipeline.value, Money(9_000_303));
        assert_eq!(pipeline.weighted, Money(8_550_000 + 3 * 51));
        let rows: Money = pipeline.stages.iter().filter(|line| line.role.is_open()).map(|line| line.weighted).sum();
        assert_eq!(rows, pipeline.weighted);
    }

    #[test]
    fn every_listed_stage_has_a_line_and_an_unlisted_one_while_it_is_in_use() {
        let board = Board::new(usual(), HashMap::new());
        let ghost = deal("Ghost", None, None, 1);
        let pipeline = add_up(&board, std::iter::empty(), std::iter::once(counted(&board, &ghost)));
        assert_eq!(pipeline.stages.len(), 9);
        assert_eq!(pipeline.stages.last().unwrap().role, StageRole::Unlisted);
    }
}
