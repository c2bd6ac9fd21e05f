//! The notes of all candidates, and of how many they are current.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_domain::{ContactId, Search};
use tetherboard_store::notes::{self, NoteFilter, NoteRow};
use utoipa::ToSchema;

use super::cursor;
use super::versioned::versioned;
use crate::Portal;
use crate::error::{Answer, Problem, Refusal, Wants};
use crate::etag::Known;
use crate::query::{Pairs, days};
use crate::viewer::BrandViewer;

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

#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/notes", params(
        ("tenant" = String, Path), ("q" = Option<String>, Query, description = "words, all of which must occur, at most 256; \"words in quotes\" one after the other; begin* for words that begin so; case and accents do not matter"), ("type" = Option<String>, Query), ("author" = Option<String>, Query),
        ("client" = Option<String>, Query, description = "a contact's id"), ("from" = Option<String>, Query),
        ("to" = Option<String>, Query, description = "a day is included"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Notes), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(brand: BrandViewer, State(portal): State<Portal>, pairs: Pairs, known: Known) -> Answer<Response> {
    let bad = |detail: String| Refusal::bad_request(Wants::Problem, detail);
    let window = days(&pairs, &brand.tenant.zone).map_err(bad)?;
    let offset = cursor::offset(&pairs).map_err(bad)?;
    let text = |key: &str| pairs.filled(key).map(str::to_owned);
    let filter = NoteFilter {
        text: pairs.filled("q").map(Search::parse),
        kind: text("type"),
        author: text("author"),
        client: text("client").map(ContactId),
        from_ms: window.from_ms,
        until_ms: window.until_ms,
    };
    versioned(&known, &brand, portal.clock.now(), read(&portal, &brand, &filter, offset)).await
}

async fn read(portal: &Portal, brand: &BrandViewer, filter: &NoteFilter, offset: i64) -> Answer<Notes> {
    let (conn, tenant) = (portal.store.conn(), brand.tenant.id);
    let coverage = portal.note_coverage(&brand.tenant).await?;
    let audience = brand.viewer.audience();
    let total = notes::count(conn, tenant, audience, filter).await?;
    let rows = notes::list(conn, tenant, audience, filter, (offset, cursor::PART), LONGEST).await?;
    Ok(Notes {
        total,
        coverage: Coverage { current: coverage.current, contacts: coverage.contacts },
        next: cursor::next(offset, rows.len(), total),
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
