//! A brand's appointments: all of them for the calendar page and its CSV, and those of a range of days for the API.

use std::sync::Arc;

use jiff::Timestamp;
use tetherboard_domain::{EpochMs, Window};
use tetherboard_metrics::{Board, Schedule, appointment_type};
use tetherboard_store::Result;
use tetherboard_store::schedule::{self, ActivityRow};
use tetherboard_store::tenants::Tenant;

use crate::address::schedule::ScheduleFilters;
use crate::cache::CacheKey;
use crate::state::Portal;

/// All appointments of a brand, by their start.
///
/// # Errors
/// When the database fails.
pub(crate) async fn schedule(portal: &Portal, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Arc<Schedule>> {
    let compute = || tetherboard_metrics::schedule(portal.store.conn(), tenant, board, now);
    portal.cache.get(tenant, now, ScheduleKey, compute).await
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct ScheduleKey;

impl CacheKey for ScheduleKey {
    type Value = Schedule;

    fn size(schedule: &Schedule) -> usize {
        size_of::<Schedule>() + 600 * schedule.appointments.len()
    }
}

/// The appointments that start in a range of days, with their descriptions.
pub(crate) struct AppointmentRange {
    /// By their start.
    pub(crate) rows: Vec<ActivityRow>,
    /// How many match the filters but have no readable start.
    pub(crate) undated: usize,
}

/// The appointments that start in `window`, or at any time, and match the filters.
///
/// # Errors
/// When the database fails.
pub(crate) async fn appointments_in(
    portal: &Portal,
    tenant: &Tenant,
    window: Option<Window>,
    filters: &ScheduleFilters,
) -> Result<AppointmentRange> {
    let conn = portal.store.conn();
    let (from_ms, until_ms) = window.map_or((EpochMs::MIN, EpochMs::MAX), |window| (window.from_ms(), window.until_ms()));
    let matches = |title: &str, kind: &str, place: &str, owner: &str, status: &str| {
        filters.match_values([appointment_type(title, kind, place).name(), owner, status])
    };
    let mut rows = schedule::between(conn, tenant.id, from_ms, until_ms).await?;
    rows.retain(|row| matches(&row.title, &row.kind, &row.place, &row.owner, &row.status));
    let undated = schedule::undated(conn, tenant.id).await?;
    let undated = undated.iter().filter(|row| matches(&row.title, &row.kind, &row.place, &row.owner, &row.status)).count();
    Ok(AppointmentRange { rows, undated })
}
