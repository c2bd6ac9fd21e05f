//! A ClientTether to run against.
//!
//! The CRM has no public test account, so the demo, the tests and the benchmarks run against this one: accounts of
//! invented franchise candidates who live by the injected clock, served over HTTP with the real service's quirks, and
//! with any of its faults on demand. The same seed and the same moments always make the same world.

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
pub use world::truth::Truth;
