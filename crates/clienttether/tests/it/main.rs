//! Tests of the client against a fake CRM over real connections.

#![allow(clippy::unwrap_used, reason = "test code")]

mod crm;
mod faults;
mod mapped;
mod paging;
mod refusal;
mod secrets;
mod waiting;
