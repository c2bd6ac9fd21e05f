//! One stored response: formatted for reading, as a download, or compared with the response to the same request in another run.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, RunId};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::snapshots::{self, RowReader, SnapshotPage};
use tetherboard_store::tenants::Tenant;

use super::{bytes, compare, dataset_named, layout, moment, run_name, run_named, snapshots as list, started};
use crate::address::links::{self, Link};
use crate::address::query::query;
use crate::address::verbatim::Verbatim;
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::AgencyBrand;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::format::number;
use crate::parts::freshness::dataset_name;
use crate::parts::shell::{EMPTY, Theme};
use crate::parts::{icon, time};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}/runs/{run}/{dataset}/{page_no}", get(page))
}

/// How many runs before this one, and how many after, a response can be compared with.
const RUNS_AROUND: i64 = 15;

query! {
    /// How a response is shown.
    struct SnapshotQuery {
        /// `raw`: as a download.
        format: Verbatim = "format",
        /// The run to compare with.
        with: Verbatim = "with",
    }
}

async fn page(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, run, dataset, page_no)): Path<(String, String, String, String)>,
    query: SnapshotQuery,
    theme: Theme,
) -> HttpResult<Response> {
    let tenant = &brand.tenant;
    let run = run_named(&portal, tenant, &run).await?;
    let dataset = dataset_named(&dataset)?;
    let page_no: i64 = page_no.parse().ok().filter(|page_no| *page_no >= 0).ok_or_else(no_such_response)?;
    let at = Place { tenant, run, dataset, page_no };
    let body = match Snapshot::load(&portal, &at).await? {
        Some(snapshot) if query.format.as_deref() == Some("raw") => return Ok(snapshot.download(&at)),
        Some(snapshot) => snapshot.render(&portal, &at, query.with.text()).await?,
        None => html! { (at.crumbs()) (list::none(tenant, &at.run, dataset)) },
    };
    let page = AgencyPage {
        tab: AgencyTab::Sync,
        title: format!("{} · {}", at.title(), tenant.name),
        body,
        address: at.link(),
        live: None,
    };
    Ok(page.render(&portal, &brand.viewer, theme).await?.into_response())
}

fn no_such_response() -> HttpError {
    HttpError::not_found("We can’t find that response. Open the run to see all its responses.")
}

/// Which response of which run.
struct Place<'a> {
    tenant: &'a Tenant,
    run: Run,
    dataset: Dataset,
    /// Counted from 0.
    page_no: i64,
}

impl Place<'_> {
    fn link(&self) -> Link {
        links::snapshot(&self.tenant.slug, &self.run.id, self.dataset, self.page_no)
    }

    /// `Contacts, response 2`.
    fn title(&self) -> String {
        format!("{}, response {}", dataset_name(self.dataset), number(self.page_no + 1))
    }

    fn crumbs(&self) -> Markup {
        let Self { tenant, run, dataset, .. } = self;
        let responses = links::snapshots(&tenant.slug, &run.id, *dataset);
        crumbs(
            tenant,
            &[
                (run_name(run, tenant), Some(links::run(&tenant.slug, &run.id))),
                (dataset_name(*dataset).to_owned(), Some(responses)),
                (format!("Response {}", number(self.page_no + 1)), None),
            ],
        )
    }
}

/// A stored response.
struct Snapshot {
    page: SnapshotPage,
    body: Vec<u8>,
}

impl Snapshot {
    /// `None` if no response of the dataset is stored any more.
    async fn load(portal: &Portal, at: &Place<'_>) -> HttpResult<Option<Self>> {
        let (conn, tenant) = (portal.store.conn(), at.tenant.id);
        let Some(page) = snapshots::page(conn, tenant, &at.run.id, at.dataset, at.page_no).await? else {
            // Old responses are deleted together, so a single missing one never existed.
            return match snapshots::pages(conn, tenant, &at.run.id, at.dataset).await?.is_empty() {
                true => Ok(None),
                false => Err(no_such_response()),
            };
        };
        let body = snapshots::page_body(conn, &page, &mut RowReader::new(tenant)).await?;
        Ok(Some(Self { page, body }))
    }

    /// The response as a download: it is whatever the CRM sent, so a browser must not open it.
    fn download(self, at: &Place<'_>) -> Response {
        let name = format!("{}-{}-{}-{}", at.tenant.slug, at.dataset, at.run.id, at.page_no);
        let mut response = self.body.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.json\"")) {
            headers.insert(CONTENT_DISPOSITION, disposition);
        }
        response
    }

    async fn render(&self, portal: &Portal, at: &Place<'_>, with: &str) -> HttpResult<Markup> {
        let others = others(portal, at, &self.page).await?;
        let other = match with {
            "" => None,
            with => Some(others.iter().find(|(run, _)| run.id.as_str() == with).ok_or_else(nothing_to_compare)?),
        };
        let content = match other {
            Some((run, page)) => {
                let body = snapshots::page_body(portal.store.conn(), page, &mut RowReader::new(at.tenant.id)).await?;
                comparison(at, &self.body, run, &body)
            }
            None => html! {
                section.card {
                    div.card-head { h2 { "Response" } span.sub { "original text, formatted for reading" } }
                    div.card-body { (layout::formatted(&self.body, "Response")) }
                }
            },
        };
        let raw = at.link().with("format", "raw").url();
        let actions = html! { a.btn href=(raw) { (icon("download", 15)) "Download" } };
        Ok(html! {
            (at.crumbs())
            (title(at.tenant, &html! { (at.title()) }, &EMPTY, &actions))
            (self.facts(at.tenant))
            (chooser(at, &others, other.map(|(run, _)| &run.id)))
            (content)
        })
    }

    fn facts(&self, tenant: &Tenant) -> Markup {
        let page = &self.page;
        html! {
            section.card { div.card-body.roomy { dl.sync-facts {
                div { dt { "Request" } dd { code { (page.request) } } }
                div { dt { "Offset" } dd { (number(i64::try_from(page.offset).unwrap_or(0))) } }
                div { dt { "Received" } dd { (time::to_the_second(moment(page.at_ms), &tenant.zone)) } }
                div { dt { "HTTP status" } dd { (page.http_status) } }
                div { dt { "Size" } dd { (bytes(self.body.len())) } }
            } } }
        }
    }
}

fn nothing_to_compare() -> HttpError {
    HttpError::not_found("That run has no response to the same request, or it is no longer stored. Choose another run.")
}

/// The two responses in the order of their runs.
fn comparison(at: &Place<'_>, own: &[u8], other_run: &Run, other: &[u8]) -> Markup {
    let (own_name, other_name) = (run_name(&at.run, at.tenant), run_name(other_run, at.tenant));
    if started(other_run) <= started(&at.run) {
        compare::card(at.tenant, at.dataset, other, own, &other_name, &own_name)
    } else {
        compare::card(at.tenant, at.dataset, own, other, &own_name, &other_name)
    }
}

/// The responses to the same request in the runs around this one.
async fn others(portal: &Portal, at: &Place<'_>, page: &SnapshotPage) -> HttpResult<Vec<(Run, SnapshotPage)>> {
    let (conn, tenant) = (portal.store.conn(), at.tenant.id);
    let mut found = Vec::new();
    for other in snapshots::runs_around(conn, tenant, &at.run.id, at.dataset, RUNS_AROUND).await? {
        let pages = snapshots::pages(conn, tenant, &other, at.dataset).await?;
        let same = pages.into_iter().rfind(|other| is_same_request(other, page));
        if let (Some(same), Some(other)) = (same, runs::get(conn, tenant, &other).await?) {
            found.push((other, same));
        }
    }
    Ok(found)
}

/// Whether two requests are the same. A calendar request contains a range of days that moves with the date.
fn is_same_request(one: &SnapshotPage, other: &SnapshotPage) -> bool {
    let path = |request: &str| request.split('?').next().unwrap_or_default().to_owned();
    let has_range = |request: &str| request.contains("from_date=");
    match has_range(&one.request) && has_range(&other.request) {
        true => path(&one.request) == path(&other.request) && one.offset == other.offset,
        false => one.request == other.request && one.offset == other.offset,
    }
}

/// The form that chooses a run to compare with.
fn chooser(at: &Place<'_>, others: &[(Run, SnapshotPage)], with: Option<&RunId>) -> Markup {
    let address = at.link().url();
    if others.is_empty() {
        return html! {
            section.card { div.card-foot.alone { "No other stored run made this request, so there is nothing to compare with." } }
        };
    }
    html! {
        section.card {
            form.filter-form.alone method="get" action=(address) data-auto {
                div.field.grow {
                    label for="with" { "Compare with the same request of" }
                    select.select id="with" name="with" data-absent="" {
                        option value="" { "no other run" }
                        @for (run, _) in others.iter().rev() {
                            option value=(run.id) selected[with == Some(&run.id)] {
                                (run_name(run, at.tenant)) @if started(run) < started(&at.run) { ", earlier" } @else { ", later" }
                            }
                        }
                    }
                }
                div.acts {
                    button.btn { "Compare" }
                    @if with.is_some() { a.btn.plain href=(address) { (icon("x", 14)) "Show the response" } }
                }
            }
        }
    }
}
