//! Every route, and what protects all of them.

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{from_fn, map_response};
use axum::routing::any;
use axum::{Extension, Router};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::http::error::{HttpError, as_problem, panicked, with_problem_body};
use crate::http::isolation::isolate_page;
use crate::http::{CSP, NO_SUCH_PAGE, assets, etag, health, log};
use crate::live::Live;
use crate::parts::error_page::as_page;
use crate::state::Portal;
use crate::{api, calendar_feed, pages};

impl Portal {
    /// The portal as a service.
    pub fn router(self) -> Router {
        let live = Live::new(self.store.clone(), self.settings.stop.clone());
        let routes = routes().layer(Extension(live)).layer(DefaultBodyLimit::max(64 * 1024)).layer(csrf(&self));
        with_headers(routes, &self).with_state(self)
    }
}

/// Every route. Whether a failed request gets a page or a problem document is decided here, once.
fn routes() -> Router<Portal> {
    let pages = pages::router()
        .merge(calendar_feed::router())
        .fallback(async || HttpError::not_found(NO_SUCH_PAGE))
        .layer(from_fn(etag::tag_pages))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(as_page))
        .layer(map_response(isolate_page));
    let api = api::router().layer(CatchPanicLayer::custom(panicked));
    let api = Router::new()
        .nest("/api/v1", api)
        .route("/api/{*rest}", any(async || HttpError::not_found(api::NO_SUCH_ADDRESS)))
        .layer(map_response(as_problem));
    pages.merge(api).merge(assets::router()).merge(health::router())
}

fn csrf(portal: &Portal) -> CsrfLayer {
    let origin = portal.settings.public_url.as_ref().map(|url| url.origin().ascii_serialization());
    match origin {
        Some(origin) => CsrfLayer::new().add_trusted_origin(&origin).unwrap_or_else(|_| CsrfLayer::new()),
        None => CsrfLayer::new(),
    }
}

fn with_headers(routes: Router<Portal>, portal: &Portal) -> Router<Portal> {
    let header =
        |name: HeaderName, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let request_id = HeaderName::from_static("x-request-id");
    let hsts = if portal.is_secure() { "max-age=31536000" } else { "max-age=0" };
    routes.layer(
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::new(request_id.clone(), MakeRequestUuid))
            .layer(from_fn(log::log_requests))
            .layer(PropagateRequestIdLayer::new(request_id))
            .layer(header(CONTENT_SECURITY_POLICY, CSP))
            .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(header(X_FRAME_OPTIONS, "DENY"))
            .layer(header(REFERRER_POLICY, "same-origin"))
            .layer(header(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"))
            .layer(header(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
            .layer(header(STRICT_TRANSPORT_SECURITY, hsts))
            .layer(header(CACHE_CONTROL, "private, no-cache"))
            .layer(CompressionLayer::new().br(true).gzip(true))
            .layer(from_fn(with_problem_body))
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(30))),
    )
}
