//! Normalising again what was kept, without the CRM: after a mapping changed, or a decoder was mended.
//!
//! A run's answers give the same rows as they gave then, since they are read in the light of the same moments. Nothing is
//! taken for gone, nothing is a move, and nothing that was seen since is overruled.

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
use crate::capture::{Captured, begin, count, new_trace};
use crate::crm::load_mapping;
use crate::normalise::{Contacts, Context, Deals, Events, Normalise, Sources, Stages, Users};
use crate::notes::{ContactNotes, Writer, decoded_by};
use crate::run::{SyncError, Syncer};
use crate::winners::{Fingerprints, ReadRows};

/// One replay of one tenant.
pub(crate) struct Replay<'a> {
    syncer: &'a Syncer,
    tenant: &'a Tenant,
    lease: &'a SyncLease,
    run: &'a Run,
    mapping: Arc<Mapping>,
}

/// The answers of one dataset that are replayed, and when they were read.
struct Kept {
    run: RunId,
    read: DatasetReport,
    pages: Vec<SnapshotPage>,
}

impl<'a> Replay<'a> {
    pub(crate) async fn new(
        syncer: &'a Syncer,
        tenant: &'a Tenant,
        lease: &'a SyncLease,
        run: &'a Run,
    ) -> Result<Self, SyncError> {
        let mapping = Arc::new(load_mapping(&syncer.store, tenant).await?);
        Ok(Self { syncer, tenant, lease, run, mapping })
    }

    pub(crate) async fn run(&self, reports: &mut [DatasetReport]) -> Result<(), SyncError> {
        for report in reports.iter_mut() {
            report.status = DatasetStatus::Reading;
            report.started_ms = Some(self.syncer.clock.now_ms());
            self.tell(report).await?;
            match report.dataset {
                Dataset::Stages => self.dataset::<Stages>(report).await?,
                Dataset::Sources => self.dataset::<Sources>(report).await?,
                Dataset::Users => self.dataset::<Users>(report).await?,
                Dataset::Contacts => self.dataset::<Contacts>(report).await?,
                Dataset::Deals => self.dataset::<Deals>(report).await?,
                Dataset::Events => self.dataset::<Events>(report).await?,
                Dataset::Notes => self.notes(report).await?,
            }
            report.finished_ms = Some(self.syncer.clock.now_ms());
            self.tell(report).await?;
        }
        let tx = begin(&self.syncer.store, self.lease).await?;
        deal_links::relink(&tx, self.tenant.id).await?;
        hot_list::mark_stale(&tx, self.tenant.id).await?;
        Store::commit(tx).await?;
        Ok(tenants::publish(self.syncer.store.conn(), self.tenant.id).await?)
    }

    async fn dataset<N: Normalise>(&self, report: &mut DatasetReport) -> Result<(), SyncError> {
        let (conn, tenant) = (self.syncer.store.conn(), self.tenant.id);
        let kept = match self.kept(N::DATASET).await? {
            Ok(kept) => kept,
            Err(why) => return self.refuse(report, &why),
        };
        let fingerprints = Fingerprints::default();
        let mut reader = RowReader::new(tenant);
        let mut rows = ReadRows::default();
        let mut seen = HashSet::new();
        for page in &kept.pages {
            report.pages += 1;
            for row_no in snapshots::row_nos(conn, tenant, page).await? {
                report.read += 1;
                seen.insert(row_no);
                let raw = N::decode(reader.row(conn, row_no).await?, &self.mapping);
                rows.push(row_no, raw.ok().map(|raw| fingerprints.of(N::id(&raw))));
            }
        }
        // Records that the last read did not show, or only a part-read did, stand on rows of their own.
        if self.run.replay_of.is_none() {
            for (row_no, id) in records::live_rows(conn, tenant, N::DATASET).await? {
                if seen.insert(row_no) {
                    report.read += 1;
                    rows.push(row_no, Some(fingerprints.of(&id)));
                }
            }
        }
        report.status = DatasetStatus::Succeeded;
        let now_ms = kept.read.finished_ms.unwrap_or(EpochMs::MAX);
        let (read_before_ms, whole_before_ms) = runs::previous_reads(conn, tenant, N::DATASET, &kept.run).await?;
        let mut context = Context::load(conn, self.tenant, read_before_ms, whole_before_ms, now_ms).await?;
        let apply = Apply {
            store: &self.syncer.store,
            lease: self.lease,
            run: &self.run.id,
            fingerprints: &fingerprints,
            mapping: &self.mapping,
            mapping_version: self.tenant.mapping_version,
            started_ms: now_ms,
            scope: Scope::All,
            accept_removals: false,
            replay: true,
        };
        apply.apply::<N>(&mut context, Captured { rows, whole: false }, report).await
    }

    /// The answers to go through; or why there are none.
    async fn kept(&self, dataset: Dataset) -> Result<Result<Kept, String>, SyncError> {
        let (conn, tenant) = (self.syncer.store.conn(), self.tenant.id);
        let source = match &self.run.replay_of {
            Some(run) => runs::get(conn, tenant, run).await?.map(|run| run.id),
            None => runs::last_applied_run(conn, tenant, dataset).await?,
        };
        let Some(run) = source else { return Ok(Err("it was never read".to_owned())) };
        let read = runs::reports(conn, tenant, &run).await?.into_iter().find(|report| report.dataset == dataset);
        let Some(read) = read.filter(|read| read.status.was_applied()) else {
            return Ok(Err("that run applied nothing of it".to_owned()));
        };
        let pages = snapshots::pages(conn, tenant, &run, dataset).await?;
        if pages.is_empty() && read.pages > 0 && self.run.replay_of.is_some() {
            return Ok(Err("its answers are not kept any more".to_owned()));
        }
        Ok(Ok(Kept { run, read, pages }))
    }

    /// The latest answers of every contact, or those of one run.
    async fn notes(&self, report: &mut DatasetReport) -> Result<(), SyncError> {
        let (store, tenant) = (&self.syncer.store, self.tenant.id);
        let sources = match &self.run.replay_of {
            Some(run) => match self.kept(Dataset::Notes).await? {
                Ok(_) => vec![run.clone()],
                Err(why) => return self.refuse(report, &why),
            },
            None => runs::applied_runs(store.conn(), tenant, Dataset::Notes).await?,
        };
        report.status = DatasetStatus::Succeeded;
        let (mut done, mut seen) = (HashSet::new(), HashSet::new());
        for run in sources {
            let read = runs::reports(store.conn(), tenant, &run).await?.into_iter().find(|read| read.dataset == Dataset::Notes);
            let Some(read) = read.filter(|read| read.status.was_applied()) else { continue };
            let contacts = self.notes_of(&run, &done, report).await?;
            done.extend(contacts.iter().map(|contact| contact.client_id.clone()));
            seen.extend(contacts.iter().flat_map(|of| of.rows.iter().map(|row_no| (*row_no, of.client_id.clone()))));
            self.write_notes(&contacts, read.finished_ms.unwrap_or(EpochMs::MAX), report).await?;
        }
        // Of a contact whose notes could not be read to their end, the rest stands on rows of earlier reads.
        if self.run.replay_of.is_none() {
            let mut others: Vec<ContactNotes> = Vec::new();
            for (row_no, client_id) in notes::live_rows(store.conn(), tenant).await? {
                if seen.insert((row_no, client_id.clone())) {
                    report.read += 1;
                    add_rows(&mut others, client_id, [row_no]);
                }
            }
            self.write_notes(&others, EpochMs::MAX, report).await?;
        }
        Ok(())
    }

    async fn write_notes(&self, contacts: &[ContactNotes], now_ms: EpochMs, report: &mut DatasetReport) -> Result<(), SyncError> {
        let store = &self.syncer.store;
        let context = Context::load(store.conn(), self.tenant, None, None, now_ms).await?;
        let tx = begin(store, self.lease).await?;
        let mut writer = Writer {
            tx: &tx,
            run: &self.run.id,
            mapping: &self.mapping,
            context: &context,
            reader: RowReader::new(self.tenant.id),
            decoded_by: decoded_by(self.tenant.mapping_version),
            accept_removals: false,
            replay: true,
        };
        writer.apply(contacts, report).await?;
        Ok(Store::commit(tx).await?)
    }

    /// A run's notes by contact, without those of contacts that are done.
    async fn notes_of(
        &self,
        run: &RunId,
        done: &HashSet<ContactId>,
        report: &mut DatasetReport,
    ) -> Result<Vec<ContactNotes>, SyncError> {
        let (conn, tenant) = (self.syncer.store.conn(), self.tenant.id);
        let mut contacts: Vec<ContactNotes> = Vec::new();
        for page in snapshots::pages(conn, tenant, run, Dataset::Notes).await? {
            let Some(client_id) = contact_in(&page.request).filter(|client_id| !done.contains(client_id)) else { continue };
            let rows = snapshots::row_nos(conn, tenant, &page).await?;
            report.pages += 1;
            report.read += count(rows.len());
            add_rows(&mut contacts, client_id, rows);
        }
        Ok(contacts)
    }

    fn refuse(&self, report: &mut DatasetReport, why: &str) -> Result<(), SyncError> {
        report.status = match self.run.replay_of {
            // Nothing to do is no failure, unless this very run was asked for.
            None => DatasetStatus::Succeeded,
            Some(_) => DatasetStatus::Failed,
        };
        if report.status == DatasetStatus::Failed {
            report.error = Some(RunError {
                class: FaultClass::Body,
                message: format!("nothing to replay: {why}"),
                request: None,
                trace: new_trace(),
                retry_after: None,
            });
        }
        Ok(())
    }

    async fn tell(&self, report: &DatasetReport) -> Result<(), SyncError> {
        let Syncer { store, clock, .. } = self.syncer;
        Ok(runs::report(store.conn(), self.tenant.id, &self.run.id, report, clock.now_ms()).await?)
    }
}

/// Rows of one contact come one after the other.
fn add_rows(contacts: &mut Vec<ContactNotes>, client_id: ContactId, rows: impl IntoIterator<Item = RowNo>) {
    match contacts.last_mut().filter(|last| last.client_id == client_id) {
        Some(last) => last.rows.extend(rows),
        None => contacts.push(ContactNotes { client_id, rows: rows.into_iter().collect(), whole: false }),
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
    fn a_request_for_notes_names_its_contact() {
        assert_eq!(contact_in("read_client_history_notes/1000007?limit=100&offset=0"), Some("1000007".into()));
        assert_eq!(contact_in("read_client_history_notes/a%20b%2Bc%2F?limit=100"), Some("a b+c/".into()));
        assert_eq!(contact_in("read_client_list?limit=100"), None);
    }
}
