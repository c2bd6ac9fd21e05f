//! The questions, asked of both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod agency;
mod deals;
mod history;
mod leads;
mod leases;
mod migrations;
mod pipeline_days;
mod records;
mod rows;
mod runs;
mod small_lists;
mod snapshots;
mod tenants;
mod text;
