//! The portal: sign-in, pages, JSON API and assets. It reads what syncs wrote and never calls the CRM.
//!
//! A page's file holds its route, its query, its view model, its handler and its markup. A page renders whole on the
//! server; scripts only enhance it. Who may see what is decided in one place, [`viewer`].

mod accent;
mod api;
mod asof;
mod assets;
mod auth;
mod bookkeeping;
mod calendar_feed;
mod came_from;
mod csv;
mod error;
mod etag;
mod health;
mod links;
mod live;
mod note_feeds;
mod numbers;
mod pages;
mod parts;
mod query;
mod story;
mod those;
mod viewer;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use tetherboard_domain::Clock;
use tetherboard_store::Store;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use url::Url;

pub use accent::{Accent, AccentError};
pub use api::RunJson;
pub use auth::{PasswordError, hash_password, hash_token, new_api_token, token_hint};

/// What every handler works with.
#[derive(Clone)]
pub struct Portal {
    store: Store,
    clock: Clock,
    settings: Arc<Settings>,
    sign_ins: auth::SignIns,
    numbers: numbers::KeptNumbers,
    histories: story::LastHistory,
    note_feeds: note_feeds::LastFeeds,
    live: live::Live,
}

/// How this portal is reached and run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address that people type, where it is known; https makes cookies secure.
    pub public_url: Option<Url>,
    /// How many times faster than the machine's the clock runs: 1, but for demos.
    pub clock_speed: f64,
    /// Ends what would otherwise go on for as long as a page is open.
    pub stop: CancellationToken,
    /// How often an open page's session is looked at again.
    pub recheck: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { public_url: None, clock_speed: 1.0, stop: CancellationToken::new(), recheck: Duration::from_mins(1) }
    }
}

impl Portal {
    pub fn new(store: Store, clock: Clock, settings: Settings) -> Self {
        Self {
            live: live::Live::new(store.clone(), settings.stop.clone()),
            store,
            clock,
            settings: Arc::new(settings),
            sign_ins: auth::SignIns::default(),
            numbers: Default::default(),
            histories: Default::default(),
            note_feeds: Default::default(),
        }
    }

    /// Every route, with what protects all of them.
    pub fn router(self) -> Router {
        let secure = self.is_secure();
        let csrf = match self.settings.public_url.as_ref().map(|url| url.origin().ascii_serialization()) {
            Some(origin) => CsrfLayer::new().add_trusted_origin(&origin).unwrap_or_else(|_| CsrfLayer::new()),
            None => CsrfLayer::new(),
        };
        let header =
            |name: HeaderName, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
        let request_id = HeaderName::from_static("x-request-id");
        let hsts = if secure { "max-age=31536000" } else { "max-age=0" };
        Router::new()
            .merge(pages::router().layer(axum::middleware::from_fn(etag::tag_pages)))
            .nest("/api/v1", api::router())
            .merge(calendar_feed::router())
            .merge(assets::router())
            .merge(health::router())
            .fallback(pages::not_found)
            .layer(
                ServiceBuilder::new()
                    .layer(SetRequestIdLayer::new(request_id.clone(), MakeRequestUuid))
                    .layer(axum::middleware::from_fn(error::log_requests))
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
                    .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(30)))
                    .layer(CatchPanicLayer::custom(error::panicked))
                    .layer(csrf)
                    .layer(DefaultBodyLimit::max(64 * 1024)),
            )
            .with_state(self)
    }

    fn is_secure(&self) -> bool {
        self.settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

/// No script, style sheet or image but our own. Style attributes carry a brand's accent and the lengths of bars.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
