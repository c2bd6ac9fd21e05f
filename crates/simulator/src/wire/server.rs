//! The simulator's HTTP server.

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
use crate::wire::connection::{ConnectionControl, ConnectionListener};
use crate::wire::server_state::ServerState;
use crate::wire::{api, control};

/// A listening simulator. Dropping it, or [`Server::stop`], closes the listener and every open connection.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    closing: CancellationToken,
    connections: TaskTracker,
    accept_task: JoinHandle<()>,
}

impl Simulator {
    /// Binds an address and serves HTTP until the returned server is dropped or stopped.
    ///
    /// # Errors
    ///
    /// Fails if the address cannot be bound.
    pub async fn listen(&self, addr: SocketAddr) -> io::Result<Server> {
        Server::listen(self.clone(), addr).await
    }
}

impl Server {
    async fn listen(simulator: Simulator, addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (closing, connections) = (CancellationToken::new(), TaskTracker::new());
        let state = ServerState { simulator, closing: closing.clone() };
        let routes = Router::new()
            .route("/v2/api/{*request}", any(api::respond))
            .nest("/control", control::router())
            .with_state(state)
            .into_make_service_with_connect_info::<ConnectionControl>();
        let listener = ConnectionListener { listener, closing: closing.clone(), connections: connections.clone() };
        let accept_task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the simulator stopped listening");
            }
        });
        Ok(Self { addr, closing, connections, accept_task })
    }

    /// The address that the server is bound to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL of the CRM's API, as in `CLIENTTETHER_BASE_URL`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v2/api/", self.addr)
    }

    /// Closes the listener and all open connections, and waits up to two seconds until they are closed.
    pub async fn stop(mut self) {
        self.close();
        // The task was aborted, so it ends with an error.
        let _ = (&mut self.accept_task).await;
        let all_closed = tokio::time::timeout(Duration::from_secs(2), self.connections.wait()).await;
        if all_closed.is_err() {
            tracing::warn!("connections are still open after two seconds");
        }
    }

    fn close(&self) {
        self.accept_task.abort();
        self.closing.cancel();
        self.connections.close();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}
