//! What a run came to, for its caller.

use tetherboard_domain::{DatasetStatus, RunStatus};
use tetherboard_store::runs::{DatasetReport, Run};

#[derive(Clone, Debug)]
pub struct RunReport {
    pub run: Run,
    pub datasets: Vec<DatasetReport>,
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

/// Succeeded when every dataset did; failed when nothing new was applied; else partial.
pub(crate) fn status_of(datasets: &[DatasetReport]) -> RunStatus {
    if datasets.iter().all(|report| report.status == DatasetStatus::Succeeded) {
        RunStatus::Succeeded
    } else if has_read(datasets) {
        RunStatus::Partial
    } else {
        RunStatus::Failed
    }
}

/// Whether anything was read. Notes succeed without a call when it is no contact's turn.
pub(crate) fn has_read(datasets: &[DatasetReport]) -> bool {
    datasets.iter().any(|report| report.status != DatasetStatus::Failed && report.pages > 0)
}
