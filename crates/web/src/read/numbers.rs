//! The numbers of a brand that every page starts from: its stages, leads, and pipeline.

use std::sync::Arc;

use jiff::Timestamp;
use tetherboard_domain::{Compare, Period, ResolvedPeriod, Window};
use tetherboard_metrics::{Board, DayTotals, LeadCounts, LeadSummary, NewLeads, Pipeline, day_totals, lead_counts, pipeline};
use tetherboard_store::Result;
use tetherboard_store::tenants::Tenant;

use crate::cache::CacheKey;
use crate::state::Portal;

/// A brand's numbers in one version of its data.
pub(crate) struct Numbers {
    pub(crate) board: Board,
    pub(crate) leads: LeadCounts,
    pub(crate) summary: LeadSummary,
    pub(crate) pipeline: Pipeline,
    /// Pipeline totals at the end of each of the last ten weeks' days, oldest first.
    pub(crate) days: Vec<DayTotals>,
}

/// The days whose totals are loaded.
const DAYS: i64 = 70;

/// New leads in a period and in the one it is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewLeadsIn {
    pub(crate) period: ResolvedPeriod,
    pub(crate) this: NewLeads,
    pub(crate) before: Option<(Window, NewLeads)>,
}

impl Numbers {
    /// The new leads of a period; `None` if there is no data in the period yet.
    pub(crate) fn new_leads(&self, tenant: &Tenant, period: Period, compare: Compare, now: Timestamp) -> Option<NewLeadsIn> {
        let period = period.resolve(&tenant.zone, now, self.leads.as_of?)?;
        let before = period.before(compare, &tenant.zone);
        Some(NewLeadsIn {
            this: self.leads.new_leads(period.window),
            before: before.map(|window| (window, self.leads.new_leads(window))),
            period,
        })
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct NumbersKey;

impl CacheKey for NumbersKey {
    type Value = Numbers;

    fn size(numbers: &Numbers) -> usize {
        size_of::<Numbers>() + numbers.leads.size() + 200 * (numbers.days.len() + numbers.pipeline.stages.len())
    }
}

/// The numbers of the data version that `tenant` was read with.
///
/// # Errors
/// When the database fails.
pub(crate) async fn numbers(portal: &Portal, tenant: &Tenant, now: Timestamp) -> Result<Arc<Numbers>> {
    portal.cache.get(tenant, now, NumbersKey, || load(portal, tenant, now)).await
}

async fn load(portal: &Portal, tenant: &Tenant, now: Timestamp) -> Result<Numbers> {
    let conn = portal.store.conn();
    let board = Board::load(conn, tenant.id).await?;
    let leads = lead_counts(conn, tenant.id, &board).await?;
    Ok(Numbers {
        summary: leads.summary(&board, &tenant.zone, now),
        pipeline: pipeline(conn, tenant.id, &board, now).await?,
        days: day_totals(conn, tenant, &board, tenant.zone.date(now), DAYS).await?,
        leads,
        board,
    })
}
