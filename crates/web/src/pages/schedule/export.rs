//! The appointments of a view as CSV.

use axum::response::Response;
use jiff::Timestamp;
use tetherboard_domain::AppointmentTime;
use tetherboard_metrics::Appointment;
use tetherboard_store::tenants::Tenant;

use super::ScheduleView;
use crate::http::csv::{self, FileName};

const HEADER: [&str; 16] = [
    "Candidate",
    "Title",
    "Type",
    "Day",
    "Starts",
    "Ends",
    "Zone",
    "All day",
    "Stage",
    "Owner",
    "Place",
    "Status",
    "Moved from",
    "Outcome needed",
    "ClientTether ID",
    "Doubtful date",
];

/// The rows as a CSV download.
pub(super) fn as_csv(tenant: &Tenant, view: &ScheduleView, rows: &[&Appointment]) -> Response {
    let zone = &tenant.zone;
    let local = |moment: Timestamp| moment.to_zoned(zone.tz().clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let yes_no = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let row = |one: &&Appointment| {
        let (starts, ends) = match one.when {
            None => (String::new(), String::new()),
            Some(AppointmentTime::Days { first, last }) => (first.to_string(), last.to_string()),
            Some(AppointmentTime::Timed { starts, ends }) => {
                (local(starts), if ends > starts { local(ends) } else { String::new() })
            }
        };
        vec![
            one.name.clone(),
            one.title.clone(),
            one.of_type.name().to_owned(),
            one.days.map(|(first, _)| first.to_string()).unwrap_or_default(),
            starts,
            ends,
            zone.name().to_owned(),
            yes_no(one.when.is_some_and(AppointmentTime::is_all_day)),
            stage(view, one),
            one.owner.clone(),
            one.place.clone(),
            if one.cancelled && one.status.is_empty() { "Canceled".to_owned() } else { one.status.clone() },
            one.moved_from.map(local).unwrap_or_default(),
            yes_no(one.outcome_needed),
            one.id.clone(),
            yes_no(one.doubtful),
        ]
    };
    let days = view.query.days(view.today);
    let days = (days.map(|(first, _)| first), days.map(|(_, last)| last));
    csv::download(&FileName { brand: tenant, page: "schedule", days, today: view.today }, &HEADER, rows.iter().map(row))
}

fn stage(view: &ScheduleView, one: &Appointment) -> String {
    let stage = one.stage.as_deref().filter(|_| one.contact.is_some());
    let place = stage.map(|stage| view.board.place(Some(stage)));
    place.and_then(|place| view.board.label(&place).map(str::to_owned)).unwrap_or_default()
}
