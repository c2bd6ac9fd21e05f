//! Sync runs as they are: a CRM over HTTP, a database of either kind, and a clock that stands.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calendar;
mod changes;
mod credentials;
mod days;
mod faults;
mod first_sync;
mod hot_list;
mod hour;
mod incidents;
mod keeping;
mod leases;
mod mapped;
mod mapping;
mod notes;
mod outages;
mod removals;
mod replay;
mod secrets;
mod speed;
mod thinning;
mod values;
mod vanished;
mod waiting;
mod worker;
mod world;
