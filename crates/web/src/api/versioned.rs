//! Answers that change only with a sync, a setting or a day: whoever has one already is told so without counting anew.

use axum::Json;
use axum::http::header::ETAG;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use crate::error::{Answer, as_problem};
use crate::etag::Known;
use crate::viewer::BrandViewer;

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
