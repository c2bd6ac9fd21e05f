//! How the brands are read, for the agency: every run, what went wrong in it and what to do, and what the CRM answered.

pub(crate) mod actions;
mod brand;
mod compare;
mod faults;
mod held;
mod key_check;
pub(crate) mod overview;
mod record;
mod run;
mod set_aside;
mod snapshot;
mod snapshots;

use axum::Router;
use jiff::Timestamp;
use tetherboard_domain::{Dataset, EpochMs, RunId};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::tenants::Tenant;

use crate::http::error::{HttpError, HttpResult};
use crate::parts::format::number;
use crate::parts::time;
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .merge(overview::router())
        .merge(brand::router())
        .merge(actions::router())
        .merge(record::router())
        .merge(run::router())
        .merge(set_aside::router())
        .merge(snapshots::router())
        .merge(snapshot::router())
}

/// The run of this brand that an address names.
async fn run_named(portal: &Portal, tenant: &Tenant, name: &str) -> HttpResult<Run> {
    let known = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let run = if known { runs::get(portal.store.conn(), tenant.id, &RunId::from(name)).await? } else { None };
    run.ok_or_else(|| HttpError::not_found("This brand has no such run."))
}

fn dataset_named(name: &str) -> HttpResult<Dataset> {
    name.parse().map_err(|_| HttpError::not_found("There is no such data set."))
}

/// A list's page by its number; anything else is the first.
fn page_of(text: Option<&str>) -> i64 {
    text.and_then(|text| text.parse().ok()).filter(|page| (1..1_000_000).contains(page)).unwrap_or(1)
}

fn moment(ms: EpochMs) -> Timestamp {
    ms.timestamp().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// When a run began, or was asked for.
fn began(run: &Run) -> Timestamp {
    moment(run.started_ms.unwrap_or(run.requested_ms))
}

/// A run as people tell it from others.
fn run_name(run: &Run, tenant: &Tenant) -> String {
    let kind = if run.trigger == tetherboard_domain::Trigger::Replay { "Replay" } else { "Run" };
    format!("{kind} of {}", time::exact(began(run), &tenant.zone))
}

/// `1.2 MB`, `412 KB`, `96 bytes`.
fn bytes(count: usize) -> String {
    match count {
        0..1_000 => format!("{count} bytes"),
        1_000..1_000_000 => format!("{}.{} KB", count / 1_000, count % 1_000 / 100),
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// A count in a table; nothing to see is grey.
fn cell(count: i64) -> maud::Markup {
    maud::html! { @if count == 0 { span.muted { "0" } } @else { (number(count)) } }
}
