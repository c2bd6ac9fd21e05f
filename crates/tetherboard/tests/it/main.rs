//! The binary as whoever runs it meets it: processes, settings, exit codes.
#![allow(clippy::unwrap_used, reason = "this is all test")]

mod console;
mod demo;
mod faults;
mod installation;
mod kills;
mod portal;
mod settings;
