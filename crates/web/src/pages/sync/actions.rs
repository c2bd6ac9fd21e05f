//! What the agency can do about a brand's sync. Each action is recorded in the audit log.

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::Redirect;
use axum::routing::post;
use serde::Deserialize;
use tetherboard_domain::Trigger;
use tetherboard_store::runs::{self, RunRequest};
use tetherboard_store::{audit, credentials};

use super::{dataset_named, run_named};
use crate::address::links;
use crate::http::error::{HttpError, HttpResult};
use crate::http::referer::Referer;
use crate::http::viewer::AgencyBrand;
use crate::read::sync_requests::request_run;
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/agency/sync/{brand}/start", post(start))
        .route("/agency/sync/{brand}/test-key", post(test_key))
        .route("/agency/sync/{brand}/replay", post(replay))
        .route("/agency/sync/{brand}/accept", post(accept))
        .route("/agency/sync/{brand}/runs/{run}/cancel", post(cancel))
}

async fn start(brand: AgencyBrand, State(portal): State<Portal>) -> HttpResult<Redirect> {
    request(&portal, &brand, RunRequest::by_user(Trigger::Person, brand.viewer.user.id)).await
}

/// Requests a run, and opens its page.
async fn request(portal: &Portal, brand: &AgencyBrand, run: RunRequest) -> HttpResult<Redirect> {
    let run = request_run(portal, &brand.viewer, &brand.tenant, run).await?;
    Ok(Redirect::to(&links::run(&brand.tenant.slug, &run).url()))
}

#[derive(Deserialize)]
struct ReplayForm {
    /// The run whose responses are processed again; empty for the latest responses.
    #[serde(default)]
    run: String,
}

async fn replay(brand: AgencyBrand, State(portal): State<Portal>, Form(form): Form<ReplayForm>) -> HttpResult<Redirect> {
    let replay_of = match form.run.as_str() {
        "" => None,
        name => Some(run_named(&portal, &brand.tenant, name).await?.id),
    };
    request(&portal, &brand, RunRequest { replay_of, ..RunRequest::by_user(Trigger::Replay, brand.viewer.user.id) }).await
}

#[derive(Deserialize)]
struct AcceptForm {
    /// The dataset whose held records are removed.
    #[serde(default)]
    dataset: String,
}

async fn accept(brand: AgencyBrand, State(portal): State<Portal>, Form(form): Form<AcceptForm>) -> HttpResult<Redirect> {
    let dataset = dataset_named(&form.dataset)
        .map_err(|_| HttpError::bad_request("The form does not name a dataset. Go back, reload the page, and try again."))?;
    request(
        &portal,
        &brand,
        RunRequest { accept_removals: vec![dataset], ..RunRequest::by_user(Trigger::Person, brand.viewer.user.id) },
    )
    .await
}

/// Asks a worker to test the key; the page shows the result when there is one.
async fn test_key(brand: AgencyBrand, State(portal): State<Portal>, referer: Referer) -> HttpResult<Redirect> {
    let (conn, tenant, now_ms) = (portal.store.conn(), &brand.tenant, portal.clock.now_ms());
    let is_waiting = credentials::key_check(conn, tenant.id).await?.is_some_and(|check| check.answered_ms.is_none());
    if !is_waiting {
        credentials::request_key_check(conn, tenant.id, now_ms).await?;
    }
    audit::record(conn, Some(brand.viewer.user.id), Some(tenant.id), "tested the web key", "", now_ms).await?;
    Ok(referer.or(|| links::sync_of(&tenant.slug).url()))
}

async fn cancel(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, name)): Path<(String, String)>,
) -> HttpResult<Redirect> {
    let (conn, tenant, now_ms) = (portal.store.conn(), &brand.tenant, portal.clock.now_ms());
    let run = run_named(&portal, tenant, &name).await?;
    if runs::cancel(conn, tenant.id, &run.id, now_ms).await? {
        let user = brand.viewer.user.id;
        audit::record(conn, Some(user), Some(tenant.id), "canceled a run", &format!("run {}", run.id), now_ms).await?;
    }
    Ok(Redirect::to(&links::run(&tenant.slug, &run.id).url()))
}
