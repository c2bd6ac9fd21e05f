//! Contacts that a rule finds rather than a column: those who need attention, and those of whom something changed.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_metrics::{Attention, Board, Changes, attention, changes};
use tetherboard_store::Result;
use tetherboard_store::leads::LeadFilter;
use tetherboard_store::tenants::Tenant;

use tetherboard_domain::ContactId;

use crate::Portal;
use crate::links::Link;
use crate::parts::time;
use crate::query::{Pairs, one_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Those {
    NeedAttention,
    BecameInactive {
        since: Date,
    },
    /// For whom a Discovery Day to come was booked.
    DiscoveryDay {
        since: Date,
    },
}

#[derive(Clone, Copy)]
enum Kind {
    Attention,
    Inactive,
    Discovery,
}

const KINDS: [(&str, Kind); 3] =
    [("attention", Kind::Attention), ("became-inactive", Kind::Inactive), ("discovery-day", Kind::Discovery)];

impl Those {
    /// Reads `those`, and `since` where a rule needs it.
    ///
    /// # Errors
    /// A sentence that names the value that cannot be read, and what could.
    pub(crate) fn parse(pairs: &Pairs) -> std::result::Result<Option<Self>, String> {
        let since = || {
            let text = pairs.filled("since").ok_or("`those` needs `since`, a date like 2026-03-09.")?;
            text.parse().map_err(|_| format!("`since={text}` is no date; write one like 2026-03-09."))
        };
        Ok(match one_of(pairs, "those", &KINDS)? {
            None => None,
            Some(Kind::Attention) => Some(Self::NeedAttention),
            Some(Kind::Inactive) => Some(Self::BecameInactive { since: since()? }),
            Some(Kind::Discovery) => Some(Self::DiscoveryDay { since: since()? }),
        })
    }

    /// Keeps it in an address.
    pub(crate) fn narrow(self, link: Link) -> Link {
        match self {
            Self::NeedAttention => link.with("those", "attention"),
            Self::BecameInactive { since } => link.with("those", "became-inactive").with("since", &since.to_string()),
            Self::DiscoveryDay { since } => link.with("those", "discovery-day").with("since", &since.to_string()),
        }
    }

    /// What the list is narrowed to, for a person.
    pub(crate) fn label(self) -> String {
        match self {
            Self::NeedAttention => "Needs attention".to_owned(),
            Self::BecameInactive { since } => format!("Became inactive since {}", time::full_day(since)),
            Self::DiscoveryDay { since } => format!("Discovery Day booked since {}", time::full_day(since)),
        }
    }

    /// The contacts that the rule finds.
    async fn ids(self, portal: &Portal, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Vec<ContactId>> {
        Ok(match self {
            Self::NeedAttention => {
                let found = who_needs_attention(portal, tenant, board, now).await?;
                found.candidates.iter().map(|candidate| candidate.contact_id.clone()).collect()
            }
            Self::BecameInactive { since } => what_changed(portal, tenant, board, since, now).await?.inactive.clone(),
            Self::DiscoveryDay { since } => {
                let found = what_changed(portal, tenant, board, since, now).await?;
                found.discovery.iter().map(|(_, contact)| contact.clone()).collect()
            }
        })
    }
}

/// Narrows a list to those that its address asks for.
pub(crate) async fn narrow(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    those: Option<Those>,
    filter: &mut LeadFilter,
) -> Result<()> {
    if let Some(those) = those {
        filter.ids = Some(those.ids(portal, tenant, board, portal.clock.now()).await?);
    }
    Ok(())
}

pub(crate) async fn who_needs_attention(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    now: Timestamp,
) -> Result<Arc<Attention>> {
    let compute = || attention(portal.store.conn(), tenant, board, now);
    portal.numbers.get(tenant, now, "attention", compute).await
}

pub(crate) async fn what_changed(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    since: Date,
    now: Timestamp,
) -> Result<Arc<Changes>> {
    let compute = || changes(portal.store.conn(), tenant, board, since, now);
    portal.numbers.get(tenant, now, &format!("changes since {since}"), compute).await
}
