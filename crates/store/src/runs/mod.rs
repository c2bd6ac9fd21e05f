//! Sync runs: requests, their life cycle, dataset reports, skipped rows, and dataset ages.

mod dataset_ages;
mod lifecycle;
mod queries;
mod reports;
mod requests;
mod set_aside;

use tetherboard_domain::{Dataset, EpochMs, RunId, RunStatus, TenantId, Trigger, UserId};

pub use dataset_ages::{DatasetAges, dataset_ages, set_dataset_age};
pub use lifecycle::{abort_open, cancel, finish, is_canceled, start};
pub use queries::{
    applied_runs, count, failing_since, get, last_applied_run, list, newest, newest_finished, open_run, open_runs, previous_reads,
};
pub use reports::{DatasetReport, RunError, live_reports, report, reports};
pub use requests::{RunRequest, queued_tenants, request};
pub use set_aside::{set_aside, set_aside_count, set_aside_rows};

/// A sync run: a read of the CRM or a replay of stored responses.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: RunId,
    pub tenant: TenantId,
    pub trigger: Trigger,
    pub status: RunStatus,
    pub requested_ms: EpochMs,
    pub started_ms: Option<EpochMs>,
    pub finished_ms: Option<EpochMs>,
    /// The user who requested it.
    pub requested_by: Option<UserId>,
    /// For a replay, the run whose responses are decoded again; `None` for the latest responses.
    pub replay_of: Option<RunId>,
    /// The datasets whose held removals the agency accepted.
    pub accept_removals: Vec<Dataset>,
    /// Whether a user asked it to stop.
    pub canceled: bool,
}
