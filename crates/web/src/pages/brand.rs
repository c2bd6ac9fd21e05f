//! What all of a brand's pages share: its start, its logo, its freshness, and asking for a sync.

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::Markup;
use tetherboard_domain::Trigger;
use tetherboard_metrics::freshness;
use tetherboard_store::{runs, tenants};

use crate::Portal;
use crate::error::{Answer, Refusal, Wants};
use crate::links::Tab;
use crate::parts::fresh::chip;
use crate::query::Pairs;
use crate::viewer::BrandViewer;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/t/{brand}", get(start))
        .route("/t/{brand}/logo", get(logo))
        .route("/t/{brand}/freshness", get(fresh))
        .route("/t/{brand}/sync", post(sync))
        .route("/t/{brand}/{tab}", get(unknown_tab))
}

async fn start(brand: BrandViewer) -> Redirect {
    Redirect::to(&Tab::Overview.url(&brand.tenant.slug))
}

async fn unknown_tab(_: BrandViewer) -> Refusal {
    Refusal::missing(Wants::Page, "There is no such view of this brand.")
}

async fn logo(brand: BrandViewer, State(portal): State<Portal>) -> Answer<Response> {
    let Some((bytes, kind)) = tenants::logo(portal.store.conn(), brand.tenant.id).await? else {
        return Err(Refusal::missing(Wants::Page, "This brand has no logo."));
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&kind).unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    Ok(response)
}

/// The chip alone. When newer data has landed than the page shows, the page is told to refresh itself.
async fn fresh(
    brand: BrandViewer,
    State(portal): State<Portal>,
    pairs: Pairs,
) -> Answer<(StatusCode, [(&'static str, &'static str); 2], Markup)> {
    let now = portal.clock.now();
    let fresh = freshness(portal.store.conn(), &brand.tenant, now).await?;
    let shown: Option<i64> = pairs.get("v").and_then(|version| version.parse().ok());
    let landed = shown.is_some_and(|shown| shown != fresh.data_version);
    let headers = [("hx-trigger", if landed { "data-landed" } else { "unchanged" }), ("cache-control", "no-store")];
    Ok((StatusCode::OK, headers, chip(&brand.tenant, &fresh, now, brand.viewer.is_agency())))
}

async fn sync(brand: BrandViewer, State(portal): State<Portal>) -> Answer<Redirect> {
    if !brand.viewer.is_agency() {
        return Err(Refusal::forbidden(Wants::Page, "Only the agency can start a sync."));
    }
    runs::request(portal.store.conn(), brand.tenant.id, Trigger::Person, portal.clock.now_ms()).await?;
    Ok(Redirect::to(&Tab::Overview.url(&brand.tenant.slug)))
}
