//! Checks on the wire that each fault does what its documentation says.

mod connections;
mod lists;
mod responses;
mod rows;
mod scopes;

use tetherboard_simulator::{Config, Fault, Request};

use crate::Harness;
use crate::client::Response;

/// A harness whose first account has 250 contacts and a fault on them; the second has 3 contacts and no fault.
async fn harness_with(fault: Fault) -> Harness {
    let harness = Harness::with(Config::plain(21, &[250, 3])).await;
    harness.simulator.fault(0, Request::Contacts, fault);
    harness
}

/// The response to a request for contacts under a fault.
async fn page(fault: Fault, query: &str) -> Response {
    harness_with(fault).await.get(&format!("read_client_list{query}")).await
}
