//! The client against a CRM that misbehaves over real connections.

#![allow(clippy::unwrap_used, reason = "this is all test")]

mod crm;
mod faults;
mod paging;
mod secrets;
mod waiting;
