//! `GET /tenants/{tenant}/notes`: the notes of all candidates, and how current they are.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_domain::PlausibleDates;
use tetherboard_metrics::Board;
use tetherboard_store::notes::{self, NoteRow};
use utoipa::ToSchema;

use super::cursor::Cursor;
use super::versioned::versioned;
use crate::address::notes::NoteQuery;
use crate::http::error::HttpResult;
use crate::http::etag::IfNoneMatch;
use crate::http::viewer::BrandViewer;
use crate::read::note_feed::{note_coverage, select_notes};
use crate::read::numbers::numbers;
use crate::state::Portal;

/// Notes that match the filters.
#[derive(Serialize, ToSchema)]
pub(crate) struct Notes {
    /// The number of notes that match the filters.
    total: i64,
    coverage: Coverage,
    /// Newest first.
    notes: Vec<Note>,
    /// The cursor of the next part; null at the end.
    next: Option<String>,
}

/// The characters of a note's text in a response: a note can have a million.
const MAX_CHARS: i32 = 65_536;

/// How current the notes are: ClientTether returns notes one contact at a time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Coverage {
    /// Contacts whose notes were read within the last 24 hours.
    current: i64,
    contacts: i64,
}

/// One note.
#[derive(Serialize, ToSchema)]
pub(crate) struct Note {
    id: String,
    client_id: String,
    name: String,
    stage: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    author: String,
    /// Sanitized HTML; empty if `cut`.
    html: String,
    /// Plain text, at most 65,536 characters.
    text: String,
    /// Whether the note is longer than `text`.
    cut: bool,
    created_at: Option<String>,
    /// Whether `created_at` is before 1990 or after tomorrow, most likely a typing mistake. Such notes come last.
    doubtful_date: bool,
}

/// Notes that match the filters, newest first, 100 at a time.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/notes", params(("tenant" = String, Path), NoteQuery, Cursor),
    responses((status = 200, body = Notes),
        (status = 304, description = "Unchanged since the response with the ETag in If-None-Match.")))]
pub(crate) async fn list(
    brand: BrandViewer,
    State(portal): State<Portal>,
    query: NoteQuery,
    cursor: Cursor,
    if_none_match: IfNoneMatch,
) -> HttpResult<Response> {
    versioned(&if_none_match, &brand, portal.clock.now(), read(&portal, &brand, &query, cursor)).await
}

async fn read(portal: &Portal, brand: &BrandViewer, query: &NoteQuery, cursor: Cursor) -> HttpResult<Notes> {
    let (tenant, audience, now) = (&brand.tenant, brand.viewer.audience(), portal.clock.now());
    let board: &Board = &numbers(portal, tenant, now).await?.board;
    let selected = select_notes(portal, tenant, audience, board, query, now).await?;
    let row_numbers = selected.row_numbers(cursor.part());
    let rows = notes::by_numbers(portal.store.conn(), tenant.id, audience, &row_numbers, MAX_CHARS).await?;
    let coverage = note_coverage(portal, tenant, now).await?;
    let total = selected.total();
    Ok(Notes {
        total,
        coverage: Coverage { current: coverage.current, contacts: coverage.contacts },
        next: cursor.next(rows.len(), total),
        notes: rows.into_iter().map(|row| note(row, PlausibleDates::at(now))).collect(),
    })
}

fn note(row: NoteRow, dates: PlausibleDates) -> Note {
    Note {
        id: row.note_id,
        client_id: row.client_id.into(),
        name: row.name,
        stage: row.stage,
        kind: row.kind,
        author: row.author,
        cut: row.letters > i64::from(MAX_CHARS) || (row.html.is_empty() && row.letters > 0),
        html: row.html,
        text: row.body,
        created_at: row.created_ms.and_then(super::text_of_ms),
        doubtful_date: dates.doubts_past(row.created_ms),
    }
}
