//! The rows that a run skipped because they could not be used, each with the reason.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_domain::Dataset;
use tetherboard_store::runs::{self, Run};
use tetherboard_store::snapshots::RowReader;

use super::{ListPage, dataset_named, layout, run_name, run_named};
use crate::address::links::{self, Link};
use crate::address::verbatim::ClampedPage;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyBrand;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::format::counted;
use crate::parts::freshness::dataset_name;
use crate::parts::icon;
use crate::parts::shell::{EMPTY, Theme};
use crate::parts::table::{PAGE, pager};
use crate::state::Portal;
use tetherboard_store::tenants::Tenant;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}/runs/{run}/set-aside/{dataset}", get(list))
}

async fn list(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, run, dataset)): Path<(String, String, String)>,
    query: ListPage,
    theme: Theme,
) -> HttpResult<Markup> {
    let tenant = &brand.tenant;
    let run = run_named(&portal, tenant, &run).await?;
    let skipped = SkippedRows::load(&portal, tenant, run, dataset_named(&dataset)?, query).await?;
    let page = AgencyPage {
        tab: AgencyTab::Sync,
        title: format!("Skipped {} · {}", skipped.name(), tenant.name),
        body: body(tenant, &skipped),
        address: query_address(tenant, &skipped),
        live: None,
    };
    page.render(&portal, &brand.viewer, theme).await
}

/// A page of the rows that a run skipped.
struct SkippedRows {
    run: Run,
    dataset: Dataset,
    /// The reason and the row's text; `None` if the text is no longer stored.
    rows: Vec<(String, Option<Vec<u8>>)>,
    page: i64,
    /// Distinct rows.
    total: i64,
    /// Rows that the run skipped, repetitions included.
    skipped: i64,
}

impl SkippedRows {
    async fn load(portal: &Portal, tenant: &Tenant, run: Run, dataset: Dataset, query: ListPage) -> HttpResult<Self> {
        let conn = portal.store.conn();
        let reports = runs::reports(conn, tenant.id, &run.id).await?;
        let skipped = reports.iter().find(|report| report.dataset == dataset).map_or(0, |report| report.set_aside);
        let total = runs::set_aside_count(conn, tenant.id, &run.id, dataset).await?;
        let page = query.page.within(total, PAGE);
        let mut reader = RowReader::new(tenant.id);
        let mut rows = Vec::new();
        for (row_no, reason) in runs::set_aside_rows(conn, tenant.id, &run.id, dataset, PAGE, (page - 1) * PAGE).await? {
            // The text is deleted together with old responses.
            let text = reader.row(conn, row_no).await.ok().map(<[u8]>::to_vec);
            rows.push((reason, text));
        }
        Ok(Self { run, dataset, rows, page, total, skipped })
    }

    fn name(&self) -> String {
        dataset_name(self.dataset).to_lowercase()
    }
}

fn query_address(tenant: &Tenant, skipped: &SkippedRows) -> Link {
    let list = links::set_aside(&tenant.slug, &skipped.run.id, skipped.dataset);
    ListPage { page: ClampedPage(skipped.page) }.add_to(list)
}

fn body(tenant: &Tenant, skipped: &SkippedRows) -> Markup {
    let (run, name) = (&skipped.run, skipped.name());
    let heading = format!("Skipped {name}");
    html! {
        (crumbs(tenant, &[(run_name(run, tenant), Some(links::run(&tenant.slug, &run.id))), (heading.clone(), None)]))
        (title(tenant, &html! { (heading) }, &EMPTY, &EMPTY))
        section.card {
            div.card-head {
                h2 { (counted(skipped.total, "row", "rows")) }
                span.sub {
                    "each with the reason it could not be used"
                    @if skipped.skipped > skipped.total {
                        "; " (counted(skipped.skipped, "row", "rows")) " skipped, including repeats"
                    }
                }
            }
            @if skipped.rows.is_empty() {
                div.empty {
                    span.disc.quiet { (icon("archive", 20)) }
                    h2 { "No skipped rows" }
                    p { "This run could use every row of " (name) "." }
                }
            } @else {
                (rows(skipped))
                (pager(&links::set_aside(&tenant.slug, &run.id, skipped.dataset), skipped.page, skipped.total))
            }
        }
    }
}

const TEXT_DELETED: &str =
    "The text of this row is no longer stored. Responses are kept for 14 days, then one run per day for 90 days.";

fn rows(skipped: &SkippedRows) -> Markup {
    html! {
        ul.aside role="list" data-total=(skipped.total) {
            @for (at, (reason, text)) in skipped.rows.iter().enumerate() {
                li {
                    p { b { (reason) } }
                    @match text {
                        Some(text) => (layout::formatted(text, &format!("Row {}", at + 1))),
                        None => p.sub { (TEXT_DELETED) },
                    }
                }
            }
        }
    }
}
