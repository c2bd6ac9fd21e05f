//! The client that asks ClientTether: the only part of the house that speaks HTTP.
//!
//! What the CRM says is only partly documented, so nothing here takes a shape for granted. Read it in the order in
//! which a page travels: a [`ListRequest`] is a value; [`Client::pages`] asks it page by page ([`Pages`]) along a
//! course that a pure function lays; each call takes its turn in the token's [`Budgets`], is retried by a pure
//! decision and answers with a [`Page`], whose body stays as it came and whose rows are ranges of it. What a row means
//! is told by [`rows`], where its fields are found by a [`Mapping`], what a field means by [`fields`].

mod answer;
mod budget;
mod client;
mod config;
mod course;
mod envelope;
mod error;
pub mod fields;
#[doc(hidden)]
pub mod fuzzing;
mod gzip;
mod line;
pub mod mapping;
mod mend;
mod page;
mod pages;
mod pick;
mod request;
mod retry;
mod retry_after;
pub mod rows;
mod run;
mod seen;

pub use budget::Budgets;
pub use client::Client;
pub use config::{ClientConfig, ConfigError, Limits};
pub use envelope::{Envelope, ResultCode};
pub use error::{Cause, Error};
pub use mapping::{FieldKind, FieldRule, FieldSpec, Look, Mapping, MappingError, RuleError, fields_of};
pub use page::{Page, RawRow};
pub use pages::{NotWhole, Pages, ReadOutcome, Unread};
pub use request::{ListRequest, ReadContacts, ReadDeals, ReadEvents, ReadNotes, ReadSources, ReadStages, ReadUsers};
pub use rows::{RawContact, RawDeal, RawEvent, RawNote, RawSource, RawStage, RawUser, Reason, SetAside};
pub use tokio_util::bytes::Bytes;
