//! Finds runs.

use sea_orm::FromQueryResult;
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, RunId, RunStatus, TenantId, Trigger, UserId};

use super::Run;
use crate::query::{Query, all, number, one};
use crate::{Conn, Result};

/// The tenant's running run, or else its queued one.
pub async fn open_run<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<Run>> {
    Ok(open_runs_of(conn, tenant).await?.into_iter().next())
}

/// The queued and running runs of all tenants.
pub async fn open_runs<C: Conn>(conn: &C) -> Result<Vec<Run>> {
    let text = format!("{SELECT} WHERE status IN ($1, $2) ORDER BY tenant_id, id");
    let values = [RunStatus::Queued.as_str().into(), RunStatus::Running.as_str().into()];
    Ok(all::<_, RunRow>(conn, &text, values).await?.into_iter().map(RunRow::run).collect())
}

/// The tenant's open runs, running ones first.
pub(super) async fn open_runs_of<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<Run>> {
    let text = format!("{SELECT} WHERE tenant_id = $1 AND status IN ($2, $3) ORDER BY status DESC, requested_ms DESC, id DESC");
    let values = [tenant.into(), RunStatus::Queued.as_str().into(), RunStatus::Running.as_str().into()];
    Ok(all::<_, RunRow>(conn, &text, values).await?.into_iter().map(RunRow::run).collect())
}

/// The newest runs that read the CRM, newest first.
pub async fn newest<C: Conn>(conn: &C, tenant: TenantId, limit: i64) -> Result<Vec<Run>> {
    let text = format!("{SELECT} WHERE tenant_id = $1 AND started_by <> $3 ORDER BY requested_ms DESC, id DESC LIMIT $2");
    let values = [tenant.into(), limit.into(), Trigger::Replay.as_str().into()];
    Ok(all::<_, RunRow>(conn, &text, values).await?.into_iter().map(RunRow::run).collect())
}

/// A page of all runs, including replays, newest first. `after` is the offset.
pub async fn list<C: Conn>(conn: &C, tenant: TenantId, limit: i64, after: i64) -> Result<Vec<Run>> {
    let text = format!("{SELECT} WHERE tenant_id = $1 ORDER BY requested_ms DESC, id DESC LIMIT $2 OFFSET $3");
    Ok(all::<_, RunRow>(conn, &text, [tenant.into(), limit.into(), after.into()]).await?.into_iter().map(RunRow::run).collect())
}

/// The number of runs, including replays.
pub async fn count<C: Conn>(conn: &C, tenant: TenantId) -> Result<i64> {
    number(conn, "SELECT COUNT(*) FROM sync_runs WHERE tenant_id = $1", [tenant.into()]).await
}

/// A run of the tenant.
pub async fn get<C: Conn>(conn: &C, tenant: TenantId, run: &RunId) -> Result<Option<Run>> {
    let text = format!("{SELECT} WHERE tenant_id = $1 AND id = $2");
    Ok(one::<_, RunRow>(conn, &text, [tenant.into(), run.clone().into()]).await?.map(RunRow::run))
}

/// The runs that read a dataset from the CRM and applied at least part of it, newest first.
pub async fn applied_runs<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Vec<RunId>> {
    let mut query = Query::new("SELECT d.run_id FROM sync_datasets d JOIN sync_runs r ON r.id = d.run_id WHERE d.tenant_id = ");
    query.bind(tenant).push(" AND d.dataset = ").bind(dataset.as_str()).push(" AND r.started_by <> ");
    query.bind(Trigger::Replay.as_str()).push(" AND d.status IN ").bind_list(applied_statuses());
    query.push(" ORDER BY d.started_ms DESC, r.id DESC");
    query.rows(conn).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// The last run that read a dataset from the CRM and applied at least part of it.
pub async fn last_applied_run<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Option<RunId>> {
    Ok(applied_runs(conn, tenant, dataset).await?.into_iter().next())
}

/// When, before a run, the last read of a dataset of which at least part was applied started, and when the last complete
/// read started.
pub async fn previous_reads<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    run: &RunId,
) -> Result<(Option<EpochMs>, Option<EpochMs>)> {
    let mut query = Query::numbered(
        "SELECT MAX(d.started_ms), MAX(CASE WHEN d.status = $4 THEN d.started_ms END) FROM sync_datasets d \
         JOIN sync_runs r ON r.id = d.run_id WHERE d.tenant_id = $1 AND d.dataset = $2 AND d.run_id < $3 AND r.started_by <> $5",
        [
            tenant.into(),
            dataset.as_str().into(),
            run.clone().into(),
            DatasetStatus::Succeeded.as_str().into(),
            Trigger::Replay.as_str().into(),
        ],
    );
    query.push(" AND d.status IN ").bind_list(applied_statuses());
    let found = query.rows(conn).await?;
    let Some(row) = found.first() else { return Ok((None, None)) };
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// The statuses of datasets that were applied at least in part.
fn applied_statuses() -> impl Iterator<Item = &'static str> {
    DatasetStatus::ALL.iter().filter(|status| status.was_applied()).map(|status| status.as_str())
}

/// The newest finished run that read the CRM, optionally with a certain status.
pub async fn newest_finished<C: Conn>(conn: &C, tenant: TenantId, status: Option<RunStatus>) -> Result<Option<Run>> {
    let mut query = Query::new(SELECT);
    query
        .push(" WHERE tenant_id = ")
        .bind(tenant)
        .push(" AND finished_ms IS NOT NULL AND started_ms IS NOT NULL AND started_by <> ");
    query.bind(Trigger::Replay.as_str());
    if let Some(status) = status {
        query.push(" AND status = ").bind(status.as_str());
    }
    query.push(" ORDER BY requested_ms DESC, id DESC LIMIT 1");
    Ok(query.all::<_, RunRow>(conn).await?.into_iter().next().map(RunRow::run))
}

/// The first of the runs that have failed or been partial in a row until now; `None` if the newest one succeeded.
pub async fn failing_since<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<Run>> {
    let text = format!(
        "{SELECT} WHERE tenant_id = $1 AND finished_ms IS NOT NULL AND started_ms IS NOT NULL AND status <> $2 AND started_by <> $3 \
         AND requested_ms > COALESCE((SELECT MAX(requested_ms) \
         FROM sync_runs WHERE tenant_id = $1 AND status = $2 AND started_by <> $3), -1) ORDER BY requested_ms, id LIMIT 1"
    );
    let values = [tenant.into(), RunStatus::Succeeded.as_str().into(), Trigger::Replay.as_str().into()];
    Ok(one::<_, RunRow>(conn, &text, values).await?.map(RunRow::run))
}

/// Selects the columns of a [`RunRow`].
pub(super) const SELECT: &str = "SELECT id, tenant_id, started_by, status, requested_ms, started_ms, finished_ms, asked_by, replay_of, \
    accept_removals, cancel_ms FROM sync_runs";

#[derive(FromQueryResult)]
pub(super) struct RunRow {
    id: RunId,
    tenant_id: TenantId,
    started_by: String,
    status: String,
    requested_ms: EpochMs,
    started_ms: Option<EpochMs>,
    finished_ms: Option<EpochMs>,
    asked_by: Option<UserId>,
    replay_of: Option<RunId>,
    accept_removals: String,
    cancel_ms: Option<EpochMs>,
}

impl RunRow {
    pub(super) fn run(self) -> Run {
        Run {
            id: self.id,
            tenant: self.tenant_id,
            trigger: self.started_by.parse().unwrap_or(Trigger::Schedule),
            status: self.status.parse().unwrap_or(RunStatus::Failed),
            requested_ms: self.requested_ms,
            started_ms: self.started_ms,
            finished_ms: self.finished_ms,
            requested_by: self.asked_by,
            replay_of: self.replay_of,
            accept_removals: parse_names(&self.accept_removals),
            canceled: self.cancel_ms.is_some(),
        }
    }
}

/// Datasets as stored in `accept_removals`, each once.
fn parse_names(names: &str) -> Vec<Dataset> {
    let mut datasets = Vec::new();
    for dataset in names.split(',').filter_map(|name| name.parse().ok()) {
        if !datasets.contains(&dataset) {
            datasets.push(dataset);
        }
    }
    datasets
}
