//! What all of a brand's pages share: its start, its logo, what happens to it, and asking for a sync.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use tetherboard_domain::Trigger;
use tetherboard_store::runs::Wish;
use tetherboard_store::tenants;

use crate::Portal;
use crate::came_from::CameFrom;
use crate::error::{Answer, Refusal, Wants};
use crate::links::Tab;
use crate::live::follow_brand;
use crate::pages::sync::acts::ask_for_run;
use crate::query::Pairs;
use crate::viewer::BrandViewer;

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

/// What happens to the brand's data while a page of it is open.
async fn live(brand: BrandViewer, State(portal): State<Portal>, pairs: Pairs) -> Response {
    follow_brand(portal, brand, pairs.get("v").map(str::to_owned))
}

/// Asks for a run, and leads back to where it was asked for.
async fn sync(brand: BrandViewer, State(portal): State<Portal>, came_from: CameFrom) -> Answer<Redirect> {
    if !brand.viewer.is_agency() {
        return Err(Refusal::forbidden(Wants::Page, "Only the agency can start a sync."));
    }
    ask_for_run(&portal, &brand.viewer, &brand.tenant, Wish::by(Trigger::Person, brand.viewer.user.id)).await?;
    Ok(came_from.or(|| Tab::Overview.url(&brand.tenant.slug)))
}
