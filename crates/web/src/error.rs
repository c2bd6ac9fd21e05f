//! What goes wrong has two audiences: the visitor gets a sentence and a way back, the log gets the cause.

use axum::Json;
use axum::extract::{OriginalUri, Request};
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use tetherboard_store::StoreError;
use utoipa::ToSchema;

use crate::links;
use crate::pages::error_page;

/// Why a request got no answer. It knows whether a page or a problem document is wanted.
#[derive(Debug)]
pub(crate) struct Refusal {
    kind: Kind,
    wants: Wants,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Page,
    Problem,
}

#[derive(Debug)]
enum Kind {
    NotSignedIn { back: String },
    NotFound(String),
    Forbidden(String),
    BadRequest(String),
    Broken(StoreError),
}

/// `application/problem+json`, RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
}

pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// After signing in one comes back to a page, but not to where a form was sent.
    pub(crate) fn not_signed_in(parts: &Parts) -> Self {
        let address = asked(parts).path_and_query().filter(|_| parts.method.is_safe());
        let back = address.map(ToString::to_string).unwrap_or_default();
        Self { kind: Kind::NotSignedIn { back }, wants: wanted(parts) }
    }

    pub(crate) fn not_found(parts: &Parts, detail: &str) -> Self {
        Self { kind: Kind::NotFound(detail.to_owned()), wants: wanted(parts) }
    }

    pub(crate) fn missing(wants: Wants, detail: &str) -> Self {
        Self { kind: Kind::NotFound(detail.to_owned()), wants }
    }

    pub(crate) fn forbidden(wants: Wants, detail: &str) -> Self {
        Self { kind: Kind::Forbidden(detail.to_owned()), wants }
    }

    pub(crate) fn bad_request(wants: Wants, detail: impl Into<String>) -> Self {
        Self { kind: Kind::BadRequest(detail.into()), wants }
    }

    fn told(&self) -> (StatusCode, &'static str, &str) {
        match &self.kind {
            Kind::NotSignedIn { .. } => {
                (StatusCode::UNAUTHORIZED, "Not signed in", "Sign in, or send an API token as a bearer token.")
            }
            Kind::NotFound(detail) => (StatusCode::NOT_FOUND, "Not found", detail),
            Kind::Forbidden(detail) => (StatusCode::FORBIDDEN, "Not allowed", detail),
            Kind::BadRequest(detail) => (StatusCode::BAD_REQUEST, "Not understood", detail),
            Kind::Broken(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                "It is our fault and has been written down. Try again in a minute.",
            ),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self { kind: Kind::Broken(error), wants: Wants::Page }
    }
}

/// What an address under `/api/` wants is a problem document.
fn wanted(parts: &Parts) -> Wants {
    if asked(parts).path().starts_with("/api/") { Wants::Problem } else { Wants::Page }
}

/// The address as it was asked for; a nested router sees it without its prefix.
fn asked(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Kind::Broken(error) = &self.kind {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(%error, cause, "a request could not be answered");
        }
        if let (Kind::NotSignedIn { back }, Wants::Page) = (&self.kind, self.wants) {
            return Redirect::to(&links::sign_in(back)).into_response();
        }
        let (status, title, detail) = self.told();
        let mut response = match self.wants {
            Wants::Page => (status, error_page(status, title, detail)).into_response(),
            Wants::Problem => problem(status, title, detail),
        };
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

pub(crate) fn problem(status: StatusCode, title: &'static str, detail: &str) -> Response {
    let body = Problem { kind: "about:blank", title, status: status.as_u16(), detail: detail.to_owned() };
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// For the API, where a database's failure is a problem document too.
pub(crate) fn as_problem(refusal: Refusal) -> Refusal {
    Refusal { wants: Wants::Problem, ..refusal }
}

/// For the API, which answers everything with JSON.
pub(crate) fn panicked_in_api(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a handler of the API panicked");
    let detail = "It is our fault and has been written down. Try again in a minute.";
    problem(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", detail)
}

pub(crate) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    let detail = "It is our fault and has been written down. Try again in a minute.";
    (StatusCode::INTERNAL_SERVER_ERROR, error_page(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", detail))
        .into_response()
}

/// One line a request: no query (it may hold a name somebody searched for), no cookies, no secret of a calendar's address.
pub(crate) async fn log_requests(request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let (method, path) = (request.method().clone(), without_secret(request.uri().path()));
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(%method, path, status, took_ms, request.id = id, "answered");
    response
}

fn without_secret(path: &str) -> String {
    match path.starts_with(links::CALENDAR_FEEDS) {
        true => format!("{}…", links::CALENDAR_FEEDS),
        false => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_calendar_is_not_written_down() {
        assert_eq!(without_secret(&links::calendar_feed("s3cret")), "/calendar/…");
        assert_eq!(without_secret("/calendar/s3cret.ics/more"), "/calendar/…");
        assert_eq!(without_secret("/t/harbor/schedule"), "/t/harbor/schedule");
    }
}
