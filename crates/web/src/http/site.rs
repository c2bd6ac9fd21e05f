//! The portal's own address, for links in calendars and mail.

use axum::http::HeaderMap;
use axum::http::header::HOST;

use crate::state::Portal;

/// The configured public address, or the one this request used.
pub(crate) fn site(portal: &Portal, headers: &HeaderMap) -> String {
    match &portal.settings.public_url {
        Some(url) => url.origin().ascii_serialization(),
        None => format!("http://{}", headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost")),
    }
}
