//! The feeds of notes that were asked for last. A feed is a few megabytes at a hundred thousand notes, so that of many brands only
//! some are kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tetherboard_domain::TenantId;
use tetherboard_metrics::{Board, NoteFeed};
use tetherboard_store::Result;
use tetherboard_store::notes::{self, NoteCoverage};
use tetherboard_store::tenants::Tenant;
use tokio::sync::OnceCell;

use crate::Portal;

/// The one asked for last stands in front.
#[derive(Clone, Default)]
pub(crate) struct LastFeeds(Arc<Mutex<VecDeque<Known>>>);

struct Known {
    tenant: TenantId,
    data_version: i64,
    /// Whoever asks first reads it; the others wait for that.
    feed: Arc<OnceCell<Arc<NoteFeed>>>,
}

const MOST: usize = 3;

impl LastFeeds {
    fn of(&self, tenant: &Tenant) -> Arc<OnceCell<Arc<NoteFeed>>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = last.iter().position(|known| known.tenant == tenant.id);
        let known = at.and_then(|at| last.remove(at)).filter(|known| known.data_version == tenant.data_version);
        let known = known.unwrap_or_else(|| Known { tenant: tenant.id, data_version: tenant.data_version, feed: Arc::default() });
        let feed = Arc::clone(&known.feed);
        last.truncate(MOST - 1);
        last.push_front(known);
        feed
    }
}

impl Portal {
    pub(crate) async fn note_feed(&self, tenant: &Tenant, board: &Board) -> Result<Arc<NoteFeed>> {
        let feed = self.note_feeds.of(tenant);
        let load = || async { NoteFeed::load(self.store.conn(), tenant.id, board).await.map(Arc::new) };
        feed.get_or_try_init(load).await.cloned()
    }

    /// Of how many contacts the notes are current. Counting them reads every contact.
    pub(crate) async fn note_coverage(&self, tenant: &Tenant) -> Result<NoteCoverage> {
        let count = || notes::coverage(self.store.conn(), tenant.id);
        Ok(*self.numbers.get(tenant, self.clock.now(), "note coverage", count).await?)
    }
}
