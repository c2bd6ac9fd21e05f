//! Who is on the way to the hot list, and who has just left it by signing.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use tetherboard_domain::{ContactId, DAY, EpochMs, Money, Role};
use tetherboard_store::candidate_facts::{self, ProspectMove};
use tetherboard_store::deals::{self, DealFilter, DealSort};
use tetherboard_store::leads::LabelMatch;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result};

use crate::board::{Board, StagePlace};
use crate::rules::hot_list_rules;

/// Within so many days, so many stages forward.
const DAYS: i64 = 14;
const STAGES: usize = 2;
/// More are a matter of lists, not of a glance.
const MOST_AWARDS: i64 = 200;

/// A prospect who came two stages or more forward within 14 days, and stands below the late ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heating {
    pub contact_id: ContactId,
    pub name: String,
    /// As the CRM spells them.
    pub from: String,
    pub to: String,
    pub stages: usize,
    pub last_move_ms: EpochMs,
}

/// Those who came farthest first.
///
/// # Errors
/// When the database does not answer.
pub async fn heating_up<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, at: Timestamp) -> Result<Vec<Heating>> {
    let below = |role: Role| matches!(role, Role::New | Role::Working | Role::Qualified);
    let LabelMatch::Keys(stages) = board.likely_filter(|role| below(role) || role == Role::Late) else { return Ok(Vec::new()) };
    let since_ms = EpochMs::from(at) - DAYS * DAY;
    let moves = candidate_facts::moves_since(conn, tenant.id, &stages, since_ms).await?;
    let mut of_contact: HashMap<&ContactId, (&ProspectMove, &ProspectMove)> = HashMap::new();
    for moved in &moves {
        of_contact.entry(&moved.crm_id).and_modify(|(_, last)| *last = moved).or_insert((moved, moved));
    }
    let told = |(first, last): (&ProspectMove, &ProspectMove)| {
        let (from, to) = (board.place(first.from_stage.as_deref()), board.place(last.to_stage.as_deref()));
        let (StagePlace::Listed(start), StagePlace::Listed(end)) = (&from, &to) else { return None };
        let stands = board.place(last.stage.as_deref()) == to;
        // Between the two there may be inactive stages, which are no steps.
        let steps = (*start + 1..=*end).filter(|at| board.role(&StagePlace::Listed(*at)).likely().is_some_and(below)).count();
        let on_the_way = board.role(&from).likely().is_some_and(below) && board.role(&to).likely().is_some_and(below);
        (stands && on_the_way && steps >= STAGES).then(|| Heating {
            contact_id: last.crm_id.clone(),
            name: last.name.clone(),
            from: board.label(&from).unwrap_or_default().to_owned(),
            to: board.label(&to).unwrap_or_default().to_owned(),
            stages: steps,
            last_move_ms: last.at_ms,
        })
    };
    let mut found: Vec<Heating> = of_contact.into_values().filter_map(told).collect();
    found.sort_by(|a, b| (b.stages, b.last_move_ms, &a.contact_id).cmp(&(a.stages, a.last_move_ms, &b.contact_id)));
    Ok(found)
}

/// An award whose day was seen, while it is news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwardNow {
    pub contact_id: ContactId,
    pub name: String,
    /// As the CRM spells it.
    pub stage: String,
    pub at_ms: EpochMs,
    pub fee: Option<Money>,
}

/// Who is awarded by the rules of a status, the latest first; one entry a contact.
///
/// # Errors
/// When the database does not answer.
pub async fn awarded_now<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, at: Timestamp) -> Result<Vec<AwardNow>> {
    let days = hot_list_rules(conn, tenant.id).await?.status.awarded;
    let filter = DealFilter { stages: vec![board.likely_filter(|role| role == Role::Awarded)], ..DealFilter::default() };
    let deals = deals::list(conn, tenant.id, &filter, DealSort::Since, true, &[], (0, MOST_AWARDS)).await?;
    let is_news = |since_ms: EpochMs| (0..=days * DAY).contains(&(EpochMs::from(at) - since_ms));
    let mut seen = HashSet::new();
    let news = deals.into_iter().filter(|deal| deal.stage_since_exact && is_news(deal.stage_since_ms)).filter_map(|deal| {
        let contact_id = deal.contact_id?;
        let stage = board.label(&board.place(deal.stage.as_deref())).unwrap_or_default().to_owned();
        let (at_ms, fee) = (deal.stage_since_ms, deal.fee_cents.map(Money));
        seen.insert(contact_id.clone()).then_some(AwardNow { contact_id, name: deal.name, stage, at_ms, fee })
    });
    Ok(news.collect())
}
