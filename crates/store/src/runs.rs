//! Sync runs: what was asked for, how it stands, what came of each dataset, and what went wrong.

use std::hash::{BuildHasher, RandomState};

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, FaultClass, RunId, RunStatus, TenantId, Trigger, UserId};
use uuid::Uuid;

use crate::packing::broken;
use crate::query::{Query, all, execute, number, one, rows};
use crate::snapshots::RowNo;
use crate::{Conn, Result};

#[derive(Clone, Debug)]
pub struct Run {
    pub id: RunId,
    pub tenant: TenantId,
    pub trigger: Trigger,
    pub status: RunStatus,
    pub requested_ms: EpochMs,
    pub started_ms: Option<EpochMs>,
    pub finished_ms: Option<EpochMs>,
    /// The person who asked for it.
    pub asked_by: Option<UserId>,
    /// Of a replay: the run whose answers are normalised again; `None`: the latest answers.
    pub replay_of: Option<RunId>,
    /// Datasets whose held removals the agency agreed to.
    pub accept_removals: Vec<Dataset>,
    /// A person asked it to stop.
    pub cancelled: bool,
}

/// What came of one dataset in one run.
#[derive(Clone, Debug)]
pub struct DatasetReport {
    pub dataset: Dataset,
    pub status: DatasetStatus,
    pub started_ms: Option<EpochMs>,
    pub finished_ms: Option<EpochMs>,
    pub expected: Option<i64>,
    pub pages: i64,
    pub read: i64,
    pub added: i64,
    pub changed: i64,
    pub unchanged: i64,
    pub gone: i64,
    pub held: i64,
    pub set_aside: i64,
    pub retries: i64,
    pub error: Option<RunError>,
}

impl DatasetReport {
    pub fn waiting(dataset: Dataset) -> Self {
        Self {
            dataset,
            status: DatasetStatus::Waiting,
            started_ms: None,
            finished_ms: None,
            expected: None,
            pages: 0,
            read: 0,
            added: 0,
            changed: 0,
            unchanged: 0,
            gone: 0,
            held: 0,
            set_aside: 0,
            retries: 0,
            error: None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct RunError {
    pub class: FaultClass,
    /// The chain of causes, for the agency.
    pub message: String,
    /// What was asked, without credentials.
    pub request: Option<String>,
    /// Finds the same error in the log.
    pub trace: String,
    /// How long the CRM asked us to stay away; not stored with the error.
    pub retry_after: Option<std::time::Duration>,
}

impl RunError {
    /// An error with a new trace ID, not tied to a request.
    pub fn new(class: FaultClass, message: impl Into<String>) -> Self {
        let trace = format!("{:016x}", RandomState::new().hash_one(0));
        Self { class, message: message.into(), request: None, trace, retry_after: None }
    }
}

/// What a run is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    pub trigger: Trigger,
    pub asked_by: Option<UserId>,
    pub replay_of: Option<RunId>,
    pub accept_removals: Vec<Dataset>,
    /// What was changed just now must count: a run that has begun comes too early for it.
    pub anew: bool,
}

impl From<Trigger> for Wish {
    fn from(trigger: Trigger) -> Self {
        Self::of(trigger)
    }
}

impl Wish {
    pub fn of(trigger: Trigger) -> Self {
        Self { trigger, asked_by: None, replay_of: None, accept_removals: Vec::new(), anew: false }
    }

    pub fn by(trigger: Trigger, user: UserId) -> Self {
        Self { asked_by: Some(user), ..Self::of(trigger) }
    }

    #[must_use]
    pub fn anew(self) -> Self {
        Self { anew: true, ..self }
    }

    /// A replay asks nobody, and a read of the CRM replays nothing.
    fn is_met_by(&self, run: &Run) -> bool {
        (run.trigger == Trigger::Replay) == (self.trigger == Trigger::Replay)
            && self.accept_removals.iter().all(|dataset| run.accept_removals.contains(dataset))
            && (run.status == RunStatus::Queued || !self.anew)
    }
}

/// A run that a person asked for: the one already waiting or running, if there is one, so that two clicks start one. A
/// waiting one takes on the removals that are agreed to; one that is running has passed them by, so another is asked for.
pub async fn request<C: Conn>(conn: &C, tenant: TenantId, wish: impl Into<Wish>, now_ms: EpochMs) -> Result<RunId> {
    let wish = &wish.into();
    if let Some(open) = open_runs_of(conn, tenant).await?.into_iter().find(|run| wish.is_met_by(run)) {
        return Ok(open.id);
    }
    // The table takes one waiting run of a kind. In one statement, so that of two who agree at once none is overheard.
    let text = format!(
        "{INSERT} ON CONFLICT (tenant_id, (started_by = 'replay')) WHERE status = 'queued' \
         DO UPDATE SET accept_removals = {} RETURNING id",
        added("excluded.accept_removals")
    );
    let asked = rows(conn, &text, new_run(tenant, wish, RunStatus::Queued, now_ms)).await?;
    Ok(asked.first().ok_or_else(|| broken("a run that was asked for is missing"))?.try_get_by_index(0)?)
}

/// Opens a run under a lease: a waiting request of a person if there is one of its kind, else a new one.
pub async fn start<C: Conn>(conn: &C, tenant: TenantId, wish: impl Into<Wish>, now_ms: EpochMs) -> Result<Run> {
    let wish = &wish.into();
    // One statement, so that a request which is cancelled in this moment either ends or begins.
    let text = format!(
        "UPDATE sync_runs SET status = $3, started_ms = $4, accept_removals = {} \
         WHERE tenant_id = $1 AND status = $2 AND (started_by = $5) = $6 \
         AND (CAST($7 AS TEXT) IS NULL OR replay_of = $7) RETURNING id",
        added("$8")
    );
    let values: [Value; 8] = [
        tenant.into(),
        RunStatus::Queued.as_str().into(),
        RunStatus::Running.as_str().into(),
        now_ms.into(),
        Trigger::Replay.as_str().into(),
        (wish.trigger == Trigger::Replay).into(),
        wish.replay_of.clone().into(),
        names(&wish.accept_removals).into(),
    ];
    let waiting = rows(conn, &text, values).await?;
    let id = match waiting.first() {
        Some(row) => row.try_get_by_index(0)?,
        None => {
            let values = new_run(tenant, wish, RunStatus::Running, now_ms);
            let id = rows(conn, &format!("{INSERT} RETURNING id"), values).await?;
            id.first().ok_or_else(|| broken("a new run is missing"))?.try_get_by_index(0)?
        }
    };
    get(conn, tenant, &id).await?.ok_or_else(|| broken("a new run is missing"))
}

const INSERT: &str = "INSERT INTO sync_runs \
    (id, tenant_id, started_by, status, requested_ms, started_ms, asked_by, replay_of, accept_removals) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

fn new_run(tenant: TenantId, wish: &Wish, status: RunStatus, now_ms: EpochMs) -> [Value; 9] {
    [
        Uuid::now_v7().to_string().into(),
        tenant.into(),
        wish.trigger.as_str().into(),
        status.as_str().into(),
        now_ms.into(),
        (status == RunStatus::Running).then_some(now_ms).into(),
        wish.asked_by.into(),
        wish.replay_of.clone().into(),
        names(&wish.accept_removals).into(),
    ]
}

/// The removals that a run agrees to with more of them, each perhaps twice.
fn added(more: &str) -> String {
    format!(
        "CASE WHEN {more} = '' THEN sync_runs.accept_removals WHEN sync_runs.accept_removals = '' THEN {more} \
         ELSE sync_runs.accept_removals || ',' || {more} END"
    )
}

fn names(datasets: &[Dataset]) -> String {
    datasets.iter().map(|dataset| dataset.as_str()).collect::<Vec<_>>().join(",")
}

fn datasets(names: &str) -> Vec<Dataset> {
    let mut datasets = Vec::new();
    for dataset in names.split(',').filter_map(|name| name.parse().ok()) {
        if !datasets.contains(&dataset) {
            datasets.push(dataset);
        }
    }
    datasets
}

/// Asks an open run to stop; whether there was one to ask. One that nobody has claimed yet ends at once.
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

pub async fn is_cancelled<C: Conn>(conn: &C, tenant: TenantId, run: &RunId) -> Result<bool> {
    Ok(get(conn, tenant, run).await?.is_some_and(|run| run.cancelled))
}

pub async fn finish<C: Conn>(conn: &C, run: &RunId, status: RunStatus, now_ms: EpochMs) -> Result<()> {
    // A run that somebody else closed as aborted stays so.
    let text = "UPDATE sync_runs SET status = $2, finished_ms = $3 WHERE id = $1 AND status = $4";
    let values = [run.clone().into(), status.as_str().into(), now_ms.into(), RunStatus::Running.as_str().into()];
    execute(conn, text, values).await?;
    Ok(())
}

/// Closes the runs of a process that died. To be called under a new lease.
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

/// The tenant's run that is running, or else the one that waits.
pub async fn open_run<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<Run>> {
    Ok(open_runs_of(conn, tenant).await?.into_iter().next())
}

/// Every run that waits or runs, of all tenants.
pub async fn open_runs<C: Conn>(conn: &C) -> Result<Vec<Run>> {
    let text = format!("{SELECT} WHERE status IN ($1, $2) ORDER BY tenant_id, id");
    let values = [RunStatus::Queued.as_str().into(), RunStatus::Running.as_str().into()];
    Ok(all::<_, Row>(conn, &text, values).await?.into_iter().map(Row::run).collect())
}

/// A tenant's, the running ones first.
async fn open_runs_of<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<Run>> {
    let text = format!("{SELECT} WHERE tenant_id = $1 AND status IN ($2, $3) ORDER BY status DESC, requested_ms DESC, id DESC");
    let values = [tenant.into(), RunStatus::Queued.as_str().into(), RunStatus::Running.as_str().into()];
    Ok(all::<_, Row>(conn, &text, values).await?.into_iter().map(Row::run).collect())
}

/// The tenants for whom a person asked for a run that nobody has claimed, and what kind of run.
pub async fn queued_tenants<C: Conn>(conn: &C) -> Result<Vec<(TenantId, Trigger)>> {
    let text = format!("{SELECT} WHERE status = $1");
    let queued: Vec<Row> = all(conn, &text, [RunStatus::Queued.as_str().into()]).await?;
    Ok(queued.into_iter().map(Row::run).map(|run| (run.tenant, run.trigger)).collect())
}

/// The newest reads of the CRM first.
pub async fn newest<C: Conn>(conn: &C, tenant: TenantId, limit: i64) -> Result<Vec<Run>> {
    let text = format!("{SELECT} WHERE tenant_id = $1 AND started_by <> $3 ORDER BY requested_ms DESC, id DESC LIMIT $2");
    let values = [tenant.into(), limit.into(), Trigger::Replay.as_str().into()];
    Ok(all::<_, Row>(conn, &text, values).await?.into_iter().map(Row::run).collect())
}

/// The newest runs first, replays included, after so many.
pub async fn list<C: Conn>(conn: &C, tenant: TenantId, limit: i64, after: i64) -> Result<Vec<Run>> {
    let text = format!("{SELECT} WHERE tenant_id = $1 ORDER BY requested_ms DESC, id DESC LIMIT $2 OFFSET $3");
    Ok(all::<_, Row>(conn, &text, [tenant.into(), limit.into(), after.into()]).await?.into_iter().map(Row::run).collect())
}

pub async fn count<C: Conn>(conn: &C, tenant: TenantId) -> Result<i64> {
    number(conn, "SELECT COUNT(*) FROM sync_runs WHERE tenant_id = $1", [tenant.into()]).await
}

pub async fn get<C: Conn>(conn: &C, tenant: TenantId, run: &RunId) -> Result<Option<Run>> {
    let text = format!("{SELECT} WHERE tenant_id = $1 AND id = $2");
    Ok(one::<_, Row>(conn, &text, [tenant.into(), run.clone().into()]).await?.map(Row::run))
}

/// The reads of which something of a dataset was applied, the newest first.
pub async fn all_applied<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Vec<RunId>> {
    let mut query = Query::new("SELECT d.run_id FROM sync_datasets d JOIN sync_runs r ON r.id = d.run_id WHERE d.tenant_id = ");
    query.bind(tenant).push(" AND d.dataset = ").bind(dataset.as_str()).push(" AND r.started_by <> ");
    query.bind(Trigger::Replay.as_str()).push(" AND d.status IN ").bind_list(applied());
    query.push(" ORDER BY d.started_ms DESC, r.id DESC");
    query.rows(conn).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// The last read of which something of a dataset was applied.
pub async fn last_applied<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Option<RunId>> {
    Ok(all_applied(conn, tenant, dataset).await?.into_iter().next())
}

/// The starts of the last read of a dataset before a run's of which something was applied, and of the last whole one.
pub async fn reads_before<C: Conn>(
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
    query.push(" AND d.status IN ").bind_list(applied());
    let found = query.rows(conn).await?;
    let Some(row) = found.first() else { return Ok((None, None)) };
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

fn applied() -> impl Iterator<Item = &'static str> {
    DatasetStatus::ALL.iter().filter(|status| status.was_applied()).map(|status| status.as_str())
}

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
    Ok(query.all::<_, Row>(conn).await?.into_iter().next().map(Row::run))
}

/// The first run of the unbroken row of runs that did not succeed and that ends with the newest.
pub async fn failing_since<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<Run>> {
    let text = format!(
        "{SELECT} WHERE tenant_id = $1 AND finished_ms IS NOT NULL AND started_ms IS NOT NULL AND status <> $2 AND started_by <> $3 \
         AND requested_ms > COALESCE((SELECT MAX(requested_ms) \
         FROM sync_runs WHERE tenant_id = $1 AND status = $2 AND started_by <> $3), -1) ORDER BY requested_ms, id LIMIT 1"
    );
    let values = [tenant.into(), RunStatus::Succeeded.as_str().into(), Trigger::Replay.as_str().into()];
    Ok(one::<_, Row>(conn, &text, values).await?.map(Row::run))
}

const SELECT: &str = "SELECT id, tenant_id, started_by, status, requested_ms, started_ms, finished_ms, asked_by, replay_of, \
    accept_removals, cancel_ms FROM sync_runs";

#[derive(FromQueryResult)]
struct Row {
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

impl Row {
    fn run(self) -> Run {
        Run {
            id: self.id,
            tenant: self.tenant_id,
            trigger: self.started_by.parse().unwrap_or(Trigger::Schedule),
            status: self.status.parse().unwrap_or(RunStatus::Failed),
            requested_ms: self.requested_ms,
            started_ms: self.started_ms,
            finished_ms: self.finished_ms,
            asked_by: self.asked_by,
            replay_of: self.replay_of,
            accept_removals: datasets(&self.accept_removals),
            cancelled: self.cancel_ms.is_some(),
        }
    }
}

/// Writes a dataset's report, its error included.
pub async fn report<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, report: &DatasetReport, now_ms: EpochMs) -> Result<()> {
    let values: Vec<Value> = vec![
        tenant.into(),
        run.clone().into(),
        report.dataset.as_str().into(),
        report.status.as_str().into(),
        report.started_ms.into(),
        report.finished_ms.into(),
        report.expected.into(),
        report.pages.into(),
        report.read.into(),
        report.added.into(),
        report.changed.into(),
        report.unchanged.into(),
        report.gone.into(),
        report.held.into(),
        report.set_aside.into(),
        report.retries.into(),
    ];
    crate::query::upsert(conn, &REPORTS, vec![values]).await?;
    if let Some(error) = &report.error {
        let values = vec![
            tenant.into(),
            run.clone().into(),
            report.dataset.as_str().into(),
            error.class.as_str().into(),
            error.message.clone().into(),
            error.request.clone().into(),
            error.trace.clone().into(),
            now_ms.into(),
        ];
        crate::query::upsert(conn, &ERRORS, vec![values]).await?;
    }
    Ok(())
}

const REPORTS: crate::query::Bulk<'_> = crate::query::Bulk {
    table: "sync_datasets",
    columns: &[
        "tenant_id",
        "run_id",
        "dataset",
        "status",
        "started_ms",
        "finished_ms",
        "expected",
        "pages",
        "rows_read",
        "added",
        "changed",
        "unchanged",
        "gone",
        "held",
        "set_aside",
        "retries",
    ],
    key: 3,
    keep: &[],
};

const ERRORS: crate::query::Bulk<'_> = crate::query::Bulk {
    table: "sync_errors",
    columns: &["tenant_id", "run_id", "dataset", "class", "message", "request", "trace", "at_ms"],
    key: 3,
    keep: &[],
};

/// What came of each dataset of a run, in the order in which they are read.
pub async fn reports<C: Conn>(conn: &C, tenant: TenantId, run: &RunId) -> Result<Vec<DatasetReport>> {
    #[derive(FromQueryResult)]
    struct Row {
        dataset: String,
        status: String,
        started_ms: Option<EpochMs>,
        finished_ms: Option<EpochMs>,
        expected: Option<i64>,
        pages: i64,
        rows_read: i64,
        added: i64,
        changed: i64,
        unchanged: i64,
        gone: i64,
        held: i64,
        set_aside: i64,
        retries: i64,
        class: Option<String>,
        message: Option<String>,
        request: Option<String>,
        trace: Option<String>,
    }
    let text = "SELECT d.dataset, d.status, d.started_ms, d.finished_ms, d.expected, d.pages, d.rows_read, d.added, d.changed, \
                d.unchanged, d.gone, d.held, d.set_aside, d.retries, e.class, e.message, e.request, e.trace FROM sync_datasets d \
                LEFT JOIN sync_errors e ON e.tenant_id = d.tenant_id AND e.run_id = d.run_id AND e.dataset = d.dataset \
                WHERE d.tenant_id = $1 AND d.run_id = $2";
    let found: Vec<Row> = all(conn, text, [tenant.into(), run.clone().into()]).await?;
    let mut reports: Vec<DatasetReport> = found
        .into_iter()
        .filter_map(|row| {
            Some(DatasetReport {
                dataset: row.dataset.parse().ok()?,
                status: row.status.parse().unwrap_or(DatasetStatus::Failed),
                started_ms: row.started_ms,
                finished_ms: row.finished_ms,
                expected: row.expected,
                pages: row.pages,
                read: row.rows_read,
                added: row.added,
                changed: row.changed,
                unchanged: row.unchanged,
                gone: row.gone,
                held: row.held,
                set_aside: row.set_aside,
                retries: row.retries,
                error: row.class.map(|class| RunError {
                    class: class.parse().unwrap_or(FaultClass::Body),
                    message: row.message.unwrap_or_default(),
                    request: row.request,
                    trace: row.trace.unwrap_or_default(),
                    retry_after: None,
                }),
            })
        })
        .collect();
    reports.sort_by_key(|report| report.dataset);
    Ok(reports)
}

/// The rows of a run that could not be used, by their place in the raw frames, with the reason.
pub async fn set_aside<C: Conn>(
    conn: &C,
    tenant: TenantId,
    run: &RunId,
    dataset: Dataset,
    found: &[(i64, String)],
) -> Result<()> {
    const SET_ASIDE: crate::query::Bulk<'_> = crate::query::Bulk {
        table: "set_aside_rows",
        columns: &["tenant_id", "run_id", "dataset", "row_no", "reason"],
        key: 4,
        keep: &[],
    };
    let rows = found
        .iter()
        .map(|(row_no, reason)| {
            vec![tenant.into(), run.clone().into(), dataset.as_str().into(), (*row_no).into(), reason.clone().into()]
        })
        .collect();
    crate::query::upsert(conn, &SET_ASIDE, rows).await
}

/// The rows of a dataset of a run that could not be used, with the reason, so many after so many.
pub async fn set_aside_rows<C: Conn>(
    conn: &C,
    tenant: TenantId,
    run: &RunId,
    dataset: Dataset,
    limit: i64,
    after: i64,
) -> Result<Vec<(RowNo, String)>> {
    let text = "SELECT row_no, reason FROM set_aside_rows WHERE tenant_id = $1 AND run_id = $2 AND dataset = $3 \
                ORDER BY row_no LIMIT $4 OFFSET $5";
    let values = [tenant.into(), run.clone().into(), dataset.as_str().into(), limit.into(), after.into()];
    let found = rows(conn, text, values).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// The reports of every run that is open now, for whoever follows them.
pub async fn under_way<C: Conn>(conn: &C) -> Result<Vec<(TenantId, DatasetReport)>> {
    #[derive(FromQueryResult)]
    struct Row {
        tenant_id: TenantId,
        dataset: String,
        status: String,
        rows_read: i64,
        expected: Option<i64>,
    }
    let text = "SELECT d.tenant_id, d.dataset, d.status, d.rows_read, d.expected FROM sync_runs r \
                JOIN sync_datasets d ON d.tenant_id = r.tenant_id AND d.run_id = r.id WHERE r.status = $1";
    let found: Vec<Row> = all(conn, text, [RunStatus::Running.as_str().into()]).await?;
    let report = |row: Row| {
        let report = DatasetReport {
            status: row.status.parse().ok()?,
            read: row.rows_read,
            expected: row.expected,
            ..DatasetReport::waiting(row.dataset.parse().ok()?)
        };
        Some((row.tenant_id, report))
    };
    Ok(found.into_iter().filter_map(report).collect())
}

/// When the last whole read of each dataset began, and the last of which anything was applied.
#[derive(Clone, Debug, Default)]
pub struct DatasetAges {
    ages: Vec<(Dataset, Option<EpochMs>, Option<EpochMs>)>,
}

impl DatasetAges {
    /// The start of the last whole read.
    pub fn whole_ms(&self, dataset: Dataset) -> Option<EpochMs> {
        self.ages.iter().find(|(known, ..)| *known == dataset).and_then(|(_, whole, _)| *whole)
    }

    /// The start of the last read of which anything was applied.
    pub fn read_ms(&self, dataset: Dataset) -> Option<EpochMs> {
        self.ages.iter().find(|(known, ..)| *known == dataset).and_then(|(.., read)| *read)
    }

    /// The oldest of the whole reads of several datasets; `None` while one of them never had one.
    pub fn as_of_ms(&self, datasets: &[Dataset]) -> Option<EpochMs> {
        datasets.iter().map(|dataset| self.whole_ms(*dataset)).min().flatten()
    }
}

pub async fn dataset_ages<C: Conn>(conn: &C, tenant: TenantId) -> Result<DatasetAges> {
    #[derive(FromQueryResult)]
    struct Row {
        dataset: String,
        whole_started_ms: Option<EpochMs>,
        read_started_ms: Option<EpochMs>,
    }
    let text = "SELECT dataset, whole_started_ms, read_started_ms FROM dataset_states WHERE tenant_id = $1";
    let found: Vec<Row> = all(conn, text, [tenant.into()]).await?;
    Ok(DatasetAges {
        ages: found
            .into_iter()
            .filter_map(|row| Some((row.dataset.parse().ok()?, row.whole_started_ms, row.read_started_ms)))
            .collect(),
    })
}

/// Moves a dataset's watermark: the start of the read just applied, and whether it was whole.
pub async fn set_dataset_age<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    started_ms: EpochMs,
    whole: bool,
) -> Result<()> {
    let text = "INSERT INTO dataset_states (tenant_id, dataset, read_started_ms, whole_started_ms) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (tenant_id, dataset) DO UPDATE SET read_started_ms = excluded.read_started_ms, \
                whole_started_ms = COALESCE(excluded.whole_started_ms, dataset_states.whole_started_ms)";
    let whole_ms = whole.then_some(started_ms);
    execute(conn, text, [tenant.into(), dataset.as_str().into(), started_ms.into(), whole_ms.into()]).await?;
    Ok(())
}

/// How many rows of a dataset of a run could not be used; rows that are alike, byte for byte, are one.
pub async fn set_aside_count<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset) -> Result<i64> {
    let text = "SELECT COUNT(*) FROM set_aside_rows WHERE tenant_id = $1 AND run_id = $2 AND dataset = $3";
    number(conn, text, [tenant.into(), run.clone().into(), dataset.as_str().into()]).await
}
