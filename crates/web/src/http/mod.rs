//! What HTTP asks of every page alike: who is signed in, errors, caching by the browser, CSV, assets, health.

pub(crate) mod assets;
pub(crate) mod auth;
pub(crate) mod best_effort;
pub(crate) mod csv;
pub(crate) mod error;
pub(crate) mod etag;
pub(crate) mod health;
pub(crate) mod log;
pub(crate) mod referer;
pub(crate) mod site;
pub(crate) mod viewer;

/// Where calendar feeds are served. What follows is a secret.
pub(crate) const CALENDAR_FEEDS: &str = "/calendar/";
