//! Applying one dataset: everything that a read means for the tables, in one transaction.

use std::collections::{BTreeSet, HashMap};

use tetherboard_crm_records::{FieldSpec, Mapping};
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, RunId, TenantId};
use tetherboard_store::field_rules::{self, FieldCoverage};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::records::{self, Absence, RecordMeta, RowSetHash, Scope, StoredRecord};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_store::snapshots::{RowNo, RowReader};
use tetherboard_store::{Store, StoreError, Tx, deal_links, hot_list};

use crate::capture::{Captured, begin, count};
use crate::hot_list::HOT_LIST_RESTS_ON;
use crate::normalise::{Context, Normalise, Record};
use crate::removal::{Absences, Removal, decide};
use crate::run::SyncError;
use crate::winners::{Fingerprints, SortedRows, latest};

/// What one dataset is applied with.
pub(crate) struct Apply<'a> {
    pub(crate) store: &'a Store,
    pub(crate) lease: &'a SyncLease,
    pub(crate) run: &'a RunId,
    pub(crate) fingerprints: &'a Fingerprints,
    pub(crate) mapping: &'a Mapping,
    pub(crate) mapping_version: i64,
    /// When the read began: what its numbers are as of.
    pub(crate) started_ms: EpochMs,
    pub(crate) scope: Scope,
    pub(crate) accept_removals: bool,
    /// Whether the rows were read before: then none of them overrules what was read since.
    pub(crate) replay: bool,
}

const CHUNK: usize = 500;

/// From so many rows on that had a field, none that has it is taken for a fault of the CRM.
const MANY: i64 = 5;

impl Apply<'_> {
    /// Upserts, moves, tombstones and the dataset's watermark, all or none. Figures go into `report`.
    pub(crate) async fn apply<N: Normalise>(
        &self,
        context: &mut Context,
        captured: Captured,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let conn = self.store.conn();
        let mut reader = RowReader::new(context.tenant);
        let mut sorted = captured.rows.sort_out();
        self.settle_rivals::<N>(context, &mut reader, &mut sorted).await?;
        let standing = sorted.standing();
        let ground = RowSetHash::of(&standing, N::decoded_by(self.mapping_version));
        if self.shows_nothing_new::<N>(context, captured.whole, &sorted, ground).await? {
            let tx = begin(self.store, self.lease).await?;
            report.unchanged = count(standing.len());
            self.finish::<N>(&tx, context, true, report).await?;
            return Ok(Store::commit(tx).await?);
        }
        let coverage = field_rules::coverage(conn, context.tenant, N::DATASET).await?;
        context.vanished = vanished_before::<N>(&coverage);
        context.vanished_before = context.vanished.clone();
        loop {
            let tx = begin(self.store, self.lease).await?;
            let mut tried = report.clone();
            let mut seen = Filled::new(N::fields().len());
            self.set_aside::<N>(&tx, &mut reader, &sorted.without_id, &mut tried).await?;
            for (at, chunk) in standing.chunks(CHUNK).enumerate() {
                if at == 1 {
                    records::analyze_if_new(&tx, N::DATASET).await?;
                }
                self.write_changed::<N>(&tx, context, &mut reader, chunk, &mut tried, &mut seen).await?;
            }
            let vanished = self.vanished_now::<N>(&coverage, &seen);
            // What has just been found out changes what must be written: once more from the start.
            if vanished != context.vanished {
                tx.rollback().await.map_err(StoreError::from)?;
                context.vanished = vanished;
                continue;
            }
            let mut all_stand = false;
            if !self.replay {
                all_stand = self.remove::<N>(&tx, context, &sorted, captured.whole, &mut tried).await? && tried.set_aside == 0;
                self.remember_coverage::<N>(&tx, context, &coverage, &seen, captured.whole).await?;
            }
            self.finish::<N>(&tx, context, captured.whole, &mut tried).await?;
            records::set_row_set_hash(&tx, context.tenant, N::DATASET, all_stand.then_some(ground)).await?;
            Store::commit(tx).await?;
            *report = tried;
            return Ok(());
        }
    }

    /// Whether every live record stands on just these rows, by the same decoder: then there is nothing to look up or to write.
    async fn shows_nothing_new<N: Normalise>(
        &self,
        context: &Context,
        whole: bool,
        sorted: &SortedRows,
        ground: RowSetHash,
    ) -> Result<bool, SyncError> {
        if self.replay || !whole || !sorted.without_id.is_empty() || !matches!(self.scope, Scope::All) {
            return Ok(false);
        }
        Ok(records::row_set_hash(self.store.conn(), context.tenant, N::DATASET).await? == Some(ground))
    }

    async fn finish<N: Normalise>(
        &self,
        tx: &Tx,
        context: &Context,
        whole: bool,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let moved = report.added + report.changed + report.gone > 0;
        if moved && matches!(N::DATASET, Dataset::Contacts | Dataset::Deals) {
            deal_links::relink(tx, context.tenant).await?;
        }
        if !self.replay {
            // What is held is shown although the CRM does not: the data is as of the read before.
            let whole = whole && report.status != DatasetStatus::Held;
            runs::set_dataset_age(tx, context.tenant, N::DATASET, self.started_ms, whole).await?;
        }
        if moved && HOT_LIST_RESTS_ON.contains(&N::DATASET) {
            hot_list::mark_stale(tx, context.tenant).await?;
        }
        report.finished_ms = Some(context.now_ms);
        Ok(runs::report(tx, context.tenant, self.run, report, context.now_ms).await?)
    }

    /// A record that came in several versions stands by the one modified last.
    async fn settle_rivals<N: Normalise>(
        &self,
        context: &Context,
        reader: &mut RowReader,
        sorted: &mut SortedRows,
    ) -> Result<(), SyncError> {
        let rivals: Vec<_> = sorted.rivals.drain().collect();
        for (id, rows) in rivals {
            let mut versions = Vec::with_capacity(rows.len());
            for row_no in rows {
                if let Ok(raw) = N::decode(reader.row(self.store.conn(), row_no).await?, self.mapping) {
                    versions.push((row_no, N::modified_ms(&raw, &context.source_time)));
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
            let why = N::decode(reader.row(tx, *row_no).await?, self.mapping).err();
            found.push((*row_no, why.map_or("it has no readable ID".to_owned(), |why| why.to_string())));
        }
        report.set_aside += count(found.len());
        Ok(runs::set_aside(tx, self.lease.tenant(), self.run, N::DATASET, &found).await?)
    }

    /// A row that a live record was decoded from by this mapping is neither decoded nor written again.
    async fn write_changed<N: Normalise>(
        &self,
        tx: &Tx,
        context: &Context,
        reader: &mut RowReader,
        rows: &[RowNo],
        report: &mut DatasetReport,
        seen: &mut Filled,
    ) -> Result<(), SyncError> {
        let decoded_by = N::decoded_by(self.mapping_version);
        let current = records::already_decoded(tx, context.tenant, N::DATASET, decoded_by, rows).await?;
        report.unchanged += count(current.len());
        current.values().for_each(|current| seen.add(current.filled));
        let mut decoded = Vec::new();
        for row_no in rows.iter().filter(|row_no| !current.contains_key(row_no)) {
            match N::decode(reader.row(tx, *row_no).await?, self.mapping) {
                Ok(raw) => decoded.push((*row_no, raw)),
                Err(why) => {
                    report.set_aside += 1;
                    runs::set_aside(tx, context.tenant, self.run, N::DATASET, &[(*row_no, why.to_string())]).await?;
                }
            }
        }
        if decoded.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = decoded.iter().map(|(_, raw)| N::id(raw).to_owned()).collect();
        let known = records::stored(tx, context.tenant, N::DATASET, &ids).await?;
        let mut written = Vec::with_capacity(decoded.len());
        for (row_no, raw) in decoded {
            let known = known.get(N::id(&raw));
            if self.replay && known.is_some_and(|known| is_newer(known, row_no, context.now_ms)) {
                report.unchanged += 1;
                continue;
            }
            let filled = i64::try_from(N::filled(&raw)).unwrap_or(i64::MAX);
            seen.add(filled);
            let is_live = known.is_some_and(|known| known.gone_ms.is_none());
            *(if is_live { &mut report.changed } else { &mut report.added }) += 1;
            let book = RecordMeta {
                crm_id: N::id(&raw).to_owned(),
                row_no,
                mapping_version: decoded_by,
                // One that was gone and is back has changed, though its row is the old one.
                changed_ms: known
                    .filter(|known| known.row_no == row_no && is_live)
                    .map_or(context.now_ms, |known| known.changed_ms),
                modified_ms: N::modified_ms(&raw, &context.source_time),
                filled,
            };
            let reread = match known.filter(|known| known.mapping_version != decoded_by) {
                Some(known) if known.row_no == row_no => Some(raw.clone()),
                Some(known) => N::decode(reader.row(tx, known.row_no).await?, self.mapping).ok(),
                None => None,
            };
            written.push(Record { book, raw, reread });
        }
        Ok(N::write(tx, context, written).await?)
    }

    /// Whether the live records are just those that the read showed.
    async fn remove<N: Normalise>(
        &self,
        tx: &Tx,
        context: &Context,
        sorted: &SortedRows,
        whole: bool,
        report: &mut DatasetReport,
    ) -> Result<bool, SyncError> {
        let tenant = context.tenant;
        let seen = |id: &str| sorted.by_id.contains_key(&self.fingerprints.of(id));
        let back: Vec<String> = records::missing_ids(tx, tenant, N::DATASET).await?.into_iter().filter(|id| seen(id)).collect();
        records::set_absence(tx, tenant, N::DATASET, &back, Absence::Back).await?;
        // As many as were seen are live: nothing is missing, and the ids need not be compared.
        let live = records::live_count(tx, tenant, N::DATASET, &self.scope).await?;
        let absent = match self.scope {
            Scope::All if live == count(sorted.by_id.len()) => Vec::new(),
            _ => {
                let live = records::live_ids(tx, tenant, N::DATASET, &self.scope).await?;
                live.into_iter().filter(|(id, _)| !seen(id)).collect()
            }
        };
        let before = usize::try_from(live - report.added).unwrap_or(0);
        let absences = Absences {
            live: before,
            all: before,
            absent: absent.len(),
            // A row without an id could be any of the absent ones.
            whole: whole && sorted.without_id.is_empty(),
            accepted: self.accept_removals,
        };
        let all_shown = absent.is_empty() && live == count(sorted.by_id.len());
        take_away(tx, tenant, N::DATASET, absences, absent, context.now_ms, report).await?;
        Ok(all_shown)
    }

    /// Fields that at least half of the rows had, and of as many rows now none; one that the agency looks for nowhere may go.
    fn vanished_now<N: Normalise>(&self, coverage: &HashMap<String, FieldCoverage>, seen: &Filled) -> BTreeSet<&'static str> {
        let has_vanished = |(at, field): &(usize, &FieldSpec)| {
            let had = coverage.get(field.name).is_some_and(|known| known.filled >= MANY && known.filled * 2 >= known.rows);
            let is_looked_for = self.mapping.rule(N::DATASET, field.name).is_some_and(|rule| !rule.places.is_empty());
            had && is_looked_for && seen.rows >= MANY && seen.of[*at] == 0
        };
        N::fields().iter().enumerate().filter(has_vanished).map(|(_, field)| field.name).collect()
    }

    async fn remember_coverage<N: Normalise>(
        &self,
        tx: &Tx,
        context: &Context,
        before: &HashMap<String, FieldCoverage>,
        seen: &Filled,
        whole: bool,
    ) -> Result<(), SyncError> {
        let rule = |(at, field): (usize, &FieldSpec)| {
            let known = before.get(field.name);
            let coverage = if context.vanished.contains(field.name) {
                // As it was when it was last there, so that its return is noticed.
                let known = known.cloned().unwrap_or(FieldCoverage { rows: 0, filled: 0, vanished_ms: None });
                FieldCoverage { vanished_ms: known.vanished_ms.or(Some(context.now_ms)), ..known }
            } else if whole {
                FieldCoverage { rows: seen.rows, filled: seen.of[at], vanished_ms: None }
            } else {
                FieldCoverage { vanished_ms: None, ..known.cloned()? }
            };
            (Some(&coverage) != known).then_some((field.name, coverage))
        };
        let changed: Vec<_> = N::fields().iter().enumerate().filter_map(rule).collect();
        for (field, coverage) in &changed {
            let known = before.get(*field).and_then(|known| known.vanished_ms);
            if known.is_none() && coverage.vanished_ms.is_some() {
                tracing::warn!(dataset = %N::DATASET, field, "no row has a field any more that many had; the old values stay");
            }
        }
        Ok(field_rules::set_coverage(tx, context.tenant, N::DATASET, &changed).await?)
    }
}

/// Marks, removes or holds what a read did not show.
pub(crate) async fn take_away(
    tx: &Tx,
    tenant: TenantId,
    dataset: Dataset,
    absences: Absences,
    absent: Vec<(String, Option<EpochMs>)>,
    now_ms: EpochMs,
    report: &mut DatasetReport,
) -> Result<(), SyncError> {
    let (again, first): (Vec<_>, Vec<_>) = absent.into_iter().partition(|(_, missing_ms)| missing_ms.is_some());
    let ids = |found: Vec<(String, Option<EpochMs>)>| found.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    match decide(absences) {
        Removal::Nothing => {}
        Removal::Held => {
            report.held = count(absences.absent);
            report.status = DatasetStatus::Held;
        }
        Removal::AfterTwoReads => {
            report.gone = count(again.len());
            records::set_absence(tx, tenant, dataset, &ids(first), Absence::Missing(now_ms)).await?;
            records::set_absence(tx, tenant, dataset, &ids(again), Absence::Gone(now_ms)).await?;
        }
        Removal::Now => {
            report.gone = count(absences.absent);
            let all = [ids(again), ids(first)].concat();
            records::set_absence(tx, tenant, dataset, &all, Absence::Gone(now_ms)).await?;
        }
    }
    Ok(())
}

/// Whether the tables hold something that was seen after the rows that are replayed.
fn is_newer(known: &StoredRecord, row_no: RowNo, replayed_ms: EpochMs) -> bool {
    known.gone_ms.is_some() || (known.row_no != row_no && known.changed_ms > replayed_ms)
}

/// How many rows of a read gave each field.
struct Filled {
    rows: i64,
    of: Vec<i64>,
}

impl Filled {
    fn new(fields: usize) -> Self {
        Self { rows: 0, of: vec![0; fields] }
    }

    fn add(&mut self, filled: i64) {
        self.rows += 1;
        for (at, count) in self.of.iter_mut().enumerate() {
            *count += (filled >> at) & 1;
        }
    }
}

fn vanished_before<N: Normalise>(coverage: &HashMap<String, FieldCoverage>) -> BTreeSet<&'static str> {
    let is_vanished = |field: &&FieldSpec| coverage.get(field.name).is_some_and(|known| known.vanished_ms.is_some());
    N::fields().iter().filter(is_vanished).map(|field| field.name).collect()
}
