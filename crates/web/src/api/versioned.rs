//! Answers that change only with a sync, a setting or a day: whoever has one already is told so without counting anew.

use axum::Json;
use axum::http::header::ETAG;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use crate::http::error::HttpResult;
use crate::http::etag::Known;
use crate::http::viewer::BrandViewer;

/// `answer`, unless the caller has this brand's data version and local day of it. One address has one tag for the agency, which
/// sees notes that others do not, and one for all others.
///
/// # Errors
/// ComputedFilter of `answer`, as problems.
pub(crate) async fn versioned<T: Serialize>(
    known: &Known,
    brand: &BrandViewer,
    now: Timestamp,
    answer: impl Future<Output = HttpResult<T>>,
) -> HttpResult<Response> {
    let tenant = &brand.tenant;
    let agency = if brand.viewer.is_agency() { ".agency" } else { "" };
    let tag = format!("\"{}.{}{agency}\"", tenant.data_version, tenant.zone.date(now));
    let mut response = match known.has(&tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Json(answer.await?).into_response(),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}
