//! What the agency can do about a brand's sync. Each act is written down.

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
    let wish = RunRequest::by_user(Trigger::Person, brand.viewer.user.id);
    to_run(&portal, &brand, wish).await
}

async fn to_run(portal: &Portal, brand: &AgencyBrand, wish: RunRequest) -> HttpResult<Redirect> {
    let run = request_run(portal, &brand.viewer, &brand.tenant, wish).await?;
    Ok(Redirect::to(&links::run(&brand.tenant.slug, &run).url()))
}

#[derive(Deserialize)]
struct Replay {
    /// The run whose answers are normalised again; without it, the latest answers.
    #[serde(default)]
    run: String,
}

async fn replay(brand: AgencyBrand, State(portal): State<Portal>, Form(form): Form<Replay>) -> HttpResult<Redirect> {
    let replay_of = match form.run.as_str() {
        "" => None,
        name => Some(run_named(&portal, &brand.tenant, name).await?.id),
    };
    to_run(&portal, &brand, RunRequest { replay_of, ..RunRequest::by_user(Trigger::Replay, brand.viewer.user.id) }).await
}

#[derive(Deserialize)]
struct Accept {
    #[serde(default)]
    dataset: String,
}

async fn accept(brand: AgencyBrand, State(portal): State<Portal>, Form(form): Form<Accept>) -> HttpResult<Redirect> {
    let dataset =
        dataset_named(&form.dataset).map_err(|_| HttpError::bad_request("Say of which data set the records are gone."))?;
    to_run(
        &portal,
        &brand,
        RunRequest { accept_removals: vec![dataset], ..RunRequest::by_user(Trigger::Person, brand.viewer.user.id) },
    )
    .await
}

/// A worker asks the CRM, and the page shows what it answered when it has.
async fn test_key(brand: AgencyBrand, State(portal): State<Portal>, referer: Referer) -> HttpResult<Redirect> {
    let (conn, tenant, now_ms) = (portal.store.conn(), &brand.tenant, portal.clock.now_ms());
    let waiting = credentials::key_check(conn, tenant.id).await?.is_some_and(|check| check.answered_ms.is_none());
    if !waiting {
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
        audit::record(conn, Some(brand.viewer.user.id), Some(tenant.id), "cancelled a run", &format!("run {}", run.id), now_ms)
            .await?;
    }
    Ok(Redirect::to(&links::run(&tenant.slug, &run.id).url()))
}
