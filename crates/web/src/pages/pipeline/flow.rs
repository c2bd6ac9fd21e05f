//! Which stages candidates moved between in the period.

use maud::{Markup, html};
use tetherboard_domain::{ChartSpec, ChartUnit, Flow, Node};
use tetherboard_metrics::{FlowLink, FlowNode};

use super::{PipelineView, card, rows_link};
use crate::address::label::with_label;
use crate::parts::figure::Figure;
use crate::parts::format::{counted, number};
use crate::parts::shell::Shell;
use crate::parts::stages::{role_class, stage_name};

/// The most moves that fit in the chart.
const MOST_MOVES: usize = 18;

/// The card of the flow.
pub(super) fn flow(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let moves = &view.history.flow;
    let drawn = &moves[..moves.len().min(MOST_MOVES)];
    let (left, right) = (ends(drawn, |link| &link.from), ends(drawn, |link| &link.to));
    // A node's value is the sum of the drawn moves, so it is linked to its rows only if every move is drawn.
    let is_complete = moves.len() <= MOST_MOVES;
    let href = |from, to| is_complete.then(|| rows_url(shell, view, from, to));
    let nodes = left.iter().map(|end| node(view, end, href(Some(*end), None)));
    let nodes = nodes.chain(right.iter().map(|end| node(view, end, href(None, Some(*end)))));
    let flow = |link: &FlowLink| {
        Some(Flow {
            from: left.iter().position(|end| **end == link.from)?,
            to: left.len() + right.iter().position(|end| **end == link.to)?,
            value: link.candidates,
            href: Some(rows_url(shell, view, Some(&link.from), Some(&link.to))),
            title: None,
        })
    };
    let spec = ChartSpec::Sankey {
        unit: ChartUnit::Count,
        series: "Candidates".to_owned(),
        nodes: nodes.collect(),
        flows: drawn.iter().filter_map(flow).collect(),
    };
    let figure = Figure {
        id: "flow",
        label: "Candidates’ moves between stages",
        category: "Stage",
        sentence: sentence(shell, view),
        spec: &spec,
        height: None,
    };
    card("", "Flow between stages", &html! { "first to last stage in the period" }, None, &figure.render())
}

/// One side of the chart: its stages, each once, in order.
fn ends(moves: &[FlowLink], end: fn(&FlowLink) -> &FlowNode) -> Vec<&FlowNode> {
    let mut ends: Vec<&FlowNode> = moves.iter().map(end).collect();
    ends.sort();
    ends.dedup();
    ends
}

fn node(view: &PipelineView, end: &FlowNode, href: Option<String>) -> Node {
    Node { label: stage_name(end.stage.as_deref()).to_owned(), role: Some(role_class(view.numbers.board.role(&end.place))), href }
}

/// The candidates who moved from one stage, to another, or both.
fn rows_url(shell: &Shell<'_>, view: &PipelineView, from: Option<&FlowNode>, to: Option<&FlowNode>) -> String {
    let ends = [("from-stage", from), ("to-stage", to)];
    let ends = ends.into_iter().filter_map(|(key, end)| Some((key, end?)));
    ends.fold(rows_link(shell, view, "stage-changes"), |link, (key, end)| with_label(link, key, end.stage.as_deref())).url()
}

/// `157 candidates changed stage. Most common: QR Sent → QR Returned (31). 46 less common moves not shown.`
fn sentence(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let moves = &view.history.flow;
    let Some(first) = moves.first() else {
        return html! { "No candidate changed stage in this period." };
    };
    let all: i64 = moves.iter().map(|link| link.candidates).sum();
    let rest: i64 = moves.iter().skip(MOST_MOVES).map(|link| link.candidates).sum();
    html! {
        a href=(rows_link(shell, view, "stage-changes").url()) data-count=(all) { (counted(all, "candidate", "candidates")) }
        " changed stage. Most common: " (stage_name(first.from.stage.as_deref())) " → " (stage_name(first.to.stage.as_deref()))
        " (" (number(first.candidates)) ")."
        @if rest > 0 { " " (counted(rest, "less common move", "less common moves")) " not shown." }
    }
}
