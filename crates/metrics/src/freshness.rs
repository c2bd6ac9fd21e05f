//! How old the data is, and whether it is being kept up to date.

use jiff::{SignedDuration, Timestamp};
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, FaultClass, RunStatus, SyncState, Trigger, next_hourly_run};
use tetherboard_store::runs::{self, DatasetAges, DatasetReport, Run};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, credentials};

#[derive(Clone, Debug)]
pub struct Freshness {
    pub state: SyncState,
    /// The oldest start of the last whole reads of what the numbers rest on; `None` while one of them never had one.
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
    /// While the CRM refuses what we show it. A brand can be stopped by a run of another.
    pub refused: Option<Refused>,
    pub data_version: i64,
}

impl Freshness {
    /// Why the data is not kept up to date, the gravest first; `None` when nothing failed, or rows are held.
    pub fn class(&self) -> Option<FaultClass> {
        match self.refused {
            Some(_) => Some(FaultClass::Credentials),
            None => self.trouble.as_ref().and_then(Trouble::class),
        }
    }

    /// Since when it is so.
    pub fn troubled_since(&self) -> Option<Timestamp> {
        match self.refused {
            Some(Refused::Key { since } | Refused::Token { since, .. }) => Some(since),
            None => self.trouble.as_ref().and_then(|trouble| trouble.since),
        }
    }

    pub fn is_troubled(&self) -> bool {
        self.trouble.is_some() || self.refused.is_some()
    }
}

/// Which of our credentials the CRM refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The agency's: no brand can be read.
    Token { since: Timestamp, tried: Option<Timestamp> },
    /// This brand's.
    Key { since: Timestamp },
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
    let as_of = as_of_ms(&ages).and_then(moment);
    // A replay reads nothing, so the data is no newer for it.
    let is_read = |run: &Run| run.status == RunStatus::Running && run.trigger != Trigger::Replay;
    let open = runs::open_run(conn, tenant.id).await?.filter(is_read);
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
    let refused = refused(conn, tenant).await?;
    let step = age.map_or(Step::Fresh, Step::of);
    let state = match (&open, trouble.is_some() || refused.is_some(), &succeeded) {
        (Some(_), ..) => SyncState::Running,
        (None, true, _) => SyncState::Failing,
        (None, false, None) => SyncState::Never,
        (None, false, Some(_)) if step == Step::Fresh => SyncState::OnTime,
        (None, false, Some(_)) => SyncState::Late,
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
            .map(|dataset| DatasetAge { dataset: *dataset, as_of: ages.complete_read_ms(*dataset).and_then(moment) })
            .collect(),
        progress,
        trouble,
        refused,
        data_version: tenant.data_version,
    })
}

/// Notes are read a few contacts at a time and tell their coverage instead; a calendar that was never read holds no
/// number back.
fn as_of_ms(ages: &DatasetAges) -> Option<EpochMs> {
    use Dataset::{Contacts, Deals, Events, Sources, Stages, Users};
    let lists = ages.as_of_ms(&[Stages, Sources, Users, Contacts, Deals])?;
    Some(ages.complete_read_ms(Events).map_or(lists, |events| events.min(lists)))
}

async fn refused<C: Conn>(conn: &C, tenant: &Tenant) -> Result<Option<Refused>> {
    let incident = credentials::token_incident(conn).await?;
    let token = incident.and_then(|token| {
        Some(Refused::Token { since: token.refused_ms.and_then(moment)?, tried: token.tried_ms.and_then(moment) })
    });
    Ok(token.or_else(|| tenant.refused_ms.and_then(moment).map(|since| Refused::Key { since })))
}

fn moment(ms: EpochMs) -> Option<Timestamp> {
    ms.timestamp()
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
