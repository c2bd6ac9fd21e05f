//! What a figure says in its markup.

use maud::html;
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, Flow, Node, Step};

use super::{Figure, axis_start};

const SCRIPT: &str = "<script>alert(1)</script>";

fn figure(spec: &ChartSpec) -> String {
    let figure = Figure { id: "f", label: "A figure", category: "Stage", sentence: html! { "It shows." }, spec, height: None };
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

/// The text of the table, one string per row.
fn rows_of(figure: &str) -> Vec<String> {
    let body = figure.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
    let text = |row: &str| {
        let mut inside = false;
        row.replace("</th>", " | ")
            .chars()
            .filter(|&c| {
                inside = (inside || c == '<') && c != '>';
                !inside && c != '>'
            })
            .collect::<String>()
    };
    body.split("</tr>").filter(|row| !row.is_empty()).map(|row| text(row.trim()).trim().to_owned()).collect()
}

#[test]
fn a_bar_shows_its_note_and_links_to_its_rows() {
    let noted = Bar { note: Some("64%".to_owned()), ..bar("FDD Sent", Some(1_031)) };
    let html = figure(&bars(ChartUnit::Count, vec![noted, bar("Lost", None)]));
    assert_eq!(rows_of(&html), ["FDD Sent | 1,031 · 64%", "Lost | unknown"]);
    assert!(html.contains(r#"<a href="/t/harbor/leads?stage=8" data-count="1031">"#), "{html}");
    assert!(html.contains(r#"<a href="/t/harbor/leads?stage=4">"#), "{html}");
}

#[test]
fn rows_are_taller_when_a_label_needs_more_than_one_line() {
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
fn a_line_marks_days_in_progress_carried_forward_and_unknown() {
    let days = vec![
        Bar { previous: Some(500), ..bar("Mar 9", Some(9_000_000)) },
        Bar { approximate: true, ..bar("Mar 10", Some(9_000_000)) },
        bar("Mar 11", None),
        Bar { open: true, ..bar("Mar 12", Some(9_500_050)) },
    ];
    let html = figure(&line(days));
    let rows = [
        "Mar 9 | $90,000$5",
        "Mar 10, carried forward | $90,000unknown",
        "Mar 11 | unknownunknown",
        "Mar 12, so far | $95,000.50unknown",
    ];
    assert_eq!(rows_of(&html), rows);
    for key in ["In progress", "Carried forward from the previous day", "Before"] {
        assert!(html.contains(key), "{key}");
    }
    assert!(!html.contains("data-count"), "money is not a count of rows");
}

#[test]
fn a_bucket_in_progress_is_compared_at_the_same_point() {
    let week = |label, open| Bar { previous: Some(9), open, ..bar(label, Some(11)) };
    let data = vec![week("Mar 2", false), week("Mar 9", true), Bar { open: true, ..bar("Mar 16", Some(1)) }];
    let spec =
        ChartSpec::Columns { unit: ChartUnit::Count, series: "Leads".to_owned(), previous: Some("Before".to_owned()), data };
    let rows = ["Mar 2 | 119", "Mar 9, so far | 119 at the same point", "Mar 16, so far | 1unknown"];
    assert_eq!(rows_of(&figure(&spec)), rows);
}

#[test]
fn a_waterfall_signs_its_changes_and_states_where_its_axis_starts() {
    let steps = [
        ("Mar 1", Some(61_200_000), true),
        ("New", Some(9_500_000), false),
        ("Down", Some(-700_000), false),
        ("Lost", None, false),
        ("Mar 12", Some(70_000_000), true),
    ];
    let html = figure(&waterfall(ChartUnit::Money, &steps));
    assert_eq!(rows_of(&html), ["Mar 1 | $612,000", "New | +$95,000", "Down | −$7,000", "Lost | unknown", "Mar 12 | $700,000"]);
    assert!(html.contains(r#"data-axis-from="50000000""#) && html.contains("Axis starts at $500K"), "{html}");
    assert!(html.contains(r#"style="--h:224px;--rows:5""#), "{html}");
}

#[test]
fn the_start_of_an_axis_is_short_only_if_that_loses_nothing() {
    let cases =
        [(125_000_000, "$1.25M"), (123_456_600, "$1,234,566"), (95_050_000, "$950.5K"), (95_055_000, "$950,550"), (4_500, "$45")];
    for (from, words) in cases {
        assert_eq!(axis_start(from, ChartUnit::Money), words);
    }
    assert_eq!(axis_start(1_250, ChartUnit::Count), "1,250");
}

#[test]
fn a_waterfall_of_counts_links_to_the_rows_of_each_change() {
    let steps = [("Before", Some(10), true), ("Lost", Some(-3), false), ("Parked", Some(0), false), ("Now", Some(7), true)];
    let html = figure(&waterfall(ChartUnit::Count, &steps));
    assert_eq!(rows_of(&html), ["Before | 10", "Lost | −3", "Parked | 0", "Now | 7"]);
    assert!(html.contains(r#"data-axis-from="0""#) && !html.contains("Axis starts"), "{html}");
    for count in ["10", "3", "0", "7"] {
        assert!(html.contains(&format!(r#"data-count="{count}""#)), "{count}");
    }
}

#[test]
fn each_flow_is_a_row_and_each_node_is_linked_once() {
    let html = figure(&sankey(&["New", "QR Sent", "QR Sent", "Lost"], &[(0, 2, 5), (0, 3, 2), (1, 3, 4), (1, 2, 0)]));
    assert_eq!(rows_of(&html), ["New | QR Sent | 5", "New | Lost | 2", "QR Sent | Lost | 4"]);
    assert!(html.contains("From stage") && html.contains("To stage"));
    for (count, links) in [(7, 1), (5, 2), (6, 1), (2, 1), (4, 2)] {
        assert_eq!(html.matches(&format!(r#"data-count="{count}""#)).count(), links, "{count} in {html}");
    }
    assert!(html.contains(r#"class="plot flows" style="--rows:2""#), "{html}");
}

#[test]
fn crm_text_is_escaped_in_every_kind_of_chart() {
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
fn a_figure_without_data_says_so() {
    let empty =
        [bars(ChartUnit::Count, vec![]), line(vec![]), waterfall(ChartUnit::Count, &[]), sankey(&["New", "Lost"], &[(0, 1, 0)])];
    for spec in empty {
        let html = figure(&spec);
        assert!(html.contains("No data to show.") && !html.contains("data-chart"), "{html}");
    }
    let unknown = [
        bars(ChartUnit::Money, vec![bar("New", None)]),
        line(vec![bar("Mar 1", None)]),
        waterfall(ChartUnit::Money, &[("Mar 1", None, true)]),
    ];
    for spec in unknown {
        let html = figure(&spec);
        assert!(html.contains("No values yet.") && html.contains("unknown"), "{html}");
    }
}
