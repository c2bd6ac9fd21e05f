//! The pipeline: prospects and their deals, stage by stage.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tetherboard_domain::{DAY, Dataset, EpochMs, Money, Odds, StageKey, StageRole, TenantId};
use tetherboard_store::deals::DealCell;
use tetherboard_store::leads::LeadCell;
use tetherboard_store::pipeline_days::StageDay;
use tetherboard_store::{Conn, Result, deals, leads, records, runs};

use crate::board::{Board, LeadGroup, StagePlace};

#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The oldest start of the last whole reads of stages, contacts and deals.
    pub as_of: Option<Timestamp>,
    /// Prospects whose stage is not inactive.
    pub leads_in_pipeline: i64,
    pub qualified: i64,
    /// The CRM's deals, of every stage and type.
    pub crm_deals: i64,
    /// The deals that value and coverage speak of: open, implicit ones included.
    pub open_deals: i64,
    pub fees_known: i64,
    pub value: Money,
    pub weighted: Money,
    /// Every stage of prospects in the CRM's order, then the unlisted ones that hold somebody.
    pub stages: Vec<StageLine>,
}

/// One stage: its prospects, and its deals, implicit ones included.
#[derive(Clone, Debug)]
pub struct StageLine {
    pub place: StagePlace,
    /// `None` for a value that is no text.
    pub stage: Option<String>,
    pub order: Option<i64>,
    pub role: StageRole,
    /// The CRM's flag; `None` when its list does not name the stage.
    pub active: Option<bool>,
    pub odds: Option<Odds>,
    pub contacts: i64,
    pub deals: i64,
    pub fees_known: i64,
    pub value: Money,
    pub weighted: Money,
    /// Median of the days that its deals have been in it, as far as was seen.
    pub median_days: Option<i64>,
}

pub async fn pipeline<C: Conn>(conn: &C, tenant: TenantId, board: &Board, now: Timestamp) -> Result<Pipeline> {
    let ages = runs::dataset_ages(conn, tenant).await?;
    let mut pipeline = add_up(board, &leads::cells(conn, tenant, None).await?, &deals::cells(conn, tenant).await?);
    pipeline.as_of = ages.as_of_ms(&crate::PIPELINE_RESTS_ON).and_then(EpochMs::timestamp);
    pipeline.crm_deals = records::live_count(conn, tenant, Dataset::Deals, &records::Scope::All).await?;
    let mut days: BTreeMap<StagePlace, Vec<i64>> = BTreeMap::new();
    for (stage, since_ms) in deals::stage_starts(conn, tenant).await? {
        let age = (EpochMs::from(now) - since_ms).max(0) / DAY;
        days.entry(board.place(stage.as_deref())).or_default().push(age);
    }
    for line in &mut pipeline.stages {
        // Starts come oldest first, so the ages are sorted.
        line.median_days = days.get(&line.place).map(|ages| ages[ages.len() / 2]);
    }
    Ok(pipeline)
}

/// The one definition of every sum above.
pub(crate) fn add_up(board: &Board, contacts: &[LeadCell], deals: &[DealCell]) -> Pipeline {
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
    for cell in contacts.iter().filter(|cell| cell.contact_type == Some(1)) {
        line(board.place(cell.stage.as_deref()), &mut |line| line.contacts += cell.contacts);
    }
    for cell in deals {
        let place = board.place(cell.stage.as_deref());
        let odds = board.odds_of(cell.odds, &place);
        line(place, &mut |line| {
            line.deals += cell.deals;
            if let Some(fee) = cell.fee_cents.map(Money) {
                line.fees_known += cell.deals;
                line.value = line.value + times(fee, cell.deals);
                line.weighted = line.weighted + times(odds.map_or(Money::ZERO, |odds| odds.weigh(fee)), cell.deals);
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

fn times(amount: Money, count: i64) -> Money {
    Money(amount.0.saturating_mul(count))
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
    /// The day as it is kept for history.
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

/// Today's stages, to be kept as the day's.
pub async fn pipeline_days<C: Conn>(conn: &C, tenant: TenantId, now: Timestamp) -> Result<Vec<StageDay>> {
    let board = Board::load(conn, tenant).await?;
    Ok(pipeline(conn, tenant, &board, now).await?.day(&board))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::usual;
    use std::collections::HashMap;
    use tetherboard_domain::Role;

    fn deal(stage: &str, fee: Option<i64>, odds: Option<i64>, deals: i64) -> DealCell {
        DealCell { stage: Some(stage.to_owned()), stage_key: Some(stage.to_lowercase()), fee_cents: fee, odds, deals }
    }

    #[test]
    fn value_sums_open_deals_and_says_how_many_fees_it_knows() {
        let mut listed = usual();
        listed[4].odds = Odds::from_hundredths(9_500);
        let board = Board::new(listed, HashMap::from([(StageKey::of("FA Signed"), Role::Awarded)]));
        let deals = [
            deal("FA Sent", Some(9_000_000), None, 1),
            deal("FA Sent", Some(101), Some(5_000), 3),
            deal("QR Returned", None, None, 7),
            deal("FA Signed", Some(5_000_000), None, 2),
            deal("Not Interested", Some(5_000_000), None, 2),
        ];
        let pipeline = add_up(&board, &[], &deals);
        assert_eq!((pipeline.open_deals, pipeline.fees_known), (11, 4));
        assert_eq!(pipeline.value, Money(9_000_303));
        assert_eq!(pipeline.weighted, Money(8_550_000 + 3 * 51));
        let rows: Money = pipeline.stages.iter().filter(|line| line.role.is_open()).map(|line| line.weighted).sum();
        assert_eq!(rows, pipeline.weighted);
    }

    #[test]
    fn every_stage_of_the_list_has_a_line_and_an_unlisted_one_when_somebody_stands_in_it() {
        let board = Board::new(usual(), HashMap::new());
        let pipeline = add_up(&board, &[], &[deal("Ghost", None, None, 1)]);
        assert_eq!(pipeline.stages.len(), 9);
        assert_eq!(pipeline.stages.last().unwrap().role, StageRole::Unlisted);
    }
}
