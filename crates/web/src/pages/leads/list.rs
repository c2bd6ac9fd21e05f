//! The list of contacts as a table and as CSV.

use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{EpochMs, Money, Zone};
use tetherboard_metrics::Board;
use tetherboard_store::leads::LeadRow;
use tetherboard_store::tenants::Tenant;

use super::address::LeadsAddress;
use super::{LeadsView, filters};
use crate::address::dates::Edge;
use crate::address::links::{self, Link};
use crate::address::query::Choice;
use crate::http::csv::{self, FileName};
use crate::http::error::HttpResult;
use crate::parts::actions::{clear_filters_button, short_csv_button};
use crate::parts::candidate::{candidate_name, display_name, nameless};
use crate::parts::doubtful_date::doubtful_date;
use crate::parts::empty_state::empty_list;
use crate::parts::format::{counted, number, owner, source_name};
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::table::{Sorting, pager};
use crate::parts::time;
use crate::read::lead_list::all_leads;
use crate::read::numbers::numbers;
use crate::state::Portal;

/// The card of the list.
pub(super) fn list(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let slug = &shell.tenant().slug;
    let address = &view.address;
    let total = view.list.total;
    html! {
        section.card id="list" {
            div.toolbar {
                h2 { "Leads" }
                span.sub {
                    @if address.is_filtered() { (number(total)) " of " (number(view.numbers.summary.total)) }
                    @else { (counted(total, "contact", "contacts")) }
                }
                div.push.flex.wrapf {
                    (filters::search(slug, view))
                    (filters::menu(slug, view))
                    (short_csv_button(&csv_url(slug, view)))
                }
            }
            @if address.is_filtered() { (filters::chips(slug, view)) }
            @if view.list.rows.is_empty() { (empty(slug, view)) } @else {
                (table(shell, view, &address.list.add_filters_to(address.base(slug))))
                (pager(&address.list.add_to(address.base(slug)), address.page.0, total))
            }
        }
    }
}

fn empty(slug: &str, view: &LeadsView) -> Markup {
    let clear = format!("Clear filters to see all {}", number(view.numbers.summary.total));
    match view.address.is_filtered() && view.numbers.summary.total > 0 {
        true => empty_list("funnel", "No leads match", &clear_filters_button(&links::leads(slug).url(), &clear)),
        false => empty_list("funnel", "No leads yet", &html! { p { "Leads appear here after the first complete sync." } }),
    }
}

fn table(shell: &Shell<'_>, view: &LeadsView, list: &Link) -> Markup {
    let (sort, descending) = view.address.list.order();
    let sorting = Sorting { list, column: sort.word(), descending };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Leads" {
            table.table data-total=(view.list.total) {
                thead { tr {
                    (sorting.header("Name", "name", "", false))
                    (sorting.header("Created", "created", "", true))
                    (sorting.header("Source", "source", "", false))
                    (sorting.header("Market", "market", "no-phone", false))
                    (sorting.header("Stage", "stage", "", true))
                    (sorting.header("Owner", "owner", "no-phone", false))
                } }
                tbody { @for row in &view.list.rows { (table_row(shell, &view.numbers.board, row)) } }
            }
        }
    }
}

fn table_row(shell: &Shell<'_>, board: &Board, row: &LeadRow) -> Markup {
    let tenant = shell.tenant();
    let place = board.place(row.stage.as_deref());
    let source = source_name(row.source.as_deref());
    html! {
        tr {
            th scope="row" {
                (candidate_name(&tenant.slug, Some(&row.crm_id), display_name(&row.name, &row.email)))
                @if let Some(what) = nameless(&row.name, &row.company, &row.email) { span.l2 { (what) } }
                @else if !row.company.is_empty() { span.l2.t title=(row.company) { (row.company) } }
            }
            td.nowrap {
                @if row.has_doubtful_date() { (doubtful_date(shell, row.created_ms)) }
                @else { (created(row.created_ms, &tenant.zone)) }
            }
            td { span.t title=(source) { (source) } }
            td.no-phone { span.t title=(row.market) { (row.market) } }
            td { (stage(board.label(&place), board.role(&place))) }
            td.no-phone { (owner(&row.owner)) }
        }
    }
}

fn created(created_ms: Option<EpochMs>, zone: &Zone) -> Markup {
    let Some(created) = created_ms.and_then(time::moment) else {
        return html! { span.muted { "unknown" } };
    };
    let local = created.to_zoned(zone.tz().clone()).strftime("%a %b %-d, %Y, %-I:%M %p").to_string();
    html! { time datetime=(created) title=(time::exact(created, zone)) { (local) } }
}

// CSV ------------------------------------------------------------------------------------------------------------------

const CSV_HEADER: [&str; 12] =
    ["Name", "Company", "Email", "Phone", "Market", "Source", "Stage", "Role", "Owner", "Fee", "Created", "ClientTether id"];

/// The address of the list as CSV.
pub(super) fn csv_url(slug: &str, view: &LeadsView) -> String {
    view.address.list.add_to(view.address.base(slug)).with("format", "csv").url()
}

/// The whole list as CSV.
pub(super) async fn as_csv(portal: &Portal, tenant: &Tenant, address: &LeadsAddress, now: Timestamp) -> HttpResult<Response> {
    let board = &numbers(portal, tenant, now).await?.board;
    let today = tenant.zone.date(now);
    let query = address.list_in_period(today);
    let rows = all_leads(portal, tenant, board, &query, now).await?;
    let rows = rows.into_iter().map(|row| csv_row(board, &tenant.zone, row));
    let days = (query.from.map(Edge::day), query.to.map(Edge::day));
    Ok(csv::download(&FileName { brand: tenant, page: "leads", days, today }, &CSV_HEADER, rows))
}

fn csv_row(board: &Board, zone: &Zone, row: LeadRow) -> Vec<String> {
    let place = board.place(row.stage.as_deref());
    let created = row.created_ms.and_then(time::moment);
    vec![
        row.name,
        row.company,
        row.email,
        row.phone,
        row.market,
        row.source.unwrap_or_default(),
        board.label(&place).unwrap_or_default().to_owned(),
        board.role(&place).as_str().to_owned(),
        row.owner,
        row.fee_cents.map(|cents| Money(cents).plain()).unwrap_or_default(),
        created.map(|created| created.to_zoned(zone.tz().clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default(),
        row.crm_id.into(),
    ]
}
