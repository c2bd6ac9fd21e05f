//! The client that asks ClientTether: the only part of the house that speaks HTTP.
//!
//! What the CRM says is only partly documented, so nothing here takes a shape for granted. Read it in the order in
//! which a page travels: a [`ListRequest`] is a value; [`Client::pages`] asks it page by page ([`Pages`]) along a
//! course that a pure function lays; each call takes its turn in the token's [`Budgets`], is retried by a pure
//! decision and answers with a [`Page`], whose body stays as it came and whose rows are ranges of it. What a row means
//! is decided in `tetherboard-crm-records`.

mod answer;
mod budget;
mod client;
mod config;
mod course;
mod envelope;
mod error;
mod gzip;
mod line;
mod page;
mod pages;
mod request;
mod retry;
mod retry_after;
mod run;
mod seen;

pub use budget::Budgets;
pub use client::Client;
pub use config::{ClientConfig, ConfigError, Limits};
pub use envelope::{Envelope, ResultCode};
pub use error::{Cause, Error};
pub use page::{Page, RawRow};
pub use pages::{NotWhole, Pages, ReadOutcome, Unread};
pub use request::{ListRequest, ReadContacts, ReadDeals, ReadEvents, ReadNotes, ReadSources, ReadStages, ReadUsers};
pub use tokio_util::bytes::Bytes;
