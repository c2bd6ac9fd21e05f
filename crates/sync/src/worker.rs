//! The background worker: hourly runs, runs that people ask for, key checks, and daily cleanup.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tetherboard_domain::{RunStatus, TenantId, Trigger, next_hourly_run};
use tetherboard_store::credentials::{self, token_hash};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, leases, runs, tenants};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::report::chain;
use crate::retention::{Retention, delete_old_responses};
use crate::run::{RunOptions, Syncer};

/// Syncs every tenant once an hour, and immediately when a person asks.
pub struct Worker {
    syncer: Syncer,
    /// Tenants that this worker is syncing, so that a slow one is not started twice and delays no other.
    syncing: Arc<Mutex<HashSet<TenantId>>>,
    /// Tenants whose web key is being checked.
    checking: Arc<Mutex<HashSet<TenantId>>>,
    /// Tenants whose old responses are being deleted.
    cleaning: Arc<Mutex<HashSet<TenantId>>>,
    retention: Retention,
    poll_interval: Duration,
}

const POLL_INTERVAL: Duration = Duration::from_millis(500);

impl Worker {
    /// A worker that looks for work twice a second.
    pub fn new(syncer: Syncer, retention: Retention) -> Self {
        let (syncing, checking, cleaning) = Default::default();
        Self { syncer, syncing, checking, cleaning, retention, poll_interval: POLL_INTERVAL }
    }

    /// Changes how often the worker looks for work.
    #[must_use]
    pub fn with_poll_interval(self, poll_interval: Duration) -> Self {
        Self { poll_interval, ..self }
    }

    /// Works until canceled, then waits until the open runs have been recorded as aborted.
    pub async fn work(self, cancel: CancellationToken) {
        let mut running = JoinSet::new();
        while !cancel.is_cancelled() {
            match self.due(self.syncer.clock.now()).await {
                Ok(due) => {
                    for (tenant, trigger) in due {
                        self.start(&mut running, tenant, trigger, &cancel);
                    }
                }
                Err(error) => tracing::error!(error = %chain(&error), "could not look for due syncs; will retry"),
            }
            if let Err(error) = self.check_keys(&mut running).await {
                tracing::error!(error = %chain(&error), "could not look for keys to check; will retry");
            }
            if let Err(error) = self.delete_old_responses(&mut running).await {
                tracing::error!(error = %chain(&error), "could not look for old responses to delete; will retry");
            }
            while running.try_join_next().is_some() {}
            tokio::select! {
                () = tokio::time::sleep(self.poll_interval) => {}
                () = cancel.cancelled() => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Tenants that a person asked to sync, tenants never synced, and tenants whose hourly time has come.
    async fn due(&self, now: Timestamp) -> Result<Vec<(Tenant, Trigger)>> {
        let conn = self.syncer.store.conn();
        let requested: HashMap<TenantId, Trigger> = runs::queued_tenants(conn).await?.into_iter().collect();
        let mut due = Vec::new();
        for tenant in tenants::list(conn).await? {
            if let Some(trigger) = requested.get(&tenant.id) {
                due.push((tenant, *trigger));
                continue;
            }
            if let Some(trigger) = self.interrupted(&tenant).await? {
                due.push((tenant, trigger));
                continue;
            }
            let parked = tenant.parked_until_ms.is_some_and(|until| until > now.into());
            if !tenant.has_web_key || parked || self.is_syncing(tenant.id) {
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

    /// The trigger of a run whose process died, to be repeated as soon as the lease of that run has expired.
    async fn interrupted(&self, tenant: &Tenant) -> Result<Option<Trigger>> {
        let conn = self.syncer.store.conn();
        let Some(open) = runs::open_run(conn, tenant.id).await?.filter(|run| run.status == RunStatus::Running) else {
            return Ok(None);
        };
        let is_in_progress =
            self.is_syncing(tenant.id) || leases::is_held(conn, tenant.id, self.syncer.clock.machine_ms()).await?;
        Ok((!is_in_progress).then_some(open.trigger))
    }

    /// Whether a scheduled run may use the token: a refused token is tried by one brand an hour, a parked one not at all.
    async fn token_allows(&self, now: Timestamp) -> Result<bool> {
        let Some(token) = self.syncer.crm.token(&self.syncer.store).await? else { return Ok(true) };
        let (conn, hash, now_ms) = (self.syncer.store.conn(), token_hash(&token), now.into());
        let token = credentials::token_health(conn, &hash).await?;
        match token.refused_ms {
            _ if token.parked_until_ms.is_some_and(|until| until > now_ms) => Ok(false),
            Some(_) => credentials::claim_token_retry(conn, &hash, now_ms).await,
            None => Ok(true),
        }
    }

    fn start(&self, running: &mut JoinSet<()>, tenant: Tenant, trigger: Trigger, cancel: &CancellationToken) {
        let Some(claim) = claim(&self.syncing, tenant.id) else { return };
        let syncer = self.syncer.clone();
        let options = RunOptions { cancel: cancel.clone(), ..Default::default() };
        running.spawn(async move {
            let outcome = match trigger {
                Trigger::Replay => syncer.replay(&tenant, None, &options).await,
                _ => syncer.sync_tenant(&tenant, trigger, &options).await,
            };
            if let Err(error) = outcome {
                tracing::error!(tenant.id = %tenant.id, error = %chain(&error), "sync run did not finish");
            }
            drop(claim);
        });
    }

    /// Checks the web keys for which a person asked in the portal.
    async fn check_keys(&self, running: &mut JoinSet<()>) -> Result<()> {
        let store = &self.syncer.store;
        for check in credentials::pending_key_checks(store.conn()).await? {
            let Some(tenant) = tenants::by_id(store.conn(), check.tenant).await? else { continue };
            let Some(claim) = claim(&self.checking, tenant.id) else { continue };
            let syncer = self.syncer.clone();
            running.spawn(async move {
                if let Err(error) = syncer.check_key(&tenant).await {
                    tracing::error!(tenant.id = %tenant.id, error = %chain(&error), "could not check a web key");
                }
                drop(claim);
            });
        }
        Ok(())
    }

    /// Deletes old responses of each brand, once per local day.
    async fn delete_old_responses(&self, running: &mut JoinSet<()>) -> Result<()> {
        let today = self.syncer.clock.now();
        for tenant in tenants::list(self.syncer.store.conn()).await? {
            if tenant.snapshots_thinned == Some(tenant.zone.date(today)) {
                continue;
            }
            let Some(claim) = claim(&self.cleaning, tenant.id) else { continue };
            let (syncer, retention) = (self.syncer.clone(), self.retention);
            running.spawn(async move {
                if let Err(error) = delete_old_responses(&syncer.store, &syncer.clock, &tenant, retention).await {
                    tracing::error!(tenant.id = %tenant.id, error = %chain(&error), "could not delete old responses");
                }
                drop(claim);
            });
        }
        Ok(())
    }

    fn is_syncing(&self, tenant: TenantId) -> bool {
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner).contains(&tenant)
    }
}

fn claim(tenants: &Arc<Mutex<HashSet<TenantId>>>, tenant: TenantId) -> Option<Claim> {
    let is_new = tenants.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant);
    is_new.then(|| Claim { tenants: Arc::clone(tenants), tenant })
}

/// Keeps a tenant in one of the worker's sets until it is dropped.
struct Claim {
    tenants: Arc<Mutex<HashSet<TenantId>>>,
    tenant: TenantId,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.tenant);
    }
}
