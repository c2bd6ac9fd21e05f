//! What tests stand on: a fresh database of either kind, a small world in it, and a browser to look at it with.
//!
//! A test of anything that touches the database runs on both kinds:
//!
//! ```
//! use rstest::rstest;
//! use tetherboard_testkit::Kind::{self, *};
//!
//! #[rstest]
//! #[tokio::test]
//! async fn a_new_brand_has_no_runs(#[values(Sqlite, Postgres)] kind: Kind) {
//!     let db = tetherboard_testkit::fresh(kind).await;
//!     let harbor = tetherboard_testkit::tenant(&db.store, "harbor", "America/Chicago").await;
//!     // …
//! }
//! ```
//!
//! Contacts and deals come into a database by a sync run alone; their makers are the simulator's edits.

mod browser;
mod builders;
mod database;
mod postgres;

pub use browser::{Browser, Options};
pub use builders::{person, tenant, web_key};
pub use database::{Kind, TestDatabase, empty, fresh};
