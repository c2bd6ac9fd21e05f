//! Appointments.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_metrics::appointment_type;
use tetherboard_store::schedule::{self, ActivityRow};
use utoipa::ToSchema;

use super::versioned::versioned;
use crate::Portal;
use crate::error::{Answer, Problem, Refusal, Wants};
use crate::etag::Known;
use crate::pages::schedule::query::Facets;
use crate::query::{Days, Pairs, days};
use crate::viewer::BrandViewer;
use tetherboard_domain::EpochMs;

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

#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/schedule", params(
        ("tenant" = String, Path), ("from" = Option<String>, Query), ("to" = Option<String>, Query, description = "a day is included"),
        ("type" = Option<Vec<String>>, Query, description = "what it is about, as the page names it, like Call; case does not matter; given several times, any of them; empty for those without"),
        ("owner" = Option<Vec<String>>, Query, description = "read like `type`"),
        ("status" = Option<Vec<String>>, Query, description = "in the CRM's words; read like `type`")),
    responses((status = 200, body = Schedule), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(brand: BrandViewer, State(portal): State<Portal>, pairs: Pairs, known: Known) -> Answer<Response> {
    let bad = |detail: String| Refusal::bad_request(Wants::Problem, detail);
    let window = days(&pairs, &brand.tenant.zone).map_err(bad)?;
    let facets = Facets::parse(&pairs).map_err(bad)?;
    versioned(&known, &brand, portal.clock.now(), read(&portal, &brand, window, &facets)).await
}

async fn read(portal: &Portal, brand: &BrandViewer, window: Days, facets: &Facets) -> Answer<Schedule> {
    let (conn, tenant) = (portal.store.conn(), brand.tenant.id);
    let (from_ms, until_ms) = (window.from_ms.unwrap_or(EpochMs::MIN), window.until_ms.unwrap_or(EpochMs::MAX));
    let events = schedule::between(conn, tenant, from_ms, until_ms).await?.into_iter().map(event);
    let undated = schedule::undated(conn, tenant).await?.into_iter().filter(|one| {
        let about = appointment_type(&one.title, &one.kind, &one.place);
        facets.take([about.name(), &one.owner, &one.status])
    });
    Ok(Schedule {
        events: events.filter(|event| facets.take([&event.about, &event.owner, &event.status])).collect(),
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
