//! The simulator's HTTP interface: the CRM's API, the control endpoints, and connections that misbehave.

pub(crate) mod api;
pub(crate) mod connection;
pub(crate) mod control;
pub(crate) mod envelope;
pub(crate) mod malformed_response;
pub(crate) mod page_query;
pub(crate) mod pages;
pub(crate) mod server;
pub(crate) mod server_state;
