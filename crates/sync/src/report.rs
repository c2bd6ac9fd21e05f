//! What a run returns to its caller.

use tetherboard_domain::{DatasetStatus, RunStatus};
use tetherboard_store::runs::{DatasetReport, Run};

/// A finished run and the outcome of each dataset.
#[derive(Clone, Debug)]
pub struct RunReport {
    pub run: Run,
    /// In the order of [`tetherboard_domain::Dataset::ALL`].
    pub datasets: Vec<DatasetReport>,
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

/// Succeeded if every dataset did, failed if nothing was read, otherwise partial.
pub(crate) fn status_of(datasets: &[DatasetReport]) -> RunStatus {
    if datasets.iter().all(|report| report.status == DatasetStatus::Succeeded) {
        RunStatus::Succeeded
    } else if has_read(datasets) {
        RunStatus::Partial
    } else {
        RunStatus::Failed
    }
}

/// Whether any page was read. The status alone does not tell: notes succeed without a request if no contact is due.
pub(crate) fn has_read(datasets: &[DatasetReport]) -> bool {
    datasets.iter().any(|report| report.status != DatasetStatus::Failed && report.pages > 0)
}
