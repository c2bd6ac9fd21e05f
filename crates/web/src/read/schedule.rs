//! A brand's appointments.

use std::sync::Arc;

use jiff::Timestamp;
use tetherboard_metrics::{Board, Schedule};
use tetherboard_store::Result;
use tetherboard_store::tenants::Tenant;

use crate::cache::CacheKey;
use crate::state::Portal;

#[derive(Clone, PartialEq, Eq, Hash)]
struct ScheduleKey;

impl CacheKey for ScheduleKey {
    type Value = Schedule;

    fn size(schedule: &Schedule) -> usize {
        size_of::<Schedule>() + 600 * schedule.appointments.len()
    }
}

/// All appointments of a brand, by their start.
///
/// # Errors
/// When the database fails.
pub(crate) async fn schedule(portal: &Portal, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Arc<Schedule>> {
    let compute = || tetherboard_metrics::schedule(portal.store.conn(), tenant, board, now);
    portal.cache.get(tenant, now, ScheduleKey, compute).await
}
