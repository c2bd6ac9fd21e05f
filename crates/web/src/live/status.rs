//! The status of every brand at one moment: what open pages show of it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, RunId, RunStatus, TenantId};
use tetherboard_metrics::{Freshness, freshness};
use tetherboard_store::tenants::{self, Tenant};
use tetherboard_store::{Result, Store, credentials, runs};
use tokio::sync::OnceCell;

/// The status of all brands. A brand whose entry is the same as in the previous status has not changed.
pub(crate) struct LiveStatus {
    pub(crate) brands: HashMap<TenantId, Arc<BrandStatus>>,
}

/// The status of one brand.
pub(crate) struct BrandStatus {
    pub(crate) tenant: Tenant,
    pub(crate) fingerprint: Fingerprint,
    read_at: Instant,
    freshness: OnceCell<Freshness>,
}

/// Everything that changes how a page about the brand looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint {
    pub(crate) data_version: i64,
    parked_until_ms: Option<EpochMs>,
    refused_ms: Option<EpochMs>,
    token_refused_ms: Option<EpochMs>,
    key_asked_ms: Option<EpochMs>,
    open: Vec<(RunId, RunStatus, bool)>,
    progress: Vec<(Dataset, DatasetStatus, i64, Option<i64>)>,
}

/// How long a status is used: ages grow and pass thresholds without any other change.
const MAX_AGE: Duration = Duration::from_mins(1);

/// The current status; `None` if it is the same as the previous one.
///
/// # Errors
/// When the database fails.
pub(crate) async fn read(store: &Store, previous: Option<&LiveStatus>) -> Result<Option<LiveStatus>> {
    let tenants = tenants::list(store.conn()).await?;
    let mut fingerprints = fingerprints(store, &tenants).await?;
    let mut differs = previous.is_none_or(|previous| previous.brands.len() != tenants.len());
    let mut brands = HashMap::with_capacity(tenants.len());
    for tenant in tenants {
        let fingerprint = fingerprints.remove(&tenant.id).unwrap_or_default();
        let old = previous.and_then(|previous| previous.brands.get(&tenant.id));
        let status = match old.filter(|old| old.fingerprint == fingerprint && old.read_at.elapsed() < MAX_AGE) {
            Some(old) => Arc::clone(old),
            None => {
                differs = true;
                Arc::new(BrandStatus { tenant, fingerprint, read_at: Instant::now(), freshness: OnceCell::new() })
            }
        };
        brands.insert(status.tenant.id, status);
    }
    Ok(differs.then_some(LiveStatus { brands }))
}

/// The fingerprints of these brands, in four queries however many there are.
///
/// # Errors
/// When the database fails.
pub(crate) async fn fingerprints(store: &Store, tenants: &[Tenant]) -> Result<HashMap<TenantId, Fingerprint>> {
    let conn = store.conn();
    let token_refused_ms = credentials::token_incident(conn).await?.and_then(|token| token.refused_ms);
    let mut found: HashMap<TenantId, Fingerprint> = HashMap::with_capacity(tenants.len());
    for tenant in tenants {
        let Tenant { data_version, parked_until_ms, refused_ms, .. } = *tenant;
        let fingerprint = Fingerprint { data_version, parked_until_ms, refused_ms, token_refused_ms, ..Default::default() };
        found.insert(tenant.id, fingerprint);
    }
    for run in runs::open_runs(conn).await? {
        if let Some(fingerprint) = found.get_mut(&run.tenant) {
            fingerprint.open.push((run.id, run.status, run.canceled));
        }
    }
    for (tenant, report) in runs::live_reports(conn).await? {
        if let Some(fingerprint) = found.get_mut(&tenant) {
            fingerprint.progress.push((report.dataset, report.status, report.read, report.expected));
        }
    }
    for check in credentials::pending_key_checks(conn).await? {
        if let Some(fingerprint) = found.get_mut(&check.tenant) {
            fingerprint.key_asked_ms = Some(check.asked_ms);
        }
    }
    found.values_mut().for_each(|fingerprint| fingerprint.progress.sort());
    Ok(found)
}

/// The version of a page about one brand's sync.
///
/// # Errors
/// When the database fails.
pub(crate) async fn sync_fingerprint(store: &Store, tenant: &Tenant) -> Result<String> {
    let mut found = fingerprints(store, std::slice::from_ref(tenant)).await?;
    Ok(found.remove(&tenant.id).unwrap_or_default().version())
}

impl BrandStatus {
    /// The brand's freshness, loaded once however many pages show it.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn freshness(&self, store: &Store, now: Timestamp) -> Result<&Freshness> {
        self.freshness.get_or_try_init(|| freshness(store.conn(), &self.tenant, now)).await
    }
}

impl Fingerprint {
    /// A short text that differs when anything in it does.
    pub(crate) fn version(&self) -> String {
        hash_of(self)
    }

    /// Without what changes while a run makes progress.
    fn without_progress(&self) -> Self {
        let data_version = if self.open.is_empty() { self.data_version } else { 0 };
        Self { data_version, progress: Vec::new(), ..self.clone() }
    }
}

/// The version of a page about all brands; it stays the same while a run makes progress.
pub(crate) fn fingerprint_of_all<'a>(brands: impl Iterator<Item = (TenantId, &'a Fingerprint)>) -> String {
    let mut settled: Vec<(TenantId, Fingerprint)> =
        brands.map(|(tenant, fingerprint)| (tenant, fingerprint.without_progress())).collect();
    settled.sort_by_key(|(tenant, _)| *tenant);
    hash_of(&settled)
}

fn hash_of(value: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
