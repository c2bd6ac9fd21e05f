//! How quickly new prospects are contacted.

use tetherboard_domain::{TenantId, Window, median};
use tetherboard_store::{Conn, Result, leads};

/// How quickly the prospects created in a window were contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstTouch {
    pub prospects: i64,
    /// Prospects whose notes were read after they were created.
    pub read: i64,
    /// Of these, prospects with a note written by a person.
    pub touched: i64,
    /// The median time from creation to the first such note, in milliseconds.
    pub median_ms: Option<i64>,
}

impl FirstTouch {
    /// Whether the median is meaningful: with notes of fewer than four in five read, it would only describe the fast ones.
    pub fn is_covered(&self) -> bool {
        self.prospects > 0 && self.read * 100 >= self.prospects * 80
    }
}

/// Loads how quickly the prospects created in a window were contacted.
///
/// # Errors
/// When the database fails.
pub async fn first_touch<C: Conn>(conn: &C, tenant: TenantId, created: Window) -> Result<FirstTouch> {
    let found = leads::first_touches(conn, tenant, created).await?;
    let touched = i64::try_from(found.after_ms.len()).unwrap_or(i64::MAX);
    Ok(FirstTouch { prospects: found.prospects, read: found.read, touched, median_ms: median(&found.after_ms) })
}
