//! A candidate's status: an icon and a label, never the color alone.

use maud::{Markup, html};
use tetherboard_metrics::Status;

use super::icon;

/// The tone of a status, and its icon.
pub(crate) fn tone_and_icon(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Awarded => ("success", "award"),
        Status::OverdueAction => ("danger", "circle-alert"),
        Status::AppointmentBooked => ("info", "calendar-check"),
        Status::WaitingPeriod => ("wait", "hourglass"),
        Status::Stalled => ("warning", "circle-pause"),
        Status::Moving => ("move", "trending-up"),
        Status::Quiet => ("quiet", "circle-minus"),
        Status::Unknown => ("quiet", "circle-question-mark"),
    }
}

/// The badge of a status.
pub(crate) fn badge(status: Status) -> Markup {
    let (tone, icon_name) = tone_and_icon(status);
    html! { span class=(format!("badge {tone}")) { (icon(icon_name, 14)) (status.name()) } }
}
