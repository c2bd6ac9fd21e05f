//! Holds a tenant's lease while a run is in progress and notices when it is lost.

use std::sync::Arc;
use std::time::Duration;

use tetherboard_domain::{Clock, EpochMs, TenantId};
use tetherboard_store::leases::{self, SyncLease};
use tetherboard_store::{Result, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

const LEASE_DURATION: Duration = Duration::from_secs(60);
const RENEWAL_INTERVAL: Duration = Duration::from_secs(15);

/// A lease that renews itself until it is dropped.
pub(crate) struct HeldLease {
    pub(crate) lease: Arc<SyncLease>,
    /// Canceled when another process takes the lease over.
    pub(crate) lost: CancellationToken,
    store: Store,
    _renewal: AbortOnDropHandle<()>,
}

impl HeldLease {
    /// Claims the tenant's lease; `None` while another process holds it.
    pub(crate) async fn claim(store: &Store, clock: &Clock, tenant: TenantId, holder: &str) -> Result<Option<Self>> {
        let machine_ms = clock.machine_ms();
        let Some(lease) = leases::claim(store.conn(), tenant, holder, machine_ms, expiry(clock)).await? else { return Ok(None) };
        let lease = Arc::new(lease);
        let lost = CancellationToken::new();
        let renewal = tokio::spawn(renew(store.clone(), clock.clone(), Arc::clone(&lease), lost.clone()));
        Ok(Some(Self { lease, lost, store: store.clone(), _renewal: AbortOnDropHandle::new(renewal) }))
    }

    /// Gives the lease back, so that the next run need not wait until it expires.
    pub(crate) async fn release(self) -> Result<()> {
        leases::release(self.store.conn(), &self.lease).await
    }
}

async fn renew(store: Store, clock: Clock, lease: Arc<SyncLease>, lost: CancellationToken) {
    loop {
        tokio::time::sleep(RENEWAL_INTERVAL).await;
        match leases::renew(store.conn(), &lease, expiry(&clock)).await {
            Ok(true) => {}
            Ok(false) => {
                lost.cancel();
                return;
            }
            // There are three more attempts before the lease expires.
            Err(error) => tracing::warn!(tenant.id = %lease.tenant(), %error, "could not renew the sync lease; will retry"),
        }
    }
}

fn expiry(clock: &Clock) -> EpochMs {
    clock.machine_ms() + i64::try_from(LEASE_DURATION.as_millis()).unwrap_or(i64::MAX)
}
