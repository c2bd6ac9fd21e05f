//! Reads the datasets of one run and applies each of them.

use std::sync::Arc;

use tetherboard_clienttether::{Client, ListRequest, ReadContacts, ReadDeals, ReadSources, ReadStages, ReadUsers};
use tetherboard_crm_records::Mapping;
use tetherboard_domain::{ContactId, Dataset, DatasetStatus, EpochMs, RunId};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::records::Scope;
use tetherboard_store::runs::{self, DatasetReport, Run};
use tetherboard_store::tenants::{self, Tenant};

use crate::apply::Apply;
use crate::calendar_window::CalendarWindow;
use crate::capture::{CapturedList, ListCapture, probe_list};
use crate::crm::CrmSession;
use crate::dedup::Fingerprints;
use crate::normalize::{Contacts, Context, Deals, Events, Normalize, Sources, Stages, Users};
use crate::run::{SyncError, Syncer};

/// What every dataset of one run is read with.
pub(crate) struct DatasetReader<'a> {
    pub(crate) syncer: &'a Syncer,
    pub(crate) tenant: &'a Tenant,
    pub(crate) lease: &'a SyncLease,
    pub(crate) run: &'a RunId,
    pub(crate) client: Client,
    pub(crate) fingerprints: Fingerprints,
    mapping: Arc<Mapping>,
    accept_removals: &'a [Dataset],
}

/// What a read covered.
pub(crate) struct ReadExtent {
    /// When the read began.
    pub(crate) started_ms: EpochMs,
    /// Where a record that the read did not show counts as absent.
    pub(crate) scope: Scope,
    /// The contacts whose notes were read to the end; empty for every other dataset.
    pub(crate) contacts: Vec<ContactId>,
}

impl<'a> DatasetReader<'a> {
    /// A reader for one run, with fresh fingerprints.
    pub(crate) fn new(syncer: &'a Syncer, tenant: &'a Tenant, lease: &'a SyncLease, run: &'a Run, session: &CrmSession) -> Self {
        Self {
            syncer,
            tenant,
            lease,
            run: &run.id,
            client: session.client.clone(),
            fingerprints: Fingerprints::default(),
            mapping: Arc::clone(&session.mapping),
            accept_removals: &run.accept_removals,
        }
    }

    /// Reads the dataset of `report` and applies it in one transaction. Faults of the CRM go into `report`.
    ///
    /// # Errors
    /// If the lease is lost.
    pub(crate) async fn read_and_apply(&self, report: &mut DatasetReport) -> Result<(), SyncError> {
        match report.dataset {
            Dataset::Stages => self.read_list::<Stages, _>(ReadStages::new(), Scope::All, report).await,
            Dataset::Sources => self.read_list::<Sources, _>(ReadSources::new(), Scope::All, report).await,
            Dataset::Users => self.read_list::<Users, _>(ReadUsers::new(), Scope::All, report).await,
            Dataset::Contacts => self.read_list::<Contacts, _>(ReadContacts::new(), Scope::All, report).await,
            Dataset::Deals => self.read_list::<Deals, _>(ReadDeals::new(), Scope::All, report).await,
            Dataset::Events => {
                let calendar = self.calendar_window();
                self.read_list::<Events, _>(calendar.request(), calendar.scope(), report).await
            }
            Dataset::Notes => self.read_notes(report).await,
        }
    }

    /// Requests the first page of every waiting list once, side by side. A list that responds stays waiting.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn probe_waiting(&self, reports: &mut [DatasetReport]) -> Result<(), SyncError> {
        let waiting = reports.iter_mut().filter(|report| report.status == DatasetStatus::Waiting);
        let probes = waiting.map(async |report| {
            let result = match report.dataset {
                Dataset::Stages => probe_list(&self.client, ReadStages::new()).await,
                Dataset::Sources => probe_list(&self.client, ReadSources::new()).await,
                Dataset::Users => probe_list(&self.client, ReadUsers::new()).await,
                Dataset::Contacts => probe_list(&self.client, ReadContacts::new()).await,
                Dataset::Deals => probe_list(&self.client, ReadDeals::new()).await,
                Dataset::Events => probe_list(&self.client, self.calendar_window().request()).await,
                // Notes are not one list, and reading them ends after a few failures anyway.
                Dataset::Notes => Ok(()),
            };
            if let Err(error) = result {
                report.status = DatasetStatus::Failed;
                report.error = Some(error);
            }
        });
        futures::future::join_all(probes).await;
        for report in reports.iter().filter(|report| report.status == DatasetStatus::Failed) {
            self.save(report).await?;
        }
        Ok(())
    }

    async fn read_list<N: Normalize<Parent = ()>, R: ListRequest>(
        &self,
        request: R,
        scope: Scope,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let Syncer { store, clock, .. } = self.syncer;
        let started_ms = self.start(report).await?;
        let capture = ListCapture { store, clock, lease: self.lease, run: self.run, fingerprints: &self.fingerprints };
        let list = capture.read(&self.client, request, report).await?;
        self.ignore_short_wait(report);
        report.finished_ms = Some(clock.now_ms());
        if report.status == DatasetStatus::Failed {
            return self.save(report).await;
        }
        self.apply::<N>(list, ReadExtent { started_ms, scope, contacts: Vec::new() }, report).await
    }

    /// Marks the dataset as being read; returns the moment.
    pub(crate) async fn start(&self, report: &mut DatasetReport) -> Result<EpochMs, SyncError> {
        let started_ms = self.syncer.clock.now_ms();
        report.status = DatasetStatus::Reading;
        report.started_ms = Some(started_ms);
        self.save(report).await?;
        Ok(started_ms)
    }

    /// Applies what was read, and publishes if anything changed.
    pub(crate) async fn apply<N: Normalize>(
        &self,
        list: CapturedList<N::Parent>,
        extent: ReadExtent,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let mut context = self.context(N::DATASET).await?;
        let apply = Apply {
            store: &self.syncer.store,
            lease: self.lease,
            run: self.run,
            fingerprints: &self.fingerprints,
            mapping: &self.mapping,
            mapping_version: self.tenant.mapping_version,
            extent,
            accept_removals: self.accept_removals.contains(&N::DATASET),
            replay: false,
        };
        apply.apply::<N>(&mut context, list, report).await?;
        if report.added + report.changed + report.gone > 0 {
            tenants::publish(self.syncer.store.conn(), self.tenant.id).await?;
        }
        Ok(())
    }

    async fn context(&self, dataset: Dataset) -> Result<Context, SyncError> {
        let conn = self.syncer.store.conn();
        let ages = runs::dataset_ages(conn, self.tenant.id).await?;
        let (read_before_ms, whole_before_ms) = (ages.last_read_ms(dataset), ages.complete_read_ms(dataset));
        Ok(Context::load(conn, self.tenant, read_before_ms, whole_before_ms, self.syncer.clock.now_ms()).await?)
    }

    /// Stores the progress or outcome of a dataset.
    pub(crate) async fn save(&self, report: &DatasetReport) -> Result<(), SyncError> {
        self.syncer.save_report(self.tenant, self.run, report).await
    }

    /// Removes a wait that a run can make from the error: it concerns this list only, even if asked for too often.
    fn ignore_short_wait(&self, report: &mut DatasetReport) {
        let longest = self.syncer.crm.limits.max_retry_wait;
        if let Some(error) = &mut report.error {
            error.retry_after = error.retry_after.filter(|wait| *wait > longest);
        }
    }

    fn calendar_window(&self) -> CalendarWindow {
        CalendarWindow::around(&self.tenant.source_time(), self.syncer.clock.now())
    }
}
