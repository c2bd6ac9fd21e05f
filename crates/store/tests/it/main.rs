//! Runs the queries on both databases.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod agency;
mod audit;
mod calendar_feeds;
mod candidate_facts;
mod candidates;
mod credentials;
mod deals;
mod field_rules;
mod growth;
mod history;
mod hot_list;
mod leads;
mod leases;
mod lookups;
mod migrations;
mod note_search;
mod notes;
mod old_version;
mod pipeline_days;
mod records;
mod responses;
mod retention;
mod rows;
mod runs;
mod schedule;
mod search;
mod snapshots;
mod tenants;
mod text;
mod transactions;
mod users;
