//! The portal as people, scripts and strangers meet it: over HTTP, on data that real syncs brought.
#![allow(clippy::unwrap_used, reason = "this is all test")]

mod addresses;
mod api;
mod browser;
mod bytes;
mod candidate;
mod counts;
mod freshness;
mod hostile_text;
mod hot_list;
mod input;
mod isolation;
mod layers;
mod live;
mod mapping;
mod notes;
mod odd_text;
mod openapi;
mod overview;
mod page;
mod past;
mod schedule;
mod sign_in;
mod sync_pages;
mod world;
