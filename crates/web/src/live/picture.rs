//! How every brand stands at one moment, as far as it shows on a page.

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

/// A brand whose entry is the same as in the last picture has nothing to tell.
pub(crate) struct Picture {
    pub(crate) brands: HashMap<TenantId, Arc<BrandNow>>,
}

pub(crate) struct BrandNow {
    pub(crate) tenant: Tenant,
    pub(crate) signs: Signs,
    seen: Instant,
    fresh: OnceCell<Freshness>,
}

/// What cannot change without a page looking otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Signs {
    pub(crate) data_version: i64,
    parked_until_ms: Option<EpochMs>,
    refused_ms: Option<EpochMs>,
    token_refused_ms: Option<EpochMs>,
    key_asked_ms: Option<EpochMs>,
    open: Vec<(RunId, RunStatus, bool)>,
    progress: Vec<(Dataset, DatasetStatus, i64, Option<i64>)>,
}

/// Ages grow and steps are passed without anything happening.
const OLD: Duration = Duration::from_mins(1);

/// The picture as it is now; `None` when nothing differs from the one before.
pub(crate) async fn take(store: &Store, before: Option<&Picture>) -> Result<Option<Picture>> {
    let tenants = tenants::list(store.conn()).await?;
    let mut signs = signs_of(store, &tenants).await?;
    let mut differs = before.is_none_or(|before| before.brands.len() != tenants.len());
    let mut brands = HashMap::with_capacity(tenants.len());
    for tenant in tenants {
        let signs = signs.remove(&tenant.id).unwrap_or_default();
        let known = before.and_then(|before| before.brands.get(&tenant.id));
        let now = match known.filter(|known| known.signs == signs && known.seen.elapsed() < OLD) {
            Some(known) => Arc::clone(known),
            None => {
                differs = true;
                Arc::new(BrandNow { tenant, signs, seen: Instant::now(), fresh: OnceCell::new() })
            }
        };
        brands.insert(now.tenant.id, now);
    }
    Ok(differs.then_some(Picture { brands }))
}

/// The signs of these brands: four questions, however many they are.
pub(crate) async fn signs_of(store: &Store, tenants: &[Tenant]) -> Result<HashMap<TenantId, Signs>> {
    let conn = store.conn();
    let token_refused_ms = credentials::token_incident(conn).await?.and_then(|token| token.refused_ms);
    let mut signs: HashMap<TenantId, Signs> = HashMap::with_capacity(tenants.len());
    for tenant in tenants {
        let Tenant { data_version, parked_until_ms, refused_ms, .. } = *tenant;
        signs.insert(tenant.id, Signs { data_version, parked_until_ms, refused_ms, token_refused_ms, ..Signs::default() });
    }
    for run in runs::open_runs(conn).await? {
        if let Some(signs) = signs.get_mut(&run.tenant) {
            signs.open.push((run.id, run.status, run.cancelled));
        }
    }
    for (tenant, report) in runs::under_way(conn).await? {
        if let Some(signs) = signs.get_mut(&tenant) {
            signs.progress.push((report.dataset, report.status, report.read, report.expected));
        }
    }
    for check in credentials::open_key_checks(conn).await? {
        if let Some(signs) = signs.get_mut(&check.tenant) {
            signs.key_asked_ms = Some(check.asked_ms);
        }
    }
    signs.values_mut().for_each(|signs| signs.progress.sort());
    Ok(signs)
}

impl BrandNow {
    /// Asked for once, however many pages show it.
    pub(crate) async fn fresh(&self, store: &Store, now: Timestamp) -> Result<&Freshness> {
        self.fresh.get_or_try_init(|| freshness(store.conn(), &self.tenant, now)).await
    }
}

impl Signs {
    /// Stands for all of them.
    pub(crate) fn version(&self) -> String {
        hashed(self)
    }

    /// What stays the same while a run goes on.
    fn settled(&self) -> Self {
        let data_version = if self.open.is_empty() { self.data_version } else { 0 };
        Self { data_version, progress: Vec::new(), ..self.clone() }
    }
}

/// Stands for how all brands stand, whatever a run under way has come to.
pub(crate) fn version_of_all<'a>(signs: impl Iterator<Item = (TenantId, &'a Signs)>) -> String {
    let mut settled: Vec<(TenantId, Signs)> = signs.map(|(tenant, signs)| (tenant, signs.settled())).collect();
    settled.sort_by_key(|(tenant, _)| *tenant);
    hashed(&settled)
}

fn hashed(what: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
