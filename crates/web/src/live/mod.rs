//! Live updates for open pages, as server-sent events.
//!
//! One task per process polls the database twice a second while someone follows, and not at all otherwise. It publishes the
//! status of all brands; every stream takes what concerns its own page.

mod status;
mod stream;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tetherboard_store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use status::{BrandStatus, fingerprint_of_all, fingerprints, sync_fingerprint};
pub(crate) use stream::{BrandRow, follow_agency, follow_brand, follow_brand_sync};

use crate::address::query::query;
use crate::address::verbatim::Verbatim;
use status::LiveStatus;

query! {
    /// What an open page says about itself when it subscribes.
    pub(crate) struct LiveQuery {
        /// The version that the page shows.
        shown: Verbatim = "v",
    }
}

/// How often the database is polled.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// Publishes the status of all brands. Clones share one polling task.
#[derive(Clone)]
pub(crate) struct Live(Arc<Poller>);

struct Poller {
    store: Store,
    stop: CancellationToken,
    status: watch::Sender<Option<Arc<LiveStatus>>>,
    /// Whether the task runs. It ends only while this is locked, so nobody can subscribe to a task that is ending.
    is_polling: Mutex<bool>,
}

impl Live {
    /// Without a polling task yet: the first subscriber starts it. It ends with `stop`.
    pub(crate) fn new(store: Store, stop: CancellationToken) -> Self {
        Self(Arc::new(Poller { store, stop, status: watch::Sender::new(None), is_polling: Mutex::new(false) }))
    }

    /// The status now, and whenever it changes.
    fn subscribe(&self) -> watch::Receiver<Option<Arc<LiveStatus>>> {
        let mut is_polling = self.0.is_polling.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_polling {
            // The last status is from the last time someone followed.
            self.0.status.send_replace(None);
            *is_polling = true;
            tokio::spawn(poll(Arc::clone(&self.0)));
        }
        let mut status = self.0.status.subscribe();
        status.mark_changed();
        status
    }
}

async fn poll(poller: Arc<Poller>) {
    let mut is_failing = false;
    loop {
        let previous = poller.status.borrow().clone();
        match status::read(&poller.store, previous.as_deref()).await {
            Ok(changed) => {
                is_failing = false;
                if let Some(status) = changed {
                    poller.status.send_replace(Some(Arc::new(status)));
                }
            }
            Err(error) => {
                if !is_failing {
                    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    tracing::error!(%error, cause, "could not read the status for open pages; still trying");
                }
                is_failing = true;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_EVERY) => {}
            () = poller.stop.cancelled() => return,
        }
        let mut is_polling = poller.is_polling.lock().unwrap_or_else(PoisonError::into_inner);
        if poller.status.receiver_count() == 0 {
            *is_polling = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tetherboard_testkit::Kind;

    use super::*;

    #[tokio::test]
    async fn it_polls_only_while_someone_follows() {
        let db = tetherboard_testkit::fresh(Kind::Sqlite).await;
        let live = Live::new(db.store.clone(), CancellationToken::new());
        let is_polling = || *live.0.is_polling.lock().unwrap();
        assert!(!is_polling());
        for _ in 0..2 {
            let (mut one, mut two) = (live.subscribe(), live.subscribe());
            for status in [&mut one, &mut two] {
                status.wait_for(Option::is_some).await.unwrap();
            }
            drop(one);
            tokio::time::sleep(2 * POLL_EVERY).await;
            assert!(is_polling(), "one still follows");
            drop(two);
            tokio::time::sleep(2 * POLL_EVERY).await;
            assert!(!is_polling(), "nobody follows");
        }
    }
}
