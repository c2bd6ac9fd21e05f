//! The current names of candidates and deals.

use std::collections::HashMap;

use tetherboard_domain::{ContactId, DealId, TenantId};
use tetherboard_metrics::CandidateRef;
use tetherboard_store::deals::{self, DealName};
use tetherboard_store::{Conn, Result};

use super::query::Row;

/// The names of the candidates and deals of some rows.
#[derive(Default)]
pub(super) struct Names {
    contacts: HashMap<ContactId, DealName>,
    deals: HashMap<DealId, DealName>,
}

impl Names {
    /// Loads the names of the rows' candidates and deals.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn load<C: Conn>(conn: &C, tenant: TenantId, rows: &[Row]) -> Result<Self> {
        fn ids<Id: Clone + Ord>(rows: &[Row], of: fn(&CandidateRef) -> Option<&Id>) -> Vec<Id> {
            let mut ids: Vec<Id> = rows.iter().filter_map(|row| of(&row.who)).cloned().collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        }
        Ok(Self {
            contacts: deals::names(conn, tenant, &ids(rows, |who| who.contact.as_ref())).await?,
            deals: deals::names(conn, tenant, &ids(rows, |who| who.deal.as_ref())).await?,
        })
    }

    /// The candidate's name, or the deal's for a deal without a contact.
    pub(super) fn candidate(&self, who: &CandidateRef) -> &str {
        let contact = who.contact.as_ref().and_then(|id| self.contacts.get(id));
        contact.or_else(|| self.deal(who)).map_or("", |name| name.name.as_str())
    }

    /// The deal's name.
    pub(super) fn deal(&self, who: &CandidateRef) -> Option<&DealName> {
        self.deals.get(who.deal.as_ref()?)
    }

    /// The second line of a row: the deal's title, or the candidate's market.
    pub(super) fn subtitle(&self, who: &CandidateRef) -> &str {
        let market = || who.contact.as_ref().and_then(|id| self.contacts.get(id)).map(|name| name.market.as_str());
        self.deal(who).map(|deal| deal.title.as_str()).filter(|title| !title.is_empty()).or_else(market).unwrap_or_default()
    }
}
