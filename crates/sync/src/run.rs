//! One run of one tenant, from its lease to the moment it is published.

use std::collections::HashMap;
use std::fmt;

use tetherboard_clienttether::{Client, ListRequest, ReadContacts, ReadDeals, ReadSources, ReadStages, ReadUsers};
use tetherboard_domain::{Clock, Dataset, DatasetStatus, FaultClass, RunId, RunStatus, Trigger};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::runs::{self, DatasetReport, RunError};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Store, StoreError, small_lists, tenants};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::apply::Apply;
use crate::capture::{Capture, answers};
use crate::crm::{Crm, CrmError};
use crate::figures;
use crate::lease::HeldLease;
use crate::normalise::{Contacts, Context, Deals, Normalise, Sources, Stages, Users};
use crate::report::{RunReport, status_of};
use crate::winners::Fingerprints;
use crate::worker::close_day;

/// Reads tenants' CRM accounts into the store.
#[derive(Clone)]
pub struct Syncer {
    pub store: Store,
    pub crm: Crm,
    pub clock: Clock,
    /// Names this process in the lease.
    pub holder: String,
}

/// How one run differs from the usual.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Datasets whose held removals the agency agrees to.
    pub accept_removals: Vec<Dataset>,
    /// Ends the run early; it is closed as aborted.
    pub cancel: CancellationToken,
}

/// Why a run could not be carried through. What the CRM does wrong is no such error, but stands in the report.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another process took the tenant's lease over")]
    LeaseLost,
    #[error("the run was stopped")]
    Cancelled,
}

impl Syncer {
    /// Runs once; `None` when another process is running this tenant.
    ///
    /// # Errors
    /// When the database fails, the lease is lost, or the run is cancelled: the run is then closed as aborted.
    pub async fn sync_tenant(
        &self,
        tenant: &Tenant,
        trigger: Trigger,
        options: &RunOptions,
    ) -> Result<Option<RunReport>, SyncError> {
        let Some(held) = HeldLease::claim(&self.store, &self.clock, tenant.id, &self.holder).await? else { return Ok(None) };
        let aborted = runs::abort_open(self.store.conn(), tenant.id, self.clock.now_ms()).await?;
        if aborted > 0 {
            tracing::warn!(tenant.id = %tenant.id, "a run whose process died was closed");
        }
        let run = runs::start(self.store.conn(), tenant.id, trigger, self.clock.now_ms()).await?;
        let span = tracing::info_span!("sync", tenant.id = %tenant.id, run.id = %run.id);
        let outcome = async {
            tokio::select! {
                done = self.run(tenant, &held.lease, &run.id, options) => done,
                () = held.lost.cancelled() => Err(SyncError::LeaseLost),
                () = options.cancel.cancelled() => Err(SyncError::Cancelled),
            }
        }
        .instrument(span)
        .await;
        let status = outcome.as_ref().map_or(RunStatus::Aborted, |datasets| status_of(datasets));
        let finished_ms = self.clock.now_ms();
        match &outcome {
            Ok(_) => runs::finish(self.store.conn(), &run.id, status, finished_ms).await?,
            // Whoever has the lease now has closed the run.
            Err(SyncError::LeaseLost) => {}
            Err(_) => drop(runs::abort_open(self.store.conn(), tenant.id, finished_ms).await?),
        }
        tenants::publish(self.store.conn(), tenant.id).await?;
        held.release().await?;
        tracing::info!(tenant.id = %tenant.id, run.id = %run.id, %status, "sync run finished");
        figures::count(
            &tenant.slug,
            status,
            finished_ms - run.started_ms.unwrap_or(finished_ms),
            outcome.as_deref().unwrap_or_default(),
        );
        let run = runs::Run { status, finished_ms: Some(finished_ms), ..run };
        outcome.map(|datasets| Some(RunReport { run, datasets }))
    }

    async fn run(
        &self,
        tenant: &Tenant,
        lease: &SyncLease,
        run: &RunId,
        options: &RunOptions,
    ) -> Result<Vec<DatasetReport>, SyncError> {
        let mut reports: Vec<DatasetReport> = Dataset::ALL.iter().map(|dataset| DatasetReport::waiting(*dataset)).collect();
        for report in &reports {
            runs::report(self.store.conn(), tenant.id, run, report, self.clock.now_ms()).await?;
        }
        let client = match self.crm.client(&self.store, tenant, &self.clock).await {
            Ok(client) => client,
            Err(CrmError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let why =
                    RunError { class: FaultClass::Credentials, message: error.to_string(), request: None, retry_after: None };
                return self.give_up(tenant, run, reports, &why).await;
            }
        };
        let step = Step { syncer: self, tenant, lease, run, client, options, fingerprints: Fingerprints::default() };
        let mut failed_in_a_row = 0;
        for at in 0..reports.len() {
            if reports[at].status != DatasetStatus::Waiting {
                continue;
            }
            if failed_in_a_row >= 2 {
                step.ask_once(&mut reports[at..]).await?;
                failed_in_a_row = 0;
                if reports[at].status != DatasetStatus::Waiting {
                    continue;
                }
            }
            step.read_and_apply(&mut reports[at]).await?;
            failed_in_a_row = if reports[at].status == DatasetStatus::Failed { failed_in_a_row + 1 } else { 0 };
            if let Some(stop) = Self::stopped_by(&reports[at]) {
                reports = self.give_up(tenant, run, reports, &stop).await?;
                break;
            }
        }
        if reports.iter().any(|report| report.status != DatasetStatus::Failed) {
            close_day(&self.store, tenant, self.clock.now()).await?;
        }
        Ok(reports)
    }

    /// A refusal, or a long wait that the CRM asked for, ends the run: the rest is not asked.
    fn stopped_by(report: &DatasetReport) -> Option<RunError> {
        let class =
            report.error.as_ref().filter(|error| error.class == FaultClass::Credentials || error.retry_after.is_some())?.class;
        let message = format!("not asked, because {} failed: {}", report.dataset, class.meaning());
        Some(RunError { class, message, request: None, retry_after: None })
    }

    async fn give_up(
        &self,
        tenant: &Tenant,
        run: &RunId,
        mut reports: Vec<DatasetReport>,
        why: &RunError,
    ) -> Result<Vec<DatasetReport>, SyncError> {
        for report in reports.iter_mut().filter(|report| report.status == DatasetStatus::Waiting) {
            report.status = DatasetStatus::Failed;
            report.error = Some(why.clone());
            runs::report(self.store.conn(), tenant.id, run, report, self.clock.now_ms()).await?;
        }
        Ok(reports)
    }
}

/// What every dataset of one run is read with.
struct Step<'a> {
    syncer: &'a Syncer,
    tenant: &'a Tenant,
    lease: &'a SyncLease,
    run: &'a RunId,
    client: Client,
    options: &'a RunOptions,
    fingerprints: Fingerprints,
}

impl Step<'_> {
    async fn read_and_apply(&self, report: &mut DatasetReport) -> Result<(), SyncError> {
        match report.dataset {
            Dataset::Stages => self.dataset::<Stages, _>(ReadStages::new(), report).await,
            Dataset::Sources => self.dataset::<Sources, _>(ReadSources::new(), report).await,
            Dataset::Users => self.dataset::<Users, _>(ReadUsers::new(), report).await,
            Dataset::Contacts => self.dataset::<Contacts, _>(ReadContacts::new(), report).await,
            Dataset::Deals => self.dataset::<Deals, _>(ReadDeals::new(), report).await,
        }
    }

    async fn dataset<N: Normalise, R: ListRequest>(&self, request: R, report: &mut DatasetReport) -> Result<(), SyncError> {
        let Syncer { store, clock, .. } = self.syncer;
        let started = clock.now();
        report.status = DatasetStatus::Reading;
        report.started_ms = Some(started.as_millisecond());
        runs::report(store.conn(), self.tenant.id, self.run, report, started.as_millisecond()).await?;

        let capture = Capture { store, clock, lease: self.lease, run: self.run, fingerprints: &self.fingerprints };
        let captured = capture.read(self.client.pages(request), report).await?;
        self.forget_short_wait(report);
        self.park_if_asked(report).await?;

        report.finished_ms = Some(clock.now_ms());
        if report.status == DatasetStatus::Failed {
            runs::report(store.conn(), self.tenant.id, self.run, report, clock.now_ms()).await?;
            return Ok(());
        }
        let context = self.context::<N>().await?;
        let apply = Apply {
            store,
            lease: self.lease,
            run: self.run,
            fingerprints: &self.fingerprints,
            context: &context,
            mapping_version: self.tenant.mapping_version,
            started_ms: started.as_millisecond(),
            accept_removals: self.options.accept_removals.contains(&N::DATASET),
        };
        apply.apply::<N>(captured, report).await?;
        if report.added + report.changed + report.gone > 0 {
            tenants::publish(store.conn(), self.tenant.id).await?;
        }
        Ok(())
    }

    async fn context<N: Normalise>(&self) -> Result<Context, SyncError> {
        let conn = self.syncer.store.conn();
        let users: HashMap<String, String> = match N::DATASET {
            Dataset::Contacts | Dataset::Deals => {
                small_lists::crm_users(conn, self.tenant.id).await?.into_iter().map(|user| (user.crm_id, user.name)).collect()
            }
            _ => HashMap::new(),
        };
        let board = tetherboard_metrics::Board::load(conn, self.tenant.id).await?;
        let ages = runs::dataset_ages(conn, self.tenant.id).await?;
        Ok(Context {
            tenant: self.tenant.id,
            source_time: self.tenant.source_time(),
            users,
            first_stage: board.first().map(|stage| stage.key.clone()),
            read_before_ms: ages.read_ms(N::DATASET),
            whole_before_ms: ages.whole_ms(N::DATASET),
            now_ms: self.syncer.clock.now_ms(),
        })
    }

    /// A wait that could be obeyed, even if it was asked for too often, concerns this list alone.
    fn forget_short_wait(&self, report: &mut DatasetReport) {
        let longest = self.syncer.crm.limits.longest_wait;
        if let Some(error) = &mut report.error {
            error.retry_after = error.retry_after.filter(|wait| *wait > longest);
        }
    }

    /// The CRM may ask us to stay away; the schedule keeps to it.
    async fn park_if_asked(&self, report: &DatasetReport) -> Result<(), SyncError> {
        let until = report.error.as_ref().and_then(|error| error.retry_after).map(|wait| {
            let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            self.syncer.clock.now_ms().saturating_add(wait_ms)
        });
        if until.is_some() || (report.error.is_none() && self.tenant.parked_until_ms.is_some()) {
            tenants::park(self.syncer.store.conn(), self.tenant.id, until).await?;
        }
        Ok(())
    }

    /// After two failures in a row the CRM may be down altogether: every list that is left is asked once, side by side.
    /// Those that answer stay waiting, to be read.
    async fn ask_once(&self, reports: &mut [DatasetReport]) -> Result<(), SyncError> {
        let asked = reports.iter_mut().filter(|report| report.status == DatasetStatus::Waiting).map(async |report| {
            let answered = match report.dataset {
                Dataset::Stages => answers(&self.client, ReadStages::new()).await,
                Dataset::Sources => answers(&self.client, ReadSources::new()).await,
                Dataset::Users => answers(&self.client, ReadUsers::new()).await,
                Dataset::Contacts => answers(&self.client, ReadContacts::new()).await,
                Dataset::Deals => answers(&self.client, ReadDeals::new()).await,
            };
            if let Err(error) = answered {
                report.status = DatasetStatus::Failed;
                report.error = Some(error);
            }
        });
        futures::future::join_all(asked).await;
        for report in reports.iter().filter(|report| report.status == DatasetStatus::Failed) {
            runs::report(self.syncer.store.conn(), self.tenant.id, self.run, report, self.syncer.clock.now_ms()).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for Syncer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Syncer").field("crm", &self.crm).field("holder", &self.holder).finish_non_exhaustive()
    }
}
