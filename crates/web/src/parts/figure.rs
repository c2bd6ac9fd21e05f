//! A chart in its figure: the drawing, its keys, the same numbers as a table, and one sentence that says what it shows.

use std::collections::HashSet;

use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, Flow, Money, Node, Step, waterfall_floor};

use crate::parts::format::number;

/// Letters of a name that one line beside a lying bar has room for: on a phone, and where it is wide.
const ONE_LINE: [usize; 2] = [18, 36];

/// Steps that stand side by side in half of a page.
const FEW_STEPS: usize = 9;

/// Said of what an unfinished bucket is compared with: cut at the same time, it is in the table and not in the drawing, where a
/// line to it would seem to fall.
const BY_THE_SAME_TIME: &str = "by the same time";

/// A figure around one chart.
pub(crate) struct Figure<'a> {
    pub(crate) id: &'a str,
    pub(crate) label: &'a str,
    /// The first column of the table: what a bar, a step or a node is.
    pub(crate) category: &'a str,
    pub(crate) sentence: Markup,
    pub(crate) spec: &'a ChartSpec,
    /// Pixels, for what is drawn upright.
    pub(crate) height: Option<u16>,
}

impl Figure<'_> {
    pub(crate) fn render(&self) -> Markup {
        html! {
            figure.figure {
                (self.plot())
                div.legend {
                    (keys(self.spec))
                    details.data id=(format!("{}-table", self.id)) {
                        summary { "Show as table" }
                        div.scroll tabindex="0" role="region" aria-label=(self.label) { (self.table()) }
                    }
                }
                figcaption { (self.sentence) }
            }
        }
    }

    fn plot(&self) -> Markup {
        if let Some(words) = nothing(self.spec) {
            return html! { p.plot-none { (words) } };
        }
        // Serialising plain text and numbers does not fail.
        let spec = serde_json::to_string(self.spec).unwrap_or_default();
        let upright = format!("--h:{}px", self.height.unwrap_or(224));
        let (class, size, axis_from) = match self.spec {
            ChartSpec::Columns { .. } | ChartSpec::Line { .. } => ("plot", upright, None),
            ChartSpec::Bars { data, .. } => {
                let letters = data.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0);
                let class = match ONE_LINE.iter().filter(|&&most| letters > most).count() {
                    0 => "plot rows",
                    1 => "plot rows long",
                    _ => "plot rows long longest",
                };
                (class, rows(data.len()), None)
            }
            ChartSpec::Waterfall { unit, data, .. } => {
                let class = if data.len() > FEW_STEPS { "plot steps many" } else { "plot steps" };
                (class, format!("{upright};{}", rows(data.len())), Some(waterfall_floor(data, *unit)))
            }
            ChartSpec::Sankey { flows, .. } => ("plot flows", rows(longer_side(flows)), None),
        };
        html! { div class=(class) style=(size) role="img" aria-label=(self.label) data-chart=(spec) data-axis-from=[axis_from] {} }
    }

    fn table(&self) -> Markup {
        let (unit, series) = (self.spec.unit(), self.spec.series());
        html! {
            table.table {
                caption.sr { (series) }
                @match self.spec {
                    ChartSpec::Columns { previous, data, .. } | ChartSpec::Bars { previous, data, .. } | ChartSpec::Line { previous, data, .. } => {
                        (head(&[self.category], series, previous.as_deref()))
                        tbody { @for bar in data { (bar_row(bar, unit, previous.is_some())) } }
                    }
                    ChartSpec::Waterfall { data, .. } => {
                        (head(&[self.category], series, None))
                        tbody { @for step in data { (step_row(step, unit)) } }
                    }
                    ChartSpec::Sankey { nodes, flows, .. } => {
                        @let category = self.category.to_lowercase();
                        (head(&[&format!("From {category}"), &format!("To {category}")], series, None))
                        tbody { (flow_rows(nodes, flows, unit)) }
                    }
                }
            }
        }
    }
}

/// What stands in place of a drawing that would be empty.
fn nothing(spec: &ChartSpec) -> Option<&'static str> {
    let (is_empty, is_unknown) = match spec {
        ChartSpec::Columns { data, .. } | ChartSpec::Bars { data, .. } | ChartSpec::Line { data, .. } => {
            (data.is_empty(), data.iter().all(|bar| bar.value.is_none() && bar.previous.is_none()))
        }
        ChartSpec::Waterfall { data, .. } => (data.is_empty(), data.iter().all(|step| step.value.is_none())),
        ChartSpec::Sankey { flows, .. } => (flows.iter().all(|flow| flow.value <= 0), false),
    };
    match (is_empty, is_unknown) {
        (true, _) => Some("Nothing to draw."),
        (_, true) => Some("No value is known yet."),
        _ => None,
    }
}

/// How many rows high a drawing is.
fn rows(rows: usize) -> String {
    format!("--rows:{}", rows.max(1))
}

fn longer_side(flows: &[Flow]) -> usize {
    let side = |end: fn(&Flow) -> usize| flows.iter().filter(|flow| flow.value > 0).map(end).collect::<HashSet<_>>().len();
    side(|flow| flow.from).max(side(|flow| flow.to))
}

fn keys(spec: &ChartSpec) -> Markup {
    html! {
        @match spec {
            ChartSpec::Columns { series, previous, data, .. } => {
                span { i.key {} (series) }
                @if data.iter().any(|bar| bar.open) { span { i.key.open {} "Unfinished, so far" } }
                (previous_key(previous.as_deref()))
            }
            ChartSpec::Bars { previous, .. } => { (previous_key(previous.as_deref())) }
            ChartSpec::Line { series, previous, data, .. } => {
                span { i.key.stroke {} (series) }
                @if data.iter().any(|bar| bar.open) { span { i.key.ring {} "Unfinished, so far" } }
                @if data.iter().any(|bar| bar.approximate) { span { i.key.stroke.dashed {} "Carried forward from the day before" } }
                (previous_key(previous.as_deref()))
            }
            ChartSpec::Waterfall { unit, series, data } => {
                span { i.key.total {} (series) }
                span { i.key.up {} "Up" }
                span { i.key.down {} "Down" }
                @let from = waterfall_floor(data, *unit);
                @if from != 0 { span { "Axis from " (round(from, *unit)) ", not from zero" } }
            }
            ChartSpec::Sankey { .. } => {}
        }
    }
}

fn previous_key(previous: Option<&str>) -> Markup {
    html! { @if let Some(previous) = previous { span { i.key.line {} (previous) } } }
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
                // A title says it in its own words.
                @if bar.open && bar.title.is_none() { ", so far" }
                @if bar.approximate { ", carried forward" }
            }
            td.num {
                (known(bar.value, |value| exact(value, unit)))
                @if let Some(note) = bar.note.as_deref().filter(|_| bar.value.is_some()) { " · " (note) }
            }
            @if has_previous {
                td.num {
                    (known(bar.previous, |value| exact(value, unit)))
                    @if bar.open && bar.previous.is_some() { " " (BY_THE_SAME_TIME) }
                }
            }
        }
    }
}

fn step_row(step: &Step, unit: ChartUnit) -> Markup {
    let name = step.title.as_deref().unwrap_or(&step.label);
    let words = |value: i64| if step.total || value <= 0 { exact(value, unit) } else { format!("+{}", exact(value, unit)) };
    html! {
        tr {
            th scope="row" { (linked(step.href.as_deref(), step.value, unit, name)) }
            td.num { (known(step.value, words)) }
        }
    }
}

/// A row to a flow. A node is a link where it is first named.
fn flow_rows(nodes: &[Node], flows: &[Flow], unit: ChartUnit) -> Markup {
    let mut named = HashSet::new();
    let mut end = |at: usize, side: fn(&Flow) -> usize| {
        let node = nodes.get(at)?;
        let whole = flows.iter().filter(|flow| flow.value > 0 && side(flow) == at).map(|flow| flow.value).sum();
        let href = node.href.as_deref().filter(|_| named.insert(at));
        Some(linked(href, Some(whole), unit, &node.label))
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

/// A name that leads to its rows, of which a count says how many there are.
fn linked(href: Option<&str>, value: Option<i64>, unit: ChartUnit, name: &str) -> Markup {
    let count = value.filter(|_| unit == ChartUnit::Count).map(i64::unsigned_abs);
    html! {
        @match href {
            Some(href) => a href=(href) data-count=[count] { (name) },
            None => (name),
        }
    }
}

fn known(value: Option<i64>, words: impl Fn(i64) -> String) -> String {
    value.map_or_else(|| "not known".to_owned(), words)
}

fn exact(value: i64, unit: ChartUnit) -> String {
    match unit {
        ChartUnit::Count => number(value),
        ChartUnit::Money => Money(value).to_string(),
    }
}

/// Short where that says all of it.
fn round(value: i64, unit: ChartUnit) -> String {
    let grain = match value.abs() {
        100_000_000.. => 1_000_000,
        100_000.. => 10_000,
        _ => 100,
    };
    if unit == ChartUnit::Money && value % grain == 0 { Money(value).short() } else { exact(value, unit) }
}

#[cfg(test)]
mod browser;

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "<script>alert(1)</script>";

    fn figure(spec: &ChartSpec) -> String {
        let figure =
            Figure { id: "f", label: "A figure", category: "Stage", sentence: html! { "It shows." }, spec, height: None };
        figure.render().into_string()
    }

    fn bar(label: &str, value: Option<i64>) -> Bar {
        Bar { label: label.to_owned(), value, href: Some(format!("/t/harbor/leads?stage={}", label.len())), ..Bar::default() }
    }

    fn bars(unit: ChartUnit, data: Vec<Bar>) -> ChartSpec {
        ChartSpec::Bars { unit, series: "Leads".to_owned(), previous: None, data }
    }

    fn line(data: Vec<Bar>) -> ChartSpec {
        ChartSpec::Line { unit: ChartUnit::Money, series: "Value".to_owned(), previous: Some("Before".to_owned()), data }
    }

    fn waterfall(unit: ChartUnit, steps: &[(&str, Option<i64>, bool)]) -> ChartSpec {
        let step = |&(label, value, total): &(&str, Option<i64>, bool)| Step {
            label: label.to_owned(),
            value,
            total,
            href: Some(format!("/t/harbor/pipeline?moved={}", label.len())),
            title: None,
        };
        ChartSpec::Waterfall { unit, series: "Value".to_owned(), data: steps.iter().map(step).collect() }
    }

    fn sankey(nodes: &[&str], flows: &[(usize, usize, i64)]) -> ChartSpec {
        let node = |label: &&str| Node { label: (*label).to_owned(), role: None, href: Some("/t/harbor/pipeline".to_owned()) };
        let flow = |&(from, to, value): &(usize, usize, i64)| Flow {
            from,
            to,
            value,
            href: Some(format!("/t/harbor/leads?n={value}")),
            title: None,
        };
        ChartSpec::Sankey {
            unit: ChartUnit::Count,
            series: "Candidates".to_owned(),
            nodes: nodes.iter().map(node).collect(),
            flows: flows.iter().map(flow).collect(),
        }
    }

    /// What the table says, a line to a row.
    fn rows_of(figure: &str) -> Vec<String> {
        let body = figure.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
        let words = |row: &str| {
            let mut inside = false;
            row.replace("</th>", " | ")
                .chars()
                .filter(|&c| {
                    inside = (inside || c == '<') && c != '>';
                    !inside && c != '>'
                })
                .collect::<String>()
        };
        body.split("</tr>").filter(|row| !row.is_empty()).map(|row| words(row.trim()).trim().to_owned()).collect()
    }

    #[test]
    fn a_bar_shows_its_note_and_leads_to_as_many_rows() {
        let noted = Bar { note: Some("64%".to_owned()), ..bar("FDD Sent", Some(1_031)) };
        let html = figure(&bars(ChartUnit::Count, vec![noted, bar("Lost", None)]));
        assert_eq!(rows_of(&html), ["FDD Sent | 1,031 · 64%", "Lost | not known"]);
        assert!(html.contains(r#"<a href="/t/harbor/leads?stage=8" data-count="1031">"#), "{html}");
        assert!(html.contains(r#"<a href="/t/harbor/leads?stage=4">"#), "{html}");
    }

    #[test]
    fn rows_are_higher_where_a_name_is_too_long_for_one_line() {
        for (name, class) in [
            ("FDD Sent", "plot rows"),
            ("FDD Review Call Scheduled", "plot rows long"),
            ("Waiting for the second reference of a bank", "plot rows long longest"),
        ] {
            let html = figure(&bars(ChartUnit::Count, vec![bar(name, Some(1))]));
            assert!(html.contains(&format!(r#"class="{class}" style="--rows:1""#)), "{html}");
        }
    }

    #[test]
    fn a_line_says_which_days_are_unfinished_carried_forward_or_not_known() {
        let days = vec![
            Bar { previous: Some(500), ..bar("Mar 9", Some(9_000_000)) },
            Bar { approximate: true, ..bar("Mar 10", Some(9_000_000)) },
            bar("Mar 11", None),
            Bar { open: true, ..bar("Mar 12", Some(9_500_050)) },
        ];
        let html = figure(&line(days));
        let rows = [
            "Mar 9 | $90,000$5",
            "Mar 10, carried forward | $90,000not known",
            "Mar 11 | not knownnot known",
            "Mar 12, so far | $95,000.50not known",
        ];
        assert_eq!(rows_of(&html), rows);
        for key in ["Unfinished, so far", "Carried forward from the day before", "Before"] {
            assert!(html.contains(key), "{key}");
        }
        assert!(!html.contains("data-count"), "money is not a count of rows");
    }

    #[test]
    fn what_an_unfinished_bucket_is_compared_with_is_cut_at_the_same_time_and_said_to_be() {
        let week = |label, open| Bar { previous: Some(9), open, ..bar(label, Some(11)) };
        let data = vec![week("Mar 2", false), week("Mar 9", true), Bar { open: true, ..bar("Mar 16", Some(1)) }];
        let spec =
            ChartSpec::Columns { unit: ChartUnit::Count, series: "Leads".to_owned(), previous: Some("Before".to_owned()), data };
        let rows = ["Mar 2 | 119", "Mar 9, so far | 119 by the same time", "Mar 16, so far | 1not known"];
        assert_eq!(rows_of(&figure(&spec)), rows);
    }

    #[test]
    fn a_waterfall_signs_its_changes_and_says_where_its_axis_starts() {
        let steps = [
            ("Mar 1", Some(61_200_000), true),
            ("New", Some(9_500_000), false),
            ("Down", Some(-700_000), false),
            ("Lost", None, false),
            ("Mar 12", Some(70_000_000), true),
        ];
        let html = figure(&waterfall(ChartUnit::Money, &steps));
        assert_eq!(
            rows_of(&html),
            ["Mar 1 | $612,000", "New | +$95,000", "Down | −$7,000", "Lost | not known", "Mar 12 | $700,000"]
        );
        assert!(html.contains(r#"data-axis-from="50000000""#) && html.contains("Axis from $500K, not from zero"), "{html}");
        assert!(html.contains(r#"style="--h:224px;--rows:5""#), "{html}");
    }

    #[test]
    fn the_start_of_an_axis_is_short_only_where_that_is_all_of_it() {
        let cases = [
            (125_000_000, "$1.25M"),
            (123_456_600, "$1,234,566"),
            (95_050_000, "$950.5K"),
            (95_055_000, "$950,550"),
            (4_500, "$45"),
        ];
        for (from, words) in cases {
            assert_eq!(round(from, ChartUnit::Money), words);
        }
        assert_eq!(round(1_250, ChartUnit::Count), "1,250");
    }

    #[test]
    fn a_waterfall_of_a_count_leads_to_the_rows_of_each_change() {
        let steps = [("Before", Some(10), true), ("Lost", Some(-3), false), ("Parked", Some(0), false), ("Now", Some(7), true)];
        let html = figure(&waterfall(ChartUnit::Count, &steps));
        assert_eq!(rows_of(&html), ["Before | 10", "Lost | −3", "Parked | 0", "Now | 7"]);
        assert!(html.contains(r#"data-axis-from="0""#) && !html.contains("Axis from"), "{html}");
        for count in ["10", "3", "0", "7"] {
            assert!(html.contains(&format!(r#"data-count="{count}""#)), "{count}");
        }
    }

    #[test]
    fn a_flow_is_a_row_and_a_node_a_link_where_it_is_first_named() {
        let html = figure(&sankey(&["New", "QR Sent", "QR Sent", "Lost"], &[(0, 2, 5), (0, 3, 2), (1, 3, 4), (1, 2, 0)]));
        assert_eq!(rows_of(&html), ["New | QR Sent | 5", "New | Lost | 2", "QR Sent | Lost | 4"]);
        assert!(html.contains("From stage") && html.contains("To stage"));
        for (count, links) in [(7, 1), (5, 2), (6, 1), (2, 1), (4, 2)] {
            assert_eq!(html.matches(&format!(r#"data-count="{count}""#)).count(), links, "{count} in {html}");
        }
        assert!(html.contains(r#"class="plot flows" style="--rows:2""#), "{html}");
    }

    #[test]
    fn text_of_the_crm_stays_text_in_every_kind() {
        let hostile = || vec![Bar { title: Some(SCRIPT.to_owned()), note: Some(SCRIPT.to_owned()), ..bar(SCRIPT, Some(1)) }];
        let kinds = [
            bars(ChartUnit::Count, hostile()),
            line(hostile()),
            waterfall(ChartUnit::Count, &[(SCRIPT, Some(1), true)]),
            sankey(&[SCRIPT, SCRIPT], &[(0, 1, 1)]),
        ];
        for spec in kinds {
            let html = figure(&spec);
            assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "{html}");
        }
    }

    #[test]
    fn a_figure_without_anything_to_draw_says_so() {
        let empty = [
            bars(ChartUnit::Count, vec![]),
            line(vec![]),
            waterfall(ChartUnit::Count, &[]),
            sankey(&["New", "Lost"], &[(0, 1, 0)]),
        ];
        for spec in empty {
            let html = figure(&spec);
            assert!(html.contains("Nothing to draw.") && !html.contains("data-chart"), "{html}");
        }
        let unknown = [
            bars(ChartUnit::Money, vec![bar("New", None)]),
            line(vec![bar("Mar 1", None)]),
            waterfall(ChartUnit::Money, &[("Mar 1", None, true)]),
        ];
        for spec in unknown {
            let html = figure(&spec);
            assert!(html.contains("No value is known yet.") && html.contains("not known"), "{html}");
        }
    }
}
