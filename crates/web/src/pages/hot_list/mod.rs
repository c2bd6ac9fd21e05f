//! Hot list: candidates in late stages, ranked by score, each with its reasons and next step.

mod address;
mod details;
mod filters;
mod sidebar;
mod table;
mod visits;
mod weekly_call;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, Money, PlausibleDates, Role};
use tetherboard_metrics::{Board, HOT_LIST, HotListItem};
use tetherboard_store::notes::{self, LatestNote};

use self::address::{HotListAddress, Layout};
use self::visits::News;
use crate::address::links::{self, Tab};
use crate::address::query::Format;
use crate::http::error::HttpResult;
use crate::http::viewer::BrandViewer;
use crate::parts::actions::{clear_filters_button, csv_button, print_button};
use crate::parts::empty_state::empty_list;
use crate::parts::format::{count, counted, number};
use crate::parts::hot_list::HotListFormat;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::table::{PAGE, no_such_page};
use crate::parts::{icon, time, toned_icon};
use crate::read::hot_list::{HotListData, hot_list, matching};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/hot-list", get(page))
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    headers: HeaderMap,
    address: HotListAddress,
    format: Format,
) -> HttpResult<Response> {
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    let data = hot_list(&portal, tenant, now).await?;
    if format == Format::Csv {
        return Ok(table::as_csv(tenant, &data, &address, now));
    }
    // A page that refreshes itself is not a visit.
    let is_visit = !headers.contains_key("hx-request");
    let view = HotListView::load(&portal, &brand, &data, address, is_visit, now).await?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let page = Page {
        tab: Tab::HotList,
        bar: bar(&shell, &view),
        body: body(&shell, &view),
        address: view.address.url(&tenant.slug),
        filters: String::new(),
        period: String::new(),
    };
    Ok(shell.render(&page).into_response())
}

/// What the page shows.
struct HotListView<'a> {
    data: &'a Arc<HotListData>,
    format: HotListFormat<'a>,
    address: HotListAddress,
    /// Every candidate that matches, in order.
    rows: Vec<&'a HotListItem>,
    /// The candidate of the weekly call.
    called: Option<weekly_call::CallPosition>,
    /// What changed since the last visit.
    news: Option<News<'a>>,
    /// The latest notes of the shown candidates, by contact.
    notes: HashMap<ContactId, LatestNote>,
}

impl<'a> HotListView<'a> {
    async fn load(
        portal: &Portal,
        brand: &'a BrandViewer,
        data: &'a Arc<HotListData>,
        address: HotListAddress,
        is_visit: bool,
        now: Timestamp,
    ) -> HttpResult<Self> {
        let (conn, tenant, viewer) = (portal.store.conn(), &brand.tenant, &brand.viewer);
        let rows = matching(&address.query, &data.list.items);
        let called = match &address.layout {
            Layout::Call(who) => weekly_call::called(&rows, who.as_deref()),
            _ => None,
        };
        let format = HotListFormat::of(data.list.as_of.unwrap_or(now), tenant);
        let mut view = Self { data, format, address, rows, called, news: None, notes: HashMap::new() };
        if view.address.layout == Layout::Table {
            if !view.address.page.is_first() && view.shown().is_empty() {
                return Err(no_such_page());
            }
            view.news = visits::visit(conn, tenant, viewer.user.id, &data.list, now, is_visit).await?;
        }
        let shown: Vec<ContactId> = view.shown().iter().filter_map(|item| item.contact_id.clone()).collect();
        view.notes = notes::latest_for(conn, tenant.id, viewer.audience(), &shown, PlausibleDates::at(now)).await?;
        Ok(view)
    }

    fn total(&self) -> i64 {
        count(self.rows.len())
    }

    /// The candidates on the page: a page of the table, the one of the call, or all that are printed.
    fn shown(&self) -> &[&'a HotListItem] {
        let range = match &self.address.layout {
            Layout::Table => {
                let size = usize::try_from(PAGE).unwrap_or(1);
                let from = usize::try_from(self.address.page.offset(PAGE)).unwrap_or(usize::MAX);
                from..from.saturating_add(size)
            }
            Layout::Call(_) => self.called.map_or(0..0, |called| called.at..called.at + 1),
            Layout::CallSheets => 0..weekly_call::MOST_SHEETS,
        };
        let end = range.end.min(self.rows.len());
        &self.rows[range.start.min(end)..end]
    }
}

fn bar(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let is_table = view.address.layout == Layout::Table;
    let call = |class: &str| {
        html! { a class=(class) href=(view.address.call(slug).url()) { (icon("maximize-2", 15)) "Weekly call" } }
    };
    html! {
        @if is_table { (filters::menu(slug, view)) (call("btn only-phone")) }
        @else { a.btn href=(view.address.list(slug).url()) { (icon("arrow-left", 15)) "Back to list" } }
        @if let Some(as_of) = view.data.list.as_of { p.dates { "As of " (time::exact(as_of, &shell.tenant().zone)) } }
        div.push.flex {
            @if is_table { (call("btn")) } @else { (print_button("btn")) }
            (csv_button(&view.address.list(slug).with("format", "csv").url(), view.total()))
        }
    }
}

fn body(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    match (view.data.list.as_of, &view.address.layout) {
        (None, _) => not_synced(),
        (Some(_), Layout::Table) => list(shell, view),
        (Some(_), Layout::Call(_)) => weekly_call::one(shell, view),
        (Some(_), Layout::CallSheets) => weekly_call::sheets(shell, view),
    }
}

fn not_synced() -> Markup {
    let text = html! { p { "The list is created once stages, contacts, and deals have been synced from ClientTether." } };
    html! {
        h1.sr { "Hot List" }
        section.card { (empty_list("clock", "No list yet", &text)) }
    }
}

fn list(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    let data = view.data;
    html! {
        (headline(shell, view))
        @if let Some(news) = &view.news { (sidebar::news(shell, view, news)) }
        @if !data.awarded.is_empty() { (sidebar::awarded(shell, &data.awarded)) }
        @if let Some(notice) = unconfirmed(shell, &data.board) { (notice) }
        @if !data.list.items.is_empty() { (filters::chips(shell, view)) }
        @if view.rows.is_empty() { (empty(shell, view)) } @else { (table::table(shell, view)) }
        @if !data.heating.is_empty() { (sidebar::rising_candidates(shell, view)) }
    }
}

/// `12 candidates in late stages, $410K weighted`.
fn headline(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    let weighted: Money = view.rows.iter().filter_map(|item| item.weighted).sum();
    let is_known = view.rows.iter().any(|item| item.weighted.is_some());
    let query = &view.address.query;
    html! {
        div.flex.wrapf.hot-head {
            h1 {
                (counted(view.total(), "candidate", "candidates"))
                @match query.status { Some(status) => { ", " (status.name().to_lowercase()) } None => " in late stages" }
                @if is_known { ", " (weighted.short()) " weighted" }
            }
            (definition(shell, view))
            span.sub {
                @if query.is_filtered() {
                    "of " (counted(count(view.data.list.items.len()), "candidate", "candidates")) " in late stages; "
                }
                "ranked by score"
            }
        }
    }
}

fn definition(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    html! {
        details.def id="def-hot-list" {
            summary aria-label="About this list" { (icon("info", 14)) }
            div.def-panel {
                b { "Hot list" }
                p { (HOT_LIST) }
                p {
                    "Weighted is each deal’s fee times its odds. "
                    "A touch is a note by a person or an appointment that took place. "
                    "Notes that are not synced yet are not counted as silence."
                }
                @if let Some(as_of) = view.data.list.as_of {
                    dl { dt { "As of" } dd { (time::exact(as_of, &shell.tenant().zone)) } }
                }
            }
        }
    }
}

fn late_stages(board: &Board) -> impl Iterator<Item = &tetherboard_metrics::BoardStage> {
    board.stages().iter().filter(|stage| stage.of_prospects && stage.role.likely() == Some(Role::Late))
}

/// A notice that some stages count as late only by their name or odds.
fn unconfirmed(shell: &Shell<'_>, board: &Board) -> Option<Markup> {
    let stages = late_stages(board).filter(|stage| stage.role.confirmed().is_none());
    let names: Vec<&str> = stages.map(|stage| stage.name.as_str()).collect();
    let count = count(names.len());
    (count > 0).then(|| {
        html! {
            div.notice.warning {
                (toned_icon("info", 15))
                span {
                    (counted(count, "unconfirmed stage counts", "unconfirmed stages count"))
                    " as late because of the name or odds: " (names.join(", ")) "."
                    @if shell.brand.viewer.is_agency() {
                        " Confirm roles with " code { "tetherboard tenant set --stage-role" } "."
                    }
                }
            }
        }
    })
}

fn empty(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let total = count(view.data.list.items.len());
    let content = if total > 0 {
        let clear = format!("Clear filters to see all {}", number(total));
        empty_list("funnel", "No candidates match", &clear_filters_button(&links::hot_list(slug).url(), &clear))
    } else if late_stages(&view.data.board).next().is_some() {
        let body = html! {
            p { "Candidates appear here when they reach a late stage." }
            div.chips { a.btn href=(links::pipeline(slug).url()) { "View pipeline" } }
        };
        empty_list("target", "No candidates in late stages", &body)
    } else {
        let body = html! {
            p {
                "The agency sets which stages are late, such as those after the FDD review. Until then, no one can be ranked."
                @if shell.brand.viewer.is_agency() {
                    " Set them with " code { "tetherboard tenant set --stage-role \"NAME=late\"" } "."
                }
            }
        };
        empty_list("layers", "This brand has no late stages", &body)
    };
    html! { section.card { (content) } }
}
