//! The report of each dataset in a run, and its error.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, FaultClass, RunId, RunStatus, TenantId};

use crate::query::{Bulk, all, upsert};
use crate::{Conn, Result};

/// What happened to one dataset in a run.
#[derive(Clone, Debug)]
pub struct DatasetReport {
    pub dataset: Dataset,
    pub status: DatasetStatus,
    pub started_ms: Option<EpochMs>,
    pub finished_ms: Option<EpochMs>,
    /// The CRM's `TotalRecord`.
    pub expected: Option<i64>,
    /// Responses received.
    pub pages: i64,
    /// Distinct rows read.
    pub read: i64,
    pub added: i64,
    pub changed: i64,
    pub unchanged: i64,
    /// Records removed because the CRM no longer has them.
    pub gone: i64,
    /// Records whose removal the agency must accept first.
    pub held: i64,
    /// Rows skipped because they could not be read.
    pub set_aside: i64,
    /// Requests repeated after a transient error.
    pub retries: i64,
    /// What the read showed apart from records, in sentences of one line: a renamed stage, for example.
    pub notices: Vec<String>,
    pub error: Option<RunError>,
}

impl DatasetReport {
    /// The report of a dataset that has not been read yet.
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
            notices: Vec::new(),
            error: None,
        }
    }
}

/// What went wrong with a dataset.
#[derive(Clone, Debug)]
pub struct RunError {
    pub class: FaultClass,
    /// The chain of causes, shown to the agency.
    pub message: String,
    /// The request, without credentials.
    pub request: Option<String>,
    /// Identifies the same error in the log.
    pub trace: String,
    /// The CRM's `Retry-After`. Not stored.
    pub retry_after: Option<Duration>,
}

impl RunError {
    /// An error with a new trace ID, not tied to a request.
    pub fn new(class: FaultClass, message: impl Into<String>) -> Self {
        let trace = format!("{:016x}", RandomState::new().hash_one(0));
        Self { class, message: message.into(), request: None, trace, retry_after: None }
    }
}

/// Stores a dataset's report and its error.
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
        (!report.notices.is_empty()).then(|| report.notices.join("\n")).into(),
    ];
    upsert(conn, &REPORTS, vec![values]).await?;
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
        upsert(conn, &ERRORS, vec![values]).await?;
    }
    Ok(())
}

const REPORTS: Bulk<'_> = Bulk {
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
        "notices",
    ],
    key: 3,
    keep: &[],
};

const ERRORS: Bulk<'_> = Bulk {
    table: "sync_errors",
    columns: &["tenant_id", "run_id", "dataset", "class", "message", "request", "trace", "at_ms"],
    key: 3,
    keep: &[],
};

/// The reports of a run, in the order in which datasets are read.
pub async fn reports<C: Conn>(conn: &C, tenant: TenantId, run: &RunId) -> Result<Vec<DatasetReport>> {
    let text = "SELECT d.dataset, d.status, d.started_ms, d.finished_ms, d.expected, d.pages, d.rows_read, d.added, d.changed, \
                d.unchanged, d.gone, d.held, d.set_aside, d.retries, d.notices, e.class, e.message, e.request, e.trace FROM sync_datasets d \
                LEFT JOIN sync_errors e ON e.tenant_id = d.tenant_id AND e.run_id = d.run_id AND e.dataset = d.dataset \
                WHERE d.tenant_id = $1 AND d.run_id = $2";
    let found: Vec<ReportRow> = all(conn, text, [tenant.into(), run.clone().into()]).await?;
    let mut reports: Vec<DatasetReport> = found.into_iter().filter_map(ReportRow::report).collect();
    reports.sort_by_key(|report| report.dataset);
    Ok(reports)
}

#[derive(FromQueryResult)]
struct ReportRow {
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
    notices: Option<String>,
    class: Option<String>,
    message: Option<String>,
    request: Option<String>,
    trace: Option<String>,
}

impl ReportRow {
    /// `None` for a dataset that this version does not know.
    fn report(self) -> Option<DatasetReport> {
        Some(DatasetReport {
            dataset: self.dataset.parse().ok()?,
            status: self.status.parse().unwrap_or(DatasetStatus::Failed),
            started_ms: self.started_ms,
            finished_ms: self.finished_ms,
            expected: self.expected,
            pages: self.pages,
            read: self.rows_read,
            added: self.added,
            changed: self.changed,
            unchanged: self.unchanged,
            gone: self.gone,
            held: self.held,
            set_aside: self.set_aside,
            retries: self.retries,
            notices: self.notices.iter().flat_map(|notices| notices.lines()).map(str::to_owned).collect(),
            error: self.class.map(|class| RunError {
                class: class.parse().unwrap_or(FaultClass::Body),
                message: self.message.unwrap_or_default(),
                request: self.request,
                trace: self.trace.unwrap_or_default(),
                retry_after: None,
            }),
        })
    }
}

/// The progress of the datasets of every running run. Only status and row counts are filled in.
pub async fn live_reports<C: Conn>(conn: &C) -> Result<Vec<(TenantId, DatasetReport)>> {
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
