//! How a candidate stands: an icon and a word, never the colour alone.

use maud::{Markup, html};
use tetherboard_metrics::Status;

use super::icon;

/// The class that colours a status, and its icon.
pub(crate) fn looks(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Awarded => ("success", "award"),
        Status::OverdueAction => ("danger", "circle-alert"),
        Status::AppointmentBooked => ("info", "calendar-check"),
        Status::WaitingPeriod => ("wait", "hourglass"),
        Status::Stalled => ("warning", "circle-pause"),
        Status::Moving => ("move", "trending-up"),
        Status::Quiet => ("quiet", "circle-minus"),
    }
}

pub(crate) fn badge(status: Status) -> Markup {
    let (tone, picture) = looks(status);
    html! { span class=(format!("badge {tone}")) { (icon(picture, 14)) (status.name()) } }
}
