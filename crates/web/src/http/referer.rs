//! The page of the portal that a form was sent from, to return to it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::REFERER;
use axum::http::request::Parts;
use axum::response::Redirect;
use url::{Position, Url};

/// The path and query of that page; `None` if the browser did not send one, or it is not of the portal.
pub(crate) struct Referer(Option<String>);

impl<S: Sync> FromRequestParts<S> for Referer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = parts.headers.get(REFERER).and_then(|address| Url::parse(address.to_str().ok()?).ok());
        let path = address.map(|address| address[Position::BeforePath..Position::AfterQuery].to_owned());
        Ok(Self(path.filter(|path| safe_back(path) == path && path != "/")))
    }
}

impl Referer {
    /// Redirects to the page, or to another one.
    pub(crate) fn or(self, otherwise: impl FnOnce() -> String) -> Redirect {
        Redirect::to(&self.0.unwrap_or_else(otherwise))
    }
}

/// The page to return to after signing in: only a path of this site.
pub(crate) fn safe_back(back: &str) -> &str {
    let own = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\') && !back.chars().any(char::is_control);
    if own && !back.starts_with("/sign-in") { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_leads_to_another_site() {
        for bad in
            ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "/sign-in?back=x"]
        {
            assert_eq!(safe_back(bad), "/", "{bad}");
        }
        assert_eq!(safe_back("/t/a/leads?q=x"), "/t/a/leads?q=x");
    }
}
