//! The notes of a brand: the feed that filters run on, and how current it is.

use std::sync::Arc;

use jiff::Timestamp;
use tetherboard_metrics::{Board, NoteFeed};
use tetherboard_store::Result;
use tetherboard_store::notes::{self, NoteCoverage};
use tetherboard_store::tenants::Tenant;

use crate::cache::CacheKey;
use crate::state::Portal;

/// The letters of a note that a list loads. A longer note has a page of its own.
pub(crate) const EXCERPT_LETTERS: i32 = 4_000;

#[derive(Clone, PartialEq, Eq, Hash)]
struct NoteFeedKey;

impl CacheKey for NoteFeedKey {
    type Value = NoteFeed;

    fn size(feed: &NoteFeed) -> usize {
        feed.size()
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct NoteCoverageKey;

impl CacheKey for NoteCoverageKey {
    type Value = NoteCoverage;

    fn size(_: &NoteCoverage) -> usize {
        size_of::<NoteCoverage>()
    }
}

/// All notes of a brand without their texts.
///
/// # Errors
/// When the database fails.
pub(crate) async fn note_feed(portal: &Portal, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Arc<NoteFeed>> {
    portal.cache.get(tenant, now, NoteFeedKey, || NoteFeed::load(portal.store.conn(), tenant.id, board)).await
}

/// For how many contacts the notes are current.
///
/// # Errors
/// When the database fails.
pub(crate) async fn note_coverage(portal: &Portal, tenant: &Tenant, now: Timestamp) -> Result<NoteCoverage> {
    Ok(*portal.cache.get(tenant, now, NoteCoverageKey, || notes::coverage(portal.store.conn(), tenant.id)).await?)
}
