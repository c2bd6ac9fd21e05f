//! The tables, and the questions the product asks them.
//!
//! One module per aggregate; every function takes the connection, then the tenant. Each statement is written once, in
//! the part of SQL that SQLite and PostgreSQL share: `$1` parameters, money as BIGINT cents, moments as BIGINT
//! milliseconds UTC (`*_ms`), booleans as BOOLEAN. Full history of a contact is in `stage_transitions`; what the CRM
//! answered, byte for byte, is in `snapshots`.

mod cipher;
mod connection;
mod migrations;
mod packing;
mod query;

pub mod access;
pub mod agency;
pub mod audit;
pub mod calendar_feeds;
pub mod candidate_facts;
pub mod candidates;
pub mod credentials;
pub mod deals;
pub mod field_rules;
pub mod history;
pub mod hot_list;
pub mod leads;
pub mod leases;
pub mod links;
pub mod notes;
pub mod pipeline_days;
pub mod records;
pub mod retention;
pub mod runs;
pub mod schedule;
pub mod small_lists;
pub mod snapshots;
pub mod stage_roles;
pub mod tenants;
pub mod tokens;

pub use cipher::{Cipher, CipherError};
pub use connection::{DatabaseUrl, DatabaseUrlError, Store};
pub use query::{Conn, Tx};

/// A question that the database could not answer. The cause says why.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the database did not answer")]
pub struct StoreError(#[from] pub(crate) sea_orm::DbErr);

pub type Result<T> = std::result::Result<T, StoreError>;
