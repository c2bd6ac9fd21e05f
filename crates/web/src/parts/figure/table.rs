//! The numbers of a chart as a table.

use std::collections::HashSet;

use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, Flow, Node, Step};

use super::exact;

/// Follows the comparison value of a bucket in progress, which counts only up to the same point. It is in the table but not in
/// the chart, where a line to it would seem to drop.
const SAME_POINT: &str = "at the same point";

/// The table of a chart; `category` heads its first column.
pub(super) fn table(spec: &ChartSpec, category: &str) -> Markup {
    let (unit, series) = (spec.unit(), spec.series());
    html! {
        table.table {
            caption.sr { (series) }
            @match spec {
                ChartSpec::Columns { previous, data, .. }
                | ChartSpec::Bars { previous, data, .. }
                | ChartSpec::Line { previous, data, .. } => {
                    (head(&[category], series, previous.as_deref()))
                    tbody { @for bar in data { (bar_row(bar, unit, previous.is_some())) } }
                }
                ChartSpec::Waterfall { data, .. } => {
                    (head(&[category], series, None))
                    tbody { @for step in data { (step_row(step, unit)) } }
                }
                ChartSpec::Sankey { nodes, flows, .. } => {
                    @let category = category.to_lowercase();
                    (head(&[&format!("From {category}"), &format!("To {category}")], series, None))
                    tbody { (flow_rows(nodes, flows, unit)) }
                }
            }
        }
    }
}

fn head(categories: &[&str], series: &str, previous: Option<&str>) -> Markup {
    html! {
        thead { tr {
            @for category in categories { th scope="col" { (category) } }
            th.num scope="col" { (series) }
            @if let Some(previous) = previous { th.num scope="col" { (previous) } }
        } }
    }
}

fn bar_row(bar: &Bar, unit: ChartUnit, has_previous: bool) -> Markup {
    let name = bar.title.as_deref().unwrap_or(&bar.label);
    html! {
        tr {
            th scope="row" {
                (linked(bar.href.as_deref(), bar.value, unit, name))
                // A title already says so.
                @if bar.open && bar.title.is_none() { ", so far" }
                @if bar.approximate { ", carried forward" }
            }
            td.num {
                (or_unknown(bar.value, |value| exact(value, unit)))
                @if let Some(note) = bar.note.as_deref().filter(|_| bar.value.is_some()) { " · " (note) }
            }
            @if has_previous {
                td.num {
                    (or_unknown(bar.previous, |value| exact(value, unit)))
                    @if bar.open && bar.previous.is_some() { " " (SAME_POINT) }
                }
            }
        }
    }
}

fn step_row(step: &Step, unit: ChartUnit) -> Markup {
    let name = step.title.as_deref().unwrap_or(&step.label);
    let signed = |value: i64| if step.total || value <= 0 { exact(value, unit) } else { format!("+{}", exact(value, unit)) };
    html! {
        tr {
            th scope="row" { (linked(step.href.as_deref(), step.value, unit, name)) }
            td.num { (or_unknown(step.value, signed)) }
        }
    }
}

/// One row per flow. A node is a link only in the first row that names it.
fn flow_rows(nodes: &[Node], flows: &[Flow], unit: ChartUnit) -> Markup {
    let mut linked_nodes = HashSet::new();
    let mut end = |at: usize, side: fn(&Flow) -> usize| {
        let node = nodes.get(at)?;
        let total = flows.iter().filter(|flow| flow.value > 0 && side(flow) == at).map(|flow| flow.value).sum();
        let href = node.href.as_deref().filter(|_| linked_nodes.insert(at));
        Some(linked(href, Some(total), unit, &node.label))
    };
    html! {
        @for flow in flows.iter().filter(|flow| flow.value > 0) {
            @if let (Some(from), Some(to)) = (end(flow.from, |flow| flow.from), end(flow.to, |flow| flow.to)) {
                tr {
                    th scope="row" { (from) }
                    th scope="row" { (to) }
                    td.num { (linked(flow.href.as_deref(), Some(flow.value), unit, &exact(flow.value, unit))) }
                }
            }
        }
    }
}

/// A name linked to its rows. A count also states how many rows there are.
fn linked(href: Option<&str>, value: Option<i64>, unit: ChartUnit, name: &str) -> Markup {
    let count = value.filter(|_| unit == ChartUnit::Count).map(i64::unsigned_abs);
    html! {
        @match href {
            Some(href) => a href=(href) data-count=[count] { (name) },
            None => (name),
        }
    }
}

fn or_unknown(value: Option<i64>, text: impl Fn(i64) -> String) -> String {
    value.map_or_else(|| "unknown".to_owned(), text)
}
