//! A small line of recent values beside a number, drawn on the server: it is too small for a chart library.

use maud::{Markup, html};

const WIDTH: f64 = 88.0;
const HEIGHT: f64 = 28.0;

/// The line; `open` if the last value is still in progress, which is drawn dashed with a hollow end.
pub(crate) fn sparkline(values: &[i64], label: &str, open: bool) -> Markup {
    if values.len() < 2 {
        return html! {};
    }
    let points = points(values);
    let (closed, last) = points.split_at(points.len() - 1);
    let end = last[0];
    let solid = if open { path(closed) } else { path(&points) };
    html! {
        svg.spark width="88" height="28" viewBox="0 0 88 28" role="img" aria-label=(label) {
            path d=(solid) fill="none" stroke="var(--series-prev)" stroke-width="1.5" stroke-linejoin="round"
                stroke-linecap="round" {}
            @if open {
                path d=(path(&points[points.len() - 2..])) fill="none" stroke="var(--series-prev)" stroke-width="1.5"
                    stroke-dasharray="2 2.5" {}
                circle cx=(end.0) cy=(end.1) r="2.5" fill="var(--surface)" stroke="var(--accent)" stroke-width="1.5" {}
            } @else {
                circle cx=(end.0) cy=(end.1) r="3" fill="var(--accent)" stroke="var(--surface)" stroke-width="1.5" {}
            }
        }
    }
}

fn points(values: &[i64]) -> Vec<(f64, f64)> {
    let (low, high) = values.iter().fold((i64::MAX, i64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
    let span = (high - low).max(1) as f64;
    let step = (WIDTH - 6.0) / (values.len() - 1) as f64;
    let point = |(i, value): (usize, &i64)| {
        let x = 2.0 + step * i as f64;
        let y = if high == low { HEIGHT / 2.0 } else { HEIGHT - 4.0 - (HEIGHT - 8.0) * ((value - low) as f64 / span) };
        ((x * 10.0).round() / 10.0, (y * 10.0).round() / 10.0)
    };
    values.iter().enumerate().map(point).collect()
}

fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        path.push_str(&format!("{}{x} {y}", if i == 0 { "M" } else { "L" }));
    }
    path
}
