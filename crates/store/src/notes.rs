//! Notes, which the CRM gives contact by contact: whose turn it is, what was read, and how much of it is current.

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{Dataset, TenantId};

use crate::leads::find_words;
use crate::query::{Query, rows};
use crate::records::{self, Book};
use crate::snapshots::RowNo;
use crate::{Conn, Result};

/// A note as a run writes it.
#[derive(Clone, Debug)]
pub struct NoteRecord {
    /// The CRM's id of it, which need not differ from another contact's note's.
    pub note_id: String,
    pub client_id: String,
    pub kind: String,
    pub author: String,
    /// Sanitised.
    pub html: String,
    /// Plain text.
    pub body: String,
    pub created_ms: Option<i64>,
}

pub async fn put<C: Conn>(conn: &C, tenant: TenantId, notes: &[(Book, NoteRecord)], keep: &[&'static str]) -> Result<()> {
    const NOTES: [&str; 8] = ["note_id", "client_id", "kind", "author", "html", "body", "search", "created_ms"];
    let rows = notes.iter().map(|(book, note)| {
        let own: Vec<Value> = vec![
            note.note_id.clone().into(),
            note.client_id.clone().into(),
            note.kind.clone().into(),
            note.author.clone().into(),
            note.html.clone().into(),
            note.body.clone().into(),
            note.body.to_lowercase().into(),
            note.created_ms.into(),
        ];
        (book, own)
    });
    records::put(conn, tenant, Dataset::Notes, &NOTES, keep, rows).await
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
pub async fn next<C: Conn>(conn: &C, tenant: TenantId, turn: Turn, open_stages: &[String], limit: i64) -> Result<Vec<String>> {
    let mut query = Query::new("SELECT crm_id FROM leads WHERE gone_ms IS NULL AND tenant_id = ");
    query.bind(tenant.0);
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
pub async fn set_read<C: Conn>(conn: &C, tenant: TenantId, contacts: &[String], started_ms: i64) -> Result<()> {
    for part in contacts.chunks(1_000) {
        let mut query = Query::new("UPDATE leads SET notes_read_ms = ");
        query.bind(started_ms).push(" WHERE tenant_id = ").bind(tenant.0);
        query.push(" AND crm_id IN ").bind_list(part.iter().cloned());
        query.execute(conn).await?;
    }
    Ok(())
}

/// The raw rows that live notes stand on, in order, each with the contact whose note it is.
pub async fn live_rows<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<(RowNo, String)>> {
    let text = "SELECT row_no, client_id FROM notes WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY client_id, row_no";
    let found = rows(conn, text, [tenant.0.into()]).await?;
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
    let found = rows(conn, text, [tenant.0.into()]).await?;
    let Some(row) = found.first() else { return Ok(NoteCoverage::default()) };
    Ok(NoteCoverage { contacts: row.try_get_by_index(0)?, current: row.try_get_by_index(1)? })
}

// Listing --------------------------------------------------------------------------------------------------------------

/// Which notes to list.
#[derive(Clone, Debug, Default)]
pub struct NoteFilter {
    pub text: Option<String>,
    pub kind: Option<String>,
    pub author: Option<String>,
    pub client: Option<String>,
    pub from_ms: Option<i64>,
    pub until_ms: Option<i64>,
}

#[derive(Clone, Debug, FromQueryResult)]
pub struct NoteRow {
    pub crm_id: String,
    pub note_id: String,
    pub client_id: String,
    /// The contact's.
    pub name: String,
    pub stage: Option<String>,
    pub kind: String,
    pub author: String,
    pub html: String,
    pub body: String,
    pub created_ms: Option<i64>,
}

/// How many notes of live contacts fit.
pub async fn count<C: Conn>(conn: &C, tenant: TenantId, filter: &NoteFilter) -> Result<i64> {
    let mut query =
        Query::new("SELECT COUNT(*) FROM notes n JOIN leads l ON l.tenant_id = n.tenant_id AND l.crm_id = n.client_id");
    narrow(&mut query, tenant, filter);
    query.number(conn).await
}

/// The newest first; those without a date come last.
pub async fn list<C: Conn>(conn: &C, tenant: TenantId, filter: &NoteFilter, limit: i64, offset: i64) -> Result<Vec<NoteRow>> {
    let mut query = Query::new(
        "SELECT n.crm_id, n.note_id, n.client_id, l.name, l.stage, n.kind, n.author, n.html, n.body, n.created_ms \
         FROM notes n JOIN leads l ON l.tenant_id = n.tenant_id AND l.crm_id = n.client_id",
    );
    narrow(&mut query, tenant, filter);
    query.push(" ORDER BY COALESCE(n.created_ms, -9223372036854775807) DESC, n.crm_id LIMIT ").bind(limit);
    query.push(" OFFSET ").bind(offset);
    query.all(conn).await
}

fn narrow(query: &mut Query, tenant: TenantId, filter: &NoteFilter) {
    query.push(" WHERE n.gone_ms IS NULL AND l.gone_ms IS NULL AND n.tenant_id = ").bind(tenant.0);
    for (column, wanted) in [("n.kind", &filter.kind), ("n.author", &filter.author), ("n.client_id", &filter.client)] {
        if let Some(wanted) = wanted {
            query.push(&format!(" AND {column} = ")).bind(wanted.clone());
        }
    }
    if let Some(from_ms) = filter.from_ms {
        query.push(" AND n.created_ms >= ").bind(from_ms);
    }
    if let Some(until_ms) = filter.until_ms {
        query.push(" AND n.created_ms < ").bind(until_ms);
    }
    if let Some(text) = &filter.text {
        find_words(query, "n.search", text);
    }
}
