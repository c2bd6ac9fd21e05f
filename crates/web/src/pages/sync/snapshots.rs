//! The stored responses of one dataset of a run.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, Trigger};
use tetherboard_store::runs::Run;
use tetherboard_store::snapshots::{self, RowReader, SnapshotPage};
use tetherboard_store::tenants::Tenant;

use super::{ListPage, bytes, dataset_named, moment, run_name, run_named};
use crate::address::links::{self, Link};
use crate::address::verbatim::ClampedPage;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyBrand;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::format::{count, counted, number};
use crate::parts::freshness::dataset_name;
use crate::parts::shell::{EMPTY, Theme};
use crate::parts::table::{PAGE, pager};
use crate::parts::{icon, time};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}/runs/{run}/{dataset}", get(page))
}

/// One stored response.
struct ResponseLine {
    page: SnapshotPage,
    rows: usize,
    bytes: usize,
}

async fn page(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, run, dataset)): Path<(String, String, String)>,
    query: ListPage,
    theme: Theme,
) -> HttpResult<Markup> {
    let tenant = &brand.tenant;
    let run = run_named(&portal, tenant, &run).await?;
    let dataset = dataset_named(&dataset)?;
    let (lines, page, total) = lines(&portal, tenant, &run, dataset, query).await?;
    let name = dataset_name(dataset);
    let heading = format!("Snapshots of {}", name.to_lowercase());
    let body = html! {
        (crumbs(tenant, &[(run_name(&run, tenant), Some(links::run(&tenant.slug, &run.id))), (name.to_owned(), None)]))
        (title(tenant, &html! { (heading) }, &EMPTY, &EMPTY))
        @if lines.is_empty() { (none(tenant, &run, dataset)) } @else { (table(tenant, &run, dataset, &lines, page, total)) }
    };
    let address = query_address(&links::snapshots(&tenant.slug, &run.id, dataset), page);
    AgencyPage { tab: AgencyTab::Sync, title: format!("{heading} · {}", tenant.name), body, address, live: None }
        .render(&portal, &brand.viewer, theme)
        .await
}

fn query_address(list: &Link, page: i64) -> Link {
    ListPage { page: ClampedPage(page) }.add_to(list.clone())
}

/// The responses of one page, its number, and the number of all responses.
async fn lines(
    portal: &Portal,
    tenant: &Tenant,
    run: &Run,
    dataset: Dataset,
    query: ListPage,
) -> HttpResult<(Vec<ResponseLine>, i64, i64)> {
    let conn = portal.store.conn();
    let all = snapshots::pages(conn, tenant.id, &run.id, dataset).await?;
    let total = count(all.len());
    let number = query.page.within(total, PAGE);
    let first = usize::try_from((number - 1) * PAGE).unwrap_or(0);
    let mut reader = RowReader::new(tenant.id);
    let mut lines = Vec::new();
    for page in all.into_iter().skip(first).take(usize::try_from(PAGE).unwrap_or(25)) {
        let rows = snapshots::row_nos(conn, tenant.id, &page).await?.len();
        let bytes = snapshots::page_body(conn, &page, &mut reader).await?.len();
        lines.push(ResponseLine { page, rows, bytes });
    }
    Ok((lines, number, total))
}

fn table(tenant: &Tenant, run: &Run, dataset: Dataset, lines: &[ResponseLine], page: i64, total: i64) -> Markup {
    let list = links::snapshots(&tenant.slug, &run.id, dataset);
    html! {
        section.card {
            div.card-head {
                h2 { "Responses" } span.sub { (counted(total, "response", "responses")) ", in the order received" }
            }
            div.scroll.mt2 tabindex="0" role="region" aria-label="Responses" {
                table.table data-total=(total) {
                    thead { tr {
                        th.num scope="col" { "No." }
                        th scope="col" { "Request" }
                        th.num scope="col" { "Offset" }
                        th scope="col" { "Received" }
                        th.num scope="col" { "Status" }
                        th.num scope="col" { "Rows" }
                        th.num scope="col" { "Size" }
                        th scope="col" { span.sr { "Download" } }
                    } }
                    tbody { @for line in lines { (row(tenant, run, dataset, line)) } }
                }
            }
            (pager(&list, page, total))
        }
    }
}

fn row(tenant: &Tenant, run: &Run, dataset: Dataset, ResponseLine { page, rows, bytes: size }: &ResponseLine) -> Markup {
    let address = links::snapshot(&tenant.slug, &run.id, dataset, page.page_no);
    let download = address.clone().with("format", "raw").url();
    html! {
        tr {
            td.num { (number(page.page_no + 1)) }
            th scope="row" { a.who.mono href=(address.url()) title=(page.request) { span.t { (page.request) } } }
            td.num { (number(i64::try_from(page.offset).unwrap_or(0))) }
            td.nowrap { (time::to_the_second(moment(page.at_ms), &tenant.zone)) }
            td.num { @if page.http_status == 200 { "200" } @else { b { (page.http_status) } } }
            td.num { @if *rows == 0 { span.muted { "none" } } @else { (number(count(*rows))) } }
            td.num { (bytes(*size)) }
            td.num {
                a.btn.plain.icon href=(download) aria-label=(format!("Download response {}", page.page_no + 1)) {
                    (icon("download", 15))
                }
            }
        }
    }
}

const REPLAY: &str = "A replay makes no requests: it processes the stored responses of an earlier run.";

/// The message for a run without stored responses.
pub(super) fn none(tenant: &Tenant, run: &Run, dataset: Dataset) -> Markup {
    let name = dataset_name(dataset).to_lowercase();
    html! {
        section.card { div.empty {
            span.disc.quiet { (icon("archive", 20)) }
            h2 { "No responses stored" }
            p {
                @if run.trigger == Trigger::Replay { (REPLAY) }
                @else {
                    "Either ClientTether returned nothing for " (name) " in this run, or the responses were deleted: they are "
                    "kept for 14 days, then one run per day for 90 days."
                }
            }
            div.chips { a.btn href=(links::run(&tenant.slug, &run.id).url()) { (icon("arrow-left", 14)) "Back to the run" } }
        } }
    }
}
