//! The page a visitor sees when a request fails: what happened, and a way back.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::icon;
use super::shell::{Document, Theme};
use crate::address::links;
use crate::http::error::{HttpError, with_error_body};

/// Gives failed responses of page routes a page as their body. Someone who is not signed in is sent to the sign-in page.
pub(crate) async fn as_page(response: Response) -> Response {
    with_error_body(response, |error| match &error.sign_in_from {
        Some(back) => Redirect::to(&links::sign_in(back)).into_response(),
        None => (error.status, error_page(error)).into_response(),
    })
}

fn error_page(error: &HttpError) -> Markup {
    let is_ours = error.status.is_server_error();
    let body = html! {
        main.errpage id="main" {
            span class=(if is_ours { "disc danger" } else { "disc quiet" }) {
                (icon(if is_ours { "triangle-alert" } else { "info" }, 20))
            }
            h1 { (error.title) }
            p { (error.detail) }
            div.acts { a.btn.primary href="/" { "Go to dashboard" } }
        }
    };
    Document { title: error.title, theme: Theme::System, accent: None, now: None, charts: false }.render(&body)
}
