//! The list of deals: what the pipeline page and its CSV show, from one query.

use std::sync::Arc;

use jiff::Timestamp;
use tetherboard_domain::{Money, Odds, StageRole, weighted};
use tetherboard_metrics::Board;
use tetherboard_store::Result;
use tetherboard_store::deals::{self, DealFilter, DealRow};
use tetherboard_store::tenants::Tenant;

use crate::address::deals::DealQuery;
use crate::cache::CacheKey;
use crate::state::Portal;

/// Part of a list.
pub(crate) struct DealPage {
    /// The number of rows in the whole list.
    pub(crate) total: i64,
    pub(crate) rows: Vec<DealRow>,
}

/// What the board adds to a deal's row.
pub(crate) struct DealFacts<'a> {
    pub(crate) stage: Option<&'a str>,
    pub(crate) role: StageRole,
    pub(crate) odds: Option<Odds>,
    pub(crate) fee: Option<Money>,
    /// `None` if the fee or the odds are unknown: the deal adds nothing to a sum.
    pub(crate) weighted: Option<Money>,
}

impl<'a> DealFacts<'a> {
    /// A deal's stage, odds, and amounts.
    pub(crate) fn of(board: &'a Board, row: &'a DealRow) -> Self {
        let place = board.place(row.stage.as_deref());
        let listed = board.stage(&place);
        let odds = board.odds_of(row.odds, &place);
        let fee = row.fee_cents.map(Money);
        Self {
            stage: listed.map(|stage| stage.name.as_str()).or(row.stage.as_deref()),
            role: board.role(&place),
            odds,
            fee,
            weighted: weighted(fee, odds),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct DealPageKey {
    query: DealQuery,
    part: (i64, i64),
}

impl CacheKey for DealPageKey {
    type Value = DealPage;

    fn size(page: &DealPage) -> usize {
        size_of::<DealPage>() + 400 * page.rows.len()
    }
}

/// The rows at `(offset, limit)` of the list, and the total.
///
/// # Errors
/// When the database fails.
pub(crate) async fn deal_page(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    query: &DealQuery,
    part: (i64, i64),
    now: Timestamp,
) -> Result<Arc<DealPage>> {
    let filter = query.filter(board, tenant.zone.date(now));
    let compute = async || {
        Ok(DealPage {
            total: deals::count(portal.store.conn(), tenant.id, &filter).await?,
            rows: rows(portal, tenant, board, query, &filter, part).await?,
        })
    };
    portal.cache.get(tenant, now, DealPageKey { query: query.clone(), part }, compute).await
}

/// Every row of the list.
///
/// # Errors
/// When the database fails.
pub(crate) async fn all_deals(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    query: &DealQuery,
    now: Timestamp,
) -> Result<Vec<DealRow>> {
    const PART: i64 = 5_000;
    let filter = query.filter(board, tenant.zone.date(now));
    super::all_rows(PART, |part| rows(portal, tenant, board, query, &filter, part)).await
}

async fn rows(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    query: &DealQuery,
    filter: &DealFilter,
    part: (i64, i64),
) -> Result<Vec<DealRow>> {
    let (sort, descending) = query.order();
    deals::list(portal.store.conn(), tenant.id, filter, sort, descending, &board.progress_order(), part).await
}
