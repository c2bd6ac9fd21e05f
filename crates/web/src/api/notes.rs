//! The notes of all candidates, and how current they are.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_domain::{ContactId, Search};
use tetherboard_store::notes::{self, NoteFilter, NoteRow};
use utoipa::ToSchema;

use super::cursor::Cursor;
use super::versioned::versioned;
use crate::address::dates::{Edge, window};
use crate::address::query::{SearchText, query};
use crate::http::error::{HttpResult, Problem};
use crate::http::etag::Known;
use crate::http::viewer::BrandViewer;
use crate::read::note_feed::note_coverage;
use crate::state::Portal;

#[derive(Serialize, ToSchema)]
pub(crate) struct Notes {
    /// How many fit the filter.
    total: i64,
    coverage: Coverage,
    /// The newest first.
    notes: Vec<Note>,
    /// The cursor of the next part; null at the end.
    next: Option<String>,
}

/// In letters; a note can have a million.
const LONGEST: i32 = 65_536;

/// The CRM gives notes contact by contact, so some contacts' can be older than the rest.
#[derive(Serialize, ToSchema)]
pub(crate) struct Coverage {
    /// Contacts whose notes were read since they last changed.
    current: i64,
    contacts: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Note {
    id: String,
    client_id: String,
    name: String,
    stage: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    author: String,
    /// Sanitised; empty when `cut`.
    html: String,
    /// Plain text: the first 65,536 letters.
    text: String,
    /// Whether the note is longer.
    cut: bool,
    created_at: Option<String>,
}

query! {
    /// Which notes are listed.
    pub(crate) struct NoteFilters {
        /// Words to look for, at most 256, all of which must occur; "words in quotes" one after the other; begin* for words that begin so. Case and accents do not matter.
        text: SearchText = "q",
        /// The note type, as ClientTether spells it.
        kind: SearchText = "type",
        /// Who wrote the note.
        author: SearchText = "author",
        /// The contact's ID in ClientTether.
        client: SearchText = "client",
        /// Written on or after this day or moment, in the brand's zone.
        from: Option<Edge> = "from",
        /// Written up to this day (included) or moment, in the brand's zone.
        to: Option<Edge> = "to",
    }
}

/// Notes that match the filters, newest first, 100 at a time.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/notes", params(("tenant" = String, Path), NoteFilters, Cursor),
    responses((status = 200, body = Notes), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(
    brand: BrandViewer,
    State(portal): State<Portal>,
    filters: NoteFilters,
    cursor: Cursor,
    known: Known,
) -> HttpResult<Response> {
    versioned(&known, &brand, portal.clock.now(), read(&portal, &brand, &filters, cursor)).await
}

async fn read(portal: &Portal, brand: &BrandViewer, filters: &NoteFilters, cursor: Cursor) -> HttpResult<Notes> {
    let (conn, tenant) = (portal.store.conn(), &brand.tenant);
    let window = window(filters.from, filters.to, &tenant.zone);
    let filter = NoteFilter {
        text: filters.text.as_deref().map(Search::parse),
        kind: filters.kind.0.clone(),
        author: filters.author.0.clone(),
        client: filters.client.as_deref().map(ContactId::from),
        from_ms: window.filter(|_| filters.from.is_some()).map(|window| window.from_ms()),
        until_ms: window.filter(|_| filters.to.is_some()).map(|window| window.until_ms()),
    };
    let coverage = note_coverage(portal, tenant, portal.clock.now()).await?;
    let audience = brand.viewer.audience();
    let total = notes::count(conn, tenant.id, audience, &filter).await?;
    let rows = notes::list(conn, tenant.id, audience, &filter, cursor.part(), LONGEST).await?;
    Ok(Notes {
        total,
        coverage: Coverage { current: coverage.current, contacts: coverage.contacts },
        next: cursor.next(rows.len(), total),
        notes: rows.into_iter().map(note).collect(),
    })
}

fn note(row: NoteRow) -> Note {
    Note {
        id: row.note_id,
        client_id: row.client_id.into(),
        name: row.name,
        stage: row.stage,
        kind: row.kind,
        author: row.author,
        cut: row.letters > i64::from(LONGEST) || (row.html.is_empty() && row.letters > 0),
        html: row.html,
        text: row.body,
        created_at: row.created_ms.and_then(super::text_of_ms),
    }
}
