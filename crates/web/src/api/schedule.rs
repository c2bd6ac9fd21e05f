//! `GET /tenants/{tenant}/schedule`: appointments.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_domain::PlausibleDates;
use tetherboard_metrics::appointment_type;
use tetherboard_store::schedule::ActivityRow;
use utoipa::ToSchema;

use super::versioned::versioned;
use crate::address::dates::{Edge, window};
use crate::address::query::query;
use crate::address::schedule::ScheduleFilters;
use crate::http::error::HttpResult;
use crate::http::etag::IfNoneMatch;
use crate::http::viewer::BrandViewer;
use crate::read::schedule::appointments_in;
use crate::state::Portal;

/// Appointments that match the filters.
#[derive(Serialize, ToSchema)]
pub(crate) struct Schedule {
    /// By their start.
    events: Vec<Event>,
    /// How many match the filters but have no readable start; they are not in `events`.
    undated: usize,
}

/// One appointment.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    id: String,
    starts_at: Option<String>,
    /// Null if ClientTether has no end.
    ends_at: Option<String>,
    all_day: bool,
    title: String,
    /// ClientTether's own type.
    #[serde(rename = "type")]
    kind: String,
    /// The subject, derived from title, type, and place: Discovery Day, FDD review, Agreement, Call, Meeting, otherwise
    /// ClientTether's type, or Appointment. The filter `type` means this value.
    about: String,
    name: String,
    client_id: Option<String>,
    stage: Option<String>,
    /// As ClientTether spells it.
    status: String,
    cancelled: bool,
    /// The previous start, if the appointment was moved; null otherwise.
    moved_from: Option<String>,
    owner: String,
    location: String,
    description: String,
    /// Whether `starts_at` is before 1990 or more than two years ahead, most likely a typing mistake.
    doubtful_date: bool,
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

/// The appointments in a range of days.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/schedule", params(("tenant" = String, Path), DayRange, ScheduleFilters),
    responses((status = 200, body = Schedule),
        (status = 304, description = "Unchanged since the response with the ETag in If-None-Match.")))]
pub(crate) async fn list(
    brand: BrandViewer,
    State(portal): State<Portal>,
    days: DayRange,
    filters: ScheduleFilters,
    if_none_match: IfNoneMatch,
) -> HttpResult<Response> {
    let dates = PlausibleDates::at(portal.clock.now());
    let read = async {
        let window = window(days.from, days.to, &brand.tenant.zone);
        let range = appointments_in(&portal, &brand.tenant, window, &filters).await?;
        Ok(Schedule { events: range.rows.into_iter().map(|row| event(row, dates)).collect(), undated: range.undated })
    };
    versioned(&if_none_match, &brand, portal.clock.now(), read).await
}

fn event(row: ActivityRow, dates: PlausibleDates) -> Event {
    Event {
        id: row.crm_id,
        doubtful_date: dates.doubtful_date(row.starts_ms, row.ends_ms).is_some(),
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
