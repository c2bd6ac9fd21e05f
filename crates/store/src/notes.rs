//! Notes, which the CRM gives contact by contact: whose turn it is, what was read, and how much of it is current.

mod find;
mod hidden;

pub use find::{
    GLANCE, LatestNote, NoteFilter, NoteInShort, NoteRow, WholeNote, contacts_named, count, each_contact, each_in_short, hits,
    latest_of, list, numbered, part_of, whole,
};
pub use hidden::{Audience, HiddenKind, hidden_kinds, hide_kind, hide_note, show_kind, show_note};
pub(crate) use hidden::{HIDDEN, HIDDEN_KIND, visible};

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use tetherboard_domain::{ContactId, Dataset, EpochMs, TenantId, search_words};

use crate::query::{Query, number, rows};
use crate::records::{self, Book};
use crate::snapshots::RowNo;
use crate::{Conn, Result};

/// A note as a run writes it.
#[derive(Clone, Debug)]
pub struct NoteRecord {
    /// The CRM's id of it, which need not differ from another contact's note's.
    pub note_id: String,
    pub client_id: ContactId,
    pub kind: String,
    pub author: String,
    /// Sanitised.
    pub html: String,
    /// Plain text.
    pub body: String,
    pub created_ms: Option<EpochMs>,
}

pub async fn put<C: Conn>(conn: &C, tenant: TenantId, notes: &[(Book, NoteRecord)], keep: &[&'static str]) -> Result<()> {
    const NOTES: [&str; 10] =
        ["note_id", "client_id", "kind", "kind_key", "author", "html", "body", "search", "created_ms", "no"];
    if notes.is_empty() {
        return Ok(());
    }
    // A note that is there already keeps the number that the index of words knows it by.
    let keep: Vec<&str> = keep.iter().copied().chain(["no"]).collect();
    let last_no = number(conn, "SELECT MAX(no) FROM notes", []).await?;
    let rows = (last_no + 1..).zip(notes).map(|(no, (book, note))| {
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
        (book, own)
    });
    records::put(conn, tenant, Dataset::Notes, &NOTES, &keep, rows).await
}

/// A kind of note as it is compared: trimmed, case folded, and no longer than an index takes.
pub fn kind_key(kind: &str) -> String {
    kind.trim().to_lowercase().chars().take(200).collect()
}

/// Numbers the notes of an older version, and keeps the words that they are found by.
pub(crate) async fn index_old<C: ConnectionTrait>(conn: &C) -> std::result::Result<(), DbErr> {
    // A note is up to a megabyte.
    const PART: i64 = 32;
    let backend = conn.get_database_backend();
    let select = "SELECT tenant_id, crm_id, kind, body FROM notes WHERE (tenant_id, crm_id) > ($1, $2) \
                  ORDER BY tenant_id, crm_id LIMIT $3";
    let update = "UPDATE notes SET no = $3, kind_key = $4, search = $5 WHERE tenant_id = $1 AND crm_id = $2";
    let (mut after, mut no) = ((i64::MIN, String::new()), 0_i64);
    loop {
        let values = [after.0.into(), after.1.clone().into(), PART.into()];
        let part = conn.query_all_raw(Statement::from_sql_and_values(backend, select, values)).await?;
        for row in &part {
            let (tenant, crm_id): (i64, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let (kind, body): (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
            no += 1;
            let values = [tenant.into(), crm_id.clone().into(), no.into(), kind_key(&kind).into(), search_words(&body).into()];
            conn.execute_raw(Statement::from_sql_and_values(backend, update, values)).await?;
            after = (tenant, crm_id);
        }
        if part.is_empty() {
            return Ok(());
        }
    }
}

/// Why a contact's notes are read in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The contact changed since its notes were read.
    Changed,
    NeverRead,
    /// With an open deal, read longest ago.
    OldestOpen,
    /// Read longest ago.
    Oldest,
}

/// The contacts whose turn it is, those with an open deal first; `open_stages` are the keys of the stages that count so.
/// Of the oldest, open deals come first only among those read at the same time, or the others' turn would never come.
pub async fn next<C: Conn>(conn: &C, tenant: TenantId, turn: Turn, open_stages: &[String], limit: i64) -> Result<Vec<ContactId>> {
    let mut query = Query::new("SELECT crm_id FROM leads WHERE gone_ms IS NULL AND tenant_id = ");
    query.bind(tenant);
    query.push(match turn {
        Turn::Changed => " AND notes_read_ms < changed_ms",
        Turn::NeverRead => " AND notes_read_ms IS NULL",
        Turn::OldestOpen | Turn::Oldest => " AND notes_read_ms >= changed_ms",
    });
    if turn == Turn::OldestOpen {
        query.push(" AND contact_type = 1 AND stage_key IN ").bind_list(open_stages.iter().cloned());
    }
    query.push(if turn == Turn::Oldest { " ORDER BY notes_read_ms, " } else { " ORDER BY " });
    query.push("CASE WHEN contact_type = 1 AND stage_key IN ").bind_list(open_stages.iter().cloned());
    query.push(" THEN 0 ELSE 1 END, COALESCE(notes_read_ms, 0), crm_id LIMIT ").bind(limit);
    let found = query.rows(conn).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// These contacts' notes were read whole, from then on.
pub async fn set_read<C: Conn>(conn: &C, tenant: TenantId, contacts: &[ContactId], started_ms: EpochMs) -> Result<()> {
    for part in contacts.chunks(1_000) {
        let mut query = Query::new("UPDATE leads SET notes_read_ms = ");
        query.bind(started_ms).push(" WHERE tenant_id = ").bind(tenant);
        query.push(" AND crm_id IN ").bind_list(part.iter().cloned());
        query.execute(conn).await?;
    }
    Ok(())
}

/// The raw rows that live notes stand on, in order, each with the contact whose note it is.
pub async fn live_rows<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<(RowNo, ContactId)>> {
    let text = "SELECT row_no, client_id FROM notes WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY client_id, row_no";
    let found = rows(conn, text, [tenant.into()]).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// How many live contacts there are, and of how many the notes were read since the contact last changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoteCoverage {
    pub current: i64,
    pub contacts: i64,
}

pub async fn coverage<C: Conn>(conn: &C, tenant: TenantId) -> Result<NoteCoverage> {
    let text = "SELECT COUNT(*), COUNT(CASE WHEN notes_read_ms >= changed_ms THEN 1 END) FROM leads \
                WHERE tenant_id = $1 AND gone_ms IS NULL";
    let found = rows(conn, text, [tenant.into()]).await?;
    let Some(row) = found.first() else { return Ok(NoteCoverage::default()) };
    Ok(NoteCoverage { contacts: row.try_get_by_index(0)?, current: row.try_get_by_index(1)? })
}
