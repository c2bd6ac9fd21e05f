//! The hourly worker, and what is done once a day.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use tetherboard_domain::{TenantId, Trigger, next_hourly_run};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, Store, pipeline_days, runs, tenants};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::report::chain;
use crate::run::{RunOptions, Syncer};

/// Runs every tenant once an hour, and at once when a person asks.
pub struct Worker {
    syncer: Syncer,
    /// Tenants this worker is running now, so that a slow one is not started twice and delays no other.
    busy: Arc<Mutex<HashSet<TenantId>>>,
}

const LOOKS_EVERY: Duration = Duration::from_millis(500);

impl Worker {
    pub fn new(syncer: Syncer) -> Self {
        Self { syncer, busy: Arc::default() }
    }

    /// Works until it is cancelled; the runs under way are then closed as aborted.
    pub async fn work(self, cancel: CancellationToken) {
        let mut running = JoinSet::new();
        while !cancel.is_cancelled() {
            match self.due(self.syncer.clock.now()).await {
                Ok(due) => {
                    for (tenant, trigger) in due {
                        self.start(&mut running, tenant, trigger, &cancel);
                    }
                }
                Err(error) => tracing::error!(error = %chain(&error), "the worker could not look for work; it tries again"),
            }
            while running.try_join_next().is_some() {}
            tokio::select! {
                () = tokio::time::sleep(LOOKS_EVERY) => {}
                () = cancel.cancelled() => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// The tenants that people ask for, those never read, and those whose hourly moment has come since their last run.
    async fn due(&self, now: Timestamp) -> Result<Vec<(Tenant, Trigger)>> {
        let conn = self.syncer.store.conn();
        let asked_for: HashSet<TenantId> = runs::queued_tenants(conn).await?.into_iter().collect();
        let mut due = Vec::new();
        for tenant in tenants::list(conn).await? {
            if asked_for.contains(&tenant.id) {
                due.push((tenant, Trigger::Person));
                continue;
            }
            let parked = tenant.parked_until_ms.is_some_and(|until| until > now.as_millisecond());
            if !tenant.has_web_key || parked {
                continue;
            }
            let last = runs::newest(conn, tenant.id, 1).await?.pop();
            let last = last.and_then(|run| Timestamp::from_millisecond(run.requested_ms).ok());
            if last.is_none_or(|last| next_hourly_run(tenant.id, &tenant.zone, last) <= now) {
                due.push((tenant, Trigger::Schedule));
            }
        }
        Ok(due)
    }

    fn start(&self, running: &mut JoinSet<()>, tenant: Tenant, trigger: Trigger, cancel: &CancellationToken) {
        let busy = Arc::clone(&self.busy);
        if !busy.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.id) {
            return;
        }
        let syncer = self.syncer.clone();
        let options = RunOptions { cancel: cancel.clone(), ..Default::default() };
        running.spawn(async move {
            if let Err(error) = syncer.sync_tenant(&tenant, trigger, &options).await {
                tracing::error!(tenant.id = %tenant.id, error = %chain(&error), "a sync run was cut short");
            }
            busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant.id);
        });
    }
}

/// Writes the tenant's pipeline as today's; days without a run since the last one are carried forward and flagged.
///
/// # Errors
/// When the database does not answer.
pub async fn close_day(store: &Store, tenant: &Tenant, now: Timestamp) -> Result<()> {
    let today = tenant.zone.date(now);
    let conn = store.conn();
    let stages = tetherboard_metrics::pipeline_days(conn, tenant.id, now).await?;
    let last: Option<Date> = pipeline_days::last_day(conn, tenant.id).await?.and_then(|day| day.parse().ok());
    let missed: Vec<Date> =
        last.map(|last| last.series(Span::new().days(1)).skip(1).take_while(|day| *day < today).collect()).unwrap_or_default();
    let carried = match last {
        Some(last) if !missed.is_empty() => pipeline_days::since(conn, tenant.id, &last.to_string()).await?,
        _ => Vec::new(),
    };
    let tx = store.begin().await?;
    for (day, (_, stages)) in missed.iter().flat_map(|day| carried.first().map(|kept| (day, kept))) {
        pipeline_days::put(&tx, tenant.id, &day.to_string(), stages, true).await?;
    }
    pipeline_days::put(&tx, tenant.id, &today.to_string(), &stages, false).await?;
    Store::commit(tx).await
}
