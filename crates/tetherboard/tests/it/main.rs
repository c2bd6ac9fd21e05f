//! Runs the binary as an operator would: processes, settings, and exit codes.
#![allow(clippy::unwrap_used, reason = "this is all test")]

mod console;
mod demo;
mod faults;
mod installation;
mod kill_scene;
mod kills;
mod portal;
mod settings;
