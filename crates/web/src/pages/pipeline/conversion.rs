//! How far new prospects get, stage by stage.

use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit};
use tetherboard_metrics::FunnelStage;

use super::{PipelineView, card, rows_link};
use crate::parts::figure::Figure;
use crate::parts::format::{number, percent};
use crate::parts::shell::Shell;
use crate::parts::stages::{role_class, stage_name};

/// The card of the conversion.
pub(super) fn conversion(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let funnel = &view.history.funnel;
    let data = match funnel.known {
        0 => Vec::new(),
        _ => funnel.stages.iter().enumerate().map(|(at, stage)| bar(shell, view, at, stage)).collect(),
    };
    let spec = ChartSpec::Bars { unit: ChartUnit::Count, series: "Reached or passed".to_owned(), previous: None, data };
    let figure = Figure {
        id: "conversion",
        label: "Conversion of new prospects by stage",
        category: "Stage",
        sentence: sentence(&funnel.stages),
        spec: &spec,
        height: None,
    };
    let subtitle = html! {
        "created " (view.address.period.period().phrase()) "; path known for "
        a href=(rows_link(shell, view, "known-path").url()) data-count=(funnel.known) { (number(funnel.known)) } " of "
        a href=(rows_link(shell, view, "created").url()) data-count=(funnel.created) { (number(funnel.created)) }
    };
    card("c-6", "Conversion by stage", &subtitle, None, &figure.render())
}

fn bar(shell: &Shell<'_>, view: &PipelineView, at: usize, stage: &FunnelStage) -> Bar {
    let before = at.checked_sub(1).map(|before| view.history.funnel.stages[before].reached);
    Bar {
        label: stage.stage.clone(),
        value: Some(stage.reached),
        role: Some(role_class(stage.role)),
        note: before.filter(|before| *before != 0).map(|before| percent(stage.reached, before)),
        href: Some(rows_link(shell, view, "reached").with("stage", &stage.stage).url()),
        ..Bar::default()
    }
}

/// `Biggest drop-off: QR Sent → QR Returned (55 of 148).`
fn sentence(stages: &[FunnelStage]) -> Markup {
    let lost = |pair: &&[FunnelStage]| pair[0].reached - pair[1].reached;
    let widest = stages.windows(2).max_by_key(lost).filter(|pair| lost(pair) > 0);
    html! {
        @match (stages.first().filter(|first| first.reached > 0), widest) {
            (None, _) => "No prospect with a known path was created in this period.",
            (Some(_), Some(pair)) => {
                "Biggest drop-off: " (stage_name(Some(&pair[0].stage))) " → " (stage_name(Some(&pair[1].stage)))
                " (" (number(lost(&pair))) " of " (number(pair[0].reached)) "). Percentages are of the stage above."
            }
            (Some(first), None) => { "All " (number(first.reached)) " reached the last stage." }
        }
    }
}
