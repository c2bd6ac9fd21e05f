//! `/tenants/{tenant}/sync`: the state of a brand's sync, its recent runs, and starting one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use tetherboard_domain::Trigger;
use tetherboard_metrics::freshness;
use tetherboard_store::runs::{self, DatasetReport, Run, RunRequest};
use utoipa::ToSchema;

use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::read::sync_requests::request_run;
use crate::state::Portal;

/// The state of a brand's sync.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sync {
    /// running, never, failing, late, or on_time.
    state: &'static str,
    /// When the oldest of the datasets was last read in full; null until all have been.
    as_of: Option<String>,
    last_success_at: Option<String>,
    next_at: String,
    /// Newest first.
    runs: Vec<RunJson>,
}

/// One sync run of a brand.
#[derive(Serialize, ToSchema)]
pub struct RunJson {
    id: String,
    /// queued, running, succeeded, partial, failed, or aborted.
    status: &'static str,
    started_at: Option<String>,
    finished_at: Option<String>,
    datasets: Vec<DatasetJson>,
}

/// What a run did to one dataset; counts are records.
#[derive(Serialize, ToSchema)]
struct DatasetJson {
    dataset: &'static str,
    status: &'static str,
    pages: i64,
    read: i64,
    added: i64,
    changed: i64,
    unchanged: i64,
    /// Removed, because ClientTether no longer has them.
    gone: i64,
    /// Missing, but kept until someone confirms the removal.
    held: i64,
    /// Skipped, because they could not be used.
    set_aside: i64,
    retries: i64,
    /// What the read showed apart from records, such as a renamed stage, in sentences. Absent if nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
    error: Option<ErrorJson>,
}

/// Why a dataset was not read in full.
#[derive(Serialize, ToSchema)]
struct ErrorJson {
    class: &'static str,
    /// The class in a sentence.
    meaning: &'static str,
}

impl RunJson {
    /// A run as the command line prints it and the API returns it.
    pub fn new(run: &Run, datasets: &[DatasetReport]) -> Self {
        let dataset = |report: &DatasetReport| DatasetJson {
            dataset: report.dataset.as_str(),
            status: report.status.as_str(),
            pages: report.pages,
            read: report.read,
            added: report.added,
            changed: report.changed,
            unchanged: report.unchanged,
            gone: report.gone,
            held: report.held,
            set_aside: report.set_aside,
            retries: report.retries,
            notices: report.notices.clone(),
            error: report.error.as_ref().map(|error| ErrorJson { class: error.class.as_str(), meaning: error.class.meaning() }),
        };
        Self {
            id: run.id.to_string(),
            status: run.status.as_str(),
            started_at: run.started_ms.and_then(super::text_of_ms),
            finished_at: run.finished_ms.and_then(super::text_of_ms),
            datasets: datasets.iter().map(dataset).collect(),
        }
    }
}

/// How many runs are listed.
const RUNS: i64 = 24;

/// The state of a brand's sync, and its 24 newest runs.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/sync", params(("tenant" = String, Path)),
    responses((status = 200, body = Sync)))]
pub(crate) async fn sync(brand: BrandViewer, State(portal): State<Portal>) -> HttpResult<Json<Sync>> {
    read(&portal, &brand).await.map(Json)
}

async fn read(portal: &Portal, brand: &BrandViewer) -> HttpResult<Sync> {
    let (conn, tenant) = (portal.store.conn(), &brand.tenant);
    let fresh = freshness(conn, tenant, portal.clock.now()).await?;
    let mut recent = Vec::new();
    for run in runs::newest(conn, tenant.id, RUNS).await? {
        recent.push(RunJson::new(&run, &runs::reports(conn, tenant.id, &run.id).await?));
    }
    Ok(Sync {
        state: fresh.state.as_str(),
        as_of: fresh.as_of.map(super::text),
        last_success_at: fresh.last_success.map(super::text),
        next_at: super::text(fresh.next_at),
        runs: recent,
    })
}

/// The run that was started.
#[derive(Serialize, ToSchema)]
pub(crate) struct Started {
    run_id: String,
}

/// Starts a sync, for the agency only. If one is waiting or running, returns its ID.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/sync", params(("tenant" = String, Path)),
    responses((status = 202, body = Started)))]
pub(crate) async fn start(brand: BrandViewer, State(portal): State<Portal>) -> HttpResult<(StatusCode, Json<Started>)> {
    if !brand.viewer.is_agency() {
        return Err(HttpError::forbidden("Only the agency can start a sync."));
    }
    let request = RunRequest::by_user(Trigger::Person, brand.viewer.user.id);
    let run = request_run(&portal, &brand.viewer, &brand.tenant, request).await?;
    Ok((StatusCode::ACCEPTED, Json(Started { run_id: run.to_string() })))
}
