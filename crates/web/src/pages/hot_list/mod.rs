//! Hot List: who stands in a late stage, ranked, each with why, what comes next, and how sure that is.

mod besides;
mod call;
mod query;
mod table;
mod visits;
pub(crate) mod words;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, Money, Role, ScoreRules};
use tetherboard_metrics::{
    AwardNow, Board, HOT_LIST, Heating, HotList, HotListItem, Status, awarded_now, heating_up, hot_list, hot_list_rules,
};
use tetherboard_store::notes::{self, LatestNote};
use tetherboard_store::small_lists;

use self::query::HotQuery;
use self::visits::News;
use self::words::Then;
use crate::Portal;
use crate::error::{Answer, Refusal, Wants};
use crate::links::{self, Link, Tab};
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::stages::stage;
use crate::parts::status::looks;
use crate::parts::table::PAGE;
use crate::parts::words::{NO_OWNER, count, counted, number};
use crate::parts::{icon, time, toned_icon};
use crate::query::{Pairs, one_of};
use crate::viewer::BrandViewer;

pub(crate) use self::table::reasons;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/hot-list", get(page))
}

/// What changes only with a sync or a setting.
pub(crate) struct HotBoard {
    pub(crate) list: HotList,
    board: Board,
    pub(crate) rules: ScoreRules,
    heating: Vec<Heating>,
    awarded: Vec<AwardNow>,
    /// Addresses of the CRM's users, by their names in lower case.
    addresses: HashMap<String, String>,
    /// As the list has them, each once.
    owners: Labels,
    markets: Labels,
}

/// Values by themselves in lower case; how each is spelled is how it came first.
type Labels = BTreeMap<String, String>;

impl HotBoard {
    /// Where a contact stands on the list, and as of when.
    pub(crate) fn of_contact(&self, contact: &ContactId) -> Option<(&HotListItem, Timestamp)> {
        let item = self.list.items.iter().find(|item| item.contact_id.as_ref() == Some(contact))?;
        Some((item, self.list.as_of?))
    }

    /// A candidate's stage, in the colour of its role.
    pub(crate) fn stage_of(&self, item: &HotListItem) -> Markup {
        stage(item.stage.as_deref(), self.board.role(&self.board.place(item.stage.as_deref())))
    }
}

/// The list of the data version that the brand was read with.
pub(crate) async fn load(portal: &Portal, brand: &BrandViewer) -> tetherboard_store::Result<Arc<HotBoard>> {
    let (conn, tenant, now) = (portal.store.conn(), &brand.tenant, portal.clock.now());
    let compute = async || {
        let (list, board) = (hot_list(conn, tenant.id).await?, Board::load(conn, tenant.id).await?);
        let (heating, awarded) = match list.as_of {
            Some(at) => (heating_up(conn, tenant, &board, at).await?, awarded_now(conn, tenant, &board, at).await?),
            None => (Vec::new(), Vec::new()),
        };
        let users = small_lists::crm_users(conn, tenant.id).await?;
        let addresses = users.into_iter().map(|user| (user.name.trim().to_lowercase(), user.email)).collect();
        let rules = hot_list_rules(conn, tenant.id).await?.score;
        let (owners, markets) = (labels(&list, |item| &item.owner), labels(&list, |item| &item.market));
        Ok(HotBoard { list, board, rules, heating, awarded, addresses, owners, markets })
    };
    portal.numbers.get(tenant, now, "hot list", compute).await
}

fn labels(list: &HotList, of: fn(&HotListItem) -> &str) -> Labels {
    let mut labels = Labels::new();
    for text in list.items.iter().map(|item| of(item).trim()) {
        labels.entry(text.to_lowercase()).or_insert_with(|| text.to_owned());
    }
    labels
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

/// What the page shows.
struct HotView<'a> {
    all: &'a HotBoard,
    then: Then<'a>,
    query: HotQuery,
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
        self.query.sorted(self.query.narrow(links::hot_list(slug)))
    }
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    headers: HeaderMap,
    pairs: Pairs,
) -> Answer<Response> {
    let bad = |detail: String| Refusal::bad_request(Wants::Page, detail);
    let query = HotQuery::parse(&pairs).map_err(bad)?;
    let view = match one_of(&pairs, "view", &[("table", "table"), ("call", "call"), ("call-all", "call-all")]).map_err(bad)? {
        Some("call") => View::Call { who: pairs.filled("who").map(str::to_owned) },
        Some("call-all") => View::CallAll,
        _ => View::Table,
    };
    let (conn, tenant, now) = (portal.store.conn(), &brand.tenant, portal.clock.now());
    let all = load(&portal, &brand).await?;
    let then = Then::of(all.list.as_of.unwrap_or(now), tenant);
    let rows = query.of(&all.list.items);
    let mut view = HotView { all: &all, then, query, view, rows, news: None, notes: HashMap::new() };
    if pairs.wants_csv().map_err(bad)? {
        return Ok(table::as_csv(&view));
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    if view.view == View::Table {
        if view.query.page > 1 && table::shown(&view).is_empty() {
            return Err(Refusal::missing(Wants::Page, "This list has no such page; it may have become shorter."));
        }
        // A page that refreshes itself is nobody looking.
        let is_person = !headers.contains_key("hx-request");
        view.news = visits::visit(conn, tenant, brand.viewer.user.id, &view.all.list, now, is_person).await?;
    }
    let called = match &view.view {
        View::Call { who } => call::called(&view, who.as_deref()),
        _ => None,
    };
    let shown: Vec<ContactId> = match &view.view {
        View::Table => table::shown(&view).iter().filter_map(|item| item.contact_id.clone()).collect(),
        View::Call { .. } => called.and_then(|called| view.rows[called.at].contact_id.clone()).into_iter().collect(),
        View::CallAll => view.rows.iter().take(call::MOST).filter_map(|item| item.contact_id.clone()).collect(),
    };
    view.notes = notes::latest_of(conn, tenant.id, brand.viewer.audience(), &shown).await?;
    let body = match (view.all.list.as_of, &view.view) {
        (None, _) => unread(),
        (Some(_), View::Table) => body(&shell, &view),
        (Some(_), View::Call { .. }) => call::one(&shell, &view, called),
        (Some(_), View::CallAll) => call::all(&shell, &view),
    };
    let address = match &view.view {
        View::Table if view.query.page > 1 => view.address(&tenant.slug).with("page", &view.query.page.to_string()),
        View::Table => view.address(&tenant.slug),
        View::Call { who } => call::link(&view, &tenant.slug).maybe("who", who.as_deref()),
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
            a.btn.only-phone href=(call::link(view, slug).url()) { (icon("maximize-2", 15)) "Weekly call" }
        } @else {
            a.btn href=(view.address(slug).url()) { (icon("arrow-left", 15)) "The whole list" }
        }
        @if let Some(as_of) = as_of { p.dates { "As of " (as_of) } }
        div.push.flex {
            @if view.view == View::Table { a.btn href=(call::link(view, slug).url()) { (icon("maximize-2", 15)) "Weekly call" } }
            @else { button.btn type="button" data-print { (icon("printer", 15)) "Print" } }
            a.btn href=(view.address(slug).with("format", "csv").url()) { (icon("download", 15)) "CSV, " (counted(view.total(), "row", "rows")) }
        }
    }
}

/// Owner and market, as the list has them.
fn filters(slug: &str, view: &HotView<'_>) -> Markup {
    let chosen = [&view.query.owner, &view.query.market].into_iter().flatten().count();
    let others = HotQuery { owner: None, market: None, ..view.query.clone() };
    let kept = others.sorted(others.narrow(Link::to("")));
    html! {
        details.menu id="hot-filters" {
            summary.btn { (icon("list-filter", 15)) "Owner, market" @if chosen > 0 { " · " b { (chosen) } } (icon("chevron-down", 14)) }
            div.menu-panel {
                form.menu-form method="get" action=(Tab::HotList.url(slug)) {
                    @for (key, label, now, values) in [
                        ("owner", "Owner", &view.query.owner, &view.all.owners),
                        ("market", "Market", &view.query.market, &view.all.markets),
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
        @if let Some(news) = &view.news { (besides::news(shell, view, news)) }
        @if !view.all.awarded.is_empty() { (besides::awarded(shell, &view.all.awarded)) }
        @if let Some(unsure) = unsure(shell, &view.all.board) { (unsure) }
        @if !view.all.list.items.is_empty() { (chips(shell, view)) }
        @if view.rows.is_empty() { (empty(shell, view)) } @else { (table::table(shell, view)) }
        @if !view.all.heating.is_empty() { (besides::heating(shell, view)) }
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
            span.sub { @if view.query.is_narrowed() { "of " (counted(count(view.all.list.items.len()), "candidate", "candidates")) " in late stages; " } "ranked by score" }
        }
    }
}

/// One filter at a time by status; each count is that of the list that it leads to.
fn chips(shell: &Shell<'_>, view: &HotView<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let tally = view.query.tally(&view.all.list.items);
    let turned = |status: Option<Status>| HotQuery { status, page: 1, ..view.query.clone() };
    let url = |query: &HotQuery| query.sorted(query.narrow(links::hot_list(slug))).url();
    let fee = |fee: Option<bool>| HotQuery { fee, page: 1, ..view.query.clone() };
    let without = tally.without_fee;
    let hides = view.query.fee == Some(true);
    html! {
        nav.chips aria-label="Filter by status" {
            a.chip href=(url(&turned(None))) data-count=(tally.all()) aria-current=[view.query.status.is_none().then_some("true")] { "All " span.n { (number(tally.all())) } }
            @for status in Status::ALL {
                @let found = tally.of(status);
                @if found > 0 || view.query.status == Some(status) {
                    @let (tone, picture) = looks(status);
                    a class=(format!("chip {tone}")) href=(url(&turned(Some(status)))) data-count=(found) aria-current=[(view.query.status == Some(status)).then_some("true")] {
                        (toned_icon(picture, 14)) (status.name()) " " span.n { (number(found)) }
                    }
                }
            }
            @if without > 0 && view.query.fee != Some(false) {
                a.chip.push.tick href=(url(&fee(if hides { None } else { Some(true) }))) title=(if hides { "Show those without a known fee too" } else { "Hide those without a known fee" }) {
                    span.box.on[!hides] aria-hidden="true" {}
                    @if hides { span.sr { "Show " } } @else { span.sr { "Hide " } }
                    "Without fee " span.n { (number(without)) }
                }
            }
            @if view.query.fee == Some(false) { a.chip.on.push href=(url(&fee(None))) aria-label="Drop the filter Without fee" { "Without fee " (icon("x", 13)) } }
            @for (key, label) in [("Owner", &view.query.owner), ("Market", &view.query.market)] {
                @if let Some(text) = label {
                    @let without = if key == "Owner" { HotQuery { owner: None, page: 1, ..view.query.clone() } } else { HotQuery { market: None, page: 1, ..view.query.clone() } };
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
