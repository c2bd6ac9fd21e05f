//! The address that the simulator answers on.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::simulator::Simulator;
use crate::wire::connection::{Door, Line};
use crate::wire::{api, control};

/// A listening simulator; dropping it, or [`Server::stop`], closes the listener and every open connection.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    closing: CancellationToken,
    open: TaskTracker,
    accepting: JoinHandle<()>,
}

/// What every handler is given.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) simulator: Simulator,
    pub(crate) closing: CancellationToken,
}

impl Server {
    pub(crate) async fn listen(simulator: Simulator, addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (closing, open) = (CancellationToken::new(), TaskTracker::new());
        let serving = Serving { simulator, closing: closing.clone() };
        let routes = Router::new()
            .route("/v2/api/{*request}", any(api::answer))
            .nest("/control", control::router())
            .with_state(serving)
            .into_make_service_with_connect_info::<Line>();
        let door = Door { listener, closing: closing.clone(), open: open.clone() };
        let accepting = tokio::spawn(async move {
            if let Err(error) = axum::serve(door, routes).await {
                tracing::error!(%error, "the simulator stopped listening");
            }
        });
        Ok(Self { addr, closing, open, accepting })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What a client is given as the base of the CRM's API.
    pub fn base_url(&self) -> String {
        format!("http://{}/v2/api/", self.addr)
    }

    /// Closes the listener and all open connections, and waits until they are closed.
    pub async fn stop(mut self) {
        self.close();
        // Aborted as it is, it ends with an error that says so.
        let _ = (&mut self.accepting).await;
        let all_closed = tokio::time::timeout(Duration::from_secs(2), self.open.wait()).await;
        if all_closed.is_err() {
            tracing::warn!("connections are still open after two seconds");
        }
    }

    fn close(&self) {
        self.accepting.abort();
        self.closing.cancel();
        self.open.close();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}
