//! Notes: what people wrote about all candidates, newest first, with search and filters.

mod empty;
mod export;
mod feed;
mod filter_chips;
mod filters;
mod full_note;
mod visibility;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, EpochMs, Search};
use tetherboard_metrics::{Board, FeedEvent, NOTE_FEED};
use tetherboard_store::Result as StoreResult;
use tetherboard_store::notes::{self, HiddenKind, NoteCoverage, NoteRow};

use crate::address::dates::Edge;
use crate::address::links::{self, Link, Tab};
use crate::address::notes::NoteQuery;
use crate::address::query::{Format, Page as PageQuery, PageNumber, Param, SearchText};
use crate::http::error::HttpResult;
use crate::http::viewer::BrandViewer;
use crate::parts::format::{clipped, counted, number};
use crate::parts::highlight::excerpt;
use crate::parts::icon;
use crate::parts::period::narrower;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::table::no_such_page;
use crate::read::note_feed::{EXCERPT_CHARS, NoteSelection, note_coverage, select_notes};
use crate::read::numbers::{Numbers, numbers};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/t/{brand}/notes", get(page))
        .route("/t/{brand}/notes/one", get(full_note::page))
        .route("/agency/brands/{brand}/notes/note", post(visibility::set_note))
        .route("/agency/brands/{brand}/notes/type", post(visibility::set_type))
}

/// Notes per page.
const PAGE: i64 = 30;

/// A note longer than this, in characters, is shown as an excerpt with a link to all of it.
const SHORT_NOTE: i64 = 700;

/// How many stage moves a page shows at most, and how many appointments.
const MAX_EVENTS: usize = 60;

/// What the page shows.
struct NotesView {
    query: NoteQuery,
    page: PageNumber,
    numbers: Arc<Numbers>,
    notes: NoteSelection,
    /// The notes of this page, in order.
    rows: Vec<NoteRow>,
    events: Events,
    /// Name and stage of the contacts that no row names.
    names: HashMap<ContactId, (String, Option<String>)>,
    coverage: NoteCoverage,
    hidden_kinds: Vec<HiddenKind>,
    /// If nothing was found: a search for the beginning of the last word, and how many notes it finds.
    wider: Option<(NoteQuery, i64)>,
}

/// The stage moves and appointments between the notes of a page.
struct Events {
    shown: Vec<FeedEvent>,
    /// Whether there are more than are shown.
    is_cut: bool,
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    query: NoteQuery,
    PageQuery(page): PageQuery,
    format: Format,
) -> HttpResult<Response> {
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    let numbers = numbers(&portal, tenant, now).await?;
    let notes = select_notes(&portal, tenant, brand.viewer.audience(), &numbers.board, &query, now).await?;
    if format == Format::Csv {
        let chosen = query.period.0.map(|period| period.days(tenant.zone.date(now)));
        let first = query.from.map(Edge::day).max(chosen.map(|(first, _)| first));
        let last = query.to.map(Edge::day).or(chosen.map(|(_, last)| last));
        return Ok(export::as_csv(&portal, &brand, notes.row_numbers((0, i64::MAX)), (first, last)).await?);
    }
    let view = NotesView::load(&portal, &brand, query, page, numbers, notes, now).await?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    Ok(render(&shell, &view).into_response())
}

impl NotesView {
    async fn load(
        portal: &Portal,
        brand: &BrandViewer,
        query: NoteQuery,
        page: PageNumber,
        numbers: Arc<Numbers>,
        notes: NoteSelection,
        now: Timestamp,
    ) -> HttpResult<Self> {
        let (conn, tenant) = (portal.store.conn(), &brand.tenant);
        let part = (page.offset(PAGE), PAGE);
        let row_numbers = notes.row_numbers(part);
        if row_numbers.is_empty() && !page.is_first() {
            return Err(no_such_page());
        }
        let rows = rows(portal, brand, notes.search.as_ref(), &row_numbers).await?;
        let events = events(&notes, &numbers, &query, part, now);
        let in_events = events.shown.iter().map(|event| event.client_id.clone());
        let ids: Vec<ContactId> = in_events.chain(filters::candidates(&notes.selection, &query)).collect();
        let wider = if rows.is_empty() { wider_search(portal, brand, &numbers.board, &query, now).await? } else { None };
        Ok(Self {
            wider,
            names: notes::contact_names(conn, tenant.id, &ids).await?,
            coverage: note_coverage(portal, tenant, now).await?,
            hidden_kinds: if brand.viewer.is_agency() { notes::hidden_kinds(conn, tenant.id).await? } else { Vec::new() },
            query,
            page,
            numbers,
            notes,
            rows,
            events,
        })
    }

    fn total(&self) -> i64 {
        self.notes.total()
    }
}

/// The same search with the last word as the beginning of a word, such as `financ*`, if that finds anything.
async fn wider_search(
    portal: &Portal,
    brand: &BrandViewer,
    board: &Board,
    query: &NoteQuery,
    now: Timestamp,
) -> StoreResult<Option<(NoteQuery, i64)>> {
    let Some(text) = query.text.as_deref().map(str::trim_end).filter(|text| !text.ends_with(['*', '"'])) else {
        return Ok(None);
    };
    let wider = NoteQuery { text: SearchText(Some(format!("{text}*"))), ..query.clone() };
    if wider.search() == query.search() {
        return Ok(None);
    }
    let total = select_notes(portal, &brand.tenant, brand.viewer.audience(), board, &wider, now).await?.total();
    Ok((total > 0).then_some((wider, total)))
}

/// The stage moves and appointments after the last note of the page, up to the last note of the previous page.
fn events(notes: &NoteSelection, numbers: &Numbers, query: &NoteQuery, part: (i64, i64), now: Timestamp) -> Events {
    let all = &notes.selection.notes;
    let first = usize::try_from(part.0).unwrap_or(usize::MAX);
    let shown = notes.part(part);
    let until = first.checked_sub(1).and_then(|last| all.get(last));
    let until = until.map_or(EpochMs::MAX, |note| note.at_ms.unwrap_or(EpochMs::MIN));
    let is_last_page = first.saturating_add(shown.len()) >= all.len();
    let after = shown.last().filter(|_| !is_last_page).map_or(EpochMs::MIN, |last| last.at_ms.unwrap_or(EpochMs::MIN));
    let (board, filter, span) = (&numbers.board, &notes.filter, (after, until));
    let mut events = Events { shown: Vec::new(), is_cut: false };
    if query.also.moves {
        let (moves, is_cut) = notes.feed.moves_between(board, filter, span, MAX_EVENTS);
        events.shown.extend(moves);
        events.is_cut |= is_cut;
    }
    if query.also.appointments {
        let (appointments, is_cut) = notes.feed.appointments_between(board, filter, span, now.into(), MAX_EVENTS);
        events.shown.extend(appointments);
        events.is_cut |= is_cut;
    }
    events
}

/// The notes with these row numbers, in this order, each with the part of its text that contains a match.
async fn rows(portal: &Portal, brand: &BrandViewer, search: Option<&Search>, row_numbers: &[i64]) -> StoreResult<Vec<NoteRow>> {
    let (conn, tenant, audience) = (portal.store.conn(), brand.tenant.id, brand.viewer.audience());
    let mut rows = notes::by_numbers(conn, tenant, audience, row_numbers, EXCERPT_CHARS).await?;
    let Some(search) = search else { return Ok(rows) };
    // The match in a long note may be beyond the part that was loaded.
    const PART: i32 = 60_000;
    for row in rows.iter_mut().filter(|row| row.letters > i64::from(EXCERPT_CHARS)) {
        let mut from = 1;
        while search.marks(row.body.chars()).is_empty() && i64::from(from) <= row.letters {
            let Some((part, _)) = notes::text_part(conn, tenant, audience, &row.crm_id, from, PART + EXCERPT_CHARS).await? else {
                break;
            };
            if !search.marks(part.chars()).is_empty() {
                excerpt(&part, Some(search), SHORT_NOTE as usize).1.clone_into(&mut row.body);
                break;
            }
            from += PART;
        }
    }
    Ok(rows)
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn render(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let (query, slug) = (&view.query, &shell.tenant().slug);
    // Another brand has other authors and candidates.
    let in_other_brands = NoteQuery { authors: Vec::new(), clients: Vec::new(), ..query.clone() };
    shell.render(&Page {
        tab: Tab::Notes,
        bar: bar(shell, view),
        body: body(shell, view),
        address: view.page.add_to("page", query.add_to(links::notes(slug))),
        filters: in_other_brands.add_to(Link::to("")).url(),
        period: query.period.add_to("period", Link::to("")).url(),
    })
}

fn bar(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let (tenant, query) = (shell.tenant(), &view.query);
    let base = query.without_period().add_to(links::notes(&tenant.slug));
    let csv = query.add_to(links::notes(&tenant.slug)).with("format", "csv").url();
    html! {
        (narrower(query.period.0, view.notes.period.as_ref(), tenant.zone.date(shell.now), &tenant.zone, &base))
        div.push.flex {
            button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
            a.btn href=(csv) { (icon("download", 15)) "CSV, " (counted(view.total(), "row", "rows")) }
        }
    }
}

fn body(shell: &Shell<'_>, view: &NotesView) -> Markup {
    html! {
        div.flex.wrapf.notes-head {
            h1 { (headline(view)) }
            (coverage(view))
        }
        (search_notice(view))
        div.cols {
            aside.card.c-3 aria-label="Filters" { (filters::sidebar(shell, view)) }
            div.c-9.stack.notes-feed { (filter_chips::chips(shell, view)) (feed::feed(shell, view)) }
        }
        @if shell.brand.viewer.is_agency() { (visibility::settings(shell, view)) }
    }
}

/// `9 notes mention “financing” in the last 30 days`.
fn headline(view: &NotesView) -> Markup {
    let total = view.total();
    let has_other_filters = NoteQuery { text: SearchText::default(), ..view.query.without_period() }.is_filtered();
    html! {
        (counted(total, "note", "notes"))
        @if let Some(text) = view.query.text.as_deref() {
            @if total == 1 { " mentions " } @else { " mention " }
            "“" (clipped(text)) "”"
        } @else if has_other_filters {
            @if total == 1 { " matches" } @else { " match" }
        }
        @if let Some(period) = view.query.period.0 { " " (period.phrase()) }
    }
}

const COVERAGE: &str = "ClientTether returns notes one candidate at a time, so each sync reads some of them: candidates that \
    changed first, then those never read, then those read longest ago. A candidate’s notes are current if they were read after \
    ClientTether last changed the candidate.";

fn coverage(view: &NotesView) -> Markup {
    let NoteCoverage { current, contacts } = view.coverage;
    html! {
        span.sub.flex.notes-coverage data-coverage {
            details.def id="def-coverage" {
                summary aria-label="What this means" { (icon("info", 14)) }
                div.def-panel {
                    b { "Note freshness" }
                    p { (COVERAGE) " " (NOTE_FEED) }
                    dl { dt { "Current" } dd { (number(current)) " of " (number(contacts)) } }
                }
            }
            "Notes are current for " (number(current)) " of " (counted(contacts, "candidate", "candidates"))
        }
    }
}

/// Says that a search was cut.
fn search_notice(view: &NotesView) -> Markup {
    if !view.notes.search.as_ref().is_some_and(Search::is_cut) {
        return EMPTY;
    }
    html! {
        div.banner.info {
            (icon("info", 16))
            div { b { "Only the first 256 words are searched." } p { "The rest of your search is ignored." } }
        }
    }
}
