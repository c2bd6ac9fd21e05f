//! Normalizes saved responses again without the CRM, after a mapping changed or a decoder was fixed.
//!
//! The responses of a run give the same records as they did then, because they are normalized with the same moments. A
//! replay removes nothing, records no move, and overrides nothing that was read since.

use std::collections::HashSet;
use std::sync::Arc;

use tetherboard_crm_records::Mapping;
use tetherboard_domain::{ContactId, Dataset, DatasetStatus, EpochMs, FaultClass, RunId};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::records::{self, Scope};
use tetherboard_store::runs::{self, DatasetReport, Run, RunError};
use tetherboard_store::snapshots::{self, RowNo, RowReader, SnapshotPage};
use tetherboard_store::tenants::{self, Tenant};
use tetherboard_store::{Store, deal_links, hot_list, notes};

use crate::apply::Apply;
use crate::capture::{CapturedList, begin};
use crate::crm::load_mapping;
use crate::dataset_reader::ReadExtent;
use crate::dedup::{Fingerprints, ReadRows};
use crate::normalize::{Contacts, Context, Deals, Events, Normalize, Notes, Sources, Stages, Users};
use crate::run::{SyncError, Syncer};

/// One replay of one tenant.
pub(crate) struct Replay<'a> {
    syncer: &'a Syncer,
    tenant: &'a Tenant,
    lease: &'a SyncLease,
    run: &'a Run,
    mapping: Arc<Mapping>,
    fingerprints: Fingerprints,
}

/// Rows of saved responses, and the reader that decodes their IDs.
struct SavedRows<P> {
    rows: ReadRows<P>,
    reader: RowReader,
}

/// The saved responses of one dataset, and the report of the run that read them.
struct SavedRead {
    run: RunId,
    report: DatasetReport,
    pages: Vec<SnapshotPage>,
}

impl<'a> Replay<'a> {
    /// A replay with the tenant's current mapping.
    pub(crate) async fn new(
        syncer: &'a Syncer,
        tenant: &'a Tenant,
        lease: &'a SyncLease,
        run: &'a Run,
    ) -> Result<Self, SyncError> {
        let mapping = Arc::new(load_mapping(&syncer.store, tenant).await?);
        Ok(Self { syncer, tenant, lease, run, mapping, fingerprints: Fingerprints::default() })
    }

    /// Replays every dataset; counts go into `reports`.
    ///
    /// # Errors
    /// If the lease is lost.
    pub(crate) async fn run(&self, reports: &mut [DatasetReport]) -> Result<(), SyncError> {
        for report in reports.iter_mut() {
            report.status = DatasetStatus::Reading;
            report.started_ms = Some(self.syncer.clock.now_ms());
            self.save(report).await?;
            match report.dataset {
                Dataset::Stages => self.replay_list::<Stages>(report).await?,
                Dataset::Sources => self.replay_list::<Sources>(report).await?,
                Dataset::Users => self.replay_list::<Users>(report).await?,
                Dataset::Contacts => self.replay_list::<Contacts>(report).await?,
                Dataset::Deals => self.replay_list::<Deals>(report).await?,
                Dataset::Events => self.replay_list::<Events>(report).await?,
                Dataset::Notes => self.replay_notes(report).await?,
            }
            report.finished_ms = Some(self.syncer.clock.now_ms());
            self.save(report).await?;
        }
        let tx = begin(&self.syncer.store, self.lease).await?;
        deal_links::relink(&tx, self.tenant.id, self.syncer.clock.now_ms()).await?;
        hot_list::mark_stale(&tx, self.tenant.id).await?;
        Store::commit(tx).await?;
        Ok(tenants::publish(self.syncer.store.conn(), self.tenant.id).await?)
    }

    async fn replay_list<N: Normalize<Parent = ()>>(&self, report: &mut DatasetReport) -> Result<(), SyncError> {
        let (conn, tenant) = (self.syncer.store.conn(), self.tenant.id);
        let saved = match self.saved_read(N::DATASET).await? {
            Ok(saved) => saved,
            Err(reason) => return self.reject(report, &reason),
        };
        let SavedRead { run, report: read, pages } = saved;
        let mut saved = self.no_rows::<N>();
        let mut seen = HashSet::new();
        for page in &pages {
            seen.extend(self.push_page::<N>(page, &(), &mut saved, report).await?);
        }
        // Records that the last read did not show, or showed only in part, come from rows of earlier reads.
        if self.run.replay_of.is_none() {
            for (row_no, id) in records::live_rows(conn, tenant, N::DATASET).await? {
                if seen.insert(row_no) {
                    report.read += 1;
                    saved.rows.push(row_no, (), Some(self.fingerprints.of(&id)));
                }
            }
        }
        report.status = DatasetStatus::Succeeded;
        let now_ms = read.finished_ms.unwrap_or(EpochMs::MAX);
        let (read_before_ms, whole_before_ms) = runs::previous_reads(conn, tenant, N::DATASET, &run).await?;
        let mut context = Context::load(conn, self.tenant, read_before_ms, whole_before_ms, now_ms).await?;
        self.apply::<N>(&mut context, saved.rows, report).await
    }

    /// Replays the latest responses of every contact, or those of one run.
    async fn replay_notes(&self, report: &mut DatasetReport) -> Result<(), SyncError> {
        let (conn, tenant) = (self.syncer.store.conn(), self.tenant.id);
        let sources = match &self.run.replay_of {
            Some(run) => match self.saved_read(Dataset::Notes).await? {
                Ok(_) => vec![run.clone()],
                Err(reason) => return self.reject(report, &reason),
            },
            None => runs::applied_runs(conn, tenant, Dataset::Notes).await?,
        };
        report.status = DatasetStatus::Succeeded;
        let (mut done, mut seen) = (HashSet::new(), HashSet::new());
        for run in sources {
            let reports = runs::reports(conn, tenant, &run).await?;
            let Some(read) = reports.into_iter().find(|read| read.dataset == Dataset::Notes) else { continue };
            if !read.status.was_applied() {
                continue;
            }
            let rows = self.saved_notes(&run, &mut done, &mut seen, report).await?;
            self.apply_notes(rows, read.finished_ms.unwrap_or(EpochMs::MAX), report).await?;
        }
        // Notes of a contact whose last read was not complete may come from rows of earlier reads.
        if self.run.replay_of.is_none() {
            let mut saved = self.no_rows::<Notes>();
            for (row_no, client_id) in notes::live_rows(conn, tenant).await? {
                if seen.insert((row_no, client_id.clone())) {
                    report.read += 1;
                    self.push_row::<Notes>(row_no, &client_id, &mut saved).await?;
                }
            }
            self.apply_notes(saved.rows, EpochMs::MAX, report).await?;
        }
        Ok(())
    }

    /// The notes that a run read, without those of contacts in `done`; adds the contacts to `done` and the rows to `seen`.
    async fn saved_notes(
        &self,
        run: &RunId,
        done: &mut HashSet<ContactId>,
        seen: &mut HashSet<(RowNo, ContactId)>,
        report: &mut DatasetReport,
    ) -> Result<ReadRows<ContactId>, SyncError> {
        let mut saved = self.no_rows::<Notes>();
        let mut contacts = HashSet::new();
        for page in snapshots::pages(self.syncer.store.conn(), self.tenant.id, run, Dataset::Notes).await? {
            let Some(client_id) = contact_in(&page.request).filter(|client_id| !done.contains(client_id)) else { continue };
            let row_nos = self.push_page::<Notes>(&page, &client_id, &mut saved, report).await?;
            seen.extend(row_nos.into_iter().map(|row_no| (row_no, client_id.clone())));
            contacts.insert(client_id);
        }
        done.extend(contacts);
        Ok(saved.rows)
    }

    async fn apply_notes(&self, rows: ReadRows<ContactId>, now_ms: EpochMs, report: &mut DatasetReport) -> Result<(), SyncError> {
        let mut context = Context::load(self.syncer.store.conn(), self.tenant, None, None, now_ms).await?;
        self.apply::<Notes>(&mut context, rows, report).await
    }

    async fn apply<N: Normalize>(
        &self,
        context: &mut Context,
        rows: ReadRows<N::Parent>,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let apply = Apply {
            store: &self.syncer.store,
            lease: self.lease,
            run: &self.run.id,
            fingerprints: &self.fingerprints,
            mapping: &self.mapping,
            mapping_version: self.tenant.mapping_version,
            extent: ReadExtent { started_ms: context.now_ms, scope: Scope::All, contacts: Vec::new() },
            accept_removals: false,
            replay: true,
        };
        apply.apply::<N>(context, CapturedList { rows, complete: false, has_bad_page: false, oddities: None }, report).await
    }

    fn no_rows<N: Normalize>(&self) -> SavedRows<N::Parent> {
        SavedRows { rows: ReadRows::default(), reader: RowReader::new(self.tenant.id) }
    }

    /// Adds the rows of a saved page; returns their numbers.
    async fn push_page<N: Normalize>(
        &self,
        page: &SnapshotPage,
        parent: &N::Parent,
        saved: &mut SavedRows<N::Parent>,
        report: &mut DatasetReport,
    ) -> Result<Vec<RowNo>, SyncError> {
        report.pages += 1;
        let row_nos = snapshots::row_nos(self.syncer.store.conn(), self.tenant.id, page).await?;
        for row_no in &row_nos {
            report.read += 1;
            self.push_row::<N>(*row_no, parent, saved).await?;
        }
        Ok(row_nos)
    }

    async fn push_row<N: Normalize>(
        &self,
        row_no: RowNo,
        parent: &N::Parent,
        saved: &mut SavedRows<N::Parent>,
    ) -> Result<(), SyncError> {
        let raw = N::decode(saved.reader.row(self.syncer.store.conn(), row_no).await?, &self.mapping).ok();
        let id = raw.map(|raw| self.fingerprints.of(&N::record_id(parent, N::id(&raw))));
        saved.rows.push(row_no, parent.clone(), id);
        Ok(())
    }

    /// The responses to replay, or the reason why there are none.
    async fn saved_read(&self, dataset: Dataset) -> Result<Result<SavedRead, String>, SyncError> {
        let (conn, tenant) = (self.syncer.store.conn(), self.tenant.id);
        let run = match &self.run.replay_of {
            Some(run) => runs::get(conn, tenant, run).await?.map(|run| run.id),
            None => runs::last_applied_run(conn, tenant, dataset).await?,
        };
        let Some(run) = run else { return Ok(Err("it has never been read".to_owned())) };
        let report = runs::reports(conn, tenant, &run).await?.into_iter().find(|report| report.dataset == dataset);
        let Some(report) = report.filter(|report| report.status.was_applied()) else {
            return Ok(Err("that run saved nothing of it".to_owned()));
        };
        let pages = snapshots::pages(conn, tenant, &run, dataset).await?;
        if pages.is_empty() && report.pages > 0 && self.run.replay_of.is_some() {
            return Ok(Err("its responses have been deleted, as the retention setting says; choose a newer run".to_owned()));
        }
        Ok(Ok(SavedRead { run, report, pages }))
    }

    /// Without anything to replay, fails if the run was named, and succeeds otherwise.
    fn reject(&self, report: &mut DatasetReport, reason: &str) -> Result<(), SyncError> {
        report.status = DatasetStatus::Succeeded;
        if self.run.replay_of.is_some() {
            report.status = DatasetStatus::Failed;
            report.error = Some(RunError::new(FaultClass::Body, format!("nothing to replay: {reason}")));
        }
        Ok(())
    }

    async fn save(&self, report: &DatasetReport) -> Result<(), SyncError> {
        self.syncer.save_report(self.tenant, &self.run.id, report).await
    }
}

/// The contact whose notes a request asked for.
fn contact_in(request: &str) -> Option<ContactId> {
    let path = request.split('?').next()?;
    let (_, segment) = path.rsplit_once('/')?;
    let pairs = format!("c={}", segment.replace('+', "%2B"));
    url::form_urlencoded::parse(pairs.as_bytes()).next().map(|(_, client_id)| ContactId(client_id.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notes_request_contains_its_contact() {
        assert_eq!(contact_in("read_client_history_notes/1000007?limit=100&offset=0"), Some("1000007".into()));
        assert_eq!(contact_in("read_client_history_notes/a%20b%2Bc%2F?limit=100"), Some("a b+c/".into()));
        assert_eq!(contact_in("read_client_list?limit=100"), None);
    }
}
