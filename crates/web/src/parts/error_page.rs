//! The page a visitor sees when a request fails: what happened, and a way back.

use axum::extract::{OriginalUri, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::icon;
use super::shell::{Document, Theme};
use crate::address::links;
use crate::http::error::{HttpError, with_error_body};

/// Gives failed responses of page routes a page as their body. Someone who is not signed in is sent to the sign-in page.
pub(crate) async fn as_page(request: Request, next: Next) -> Response {
    let address = request.extensions().get::<OriginalUri>().map_or(request.uri(), |original| &original.0);
    let has_query = request.method() == Method::GET && address.query().is_some_and(|query| !query.is_empty());
    let without_query = has_query.then(|| address.path().to_owned());
    with_error_body(next.run(request).await, |error| match &error.sign_in_from {
        Some(back) => Redirect::to(&links::sign_in(back)).into_response(),
        None => {
            let fix = without_query.filter(|_| error.status == StatusCode::BAD_REQUEST);
            (error.status, error_page(error, fix.as_deref())).into_response()
        }
    })
}

/// `without_query` leads to the same page without its filters, if one of them was the error.
fn error_page(error: &HttpError, without_query: Option<&str>) -> Markup {
    let is_ours = error.status.is_server_error();
    let body = html! {
        main.errpage id="main" {
            span class=(if is_ours { "disc danger" } else { "disc quiet" }) {
                (icon(if is_ours { "triangle-alert" } else { "info" }, 20))
            }
            h1 { (error.title) }
            p { (with_code(&error.detail)) }
            div.acts {
                @if let Some(path) = without_query { a.btn.primary href=(path) { "Open without filters" } }
                a.btn.primary[without_query.is_none()] href="/" { "Go to dashboard" }
            }
        }
    };
    Document { title: error.title, theme: Theme::System, accent: None, now: None, charts: false }.render(&body)
}

/// A message with what is between backticks as code.
fn with_code(message: &str) -> Markup {
    html! {
        @for (index, part) in message.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
