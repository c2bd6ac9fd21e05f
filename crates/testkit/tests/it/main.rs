#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod browser;
mod builders;
mod database;
