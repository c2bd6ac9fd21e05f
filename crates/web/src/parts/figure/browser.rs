//! Every kind of chart in a real browser, under the content security policy of the pages.

use std::net::{Ipv4Addr, SocketAddr};

use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::IntoResponse;
use maud::{DOCTYPE, html};
use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, Clock, Flow, Node, Step};
use tetherboard_testkit::{Browser, Kind, Options};
use tokio::net::TcpListener;

use super::Figure;
use crate::http::{CSP, assets};
use crate::parts::shell::EMPTY;
use crate::{Portal, Settings};

const SCRIPT: &str = "<script>alert(1)</script>";

/// A browser that has drawn every figure of a page, including the ones below the fold.
async fn drawn(figures: Vec<(&'static str, ChartSpec)>, options: Options) -> Browser {
    let browser = opened(figures, options).await;
    // Figures far below the fold are drawn on scroll or before printing.
    browser.evaluate("dispatchEvent(new Event('beforeprint')); return true").await.unwrap();
    browser
}

async fn opened(figures: Vec<(&'static str, ChartSpec)>, options: Options) -> Browser {
    let db = tetherboard_testkit::fresh(Kind::Sqlite).await;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                title { "Figures" }
                link rel="stylesheet" href=(assets::url("app.css"));
                script type="module" src=(assets::url("app.js")) {}
            }
            body { main.main { @for (label, spec) in &figures {
                @let figure = Figure { id: label, label, category: "Stage", sentence: EMPTY, spec, height: None };
                section.card { div.card-body { (figure.render()) } }
            } } }
        }
    };
    let page = page.into_string();
    let answer = move || async { ([(CONTENT_SECURITY_POLICY, CSP)], axum::response::Html(page)).into_response() };
    let router = Portal::new(db.store.clone(), Clock::system(), Settings::default()).router().fallback(answer);
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let site = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let browser = Browser::open(options).await.unwrap();
    browser.goto(&format!("{site}/figures")).await.unwrap();
    browser.wait_for("[data-chart] svg text").await.unwrap();
    browser.evaluate("return document.fonts.ready.then(() => true)").await.unwrap();
    browser
}

fn bar(label: &str, value: Option<i64>) -> Bar {
    Bar { label: label.to_owned(), value, href: value.map(|value| format!("/rows?n={value}")), ..Bar::default() }
}

fn step(label: &str, value: i64, total: bool) -> Step {
    Step { label: label.to_owned(), value: Some(value), total, href: Some(format!("/rows?n={}", value.abs())), title: None }
}

fn days(values: &[Option<i64>]) -> Vec<Bar> {
    values.iter().enumerate().map(|(at, &value)| bar(&format!("Mar {}", at + 1), value)).collect()
}

fn line(data: Vec<Bar>) -> ChartSpec {
    ChartSpec::Line { unit: ChartUnit::Money, series: "Value".to_owned(), previous: None, data }
}

fn waterfall(data: Vec<Step>) -> ChartSpec {
    ChartSpec::Waterfall { unit: ChartUnit::Count, series: "Candidates".to_owned(), data }
}

fn sankey(left: &[&str], right: &[&str], flows: &[(usize, usize, i64)]) -> ChartSpec {
    let node = |label: &&str| Node { label: (*label).to_owned(), role: None, href: Some(format!("/rows?of={}", label.len())) };
    let flow = |&(from, to, value): &(usize, usize, i64)| {
        let href = Some(format!("/rows?n={value}"));
        Flow { from, to: left.len() + to, value, href, title: None }
    };
    ChartSpec::Sankey {
        unit: ChartUnit::Count,
        series: "Candidates".to_owned(),
        nodes: left.iter().chain(right).map(node).collect(),
        flows: flows.iter().map(flow).collect(),
    }
}

/// The center of a chart label in the window, in pixels.
async fn place_of(browser: &Browser, text: &str) -> (f64, f64) {
    let place = browser
        .evaluate(&format!(
            "const name = [...document.querySelectorAll('[data-chart] svg text')].find((it) => it.textContent === {});
             name.scrollIntoView({{ block: 'center', behavior: 'instant' }});
             const box = name.getBoundingClientRect();
             return [box.left + box.width / 2, box.top + box.height / 2];",
            json!(text)
        ))
        .await
        .unwrap();
    (place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
}

async fn mouse(browser: &Browser, kind: &str, (x, y): (f64, f64)) {
    let button = if kind == "mouseMoved" { "none" } else { "left" };
    let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
    browser.devtools("Input.dispatchMouseEvent", event).await.unwrap();
}

/// The tooltip at a point, and the address that a click there opens.
async fn follow(browser: &Browser, point: (f64, f64)) -> (String, String) {
    mouse(browser, "mouseMoved", (point.0 - 2.0, point.1)).await;
    mouse(browser, "mouseMoved", point).await;
    let tip = browser.text(".tip").await.unwrap();
    mouse(browser, "mousePressed", point).await;
    mouse(browser, "mouseReleased", point).await;
    for _ in 0..100 {
        let url = browser.url().await.unwrap();
        if let Some((_, address)) = url.split_once("/rows") {
            return (tip, address.to_owned());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("a click beside {tip:?} opened nothing");
}

#[tokio::test]
async fn a_day_of_a_line_links_to_its_rows() {
    let browser = drawn(vec![("Value", line(days(&[Some(100), Some(250_000), Some(300_000)])))], Options::default()).await;
    let (x, y) = place_of(&browser, "Mar 2").await;
    let (tip, address) = follow(&browser, (x, y - 60.0)).await;
    assert_eq!((tip.as_str(), address.as_str()), ("Mar 2\nValue\n$2,500", "?n=250000"));
}

#[rstest]
#[case::vertical(Options::default(), (0.0, -60.0))]
#[case::horizontal(Options { width: 390, ..Options::default() }, (120.0, 0.0))]
#[tokio::test]
async fn a_step_of_a_waterfall_links_to_its_rows(#[case] options: Options, #[case] beside: (f64, f64)) {
    let steps = vec![step("Before", 10, true), step("New", 4, false), step("Lost", -3, false), step("Now", 11, true)];
    let browser = drawn(vec![("Moves", waterfall(steps))], options).await;
    let (x, y) = place_of(&browser, "Lost").await;
    let (tip, address) = follow(&browser, (x + beside.0, y + beside.1)).await;
    assert_eq!((tip.as_str(), address.as_str()), ("Lost\nChange\n−3", "?n=3"));
}

#[rstest]
#[case::node("New Lead · 12", 0.0, "New Lead\nCandidates\n12", "?of=8")]
#[case::flow("New Lead · 12", 400.0, "New Lead → QR Sent\nCandidates\n12", "?n=12")]
#[tokio::test]
async fn a_node_and_a_flow_link_to_their_rows(
    #[case] text: &str,
    #[case] aside: f64,
    #[case] expected_tip: &str,
    #[case] expected_address: &str,
) {
    let browser = drawn(vec![("Flows", sankey(&["New Lead"], &["QR Sent"], &[(0, 0, 12)]))], Options::default()).await;
    let (x, y) = place_of(&browser, text).await;
    let (tip, address) = follow(&browser, (x + aside, y)).await;
    assert_eq!((tip.as_str(), address.as_str()), (expected_tip, expected_address));
}

#[tokio::test]
async fn an_unknown_day_is_a_gap_and_an_isolated_day_is_a_point() {
    let values = [Some(200_000), Some(210_000), None, Some(220_000), None, Some(230_000), Some(240_000)];
    let browser = drawn(vec![("Value", line(days(&values)))], Options::default()).await;
    let strokes = "return [...document.querySelectorAll('[data-chart] svg path[fill=none]')]
        .filter((it) => it.getAttribute('stroke') === 'var(--series-1)').length";
    assert_eq!(browser.evaluate(strokes).await.unwrap(), 2, "a line on either side of the unknown day");
    let points = "return document.querySelectorAll('[data-chart] svg path[fill=\"var(--series-1)\"]').length";
    assert_eq!(browser.evaluate(points).await.unwrap(), 2, "the isolated day and the last day");
}

#[tokio::test]
async fn the_comparison_line_ends_before_the_bucket_in_progress() {
    let week = |label: &str, value, open| Bar { previous: Some(40), open, ..bar(label, Some(value)) };
    let data = vec![week("Mar 2", 30, false), week("Mar 9", 35, false), Bar { previous: Some(1), ..week("Mar 16", 2, true) }];
    let previous = Some("Previous period".to_owned());
    let spec = ChartSpec::Columns { unit: ChartUnit::Count, series: "Leads".to_owned(), previous, data };
    let browser = drawn(vec![("Leads", spec)], Options::default()).await;
    let (last, _) = place_of(&browser, "Mar 9").await;
    let end = browser
        .evaluate(
            "return Math.max(...[...document.querySelectorAll('[data-chart] svg path[fill=none]')]
                .filter((it) => it.getAttribute('stroke') === 'var(--ink-2)').map((it) => it.getBoundingClientRect().right))",
        )
        .await
        .unwrap();
    let end = end.as_f64().unwrap();
    assert!((end - last).abs() < 3.0, "it ends at {end}, and the last full week is at {last}");
    let (x, y) = place_of(&browser, "Mar 16").await;
    let (tip, _) = follow(&browser, (x, y - 20.0)).await;
    assert_eq!(tip, "Mar 16\nLeads\n2 so far\nPrevious period\n1 at the same point");
}

#[tokio::test]
async fn every_chart_of_a_long_page_is_drawn_on_scroll_and_before_printing() {
    let many = || (0..12).map(|_| ("Value", line(days(&[Some(100), Some(250_000), Some(300_000)])))).collect();
    let browser = opened(many(), Options::default()).await;
    browser.wait_for("section:last-child [data-chart] svg text").await.unwrap();
    let browser = drawn(many(), Options::default()).await;
    let drawings = browser.evaluate("return document.querySelectorAll('[data-chart] svg').length").await.unwrap();
    assert_eq!(drawings, 12);
}

/// Labels that overlap or leave their chart, and whether the page scrolls sideways.
const MISPLACED: &str = "
    const wrong = [];
    for (const plot of document.querySelectorAll('[data-chart]')) {
        const [room, name] = [plot.getBoundingClientRect(), plot.getAttribute('aria-label')];
        const texts = [...plot.querySelectorAll('svg text')].filter((it) => it.textContent.trim());
        if (!texts.length) wrong.push(`${name} is not drawn`);
        const boxes = texts.map((it) => ({ words: it.textContent, box: it.getBoundingClientRect() }));
        boxes.forEach(({ words, box }, at) => {
            const fitsX = box.left >= room.left - 2 && box.right <= room.right + 2;
            const fitsY = box.top >= room.top - 2 && box.bottom <= room.bottom + 2;
            if (!fitsX || !fitsY) wrong.push(`${name}: ${words} leaves the drawing`);
            for (const other of boxes.slice(at + 1)) {
                const [a, b] = [box, other.box];
                const apart = a.left >= b.right - 1 || b.left >= a.right - 1 || a.top >= b.bottom - 3 || b.top >= a.bottom - 3;
                if (!apart) wrong.push(`${name}: ${words} overlaps ${other.words}`);
            }
        });
    }
    if (document.documentElement.scrollWidth > innerWidth) wrong.push('the page goes sideways');
    return wrong;";

#[rstest]
#[case::wide(Options::default())]
#[case::phone(Options { width: 375, height: 800, dark: true, ..Options::default() })]
#[tokio::test]
async fn no_chart_label_is_cut_off_or_overlaps_another(#[case] options: Options) {
    let long = "A stage that somebody has named with a whole sentence ".repeat(6);
    let names: Vec<String> =
        (0..40).map(|at| if at == 20 { long.clone() } else { format!("Stage number {at} of the list") }).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many: Vec<(usize, usize, i64)> =
        (0..40).flat_map(|at| [(at, (at + 1) % 40, 3 + at as i64 % 7), (at, (at * 3) % 40, 1)]).collect();
    let noted = Bar { note: Some("64% of the step above".to_owned()), ..bar(SCRIPT, Some(31)) };
    let year: Vec<Option<i64>> = (0..400).map(|at| Some(20_000_000 + at * 77_000)).collect();
    let unfinished = vec![
        bar("Mar 1", Some(9_000_000)),
        Bar { approximate: true, ..bar("Mar 2", Some(9_000_000)) },
        Bar { open: true, ..bar("Mar 3", Some(9_950_000)) },
    ];
    let moves = [
        "Before",
        "New",
        "Reopened",
        "Moved up",
        "Moved down",
        "Lost to another franchise",
        "Awarded",
        "Parked",
        "Removed from the CRM",
        "Now",
    ];
    let moves = moves
        .iter()
        .enumerate()
        .map(|(at, name)| step(name, if at % 9 == 0 { 1_240 } else { 7 - 3 * at as i64 }, at % 9 == 0))
        .collect();
    let horizontal = ChartSpec::Bars {
        unit: ChartUnit::Count,
        series: "Candidates".to_owned(),
        previous: None,
        data: vec![bar(&long, Some(12_000)), noted, bar("Word".repeat(30).as_str(), Some(0)), bar("Lost", None)],
    };
    let figures = vec![
        ("Bars", horizontal),
        ("A year", line(days(&year))),
        ("Three days", line(unfinished)),
        ("One day", line(days(&[Some(100)]))),
        ("Moves", waterfall(moves)),
        ("Flows", sankey(&names, &names, &many)),
        ("One flow", sankey(&[SCRIPT], &[&long], &[(0, 0, 1)])),
    ];
    let browser = drawn(figures, options).await;
    browser.wait_for("[aria-label='One flow'] svg text").await.unwrap();
    assert_eq!(browser.evaluate(MISPLACED).await.unwrap(), json!([]));
    assert_eq!(browser.console_errors().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn crm_text_is_escaped_in_the_chart_and_its_tooltip() {
    let browser = drawn(vec![("Flows", sankey(&[SCRIPT], &["QR Sent"], &[(0, 0, 2)]))], Options::default()).await;
    let words = format!("{SCRIPT} · 2");
    let point = place_of(&browser, &words).await;
    let (tip, _) = follow(&browser, point).await;
    assert!(tip.starts_with(SCRIPT), "{tip}");
    let scripts: Value = browser.evaluate("return document.querySelectorAll('.tip script, svg script').length").await.unwrap();
    assert_eq!(scripts, 0);
    assert_eq!(browser.console_errors().await.unwrap().iter().filter(|error| !error.contains("/rows")).count(), 0);
}
