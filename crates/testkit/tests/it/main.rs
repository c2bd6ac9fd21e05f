#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browser;
mod builders;
mod database;
