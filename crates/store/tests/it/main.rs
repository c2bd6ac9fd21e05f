//! The questions, asked of both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod agency;
mod answers;
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
mod migrations;
mod note_search;
mod notes;
mod old_version;
mod pipeline_days;
mod records;
mod retention;
mod rows;
mod runs;
mod schedule;
mod small_lists;
mod snapshots;
mod tenants;
mod text;
mod transactions;
