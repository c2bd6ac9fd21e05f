//! A ClientTether simulator for the demo, tests, and benchmarks.
//!
//! The CRM has no public test account. This crate serves accounts of made-up franchise candidates over HTTP, with the
//! real service's quirks and, on demand, any of its faults. Accounts change as the injected clock advances. The same
//! seed and the same instants always produce the same data.

mod config;
mod dice;
mod edits;
mod faults;
mod people;
mod request;
mod simulator;
mod wire;
mod world;

pub use config::{AccountConfig, Config};
pub use edits::edit::{ContactEdit, DealEdit, Edit, EventEdit, NoteEdit};
pub use faults::fault::Fault;
pub use request::Request;
pub use simulator::{AccountInfo, Call, Simulator};
pub use wire::server::Server;
pub use world::quirks::{Quirks, TotalQuirk};
pub use world::truth::Truth;
