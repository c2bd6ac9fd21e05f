//! The pages, one file each: route, query, view model, handler, markup.

pub(crate) mod agency;
mod brand;
mod candidate;
pub(crate) mod hot_list;
mod leads;
mod mapping;
mod notes;
pub(crate) mod overview;
mod pipeline;
pub(crate) mod schedule;
mod sign_in;
pub(crate) mod sync;

use axum::Router;
use axum::extract::OriginalUri;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use crate::Portal;
use crate::error::problem;
use crate::parts::icon;
use crate::parts::shell::{Document, Theme};

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .merge(sign_in::router())
        .merge(agency::router())
        .merge(brand::router())
        .merge(overview::router())
        .merge(leads::router())
        .merge(pipeline::router())
        .merge(hot_list::router())
        .merge(notes::router())
        .merge(schedule::router())
        .merge(candidate::router())
        .merge(sync::router())
        .merge(mapping::router())
}

pub(crate) async fn not_found(OriginalUri(uri): OriginalUri) -> Response {
    let detail = "There is nothing at this address. It may have been mistyped, or moved.";
    if uri.path().starts_with("/api/") {
        return problem(StatusCode::NOT_FOUND, "Not found", "There is no such address; see /api/v1/openapi.json.");
    }
    (StatusCode::NOT_FOUND, error_page(StatusCode::NOT_FOUND, "Not found", detail)).into_response()
}

/// What happened, and the way back.
pub(crate) fn error_page(status: StatusCode, title: &str, detail: &str) -> Markup {
    let picture = if status.is_server_error() { "triangle-alert" } else { "info" };
    let body = html! {
        main.errpage id="main" {
            span class=(if status.is_server_error() { "disc danger" } else { "disc quiet" }) { (icon(picture, 20)) }
            h1 { (title) }
            p { (detail) }
            div.acts { a.btn.primary href="/" { "To the start" } }
        }
    };
    Document { title, theme: Theme::System, accent: None, now: None, charts: false }.render(&body)
}
