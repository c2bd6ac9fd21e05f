//! What is permanently odd about the lists of each brand's account.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{DataQualityKind, Dataset, RunStatus};
use tetherboard_store::data_quality::{self, QualityWarning};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::tenants::Tenant;

use crate::address::links::{self, Link};
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyViewer;
use crate::parts::agency::{AgencyPage, AgencyTab};
use crate::parts::format::{count, counted};
use crate::parts::freshness::dataset_name;
use crate::parts::shell::{Theme, brand_tile};
use crate::parts::time;
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route(links::QUALITY, get(page))
}

/// One brand's warnings.
struct BrandQuality {
    tenant: Tenant,
    warnings: Vec<QualityWarning>,
    /// The last run that succeeded, which has the rows that were skipped.
    run: Option<Run>,
}

async fn page(AgencyViewer(viewer): AgencyViewer, State(portal): State<Portal>, theme: Theme) -> HttpResult<Markup> {
    let conn = portal.store.conn();
    let mut brands = Vec::new();
    for tenant in viewer.tenants.clone() {
        let warnings = data_quality::warnings(conn, tenant.id).await?;
        if !warnings.is_empty() {
            let run = runs::newest_finished(conn, tenant.id, Some(RunStatus::Succeeded)).await?;
            brands.push(BrandQuality { tenant, warnings, run });
        }
    }
    let body = render(&brands, portal.clock.now());
    AgencyPage { tab: AgencyTab::Quality, title: "Data quality".to_owned(), body, address: Link::to(links::QUALITY), live: None }
        .render(&portal, &viewer, theme)
        .await
}

fn render(brands: &[BrandQuality], now: Timestamp) -> Markup {
    html! {
        h1.hero {
            @if brands.is_empty() { "Every list is in order." }
            @else { (counted(count(brands.len()), "brand has", "brands have")) " odd lists in ClientTether." }
        }
        section.card {
            div.card-head { h2 { "Odd lists" } span.sub { "read completely nevertheless" } }
            @if brands.is_empty() { div.empty { p { "No list repeats records, contains rows that are not records, or reports a wrong total." } } }
            @else {
                div.scroll.mt2 tabindex="0" role="region" aria-label="Odd lists" {
                    table.table id="quality" {
                        thead { tr {
                            th scope="col" { "List" }
                            th scope="col" { "What is odd" }
                            th scope="col" { "Since" }
                        } }
                        @for brand in brands { (brand_rows(brand, now)) }
                    }
                }
                div.card-foot { span {
                    "Two reads in a row gave the same records, so these differences are accepted while they stay the same. "
                    "ClientTether’s support can correct them."
                } }
            }
        }
    }
}

fn brand_rows(brand: &BrandQuality, now: Timestamp) -> Markup {
    let tenant = &brand.tenant;
    html! {
        tbody {
            tr.group {
                th colspan="3" scope="rowgroup" {
                    a.who.brand href=(links::sync_of(&tenant.slug).url()) { (brand_tile(tenant)) span.t { (tenant.name) } }
                }
            }
            @for warning in &brand.warnings {
                @let since = warning.since_ms.timestamp().unwrap_or_default();
                tr {
                    th scope="row" { (dataset_name(warning.dataset)) }
                    td {
                        @match skipped_rows(brand, warning) {
                            Some(link) => a href=(link.url()) data-count=(warning.amount) { (warning.clause()) },
                            None => (warning.clause()),
                        }
                    }
                    td.nowrap { (time::aging(since, now, &tenant.zone)) }
                }
            }
        }
    }
}

/// The rows that a warning is about. A run skips the odd rows of only those notes that it reads.
fn skipped_rows(brand: &BrandQuality, warning: &QualityWarning) -> Option<Link> {
    let is_whole_list = warning.kind == DataQualityKind::SkippedRows && warning.dataset != Dataset::Notes;
    let run = brand.run.as_ref().filter(|_| is_whole_list)?;
    Some(links::set_aside(&brand.tenant.slug, &run.id, warning.dataset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_odd_list_the_page_says_so() {
        let page = render(&[], Timestamp::UNIX_EPOCH).into_string();
        assert!(page.contains("Every list is in order.") && !page.contains("<table"), "{page}");
    }
}
