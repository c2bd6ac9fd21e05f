//! The portal: sign-in, pages, JSON API, and assets. It reads what syncs wrote and never calls the CRM.
//!
//! Layers, each using only the ones below it:
//! [`routes`] · [`pages`], [`api`], [`live`], [`calendar_feed`] · [`parts`] (components) · [`read`] (what a page, its CSV, and its
//! API response load) · [`address`] (links and typed queries) · [`http`], [`cache`], [`state`].
//!
//! Pages are rendered on the server; scripts only enhance them. Who may see what is decided in one place, [`http::viewer`].

mod address;
mod api;
mod cache;
mod calendar_feed;
mod http;
mod live;
mod pages;
mod parts;
mod read;
mod routes;
mod state;

pub use api::RunJson;
pub use http::auth::{PasswordError, hash_password, hash_token, new_api_token, token_hint};
pub use parts::accent::{Accent, AccentError};
pub use state::{Portal, Settings};
