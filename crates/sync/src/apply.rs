//! Applying one dataset: everything that a read means for the tables, in one transaction.

use std::collections::HashMap;

use tetherboard_domain::{Dataset, DatasetStatus, RunId};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::records::{self, Absence, Book};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_store::snapshots::{RowNo, RowReader};
use tetherboard_store::{Conn, Store, Tx, links};

use crate::capture::{Captured, begin, count};
use crate::normalise::{Context, Normalise};
use crate::removal::{Absences, Removal, decide};
use crate::run::SyncError;
use crate::winners::{Fingerprints, SortedRows, latest};

/// What one dataset is applied with.
pub(crate) struct Apply<'a> {
    pub(crate) store: &'a Store,
    pub(crate) lease: &'a SyncLease,
    pub(crate) run: &'a RunId,
    pub(crate) fingerprints: &'a Fingerprints,
    pub(crate) context: &'a Context,
    pub(crate) mapping_version: i64,
    /// When the read began: what its numbers are as of.
    pub(crate) started_ms: i64,
    pub(crate) accept_removals: bool,
}

const CHUNK: usize = 500;

impl Apply<'_> {
    /// Upserts, moves, tombstones and the dataset's watermark, all or none. Figures go into `report`.
    pub(crate) async fn apply<N: Normalise>(&self, captured: Captured, report: &mut DatasetReport) -> Result<(), SyncError> {
        let tx = begin(self.store, self.lease).await?;
        let mut reader = RowReader::new(self.context.tenant);
        let mut sorted = captured.rows.sort_out();
        self.settle_rivals::<N>(&tx, &mut reader, &mut sorted).await?;
        self.set_aside::<N>(&tx, &mut reader, &sorted.without_id, report).await?;
        for chunk in sorted.standing().chunks(CHUNK) {
            self.write_changed::<N>(&tx, &mut reader, chunk, report).await?;
        }
        self.remove::<N>(&tx, &sorted, captured.whole, report).await?;
        let moved = report.added + report.changed + report.gone > 0;
        if moved && matches!(N::DATASET, Dataset::Contacts | Dataset::Deals) {
            links::relink(&tx, self.context.tenant).await?;
        }
        // What is held is shown although the CRM does not: the data is as of the read before.
        let whole = captured.whole && report.status != DatasetStatus::Held;
        runs::set_dataset_age(&tx, self.context.tenant, N::DATASET, self.started_ms, whole).await?;
        report.finished_ms = Some(self.context.now_ms);
        runs::report(&tx, self.context.tenant, self.run, report, self.context.now_ms).await?;
        Ok(Store::commit(tx).await?)
    }

    /// A record that came in several versions stands by the one modified last.
    async fn settle_rivals<N: Normalise>(
        &self,
        tx: &Tx,
        reader: &mut RowReader,
        sorted: &mut SortedRows,
    ) -> Result<(), SyncError> {
        let rivals: Vec<_> = sorted.rivals.drain().collect();
        for (id, rows) in rivals {
            let mut versions = Vec::with_capacity(rows.len());
            for row_no in rows {
                if let Ok(raw) = N::decode(reader.row(tx, row_no).await?) {
                    versions.push((row_no, N::modified(&raw).and_then(|local| self.context.source_time.moment_ms(local))));
                }
            }
            if let Some(winner) = latest(versions.into_iter()) {
                sorted.settle(id, winner);
            }
        }
        Ok(())
    }

    async fn set_aside<N: Normalise>(
        &self,
        tx: &Tx,
        reader: &mut RowReader,
        rows: &[RowNo],
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let mut found = Vec::with_capacity(rows.len());
        for row_no in rows {
            let reason =
                N::decode(reader.row(tx, *row_no).await?).err().map_or("it has no readable id".to_owned(), |why| why.to_string());
            found.push((*row_no, reason));
        }
        report.set_aside += count(found.len());
        Ok(runs::set_aside(tx, self.context.tenant, self.run, N::DATASET, &found).await?)
    }

    /// A row that a live record was decoded from by this mapping is neither decoded nor written again.
    async fn write_changed<N: Normalise>(
        &self,
        tx: &Tx,
        reader: &mut RowReader,
        rows: &[RowNo],
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let current = records::current(tx, self.context.tenant, N::DATASET, self.mapping_version, rows).await?;
        report.unchanged += count(current.len());
        let mut changed = Vec::new();
        for row_no in rows.iter().filter(|row_no| !current.contains_key(row_no)) {
            match N::decode(reader.row(tx, *row_no).await?) {
                Ok(raw) => changed.push((self.book::<N>(*row_no, &raw), raw)),
                Err(why) => {
                    report.set_aside += 1;
                    runs::set_aside(tx, self.context.tenant, self.run, N::DATASET, &[(*row_no, why.to_string())]).await?;
                }
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = changed.iter().map(|(book, _)| book.crm_id.clone()).collect();
        let known = records::known(tx, self.context.tenant, N::DATASET, &ids).await?;
        let was_live = |id: &String| known.get(id).is_some_and(|known| known.gone_ms.is_none());
        let old = ids.iter().filter(|id| was_live(id)).count();
        report.changed += count(old);
        report.added += count(ids.len() - old);
        Ok(N::write(tx, self.context, changed).await?)
    }

    fn book<N: Normalise>(&self, row_no: RowNo, raw: &N::Raw) -> Book {
        Book {
            crm_id: N::id(raw).to_owned(),
            row_no,
            mapping_version: self.mapping_version,
            modified_ms: N::modified(raw).and_then(|local| self.context.source_time.moment_ms(local)),
            now_ms: self.context.now_ms,
        }
    }

    async fn remove<N: Normalise>(
        &self,
        tx: &Tx,
        sorted: &SortedRows,
        whole: bool,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let tenant = self.context.tenant;
        let seen = |id: &str| sorted.by_id.contains_key(&self.fingerprints.of(id));
        let back: Vec<String> = records::missing_ids(tx, tenant, N::DATASET).await?.into_iter().filter(|id| seen(id)).collect();
        records::set_absence(tx, tenant, N::DATASET, &back, Absence::Back).await?;
        // As many as were seen are live: nothing is missing, and the ids need not be compared.
        let live = records::live_count(tx, tenant, N::DATASET).await?;
        let absent = if live == count(sorted.by_id.len()) { HashMap::new() } else { absent::<N, _>(tx, tenant, seen).await? };
        let absences = Absences {
            live: usize::try_from(live).unwrap_or(usize::MAX) - report_added(report),
            absent: absent.len(),
            // A row without an id could be any of the absent ones.
            whole: whole && sorted.without_id.is_empty(),
            accepted: self.accept_removals,
        };
        let now_ms = self.context.now_ms;
        let (again, first): (Vec<_>, Vec<_>) = absent.into_iter().partition(|(_, missing_ms)| missing_ms.is_some());
        let ids = |found: Vec<(String, Option<i64>)>| found.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        match decide(absences) {
            Removal::Nothing => {}
            Removal::Held => {
                report.held = count(absences.absent);
                report.status = DatasetStatus::Held;
            }
            Removal::AfterTwoReads => {
                report.gone = count(again.len());
                records::set_absence(tx, tenant, N::DATASET, &ids(first), Absence::Missing(now_ms)).await?;
                records::set_absence(tx, tenant, N::DATASET, &ids(again), Absence::Gone(now_ms)).await?;
            }
            Removal::Now => {
                report.gone = count(absences.absent);
                let all = [ids(again), ids(first)].concat();
                records::set_absence(tx, tenant, N::DATASET, &all, Absence::Gone(now_ms)).await?;
            }
        }
        Ok(())
    }
}

/// Records that this very read added were not live before it.
fn report_added(report: &DatasetReport) -> usize {
    usize::try_from(report.added).unwrap_or(0)
}

/// The live records that a read did not show, with when each was first missed.
async fn absent<N: Normalise, C: Conn>(
    conn: &C,
    tenant: tetherboard_domain::TenantId,
    seen: impl Fn(&str) -> bool,
) -> Result<HashMap<String, Option<i64>>, SyncError> {
    let mut absent = HashMap::new();
    let mut after = String::new();
    loop {
        let page = records::live_ids(conn, tenant, N::DATASET, &after, 2_000).await?;
        let Some((last, _)) = page.last() else { return Ok(absent) };
        after.clone_from(last);
        absent.extend(page.into_iter().filter(|(id, _)| !seen(id)));
    }
}
