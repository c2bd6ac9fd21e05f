//! Requests for runs.

use sea_orm::Value;
use tetherboard_domain::{Dataset, EpochMs, RunId, RunStatus, TenantId, Trigger, UserId};
use uuid::Uuid;

use super::Run;
use super::queries::{self, RunRow, SELECT};
use crate::query::{all, corrupt, rows};
use crate::{Conn, Result};

/// What a run is requested for.
#[derive(Clone, Debug)]
pub struct RunRequest {
    pub trigger: Trigger,
    /// The user who requests it.
    pub requested_by: Option<UserId>,
    /// For a replay, the run whose responses are decoded again; `None` for the latest responses.
    pub replay_of: Option<RunId>,
    /// The datasets whose held removals the agency accepts.
    pub accept_removals: Vec<Dataset>,
    /// Whether the run must not have started yet, so that it uses a setting that was just changed.
    pub must_be_new: bool,
}

impl From<Trigger> for RunRequest {
    fn from(trigger: Trigger) -> Self {
        Self::new(trigger)
    }
}

impl RunRequest {
    /// A request without a user.
    pub fn new(trigger: Trigger) -> Self {
        Self { trigger, requested_by: None, replay_of: None, accept_removals: Vec::new(), must_be_new: false }
    }

    /// A request by a user.
    pub fn by_user(trigger: Trigger, user: UserId) -> Self {
        Self { requested_by: Some(user), ..Self::new(trigger) }
    }

    /// Requires a run that has not started yet.
    #[must_use]
    pub fn must_be_new(self) -> Self {
        Self { must_be_new: true, ..self }
    }

    /// Whether an open run does what is requested. A replay does not read the CRM, and a read of the CRM replays nothing.
    fn is_met_by(&self, run: &Run) -> bool {
        (run.trigger == Trigger::Replay) == (self.trigger == Trigger::Replay)
            && self.accept_removals.iter().all(|dataset| run.accept_removals.contains(dataset))
            && (run.status == RunStatus::Queued || !self.must_be_new)
    }
}

/// Requests a run and returns its ID. An open run that does what is requested is returned instead, so that two clicks start
/// one run. A queued run takes on the accepted removals; a running one has already passed them, so another is queued.
pub async fn request<C: Conn>(conn: &C, tenant: TenantId, request: impl Into<RunRequest>, now_ms: EpochMs) -> Result<RunId> {
    let request = &request.into();
    if let Some(open) = queries::open_runs_of(conn, tenant).await?.into_iter().find(|run| request.is_met_by(run)) {
        return Ok(open.id);
    }
    // The table allows one queued run of each kind. One statement, so that of two concurrent requests neither loses its
    // accepted removals.
    let text = format!(
        "{INSERT} ON CONFLICT (tenant_id, (started_by = 'replay')) WHERE status = 'queued' \
         DO UPDATE SET accept_removals = {} RETURNING id",
        merged_removals("excluded.accept_removals")
    );
    let inserted = rows(conn, &text, insert_values(tenant, request, RunStatus::Queued, now_ms)).await?;
    Ok(inserted.first().ok_or_else(|| corrupt("the requested run is missing"))?.try_get_by_index(0)?)
}

/// The tenants with a queued run and its trigger.
pub async fn queued_tenants<C: Conn>(conn: &C) -> Result<Vec<(TenantId, Trigger)>> {
    let text = format!("{SELECT} WHERE status = $1");
    let queued: Vec<RunRow> = all(conn, &text, [RunStatus::Queued.as_str().into()]).await?;
    Ok(queued.into_iter().map(RunRow::run).map(|run| (run.tenant, run.trigger)).collect())
}

/// Inserts a run, with [`insert_values`].
pub(super) const INSERT: &str = "INSERT INTO sync_runs \
    (id, tenant_id, started_by, status, requested_ms, started_ms, asked_by, replay_of, accept_removals) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(super) fn insert_values(tenant: TenantId, request: &RunRequest, status: RunStatus, now_ms: EpochMs) -> [Value; 9] {
    [
        Uuid::now_v7().to_string().into(),
        tenant.into(),
        request.trigger.as_str().into(),
        status.as_str().into(),
        now_ms.into(),
        (status == RunStatus::Running).then_some(now_ms).into(),
        request.requested_by.into(),
        request.replay_of.clone().into(),
        join_names(&request.accept_removals).into(),
    ]
}

/// SQL: the accepted removals of a run together with `more`. A dataset may then occur twice.
pub(super) fn merged_removals(more: &str) -> String {
    format!(
        "CASE WHEN {more} = '' THEN sync_runs.accept_removals WHEN sync_runs.accept_removals = '' THEN {more} \
         ELSE sync_runs.accept_removals || ',' || {more} END"
    )
}

/// Datasets as stored in `accept_removals`: their names, separated by commas.
pub(super) fn join_names(datasets: &[Dataset]) -> String {
    datasets.iter().map(|dataset| dataset.as_str()).collect::<Vec<_>>().join(",")
}
