//! How old the data is, and whether it is being kept up to date.

use jiff::{SignedDuration, Timestamp};
use tetherboard_domain::{Dataset, DatasetStatus, FaultClass, RunStatus, SyncState, next_hourly_run};
use tetherboard_store::runs::{self, DatasetReport, Run};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result};

#[derive(Clone, Debug)]
pub struct Freshness {
    pub state: SyncState,
    /// The oldest start of the last whole reads of all datasets; `None` while one never had one.
    pub as_of: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
    pub next_at: Timestamp,
    pub age: Option<SignedDuration>,
    pub step: Step,
    pub datasets: Vec<DatasetAge>,
    /// While a run is open.
    pub progress: Option<Progress>,
    /// When the last finished run did not succeed.
    pub trouble: Option<Trouble>,
    pub data_version: i64,
}

/// How loudly a page says that its data is old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Fresh,
    Notice,
    Warning,
    Critical,
}

impl Step {
    /// Notice from 2 hours, warning from 24, critical from 72.
    fn of(age: SignedDuration) -> Self {
        match age.as_secs() {
            ..7_200 => Self::Fresh,
            7_200..86_400 => Self::Notice,
            86_400..259_200 => Self::Warning,
            _ => Self::Critical,
        }
    }
}

#[derive(Clone, Debug)]
pub struct DatasetAge {
    pub dataset: Dataset,
    pub as_of: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct Progress {
    pub datasets: Vec<DatasetReport>,
}

impl Progress {
    /// The dataset being read now.
    pub fn current(&self) -> Option<&DatasetReport> {
        self.datasets.iter().find(|report| report.status == DatasetStatus::Reading)
    }
}

#[derive(Clone, Debug)]
pub struct Trouble {
    /// The end of the first run of the unbroken row that did not succeed.
    pub since: Option<Timestamp>,
    pub run: Run,
    /// The datasets of the last run that did not succeed.
    pub datasets: Vec<DatasetReport>,
}

impl Trouble {
    /// What went wrong, the gravest first; `None` when nothing failed but rows are held.
    pub fn class(&self) -> Option<FaultClass> {
        let classes = self.datasets.iter().filter_map(|report| report.error.as_ref()).map(|error| error.class);
        classes.max_by_key(|class| *class == FaultClass::Credentials)
    }
}

pub async fn freshness<C: Conn>(conn: &C, tenant: &Tenant, now: Timestamp) -> Result<Freshness> {
    let ages = runs::dataset_ages(conn, tenant.id).await?;
    let as_of = ages.as_of_ms(Dataset::ALL).and_then(moment);
    let open = runs::open_run(conn, tenant.id).await?.filter(|run| run.status == RunStatus::Running);
    let finished = runs::newest_finished(conn, tenant.id, None).await?;
    let succeeded = runs::newest_finished(conn, tenant.id, Some(RunStatus::Succeeded)).await?;
    let age = as_of.map(|as_of| now.duration_since(as_of).max(SignedDuration::ZERO));
    let trouble = match finished.filter(|run| run.status != RunStatus::Succeeded) {
        Some(run) => Some(Trouble {
            since: runs::failing_since(conn, tenant.id).await?.and_then(|run| run.started_ms).and_then(moment),
            datasets: runs::reports(conn, tenant.id, &run.id)
                .await?
                .into_iter()
                .filter(|r| r.status != DatasetStatus::Succeeded)
                .collect(),
            run,
        }),
        None => None,
    };
    let step = age.map_or(Step::Fresh, Step::of);
    let state = match (&open, &trouble, &succeeded) {
        (Some(_), ..) => SyncState::Running,
        (None, Some(_), _) => SyncState::Failing,
        (None, None, None) => SyncState::Never,
        (None, None, Some(_)) if step == Step::Fresh => SyncState::OnTime,
        (None, None, Some(_)) => SyncState::Late,
    };
    let progress = match &open {
        Some(run) => Some(Progress { datasets: runs::reports(conn, tenant.id, &run.id).await? }),
        None => None,
    };
    let parked = tenant.parked_until_ms.and_then(moment).unwrap_or(Timestamp::MIN);
    Ok(Freshness {
        state,
        as_of,
        last_success: succeeded.and_then(|run| run.finished_ms).and_then(moment),
        next_at: next_hourly_run(tenant.id, &tenant.zone, now.max(parked)),
        age,
        step,
        datasets: Dataset::ALL
            .iter()
            .map(|dataset| DatasetAge { dataset: *dataset, as_of: ages.whole_ms(*dataset).and_then(moment) })
            .collect(),
        progress,
        trouble,
        data_version: tenant.data_version,
    })
}

fn moment(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_gets_louder_at_two_hours_one_day_and_three_days() {
        let step = |hours: i64, minutes: i64| Step::of(SignedDuration::from_mins(60 * hours + minutes));
        assert_eq!((step(1, 59), step(2, 0)), (Step::Fresh, Step::Notice));
        assert_eq!((step(23, 59), step(24, 0)), (Step::Notice, Step::Warning));
        assert_eq!((step(71, 59), step(72, 0)), (Step::Warning, Step::Critical));
    }
}
