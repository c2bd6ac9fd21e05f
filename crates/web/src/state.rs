//! What every handler works with.

use std::sync::Arc;
use std::time::Duration;

use tetherboard_domain::Clock;
use tetherboard_store::Store;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::cache::Cache;
use crate::http::auth::SignIns;

/// One portal process: its database, clock, settings, and cache. Clones share everything.
#[derive(Clone)]
pub struct Portal {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) settings: Arc<Settings>,
    pub(crate) sign_ins: SignIns,
    pub(crate) cache: Cache,
}

/// How this portal is reached and run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The portal's public address, if known. With https, cookies are marked secure.
    pub public_url: Option<Url>,
    /// How many times faster than real time the clock runs; 1 except in demos.
    pub clock_speed: f64,
    /// Closes live streams at shutdown; otherwise they stay open as long as their page does.
    pub stop: CancellationToken,
    /// How often an open page's session is checked again.
    pub recheck: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { public_url: None, clock_speed: 1.0, stop: CancellationToken::new(), recheck: Duration::from_mins(1) }
    }
}

impl Portal {
    /// A portal on a database.
    pub fn new(store: Store, clock: Clock, settings: Settings) -> Self {
        Self { store, clock, settings: Arc::new(settings), sign_ins: SignIns::default(), cache: Cache::default() }
    }

    /// Whether the portal is reached over https.
    pub(crate) fn is_secure(&self) -> bool {
        self.settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}
