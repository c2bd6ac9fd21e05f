//! The list of contacts: what the page, its CSV, and the API show, from one query.

use std::sync::Arc;

use jiff::Timestamp;
use tetherboard_domain::EpochMs;
use tetherboard_metrics::{Board, LEADS_DATASETS};
use tetherboard_store::leads::{self, LeadFilter, LeadRow};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, runs};

use super::attention::contacts_of;
use crate::address::leads::LeadQuery;
use crate::cache::CacheKey;
use crate::state::Portal;

/// Part of a list.
pub(crate) struct LeadPage {
    /// The number of rows in the whole list.
    pub(crate) total: i64,
    pub(crate) rows: Vec<LeadRow>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct LeadPageKey {
    query: LeadQuery,
    part: (i64, i64),
}

impl CacheKey for LeadPageKey {
    type Value = LeadPage;

    fn size(page: &LeadPage) -> usize {
        size_of::<LeadPage>() + 400 * page.rows.len()
    }
}

/// The rows at `(offset, limit)` of the list, and the total.
///
/// # Errors
/// When the database fails.
pub(crate) async fn lead_page(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    query: &LeadQuery,
    part: (i64, i64),
    now: Timestamp,
) -> Result<Arc<LeadPage>> {
    let conn = portal.store.conn();
    let compute = async || {
        let filter = lead_filter(portal, tenant, board, query, now).await?;
        Ok(LeadPage {
            total: leads::count(conn, tenant.id, &filter).await?,
            rows: rows(portal, tenant, board, query, &filter, part).await?,
        })
    };
    portal.cache.get(tenant, now, LeadPageKey { query: query.clone(), part }, compute).await
}

/// Every row of the list.
///
/// # Errors
/// When the database fails.
pub(crate) async fn all_leads(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    query: &LeadQuery,
    now: Timestamp,
) -> Result<Vec<LeadRow>> {
    const PART: i64 = 5_000;
    let filter = lead_filter(portal, tenant, board, query, now).await?;
    super::all_rows(PART, |part| rows(portal, tenant, board, query, &filter, part)).await
}

async fn rows(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    query: &LeadQuery,
    filter: &LeadFilter,
    part: (i64, i64),
) -> Result<Vec<LeadRow>> {
    let (sort, descending) = query.order();
    leads::list(portal.store.conn(), tenant.id, filter, sort, descending, &board.key_order(), part).await
}

/// The contacts that a query means. Its window ends where the data does.
async fn lead_filter(portal: &Portal, tenant: &Tenant, board: &Board, query: &LeadQuery, now: Timestamp) -> Result<LeadFilter> {
    let conn = portal.store.conn();
    let as_of = runs::dataset_ages(conn, tenant.id).await?.as_of_ms(&LEADS_DATASETS);
    let as_of = as_of.and_then(EpochMs::timestamp);
    let mut filter = query.filter(conn, tenant.id, board, &tenant.zone, as_of).await?;
    if let Some(computed) = query.computed {
        filter.ids = Some(contacts_of(portal, tenant, board, computed, now).await?);
    }
    Ok(filter)
}
