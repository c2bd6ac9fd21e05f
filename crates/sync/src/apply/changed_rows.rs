//! Finds the rows of a read that the tables do not hold yet, and sanitizes their texts: everything that is done before the
//! write transaction begins. The run's lease keeps other processes from writing in between.

use std::mem;

use tetherboard_store::Conn;
use tetherboard_store::records;
use tetherboard_store::snapshots::{RowNo, RowReader};

use super::field_coverage::FieldCounts;
use super::texts::{PackedTexts, TypedTexts};
use super::{Apply, Input};
use crate::dedup::SourceRow;
use crate::normalize::{Context, Normalize};
use crate::run::SyncError;

const ROWS_PER_CHUNK: usize = 500;

/// The bytes of raw rows that are decoded at a time; a single row can have more.
const BYTES_PER_CHUNK: usize = 4 << 20;

/// The bytes of sanitized texts that are kept until they are written, compressed. The texts of a larger read are sanitized
/// when they are written.
const MAX_HELD_BYTES: usize = 16 << 20;

/// The rows of a read to decode and write.
pub(super) struct ChangedRows<P> {
    pub(super) chunks: Vec<ChangedChunk<P>>,
    /// How many other rows the read had.
    pub(super) unchanged: i64,
    /// The fields of the unchanged rows.
    pub(super) counts: FieldCounts,
}

/// Rows that are written together.
pub(super) struct ChangedChunk<P> {
    pub(super) rows: Vec<SourceRow<P>>,
    /// Their texts; `None` if they have none or are not sanitized yet.
    pub(super) texts: Option<PackedTexts>,
}

impl Apply<'_> {
    /// Skips rows that a live record already comes from with this mapping: they are neither decoded nor written.
    pub(super) async fn changed_rows<N: Normalize>(
        &self,
        context: &Context,
        reader: &mut RowReader,
        input: &Input<N::Parent>,
    ) -> Result<ChangedRows<N::Parent>, SyncError> {
        let conn = self.store.conn();
        let version = N::decoder_version(self.mapping_version);
        let counts = FieldCounts::new(N::fields().len());
        let mut changed = ChangedRows { chunks: Vec::new(), unchanged: 0, counts };
        let mut held_bytes = 0;
        for rows in input.selected.chunks(ROWS_PER_CHUNK) {
            let row_nos: Vec<RowNo> = rows.iter().map(|row| row.row_no).collect();
            let current = records::already_decoded(conn, context.tenant, N::DATASET, version, &row_nos).await?;
            let mut to_write = Vec::new();
            for row in rows {
                match current.get(&row.row_no).filter(|record| N::is_record_of(&row.parent, &record.crm_id)) {
                    Some(record) => {
                        changed.unchanged += 1;
                        changed.counts.add(record.filled);
                    }
                    None => to_write.push(row.clone()),
                }
            }
            if to_write.is_empty() {
                continue;
            }
            if !N::HAS_RICH_TEXT {
                changed.chunks.push(ChangedChunk { rows: to_write, texts: None });
                continue;
            }
            for rows in self.split_by_bytes(reader, to_write).await? {
                let texts = match held_bytes < MAX_HELD_BYTES {
                    true => Some(self.sanitize_rows::<N, _>(conn, context, reader, &rows).await?),
                    false => None,
                };
                held_bytes += texts.as_ref().map_or(0, PackedTexts::held_bytes);
                changed.chunks.push(ChangedChunk { rows, texts });
            }
        }
        Ok(changed)
    }

    /// Parts of rows that are small enough to be in memory at once.
    async fn split_by_bytes<P>(
        &self,
        reader: &mut RowReader,
        rows: Vec<SourceRow<P>>,
    ) -> Result<Vec<Vec<SourceRow<P>>>, SyncError> {
        let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
        for row in rows {
            let length = reader.row(self.store.conn(), row.row_no).await?.len();
            if bytes + length > BYTES_PER_CHUNK && !part.is_empty() {
                parts.push(mem::take(&mut part));
                bytes = 0;
            }
            bytes += length;
            part.push(row);
        }
        if !part.is_empty() {
            parts.push(part);
        }
        Ok(parts)
    }

    /// Sanitizes the texts of rows and, where changes of a text are recorded, of the rows that they replace.
    pub(super) async fn sanitize_rows<N: Normalize, C: Conn>(
        &self,
        conn: &C,
        context: &Context,
        reader: &mut RowReader,
        rows: &[SourceRow<N::Parent>],
    ) -> Result<PackedTexts, SyncError> {
        let mut typed = Vec::with_capacity(rows.len());
        let mut ids = Vec::with_capacity(rows.len());
        for row in rows {
            let raw = N::decode(reader.row(conn, row.row_no).await?, self.mapping).ok();
            let new = raw.as_ref().and_then(N::typed_text).map(str::to_owned);
            ids.push(raw.map(|raw| N::record_id(&row.parent, N::id(&raw))).unwrap_or_default());
            typed.push(TypedTexts { new, previous: None });
        }
        if N::COMPARES_RICH_TEXT {
            let known = records::stored(conn, context.tenant, N::DATASET, &ids).await?;
            for ((row, id), typed) in rows.iter().zip(&ids).zip(&mut typed) {
                let Some(known) = known.get(id) else { continue };
                typed.previous = match known.row_no == row.row_no {
                    true => typed.new.clone(),
                    false => {
                        let raw = N::decode(reader.row(conn, known.row_no).await?, self.mapping).ok();
                        raw.as_ref().and_then(N::typed_text).map(str::to_owned)
                    }
                };
            }
        }
        PackedTexts::sanitize(typed).await
    }
}
