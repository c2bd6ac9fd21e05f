//! Style sheet, scripts, font, and icons, built by `web-ui` and embedded in the binary. Their names contain a hash of their
//! content, so browsers cache them for good. Each is compressed once.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use brotli::enc::BrotliEncoderParams;
use rust_embed::RustEmbed;

use crate::state::Portal;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

static NAMES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let list = Files::get("assets.json").map(|file| file.data).unwrap_or_default();
    serde_json::from_slice(&list).unwrap_or_default()
});

/// The address of an asset by its plain name, such as `app.css`.
pub(crate) fn url(name: &str) -> String {
    format!("/assets/{}", NAMES.get(name).map_or(name, String::as_str))
}

/// `/assets` and the favicon.
pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/assets/{name}", get(asset)).route(
        "/favicon.ico",
        get(async |headers: HeaderMap| asset_named(&url("favicon.svg")["/assets/".len()..], &headers).await),
    )
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    asset_named(&name, &headers).await
}

async fn asset_named(name: &str, headers: &HeaderMap) -> Response {
    let Some(file) = Files::get(name).filter(|_| name != "assets.json") else { return StatusCode::NOT_FOUND.into_response() };
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let small =
        if takes_brotli(headers) && kind.type_() != mime_guess::mime::FONT { compressed(name, &file.data).await } else { None };
    let mut response = match small {
        Some(small) => ([(CONTENT_ENCODING, "br"), (VARY, "accept-encoding")], small).into_response(),
        None => file.data.into_owned().into_response(),
    };
    let response_headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind.as_ref()) {
        response_headers.insert(CONTENT_TYPE, kind);
    }
    response_headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = values.flat_map(|value| value.split(',')).map(|coding| coding.split_once(';').unwrap_or((coding, "")));
    codings.any(|(coding, weight)| coding.trim() == "br" && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
}

/// Higher quality takes seconds per file.
const QUALITY: i32 = 9;

/// The file compressed with Brotli, on its first request; `None` if that fails.
async fn compressed(name: &str, data: &[u8]) -> Option<Bytes> {
    static COMPRESSED: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);
    let cached = || COMPRESSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(small) = cached().get(name) {
        return Some(small.clone());
    }
    let data = data.to_vec();
    let compress = move || {
        let mut small = Vec::new();
        let params = BrotliEncoderParams { quality: QUALITY, ..BrotliEncoderParams::default() };
        brotli::BrotliCompress(&mut data.as_slice(), &mut small, &params).ok().map(|_| Bytes::from(small))
    };
    let small = tokio::task::spawn_blocking(compress).await.ok()??;
    cached().insert(name.to_owned(), small.clone());
    Some(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_used_if_the_caller_accepts_it() {
        let takes =
            |value: &'static str| takes_brotli(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]));
        assert!(takes("gzip, deflate, br, zstd") && takes("br;q=0.8"));
        assert!(!takes("gzip") && !takes("br;q=0, gzip") && !takes("abr") && !takes_brotli(&HeaderMap::new()));
    }

    #[test]
    fn every_asset_that_pages_link_to_is_embedded() {
        for name in ["app.css", "app.js", "icons.svg", "favicon.svg", "charts.js", "inter.woff2"] {
            let hashed = NAMES.get(name).unwrap_or_else(|| panic!("{name} is not in assets.json"));
            assert!(Files::get(hashed).is_some(), "{hashed}");
        }
    }
}
