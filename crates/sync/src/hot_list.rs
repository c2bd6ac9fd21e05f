//! When the hot list is made anew: once, at the end of each run. Until then a change of what it rests on is said on it.

use tetherboard_domain::{Clock, Dataset};
use tetherboard_metrics::{RebuildReason, rebuild_hot_list};
use tetherboard_store::Store;
use tetherboard_store::leases::SyncLease;

use crate::capture::begin;
use crate::run::SyncError;

/// The lists whose records it tells of. Notes are contact by contact, and apply themselves.
pub(crate) const HOT_LIST_RESTS_ON: [Dataset; 4] = [Dataset::Stages, Dataset::Contacts, Dataset::Deals, Dataset::Events];

/// Made anew when something changed, or when time alone has changed what is told by days.
pub(crate) async fn finish_hot_list(store: &Store, lease: &SyncLease, clock: &Clock) -> Result<(), SyncError> {
    let tx = begin(store, lease).await?;
    rebuild_hot_list(&tx, lease.tenant(), clock.now(), RebuildReason::RunEnded).await?;
    Ok(Store::commit(tx).await?)
}
