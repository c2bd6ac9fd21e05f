//! What changed the value of the pipeline in the period.

use maud::{Markup, html};
use tetherboard_domain::{ChartSpec, ChartUnit, EpochMs, Money, Step, Zone};
use tetherboard_metrics::{Movement, MovementKind, MovementStep};

use super::{PipelineView, card, rows_link};
use crate::address::links;
use crate::parts::figure::Figure;
use crate::parts::format::{counted, number};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::time;

/// The title of the card and of its list.
pub(super) const TITLE: &str = "What changed the value";

/// The card of the movement, from the opening to the closing value.
pub(super) fn movement(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let Some(movement) = &view.history.movement else {
        return card("", TITLE, &EMPTY, None, &html! { p.plot-none { (no_history(view)) } });
    };
    let (from, until) = ends(movement, &shell.tenant().zone);
    let spec = ChartSpec::Waterfall {
        unit: ChartUnit::Money,
        series: "Pipeline value".to_owned(),
        data: steps(shell, view, movement, (&from, &until)),
    };
    let figure = Figure {
        id: "movement",
        label: "What changed the pipeline value",
        category: "Step",
        sentence: sentence(shell, view, movement, (&from, &until)),
        spec: &spec,
        height: None,
    };
    let changes: i64 = movement.steps.iter().map(|step| step.deals).sum();
    let subtitle = html! { (from) " to " (if until == NOW { "now" } else { &until }) };
    let more = (rows_link(shell, view, "changes"), format!("All {}", counted(changes, "change", "changes")));
    card("", TITLE, &subtitle, Some(more), &figure.render())
}

const NOW: &str = "Now";

fn no_history(view: &PipelineView) -> String {
    match view.benchmarks.history_start {
        Some(start) => format!("No history for this period. History starts {}.", time::full_day(start)),
        None => "No history yet. It starts with the first complete sync.".to_owned(),
    }
}

/// The names of the first and the last day.
fn ends(movement: &Movement, zone: &Zone) -> (String, String) {
    let day = |ms: EpochMs| ms.timestamp().map_or_else(|| "now".to_owned(), |moment| time::short_day(zone.date(moment)));
    let until = movement.span.until_ms;
    (day(movement.span.from_ms), if until == EpochMs::MAX { NOW.to_owned() } else { day(until - 1) })
}

fn steps(shell: &Shell<'_>, view: &PipelineView, movement: &Movement, (from, until): (&str, &str)) -> Vec<Step> {
    let total = |label: &str, value: Money, href: Option<String>| Step {
        label: label.to_owned(),
        value: Some(value.0),
        total: true,
        href,
        title: None,
    };
    let step = |step: &MovementStep| Step {
        label: move_name(step.kind).to_owned(),
        value: Some(step.amount.0),
        total: false,
        href: Some(rows_link(shell, view, step.kind.as_str()).url()),
        title: Some(format!("{}: {}", move_name(step.kind), counted(step.deals, "deal", "deals"))),
    };
    let open = links::pipeline(&shell.tenant().slug).with("in", "open").with("fee", "known").url();
    let closing = total(until, movement.closing.value, (movement.span.until_ms == EpochMs::MAX).then_some(open));
    let opening = total(from, movement.opening.value, None);
    let shown = movement.steps.iter().filter(|step| step.deals > 0 || !step.kind.is_rare());
    [opening].into_iter().chain(shown.map(step)).chain([closing]).collect()
}

/// What a kind of movement is called.
pub(super) fn move_name(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::New => "New",
        MovementKind::Up => "Up",
        MovementKind::Down => "Down",
        MovementKind::Reopened => "Reopened",
        MovementKind::Lost => "Lost",
        MovementKind::Awarded => "Awarded",
        MovementKind::Parked => "Parked",
        MovementKind::StageDeactivated => "Stage deactivated",
        MovementKind::NoLongerProspect => "No longer a prospect",
        MovementKind::Merged => "Merged",
        MovementKind::Removed => "Removed",
    }
}

/// `$612,000 + $95,000 new (2) − $7,000 lost (1) = $700,000. No change in value: parked (1).`
fn sentence(shell: &Shell<'_>, view: &PipelineView, movement: &Movement, (from, until): (&str, &str)) -> Markup {
    let moved: Vec<&MovementStep> = movement.steps.iter().filter(|step| step.deals > 0).collect();
    if moved.is_empty() {
        return html! { "No changes from " (from) " to " (until.to_lowercase()) "; the value is " (movement.closing.value) "." };
    }
    let link = |step: &MovementStep| {
        html! {
            a href=(rows_link(shell, view, step.kind.as_str()).url()) data-count=(step.deals) {
                (move_name(step.kind).to_lowercase()) " (" (number(step.deals)) ")"
            }
        }
    };
    let (without_value, with_value): (Vec<&MovementStep>, Vec<&MovementStep>) =
        moved.into_iter().partition(|step| step.amount.0 == 0);
    html! {
        (movement.opening.value)
        @for step in &with_value {
            (if step.amount.0 < 0 { " − " } else { " + " }) (Money(step.amount.0.abs())) " " (link(step))
        }
        @if with_value.is_empty() { ", unchanged" } @else { " = " (movement.closing.value) }
        "."
        @if !without_value.is_empty() {
            " No change in value: "
            @for (index, step) in without_value.iter().enumerate() { @if index > 0 { ", " } (link(step)) }
            "."
        }
        " Deal counts in parentheses include deals without a known fee."
    }
}
