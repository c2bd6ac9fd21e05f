//! Answers that change only with a sync, a setting or a day: whoever has one already is told so without counting anew.

use std::convert::Infallible;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use crate::error::{Answer, as_problem};
use crate::viewer::BrandViewer;

/// The versions of the answer that the caller has.
pub(crate) struct Known(Vec<String>);

impl<S: Sync> FromRequestParts<S> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let values = parts.headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        // Compression on the way makes a tag weak.
        let tags = values.flat_map(|value| value.split(',')).map(|tag| tag.trim().trim_start_matches("W/").to_owned());
        Ok(Self(tags.collect()))
    }
}

impl Known {
    /// Whether the version of this tag is among them.
    pub(crate) fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|known| known == tag || known == "*")
    }
}

/// `answer`, unless the caller has this brand's data version and local day of it. One address has one tag for the agency, which
/// sees notes that others do not, and one for all others.
///
/// # Errors
/// Those of `answer`, as problems.
pub(crate) async fn versioned<T: Serialize>(
    known: &Known,
    brand: &BrandViewer,
    now: Timestamp,
    answer: impl Future<Output = Answer<T>>,
) -> Answer<Response> {
    let tenant = &brand.tenant;
    let agency = if brand.viewer.is_agency() { ".agency" } else { "" };
    let tag = format!("\"{}.{}{agency}\"", tenant.data_version, tenant.zone.date(now));
    let mut response = match known.has(&tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Json(answer.await.map_err(as_problem)?).into_response(),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}
