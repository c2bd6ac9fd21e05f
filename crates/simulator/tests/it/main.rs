//! Tests the simulator over a socket, as a client sees it.
#![expect(clippy::unwrap_used, reason = "a failed helper fails the test")]

mod client;
mod control;
mod edits;
mod faults;
mod quirks;
mod truth;
mod world;

use std::net::{Ipv4Addr, SocketAddr};

use jiff::Timestamp;
use tetherboard_domain::Clock;
use tetherboard_simulator::{Config, Server, Simulator};

use crate::client::{Client, Response};

/// When every test begins.
pub(crate) const START: &str = "2026-11-19T16:30:00Z";

/// A listening simulator and its clock, stopped at [`START`].
pub(crate) struct Harness {
    pub(crate) simulator: Simulator,
    pub(crate) server: Server,
    pub(crate) clock: Clock,
}

impl Harness {
    /// Starts a simulator.
    pub(crate) async fn with(config: Config) -> Self {
        let clock = Clock::stopped_at(at(START));
        let simulator = Simulator::new(config, clock.clone());
        let server = simulator.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        Self { simulator, server, clock }
    }

    /// A client with an account's credentials.
    pub(crate) fn client(&self, account: usize) -> Client {
        Client {
            addr: self.server.addr(),
            token: self.simulator.access_token(),
            key: self.simulator.accounts()[account].web_key.clone(),
        }
    }

    /// Requests a path below `/v2/api/` from the first account.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client(0).get(path).await
    }
}

/// Parses a time.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
