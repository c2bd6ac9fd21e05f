//! Style sheet, scripts, font and icons, built by `web-ui` and carried inside the binary. Their names change with their
//! content, so browsers keep them for ever.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use crate::Portal;

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

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/assets/{name}", get(asset))
        .route("/favicon.ico", get(async || asset_named(&url("favicon.svg")["/assets/".len()..])))
}

async fn asset(Path(name): Path<String>) -> Response {
    asset_named(&name)
}

fn asset_named(name: &str) -> Response {
    let Some(file) = Files::get(name).filter(|_| name != "assets.json") else { return StatusCode::NOT_FOUND.into_response() };
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let mut response = file.data.into_owned().into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind.as_ref()) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_that_pages_name_is_inside() {
        for name in ["app.css", "app.js", "icons.svg", "favicon.svg", "charts.js", "inter.woff2"] {
            let hashed = NAMES.get(name).unwrap_or_else(|| panic!("{name} is not in assets.json"));
            assert!(Files::get(hashed).is_some(), "{hashed}");
        }
    }
}
