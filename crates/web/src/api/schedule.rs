//! Appointments.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_store::schedule::{self, ActivityRow};
use utoipa::ToSchema;

use super::versioned::versioned;
use crate::Portal;
use crate::error::{Answer, Problem, Refusal, Wants};
use crate::etag::Known;
use crate::query::{Days, Pairs, days};
use crate::viewer::BrandViewer;

#[derive(Serialize, ToSchema)]
pub(crate) struct Schedule {
    /// By their start.
    events: Vec<Event>,
    /// How many have no readable start; they are not among the events.
    undated: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    id: String,
    starts_at: Option<String>,
    /// Null where the CRM does not say.
    ends_at: Option<String>,
    all_day: bool,
    title: String,
    #[serde(rename = "type")]
    kind: String,
    /// The candidate's.
    name: String,
    client_id: Option<String>,
    stage: Option<String>,
    /// In the CRM's words.
    status: String,
    cancelled: bool,
    /// When it was to start before it was last moved; null if it never was.
    moved_from: Option<String>,
    owner: String,
    location: String,
    description: String,
}

#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/schedule", params(
        ("tenant" = String, Path), ("from" = Option<String>, Query), ("to" = Option<String>, Query, description = "a day is included")),
    responses((status = 200, body = Schedule), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(brand: BrandViewer, State(portal): State<Portal>, pairs: Pairs, known: Known) -> Answer<Response> {
    let window = days(&pairs, &brand.tenant.zone).map_err(|detail| Refusal::bad_request(Wants::Problem, detail))?;
    versioned(&known, &brand, portal.clock.now(), read(&portal, &brand, window)).await
}

async fn read(portal: &Portal, brand: &BrandViewer, window: Days) -> Answer<Schedule> {
    let (conn, tenant) = (portal.store.conn(), brand.tenant.id);
    let (from_ms, until_ms) = (window.from_ms.unwrap_or(i64::MIN), window.until_ms.unwrap_or(i64::MAX));
    Ok(Schedule {
        events: schedule::between(conn, tenant, from_ms, until_ms).await?.into_iter().map(event).collect(),
        undated: schedule::undated(conn, tenant).await?,
    })
}

fn event(row: ActivityRow) -> Event {
    Event {
        id: row.crm_id,
        starts_at: row.starts_ms.and_then(super::text_of_ms),
        ends_at: row.ends_ms.and_then(super::text_of_ms),
        all_day: row.all_day,
        title: row.title,
        kind: row.kind,
        name: row.name,
        client_id: row.client_id,
        stage: row.stage,
        status: row.status,
        cancelled: row.cancelled,
        moved_from: row.moved_from_ms.and_then(super::text_of_ms),
        owner: row.owner,
        location: row.place,
        description: row.description,
    }
}
