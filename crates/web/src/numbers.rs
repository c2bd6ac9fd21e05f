//! A brand's numbers, computed once for each version of its data and each local day.
//!
//! They change only when a sync lands, a setting changes, or a day begins; counting fifty thousand contacts for every
//! visitor would make each wait.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_domain::{Compare, Period, Resolved, TenantId, Window};
use tetherboard_metrics::{Board, DayTotals, LeadBook, LeadSummary, NewLeads, Pipeline, day_totals, lead_book, pipeline};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, Store, StoreError};
use tokio::sync::OnceCell;

pub(crate) struct Numbers {
    pub(crate) board: Board,
    pub(crate) leads: LeadBook,
    pub(crate) summary: LeadSummary,
    pub(crate) pipeline: Pipeline,
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
    values: HashMap<(TypeId, String), Value>,
    /// How many questions came.
    asked: u64,
}

struct Value {
    /// Filled by whoever asks first; who asks meanwhile waits for that one.
    cell: Arc<OnceCell<Arc<dyn Any + Send + Sync>>>,
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

    /// What `compute` gives, once for each `key`, data version and local day, however many ask at a time.
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
        let cell = self.cell(tenant, tenant.zone.date(now), (TypeId::of::<T>(), key.to_owned()));
        let value = cell
            .get_or_try_init::<StoreError, _, _>(async || Ok(Arc::new(compute().await?) as Arc<dyn Any + Send + Sync>))
            .await?;
        match Arc::clone(value).downcast() {
            Ok(value) => Ok(value),
            Err(_) => unreachable!("a value is kept by its type"),
        }
    }

    fn cell(&self, tenant: &Tenant, day: Date, key: (TypeId, String)) -> Arc<OnceCell<Arc<dyn Any + Send + Sync>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Kept { data_version: tenant.data_version, day, values: HashMap::new(), asked: 0 };
        let kept = all.entry(tenant.id).or_insert_with(fresh);
        if (kept.data_version, kept.day) != (tenant.data_version, day) {
            *kept = fresh();
        }
        if !kept.values.contains_key(&key)
            && kept.values.len() >= MOST
            && let Some(oldest) = kept.values.iter().min_by_key(|(_, value)| value.asked).map(|(key, _)| key.clone())
        {
            kept.values.remove(&oldest);
        }
        kept.asked += 1;
        let value = kept.values.entry(key).or_insert_with(|| Value { cell: Arc::default(), asked: 0 });
        value.asked = kept.asked;
        Arc::clone(&value.cell)
    }
}

async fn compute(store: &Store, tenant: &Tenant, now: Timestamp) -> Result<Numbers> {
    let conn = store.conn();
    let board = Board::load(conn, tenant.id).await?;
    let leads = lead_book(conn, tenant.id, &board).await?;
    Ok(Numbers {
        summary: leads.summary(&board, &tenant.zone, now),
        pipeline: pipeline(conn, tenant.id, &board, now).await?,
        days: day_totals(conn, tenant.id, &board, tenant.zone.date(now), DAYS).await?,
        leads,
        board,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::future::join_all;
    use tetherboard_store::tenants;
    use tetherboard_testkit::{Kind, empty, fresh, tenant};

    use super::*;

    #[tokio::test]
    async fn all_who_ask_at_a_time_wait_for_one_computation_and_the_next_version_has_its_own() {
        let db = fresh(Kind::Sqlite).await;
        let (conn, id) = (db.store.conn(), tenant(&db.store, "harbor", "UTC").await.id);
        let (kept, computed) = (KeptNumbers::default(), AtomicUsize::new(0));
        let compute = async || {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(computed.fetch_add(1, Ordering::Relaxed))
        };
        for version in 0..2 {
            let tenant = tenants::by_id(conn, id).await.unwrap().unwrap();
            let asked = join_all((0..8).map(|_| kept.get(&tenant, Timestamp::UNIX_EPOCH, "count", compute))).await;
            assert!(asked.into_iter().all(|answer| *answer.unwrap() == version));
            assert!(kept.get(&tenant, Timestamp::UNIX_EPOCH, "count", async || Ok("of another type")).await.is_ok());
            tenants::publish(conn, id).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_failed_is_tried_again_and_no_more_is_kept_than_fits() {
        let db = fresh(Kind::Sqlite).await;
        let tenant = tenant(&db.store, "harbor", "UTC").await;
        let kept = KeptNumbers::default();
        let get =
            async |key: &str, value: usize| *kept.get(&tenant, Timestamp::UNIX_EPOCH, key, async || Ok(value)).await.unwrap();
        let without_tables = empty(Kind::Sqlite).await;
        let fails = async || Ok(tenants::list(without_tables.store.conn()).await?.len());
        assert!(kept.get(&tenant, Timestamp::UNIX_EPOCH, "first", fails).await.is_err());
        assert_eq!((get("first", 1).await, get("second", 2).await), (1, 2));
        for key in 0..MOST - 1 {
            assert_eq!(get("first", 0).await, 1, "it was asked for just now");
            get(&key.to_string(), key).await;
        }
        assert_eq!(get("second", 22).await, 22, "it was asked for longest ago");
    }
}
