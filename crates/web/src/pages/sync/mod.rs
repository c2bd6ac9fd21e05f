//! Sync pages for the agency: every run, what went wrong in it and what to do, and the stored responses.

mod actions;
mod brand;
mod compare;
mod datasets;
mod fault_help;
mod faults;
mod held;
mod key_check;
mod layout;
mod overview;
mod record;
mod run;
mod skipped;
mod snapshot;
mod snapshots;

use axum::Router;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, EpochMs, RunId, Trigger};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::tenants::Tenant;

use crate::address::query::query;
use crate::address::verbatim::ClampedPage;
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
        .merge(skipped::router())
        .merge(snapshots::router())
        .merge(snapshot::router())
}

query! {
    /// Which page of a list is shown.
    struct ListPage {
        /// The page, counted from 1.
        page: ClampedPage = "page",
    }
}

/// The run of this brand that an address names.
async fn run_named(portal: &Portal, tenant: &Tenant, name: &str) -> HttpResult<Run> {
    let is_id = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let run = if is_id { runs::get(portal.store.conn(), tenant.id, &RunId::from(name)).await? } else { None };
    run.ok_or_else(|| HttpError::not_found("We can’t find that run. Open the brand’s sync page to see all its runs."))
}

fn dataset_named(name: &str) -> HttpResult<Dataset> {
    name.parse().map_err(|_| HttpError::not_found("We can’t find that dataset. Open the brand’s sync page to see its runs."))
}

fn moment(ms: EpochMs) -> Timestamp {
    ms.timestamp().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// When a run started, or was requested.
fn started(run: &Run) -> Timestamp {
    moment(run.started_ms.unwrap_or(run.requested_ms))
}

/// `Run of Thu Mar 12, 10:30 AM CDT`.
fn run_name(run: &Run, tenant: &Tenant) -> String {
    let kind = if run.trigger == Trigger::Replay { "Replay" } else { "Run" };
    format!("{kind} of {}", time::exact(started(run), &tenant.zone))
}

/// `1.2 MB`, `412 KB`, `96 bytes`.
fn bytes(count: usize) -> String {
    match count {
        0..1_000 => format!("{count} bytes"),
        1_000..1_000_000 => format!("{}.{} KB", count / 1_000, count % 1_000 / 100),
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// A count in a table; zero is gray.
fn cell(count: i64) -> Markup {
    html! { @if count == 0 { span.muted { "0" } } @else { (number(count)) } }
}
