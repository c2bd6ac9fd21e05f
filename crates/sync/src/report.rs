//! What a run came to, for its caller.

use tetherboard_domain::{DatasetStatus, RunStatus};
use tetherboard_store::runs::{DatasetReport, Run};

#[derive(Clone, Debug)]
pub struct RunReport {
    pub run: Run,
    pub datasets: Vec<DatasetReport>,
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
