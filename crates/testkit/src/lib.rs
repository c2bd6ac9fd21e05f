//! Test support: a fresh database of either kind, builders for brands and users, and a browser.
//!
//! Tests that use the database run on both kinds:
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
//! Contacts and deals enter a database only through a sync run, so the simulator's edits build them.

mod browser;
mod builders;
mod database;
mod postgres;
mod template;

pub use browser::{Browser, Options};
pub use builders::{person, tenant, web_key};
pub use database::{Kind, TestDatabase, empty, fresh};
