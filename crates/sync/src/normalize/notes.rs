//! A contact's notes: sanitizes their HTML and extracts its text for search.

use tetherboard_crm_records::{Mapping, RawNote, SkippedRow};
use tetherboard_domain::{ContactId, Dataset};
use tetherboard_store::notes::{self, NoteRecord};
use tetherboard_store::{Result, Tx};

use super::{Context, Normalize, Notes, Record, reference};
use crate::rich_text::{self, RichText};

impl Normalize for Notes {
    const DATASET: Dataset = Dataset::Notes;
    const VERSION: i64 = rich_text::VERSION + super::DECODER_VERSION;
    const HAS_RICH_TEXT: bool = true;
    /// The contact whose notes were requested, whatever the row itself says.
    type Parent = ContactId;
    type Raw = RawNote;

    fn decode(row: &[u8], mapping: &Mapping) -> std::result::Result<RawNote, SkippedRow> {
        RawNote::decode(row, mapping)
    }

    fn id(raw: &RawNote) -> &str {
        &raw.note_id
    }

    /// `client_id/note_id`, because notes of two contacts can have the same ID.
    fn record_id(client_id: &ContactId, note_id: &str) -> String {
        format!("{client_id}/{note_id}")
    }

    fn parent_key(client_id: &ContactId) -> String {
        client_id.to_string()
    }

    fn is_record_of(client_id: &ContactId, crm_id: &str) -> bool {
        crm_id.strip_prefix(client_id.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    fn filled(raw: &RawNote) -> u64 {
        raw.filled
    }

    fn typed_text(raw: &RawNote) -> Option<&str> {
        raw.html.as_deref()
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<Self>>) -> Result<()> {
        let note = |client_id: ContactId, raw: RawNote, rich_text: RichText| NoteRecord {
            note_id: raw.note_id,
            client_id,
            kind: raw.note_type.unwrap_or_default(),
            author: reference(raw.author),
            html: rich_text.html,
            body: rich_text.text,
            created_ms: raw.created.ms(&context.source_time),
        };
        let records: Vec<_> =
            records.into_iter().map(|record| (record.meta, note(record.parent, record.raw, record.rich_text))).collect();
        notes::put(tx, context.tenant, &records, &[]).await
    }
}
