//! Candidates who need attention: in a qualified or late stage, with an overdue action, no recent contact, or no progress.
//!
//! There is one entry per contact; of several deals the most urgent decides. Deals without a contact are left out, because no
//! candidate page could be linked: they are a data quality finding. Everything is as of the data, not the visitor's clock.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;
use tetherboard_domain::{ContactId, Money, Odds, Role, StatusRules};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, runs};

use crate::board::Board;
use crate::candidate_facts::{CandidateFacts, as_of};
use crate::rules::hot_list_rules;
use crate::status::{Reason, Status, reasons, status};

/// The maximum number of entries: a longer list helps nobody, and databases limit the IDs in a query.
const MAX_CANDIDATES: usize = 20_000;

/// The list of candidates who need attention.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// The oldest start of the last complete reads of the datasets it depends on; `None` before the first.
    pub as_of: Option<Timestamp>,
    /// Whether the calendar was read. Without it nobody is stalled and no appointment is overdue.
    pub calendar_read: bool,
    /// The rules that were applied.
    pub rules: StatusRules,
    /// Most urgent first.
    pub candidates: Vec<AttentionItem>,
}

/// One candidate who needs attention.
#[derive(Clone, Debug)]
pub struct AttentionItem {
    pub contact_id: ContactId,
    pub name: String,
    pub status: Status,
    pub reasons: Vec<Reason>,
    /// The deal's odds, or its stage's.
    pub odds: Option<Odds>,
    pub fee: Option<Money>,
}

/// Loads the candidates who need attention, most urgent first.
///
/// # Errors
/// When the database fails.
pub async fn attention<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Attention> {
    let (as_of, calendar_read) = as_of(&runs::dataset_ages(conn, tenant.id).await?);
    let rules = hot_list_rules(conn, tenant.id).await?.status;
    let Some(as_of) = as_of else { return Ok(Attention { rules, ..Attention::default() }) };
    let is_wanted = |role| matches!(role, Role::Qualified | Role::Late);
    let candidate_facts = CandidateFacts::load(conn, tenant, board, as_of.min(now), calendar_read, is_wanted).await?;
    let mut candidates: HashMap<&ContactId, AttentionItem> = HashMap::new();
    for deal in &candidate_facts.deals {
        let Some(contact_id) = deal.contact_id.as_ref() else { continue };
        let facts = candidate_facts.facts(board, &tenant.zone, deal);
        let reasons = reasons(&facts, &rules);
        if reasons.is_empty() {
            continue;
        }
        let (odds, fee) = (board.odds_of(deal.odds, &board.place(deal.stage.as_deref())), deal.fee_cents.map(Money));
        let found = AttentionItem {
            contact_id: contact_id.clone(),
            name: deal.name.clone(),
            status: status(&facts, &rules),
            reasons,
            odds,
            fee,
        };
        if candidates.get(contact_id).is_none_or(|before| found.urgency() < before.urgency()) {
            candidates.insert(contact_id, found);
        }
    }
    let mut candidates: Vec<AttentionItem> = candidates.into_values().collect();
    candidates.sort_by(|a, b| a.urgency().cmp(&b.urgency()));
    candidates.truncate(MAX_CANDIDATES);
    Ok(Attention { as_of: Some(as_of), calendar_read, rules, candidates })
}

impl AttentionItem {
    /// The sort order: status, then odds, then fee (highest first), then name.
    fn urgency(&self) -> impl Ord + '_ {
        (self.status, Reverse(self.odds.map(Odds::hundredths)), Reverse(self.fee.map(|fee| fee.0)), &self.name, &self.contact_id)
    }
}
