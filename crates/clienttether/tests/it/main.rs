//! The client against a CRM that misbehaves over real connections.

#![allow(clippy::unwrap_used, reason = "this is all test")]

mod crm;
mod faults;
mod mapped;
mod paging;
mod refusal;
mod secrets;
mod waiting;
