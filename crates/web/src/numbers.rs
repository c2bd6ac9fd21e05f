//! A brand's numbers, computed once for each version of its data and each local day.
//!
//! They change only when a sync lands, a setting changes, or a day begins; counting fifty thousand contacts for every
//! visitor would make each wait. One set is kept for each brand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_domain::TenantId;
use tetherboard_metrics::{
    Board, DayTotals, LeadSummary, NewLeadsThisWeek, Pipeline, SourceLine, day_totals, lead_summary, new_leads_this_week,
    pipeline, sources,
};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, Store};

pub(crate) struct Numbers {
    pub(crate) board: Board,
    pub(crate) week: Option<NewLeadsThisWeek>,
    pub(crate) summary: LeadSummary,
    pub(crate) pipeline: Pipeline,
    pub(crate) sources: Vec<SourceLine>,
    /// The last ten weeks' days, oldest first.
    pub(crate) days: Vec<DayTotals>,
}

const DAYS: i64 = 70;

#[derive(Clone, Default)]
pub(crate) struct KeptNumbers(Arc<Mutex<HashMap<TenantId, Kept>>>);

struct Kept {
    data_version: i64,
    day: Date,
    numbers: Arc<Numbers>,
}

impl KeptNumbers {
    /// The numbers of the data version that `tenant` was read with, or of a later one.
    pub(crate) async fn of(&self, store: &Store, tenant: &Tenant, now: Timestamp) -> Result<Arc<Numbers>> {
        let day = tenant.zone.date(now);
        if let Some(numbers) = self.kept(tenant, day) {
            return Ok(numbers);
        }
        let numbers = Arc::new(compute(store, tenant, now).await?);
        let kept = Kept { data_version: tenant.data_version, day, numbers: Arc::clone(&numbers) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.id, kept);
        Ok(numbers)
    }

    fn kept(&self, tenant: &Tenant, day: Date) -> Option<Arc<Numbers>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get(&tenant.id).filter(|kept| kept.data_version == tenant.data_version && kept.day == day)?;
        Some(Arc::clone(&kept.numbers))
    }
}

async fn compute(store: &Store, tenant: &Tenant, now: Timestamp) -> Result<Numbers> {
    let conn = store.conn();
    let board = Board::load(conn, tenant.id).await?;
    Ok(Numbers {
        week: new_leads_this_week(conn, tenant.id, &tenant.zone, now).await?,
        summary: lead_summary(conn, tenant.id, &tenant.zone, &board, now).await?,
        pipeline: pipeline(conn, tenant.id, &board, now).await?,
        sources: sources(conn, tenant.id, &board, None).await?,
        days: day_totals(conn, tenant.id, &board, tenant.zone.date(now), DAYS).await?,
        board,
    })
}
