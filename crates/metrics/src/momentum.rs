//! Candidates who are moving toward the hot list, and recent awards.

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

/// The window in days, and the minimum number of stages moved forward within it.
const DAYS: i64 = 14;
const STAGES: usize = 2;
/// The maximum number of deals to read.
const MAX_AWARDS: i64 = 200;

/// A prospect who moved forward two or more stages within 14 days and is in an earlier stage than the late ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Momentum {
    pub contact_id: ContactId,
    pub name: String,
    /// In the CRM's spelling.
    pub from: String,
    pub to: String,
    /// The number of stages moved forward.
    pub stages: usize,
    pub last_move_ms: EpochMs,
}

/// Loads the candidates with momentum as of a moment, the furthest moved first.
///
/// # Errors
/// When the database fails.
pub async fn rising_candidates<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, at: Timestamp) -> Result<Vec<Momentum>> {
    let below = |role: Role| matches!(role, Role::New | Role::Working | Role::Qualified);
    let LabelMatch::Keys(stages) = board.likely_filter(|role| below(role) || role == Role::Late) else { return Ok(Vec::new()) };
    let since_ms = EpochMs::from(at) - DAYS * DAY;
    let moves = candidate_facts::moves_since(conn, tenant.id, &stages, since_ms).await?;
    let mut of_contact: HashMap<&ContactId, (&ProspectMove, &ProspectMove)> = HashMap::new();
    for moved in &moves {
        of_contact.entry(&moved.crm_id).and_modify(|(_, last)| *last = moved).or_insert((moved, moved));
    }
    let gained = |(first, last): (&ProspectMove, &ProspectMove)| {
        let (from, to) = (board.place(first.from_stage.as_deref()), board.place(last.to_stage.as_deref()));
        let (StagePlace::Listed(start), StagePlace::Listed(end)) = (&from, &to) else { return None };
        let stands = board.place(last.stage.as_deref()) == to;
        // Inactive stages in between do not count as steps.
        let steps = (*start + 1..=*end).filter(|at| board.role(&StagePlace::Listed(*at)).likely().is_some_and(below)).count();
        let on_the_way = board.role(&from).likely().is_some_and(below) && board.role(&to).likely().is_some_and(below);
        (stands && on_the_way && steps >= STAGES).then(|| Momentum {
            contact_id: last.crm_id.clone(),
            name: last.name.clone(),
            from: board.label(&from).unwrap_or_default().to_owned(),
            to: board.label(&to).unwrap_or_default().to_owned(),
            stages: steps,
            last_move_ms: last.at_ms,
        })
    };
    let mut found: Vec<Momentum> = of_contact.into_values().filter_map(gained).collect();
    found.sort_by(|a, b| (b.stages, b.last_move_ms, &a.contact_id).cmp(&(a.stages, a.last_move_ms, &b.contact_id)));
    Ok(found)
}

/// An award that was recorded recently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentAward {
    pub contact_id: ContactId,
    pub name: String,
    /// In the CRM's spelling.
    pub stage: String,
    /// When the candidate entered the awarded stage.
    pub at_ms: EpochMs,
    pub fee: Option<Money>,
}

/// Loads the awards that are recent by the brand's rules, latest first; one per contact.
///
/// # Errors
/// When the database fails.
pub async fn recent_awards<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, at: Timestamp) -> Result<Vec<RecentAward>> {
    let days = hot_list_rules(conn, tenant.id).await?.status.awarded;
    let filter = DealFilter { stages: vec![board.likely_filter(|role| role == Role::Awarded)], ..DealFilter::default() };
    let deals = deals::list(conn, tenant.id, &filter, DealSort::Since, true, &[], (0, MAX_AWARDS)).await?;
    let is_news = |since_ms: EpochMs| (0..=days * DAY).contains(&(EpochMs::from(at) - since_ms));
    let mut seen = HashSet::new();
    let news = deals.into_iter().filter(|deal| deal.stage_since_exact && is_news(deal.stage_since_ms)).filter_map(|deal| {
        let contact_id = deal.contact_id?;
        let stage = board.label(&board.place(deal.stage.as_deref())).unwrap_or_default().to_owned();
        let (at_ms, fee) = (deal.stage_since_ms, deal.fee_cents.map(Money));
        seen.insert(contact_id.clone()).then_some(RecentAward { contact_id, name: deal.name, stage, at_ms, fee })
    });
    Ok(news.collect())
}
