//! Tables, migrations, and queries, with one code path for SQLite and PostgreSQL.
//!
//! One module per aggregate. These rules hold for the whole crate, so the functions do not repeat them:
//!
//! - A function takes the connection first, then the tenant. It reads and writes only that tenant's rows.
//! - Every [`Result`] is an error when the database fails. A missing row is an `Option`, not an error. `# Errors` lists
//!   only other causes.
//! - Each statement is written once, in the SQL that both databases share: `$1` parameters, money as BIGINT cents, times
//!   as BIGINT milliseconds UTC (`*_ms`), and booleans as BOOLEAN. Full-text search of notes is the exception.
//! - "Live" means that the CRM still has the record: its `gone_ms` is NULL.
//!
//! Stage history is in `stage_transitions`. The CRM's responses are in the snapshot tables, byte for byte.

mod cipher;
mod connection;
mod migrations;
mod query;
mod search;
mod user_names;

pub mod agency;
pub mod api_tokens;
pub mod audit;
pub mod calendar_feeds;
pub mod candidate_facts;
pub mod candidates;
pub mod credentials;
pub mod data_quality;
pub mod deal_links;
pub mod deals;
pub mod field_rules;
pub mod history;
pub mod hot_list;
pub mod leads;
pub mod leases;
pub mod list_names;
pub mod lookups;
pub mod notes;
pub mod pipeline_days;
pub mod records;
pub mod retention;
pub mod runs;
pub mod schedule;
pub mod snapshots;
pub mod stage_roles;
pub mod tenants;
pub mod users;

pub use cipher::{Cipher, CipherError};
pub use connection::{DatabaseUrl, DatabaseUrlError, Store};
pub use query::{Conn, Tx};

/// A failed database query. The cause is in `source`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the database query failed")]
pub struct StoreError(#[from] pub(crate) sea_orm::DbErr);

/// The result of a query.
pub type Result<T> = std::result::Result<T, StoreError>;
