//! One run of one tenant, from claiming its lease to publishing the result.

use std::fmt;
use std::time::Duration;

use tetherboard_domain::{Clock, Dataset, DatasetStatus, FaultClass, RunId, RunStatus, Trigger};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::runs::{self, DatasetReport, Run, RunError, RunRequest};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Store, StoreError, tenants};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::crm::{Crm, CrmError, CrmSession};
use crate::dataset_reader::DatasetReader;
use crate::days::close_day;
use crate::hot_list::finish_hot_list;
use crate::lease::HeldLease;
use crate::next_step::{NextStep, StopReason, next_step};
use crate::replay::Replay;
use crate::report::{RunReport, chain, has_read, status_of};
use crate::telemetry;

/// Reads tenants' CRM accounts into the store.
#[derive(Clone)]
pub struct Syncer {
    pub store: Store,
    pub crm: Crm,
    pub clock: Clock,
    /// The name of this process in the lease.
    pub holder: String,
    /// How many requests a run may spend on notes; 0 reads none.
    pub notes_calls_per_run: usize,
}

/// Options of one run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Datasets whose held removals the agency confirmed.
    pub accept_removals: Vec<Dataset>,
    /// Ends the run early; it is then recorded as aborted.
    pub cancel: CancellationToken,
}

/// Why a run could not be finished. A fault of the CRM is not such an error: it is in the report.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another process took over this brand's sync, so this run stopped; its result is in the other run")]
    LeaseLost,
    #[error("the run was canceled; data read before that is saved, and the next run continues")]
    Canceled,
}

const CANCEL_POLL_INTERVAL: Duration = Duration::from_millis(500);

impl Syncer {
    /// Runs a sync; `None` if another process is syncing this tenant.
    ///
    /// # Errors
    /// If the lease is lost or the run is canceled. The run is then recorded as aborted.
    pub async fn sync_tenant(
        &self,
        tenant: &Tenant,
        trigger: Trigger,
        options: &RunOptions,
    ) -> Result<Option<RunReport>, SyncError> {
        let request = RunRequest { accept_removals: options.accept_removals.clone(), ..RunRequest::new(trigger) };
        self.start_run(tenant, request, options).await
    }

    /// Normalizes saved responses again without requests to the CRM: those of `run`, or the latest. `None` if another
    /// process is syncing this tenant.
    ///
    /// # Errors
    /// If the lease is lost or the run is canceled. The run is then recorded as aborted.
    pub async fn replay(
        &self,
        tenant: &Tenant,
        run: Option<RunId>,
        options: &RunOptions,
    ) -> Result<Option<RunReport>, SyncError> {
        self.start_run(tenant, RunRequest { replay_of: run, ..RunRequest::new(Trigger::Replay) }, options).await
    }

    async fn start_run(
        &self,
        tenant: &Tenant,
        request: RunRequest,
        options: &RunOptions,
    ) -> Result<Option<RunReport>, SyncError> {
        let Some(held) = HeldLease::claim(&self.store, &self.clock, tenant.id, &self.holder).await? else { return Ok(None) };
        let conn = self.store.conn();
        if runs::abort_open(conn, tenant.id, self.clock.now_ms()).await? > 0 {
            tracing::warn!(tenant.id = %tenant.id, "closed a run whose process had died");
        }
        // The settings may have changed while this run waited for its lease.
        let tenant = &tenants::by_id(conn, tenant.id).await?.unwrap_or_else(|| tenant.clone());
        let run = runs::start(conn, tenant.id, request, self.clock.now_ms()).await?;
        let span = tracing::info_span!("sync", tenant.id = %tenant.id, run.id = %run.id);
        let outcome = async {
            tokio::select! {
                outcome = self.execute(tenant, &held.lease, &run) => outcome,
                () = held.lost.cancelled() => Err(SyncError::LeaseLost),
                () = options.cancel.cancelled() => Err(SyncError::Canceled),
                () = self.canceled_by_person(&run) => Err(SyncError::Canceled),
            }
        }
        .instrument(span)
        .await;
        self.finish_run(tenant, held, run, outcome).await.map(Some)
    }

    async fn execute(&self, tenant: &Tenant, lease: &SyncLease, run: &Run) -> Result<Vec<DatasetReport>, SyncError> {
        let mut reports: Vec<DatasetReport> = Dataset::ALL.iter().map(|dataset| DatasetReport::waiting(*dataset)).collect();
        for report in &reports {
            self.save_report(tenant, &run.id, report).await?;
        }
        if run.trigger == Trigger::Replay {
            Replay::new(self, tenant, lease, run).await?.run(&mut reports).await?;
        } else {
            self.update_texts(tenant, lease, run).await?;
            self.read(tenant, lease, run, &mut reports).await?;
        }
        if has_read(&reports) {
            finish_hot_list(&self.store, lease, &self.clock).await?;
            close_day(&self.store, tenant, self.clock.now()).await?;
        }
        Ok(reports)
    }

    async fn finish_run(
        &self,
        tenant: &Tenant,
        held: HeldLease,
        run: Run,
        outcome: Result<Vec<DatasetReport>, SyncError>,
    ) -> Result<RunReport, SyncError> {
        let conn = self.store.conn();
        let status = outcome.as_ref().map_or(RunStatus::Aborted, |datasets| status_of(datasets));
        let finished_ms = self.clock.now_ms();
        match &outcome {
            Ok(_) => runs::finish(conn, &run.id, status, finished_ms).await?,
            // The process that holds the lease now has closed the run.
            Err(SyncError::LeaseLost) => {}
            Err(_) => drop(runs::abort_open(conn, tenant.id, finished_ms).await?),
        }
        tenants::publish(conn, tenant.id).await?;
        held.release().await?;
        tracing::info!(tenant.id = %tenant.id, run.id = %run.id, %status, "sync run finished");
        let took_ms = finished_ms - run.started_ms.unwrap_or(finished_ms);
        telemetry::count_run(&tenant.slug, status, took_ms, outcome.as_deref().unwrap_or_default());
        let run = Run { status, finished_ms: Some(finished_ms), ..run };
        outcome.map(|datasets| RunReport { run, datasets })
    }

    async fn read(&self, tenant: &Tenant, lease: &SyncLease, run: &Run, reports: &mut [DatasetReport]) -> Result<(), SyncError> {
        let session = match self.crm.session(&self.store, tenant, &self.clock).await {
            Ok(session) => session,
            Err(CrmError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let error = RunError::new(FaultClass::Credentials, chain(&error));
                return self.fail_waiting(tenant, &run.id, reports, &error).await;
            }
        };
        if let Some(error) = self.probe(tenant, run.trigger, &session).await? {
            self.fail_waiting(tenant, &run.id, &mut reports[..1], &error).await?;
            return self.fail_waiting(tenant, &run.id, reports, &not_requested(&error)).await;
        }
        let reader = DatasetReader::new(self, tenant, lease, run, &session);
        let mut probed_from = 0;
        loop {
            match next_step(reports, probed_from) {
                NextStep::Read(index) => reader.read_and_apply(&mut reports[index]).await?,
                NextStep::Probe(index) => {
                    reader.probe_waiting(&mut reports[index..]).await?;
                    probed_from = index;
                }
                NextStep::Stop { cause, reason } => {
                    let error = self.record_stop(tenant, &run.id, &session, &mut reports[cause], reason).await?;
                    return match error {
                        Some(error) => self.fail_waiting(tenant, &run.id, reports, &not_requested(&error)).await,
                        None => Ok(()),
                    };
                }
                NextStep::Finish => return Ok(()),
            }
        }
    }

    /// Stores what the reason for stopping means for this brand and the agency's token; returns the error to show.
    async fn record_stop(
        &self,
        tenant: &Tenant,
        run: &RunId,
        session: &CrmSession,
        report: &mut DatasetReport,
        reason: StopReason,
    ) -> Result<Option<RunError>, SyncError> {
        let Some(error) = report.error.clone() else { return Ok(None) };
        match reason {
            StopReason::Refused => {
                report.error = Some(self.record_refusal(tenant, session, error).await?);
                self.save_report(tenant, run, report).await?;
            }
            StopReason::AskedToWait => self.park_if_asked(tenant, session, &error).await?,
            StopReason::Unresponsive => {}
        }
        Ok(report.error.clone())
    }

    async fn fail_waiting(
        &self,
        tenant: &Tenant,
        run: &RunId,
        reports: &mut [DatasetReport],
        error: &RunError,
    ) -> Result<(), SyncError> {
        for report in reports.iter_mut().filter(|report| report.status == DatasetStatus::Waiting) {
            report.status = DatasetStatus::Failed;
            report.error = Some(error.clone());
            self.save_report(tenant, run, report).await?;
        }
        Ok(())
    }

    /// Stores the progress or outcome of a dataset.
    pub(crate) async fn save_report(&self, tenant: &Tenant, run: &RunId, report: &DatasetReport) -> Result<(), SyncError> {
        Ok(runs::report(self.store.conn(), tenant.id, run, report, self.clock.now_ms()).await?)
    }

    /// Returns when a person asked for the run to stop.
    async fn canceled_by_person(&self, run: &Run) {
        loop {
            tokio::time::sleep(CANCEL_POLL_INTERVAL).await;
            match runs::is_canceled(self.store.conn(), run.tenant, &run.id).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(error = %chain(&error), "could not check whether the run was canceled; will retry"),
            }
        }
    }
}

/// The error of a list that was not requested because of an earlier fault.
fn not_requested(error: &RunError) -> RunError {
    RunError { message: format!("not requested: {}", error.message), request: None, ..error.clone() }
}

impl fmt::Debug for Syncer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Syncer").field("crm", &self.crm).field("holder", &self.holder).finish_non_exhaustive()
    }
}
