//! Notes: what people wrote about all candidates, by day, found by its words.

mod export;
mod feed;
mod filters;
mod hide;
mod whole;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tetherboard_domain::{ContactId, Dataset, EpochMs, ResolvedPeriod, Search};
use tetherboard_metrics::{FeedEvent, NOTE_FEED, NoteFeed, Selection};
use tetherboard_store::notes::{self, HiddenKind, NoteCoverage, NoteRow};
use tetherboard_store::{Result as StoreResult, runs};

use crate::address::links::{self, Tab};
use crate::address::notes::NoteQuery;
use crate::address::query::{Format, Page as PageQuery, PageNumber, Param, SearchText};
use crate::http::error::HttpResult;
use crate::http::viewer::BrandViewer;
use crate::parts::format::{count, counted, number};
use crate::parts::highlight::excerpt;
use crate::parts::period::narrower;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::table::no_such_page;
use crate::parts::{icon, time};
use crate::read::note_feed::{EXCERPT_LETTERS, note_coverage, note_feed};
use crate::read::numbers::Numbers;
use crate::read::numbers::numbers;
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/t/{brand}/notes", get(page))
        .route("/t/{brand}/notes/one", get(whole::page))
        .route("/agency/brands/{brand}/notes/note", post(hide::note))
        .route("/agency/brands/{brand}/notes/type", post(hide::kind))
}

/// Notes to a page.
const PAGE: i64 = 30;

/// In letters. A longer note is shown as an excerpt, with the way to all of it.
pub(crate) const SHORT: i64 = 700;

/// Moves and appointments to a page, of each.
const MOST_BETWEEN: usize = 60;

/// What the page shows.
struct NotesView {
    query: NoteQuery,
    page: PageNumber,
    search: Option<Search>,
    period: Option<ResolvedPeriod>,
    numbers: Arc<Numbers>,
    feed: Arc<NoteFeed>,
    selection: Selection,
    /// Of this page, in order.
    rows: Vec<NoteRow>,
    between: Vec<FeedEvent>,
    /// There is more between than is shown.
    more_between: bool,
    /// Of contacts that no row names, with their stages.
    names: HashMap<ContactId, (String, Option<String>)>,
    coverage: NoteCoverage,
    was_read: bool,
    hidden_kinds: Vec<HiddenKind>,
}

impl NotesView {
    fn total(&self) -> i64 {
        count(self.selection.notes.len())
    }
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    query: NoteQuery,
    PageQuery(page): PageQuery,
    format: Format,
) -> HttpResult<Response> {
    let (conn, tenant, now) = (portal.store.conn(), &brand.tenant, portal.clock.now());
    let audience = brand.viewer.audience();
    let numbers = numbers(&portal, tenant, now).await?;
    let feed = note_feed(&portal, tenant, &numbers.board, now).await?;
    let search = query.search();
    let found = match &search {
        Some(search) => Some(notes::search_hits(conn, tenant.id, search).await?),
        None => None,
    };
    let read_ms = runs::dataset_ages(conn, tenant.id).await?.last_read_ms(Dataset::Notes);
    let as_of = read_ms.and_then(time::moment);
    let period = query.period.0.zip(as_of).and_then(|(period, as_of)| period.resolve(&tenant.zone, now, as_of));
    let filter = query.filter(&numbers.board, &tenant.zone, period.as_ref(), found);
    let selection = feed.select(&numbers.board, audience, &filter, now.into());
    if format == Format::Csv {
        let numbers: Vec<i64> = selection.notes.iter().map(|note| note.no).collect();
        return Ok(export::as_csv(&portal, &brand, numbers).await?);
    }
    let first = usize::try_from(page.offset(PAGE)).unwrap_or(usize::MAX);
    let shown = selection.notes.get(first..).unwrap_or_default();
    let shown = &shown[..shown.len().min(PAGE as usize)];
    if shown.is_empty() && first > 0 {
        return Err(no_such_page());
    }
    let rows = rows(&portal, &brand, search.as_ref(), &shown.iter().map(|note| note.no).collect::<Vec<_>>()).await?;
    // What happened since the last note of this page, up to the last note of the page before.
    let until = first.checked_sub(1).map_or(EpochMs::MAX, |at| selection.notes[at].at_ms.unwrap_or(EpochMs::MIN));
    let is_last = first + shown.len() >= selection.notes.len();
    let after = shown.last().filter(|_| !is_last).map_or(EpochMs::MIN, |last| last.at_ms.unwrap_or(EpochMs::MIN));
    let (mut between, mut more_between) = (Vec::new(), false);
    if query.also.moves {
        let (moves, more) = feed.moves_between(&numbers.board, &filter, (after, until), MOST_BETWEEN);
        between.extend(moves);
        more_between |= more;
    }
    if query.also.appointments {
        let span = (after, until);
        let (met, more) = feed.appointments_between(&numbers.board, &filter, span, now.into(), MOST_BETWEEN);
        between.extend(met);
        more_between |= more;
    }
    let ids: Vec<ContactId> =
        between.iter().map(|one| one.client_id.clone()).chain(filters::candidates(&selection, &query)).collect();
    let view = NotesView {
        names: notes::contact_names(conn, tenant.id, &ids).await?,
        coverage: note_coverage(&portal, tenant, now).await?,
        was_read: as_of.is_some(),
        hidden_kinds: if brand.viewer.is_agency() { notes::hidden_kinds(conn, tenant.id).await? } else { Vec::new() },
        query,
        page,
        search,
        period,
        feed,
        selection,
        rows,
        between,
        more_between,
        numbers,
    };
    let shell = Shell::load(&portal, &brand, theme).await?;
    let link = view.query.add_to(links::notes(&tenant.slug));
    let address = view.page.add_to("page", link);
    // Another brand has other authors and candidates.
    let kept = NoteQuery { authors: Vec::new(), clients: Vec::new(), ..view.query.clone() }.add_to(links::Link::to("")).url();
    let period = links::Link::to("").maybe("period", view.query.period.0.map(|period| period.to_string()).as_deref()).url();
    let (bar, body) = (bar(&shell, &view), body(&shell, &view));
    Ok(shell.render(&Page { tab: Tab::Notes, bar, body, address, filters: kept, period }).into_response())
}

/// The notes with these numbers, in this order, each with the part of its text in which something was found.
async fn rows(portal: &Portal, brand: &BrandViewer, search: Option<&Search>, numbers: &[i64]) -> StoreResult<Vec<NoteRow>> {
    let (conn, tenant, audience) = (portal.store.conn(), brand.tenant.id, brand.viewer.audience());
    let mut rows = notes::by_numbers(conn, tenant, audience, numbers, EXCERPT_LETTERS).await?;
    let Some(search) = search else { return Ok(rows) };
    // Of a note that is not read whole, what was found may stand further on.
    const PART: i32 = 60_000;
    for row in rows.iter_mut().filter(|row| row.letters > i64::from(EXCERPT_LETTERS)) {
        let mut from = 1;
        while search.marks(row.body.chars()).is_empty() && i64::from(from) <= row.letters {
            let Some((part, _)) = notes::text_part(conn, tenant, audience, &row.crm_id, from, PART + EXCERPT_LETTERS).await?
            else {
                break;
            };
            if !search.marks(part.chars()).is_empty() {
                excerpt(&part, Some(search), SHORT as usize).1.clone_into(&mut row.body);
                break;
            }
            from += PART;
        }
    }
    Ok(rows)
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn bar(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let tenant = shell.tenant();
    let base = view.query.without_period().add_to(links::notes(&tenant.slug));
    html! {
        (narrower(view.query.period.0, view.period.as_ref(), tenant.zone.date(shell.now), &tenant.zone, &base))
        div.push.flex {
            button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
            a.btn href=(view.query.add_to(links::notes(&tenant.slug)).with("format", "csv").url()) { (icon("download", 15)) "CSV, " (counted(view.total(), "row", "rows")) }
        }
    }
}

fn body(shell: &Shell<'_>, view: &NotesView) -> Markup {
    html! {
        div.flex.wrapf.notes-head {
            h1 { (headline(view)) }
            (coverage(view))
        }
        (notice(view))
        div.cols {
            aside.card.c-3 aria-label="Filters" { (filters::panel(shell, view)) }
            div.c-9.stack.notes-feed { (filters::chips(shell, view)) (feed::feed(shell, view)) }
        }
        @if shell.brand.viewer.is_agency() { (hide::settings(shell, view)) }
    }
}

/// `9 notes mention “financing” in the last 30 days`.
fn headline(view: &NotesView) -> Markup {
    let total = view.total();
    let narrowed_otherwise = NoteQuery { text: SearchText::default(), ..view.query.without_period() }.is_filtered();
    html! {
        (counted(total, "note", "notes"))
        @if let Some(text) = view.query.text.as_deref() { @if total == 1 { " mentions " } @else { " mention " } "“" (crate::parts::format::clipped(text)) "”" }
        @else if narrowed_otherwise { @if total == 1 { " fits the filters" } @else { " fit the filters" } }
        @if let Some(period) = view.query.period.0 { " " (period.phrase()) }
    }
}

fn coverage(view: &NotesView) -> Markup {
    let NoteCoverage { current, contacts } = view.coverage;
    html! {
        span.sub.flex.notes-coverage data-coverage {
            details.def id="def-coverage" {
                summary aria-label="What this means" { (icon("info", 14)) }
                div.def-panel {
                    b { "How current notes are" }
                    p { "ClientTether gives notes candidate by candidate, so each sync reads those of some: first of candidates that changed, then of those never read, then of those read longest ago. Notes are current for a candidate when they were read since ClientTether last changed it. " (NOTE_FEED) }
                    dl { dt { "Current" } dd { (number(current)) " of " (number(contacts)) } }
                }
            }
            "Notes are current for " (number(current)) " of " (counted(contacts, "candidate", "candidates"))
        }
    }
}

/// What a search could not do.
fn notice(view: &NotesView) -> Markup {
    let Some(search) = &view.search else { return crate::parts::shell::EMPTY };
    html! {
        @if search.is_cut() {
            div.banner.info { (icon("info", 16)) div { b { "Only the first 256 words are looked for." } p { "The search has more; the rest of it was left out." } } }
        }
    }
}
