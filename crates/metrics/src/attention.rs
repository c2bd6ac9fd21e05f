//! Who needs attention: the candidates of qualified and late stages whom something is overdue for, who fell silent, or who stall.
//!
//! One entry a contact: of several deals the most urgent speaks. Deals that are joined to no contact are a matter of data
//! quality; nobody could be led to their candidate. Everything is told as of the data, not as of the visitor's clock.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;
use tetherboard_domain::{ContactId, Money, Odds, Role, StatusRules};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, runs};

use crate::board::Board;
use crate::known::{Known, as_of};
use crate::rules::hot_list_rules;
use crate::status::{Reason, Status, reasons, status};

/// A list longer than this helps nobody, and databases take only so many ids in a question.
const MOST: usize = 20_000;

#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// The oldest start of the last whole reads of what it rests on; `None` before there was one.
    pub as_of: Option<Timestamp>,
    /// Whether the calendar was read: without it nobody stalls and no appointment is overdue.
    pub calendar_read: bool,
    /// The days that it was told by.
    pub rules: StatusRules,
    /// The most urgent first.
    pub candidates: Vec<NeedsAttention>,
}

#[derive(Clone, Debug)]
pub struct NeedsAttention {
    pub contact_id: ContactId,
    pub name: String,
    pub status: Status,
    pub reasons: Vec<Reason>,
    /// The deal's own, else its stage's.
    pub odds: Option<Odds>,
    pub fee: Option<Money>,
}

/// # Errors
/// When the database does not answer.
pub async fn attention<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Attention> {
    let (as_of, calendar_read) = as_of(&runs::dataset_ages(conn, tenant.id).await?);
    let rules = hot_list_rules(conn, tenant.id).await?.status;
    let Some(as_of) = as_of else { return Ok(Attention { rules, ..Attention::default() }) };
    let is_told = |role| matches!(role, Role::Qualified | Role::Late);
    let known = Known::load(conn, tenant, board, as_of.min(now), calendar_read, is_told).await?;
    let mut candidates: HashMap<&ContactId, NeedsAttention> = HashMap::new();
    for deal in &known.deals {
        let Some(contact_id) = deal.contact_id.as_ref() else { continue };
        let facts = known.facts(board, &tenant.zone, deal);
        let reasons = reasons(&facts, &rules);
        if reasons.is_empty() {
            continue;
        }
        let (odds, fee) = (board.odds_of(deal.odds, &board.place(deal.stage.as_deref())), deal.fee_cents.map(Money));
        let found = NeedsAttention {
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
    let mut candidates: Vec<NeedsAttention> = candidates.into_values().collect();
    candidates.sort_by(|a, b| a.urgency().cmp(&b.urgency()));
    candidates.truncate(MOST);
    Ok(Attention { as_of: Some(as_of), calendar_read, rules, candidates })
}

impl NeedsAttention {
    /// What is overdue before who fell silent before who stalls; then who is nearest to a signature, and has most at stake.
    fn urgency(&self) -> impl Ord + '_ {
        (self.status, Reverse(self.odds.map(Odds::hundredths)), Reverse(self.fee.map(|fee| fee.0)), &self.name, &self.contact_id)
    }
}
