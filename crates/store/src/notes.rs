//! Notes, which the CRM returns contact by contact: upserts, which contacts to read next, coverage, search, and lists.

mod hidden;
mod list;

pub use hidden::{Audience, HiddenKind, hidden_kinds, hide_kind, hide_note, show_kind, show_note};
pub(crate) use hidden::{HIDDEN, HIDDEN_KIND, visible};
pub use list::{
    FullNote, LatestNote, NoteFilter, NoteRow, NoteSummary, PREVIEW_CHARS, by_numbers, contact_names, count, each_contact,
    each_summary, get, latest_for, list, search_hits, text_part,
};

use sea_orm::Value;
use tetherboard_domain::{ContactId, Dataset, EpochMs, TenantId, search_words};

use crate::query::{Query, number, rows};
use crate::records::{self, RecordMeta};
use crate::snapshots::RowNo;
use crate::{Conn, Result};

/// A note as a sync run writes it.
#[derive(Clone, Debug)]
pub struct NoteRecord {
    /// The CRM's ID, which is unique only within a contact.
    pub note_id: String,
    pub client_id: ContactId,
    pub kind: String,
    pub author: String,
    /// Sanitized HTML.
    pub html: String,
    /// Plain text.
    pub body: String,
    pub created_ms: Option<EpochMs>,
}

/// Upserts notes. Existing notes keep their values in the columns named in `keep`.
pub async fn put<C: Conn>(conn: &C, tenant: TenantId, notes: &[(RecordMeta, NoteRecord)], keep: &[&'static str]) -> Result<()> {
    const NOTES: [&str; 10] =
        ["note_id", "client_id", "kind", "kind_key", "author", "html", "body", "search", "created_ms", "no"];
    if notes.is_empty() {
        return Ok(());
    }
    // An existing note keeps its number, by which the full-text index refers to it.
    let keep: Vec<&str> = keep.iter().copied().chain(["no"]).collect();
    let last_no = number(conn, "SELECT MAX(no) FROM notes", []).await?;
    let rows = (last_no + 1..).zip(notes).map(|(no, (meta, note))| {
        let own: Vec<Value> = vec![
            note.note_id.clone().into(),
            note.client_id.clone().into(),
            note.kind.clone().into(),
            kind_key(&note.kind).into(),
            note.author.clone().into(),
            note.html.clone().into(),
            note.body.clone().into(),
            search_words(&note.body).into(),
            note.created_ms.into(),
            no.into(),
        ];
        (meta, own)
    });
    records::put(conn, tenant, Dataset::Notes, &NOTES, &keep, rows).await
}

/// The key that a type of note is compared by: trimmed, lowercased, and short enough for an index.
pub fn kind_key(kind: &str) -> String {
    kind.trim().to_lowercase().chars().take(200).collect()
}

/// Why a run reads a contact's notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadReason {
    /// The contact has changed since its notes were last read.
    Changed,
    /// The contact's notes were never read.
    NeverRead,
    /// The contact has an open deal, and its notes were read longest ago.
    OldestOpen,
    /// The contact's notes were read longest ago.
    Oldest,
}

/// The contacts to read next for a reason, those with an open deal first. `open_stages` are the stage keys of open deals.
/// For `Oldest`, open deals come first only among contacts read at the same time, so that every contact is read eventually.
pub async fn next_to_read<C: Conn>(
    conn: &C,
    tenant: TenantId,
    reason: ReadReason,
    open_stages: &[String],
    limit: i64,
) -> Result<Vec<ContactId>> {
    let mut query = Query::new("SELECT crm_id FROM leads WHERE gone_ms IS NULL AND tenant_id = ");
    query.bind(tenant);
    query.push(match reason {
        ReadReason::Changed => " AND notes_read_ms < changed_ms",
        ReadReason::NeverRead => " AND notes_read_ms IS NULL",
        ReadReason::OldestOpen | ReadReason::Oldest => " AND notes_read_ms >= changed_ms",
    });
    if reason == ReadReason::OldestOpen {
        query.push(" AND contact_type = 1 AND stage_key IN ").bind_list(open_stages.iter().cloned());
    }
    query.push(if reason == ReadReason::Oldest { " ORDER BY notes_read_ms, " } else { " ORDER BY " });
    query.push("CASE WHEN contact_type = 1 AND stage_key IN ").bind_list(open_stages.iter().cloned());
    query.push(" THEN 0 ELSE 1 END, COALESCE(notes_read_ms, 0), crm_id LIMIT ").bind(limit);
    let found = query.rows(conn).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Live contacts with an appointment that is not canceled and starts in this range, by ID.
pub async fn contacts_with_appointments<C: Conn>(
    conn: &C,
    tenant: TenantId,
    (from_ms, until_ms): (EpochMs, EpochMs),
) -> Result<Vec<ContactId>> {
    let text = "SELECT DISTINCT l.crm_id FROM scheduled_activities a JOIN leads l ON l.tenant_id = a.tenant_id AND l.crm_id = a.client_id \
                WHERE a.tenant_id = $1 AND a.gone_ms IS NULL AND l.gone_ms IS NULL AND NOT a.cancelled \
                AND a.starts_ms >= $2 AND a.starts_ms <= $3 ORDER BY l.crm_id";
    let found = rows(conn, text, [tenant.into(), from_ms.into(), until_ms.into()]).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Records that the notes of these contacts were read completely, by a read that started at `started_ms`.
pub async fn set_read<C: Conn>(conn: &C, tenant: TenantId, contacts: &[ContactId], started_ms: EpochMs) -> Result<()> {
    for part in contacts.chunks(1_000) {
        let mut query = Query::new("UPDATE leads SET notes_read_ms = ");
        query.bind(started_ms).push(" WHERE tenant_id = ").bind(tenant);
        query.push(" AND crm_id IN ").bind_list(part.iter().cloned());
        query.execute(conn).await?;
    }
    Ok(())
}

/// The raw rows of the live notes with their contacts, by contact and row.
pub async fn live_rows<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<(RowNo, ContactId)>> {
    let text = "SELECT row_no, client_id FROM notes WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY client_id, row_no";
    let found = rows(conn, text, [tenant.into()]).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// How complete the notes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoteCoverage {
    /// Live contacts whose notes were read recently.
    pub current: i64,
    /// All live contacts.
    pub contacts: i64,
}

/// For how many contacts the notes were read at `since_ms` or later. A new note leaves its contact's record unchanged, so
/// nothing else tells how current notes are.
pub async fn coverage<C: Conn>(conn: &C, tenant: TenantId, since_ms: EpochMs) -> Result<NoteCoverage> {
    let text = "SELECT COUNT(*), COUNT(CASE WHEN notes_read_ms >= $2 THEN 1 END) FROM leads \
                WHERE tenant_id = $1 AND gone_ms IS NULL";
    let found = rows(conn, text, [tenant.into(), since_ms.into()]).await?;
    let Some(row) = found.first() else { return Ok(NoteCoverage::default()) };
    Ok(NoteCoverage { contacts: row.try_get_by_index(0)?, current: row.try_get_by_index(1)? })
}
