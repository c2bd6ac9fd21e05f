//! HTTP below the pages: sign-in and access, errors, conditional requests, CSV, assets, health.

pub(crate) mod assets;
pub(crate) mod auth;
pub(crate) mod best_effort;
pub(crate) mod csv;
pub(crate) mod error;
pub(crate) mod etag;
pub(crate) mod health;
pub(crate) mod isolation;
pub(crate) mod log;
pub(crate) mod referer;
pub(crate) mod site;
pub(crate) mod viewer;

/// Where calendar feeds are served. The rest of the path is a secret.
pub(crate) const CALENDAR_FEEDS: &str = "/calendar/";

/// The message for an address that leads nowhere.
pub(crate) const NO_SUCH_PAGE: &str = "There is no page at this address. Check it for typos.";

/// The content security policy: scripts, style sheets, and images only from here. Style attributes set a brand's accent and the
/// lengths of bars.
pub(crate) const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
