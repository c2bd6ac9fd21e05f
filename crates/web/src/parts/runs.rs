//! Sync runs on a page: the outcome of one, and the recent ones as ticks.

use maud::{Markup, html};
use tetherboard_domain::{DatasetStatus, RunStatus, Trigger};
use tetherboard_store::runs::Run;

use super::icon;

/// The number of runs that a brand's ticks show.
pub(crate) const RECENT_RUNS: i64 = 24;

/// A run's outcome: tone, icon, and label.
pub(crate) fn outcome(run: &Run) -> (&'static str, &'static str, &'static str) {
    match run.status {
        RunStatus::Queued => ("quiet", "clock", "Waiting"),
        RunStatus::Running if run.canceled => ("info", "refresh-cw", "Stopping"),
        RunStatus::Running => ("info", "refresh-cw", "Running"),
        _ if run.canceled => ("quiet", "ban", "Canceled"),
        RunStatus::Succeeded => ("success", "circle-check", "Succeeded"),
        RunStatus::Partial => ("warning", "circle-dot-dashed", "Partial"),
        RunStatus::Failed => ("danger", "circle-x", "Failed"),
        RunStatus::Aborted => ("danger", "unplug", "Interrupted"),
    }
}

/// The badge of a run's outcome.
pub(crate) fn run_badge(run: &Run) -> Markup {
    badge(outcome(run))
}

/// The badge of a dataset's outcome in a run.
pub(crate) fn dataset_badge(status: DatasetStatus, trigger: Trigger) -> Markup {
    badge(match status {
        DatasetStatus::Waiting => ("quiet", "clock", "Waiting"),
        DatasetStatus::Reading => ("info", "refresh-cw", "Reading"),
        DatasetStatus::Succeeded if trigger == Trigger::Replay => ("success", "circle-check", "Replayed"),
        DatasetStatus::Succeeded => ("success", "circle-check", "Complete"),
        DatasetStatus::Partial => ("warning", "circle-dot-dashed", "Partial"),
        DatasetStatus::Held => ("wait", "hand", "Held"),
        DatasetStatus::Failed => ("danger", "circle-x", "Failed"),
    })
}

/// A badge with its tone, icon, and label.
pub(crate) fn badge((tone, icon_name, label): (&str, &str, &str)) -> Markup {
    html! { span class=(format!("badge {tone}")) { (icon(icon_name, 14)) (label) } }
}

/// The class of a run's tick. Outcomes differ in height as well as in color.
pub(crate) fn tick_class(run: &Run) -> Option<&'static str> {
    match run.status {
        RunStatus::Succeeded => None,
        RunStatus::Queued | RunStatus::Running => Some("r"),
        _ if run.canceled => Some("c"),
        RunStatus::Partial => Some("p"),
        RunStatus::Failed | RunStatus::Aborted => Some("f"),
    }
}

/// The runs as a row of ticks, the newest on the right.
pub(crate) fn ticks(newest_first: &[Run]) -> Markup {
    if newest_first.is_empty() {
        return html! { span.muted { "no runs yet" } };
    }
    let count = |class: &str| newest_first.iter().filter(|run| tick_class(run) == Some(class)).count();
    let label = format!("last {} runs: {} partial, {} failed", newest_first.len(), count("p"), count("f"));
    html! {
        span.ticks role="img" aria-label=(label) { @for run in newest_first.iter().rev() { i class=[tick_class(run)] {} } }
    }
}
