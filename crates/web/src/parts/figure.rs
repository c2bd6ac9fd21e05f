//! A chart in its figure: the drawing, its keys, the same numbers as a table, and one sentence that says what it shows.

use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, Money};

use crate::parts::words::number;

/// A figure around one chart.
pub(crate) struct Figure<'a> {
    pub(crate) id: &'a str,
    pub(crate) label: &'a str,
    /// The first column of the table.
    pub(crate) category: &'a str,
    pub(crate) sentence: Markup,
    pub(crate) spec: &'a ChartSpec,
    /// Pixels, for upright bars.
    pub(crate) height: Option<u16>,
}

impl Figure<'_> {
    pub(crate) fn render(&self) -> Markup {
        let (unit, series, previous, data, lying) = match self.spec {
            ChartSpec::Columns { unit, series, previous, data } => (*unit, series, previous, data, false),
            ChartSpec::Bars { unit, series, previous, data } => (*unit, series, previous, data, true),
        };
        let size = match (lying, self.height) {
            (true, _) => format!("--rows:{}", data.len().max(1)),
            (false, height) => format!("--h:{}px", height.unwrap_or(224)),
        };
        // Serialising plain text and numbers does not fail.
        let spec = serde_json::to_string(self.spec).unwrap_or_default();
        let open = data.iter().any(|bar| bar.open);
        html! {
            figure.figure {
                div class=(if lying { "plot rows" } else { "plot" }) style=(size) role="img" aria-label=(self.label) data-chart=(spec) {}
                div.legend {
                    @if !lying {
                        span { i.key {} (series) }
                        @if open { span { i.key.open {} "Unfinished, so far" } }
                    }
                    @if let Some(previous) = previous { span { i.key.line {} (previous) } }
                    details.data id=(format!("{}-table", self.id)) {
                        summary { "Show as table" }
                        div.scroll tabindex="0" role="region" aria-label=(self.label) {
                            (table(self.category, series, previous.as_deref(), unit, data))
                        }
                    }
                }
                figcaption { (self.sentence) }
            }
        }
    }
}

fn table(category: &str, series: &str, previous: Option<&str>, unit: ChartUnit, data: &[Bar]) -> Markup {
    html! {
        table.table {
            caption.sr { (series) }
            thead { tr {
                th scope="col" { (category) }
                th.num scope="col" { (series) }
                @if let Some(previous) = previous { th.num scope="col" { (previous) } }
            } }
            tbody {
                @for bar in data {
                    tr {
                        th scope="row" {
                            @let name = bar.title.as_deref().unwrap_or(&bar.label);
                            @match &bar.href {
                                Some(href) => a href=(href) data-count=[(unit == ChartUnit::Count).then_some(bar.value).flatten()] { (name) },
                                None => (name),
                            }
                        }
                        td.num { (value(bar.value, unit)) }
                        @if previous.is_some() { td.num { (value(bar.previous, unit)) } }
                    }
                }
            }
        }
    }
}

fn value(value: Option<i64>, unit: ChartUnit) -> String {
    match (value, unit) {
        (None, _) => "not known".to_owned(),
        (Some(count), ChartUnit::Count) => number(count),
        (Some(cents), ChartUnit::Money) => Money(cents).to_string(),
    }
}
