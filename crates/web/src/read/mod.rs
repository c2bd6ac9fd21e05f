//! What a page, its CSV, and its API response load, defined once for all three.

pub(crate) mod attention;
pub(crate) mod candidate_search;
pub(crate) mod deal_list;
pub(crate) mod hot_list;
pub(crate) mod lead_list;
pub(crate) mod note_feed;
pub(crate) mod numbers;
pub(crate) mod pipeline_history;
pub(crate) mod schedule;
pub(crate) mod sync_requests;

use tetherboard_store::Result;

/// Every row of a list that is read in parts of `(offset, limit)`.
///
/// # Errors
/// Those of `read`.
async fn all_rows<T, F>(part: i64, read: impl Fn((i64, i64)) -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<Vec<T>>>,
{
    let mut rows = Vec::new();
    loop {
        let offset = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let next = read((offset, part)).await?;
        if next.is_empty() {
            return Ok(rows);
        }
        rows.extend(next);
    }
}
