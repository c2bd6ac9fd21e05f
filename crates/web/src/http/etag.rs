//! Conditional requests: a response that the caller already has is not sent again.

use std::convert::Infallible;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// The entity tags in a request's `If-None-Match` header.
pub(crate) struct IfNoneMatch(Vec<String>);

impl IfNoneMatch {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        // A proxy that compresses a response makes its tag weak.
        let tags = values.flat_map(|value| value.split(',')).map(|tag| tag.trim().trim_start_matches("W/").to_owned());
        Self(tags.collect())
    }

    /// Whether the caller has the response with this tag.
    pub(crate) fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|own| own == tag || own == "*")
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// The entity tag of a body.
pub(crate) fn tag_of(body: &[u8]) -> String {
    format!("\"{}\"", digest(body))
}

/// The first half of the SHA-256, as 32 hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gives each page an entity tag, and answers 304 if the browser has it. The tag is a hash of the rendered page, because a page
/// contains the viewer's name and the age of the data.
pub(crate) async fn tag_pages(request: Request, next: Next) -> Response {
    let if_none_match = (request.method() == Method::GET).then(|| IfNoneMatch::of(request.headers()));
    let response = next.run(request).await;
    let (Some(if_none_match), StatusCode::OK) = (if_none_match, response.status()) else { return response };
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    // A rendered page has an exact size; a stream has none.
    if !is_page || response.body().size_hint().exact().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(page) = to_bytes(body, usize::MAX).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let tag = tag_of(&page);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(ETAG, tag);
    }
    if !if_none_match.has(&tag) {
        return Response::from_parts(parts, Body::from(page));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}
