//! The feeds of notes that were asked for last. A feed is a few megabytes at a hundred thousand notes, so that of many brands only
//! some are kept.

use std::collections::VecDeque;
use std::sync::Arc;

use tetherboard_domain::TenantId;
use tetherboard_metrics::{Board, NoteFeed};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, Store};
use tokio::sync::Mutex;

use crate::Portal;

/// The one asked for last stands in front.
#[derive(Clone, Default)]
pub(crate) struct LastFeeds(Arc<Mutex<VecDeque<Known>>>);

struct Known {
    tenant: TenantId,
    data_version: i64,
    feed: Arc<NoteFeed>,
}

const MOST: usize = 3;

impl LastFeeds {
    async fn of(&self, store: &Store, tenant: &Tenant, board: &Board) -> Result<Arc<NoteFeed>> {
        let mut last = self.0.lock().await;
        if let Some(at) = last.iter().position(|known| known.tenant == tenant.id) {
            let known = last.remove(at).filter(|known| known.data_version == tenant.data_version);
            if let Some(known) = known {
                let feed = Arc::clone(&known.feed);
                last.push_front(known);
                return Ok(feed);
            }
        }
        let feed = Arc::new(NoteFeed::load(store.conn(), tenant.id, board).await?);
        last.truncate(MOST - 1);
        last.push_front(Known { tenant: tenant.id, data_version: tenant.data_version, feed: Arc::clone(&feed) });
        Ok(feed)
    }
}

impl Portal {
    pub(crate) async fn note_feed(&self, tenant: &Tenant, board: &Board) -> Result<Arc<NoteFeed>> {
        self.note_feeds.of(&self.store, tenant, board).await
    }
}
