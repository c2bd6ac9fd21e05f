//! The answers of one data set of a run, as they came.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, Trigger};
use tetherboard_store::runs::Run;
use tetherboard_store::snapshots::{self, RowReader, SnapshotPage};
use tetherboard_store::tenants::Tenant;

use super::{bytes, dataset_named, moment, page_of, run_name, run_named};
use crate::address::links;
use crate::address::pairs::Pairs;
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
    Router::new().route("/agency/sync/{brand}/runs/{run}/{dataset}", get(list))
}

struct Line {
    page: SnapshotPage,
    rows: usize,
    bytes: usize,
}

async fn list(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, run, dataset)): Path<(String, String, String)>,
    pairs: Pairs,
    theme: Theme,
) -> HttpResult<Markup> {
    let (conn, tenant) = (portal.store.conn(), &brand.tenant);
    let run = run_named(&portal, tenant, &run).await?;
    let dataset = dataset_named(&dataset)?;
    let all = snapshots::pages(conn, tenant.id, &run.id, dataset).await?;
    let total = count(all.len());
    let at = page_of(pairs.get("page")).min((total + PAGE - 1) / PAGE).max(1);
    let mut reader = RowReader::new(tenant.id);
    let mut lines = Vec::new();
    for page in all.into_iter().skip(usize::try_from((at - 1) * PAGE).unwrap_or(0)).take(usize::try_from(PAGE).unwrap_or(25)) {
        let rows = snapshots::row_nos(conn, tenant.id, &page).await?.len();
        let bytes = snapshots::page_body(conn, &page, &mut reader).await?.len();
        lines.push(Line { page, rows, bytes });
    }
    let name = dataset_name(dataset);
    let body = html! {
        (crumbs(tenant, &[(run_name(&run, tenant), Some(links::run(&tenant.slug, &run.id))), (name.to_owned(), None)]))
        (title(tenant, &html! { "Snapshots of " (name.to_lowercase()) }, &EMPTY, &EMPTY))
        @if lines.is_empty() { (none(tenant, &run, dataset)) } @else { (table(tenant, &run, dataset, &lines, at, total)) }
    };
    let address = links::snapshots(&tenant.slug, &run.id, dataset).maybe("page", pairs.get("page"));
    AgencyPage {
        tab: AgencyTab::Sync,
        title: format!("Snapshots of {} · {}", name.to_lowercase(), tenant.name),
        body,
        address,
        live: None,
    }
    .render(&portal, &brand.viewer, theme)
    .await
}

fn table(tenant: &Tenant, run: &Run, dataset: Dataset, lines: &[Line], at: i64, total: i64) -> Markup {
    let slug = &tenant.slug;
    html! {
        section.card {
            div.card-head { h2 { "Answers" } span.sub { (counted(total, "answer", "answers")) ", in the order in which they came" } }
            div.scroll.mt2 tabindex="0" role="region" aria-label="Answers" {
                table.table data-total=(total) {
                    thead { tr {
                        th.num scope="col" { "No" } th scope="col" { "Request" } th.num scope="col" { "Offset" } th scope="col" { "Came" }
                        th.num scope="col" { "Status" } th.num scope="col" { "Rows" } th.num scope="col" { "Size" } th scope="col" { span.sr { "Download" } }
                    } }
                    tbody { @for Line { page, rows, bytes: size } in lines {
                        @let address = links::snapshot(slug, &run.id, dataset, page.page_no);
                        tr {
                            td.num { (number(page.page_no + 1)) }
                            th scope="row" { a.who.mono href=(address.clone().url()) title=(page.request) { span.t { (page.request) } } }
                            td.num { (number(i64::try_from(page.offset).unwrap_or(0))) }
                            td.nowrap { (time::to_the_second(moment(page.at_ms), &tenant.zone)) }
                            td.num { @if page.http_status == 200 { "200" } @else { b { (page.http_status) } } }
                            td.num { @if *rows == 0 { span.muted { "none" } } @else { (number(i64::try_from(*rows).unwrap_or(0))) } }
                            td.num { (bytes(*size)) }
                            td.num { a.btn.plain.icon href=(address.with("format", "raw").url()) aria-label=(format!("Download answer {}", page.page_no + 1)) { (icon("download", 15)) } }
                        }
                    } }
                }
            }
            (pager(&links::snapshots(slug, &run.id, dataset), at, total))
        }
    }
}

/// There may be none because none came, or because they were thinned out.
pub(super) fn none(tenant: &Tenant, run: &Run, dataset: Dataset) -> Markup {
    let name = dataset_name(dataset).to_lowercase();
    html! {
        section.card { div.empty {
            span.disc.quiet { (icon("archive", 20)) }
            h2 { "No answer of this run is kept" }
            p {
                @if run.trigger == Trigger::Replay { "A replay asks ClientTether nothing: it works in answers that an earlier run kept." }
                @else {
                    "Either ClientTether gave none about " (name) " in this run, or they were thinned out: answers are kept for 14 days, then those of one run a day for 90."
                }
            }
            div.chips { a.btn href=(links::run(&tenant.slug, &run.id).url()) { (icon("arrow-left", 14)) "Back to the run" } }
        } }
    }
}
