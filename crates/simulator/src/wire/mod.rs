//! The HTTP interface.

pub(crate) mod api;
pub(crate) mod connection;
pub(crate) mod control;
pub(crate) mod envelope;
pub(crate) mod malformed;
pub(crate) mod pages;
pub(crate) mod server;
