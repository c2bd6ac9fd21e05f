//! Compares the rows of a read with the tables and writes new and changed records.

use std::collections::HashSet;

use tetherboard_domain::EpochMs;
use tetherboard_store::records::{self, RecordMeta, StoredRecord};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_store::snapshots::{RowNo, RowReader};
use tetherboard_store::{Tx, history};

use super::changed_rows::{ChangedChunk, ChangedRows};
use super::field_coverage::FieldCounts;
use super::texts::RowTexts;
use super::{Apply, Input};
use crate::capture::count;
use crate::dedup::SourceRow;
use crate::normalize::{Context, Normalize, Record};
use crate::run::SyncError;

/// A decoded row and its record in the tables.
struct DecodedRow<N: Normalize> {
    source: SourceRow<N::Parent>,
    crm_id: String,
    raw: N::Raw,
    texts: RowTexts,
    /// `None` if the record is new.
    known: Option<StoredRecord>,
}

impl Apply<'_> {
    /// Writes every new and changed record; returns how many rows have a value for each field.
    pub(super) async fn write_rows<N: Normalize>(
        &self,
        tx: &Tx,
        context: &Context,
        reader: &mut RowReader,
        input: &Input<N::Parent>,
        changed: &ChangedRows<N::Parent>,
        report: &mut DatasetReport,
    ) -> Result<FieldCounts, SyncError> {
        report.unchanged += changed.unchanged;
        let mut counts = changed.counts.clone();
        self.set_aside::<N>(tx, reader, &input.rows.without_id, report).await?;
        for (index, chunk) in changed.chunks.iter().enumerate() {
            if index == 1 {
                records::analyze_if_new(tx, N::DATASET).await?;
            }
            self.write_chunk::<N>(tx, context, reader, chunk, report, &mut counts).await?;
        }
        Ok(counts)
    }

    /// Saves rows without an ID together with the reason.
    pub(super) async fn set_aside<N: Normalize>(
        &self,
        tx: &Tx,
        reader: &mut RowReader,
        rows: &[SourceRow<N::Parent>],
        report: &mut DatasetReport,
    ) -> Result<(), SyncError> {
        report.set_aside += count(rows.len());
        let mut reasons = Vec::with_capacity(rows.len());
        for row_no in rows.iter().map(|row| row.row_no) {
            let reason = N::decode(reader.row(tx, row_no).await?, self.mapping).err();
            reasons.push((row_no, reason.map_or("it has no readable ID".to_owned(), |reason| reason.to_string())));
        }
        // The notes of two contacts can have the same bytes, and thus one row number.
        reasons.dedup_by_key(|(row_no, _)| *row_no);
        Ok(runs::set_aside(tx, self.lease.tenant(), self.run, N::DATASET, &reasons).await?)
    }

    async fn write_chunk<N: Normalize>(
        &self,
        tx: &Tx,
        context: &Context,
        reader: &mut RowReader,
        chunk: &ChangedChunk<N::Parent>,
        report: &mut DatasetReport,
        counts: &mut FieldCounts,
    ) -> Result<(), SyncError> {
        let texts = match &chunk.texts {
            Some(texts) => texts.unpack(),
            None if N::HAS_RICH_TEXT => self.sanitize_rows::<N, _>(tx, context, reader, &chunk.rows).await?.unpack(),
            None => Vec::new(),
        };
        let mut decoded = self.decode_rows::<N>(tx, reader, &chunk.rows, texts, report).await?;
        if decoded.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = decoded.iter().map(|row| row.crm_id.clone()).collect();
        let mut known = records::stored(tx, context.tenant, N::DATASET, &ids).await?;
        decoded.iter_mut().for_each(|row| row.known = known.remove(&row.crm_id));
        let gone: HashSet<String> = decoded
            .iter()
            .filter(|row| row.known.as_ref().is_some_and(|known| known.gone_ms.is_some()))
            .map(|row| row.crm_id.clone())
            .collect();
        let changed = self.changed_records::<N>(tx, context, reader, decoded, report, counts).await?;
        let back: Vec<String> =
            changed.iter().map(|record| &record.meta.crm_id).filter(|id| gone.contains(*id)).cloned().collect();
        N::write(tx, context, changed).await?;
        Ok(history::record_presence(tx, context.tenant, N::DATASET, &back, true, context.now_ms).await?)
    }

    async fn decode_rows<N: Normalize>(
        &self,
        tx: &Tx,
        reader: &mut RowReader,
        rows: &[SourceRow<N::Parent>],
        texts: Vec<RowTexts>,
        report: &mut DatasetReport,
    ) -> Result<Vec<DecodedRow<N>>, SyncError> {
        let mut decoded = Vec::with_capacity(rows.len());
        let mut texts = texts.into_iter();
        for row in rows {
            let texts = texts.next().unwrap_or_default();
            match N::decode(reader.row(tx, row.row_no).await?, self.mapping) {
                Ok(raw) => {
                    let crm_id = N::record_id(&row.parent, N::id(&raw));
                    decoded.push(DecodedRow { source: row.clone(), crm_id, raw, texts, known: None });
                }
                Err(reason) => {
                    report.set_aside += 1;
                    let reason = [(row.row_no, reason.to_string())];
                    runs::set_aside(tx, self.lease.tenant(), self.run, N::DATASET, &reason).await?;
                }
            }
        }
        Ok(decoded)
    }

    /// The decoded rows that differ from the tables, as records to write.
    async fn changed_records<N: Normalize>(
        &self,
        tx: &Tx,
        context: &Context,
        reader: &mut RowReader,
        decoded: Vec<DecodedRow<N>>,
        report: &mut DatasetReport,
        counts: &mut FieldCounts,
    ) -> Result<Vec<Record<N>>, SyncError> {
        let mapping_version = N::decoder_version(self.mapping_version);
        let mut changed = Vec::with_capacity(decoded.len());
        for DecodedRow { source: SourceRow { row_no, parent }, crm_id, raw, texts, known } in decoded {
            let known = known.as_ref();
            if known.is_some_and(|known| self.is_up_to_date(known, row_no, mapping_version, context.now_ms)) {
                report.unchanged += 1;
                continue;
            }
            let filled = i64::try_from(N::filled(&raw)).unwrap_or(i64::MAX);
            counts.add(filled);
            let live = known.filter(|known| known.gone_ms.is_none());
            *(if live.is_some() { &mut report.changed } else { &mut report.added }) += 1;
            // A record that was removed and is back has changed now, even if its row is the old one.
            let changed_ms = live.filter(|live| live.row_no == row_no).map_or(context.now_ms, |live| live.changed_ms);
            let modified_ms = N::modified_ms(&raw, &context.source_time);
            let meta = RecordMeta { crm_id, row_no, mapping_version, changed_ms, modified_ms, filled };
            let previous_raw = match known.filter(|known| known.mapping_version != mapping_version) {
                Some(known) if known.row_no == row_no => Some(raw.clone()),
                Some(known) => N::decode(reader.row(tx, known.row_no).await?, self.mapping).ok(),
                None => None,
            };
            let RowTexts { new: rich_text, previous: previous_rich_text } = texts;
            changed.push(Record { meta, parent, raw, rich_text, previous_raw, previous_rich_text });
        }
        Ok(changed)
    }

    /// Whether the tables hold this row already or, in a replay, something that was read after it.
    fn is_up_to_date(&self, known: &StoredRecord, row_no: RowNo, mapping_version: i64, read_ms: EpochMs) -> bool {
        let is_same = known.gone_ms.is_none() && known.row_no == row_no && known.mapping_version == mapping_version;
        let is_newer = known.gone_ms.is_some() || (known.row_no != row_no && known.changed_ms > read_ms);
        is_same || (self.replay && is_newer)
    }
}
