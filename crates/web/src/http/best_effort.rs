//! What is written down while somebody reads: not worth that they wait for a database that is busy, or see an error.

use std::time::Duration;

use tetherboard_store::Result;

const PATIENCE: Duration = Duration::from_millis(500);

/// Does it if it can be done at once. What could not be is only said in the log.
pub(crate) async fn best_effort(what: &str, writing: impl Future<Output = Result<()>>) {
    match tokio::time::timeout(PATIENCE, writing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "{what} could not be written down"),
        Err(_) => tracing::warn!("{what} was not written down: the database is busy"),
    }
}
