//! What every request handler receives.

use tokio_util::sync::CancellationToken;

use crate::simulator::Simulator;

/// The state of a listening server.
#[derive(Clone)]
pub(crate) struct ServerState {
    pub(crate) simulator: Simulator,
    /// Canceled when the server stops.
    pub(crate) closing: CancellationToken,
}
