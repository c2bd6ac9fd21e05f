//! Appointments.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_domain::EpochMs;
use tetherboard_metrics::appointment_type;
use tetherboard_store::schedule::{self, ActivityRow};
use tetherboard_store::tenants::Tenant;
use utoipa::ToSchema;

use super::versioned::versioned;
use crate::address::dates::{Edge, window};
use crate::address::query::query;
use crate::address::schedule::ScheduleFilters;
use crate::http::error::{HttpResult, Problem};
use crate::http::etag::Known;
use crate::http::viewer::BrandViewer;
use crate::state::Portal;

#[derive(Serialize, ToSchema)]
pub(crate) struct Schedule {
    /// By their start.
    events: Vec<Event>,
    /// How many that fit the filters have no readable start; they are not among the events.
    undated: usize,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    id: String,
    starts_at: Option<String>,
    /// Null where the CRM does not say.
    ends_at: Option<String>,
    all_day: bool,
    title: String,
    /// The CRM's own.
    #[serde(rename = "type")]
    kind: String,
    /// What it is about, as its title, its type and its place tell: Discovery Day, FDD review, Agreement, Call, Meeting, else the
    /// CRM's type, or Appointment. The filter `type` means this.
    about: String,
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

query! {
    /// The days whose appointments are listed.
    pub(crate) struct DayRange {
        /// Starting on or after this day or moment, in the brand's zone.
        from: Option<Edge> = "from",
        /// Starting up to this day (included) or moment, in the brand's zone.
        to: Option<Edge> = "to",
    }
}

/// The appointments of some days.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/schedule", params(("tenant" = String, Path), DayRange, ScheduleFilters),
    responses((status = 200, body = Schedule), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(
    brand: BrandViewer,
    State(portal): State<Portal>,
    days: DayRange,
    filters: ScheduleFilters,
    known: Known,
) -> HttpResult<Response> {
    versioned(&known, &brand, portal.clock.now(), read(&portal, &brand.tenant, &days, &filters)).await
}

async fn read(portal: &Portal, tenant: &Tenant, days: &DayRange, filters: &ScheduleFilters) -> HttpResult<Schedule> {
    let conn = portal.store.conn();
    let window = window(days.from, days.to, &tenant.zone);
    let (from_ms, until_ms) = window.map_or((EpochMs::MIN, EpochMs::MAX), |window| (window.from_ms(), window.until_ms()));
    let events = schedule::between(conn, tenant.id, from_ms, until_ms).await?.into_iter().map(event);
    let undated = schedule::undated(conn, tenant.id).await?.into_iter().filter(|one| {
        let about = appointment_type(&one.title, &one.kind, &one.place);
        filters.match_values([about.name(), &one.owner, &one.status])
    });
    Ok(Schedule {
        events: events.filter(|event| filters.match_values([&event.about, &event.owner, &event.status])).collect(),
        undated: undated.count(),
    })
}

fn event(row: ActivityRow) -> Event {
    Event {
        id: row.crm_id,
        starts_at: row.starts_ms.and_then(super::text_of_ms),
        ends_at: row.ends_ms.and_then(super::text_of_ms),
        all_day: row.all_day,
        about: appointment_type(&row.title, &row.kind, &row.place).name().to_owned(),
        title: row.title,
        kind: row.kind,
        name: row.name,
        client_id: row.client_id.map(Into::into),
        stage: row.stage,
        status: row.status,
        cancelled: row.cancelled,
        moved_from: row.moved_from_ms.and_then(super::text_of_ms),
        owner: row.owner,
        location: row.place,
        description: row.description,
    }
}
