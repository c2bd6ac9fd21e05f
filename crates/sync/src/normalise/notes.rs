//! A contact's note: its HTML made safe, its text laid bare for search.

use tetherboard_crm_records::{Mapping, RawNote, SkippedRow};
use tetherboard_store::notes::NoteRecord;

use super::Context;
use crate::html;
use tetherboard_domain::ContactId;

/// A note's row decoded.
#[derive(Clone)]
pub(crate) struct NoteRow(RawNote);

impl NoteRow {
    /// Grows when this code makes something else of the same row.
    pub(crate) const VERSION: i64 = html::VERSION;

    pub(crate) fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        RawNote::decode(row, mapping).map(Self)
    }

    pub(crate) fn note_id(&self) -> &str {
        &self.0.note_id
    }

    pub(crate) fn filled(&self) -> u64 {
        self.0.filled
    }

    /// Of the contact whose notes were asked for, whatever the row itself says.
    pub(crate) fn record(self, client_id: &ContactId, context: &Context) -> NoteRecord {
        let Self(raw) = self;
        let text = raw.html.unwrap_or_default();
        NoteRecord {
            note_id: raw.note_id,
            client_id: client_id.clone(),
            kind: raw.note_type.unwrap_or_default(),
            author: context.owner(raw.author),
            html: html::safe(&text),
            body: html::plain(&text),
            created_ms: raw.created.ms(&context.source_time),
        }
    }
}
