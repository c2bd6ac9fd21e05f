//! Writes that a reader of a page should neither wait for nor see fail, such as when something was last used.

use std::time::Duration;

use tetherboard_store::Result;

/// How long to wait for the database.
const PATIENCE: Duration = Duration::from_millis(500);

/// Runs `write`, and only logs it if it fails or takes too long. `name` names the write in the log.
pub(crate) async fn best_effort(name: &str, write: impl Future<Output = Result<()>>) {
    match tokio::time::timeout(PATIENCE, write).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "could not record {name}"),
        Err(_) => tracing::warn!("did not record {name}: the database is busy"),
    }
}
