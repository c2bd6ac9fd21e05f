//! A ClientTether to run against.
//!
//! The CRM has no public test account, so the demo, the tests and the benchmarks run against this one: accounts of
//! invented franchise candidates who live by the injected clock, served over HTTP with the real service's quirks, and
//! with any of its faults on demand. The same seed and the same moments always make the same world.

mod answer;
mod broken;
mod calendar;
mod candidate;
mod config;
mod control;
mod dice;
mod edit;
mod envelope;
mod fault;
mod founding;
mod hand;
mod mangle;
mod names;
mod odd;
mod page;
mod persona;
mod places;
mod record;
mod render;
mod request;
mod server;
mod simulator;
mod sources;
mod spelling;
mod staff;
mod stages;
mod table;
mod truth;
mod wire;
mod words;
mod world;
mod writer;

pub use config::{AccountConfig, Config};
pub use edit::{ContactEdit, DealEdit, Edit, EventEdit, NoteEdit};
pub use fault::Fault;
pub use request::Request;
pub use server::Server;
pub use simulator::{AccountInfo, Call, Simulator};
pub use truth::Truth;
