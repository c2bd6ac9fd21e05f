//! The JSON API: the same data as the pages, for scripts.

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
use axum::routing::get;
use jiff::Timestamp;
use tetherboard_domain::EpochMs;

use crate::http::error::HttpError;
use crate::state::Portal;

/// What the API says about an unknown path.
pub(crate) const NO_SUCH_ADDRESS: &str = "The API has no such path. See /api/v1/openapi.json for the list.";
const NO_SUCH_METHOD: &str = "This path does not support that method. See /api/v1/openapi.json.";

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
        .fallback(async || HttpError::not_found(NO_SUCH_ADDRESS))
        .method_not_allowed_fallback(async || HttpError::method_not_allowed(NO_SUCH_METHOD))
}

/// A moment as RFC 3339 in UTC.
fn text(moment: Timestamp) -> String {
    moment.to_string()
}

/// The same for a stored moment; `None` if it is out of range.
fn text_of_ms(ms: EpochMs) -> Option<String> {
    ms.timestamp().map(text)
}
