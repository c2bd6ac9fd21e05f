//! How old the data is, and whether syncs keep it up to date.

use jiff::{SignedDuration, Timestamp};
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, FaultClass, RunStatus, SyncState, Trigger, next_hourly_run};
use tetherboard_store::runs::{self, DatasetAges, DatasetReport, Run};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, credentials};

/// A brand's sync state and the age of its data.
#[derive(Clone, Debug)]
pub struct Freshness {
    pub state: SyncState,
    /// The oldest start of the last complete reads of what the numbers depend on; `None` until each had one.
    pub as_of: Option<Timestamp>,
    /// When the last successful run finished.
    pub last_success: Option<Timestamp>,
    /// When the next scheduled run starts.
    pub next_at: Timestamp,
    /// Now minus `as_of`, at least zero.
    pub age: Option<SignedDuration>,
    pub staleness: Staleness,
    pub datasets: Vec<DatasetAge>,
    /// Set while a run is in progress.
    pub progress: Option<Progress>,
    /// Set when the last finished run did not succeed.
    pub failure: Option<SyncFailure>,
    /// Set while the CRM rejects our credentials. A run of another brand can detect this as well.
    pub refused: Option<CredentialRefusal>,
    /// The version that caches are keyed by.
    pub data_version: i64,
}

impl Freshness {
    /// Why the data is not kept up to date, the most severe class; `None` when nothing failed or rows are held.
    pub fn class(&self) -> Option<FaultClass> {
        match self.refused {
            Some(_) => Some(FaultClass::Credentials),
            None => self.failure.as_ref().and_then(SyncFailure::class),
        }
    }

    /// When the failures began.
    pub fn failing_since(&self) -> Option<Timestamp> {
        match self.refused {
            Some(CredentialRefusal::Key { since } | CredentialRefusal::Token { since, .. }) => Some(since),
            None => self.failure.as_ref().and_then(|failure| failure.since),
        }
    }

    /// Whether the last run failed or the CRM rejects our credentials.
    pub fn is_failing(&self) -> bool {
        self.failure.is_some() || self.refused.is_some()
    }
}

/// Which of our credentials the CRM rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialRefusal {
    /// The agency's access token: no brand can sync.
    Token { since: Timestamp, tried: Option<Timestamp> },
    /// This brand's web key.
    Key { since: Timestamp },
}

/// How prominently a page warns that its data is old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Staleness {
    Fresh,
    Notice,
    Warning,
    Critical,
}

impl Staleness {
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

/// The age of one dataset.
#[derive(Clone, Debug)]
pub struct DatasetAge {
    pub dataset: Dataset,
    /// The start of the last complete read.
    pub as_of: Option<Timestamp>,
}

/// The reports of a run in progress.
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

/// The last run, which did not succeed.
#[derive(Clone, Debug)]
pub struct SyncFailure {
    /// The start of the first of the consecutive failed runs.
    pub since: Option<Timestamp>,
    pub run: Run,
    /// The datasets that did not succeed in the last run.
    pub datasets: Vec<DatasetReport>,
}

impl SyncFailure {
    /// The most severe class of error; `None` when nothing failed but rows are held.
    pub fn class(&self) -> Option<FaultClass> {
        let classes = self.datasets.iter().filter_map(|report| report.error.as_ref()).map(|error| error.class);
        classes.max_by_key(|class| *class == FaultClass::Credentials)
    }
}

/// Loads a brand's sync state and the age of its data at `now`.
///
/// # Errors
/// When the database fails.
pub async fn freshness<C: Conn>(conn: &C, tenant: &Tenant, now: Timestamp) -> Result<Freshness> {
    let ages = runs::dataset_ages(conn, tenant.id).await?;
    let as_of = as_of_ms(&ages).and_then(moment);
    // A replay reads nothing, so it does not make the data newer.
    let is_sync = |run: &Run| run.status == RunStatus::Running && run.trigger != Trigger::Replay;
    let open = runs::open_run(conn, tenant.id).await?.filter(is_sync);
    let finished = runs::newest_finished(conn, tenant.id, None).await?;
    let succeeded = runs::newest_finished(conn, tenant.id, Some(RunStatus::Succeeded)).await?;
    let age = as_of.map(|as_of| now.duration_since(as_of).max(SignedDuration::ZERO));
    let failure = failure(conn, tenant, finished).await?;
    let refused = refused(conn, tenant).await?;
    let staleness = age.map_or(Staleness::Fresh, Staleness::of);
    let state = match (&open, failure.is_some() || refused.is_some(), &succeeded) {
        (Some(_), ..) => SyncState::Running,
        (None, true, _) => SyncState::Failing,
        (None, false, None) => SyncState::Never,
        (None, false, Some(_)) if staleness == Staleness::Fresh => SyncState::OnTime,
        (None, false, Some(_)) => SyncState::Late,
    };
    let progress = match &open {
        Some(run) => Some(Progress { datasets: runs::reports(conn, tenant.id, &run.id).await? }),
        None => None,
    };
    let parked = tenant.parked_until_ms.and_then(moment).unwrap_or(Timestamp::MIN);
    let dataset_age =
        |dataset: &Dataset| DatasetAge { dataset: *dataset, as_of: ages.complete_read_ms(*dataset).and_then(moment) };
    Ok(Freshness {
        state,
        as_of,
        last_success: succeeded.and_then(|run| run.finished_ms).and_then(moment),
        next_at: next_hourly_run(tenant.id, &tenant.zone, now.max(parked)),
        age,
        staleness,
        datasets: Dataset::ALL.iter().map(dataset_age).collect(),
        progress,
        failure,
        refused,
        data_version: tenant.data_version,
    })
}

async fn failure<C: Conn>(conn: &C, tenant: &Tenant, finished: Option<Run>) -> Result<Option<SyncFailure>> {
    let Some(run) = finished.filter(|run| run.status != RunStatus::Succeeded) else { return Ok(None) };
    let since = runs::failing_since(conn, tenant.id).await?.and_then(|run| run.started_ms).and_then(moment);
    let reports = runs::reports(conn, tenant.id, &run.id).await?;
    let datasets = reports.into_iter().filter(|report| report.status != DatasetStatus::Succeeded).collect();
    Ok(Some(SyncFailure { since, run, datasets }))
}

/// The age of the data shown. Notes are read a few contacts at a time and report their coverage instead; a calendar that was
/// never read is ignored.
fn as_of_ms(ages: &DatasetAges) -> Option<EpochMs> {
    use Dataset::{Contacts, Deals, Events, Sources, Stages, Users};
    let lists = ages.as_of_ms(&[Stages, Sources, Users, Contacts, Deals])?;
    Some(ages.complete_read_ms(Events).map_or(lists, |events| events.min(lists)))
}

async fn refused<C: Conn>(conn: &C, tenant: &Tenant) -> Result<Option<CredentialRefusal>> {
    let incident = credentials::token_incident(conn).await?;
    let token = incident.and_then(|token| {
        Some(CredentialRefusal::Token { since: token.refused_ms.and_then(moment)?, tried: token.tried_ms.and_then(moment) })
    });
    Ok(token.or_else(|| tenant.refused_ms.and_then(moment).map(|since| CredentialRefusal::Key { since })))
}

fn moment(ms: EpochMs) -> Option<Timestamp> {
    ms.timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_escalate_at_two_hours_one_day_and_three_days() {
        let staleness = |hours: i64, minutes: i64| Staleness::of(SignedDuration::from_mins(60 * hours + minutes));
        assert_eq!((staleness(1, 59), staleness(2, 0)), (Staleness::Fresh, Staleness::Notice));
        assert_eq!((staleness(23, 59), staleness(24, 0)), (Staleness::Notice, Staleness::Warning));
        assert_eq!((staleness(71, 59), staleness(72, 0)), (Staleness::Warning, Staleness::Critical));
    }
}
