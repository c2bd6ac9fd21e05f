//! The hot list as a table, with a row that opens below each candidate, and as CSV.

use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Money, Points};
use tetherboard_metrics::HotListItem;
use tetherboard_store::tenants::Tenant;

use super::HotListView;
use super::address::HotListAddress;
use super::details::details;
use crate::address::links::{self, Link};
use crate::address::query::Choice;
use crate::http::csv::{self, FileName};
use crate::parts::candidate::candidate_name;
use crate::parts::format::{count, counted, number, owner, weighted_fee};
use crate::parts::hot_list::{HotListFormat, short_name, signed};
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::status::badge;
use crate::parts::table::{Sorting, or_dash, or_unknown, pager};
use crate::parts::{icon, time};
use crate::read::hot_list::{HotListData, matching};

/// The card of the table.
pub(super) fn table(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let list = view.address.query.add_filters_to(links::hot_list(slug));
    let has_units = view.data.list.items.iter().any(|item| !item.units.trim().is_empty());
    html! {
        section.card.hot-card aria-label="Candidates" {
            div.scroll tabindex="0" role="region" aria-label="Hot list" {
                table.table.hot role="table" data-total=(view.total()) {
                    (head(view, has_units, &list))
                    tbody role="rowgroup" { @for item in view.shown() { (row(shell, view, item, has_units)) } }
                    tfoot role="rowgroup" { (totals(view, has_units, &list)) }
                }
            }
            (pager(&view.address.list(slug), view.address.page.0, view.total()))
        }
    }
}

fn head(view: &HotListView<'_>, has_units: bool, list: &Link) -> Markup {
    let (sort, descending) = view.address.query.order();
    let sorting = Sorting { list, column: sort.word(), descending };
    html! {
        thead role="rowgroup" { tr role="row" {
            th.no-tab role="columnheader" scope="col" { span.sr { "Rank" } }
            (sorting.header("Candidate", "name", "", false))
            (sorting.header("Stage", "stage", "no-phone", true))
            (sorting.header("Days", "days", "num no-tab", true))
            (sorting.header("Fee", "fee", "num", true))
            (sorting.header("Weighted", "weighted", "num no-tab", true))
            @if has_units { (sorting.header("Units", "units", "num no-tab", true)) }
            (sorting.header("Owner", "owner", "no-tab", false))
            (sorting.header("Last touch", "touch", "num no-tab", true))
            (sorting.header("Status and next step", "status", "", false))
            (sorting.header("Score", "score", "num", true))
        } }
    }
}

fn row(shell: &Shell<'_>, view: &HotListView<'_>, item: &HotListItem, has_units: bool) -> Markup {
    let format = view.format;
    html! {
        tr role="row" {
            td.num.muted.no-tab.fit role="cell" { (number(item.place)) }
            th role="rowheader" scope="row" {
                (candidate_name(&shell.tenant().slug, item.contact_id.as_ref(), &item.name))
                @if !item.market.is_empty() { span.l2 { (item.market) } }
            }
            td.no-phone.c-stage role="cell" {
                (stage(item.stage.as_deref(), view.data.role_of(item)))
                span.l2 {
                    @match item.odds { Some(odds) => { (odds) " odds" } None => "odds unknown" }
                    @if item.deals > 1 { ", " (counted(item.deals, "deal", "deals")) }
                }
            }
            td.num.no-tab role="cell" { (days(format, item)) }
            td.num.c-fee role="cell" { (or_unknown(item.fee)) }
            td.num.no-tab role="cell" { (weighted_fee(item.fee, item.weighted_shown())) }
            @if has_units { td.num.no-tab role="cell" { (or_dash(Some(item.units.trim()).filter(|units| !units.is_empty()))) } }
            td.no-tab.c-owner role="cell" { (owner(&item.owner)) }
            td.num.no-tab role="cell" { (touch(format, item)) }
            td.c-status role="cell" { (badge(item.status)) span.l2 { (format.next_step(&item.next)) } }
            td.num.c-score role="cell" { (score_cell(item)) }
        }
        tr.open-row role="row" {
            td role="cell" colspan=(if has_units { "11" } else { "10" }) { (details(shell, view, item)) }
        }
    }
}

/// The score with its largest points. It opens the row below it without a script.
fn score_cell(item: &HotListItem) -> Markup {
    let mut parts: Vec<&Points> = item.points.iter().filter(|part| part.points != 0).collect();
    parts.sort_by_key(|part| -part.points.abs());
    let parts: Vec<String> = parts.iter().map(|part| format!("{} {}", short_name(&part.factor), signed(part.points))).collect();
    let label = format!("Score {}, show reasons for {}", item.score, item.name);
    html! {
        details.why id=(format!("why-{}", item.place)) {
            summary.score aria-label=(label) title=(parts.join(", ")) {
                span.meter.no-tab { i style=(format!("width:{}%", item.score)) {} }
                span.num { (item.score) }
                (icon("chevron-down", 14))
            }
        }
        @if !parts.is_empty() { span.l2.no-tab.top-reasons { (parts[..parts.len().min(2)].join(", ")) } }
    }
}

fn days(format: HotListFormat<'_>, item: &HotListItem) -> Markup {
    let days = number(item.days_in_stage(format.as_of));
    html! {
        @if item.stage_since_exact { (days) }
        @else { span title="Already in this stage at the first sync, so possibly longer." { (days) "+" } }
    }
}

fn touch(format: HotListFormat<'_>, item: &HotListItem) -> Markup {
    let title = item.last_touch_ms.and_then(time::moment).map(|at| time::exact(at, &format.tenant.zone));
    let text = format.touch(item);
    html! { @if title.is_some() { span title=[title] { (text) } } @else { span.muted { (text) } } }
}

fn totals(view: &HotListView<'_>, has_units: bool, list: &Link) -> Markup {
    let known = count(view.rows.iter().filter(|item| item.fee.is_some()).count());
    let fees: Money = view.rows.iter().filter_map(|item| item.fee).sum();
    let weighted: Money = view.rows.iter().filter(|item| item.fee.is_some()).filter_map(|item| item.weighted).sum();
    let units = view.rows.iter().map(|item| item.units.trim()).filter(|units| !units.is_empty());
    let units: Option<i64> = units.map(|units| units.parse::<i64>().ok()).sum();
    let amount = |amount: Money| if known > 0 { amount.to_string() } else { "—".to_owned() };
    html! {
        tr role="row" {
            td.no-tab role="cell" {}
            th role="rowheader" scope="row" { (counted(view.total(), "candidate", "candidates")) }
            td.no-phone.c-none role="cell" {}
            td.no-tab role="cell" {}
            td.num.c-fee role="cell" { (amount(fees)) }
            td.num.no-tab role="cell" { (amount(weighted)) }
            @if has_units { td.num.no-tab role="cell" { (or_dash(units.map(number))) } }
            td.no-tab role="cell" {}
            td.no-tab role="cell" {}
            td.c-status.coverage role="cell" {
                "fee known for "
                @if view.address.query.fee.is_none() {
                    a href=(list.clone().with("fee", "known").url()) data-count=(known) { (number(known)) }
                } @else { (number(known)) }
                " of " (number(view.total()))
            }
            td.no-phone role="cell" {}
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

/// The whole list as CSV.
pub(super) fn as_csv(tenant: &Tenant, data: &HotListData, address: &HotListAddress, now: Timestamp) -> Response {
    let format = HotListFormat::of(data.list.as_of.unwrap_or(now), tenant);
    let rows = matching(&address.query, &data.list.items);
    let rows = rows.into_iter().map(|item| csv_row(format, item));
    let name = FileName { brand: tenant, page: "hot-list", days: (None, None), today: tenant.zone.date(now) };
    csv::download(&name, &CSV_HEADER, rows)
}

fn csv_row(format: HotListFormat<'_>, item: &HotListItem) -> Vec<String> {
    let points =
        |name: &str| item.points.iter().find(|part| part.factor.as_str() == name).map_or(0, |part| part.points).to_string();
    let touch = item.last_touch_ms.and_then(time::moment).map(|at| at.to_zoned(format.tenant.zone.tz().clone()));
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
        item.days_in_stage(format.as_of).to_string(),
        if item.stage_since_exact { String::new() } else { "yes".to_owned() },
        item.fee.map(Money::plain).unwrap_or_default(),
        item.weighted_shown().map(Money::plain).unwrap_or_default(),
        item.units.clone(),
        item.owner.clone(),
        touch.map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default(),
        item.status.name().to_owned(),
        format.next_step(&item.next),
        item.close_date.map(|day| day.to_string()).unwrap_or_default(),
        item.fdd.map(|clock| clock.earliest_signing().to_string()).unwrap_or_default(),
        item.deals.to_string(),
        item.contact_id.clone().unwrap_or_default().into(),
    ]
}
