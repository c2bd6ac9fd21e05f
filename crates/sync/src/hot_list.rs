//! When the hot list is made anew: in the transaction that changes what it rests on, and at the end of each run.

use tetherboard_domain::{Clock, Dataset, TenantId};
use tetherboard_metrics::{Rebuild, rebuild_hot_list};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::{Result, Store, Tx, hot_list};

use crate::capture::begin;
use crate::run::SyncError;

/// The lists whose records it tells of. Notes are contact by contact, and apply themselves.
pub(crate) const HOT_LIST_RESTS_ON: [Dataset; 4] = [Dataset::Stages, Dataset::Contacts, Dataset::Deals, Dataset::Events];

/// The first list is made when the first run ends, rather than once for each of its datasets.
pub(crate) async fn hot_list_changed(tx: &Tx, tenant: TenantId, clock: &Clock) -> Result<()> {
    if hot_list::head(tx, tenant).await?.is_none() {
        return Ok(());
    }
    rebuild_hot_list(tx, tenant, clock.now(), Rebuild::Changed).await
}

/// Time has passed since the last run, and what is told by days may be another.
pub(crate) async fn finish_hot_list(store: &Store, lease: &SyncLease, clock: &Clock) -> std::result::Result<(), SyncError> {
    let tx = begin(store, lease).await?;
    rebuild_hot_list(&tx, lease.tenant(), clock.now(), Rebuild::Later).await?;
    Ok(Store::commit(tx).await?)
}
