//! Runs on a page: how one came out, and the last of them as ticks.

use maud::{Markup, html};
use tetherboard_domain::{DatasetStatus, RunStatus, Trigger};
use tetherboard_store::runs::Run;

use super::icon;

/// How many runs a brand's ticks show.
pub(crate) const RECENT_RUNS: i64 = 24;

/// How a run stands, in a tone, a picture and a word.
pub(crate) fn outcome(run: &Run) -> (&'static str, &'static str, &'static str) {
    match run.status {
        RunStatus::Queued => ("quiet", "clock", "Waiting"),
        RunStatus::Running if run.canceled => ("info", "refresh-cw", "Stopping"),
        RunStatus::Running => ("info", "refresh-cw", "Running"),
        _ if run.canceled => ("quiet", "ban", "Cancelled"),
        RunStatus::Succeeded => ("success", "circle-check", "Succeeded"),
        RunStatus::Partial => ("warning", "circle-dot-dashed", "Partial"),
        RunStatus::Failed => ("danger", "circle-x", "Failed"),
        RunStatus::Aborted => ("danger", "unplug", "Broken off"),
    }
}

pub(crate) fn run_badge(run: &Run) -> Markup {
    badge(outcome(run))
}

pub(crate) fn dataset_badge(status: DatasetStatus, trigger: Trigger) -> Markup {
    badge(match status {
        DatasetStatus::Waiting => ("quiet", "clock", "Waiting"),
        DatasetStatus::Reading => ("info", "refresh-cw", "Reading"),
        DatasetStatus::Succeeded if trigger == Trigger::Replay => ("success", "circle-check", "Replayed"),
        DatasetStatus::Succeeded => ("success", "circle-check", "Whole"),
        DatasetStatus::Partial => ("warning", "circle-dot-dashed", "Partial"),
        DatasetStatus::Held => ("wait", "hand", "Held"),
        DatasetStatus::Failed => ("danger", "circle-x", "Failed"),
    })
}

pub(crate) fn badge((tone, picture, word): (&str, &str, &str)) -> Markup {
    html! { span class=(format!("badge {tone}")) { (icon(picture, 14)) (word) } }
}

/// Height as well as colour tells how a run came out.
pub(crate) fn tick_class(run: &Run) -> Option<&'static str> {
    match run.status {
        RunStatus::Succeeded => None,
        RunStatus::Queued | RunStatus::Running => Some("r"),
        _ if run.canceled => Some("c"),
        RunStatus::Partial => Some("p"),
        RunStatus::Failed | RunStatus::Aborted => Some("f"),
    }
}

/// The runs as one picture, the newest at the right.
pub(crate) fn ticks(newest_first: &[Run]) -> Markup {
    if newest_first.is_empty() {
        return html! { span.muted { "no run yet" } };
    }
    let count = |wanted: &str| newest_first.iter().filter(|run| tick_class(run) == Some(wanted)).count();
    let said = format!("last {} runs: {} partial, {} failed", newest_first.len(), count("p"), count("f"));
    html! {
        span.ticks role="img" aria-label=(said) { @for run in newest_first.iter().rev() { i class=[tick_class(run)] {} } }
    }
}
