//! The candidates that a search finds while someone types it.

use jiff::Timestamp;
use tetherboard_store::Result;
use tetherboard_store::candidates::{self, SearchMatch, SearchTexts};
use tetherboard_store::tenants::Tenant;

use crate::cache::CacheKey;
use crate::state::Portal;

/// The first `limit` candidates that match, those whose name starts with the text first; and the number of matches.
///
/// # Errors
/// When the database fails.
pub(crate) async fn find_candidates(
    portal: &Portal,
    tenant: &Tenant,
    text: &str,
    limit: usize,
    now: Timestamp,
) -> Result<(Vec<SearchMatch>, i64)> {
    let conn = portal.store.conn();
    let texts = portal.cache.get(tenant, now, SearchTextsKey, || SearchTexts::load(conn, tenant.id)).await?;
    let (ids, total) = texts.find(text, limit);
    Ok((candidates::matches(conn, tenant.id, &ids).await?, total))
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct SearchTextsKey;

impl CacheKey for SearchTextsKey {
    type Value = SearchTexts;

    fn size(texts: &SearchTexts) -> usize {
        texts.size()
    }
}
