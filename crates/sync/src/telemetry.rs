//! Counts sync runs and their rows in the metrics that the process exports.

use tetherboard_domain::RunStatus;
use tetherboard_store::runs::DatasetReport;

/// Adds a finished run: its status, its duration in milliseconds, and the rows of each dataset by outcome.
pub(crate) fn count_run(tenant: &str, status: RunStatus, took_ms: i64, datasets: &[DatasetReport]) {
    let tenant = tenant.to_owned();
    metrics::counter!("tetherboard_sync_runs_total", "tenant" => tenant.clone(), "status" => status.as_str()).increment(1);
    metrics::histogram!("tetherboard_sync_run_seconds", "tenant" => tenant.clone()).record(took_ms as f64 / 1_000.0);
    for report in datasets {
        let outcomes = [
            ("added", report.added),
            ("changed", report.changed),
            ("unchanged", report.unchanged),
            ("gone", report.gone),
            ("set_aside", report.set_aside),
        ];
        for (outcome, rows) in outcomes {
            let labels = [("tenant", tenant.clone()), ("dataset", report.dataset.to_string()), ("outcome", outcome.to_owned())];
            metrics::counter!("tetherboard_sync_rows_total", &labels).increment(u64::try_from(rows).unwrap_or(0));
        }
    }
}
