//! The notes of a brand: which ones a query selects, for the page, its CSV, and the API, and how current they are.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tetherboard_domain::{Dataset, EpochMs, ResolvedPeriod, Search};
use tetherboard_metrics::{Board, FeedFilter, NoteFeed, SelectedNote, Selection};
use tetherboard_store::notes::{self, Audience, NoteCoverage};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, runs};

use crate::address::notes::NoteQuery;
use crate::cache::CacheKey;
use crate::state::Portal;

/// How much of a note's text a list loads, in characters. A longer note has a page of its own.
pub(crate) const EXCERPT_CHARS: i32 = 4_000;

/// The notes that a query selects, newest first, and the counts of its filters.
pub(crate) struct NoteSelection {
    pub(crate) feed: Arc<NoteFeed>,
    pub(crate) filter: FeedFilter,
    pub(crate) selection: Selection,
    pub(crate) search: Option<Search>,
    /// The chosen period in the brand's zone; `None` if none is chosen or there is no data in it.
    pub(crate) period: Option<ResolvedPeriod>,
    /// When notes were last read; `None` before the first read.
    pub(crate) read_at: Option<Timestamp>,
}

impl NoteSelection {
    /// The number of notes selected.
    pub(crate) fn total(&self) -> i64 {
        i64::try_from(self.selection.notes.len()).unwrap_or(i64::MAX)
    }

    /// The notes at `(offset, limit)`; empty beyond the end.
    pub(crate) fn part(&self, (offset, limit): (i64, i64)) -> &[SelectedNote] {
        let first = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.selection.notes.get(first..).unwrap_or_default();
        &rest[..rest.len().min(usize::try_from(limit).unwrap_or(0))]
    }

    /// The row numbers of the notes at `(offset, limit)`.
    pub(crate) fn row_numbers(&self, part: (i64, i64)) -> Vec<i64> {
        self.part(part).iter().map(|note| note.no).collect()
    }
}

/// The notes that match a query, as `audience` may see them.
///
/// # Errors
/// When the database fails.
pub(crate) async fn select_notes(
    portal: &Portal,
    tenant: &Tenant,
    audience: Audience,
    board: &Board,
    query: &NoteQuery,
    now: Timestamp,
) -> Result<NoteSelection> {
    let conn = portal.store.conn();
    let feed = portal.cache.get(tenant, now, NoteFeedKey, || NoteFeed::load(conn, tenant.id, board)).await?;
    let search = query.search();
    let found = match &search {
        Some(search) => Some(notes::search_hits(conn, tenant.id, search).await?),
        None => None,
    };
    let read_at = runs::dataset_ages(conn, tenant.id).await?.last_read_ms(Dataset::Notes).and_then(EpochMs::timestamp);
    let period = query.period.0.zip(read_at).and_then(|(period, read_at)| period.resolve(&tenant.zone, now, read_at));
    let filter = query.filter(board, &tenant.zone, period.as_ref(), found);
    let selection = feed.select(board, audience, &filter, now.into());
    Ok(NoteSelection { feed, filter, selection, search, period, read_at })
}

/// How recently a contact's notes must have been read to count as current, in hours.
pub(crate) const NOTES_WINDOW_HOURS: i64 = 24;

/// For how many contacts the notes were read within the last 24 hours.
///
/// # Errors
/// When the database fails.
pub(crate) async fn note_coverage(portal: &Portal, tenant: &Tenant, now: Timestamp) -> Result<NoteCoverage> {
    // Time passes without new data, so the value is computed at least every ten minutes.
    let key = NoteCoverageKey { ten_minutes: now.as_second() / 600 };
    let since = EpochMs::from(now - SignedDuration::from_hours(NOTES_WINDOW_HOURS));
    Ok(*portal.cache.get(tenant, now, key, || notes::coverage(portal.store.conn(), tenant.id, since)).await?)
}

/// All notes of a brand, without their texts.
#[derive(Clone, PartialEq, Eq, Hash)]
struct NoteFeedKey;

impl CacheKey for NoteFeedKey {
    type Value = NoteFeed;

    fn size(feed: &NoteFeed) -> usize {
        feed.size()
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct NoteCoverageKey {
    ten_minutes: i64,
}

impl CacheKey for NoteCoverageKey {
    type Value = NoteCoverage;

    fn size(_: &NoteCoverage) -> usize {
        size_of::<NoteCoverage>()
    }
}
