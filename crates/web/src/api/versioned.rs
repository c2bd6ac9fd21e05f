//! Responses that change only when a sync lands, a setting changes, or a day begins. A caller who has the current one gets 304
//! without a new computation.

use axum::Json;
use axum::http::header::ETAG;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use crate::http::error::HttpResult;
use crate::http::etag::IfNoneMatch;
use crate::http::viewer::BrandViewer;

/// The response of `load`, or 304 if the caller has it in this data version and on this local day. Its tag differs for the
/// agency, which sees notes that others do not.
///
/// # Errors
/// Those of `load`.
pub(crate) async fn versioned<T: Serialize>(
    if_none_match: &IfNoneMatch,
    brand: &BrandViewer,
    now: Timestamp,
    load: impl Future<Output = HttpResult<T>>,
) -> HttpResult<Response> {
    let tenant = &brand.tenant;
    let agency = if brand.viewer.is_agency() { ".agency" } else { "" };
    let tag = format!("\"{}.{}{agency}\"", tenant.data_version, tenant.zone.date(now));
    let mut response = match if_none_match.has(&tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Json(load.await?).into_response(),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}
