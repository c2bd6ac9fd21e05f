//! The life cycle of a run: start, cancel, finish, abort.

use sea_orm::Value;
use tetherboard_domain::{DatasetStatus, EpochMs, RunId, RunStatus, TenantId, Trigger};

use super::queries::get;
use super::requests::{INSERT, insert_values, join_names, merged_removals};
use super::{Run, RunRequest};
use crate::query::{corrupt, execute, rows};
use crate::{Conn, Result};

/// Starts a run under a lease: a queued run of the same kind, or else a new one.
pub async fn start<C: Conn>(conn: &C, tenant: TenantId, request: impl Into<RunRequest>, now_ms: EpochMs) -> Result<Run> {
    let request = &request.into();
    // One statement, so that a queued run that is being canceled either ends or starts.
    let text = format!(
        "UPDATE sync_runs SET status = $3, started_ms = $4, accept_removals = {} \
         WHERE tenant_id = $1 AND status = $2 AND (started_by = $5) = $6 \
         AND (CAST($7 AS TEXT) IS NULL OR replay_of = $7) RETURNING id",
        merged_removals("$8")
    );
    let values: [Value; 8] = [
        tenant.into(),
        RunStatus::Queued.as_str().into(),
        RunStatus::Running.as_str().into(),
        now_ms.into(),
        Trigger::Replay.as_str().into(),
        (request.trigger == Trigger::Replay).into(),
        request.replay_of.clone().into(),
        join_names(&request.accept_removals).into(),
    ];
    let queued = rows(conn, &text, values).await?;
    let id = match queued.first() {
        Some(row) => row.try_get_by_index(0)?,
        None => {
            let values = insert_values(tenant, request, RunStatus::Running, now_ms);
            let id = rows(conn, &format!("{INSERT} RETURNING id"), values).await?;
            id.first().ok_or_else(|| corrupt("the new run is missing"))?.try_get_by_index(0)?
        }
    };
    get(conn, tenant, &id).await?.ok_or_else(|| corrupt("the new run is missing"))
}

/// Asks an open run to stop. A queued run ends at once. Returns whether the run was open.
pub async fn cancel<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, now_ms: EpochMs) -> Result<bool> {
    let text = "UPDATE sync_runs SET cancel_ms = $3, finished_ms = CASE WHEN status = $4 THEN $3 ELSE NULL END, \
                status = CASE WHEN status = $4 THEN $5 ELSE status END \
                WHERE tenant_id = $1 AND id = $2 AND status IN ($4, $6)";
    let values: [Value; 6] = [
        tenant.into(),
        run.clone().into(),
        now_ms.into(),
        RunStatus::Queued.as_str().into(),
        RunStatus::Aborted.as_str().into(),
        RunStatus::Running.as_str().into(),
    ];
    Ok(execute(conn, text, values).await?.rows_affected() > 0)
}

/// Whether a user asked the run to stop.
pub async fn is_canceled<C: Conn>(conn: &C, tenant: TenantId, run: &RunId) -> Result<bool> {
    Ok(get(conn, tenant, run).await?.is_some_and(|run| run.canceled))
}

/// Finishes a running run.
pub async fn finish<C: Conn>(conn: &C, run: &RunId, status: RunStatus, now_ms: EpochMs) -> Result<()> {
    // A run that another process closed as aborted stays aborted.
    let text = "UPDATE sync_runs SET status = $2, finished_ms = $3 WHERE id = $1 AND status = $4";
    let values = [run.clone().into(), status.as_str().into(), now_ms.into(), RunStatus::Running.as_str().into()];
    execute(conn, text, values).await?;
    Ok(())
}

/// Closes the runs of a process that died, as aborted. Call it after claiming the lease. Returns their number.
pub async fn abort_open<C: Conn>(conn: &C, tenant: TenantId, now_ms: EpochMs) -> Result<u64> {
    let text = "UPDATE sync_runs SET status = $2, finished_ms = $3 WHERE tenant_id = $1 AND status = $4";
    let values = [tenant.into(), RunStatus::Aborted.as_str().into(), now_ms.into(), RunStatus::Running.as_str().into()];
    let aborted = execute(conn, text, values).await?.rows_affected();
    let text = "UPDATE sync_datasets SET status = $2, finished_ms = $3 WHERE tenant_id = $1 AND status IN ($4, $5)";
    let values = [
        tenant.into(),
        DatasetStatus::Failed.as_str().into(),
        now_ms.into(),
        DatasetStatus::Reading.as_str().into(),
        DatasetStatus::Waiting.as_str().into(),
    ];
    execute(conn, text, values).await?;
    Ok(aborted)
}
