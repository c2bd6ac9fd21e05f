//! The simulator as a client meets it: over a socket, byte by byte.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod control;
mod edits;
mod faults;
mod quirks;
mod truth;
mod wire;
mod world;

use std::net::{Ipv4Addr, SocketAddr};

use jiff::Timestamp;
use tetherboard_domain::Clock;
use tetherboard_simulator::{Config, Server, Simulator};

use crate::wire::{Answer, Caller};

pub(crate) const START: &str = "2026-11-19T16:30:00Z";

/// A served world, and somebody who knows its token and keys.
pub(crate) struct Stage {
    pub(crate) simulator: Simulator,
    pub(crate) server: Server,
    pub(crate) clock: Clock,
}

impl Stage {
    pub(crate) async fn with(config: Config) -> Self {
        let clock = Clock::standing_at(at(START));
        let simulator = Simulator::new(config, clock.clone());
        let server = simulator.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        Self { simulator, server, clock }
    }

    pub(crate) fn caller(&self, account: usize) -> Caller {
        Caller {
            addr: self.server.addr(),
            token: self.simulator.access_token(),
            key: self.simulator.accounts()[account].web_key.clone(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.caller(0).get(path).await
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
