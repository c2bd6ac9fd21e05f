//! The JSON API: the same numbers as the pages, for scripts.

mod cursor;
mod hot_list;
mod leads;
mod notes;
mod openapi;
mod pipeline;
mod schedule;
mod sync;
mod tenants;
mod versioned;

pub use sync::RunJson;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use tower_http::catch_panic::CatchPanicLayer;

use tetherboard_domain::EpochMs;

use crate::Portal;
use crate::error::{panicked_in_api, problem};

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/openapi.json", get(openapi::openapi))
        .route("/tenants", get(tenants::tenants))
        .route("/tenants/{tenant}/leads/summary", get(leads::summary))
        .route("/tenants/{tenant}/leads", get(leads::list))
        .route("/tenants/{tenant}/pipeline", get(pipeline::pipeline))
        .route("/tenants/{tenant}/hot-list", get(hot_list::hot_list))
        .route("/tenants/{tenant}/notes", get(notes::list))
        .route("/tenants/{tenant}/schedule", get(schedule::list))
        .route("/tenants/{tenant}/sync", get(sync::sync).post(sync::start))
        .fallback(async || -> Response {
            problem(StatusCode::NOT_FOUND, "Not found", "There is no such address; see /api/v1/openapi.json.")
        })
        .method_not_allowed_fallback(async || -> Response {
            problem(
                StatusCode::METHOD_NOT_ALLOWED,
                "Not allowed",
                "This address does not take that method; see /api/v1/openapi.json.",
            )
        })
        .layer(CatchPanicLayer::custom(panicked_in_api))
}

/// RFC 3339, UTC.
fn text(moment: Timestamp) -> String {
    moment.to_string()
}

fn text_of_ms(ms: EpochMs) -> Option<String> {
    ms.timestamp().map(text)
}
