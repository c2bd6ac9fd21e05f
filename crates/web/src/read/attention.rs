//! Candidates who need attention or changed recently, and the lists that these rules filter.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_domain::ContactId;
use tetherboard_metrics::{Attention, Board, Changes, attention, changes};
use tetherboard_store::Result;
use tetherboard_store::tenants::Tenant;

use crate::address::computed_filter::ComputedFilter;
use crate::cache::CacheKey;
use crate::state::Portal;

#[derive(Clone, PartialEq, Eq, Hash)]
struct AttentionKey;

impl CacheKey for AttentionKey {
    type Value = Attention;

    fn size(attention: &Attention) -> usize {
        size_of::<Attention>() + 400 * attention.candidates.len()
    }
}

/// The changes since a day.
#[derive(Clone, PartialEq, Eq, Hash)]
struct ChangesKey {
    since: Date,
}

impl CacheKey for ChangesKey {
    type Value = Changes;

    fn size(changes: &Changes) -> usize {
        size_of::<Changes>() + 200 * (changes.inactive.len() + changes.discovery.len())
    }
}

/// Candidates who need attention, most urgent first.
///
/// # Errors
/// When the database fails.
pub(crate) async fn needs_attention(portal: &Portal, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Arc<Attention>> {
    portal.cache.get(tenant, now, AttentionKey, || attention(portal.store.conn(), tenant, board, now)).await
}

/// What changed since a day.
///
/// # Errors
/// When the database fails.
pub(crate) async fn changes_since(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    since: Date,
    now: Timestamp,
) -> Result<Arc<Changes>> {
    portal.cache.get(tenant, now, ChangesKey { since }, || changes(portal.store.conn(), tenant, board, since, now)).await
}

/// The contacts that a computed filter leaves in a list.
///
/// # Errors
/// When the database fails.
pub(crate) async fn contacts_of(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    filter: ComputedFilter,
    now: Timestamp,
) -> Result<Vec<ContactId>> {
    Ok(match filter {
        ComputedFilter::NeedsAttention => {
            let found = needs_attention(portal, tenant, board, now).await?;
            found.candidates.iter().map(|candidate| candidate.contact_id.clone()).collect()
        }
        ComputedFilter::BecameInactive { since } => changes_since(portal, tenant, board, since, now).await?.inactive.clone(),
        ComputedFilter::DiscoveryDay { since } => {
            let found = changes_since(portal, tenant, board, since, now).await?;
            found.discovery.iter().map(|(_, contact)| contact.clone()).collect()
        }
    })
}
