//! The hourly worker, and what is done once a day.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use tetherboard_domain::{RunStatus, TenantId, Trigger, next_hourly_run};
use tetherboard_store::credentials::{self, token_hash};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, Store, leases, pipeline_days, runs, tenants};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::report::chain;
use crate::retention::{Retention, thin_out};
use crate::run::{RunOptions, Syncer};

/// Runs every tenant once an hour, and at once when a person asks.
pub struct Worker {
    syncer: Syncer,
    /// Tenants this worker is running now, so that a slow one is not started twice and delays no other.
    busy: Arc<Mutex<HashSet<TenantId>>>,
    checking: Arc<Mutex<HashSet<TenantId>>>,
    thinning: Arc<Mutex<HashSet<TenantId>>>,
    retention: Retention,
    looks_every: Duration,
}

const LOOKS_EVERY: Duration = Duration::from_millis(500);

impl Worker {
    pub fn new(syncer: Syncer, retention: Retention) -> Self {
        let (busy, checking, thinning) = Default::default();
        Self { syncer, busy, checking, thinning, retention, looks_every: LOOKS_EVERY }
    }

    /// How long it waits between two looks for work.
    #[must_use]
    pub fn looking_every(self, looks_every: Duration) -> Self {
        Self { looks_every, ..self }
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
            if let Err(error) = self.check_keys(&mut running).await {
                tracing::error!(error = %chain(&error), "the worker could not look for keys to check; it tries again");
            }
            if let Err(error) = self.thin_out(&mut running).await {
                tracing::error!(error = %chain(&error), "the worker could not look for old answers; it tries again");
            }
            while running.try_join_next().is_some() {}
            tokio::select! {
                () = tokio::time::sleep(self.looks_every) => {}
                () = cancel.cancelled() => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// The tenants that people ask for, those never read, and those whose hourly moment has come since their last run.
    async fn due(&self, now: Timestamp) -> Result<Vec<(Tenant, Trigger)>> {
        let conn = self.syncer.store.conn();
        let asked_for: HashMap<TenantId, Trigger> = runs::queued_tenants(conn).await?.into_iter().collect();
        let mut due = Vec::new();
        for tenant in tenants::list(conn).await? {
            if let Some(trigger) = asked_for.get(&tenant.id) {
                due.push((tenant, *trigger));
                continue;
            }
            if let Some(trigger) = self.left_behind(&tenant).await? {
                due.push((tenant, trigger));
                continue;
            }
            let parked = tenant.parked_until_ms.is_some_and(|until| until > now.into());
            if !tenant.has_web_key || parked || self.is_busy(tenant.id) {
                continue;
            }
            let last = runs::newest(conn, tenant.id, 1).await?.pop();
            let last = last.and_then(|run| run.requested_ms.timestamp());
            let is_due = last.is_none_or(|last| next_hourly_run(tenant.id, &tenant.zone, last) <= now);
            if is_due && self.token_allows(now).await? {
                due.push((tenant, Trigger::Schedule));
            }
        }
        Ok(due)
    }

    /// What started a run whose process died: it is closed, and made up for, as soon as its lease has run out.
    async fn left_behind(&self, tenant: &Tenant) -> Result<Option<Trigger>> {
        let conn = self.syncer.store.conn();
        let Some(open) = runs::open_run(conn, tenant.id).await?.filter(|run| run.status == RunStatus::Running) else {
            return Ok(None);
        };
        let is_worked_at = self.is_busy(tenant.id) || leases::is_held(conn, tenant.id, self.syncer.clock.machine_ms()).await?;
        Ok((!is_worked_at).then_some(open.trigger))
    }

    /// A token that is refused is tried by one brand an hour; one that is parked, not at all.
    async fn token_allows(&self, now: Timestamp) -> Result<bool> {
        let Some(token) = self.syncer.crm.token(&self.syncer.store).await? else { return Ok(true) };
        let (conn, hash, now_ms) = (self.syncer.store.conn(), token_hash(&token), now.into());
        let standing = credentials::token_health(conn, &hash).await?;
        match standing.refused_ms {
            _ if standing.parked_until_ms.is_some_and(|until| until > now_ms) => Ok(false),
            Some(_) => credentials::claim_token_retry(conn, &hash, now_ms).await,
            None => Ok(true),
        }
    }

    fn start(&self, running: &mut JoinSet<()>, tenant: Tenant, trigger: Trigger, cancel: &CancellationToken) {
        let Some(busy) = self.busy(tenant.id) else { return };
        let syncer = self.syncer.clone();
        let options = RunOptions { cancel: cancel.clone(), ..Default::default() };
        running.spawn(async move {
            let done = match trigger {
                Trigger::Replay => syncer.replay(&tenant, None, &options).await,
                _ => syncer.sync_tenant(&tenant, trigger, &options).await,
            };
            if let Err(error) = done {
                tracing::error!(tenant.id = %tenant.id, error = %chain(&error), "a sync run was cut short");
            }
            drop(busy);
        });
    }

    /// Answers whoever asked in the portal whether a brand's key is good.
    async fn check_keys(&self, running: &mut JoinSet<()>) -> Result<()> {
        let store = &self.syncer.store;
        for check in credentials::pending_key_checks(store.conn()).await? {
            let Some(tenant) = tenants::by_id(store.conn(), check.tenant).await? else { continue };
            let Some(asked) = self.claim(&self.checking, tenant.id) else { continue };
            let syncer = self.syncer.clone();
            running.spawn(async move {
                if let Err(error) = syncer.check_key(&tenant).await {
                    tracing::error!(tenant.id = %tenant.id, error = %chain(&error), "a key could not be checked");
                }
                drop(asked);
            });
        }
        Ok(())
    }

    /// Lets old answers go, brand by brand, once a local day.
    async fn thin_out(&self, running: &mut JoinSet<()>) -> Result<()> {
        let today = self.syncer.clock.now();
        for tenant in tenants::list(self.syncer.store.conn()).await? {
            if tenant.snapshots_thinned == Some(tenant.zone.date(today)) {
                continue;
            }
            let Some(claim) = self.claim(&self.thinning, tenant.id) else { continue };
            let (syncer, retention) = (self.syncer.clone(), self.retention);
            running.spawn(async move {
                if let Err(error) = thin_out(&syncer.store, &syncer.clock, &tenant, retention).await {
                    tracing::error!(tenant.id = %tenant.id, error = %chain(&error), "old answers could not be thinned out");
                }
                drop(claim);
            });
        }
        Ok(())
    }

    fn is_busy(&self, tenant: TenantId) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).contains(&tenant)
    }

    fn busy(&self, tenant: TenantId) -> Option<Claim> {
        self.claim(&self.busy, tenant)
    }

    fn claim(&self, of: &Arc<Mutex<HashSet<TenantId>>>, tenant: TenantId) -> Option<Claim> {
        let is_new = of.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant);
        is_new.then(|| Claim { of: Arc::clone(of), tenant })
    }
}

/// That this worker is at work on a tenant, until it is dropped.
struct Claim {
    of: Arc<Mutex<HashSet<TenantId>>>,
    tenant: TenantId,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.tenant);
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
