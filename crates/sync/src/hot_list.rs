//! Rebuilds the hot list once, at the end of each run. Until then the list is marked as outdated.

use tetherboard_domain::{Clock, Dataset};
use tetherboard_metrics::{RebuildReason, rebuild_hot_list};
use tetherboard_store::Store;
use tetherboard_store::leases::SyncLease;

use crate::capture::begin;
use crate::run::SyncError;

/// The datasets whose records appear on the hot list.
pub(crate) const HOT_LIST_DATASETS: [Dataset; 6] =
    [Dataset::Stages, Dataset::Users, Dataset::Contacts, Dataset::Deals, Dataset::Events, Dataset::Notes];

/// Rebuilds the list if a record changed or if the passage of days alone changed a score.
///
/// # Errors
/// If the lease is lost.
pub(crate) async fn finish_hot_list(store: &Store, lease: &SyncLease, clock: &Clock) -> Result<(), SyncError> {
    let tx = begin(store, lease).await?;
    rebuild_hot_list(&tx, lease.tenant(), clock.now(), RebuildReason::RunEnded).await?;
    Ok(Store::commit(tx).await?)
}
