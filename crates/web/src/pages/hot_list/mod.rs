//! Hot List: who stands in a late stage, ranked, each with why, what comes next, and how sure that is.

mod sidebar;
mod table;
mod visits;
mod weekly_call;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, Money, Role};
use tetherboard_metrics::{Board, HOT_LIST, HotListItem, Status};
use tetherboard_store::notes::{self, LatestNote};

use self::visits::News;
use crate::address::hot_list::{FeeFilter, HotListQuery};
use crate::address::links::{self, Link, Tab};
use crate::address::pairs::Pairs;
use crate::address::query::{Choice, ExactText, Format, PageNumber, Param};
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::format::{NO_OWNER, count, counted, number};
use crate::parts::hot_list::HotListFormat;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::status::looks;
use crate::parts::table::{PAGE, no_such_page};
use crate::parts::{icon, time, toned_icon};
use crate::read::hot_list::{FilterCounts, HotListData, hot_list, matching};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/hot-list", get(page))
}

/// How the list is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum View {
    Table,
    /// One candidate at a time: the one of this key, or the first.
    Call {
        who: Option<String>,
    },
    /// All of them as the call shows them, for paper.
    CallAll,
}

/// What the address of the page says.
struct HotListAddress {
    query: HotListQuery,
    page: PageNumber,
    view: View,
}

#[derive(Clone, Copy, PartialEq)]
enum ViewName {
    Table,
    Call,
    CallAll,
}

impl Choice for ViewName {
    const NAMES: &'static [(&'static str, Self)] = &[("table", Self::Table), ("call", Self::Call), ("call-all", Self::CallAll)];
}

impl<S: Sync> FromRequestParts<S> for HotListAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        let view: Option<ViewName> = Param::parse(&pairs, "view")?;
        let view = match view {
            Some(ViewName::Call) => View::Call { who: pairs.filled("who").map(str::to_owned) },
            Some(ViewName::CallAll) => View::CallAll,
            Some(ViewName::Table) | None => View::Table,
        };
        Ok(Self { query: HotListQuery::parse(&pairs)?, page: Param::parse(&pairs, "page")?, view })
    }
}

/// What the page shows.
struct HotView<'a> {
    all: &'a HotListData,
    display: HotListFormat<'a>,
    query: HotListQuery,
    page: PageNumber,
    view: View,
    /// All that fit, in order.
    rows: Vec<&'a HotListItem>,
    news: Option<News<'a>>,
    /// Of those who are shown, by contact.
    notes: HashMap<ContactId, LatestNote>,
}

impl HotView<'_> {
    fn total(&self) -> i64 {
        count(self.rows.len())
    }

    /// The same list at its address, without its page.
    fn address(&self, slug: &str) -> Link {
        self.query.add_to(links::hot_list(slug))
    }
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    headers: HeaderMap,
    address: HotListAddress,
    format: Format,
) -> HttpResult<Response> {
    let HotListAddress { query, page, view } = address;
    let (conn, tenant, now) = (portal.store.conn(), &brand.tenant, portal.clock.now());
    let all = hot_list(&portal, tenant, now).await?;
    let display = HotListFormat::of(all.list.as_of.unwrap_or(now), tenant);
    let rows = matching(&query, &all.list.items);
    let mut view = HotView { all: &all, display, query, page, view, rows, news: None, notes: HashMap::new() };
    if format == Format::Csv {
        return Ok(table::as_csv(&view));
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    if view.view == View::Table {
        if !view.page.is_first() && table::shown(&view).is_empty() {
            return Err(no_such_page());
        }
        // A page that refreshes itself is nobody looking.
        let is_person = !headers.contains_key("hx-request");
        view.news = visits::visit(conn, tenant, brand.viewer.user.id, &view.all.list, now, is_person).await?;
    }
    let called = match &view.view {
        View::Call { who } => weekly_call::called(&view, who.as_deref()),
        _ => None,
    };
    let shown: Vec<ContactId> = match &view.view {
        View::Table => table::shown(&view).iter().filter_map(|item| item.contact_id.clone()).collect(),
        View::Call { .. } => called.and_then(|called| view.rows[called.at].contact_id.clone()).into_iter().collect(),
        View::CallAll => view.rows.iter().take(weekly_call::MOST).filter_map(|item| item.contact_id.clone()).collect(),
    };
    view.notes = notes::latest_for(conn, tenant.id, brand.viewer.audience(), &shown).await?;
    let body = match (view.all.list.as_of, &view.view) {
        (None, _) => unread(),
        (Some(_), View::Table) => body(&shell, &view),
        (Some(_), View::Call { .. }) => weekly_call::one(&shell, &view, called),
        (Some(_), View::CallAll) => weekly_call::all(&shell, &view),
    };
    let address = match &view.view {
        View::Table => view.page.add_to("page", view.address(&tenant.slug)),
        View::Call { who } => weekly_call::link(&view, &tenant.slug).maybe("who", who.as_deref()),
        View::CallAll => view.address(&tenant.slug).with("view", "call-all"),
    };
    let page = Page { tab: Tab::HotList, bar: bar(&shell, &view), body, address, kept: String::new(), period: String::new() };
    Ok(shell.render(&page).into_response())
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn bar(shell: &Shell<'_>, view: &HotView<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let as_of = view.all.list.as_of.map(|as_of| time::exact(as_of, &shell.tenant().zone));
    html! {
        @if view.view == View::Table {
            (filters(slug, view))
            a.btn.only-phone href=(weekly_call::link(view, slug).url()) { (icon("maximize-2", 15)) "Weekly call" }
        } @else {
            a.btn href=(view.address(slug).url()) { (icon("arrow-left", 15)) "The whole list" }
        }
        @if let Some(as_of) = as_of { p.dates { "As of " (as_of) } }
        div.push.flex {
            @if view.view == View::Table { a.btn href=(weekly_call::link(view, slug).url()) { (icon("maximize-2", 15)) "Weekly call" } }
            @else { button.btn type="button" data-print { (icon("printer", 15)) "Print" } }
            a.btn href=(view.address(slug).with("format", "csv").url()) { (icon("download", 15)) "CSV, " (counted(view.total(), "row", "rows")) }
        }
    }
}

/// Owner and market, as the list has them.
fn filters(slug: &str, view: &HotView<'_>) -> Markup {
    let chosen = [&view.query.owner, &view.query.market].into_iter().filter(|label| label.is_set()).count();
    let others = HotListQuery { owner: ExactText::default(), market: ExactText::default(), ..view.query.clone() };
    let kept = others.add_to(Link::to(""));
    html! {
        details.menu id="hot-filters" {
            summary.btn { (icon("list-filter", 15)) "Owner, market" @if chosen > 0 { " · " b { (chosen) } } (icon("chevron-down", 14)) }
            div.menu-panel {
                form.menu-form method="get" action=(Tab::HotList.url(slug)) {
                    @for (key, label, now, values) in [
                        ("owner", "Owner", &view.query.owner.0, &view.all.owners),
                        ("market", "Market", &view.query.market.0, &view.all.markets),
                    ] {
                        div.field { label for=(format!("hot-{key}")) { (label) }
                            select.select id=(format!("hot-{key}")) name=(key) {
                                option value="*" { "All" }
                                @for (lower, text) in values {
                                    option value=(text) selected[now.as_ref().is_some_and(|now| now.to_lowercase() == *lower)] { @if !text.is_empty() { (text) } @else if key == "owner" { (NO_OWNER) } @else { "Not recorded" } }
                                }
                            }
                        }
                    }
                    @for (key, value) in kept.pairs() { input type="hidden" name=(key) value=(value); }
                    div.acts { button.btn { "Apply" } }
                }
            }
        }
    }
}

fn body(shell: &Shell<'_>, view: &HotView<'_>) -> Markup {
    html! {
        (headline(shell, view))
        @if let Some(news) = &view.news { (sidebar::news(shell, view, news)) }
        @if !view.all.awarded.is_empty() { (sidebar::awarded(shell, &view.all.awarded)) }
        @if let Some(unsure) = unsure(shell, &view.all.board) { (unsure) }
        @if !view.all.list.items.is_empty() { (chips(shell, view)) }
        @if view.rows.is_empty() { (empty(shell, view)) } @else { (table::table(shell, view)) }
        @if !view.all.heating.is_empty() { (sidebar::heating(shell, view)) }
    }
}

fn headline(shell: &Shell<'_>, view: &HotView<'_>) -> Markup {
    let weighted: Money = view.rows.iter().filter_map(|item| item.weighted).sum();
    let known = view.rows.iter().any(|item| item.weighted.is_some());
    html! {
        div.flex.wrapf.hot-head {
            h1 {
                (counted(view.total(), "candidate", "candidates"))
                @match view.query.status { Some(status) => { ", " (status.name().to_lowercase()) } None => " in late stages" }
                @if known { ", " (weighted.short()) " weighted" }
            }
            details.def id="def-hot-list" {
                summary aria-label="What this list is" { (icon("info", 14)) }
                div.def-panel {
                    b { "Hot list" }
                    p { (HOT_LIST) }
                    p { "Weighted is each deal’s fee times its odds. A touch is a note by a person, or an appointment that took place; silence counts only as far as notes were read." }
                    @if let Some(as_of) = view.all.list.as_of { dl { dt { "As of" } dd { (time::exact(as_of, &shell.tenant().zone)) } } }
                }
            }
            span.sub { @if view.query.is_filtered() { "of " (counted(count(view.all.list.items.len()), "candidate", "candidates")) " in late stages; " } "ranked by score" }
        }
    }
}

/// One filter at a time by status; each count is that of the list that it leads to.
fn chips(shell: &Shell<'_>, view: &HotView<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let counts = FilterCounts::of(&view.query, &view.all.list.items);
    let turned = |status: Option<Status>| HotListQuery { status, ..view.query.clone() };
    let url = |query: &HotListQuery| query.add_to(links::hot_list(slug)).url();
    let fee = |fee: Option<FeeFilter>| HotListQuery { fee, ..view.query.clone() };
    let without = counts.without_fee;
    let hides = view.query.fee == Some(FeeFilter::Known);
    html! {
        nav.chips aria-label="Filter by status" {
            a.chip href=(url(&turned(None))) data-count=(counts.all()) aria-current=[view.query.status.is_none().then_some("true")] { "All " span.n { (number(counts.all())) } }
            @for status in Status::ALL {
                @let found = counts.status(status);
                @if found > 0 || view.query.status == Some(status) {
                    @let (tone, picture) = looks(status);
                    a class=(format!("chip {tone}")) href=(url(&turned(Some(status)))) data-count=(found) aria-current=[(view.query.status == Some(status)).then_some("true")] {
                        (toned_icon(picture, 14)) (status.name()) " " span.n { (number(found)) }
                    }
                }
            }
            @if without > 0 && view.query.fee != Some(FeeFilter::Unknown) {
                a.chip.push.tick href=(url(&fee(if hides { None } else { Some(FeeFilter::Known) }))) title=(if hides { "Show those without a known fee too" } else { "Hide those without a known fee" }) {
                    span.box.on[!hides] aria-hidden="true" {}
                    @if hides { span.sr { "Show " } } @else { span.sr { "Hide " } }
                    "Without fee " span.n { (number(without)) }
                }
            }
            @if view.query.fee == Some(FeeFilter::Unknown) { a.chip.on.push href=(url(&fee(None))) aria-label="Drop the filter Without fee" { "Without fee " (icon("x", 13)) } }
            @for (key, label) in [("Owner", &view.query.owner.0), ("Market", &view.query.market.0)] {
                @if let Some(text) = label {
                    @let without = if key == "Owner" { HotListQuery { owner: ExactText::default(), ..view.query.clone() } } else { HotListQuery { market: ExactText::default(), ..view.query.clone() } };
                    @let shown = match text.as_str() { "" if key == "Owner" => NO_OWNER, "" => "not recorded", text => text };
                    a.chip.on href=(url(&without)) aria-label=(format!("Drop the filter {key}: {shown}")) { span.t title=(shown) { (key) ": " (shown) } (icon("x", 13)) }
                }
            }
        }
    }
}

/// That some of the stages are late only by their names.
fn unsure(shell: &Shell<'_>, board: &Board) -> Option<Markup> {
    let late = board.stages().iter().filter(|stage| stage.of_prospects && stage.role.likely() == Some(Role::Late));
    let names: Vec<&str> = late.filter(|stage| stage.role.confirmed().is_none()).map(|stage| stage.name.as_str()).collect();
    let count = count(names.len());
    (count > 0).then(|| {
        html! {
            div.notice.warning {
                (toned_icon("info", 15))
                span {
                    (counted(count, "stage is", "stages are")) " taken for late by name or odds, and nobody confirmed it yet: "
                    (names.join(", ")) "."
                    @if shell.brand.viewer.is_agency() { " Confirm them with " code { "tetherboard tenant set --stage-role" } "." }
                }
            }
        }
    })
}

fn empty(shell: &Shell<'_>, view: &HotView<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let has_late = view.all.board.stages().iter().any(|stage| stage.of_prospects && stage.role.likely() == Some(Role::Late));
    html! {
        section.card { div.empty data-total="0" {
            @if !view.all.list.items.is_empty() {
                span.disc.quiet { (icon("funnel", 20)) }
                h2 { "No candidate fits these filters" }
                p { (counted(count(view.all.list.items.len()), "candidate is", "candidates are")) " on the list without them." }
                div.chips { a.btn href=(links::hot_list(slug).url()) { (icon("x", 14)) "Clear all filters" } }
            } @else if has_late {
                span.disc.quiet { (icon("target", 20)) }
                h2 { "Nobody stands in a late stage" }
                p { "Candidates appear here when they come into one." }
                div.chips { a.btn href=(links::pipeline(slug).url()) { "To the pipeline" } }
            } @else {
                span.disc.quiet { (icon("layers", 20)) }
                h2 { "No stage of this brand is late" }
                p {
                    "The agency says which stages are late, such as those after the review of the FDD; until then nobody can be ranked."
                    @if shell.brand.viewer.is_agency() { " Say so with " code { "tetherboard tenant set --stage-role \"NAME=late\"" } "." }
                }
            }
        } }
    }
}

fn unread() -> Markup {
    html! {
        h1.sr { "Hot List" }
        section.card { div.empty data-total="0" {
            span.disc.quiet { (icon("clock", 20)) }
            h2 { "No list yet" }
            p { "It is made when stages, contacts and deals have been read from ClientTether once." }
        } }
    }
}

/// Of a list: which part of it is on a page.
fn part(page: i64, total: usize) -> std::ops::Range<usize> {
    let size = usize::try_from(PAGE).unwrap_or(1);
    let from = usize::try_from(page - 1).unwrap_or(0).saturating_mul(size).min(total);
    from..from.saturating_add(size).min(total)
}
