//! A brand's numbers, computed once for each version of its data and each local day.
//!
//! They change only when a sync lands, a setting changes, or a day begins; counting fifty thousand contacts for every
//! visitor would make each wait.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_domain::{Compare, Period, Resolved, TenantId, Window};
use tetherboard_metrics::{
    Board, DayTotals, LeadBook, LeadSummary, NewLeads, Pipeline, SourceLine, day_totals, lead_book, pipeline,
};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, Store};

pub(crate) struct Numbers {
    pub(crate) board: Board,
    pub(crate) leads: LeadBook,
    pub(crate) summary: LeadSummary,
    pub(crate) pipeline: Pipeline,
    pub(crate) sources: Vec<SourceLine>,
    /// The last ten weeks' days, oldest first.
    pub(crate) days: Vec<DayTotals>,
}

const DAYS: i64 = 70;

/// New leads of a period, and of the one that it is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewLeadsIn {
    pub(crate) period: Resolved,
    pub(crate) this: NewLeads,
    pub(crate) before: Option<(Window, NewLeads)>,
}

impl Numbers {
    /// `None`: there is no data in the period yet.
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

/// What was computed, by brand and by what it is.
#[derive(Clone, Default)]
pub(crate) struct KeptNumbers(Arc<Mutex<HashMap<TenantId, Kept>>>);

/// All of one version and day; the next one's first question drops it.
struct Kept {
    data_version: i64,
    day: Date,
    values: HashMap<String, Value>,
    /// How many questions came.
    asked: u64,
}

struct Value {
    value: Arc<dyn Any + Send + Sync>,
    /// The last question that was for it.
    asked: u64,
}

/// Of one brand: visitors can ask for periods and filters without end. What was asked for longest ago goes first.
const MOST: usize = 64;

impl KeptNumbers {
    /// The numbers of the data version that `tenant` was read with.
    pub(crate) async fn of(&self, store: &Store, tenant: &Tenant, now: Timestamp) -> Result<Arc<Numbers>> {
        self.get(tenant, now, "numbers", || compute(store, tenant, now)).await
    }

    /// What `compute` gives, once for each `key`, data version and local day.
    ///
    /// # Errors
    /// Those of `compute`; nothing is kept then.
    pub(crate) async fn get<T, F>(
        &self,
        tenant: &Tenant,
        now: Timestamp,
        key: &str,
        compute: impl FnOnce() -> F,
    ) -> Result<Arc<T>>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T>>,
    {
        let day = tenant.zone.date(now);
        if let Some(value) = self.kept(tenant, day, key) {
            return Ok(value);
        }
        let value = Arc::new(compute().await?);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Kept { data_version: tenant.data_version, day, values: HashMap::new(), asked: 0 };
        let kept = all.entry(tenant.id).or_insert_with(fresh);
        if (kept.data_version, kept.day) != (tenant.data_version, day) {
            *kept = fresh();
        }
        if kept.values.len() >= MOST
            && let Some(oldest) = kept.values.iter().min_by_key(|(_, value)| value.asked).map(|(key, _)| key.clone())
        {
            kept.values.remove(&oldest);
        }
        kept.asked += 1;
        kept.values.insert(key.to_owned(), Value { value: value.clone(), asked: kept.asked });
        Ok(value)
    }

    fn kept<T: Send + Sync + 'static>(&self, tenant: &Tenant, day: Date, key: &str) -> Option<Arc<T>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get_mut(&tenant.id).filter(|kept| kept.data_version == tenant.data_version && kept.day == day)?;
        kept.asked += 1;
        let value = kept.values.get_mut(key)?;
        value.asked = kept.asked;
        Arc::clone(&value.value).downcast().ok()
    }
}

async fn compute(store: &Store, tenant: &Tenant, now: Timestamp) -> Result<Numbers> {
    let conn = store.conn();
    let board = Board::load(conn, tenant.id).await?;
    let leads = lead_book(conn, tenant.id, &board).await?;
    Ok(Numbers {
        summary: leads.summary(&board, &tenant.zone, now),
        sources: leads.sources(&board, None),
        pipeline: pipeline(conn, tenant.id, &board, now).await?,
        days: day_totals(conn, tenant.id, &board, tenant.zone.date(now), DAYS).await?,
        leads,
        board,
    })
}
