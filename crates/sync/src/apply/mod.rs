//! Applies one dataset: writes everything that a read means for the tables in one transaction.

mod absences;
mod changed_rows;
mod field_coverage;
mod identify;
mod skipped;
mod texts;
mod upsert;

use std::collections::HashMap;

use tetherboard_crm_records::Mapping;
use tetherboard_domain::{DataQualityKind, Dataset, DatasetStatus, EpochMs, RunId};
use tetherboard_store::field_rules::{self, FieldCoverage};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::records::{self, RowSetHash, Scope};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_store::snapshots::{RowNo, RowReader};
use tetherboard_store::{Store, StoreError, Tx, deal_links, hot_list, notes};

use self::field_coverage::FieldCounts;
use self::skipped::SkippedRows;
use crate::capture::{CapturedList, begin, count};
use crate::data_quality::Oddities;
use crate::dataset_reader::ReadExtent;
use crate::dedup::{DedupedRows, Fingerprints, SourceRow, latest_version};
use crate::hot_list::HOT_LIST_DATASETS;
use crate::normalize::{Context, Normalize};
use crate::run::SyncError;

/// What one dataset is applied with.
pub(crate) struct Apply<'a> {
    pub(crate) store: &'a Store,
    pub(crate) lease: &'a SyncLease,
    pub(crate) run: &'a RunId,
    pub(crate) fingerprints: &'a Fingerprints,
    pub(crate) mapping: &'a Mapping,
    pub(crate) mapping_version: i64,
    pub(crate) extent: ReadExtent,
    pub(crate) accept_removals: bool,
    /// Whether the rows were read by an earlier run: then they never override what was read since.
    pub(crate) replay: bool,
}

/// A deduplicated read and what is needed to write it.
struct Input<P> {
    rows: DedupedRows<P>,
    /// One row per record.
    selected: Vec<SourceRow<P>>,
    /// Identifies `selected`.
    row_set: RowSetHash,
    complete: bool,
    /// Whether the read was complete except for a page of which more than half was skipped.
    has_bad_page: bool,
    skipped: SkippedRows<P>,
    oddities: Option<Oddities>,
    field_coverage: HashMap<String, FieldCoverage>,
}

impl Apply<'_> {
    /// Writes records, stage moves, removals, and the dataset's age: all or none. Counts go into `report`.
    ///
    /// # Errors
    /// If the lease is lost.
    pub(crate) async fn apply<N: Normalize>(
        &self,
        context: &mut Context,
        list: CapturedList<N::Parent>,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let mut reader = RowReader::new(context.tenant);
        let mut input = self.input::<N>(context, &mut reader, list).await?;
        if input.has_bad_page && self.shows_as_much_as_before::<N>(context, &input).await? {
            (input.complete, input.has_bad_page) = (true, false);
            (report.status, report.error) = (DatasetStatus::Succeeded, None);
        }
        if self.is_unchanged::<N>(context, &input).await? {
            let tx = begin(self.store, self.lease).await?;
            report.unchanged = count(input.selected.len());
            self.set_aside::<N>(&tx, &mut reader, &input.rows.without_id, report).await?;
            self.finish::<N>(&tx, context, &input, 0, report).await?;
            return Ok(Store::commit(tx).await?);
        }
        let changed = self.changed_rows::<N>(context, &mut reader, &input).await?;
        context.vanished = field_coverage::vanished_before::<N>(&input.field_coverage);
        context.vanished_before = context.vanished.clone();
        loop {
            let tx = begin(self.store, self.lease).await?;
            let mut attempt = report.clone();
            let counts = self.write_rows::<N>(&tx, context, &mut reader, &input, &changed, &mut attempt).await?;
            let vanished = self.vanished_now::<N>(&input.field_coverage, &counts);
            if vanished == context.vanished {
                self.complete::<N>(tx, context, &input, &counts, &mut attempt).await?;
                *report = attempt;
                return Ok(());
            }
            // Which columns keep their values is known only after the last row, so everything is written again.
            tx.rollback().await.map_err(StoreError::from)?;
            context.vanished = vanished;
        }
    }

    async fn input<N: Normalize>(
        &self,
        context: &Context,
        reader: &mut RowReader,
        list: CapturedList<N::Parent>,
    ) -> Result<Input<N::Parent>, SyncError> {
        let mut rows = list.rows.dedup();
        self.resolve_conflicts::<N>(context, reader, &mut rows).await?;
        let selected = rows.selected();
        let row_no = |row: &SourceRow<N::Parent>| row.row_no;
        let row_nos: Vec<RowNo> = selected.iter().map(row_no).collect();
        let skipped_nos: Vec<RowNo> = rows.without_id.iter().map(row_no).collect();
        let row_set = RowSetHash::of(&row_nos, &skipped_nos, N::decoder_version(self.mapping_version));
        let conn = self.store.conn();
        let field_coverage = field_rules::coverage(conn, context.tenant, N::DATASET).await?;
        let skipped = SkippedRows::load::<N, _>(conn, context, &rows.without_id, &self.extent.scope).await?;
        let CapturedList { complete, has_bad_page, oddities, .. } = list;
        Ok(Input { rows, selected, row_set, complete, has_bad_page, skipped, oddities, field_coverage })
    }

    /// Whether a page that is mostly skipped hides nothing: its odd rows were there before, and none of them may stand for a
    /// record that is missing.
    async fn shows_as_much_as_before<N: Normalize>(
        &self,
        context: &Context,
        input: &Input<N::Parent>,
    ) -> Result<bool, SyncError> {
        if self.replay || !input.skipped.are_known() {
            return Ok(false);
        }
        let live = records::live_ids(self.store.conn(), context.tenant, N::DATASET, &self.extent.scope).await?;
        let is_shown = |id: &str| input.rows.by_id.contains_key(&self.fingerprints.of(id));
        let is_hidden = |(id, missing_ms): &(String, Option<EpochMs>)| {
            !is_shown(id) && input.skipped.may_stand_for::<N>(id, *missing_ms, context.now_ms)
        };
        Ok(!live.iter().any(is_hidden))
    }

    /// Of a record that the read showed in several versions, uses the one modified last.
    async fn resolve_conflicts<N: Normalize>(
        &self,
        context: &Context,
        reader: &mut RowReader,
        rows: &mut DedupedRows<N::Parent>,
    ) -> Result<(), SyncError> {
        let conflicts: Vec<_> = rows.conflicts.drain().collect();
        for (id, conflict) in conflicts {
            let mut versions = Vec::with_capacity(conflict.len());
            for row in conflict {
                if let Ok(raw) = N::decode(reader.row(self.store.conn(), row.row_no).await?, self.mapping) {
                    versions.push((row, N::modified_ms(&raw, &context.source_time)));
                }
            }
            if let Some(latest) = latest_version(versions.into_iter()) {
                rows.resolve(id, latest);
            }
        }
        Ok(())
    }

    /// Whether every live record already comes from exactly these rows and this decoder: then nothing need be looked up.
    async fn is_unchanged<N: Normalize>(&self, context: &Context, input: &Input<N::Parent>) -> Result<bool, SyncError> {
        let covers_all = matches!(self.extent.scope, Scope::All);
        if self.replay || !input.complete || !covers_all {
            return Ok(false);
        }
        Ok(records::row_set_hash(self.store.conn(), context.tenant, N::DATASET).await? == Some(input.row_set))
    }

    /// Ends the transaction of a read whose rows have been written.
    async fn complete<N: Normalize>(
        &self,
        tx: Tx,
        context: &Context,
        input: &Input<N::Parent>,
        counts: &FieldCounts,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let (mut all_shown, mut kept) = (false, 0);
        if !self.replay {
            (all_shown, kept) = self.update_absences::<N>(&tx, context, input, report).await?;
            // Some contacts' notes say nothing about which fields the list as a whole has.
            if !matches!(self.extent.scope, Scope::Of { .. }) {
                self.save_field_coverage::<N>(&tx, context, input, counts).await?;
            }
        }
        if report.added + report.changed + report.gone > 0 {
            report.notices = identify::follow_list(&tx, context, N::DATASET, self.replay).await?;
        }
        self.finish::<N>(&tx, context, input, kept, report).await?;
        records::set_row_set_hash(&tx, context.tenant, N::DATASET, all_shown.then_some(input.row_set)).await?;
        Ok(Store::commit(tx).await?)
    }

    /// Stores what the read means for the dataset as a whole. `kept` records are absent, but skipped rows may stand for them.
    async fn finish<N: Normalize>(
        &self,
        tx: &Tx,
        context: &Context,
        input: &Input<N::Parent>,
        kept: i64,
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        let ReadExtent { started_ms, contacts, .. } = &self.extent;
        let has_changed = report.added + report.changed + report.gone > 0;
        if has_changed && matches!(N::DATASET, Dataset::Contacts | Dataset::Deals) {
            deal_links::relink(tx, context.tenant, context.now_ms).await?;
        }
        if has_changed && HOT_LIST_DATASETS.contains(&N::DATASET) || !contacts.is_empty() {
            hot_list::mark_stale(tx, context.tenant).await?;
        }
        if self.replay {
            return Ok(());
        }
        notes::set_read(tx, context.tenant, contacts, *started_ms).await?;
        // Held records are still shown although the CRM no longer has them, so the data is as old as the read before.
        let is_current = input.complete && report.status != DatasetStatus::Held;
        runs::set_dataset_age(tx, context.tenant, N::DATASET, *started_ms, is_current).await?;
        self.save_quality::<N>(tx, context, input, kept).await?;
        report.finished_ms = Some(context.now_ms);
        Ok(runs::report(tx, context.tenant, self.run, report, context.now_ms).await?)
    }

    /// Stores which rows are not records and, after a complete read, what else is odd about the list.
    async fn save_quality<N: Normalize>(
        &self,
        tx: &Tx,
        context: &Context,
        input: &Input<N::Parent>,
        kept: i64,
    ) -> Result<(), SyncError> {
        let is_judged = input.complete || matches!(self.extent.scope, Scope::Of { .. });
        if is_judged || input.has_bad_page {
            input.skipped.save::<N>(tx, context, is_judged).await?;
        }
        if let Some(oddities) = input.oddities.as_ref().filter(|_| input.complete) {
            let mut oddities = oddities.clone();
            oddities.compare_total(count(input.rows.by_id.len()));
            oddities.add(DataQualityKind::SkippedRows, count(input.skipped.len()));
            oddities.add(DataQualityKind::KeptRecords, kept);
            oddities.save(tx, context.tenant, N::DATASET, context.now_ms).await?;
        }
        Ok(())
    }
}
