//! A chart in a `figure`: the drawing, its legend, the same numbers as a table, and one sentence that states the finding.

mod table;

#[cfg(test)]
mod browser;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use maud::{Markup, html};
use serde_json::Value;
use tetherboard_domain::{ChartSpec, ChartUnit, Flow, Money, is_direction_control, isolated, waterfall_floor};

use crate::parts::format::number;
use table::table;

/// The longest label, in characters, that fits on one line beside a horizontal bar: on a phone, and on a wide screen.
const ONE_LINE: [usize; 2] = [18, 36];

/// The most waterfall steps that fit side by side in half of the page's width.
const FEW_STEPS: usize = 9;

/// A figure around one chart.
pub(crate) struct Figure<'a> {
    pub(crate) id: &'a str,
    pub(crate) label: &'a str,
    /// The heading of the table's first column: what a bar, a step, or a node is.
    pub(crate) category: &'a str,
    /// The caption: what the chart shows, in one sentence.
    pub(crate) sentence: Markup,
    pub(crate) spec: &'a ChartSpec,
    /// The height of a vertical chart in pixels; `None` is the default.
    pub(crate) height: Option<u16>,
}

impl Figure<'_> {
    /// The figure's markup. A script draws the chart from `data-chart`.
    pub(crate) fn render(&self) -> Markup {
        html! {
            figure.figure {
                (self.plot())
                div.legend {
                    (legend(self.spec))
                    details.data id=(format!("{}-table", self.id)) {
                        summary { "Show as table" }
                        div.scroll tabindex="0" role="region" aria-label=(self.label) { (table(self.spec, self.category)) }
                    }
                }
                figcaption { (self.sentence) }
            }
        }
    }

    fn plot(&self) -> Markup {
        if let Some(reason) = empty_reason(self.spec) {
            return html! { p.plot-none { (reason) } };
        }
        // Serializing plain text and numbers does not fail.
        let spec = serde_json::to_string(self.spec).unwrap_or_default();
        let spec = if spec.contains(is_direction_control) { isolated_labels(self.spec) } else { spec };
        let height = format!("--h:{}px", self.height.unwrap_or(224));
        let (class, size, axis_from) = match self.spec {
            ChartSpec::Columns { .. } | ChartSpec::Line { .. } => ("plot", height, None),
            ChartSpec::Bars { data, .. } => {
                let longest = data.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0);
                let class = match ONE_LINE.iter().filter(|&&limit| longest > limit).count() {
                    0 => "plot rows",
                    1 => "plot rows long",
                    _ => "plot rows long longest",
                };
                (class, rows(data.len()), None)
            }
            ChartSpec::Waterfall { unit, data, .. } => {
                let class = if data.len() > FEW_STEPS { "plot steps many" } else { "plot steps" };
                (class, format!("{height};{}", rows(data.len())), Some(waterfall_floor(data, *unit)))
            }
            ChartSpec::Sankey { flows, .. } => ("plot flows", rows(longer_side(flows)), None),
        };
        html! {
            div class=(class) style=(size) role="img" aria-label=(self.label) data-chart=(spec) data-axis-from=[axis_from] {}
        }
    }
}

/// The chart's data with the direction characters in its labels confined to them. Addresses contain none.
fn isolated_labels(spec: &ChartSpec) -> String {
    fn isolate(data: Value) -> Value {
        match data {
            Value::String(text) => Value::String(isolated(&text).into_owned()),
            Value::Array(parts) => parts.into_iter().map(isolate).collect(),
            Value::Object(parts) => parts.into_iter().map(|(key, part)| (key, isolate(part))).collect(),
            other => other,
        }
    }
    serde_json::to_value(spec).map(isolate).unwrap_or_default().to_string()
}

/// The text shown instead of a chart that would be empty.
fn empty_reason(spec: &ChartSpec) -> Option<&'static str> {
    let (is_empty, is_unknown) = match spec {
        ChartSpec::Columns { data, .. } | ChartSpec::Bars { data, .. } | ChartSpec::Line { data, .. } => {
            (data.is_empty(), data.iter().all(|bar| bar.value.is_none() && bar.previous.is_none()))
        }
        ChartSpec::Waterfall { data, .. } => (data.is_empty(), data.iter().all(|step| step.value.is_none())),
        ChartSpec::Sankey { flows, .. } => (flows.iter().all(|flow| flow.value <= 0), false),
    };
    match (is_empty, is_unknown) {
        (true, _) => Some("No data to show."),
        (_, true) => Some("No values yet."),
        _ => None,
    }
}

/// The chart's height in rows, as a custom property.
fn rows(rows: usize) -> String {
    format!("--rows:{}", rows.max(1))
}

/// The number of nodes on the side of a Sankey chart that has more.
fn longer_side(flows: &[Flow]) -> usize {
    let side = |end: fn(&Flow) -> usize| flows.iter().filter(|flow| flow.value > 0).map(end).collect::<HashSet<_>>().len();
    side(|flow| flow.from).max(side(|flow| flow.to))
}

fn legend(spec: &ChartSpec) -> Markup {
    html! {
        @match spec {
            ChartSpec::Columns { series, previous, data, .. } => {
                span { i.key {} (series) }
                @if data.iter().any(|bar| bar.open) { span { i.key.open {} "In progress" } }
                (previous_key(previous.as_deref()))
            }
            ChartSpec::Bars { previous, .. } => { (previous_key(previous.as_deref())) }
            ChartSpec::Line { series, previous, data, .. } => {
                span { i.key.stroke {} (series) }
                @if data.iter().any(|bar| bar.open) { span { i.key.ring {} "In progress" } }
                @if data.iter().any(|bar| bar.approximate) {
                    span { i.key.stroke.dashed {} "Carried forward from the previous day" }
                }
                (previous_key(previous.as_deref()))
            }
            ChartSpec::Waterfall { unit, series, data } => {
                span { i.key.total {} (series) }
                span { i.key.up {} "Up" }
                span { i.key.down {} "Down" }
                @let from = waterfall_floor(data, *unit);
                @if from != 0 { span { "Axis starts at " (axis_start(from, *unit)) } }
            }
            ChartSpec::Sankey { .. } => {}
        }
    }
}

fn previous_key(previous: Option<&str>) -> Markup {
    html! { @if let Some(previous) = previous { span { i.key.line {} (previous) } } }
}

/// The exact value of a chart's unit as text.
fn exact(value: i64, unit: ChartUnit) -> String {
    match unit {
        ChartUnit::Count => number(value),
        ChartUnit::Money => Money(value).to_string(),
    }
}

/// The start of an axis: short if that loses nothing.
fn axis_start(value: i64, unit: ChartUnit) -> String {
    let precision = match value.abs() {
        100_000_000.. => 1_000_000,
        100_000.. => 10_000,
        _ => 100,
    };
    if unit == ChartUnit::Money && value % precision == 0 { Money(value).short() } else { exact(value, unit) }
}
