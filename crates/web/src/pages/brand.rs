//! Routes that a brand's pages share: its start page, logo, live updates, and starting a sync.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use tetherboard_domain::Trigger;
use tetherboard_store::runs::RunRequest;
use tetherboard_store::tenants;

use crate::address::links::Tab;
use crate::http::error::{HttpError, HttpResult, NOT_FOUND};
use crate::http::referer::Referer;
use crate::http::viewer::BrandViewer;
use crate::live::{Live, LiveQuery, follow_brand};
use crate::read::sync_requests::request_run;
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/t/{brand}", get(start))
        .route("/t/{brand}/logo", get(logo))
        .route("/t/{brand}/live", get(live))
        .route("/t/{brand}/sync", post(sync))
        .route("/t/{brand}/{tab}", get(unknown_tab))
}

async fn start(brand: BrandViewer) -> Redirect {
    Redirect::to(&Tab::Overview.url(&brand.tenant.slug))
}

async fn unknown_tab(_: BrandViewer) -> HttpError {
    HttpError::not_found(NOT_FOUND)
}

async fn logo(brand: BrandViewer, State(portal): State<Portal>) -> HttpResult<Response> {
    let Some((bytes, kind)) = tenants::logo(portal.store.conn(), brand.tenant.id).await? else {
        return Err(HttpError::not_found("This brand has no logo."));
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&kind).unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    Ok(response)
}

/// Server-sent events about the brand's data, for an open page.
async fn live(brand: BrandViewer, State(portal): State<Portal>, Extension(live): Extension<Live>, query: LiveQuery) -> Response {
    follow_brand(portal, &live, brand, query.shown.0)
}

/// Starts a sync, and returns to the page that the form was on.
async fn sync(brand: BrandViewer, State(portal): State<Portal>, referer: Referer) -> HttpResult<Redirect> {
    if !brand.viewer.is_agency() {
        return Err(HttpError::forbidden("Only the agency can start a sync. Ask your agency to start one."));
    }
    request_run(&portal, &brand.viewer, &brand.tenant, RunRequest::by_user(Trigger::Person, brand.viewer.user.id)).await?;
    Ok(referer.or(|| Tab::Overview.url(&brand.tenant.slug)))
}
