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
    let all = |status| datasets.iter().all(|report| report.status == status);
    if all(DatasetStatus::Succeeded) {
        RunStatus::Succeeded
    } else if all(DatasetStatus::Failed) {
        RunStatus::Failed
    } else {
        RunStatus::Partial
    }
}
