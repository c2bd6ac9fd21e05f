//! Why a request failed. A handler says what happened; the route decides whether the reader gets a page or
//! `application/problem+json`, in one layer each ([`crate::routes`]).

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tetherboard_store::StoreError;
use utoipa::ToSchema;

/// A failed request: its status, and what to tell the reader.
#[derive(Clone, Debug)]
pub(crate) struct HttpError {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
    /// For someone who is not signed in: the path to return to afterward; empty if there is none.
    pub(crate) sign_in_from: Option<String>,
}

/// What the reader of a missing page sees. A page they may not see says the same, so that it does not reveal what exists.
pub(crate) const NOT_FOUND: &str = "We can’t find that page, or you don’t have access.";

/// A result of handling a request.
pub(crate) type HttpResult<T> = Result<T, HttpError>;

const OUR_FAULT: &str = "Something went wrong on our side, and the error has been logged. Try again in a minute.";

impl HttpError {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), sign_in_from: None }
    }

    /// After signing in, the reader returns to the page they requested, unless they were sending a form.
    pub(crate) fn not_signed_in(parts: &Parts) -> Self {
        let address = requested(parts).path_and_query().filter(|_| parts.method.is_safe());
        let error = Self::new(StatusCode::UNAUTHORIZED, "Not signed in", "Sign in, or send an API token as a bearer token.");
        Self { sign_in_from: Some(address.map(ToString::to_string).unwrap_or_default()), ..error }
    }

    /// 404.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", detail)
    }

    /// 403.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Not allowed", detail)
    }

    /// 400.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Invalid request", detail)
    }

    /// 405.
    pub(crate) fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", detail)
    }

    /// 500; the cause is in the log.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", OUR_FAULT)
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(%error, cause, "a request failed");
        Self::internal()
    }
}

/// The address as requested; a nested router sees it without its prefix.
fn requested(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0)
}

/// The status alone: a layer of the route adds what the reader sees.
impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Answers a panic as an internal error.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    HttpError::internal().into_response()
}

/// Gives a failed response its body, made by `render`. Other responses pass.
pub(crate) fn with_error_body(mut response: Response, render: impl FnOnce(&HttpError) -> Response) -> Response {
    match response.extensions_mut().remove::<Arc<HttpError>>() {
        Some(error) => render(&error),
        None => response,
    }
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

/// Gives a failed response of the API that no handler made, such as one to a request that took too long, a problem document as
/// its body.
pub(crate) async fn with_problem_body(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let status = response.status();
    let is_bare = (status.is_client_error() || status.is_server_error()) && !response.headers().contains_key(CONTENT_TYPE);
    if !is_api || !is_bare {
        return response;
    }
    let detail = match status {
        StatusCode::FORBIDDEN => "Another site sent this request. Use an API token instead of a session.",
        StatusCode::SERVICE_UNAVAILABLE => "The response took too long. Try again later.",
        _ => "The request could not be answered.",
    };
    let title = status.canonical_reason().unwrap_or("Error");
    let mut problem = as_problem(HttpError::new(status, title, detail).into_response()).await;
    // What the layers below added, such as an allowed method.
    for (name, value) in response.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        problem.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    problem
}

/// Gives failed responses of the API a problem document as their body.
pub(crate) async fn as_problem(response: Response) -> Response {
    with_error_body(response, |error| {
        let HttpError { status, title, ref detail, .. } = *error;
        let body = Problem { kind: "about:blank", title, status: status.as_u16(), detail: detail.clone() };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    })
}
