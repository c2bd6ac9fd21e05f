//! Rows of a run that could not be used: why, and what they were.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_store::runs;
use tetherboard_store::snapshots::RowReader;

use super::{dataset_named, page_of, run_name, run_named, snapshot};
use crate::address::links;
use crate::address::pairs::Pairs;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyBrand;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::format::counted;
use crate::parts::freshness::dataset_name;
use crate::parts::icon;
use crate::parts::shell::{EMPTY, Theme};
use crate::parts::table::{PAGE, pager};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}/runs/{run}/set-aside/{dataset}", get(list))
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
    let reports = runs::reports(conn, tenant.id, &run.id).await?;
    let counted_rows = reports.iter().find(|report| report.dataset == dataset).map_or(0, |report| report.set_aside);
    let total = runs::set_aside_count(conn, tenant.id, &run.id, dataset).await?;
    let at = page_of(pairs.get("page")).min((total + PAGE - 1) / PAGE).max(1);
    let mut reader = RowReader::new(tenant.id);
    let mut rows = Vec::new();
    for (row_no, reason) in runs::set_aside_rows(conn, tenant.id, &run.id, dataset, PAGE, (at - 1) * PAGE).await? {
        // The frame goes with the answers that were thinned out.
        let raw = reader.row(conn, row_no).await.ok().map(<[u8]>::to_vec);
        rows.push((reason, raw));
    }
    let name = dataset_name(dataset).to_lowercase();
    let list = links::set_aside(&tenant.slug, &run.id, dataset);
    let body = html! {
        (crumbs(tenant, &[(run_name(&run, tenant), Some(links::run(&tenant.slug, &run.id))), (format!("Set aside of {name}"), None)]))
        (title(tenant, &html! { "Set aside of " (name) }, &EMPTY, &EMPTY))
        section.card {
            div.card-head {
                h2 { (counted(total, "row", "rows")) }
                span.sub {
                    "each could not be used, for the reason above it"
                    @if counted_rows > total { "; " (counted(counted_rows, "row was", "rows were")) " set aside, some of them alike" }
                }
            }
            @if rows.is_empty() {
                div.empty { span.disc.quiet { (icon("archive", 20)) } h2 { "No row was set aside" } p { "Every row of " (name) " in this run could be used." } }
            } @else {
                ul.aside role="list" data-total=(total) {
                    @for (nth, (reason, raw)) in rows.iter().enumerate() {
                        li {
                            p { b { (reason) } }
                            @match raw {
                                Some(raw) => (snapshot::shown(raw, &format!("Row {}", nth + 1))),
                                None => p.sub { "Its text is not kept any more: answers are kept for 14 days, then those of one run a day for 90." },
                            }
                        }
                    }
                }
                (pager(&list, at, total))
            }
        }
    };
    let address = list.maybe("page", pairs.get("page"));
    AgencyPage { tab: AgencyTab::Sync, title: format!("Set aside of {name} · {}", tenant.name), body, address, live: None }
        .render(&portal, &brand.viewer, theme)
        .await
}
