//! The numbers of history, on worlds that are counted by other means.
#![allow(clippy::unwrap_used, reason = "this is all test")]

mod numbers;
mod past;
mod world;
