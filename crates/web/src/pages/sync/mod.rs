//! How the brands are read, for the agency: every run, what went wrong in it and what to do, and what the CRM answered.

pub(crate) mod acts;
mod brand;
mod compare;
mod faults;
mod held;
pub(crate) mod incident;
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

use crate::Portal;
use crate::error::{Answer, Refusal, Wants};
use crate::links::{self, Link};
use crate::live;
use crate::parts::time;
use crate::parts::words::number;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .merge(overview::router())
        .merge(brand::router())
        .merge(acts::router())
        .merge(record::router())
        .merge(run::router())
        .merge(set_aside::router())
        .merge(snapshots::router())
        .merge(snapshot::router())
}

/// The run of this brand that an address names.
async fn run_named(portal: &Portal, tenant: &Tenant, name: &str) -> Answer<Run> {
    let known = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let run = if known { runs::get(portal.store.conn(), tenant.id, &RunId::from(name)).await? } else { None };
    run.ok_or_else(|| Refusal::missing(Wants::Page, "This brand has no such run."))
}

fn dataset_named(name: &str) -> Answer<Dataset> {
    name.parse().map_err(|_| Refusal::missing(Wants::Page, "There is no such data set."))
}

/// A list's page by its number; anything else is the first.
fn page_of(text: Option<&str>) -> i64 {
    text.and_then(|text| text.parse().ok()).filter(|page| (1..1_000_000).contains(page)).unwrap_or(1)
}

/// Where a page about one brand's sync hears that it is old, and what it shows.
pub(crate) async fn follows(portal: &Portal, tenant: &Tenant) -> Answer<(Link, String)> {
    let mut signs = live::signs_of(&portal.store, std::slice::from_ref(tenant)).await?;
    let version = signs.remove(&tenant.id).unwrap_or_default().version();
    Ok((Link::to(links::AGENCY_LIVE).with("brand", &tenant.slug), version))
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
