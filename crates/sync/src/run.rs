//! One run of one tenant, from its lease to the moment it is published.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::{Span, Timestamp};
use tetherboard_clienttether::{Client, ListRequest, ReadContacts, ReadDeals, ReadEvents, ReadSources, ReadStages, ReadUsers};
use tetherboard_crm_records::Mapping;
use tetherboard_domain::{
    CALENDAR_READ_DAYS, Clock, Dataset, DatasetStatus, EpochMs, FaultClass, RunId, RunStatus, SourceTime, Trigger,
};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::records::Scope;
use tetherboard_store::runs::{self, DatasetReport, Run, RunError, RunRequest};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Store, StoreError, tenants};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::apply::Apply;
use crate::capture::{Capture, answers, new_trace};
use crate::crm::{Crm, CrmError, Door};
use crate::figures;
use crate::hot_list::finish_hot_list;
use crate::lease::HeldLease;
use crate::normalise::{Contacts, Context, Deals, Events, Normalise, Sources, Stages, Users};
use crate::replay::Replay;
use crate::report::{RunReport, chain, has_read, status_of};
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
    /// How many calls a run may spend on notes.
    pub notes_calls_per_run: usize,
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
        let wish = RunRequest { accept_removals: options.accept_removals.clone(), ..RunRequest::new(trigger) };
        self.run_as(tenant, wish, options).await
    }

    /// Normalises kept answers again, without the CRM: a run's, or the latest. `None` as above.
    ///
    /// # Errors
    /// As above.
    pub async fn replay(
        &self,
        tenant: &Tenant,
        run: Option<RunId>,
        options: &RunOptions,
    ) -> Result<Option<RunReport>, SyncError> {
        self.run_as(tenant, RunRequest { replay_of: run, ..RunRequest::new(Trigger::Replay) }, options).await
    }

    async fn run_as(&self, tenant: &Tenant, wish: RunRequest, options: &RunOptions) -> Result<Option<RunReport>, SyncError> {
        let Some(held) = HeldLease::claim(&self.store, &self.clock, tenant.id, &self.holder).await? else { return Ok(None) };
        let conn = self.store.conn();
        let aborted = runs::abort_open(conn, tenant.id, self.clock.now_ms()).await?;
        if aborted > 0 {
            tracing::warn!(tenant.id = %tenant.id, "a run whose process died was closed");
        }
        // What the brand was set to while this run waited for its lease counts.
        let tenant = &tenants::by_id(conn, tenant.id).await?.unwrap_or_else(|| tenant.clone());
        let run = runs::start(conn, tenant.id, wish, self.clock.now_ms()).await?;
        let span = tracing::info_span!("sync", tenant.id = %tenant.id, run.id = %run.id);
        let outcome = async {
            tokio::select! {
                done = self.carry_out(tenant, &held.lease, &run) => done,
                () = held.lost.cancelled() => Err(SyncError::LeaseLost),
                () = options.cancel.cancelled() => Err(SyncError::Cancelled),
                () = self.cancelled_by_person(&run) => Err(SyncError::Cancelled),
            }
        }
        .instrument(span)
        .await;
        let status = outcome.as_ref().map_or(RunStatus::Aborted, |datasets| status_of(datasets));
        let finished_ms = self.clock.now_ms();
        match &outcome {
            Ok(_) => runs::finish(conn, &run.id, status, finished_ms).await?,
            // Whoever has the lease now has closed the run.
            Err(SyncError::LeaseLost) => {}
            Err(_) => drop(runs::abort_open(conn, tenant.id, finished_ms).await?),
        }
        tenants::publish(conn, tenant.id).await?;
        held.release().await?;
        tracing::info!(tenant.id = %tenant.id, run.id = %run.id, %status, "sync run finished");
        figures::count(
            &tenant.slug,
            status,
            finished_ms - run.started_ms.unwrap_or(finished_ms),
            outcome.as_deref().unwrap_or_default(),
        );
        let run = Run { status, finished_ms: Some(finished_ms), ..run };
        outcome.map(|datasets| Some(RunReport { run, datasets }))
    }

    async fn carry_out(&self, tenant: &Tenant, lease: &SyncLease, run: &Run) -> Result<Vec<DatasetReport>, SyncError> {
        let mut reports: Vec<DatasetReport> = Dataset::ALL.iter().map(|dataset| DatasetReport::waiting(*dataset)).collect();
        for report in &reports {
            runs::report(self.store.conn(), tenant.id, &run.id, report, self.clock.now_ms()).await?;
        }
        if run.trigger == Trigger::Replay {
            Replay::new(self, tenant, lease, run).await?.run(&mut reports).await?;
        } else {
            self.read(tenant, lease, run, &mut reports).await?;
        }
        if has_read(&reports) {
            finish_hot_list(&self.store, lease, &self.clock).await?;
            close_day(&self.store, tenant, self.clock.now()).await?;
        }
        Ok(reports)
    }

    async fn read(&self, tenant: &Tenant, lease: &SyncLease, run: &Run, reports: &mut [DatasetReport]) -> Result<(), SyncError> {
        let door = match self.crm.door(&self.store, tenant, &self.clock).await {
            Ok(door) => door,
            Err(CrmError::Store(error)) => return Err(error.into()),
            Err(error) => return self.give_up(tenant, &run.id, reports, &unreached(&error)).await,
        };
        if let Some(error) = self.knock(tenant, run.trigger, &door).await? {
            self.give_up(tenant, &run.id, &mut reports[..1], &error).await?;
            return self.give_up(tenant, &run.id, reports, &unasked(&error)).await;
        }
        let step = Step {
            syncer: self,
            tenant,
            lease,
            run: &run.id,
            client: door.client.clone(),
            mapping: Arc::clone(&door.mapping),
            accept_removals: &run.accept_removals,
            fingerprints: Fingerprints::default(),
        };
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
            // Notes are hundreds of calls: nobody makes them to a CRM that gave neither contacts nor deals nor events.
            let mut lately = reports[..at].iter().rev().take(3);
            if reports[at].dataset == Dataset::Notes && lately.all(|list| list.status == DatasetStatus::Failed) {
                let why = reports[..at].iter().rev().find_map(|list| list.error.as_ref()).map(unasked);
                return match why {
                    Some(why) => self.give_up(tenant, &run.id, reports, &why).await,
                    None => Ok(()),
                };
            }
            step.read_and_apply(&mut reports[at]).await?;
            failed_in_a_row = if reports[at].status == DatasetStatus::Failed { failed_in_a_row + 1 } else { 0 };
            if let Some(stop) = self.stopped_by(tenant, &run.id, &door, &mut reports[at]).await? {
                return self.give_up(tenant, &run.id, reports, &stop).await;
            }
        }
        Ok(())
    }

    /// A refusal, or a long wait that the CRM asked for, ends the run: the rest is not asked.
    async fn stopped_by(
        &self,
        tenant: &Tenant,
        run: &RunId,
        door: &Door,
        report: &mut DatasetReport,
    ) -> Result<Option<RunError>, SyncError> {
        let Some(error) = &report.error else { return Ok(None) };
        if error.class == FaultClass::Credentials {
            let error = self.refused(tenant, door, error.clone()).await?;
            report.error = Some(error.clone());
            runs::report(self.store.conn(), tenant.id, run, report, self.clock.now_ms()).await?;
            return Ok(Some(unasked(&error)));
        }
        if error.retry_after.is_some() {
            self.park_if_asked(tenant, door, error).await?;
            return Ok(Some(unasked(error)));
        }
        Ok(None)
    }

    async fn give_up(
        &self,
        tenant: &Tenant,
        run: &RunId,
        reports: &mut [DatasetReport],
        why: &RunError,
    ) -> Result<(), SyncError> {
        for report in reports.iter_mut().filter(|report| report.status == DatasetStatus::Waiting) {
            report.status = DatasetStatus::Failed;
            report.error = Some(why.clone());
            runs::report(self.store.conn(), tenant.id, run, report, self.clock.now_ms()).await?;
        }
        Ok(())
    }

    /// Comes when a person asked the run to stop.
    async fn cancelled_by_person(&self, run: &Run) {
        loop {
            tokio::time::sleep(LOOKS_EVERY).await;
            match runs::is_canceled(self.store.conn(), run.tenant, &run.id).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(error = %chain(&error), "could not look whether the run was cancelled"),
            }
        }
    }
}

/// Of lists that were not asked after a fault that concerns them too.
fn unasked(error: &RunError) -> RunError {
    RunError { message: format!("not asked: {}", error.message), request: None, ..error.clone() }
}

const LOOKS_EVERY: Duration = Duration::from_millis(500);

fn unreached(error: &CrmError) -> RunError {
    RunError { class: FaultClass::Credentials, message: chain(error), request: None, trace: new_trace(), retry_after: None }
}

/// What every dataset of one run is read with.
pub(crate) struct Step<'a> {
    pub(crate) syncer: &'a Syncer,
    pub(crate) tenant: &'a Tenant,
    pub(crate) lease: &'a SyncLease,
    pub(crate) run: &'a RunId,
    pub(crate) client: Client,
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) accept_removals: &'a [Dataset],
    pub(crate) fingerprints: Fingerprints,
}

impl Step<'_> {
    async fn read_and_apply(&self, report: &mut DatasetReport) -> Result<(), SyncError> {
        match report.dataset {
            Dataset::Stages => self.dataset::<Stages, _>(ReadStages::new(), Scope::All, report).await,
            Dataset::Sources => self.dataset::<Sources, _>(ReadSources::new(), Scope::All, report).await,
            Dataset::Users => self.dataset::<Users, _>(ReadUsers::new(), Scope::All, report).await,
            Dataset::Contacts => self.dataset::<Contacts, _>(ReadContacts::new(), Scope::All, report).await,
            Dataset::Deals => self.dataset::<Deals, _>(ReadDeals::new(), Scope::All, report).await,
            Dataset::Events => {
                let calendar = Calendar::around(&self.tenant.source_time(), self.syncer.clock.now());
                self.dataset::<Events, _>(calendar.request(), calendar.scope(), report).await
            }
            Dataset::Notes => self.notes(report).await,
        }
    }

    async fn dataset<N: Normalise, R: ListRequest>(
        &self,
        request: R,
        scope: Scope,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let Syncer { store, clock, .. } = self.syncer;
        let started = clock.now();
        report.status = DatasetStatus::Reading;
        report.started_ms = Some(started.into());
        self.tell(report).await?;

        let capture = Capture { store, clock, lease: self.lease, run: self.run, fingerprints: &self.fingerprints };
        let captured = capture.read(self.client.pages(request), report).await?;
        self.forget_short_wait(report);
        report.finished_ms = Some(clock.now_ms());
        if report.status == DatasetStatus::Failed {
            return self.tell(report).await;
        }
        let mut context = self.context(N::DATASET).await?;
        let apply = Apply {
            store,
            lease: self.lease,
            run: self.run,
            fingerprints: &self.fingerprints,
            mapping: &self.mapping,
            mapping_version: self.tenant.mapping_version,
            started_ms: started.into(),
            scope,
            accept_removals: self.accepts(N::DATASET),
            replay: false,
        };
        apply.apply::<N>(&mut context, captured, report).await?;
        if report.added + report.changed + report.gone > 0 {
            tenants::publish(store.conn(), self.tenant.id).await?;
        }
        Ok(())
    }

    pub(crate) async fn context(&self, dataset: Dataset) -> Result<Context, SyncError> {
        let ages = runs::dataset_ages(self.syncer.store.conn(), self.tenant.id).await?;
        let (read_before_ms, whole_before_ms) = (ages.last_read_ms(dataset), ages.complete_read_ms(dataset));
        let now_ms = self.syncer.clock.now_ms();
        Ok(Context::load(self.syncer.store.conn(), self.tenant, read_before_ms, whole_before_ms, now_ms).await?)
    }

    pub(crate) fn accepts(&self, dataset: Dataset) -> bool {
        self.accept_removals.contains(&dataset)
    }

    pub(crate) async fn tell(&self, report: &DatasetReport) -> Result<(), SyncError> {
        let Syncer { store, clock, .. } = self.syncer;
        Ok(runs::report(store.conn(), self.tenant.id, self.run, report, clock.now_ms()).await?)
    }

    /// A wait that could be obeyed, even if it was asked for too often, concerns this list alone.
    fn forget_short_wait(&self, report: &mut DatasetReport) {
        let longest = self.syncer.crm.limits.max_retry_wait;
        if let Some(error) = &mut report.error {
            error.retry_after = error.retry_after.filter(|wait| *wait > longest);
        }
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
                Dataset::Events => {
                    let calendar = Calendar::around(&self.tenant.source_time(), self.syncer.clock.now());
                    answers(&self.client, calendar.request()).await
                }
                // They are no list; a few contacts that fail in a row end them.
                Dataset::Notes => Ok(()),
            };
            if let Err(error) = answered {
                report.status = DatasetStatus::Failed;
                report.error = Some(error);
            }
        });
        futures::future::join_all(asked).await;
        for report in reports.iter().filter(|report| report.status == DatasetStatus::Failed) {
            self.tell(report).await?;
        }
        Ok(())
    }
}

/// The part of the account's calendar that is read: whole local days.
pub(crate) struct Calendar {
    from: DateTime,
    until: DateTime,
    source_time: SourceTime,
}

impl Calendar {
    pub(crate) fn around(source_time: &SourceTime, now: Timestamp) -> Self {
        let today = source_time.0.date(now);
        let day = |days: i64| today.saturating_add(Span::new().days(days));
        let (back, ahead) = CALENDAR_READ_DAYS;
        let (from, until) = (day(-back).at(0, 0, 0, 0), day(ahead).at(23, 59, 59, 0));
        Self { from, until, source_time: source_time.clone() }
    }

    pub(crate) fn request(&self) -> ReadEvents {
        ReadEvents::between(self.from, self.until)
    }

    /// A day less at either end, where the CRM's idea of the zone may differ from ours.
    fn scope(&self) -> Scope {
        let moment = |local: DateTime, days: i64| self.source_time.moment_ms(local.saturating_add(Span::new().days(days)));
        Scope::Starting {
            from_ms: moment(self.from, 1).unwrap_or(EpochMs::MAX),
            until_ms: moment(self.until, -1).unwrap_or(EpochMs::MIN),
        }
    }
}

impl fmt::Debug for Syncer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Syncer").field("crm", &self.crm).field("holder", &self.holder).finish_non_exhaustive()
    }
}
