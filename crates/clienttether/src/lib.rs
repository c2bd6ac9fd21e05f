//! The ClientTether client, and the only crate that uses an HTTP client.
//!
//! The CRM's API is only partly documented, so no response is trusted to have a certain shape. To read the crate in the order
//! of a call: a [`ListRequest`] is a value; [`Client::pages`] reads it as a stream of [`Pages`], at offsets that
//! `pagination`, a pure state machine, chooses. Each call takes a permit from its token's [`Budgets`] and is retried by a
//! pure decision (`retry`). A successful call returns a [`Page`]: the body as received, and the byte range of each row in it.
//! What a row means is decided in `tetherboard-crm-records`.

mod client;
mod config;
mod envelope;
mod error;
mod fetch;
#[doc(hidden)]
pub mod fuzzing;
mod gzip;
mod page;
mod pages;
mod pagination;
mod request;
mod response;
mod result_code;
mod retry;
mod retry_after;
mod retry_budget;
mod secret_mask;
mod seen_rows;
mod token_budget;
mod transport;

pub use client::Client;
pub use config::{ClientConfig, ConfigError, Limits};
pub use envelope::Envelope;
pub use error::{Cause, Error};
pub use page::{Page, RawRow, UnreadableResponse};
pub use pages::{IncompleteReason, Pages, ReadOutcome};
pub use request::{ListRequest, ReadContacts, ReadDeals, ReadEvents, ReadNotes, ReadSources, ReadStages, ReadUsers};
pub use result_code::ResultCode;
pub use token_budget::Budgets;
pub use tokio_util::bytes::Bytes;
