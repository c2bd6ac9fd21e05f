//! The list as a table: a row a candidate, which opens into its reasons; and as CSV.

use axum::response::Response;
use maud::{Markup, html};
use tetherboard_domain::{Money, Points};
use tetherboard_metrics::{FDD_CAUTION, HotListItem};
use tetherboard_store::notes::PREVIEW_CHARS;

use super::{HotView, part};
use crate::address::links::{self, Link};
use crate::address::query::Choice;
use crate::http::csv;
use crate::parts::candidate::{candidate_name, is_plain_email, phone};
use crate::parts::format::source_name;
use crate::parts::format::{count, counted, number, owner, weighted_fee};
use crate::parts::hot_list::{HotListFormat, in_short, signed};
use crate::parts::score::reasons;
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::status::badge;
use crate::parts::table::{Sorting, pager};
use crate::parts::{icon, time};

/// The rows of the page.
pub(super) fn shown<'v, 'a>(view: &'v HotView<'a>) -> &'v [&'a HotListItem] {
    &view.rows[part(view.page.0, view.rows.len())]
}

pub(super) fn table(shell: &Shell<'_>, view: &HotView<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let list = view.query.add_filters_to(links::hot_list(slug));
    let (sort, descending) = view.query.order();
    let sorting = Sorting { list: &list, column: sort.word(), descending };
    let units = view.all.list.items.iter().any(|item| !item.units.trim().is_empty());
    html! {
        section.card.hot-card aria-label="Candidates" {
            div.scroll tabindex="0" role="region" aria-label="Hot list" {
                table.table.hot role="table" data-total=(view.total()) {
                    thead role="rowgroup" { tr role="row" {
                        th.no-tab role="columnheader" scope="col" { span.sr { "Rank" } }
                        (sorting.header("Candidate", "name", "", false)) (sorting.header("Stage", "stage", "no-phone", true))
                        (sorting.header("Days", "days", "num no-tab", true)) (sorting.header("Fee", "fee", "num", true))
                        (sorting.header("Weighted", "weighted", "num no-tab", true))
                        @if units { (sorting.header("Units", "units", "num no-tab", true)) }
                        (sorting.header("Owner", "owner", "no-tab", false)) (sorting.header("Last touch", "touch", "num no-tab", true))
                        (sorting.header("Status and next step", "status", "", false)) (sorting.header("Score", "score", "num", true))
                    } }
                    tbody role="rowgroup" { @for item in shown(view) { (row(shell, view, item, units)) } }
                    tfoot role="rowgroup" { (totals(view, units, &list)) }
                }
            }
            (pager(&view.query.add_to(links::hot_list(slug)), view.page.0, view.total()))
        }
    }
}

fn row(shell: &Shell<'_>, view: &HotView<'_>, item: &HotListItem, units: bool) -> Markup {
    let then = view.display;
    html! {
        tr role="row" {
            td.num.muted.no-tab.fit role="cell" { (number(item.place)) }
            th role="rowheader" scope="row" { (candidate_name(&shell.tenant().slug, item.contact_id.as_ref(), &item.name)) @if !item.market.is_empty() { span.l2 { (item.market) } } }
            td.no-phone.c-stage role="cell" {
                (stage(item.stage.as_deref(), view.all.role_of(item)))
                span.l2 { @match item.odds { Some(odds) => { (odds) " odds" } None => "odds not known" } @if item.deals > 1 { ", " (counted(item.deals, "deal", "deals")) } }
            }
            td.num.no-tab role="cell" { (days(then, item)) }
            td.num.c-fee role="cell" { @match item.fee { Some(fee) => (fee), None => span.muted { "not known" } } }
            td.num.no-tab role="cell" { (weighted_fee(item.fee, item.weighted_shown())) }
            @if units { td.num.no-tab role="cell" { (or_dash(Some(item.units.trim().to_owned()).filter(|units| !units.is_empty()))) } }
            td.no-tab.c-owner role="cell" { (owner(&item.owner)) }
            td.num.no-tab role="cell" { (touch(then, item)) }
            td.c-status role="cell" { (badge(item.status)) span.l2 { (then.next_step(&item.next)) } }
            td.num.c-score role="cell" { (score_cell(item)) }
        }
        tr.open-row role="row" { td role="cell" colspan=(if units { "11" } else { "10" }) { (opened(shell, view, item)) } }
    }
}

/// Opens the row below it, by itself.
fn score_cell(item: &HotListItem) -> Markup {
    let mut parts: Vec<&Points> = item.points.iter().filter(|part| part.points != 0).collect();
    parts.sort_by_key(|part| -part.points.abs());
    let told: Vec<String> = parts.iter().map(|part| format!("{} {}", in_short(&part.why), signed(part.points))).collect();
    html! {
        details.why id=(format!("why-{}", item.place)) {
            summary.score aria-label=(format!("Score {}, show reasons for {}", item.score, item.name)) title=(told.join(", ")) {
                span.meter.no-tab { i style=(format!("width:{}%", item.score)) {} }
                span.num { (item.score) }
                (icon("chevron-down", 14))
            }
        }
        @if !told.is_empty() { span.l2.no-tab.top-reasons { (told.iter().take(2).cloned().collect::<Vec<_>>().join(", ")) } }
    }
}

fn days(then: HotListFormat<'_>, item: &HotListItem) -> Markup {
    let days = item.days_in_stage(then.as_of);
    html! {
        @if item.stage_since_exact { (number(days)) }
        @else { span title="In this stage when first read, perhaps for longer." { "≥ " (number(days)) } }
    }
}

fn touch(then: HotListFormat<'_>, item: &HotListItem) -> Markup {
    let title = item.last_touch_ms.and_then(time::moment).map(|at| time::exact(at, &then.tenant.zone));
    let words = then.touch(item);
    html! { @if item.last_touch_ms.is_some() { span title=[title] { (words) } } @else { span.muted { (words) } } }
}

fn or_dash(text: Option<String>) -> Markup {
    html! { @match text { Some(text) => (text), None => span.muted { "—" } } }
}

fn totals(view: &HotView<'_>, units: bool, list: &Link) -> Markup {
    let known: Vec<&HotListItem> = view.rows.iter().copied().filter(|item| item.fee.is_some()).collect();
    let (fees, weighted): (Money, Money) =
        (known.iter().filter_map(|item| item.fee).sum(), known.iter().filter_map(|item| item.weighted).sum());
    let unit_total: Option<i64> =
        view.rows.iter().filter(|item| !item.units.trim().is_empty()).map(|item| item.units.trim().parse::<i64>().ok()).sum();
    let known = count(known.len());
    let amount = |amount: Money| if known > 0 { amount.to_string() } else { "—".to_owned() };
    html! {
        tr role="row" {
            td.no-tab role="cell" {}
            th role="rowheader" scope="row" { (counted(view.total(), "candidate", "candidates")) }
            td.no-phone.c-none role="cell" {}
            td.no-tab role="cell" {}
            td.num.c-fee role="cell" { (amount(fees)) }
            td.num.no-tab role="cell" { (amount(weighted)) }
            @if units { td.num.no-tab role="cell" { (or_dash(unit_total.map(number))) } }
            td.no-tab role="cell" {}
            td.no-tab role="cell" {}
            td.c-status.coverage role="cell" {
                "fee known for "
                @if view.query.fee.is_none() { a href=(list.clone().with("fee", "known").url()) data-count=(known) { (number(known)) } } @else { (number(known)) }
                " of " (number(view.total()))
            }
            td.no-phone role="cell" {}
        }
    }
}

// Opened ---------------------------------------------------------------------------------------------------------------

/// Why somebody stands where they stand, and what is worth knowing before a call.
pub(super) fn opened(shell: &Shell<'_>, view: &HotView<'_>, item: &HotListItem) -> Markup {
    let then = view.display;
    let slug = &shell.tenant().slug;
    let note = item.contact_id.as_ref().and_then(|contact| view.notes.get(contact));
    let owner = view.all.addresses.get(&item.owner.trim().to_lowercase()).filter(|address| is_plain_email(address));
    html! {
        div.reasons {
            (reasons(then, item, &view.all.rules))
            div.known {
                dl.facts {
                    div { dt { "Close date" } dd { @match item.close_date { Some(day) => (time::full_day(day)), None => span.muted { "not known" } } } }
                    div { dt { "Source" } dd { (source_name(item.source.as_deref().or(Some("")))) } }
                    div { dt { "Phone" } dd { (phone(&item.phone)) } }
                }
                @if let Some(clock) = item.fdd { div { h2 { "Waiting period" } p.said { (then.clock(clock)) ". " span.muted { (FDD_CAUTION) } } } }
                div {
                    h2 { "Latest note" }
                    @match note {
                        Some(note) => p.said { "“" (note.body.trim()) @if note.body.chars().count() >= PREVIEW_CHARS { "…" } "” " span.muted {
                            @if !note.author.trim().is_empty() { (note.author) ", " }
                            @if let Some(at) = time::moment(note.created_ms) { (time::aging(at, shell.now, &shell.tenant().zone)) }
                        } },
                        None if item.notes_known_ms.is_some() => p.said.muted { "There is none to show." },
                        None => p.said.muted { "Notes of this candidate have not been read since it last changed." },
                    }
                }
                div.flex.wrapf {
                    @if let Some(contact) = &item.contact_id { a.btn href=(links::candidate(slug, contact).url()) data-candidate { "Open candidate" } }
                    @else { span.sub { "This deal is joined to no candidate in ClientTether." } }
                    @if let Some(address) = owner { a.btn.plain href=(format!("mailto:{address}")) { (icon("mail", 15)) "Email owner" } }
                }
            }
        }
    }
}

// CSV ------------------------------------------------------------------------------------------------------------------

const CSV_HEADER: [&str; 25] = [
    "Name",
    "Rank",
    "Score",
    "Stage points",
    "Momentum points",
    "Last touch points",
    "Next appointment points",
    "Fee points",
    "Close date points",
    "Market",
    "Stage",
    "Odds",
    "Days in stage",
    "At least",
    "Fee",
    "Weighted",
    "Units",
    "Owner",
    "Last touch",
    "Status",
    "Next step",
    "Close date",
    "Earliest signing",
    "Deals",
    "ClientTether id",
];

pub(super) fn as_csv(view: &HotView<'_>) -> Response {
    let rows = view.rows.iter().map(|item| csv_row(view.display, item));
    csv::download(&format!("{}-hot-list", view.display.tenant.slug), &CSV_HEADER, rows)
}

fn csv_row(then: HotListFormat<'_>, item: &HotListItem) -> Vec<String> {
    let points = |name: &str| item.points.iter().find(|part| part.why.as_str() == name).map_or(0, |part| part.points).to_string();
    let touch = item.last_touch_ms.and_then(time::moment).map(|at| at.to_zoned(then.tenant.zone.tz().clone()));
    vec![
        item.name.clone(),
        item.place.to_string(),
        item.score.to_string(),
        points("stage"),
        points("momentum"),
        points("touch"),
        points("appointment"),
        points("fee"),
        points("close_date"),
        item.market.clone(),
        item.stage.clone().unwrap_or_default(),
        item.odds.map(|odds| odds.to_string()).unwrap_or_default(),
        item.days_in_stage(then.as_of).to_string(),
        if item.stage_since_exact { String::new() } else { "yes".to_owned() },
        item.fee.map(Money::plain).unwrap_or_default(),
        item.weighted_shown().map(Money::plain).unwrap_or_default(),
        item.units.clone(),
        item.owner.clone(),
        touch.map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default(),
        item.status.name().to_owned(),
        then.next_step(&item.next),
        item.close_date.map(|day| day.to_string()).unwrap_or_default(),
        item.fdd.map(|clock| clock.earliest_signing().to_string()).unwrap_or_default(),
        item.deals.to_string(),
        item.contact_id.clone().unwrap_or_default().into(),
    ]
}
