//! Full sync runs: a simulated CRM over HTTP, a SQLite or PostgreSQL database, and a clock that the test controls.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calendar;
mod changes;
mod cleanup;
mod credentials;
mod days;
mod faults;
mod first_sync;
mod hot_list;
mod hourly_runs;
mod incidents;
mod leases;
mod lost_fields;
mod lost_fields_mapping;
mod mapping;
mod notes;
mod outages;
mod past_days;
mod quirks;
mod removals;
mod renames;
mod replay;
mod responses;
mod rich_text;
mod secrets;
mod speed;
mod user_names;
mod values;
mod waiting;
mod worker;
mod world;
