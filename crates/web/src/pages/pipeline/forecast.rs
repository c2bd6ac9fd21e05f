//! The weighted value by close month.

use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit};
use tetherboard_metrics::{CloseBucket, ForecastMonth};

use super::{PipelineView, card};
use crate::address::links::{self, Link};
use crate::parts::figure::Figure;
use crate::parts::format::counted;
use crate::parts::shell::Shell;

/// The card of the forecast.
pub(super) fn forecast(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let spec = ChartSpec::Columns {
        unit: ChartUnit::Money,
        series: "Weighted value".to_owned(),
        previous: None,
        data: view.benchmarks.forecast.iter().map(|month| bar(slug, month)).collect(),
    };
    let figure = Figure {
        id: "forecast",
        label: "Weighted value by close month",
        category: "Close month",
        sentence: sentence(slug, view),
        spec: &spec,
        height: None,
    };
    card("c-6", "Forecast by close month", &html! { "weighted value" }, None, &figure.render())
}

fn bar(slug: &str, month: &ForecastMonth) -> Bar {
    let name = closing_name(month.closing);
    Bar {
        title: Some(format!("{name}, {}", counted(month.deals, "deal", "deals"))),
        label: name,
        value: Some(month.weighted.0),
        href: Some(deals_link(slug, month.closing).url()),
        ..Bar::default()
    }
}

/// The open deals with a known fee that close then.
fn deals_link(slug: &str, closing: CloseBucket) -> Link {
    links::pipeline(slug).with("in", "open").with("fee", "known").with("close", &closing.word())
}

fn closing_name(closing: CloseBucket) -> String {
    match closing {
        CloseBucket::Overdue => "Overdue".to_owned(),
        CloseBucket::Month(month) => month.strftime("%b %Y").to_string(),
        CloseBucket::Undated => "No date".to_owned(),
    }
}

/// `Mar 2027 has the highest forecast: $95K of $410K. 3 deals are past their close date. 2 deals have no close date.`
fn sentence(slug: &str, view: &PipelineView) -> Markup {
    let months = &view.benchmarks.forecast;
    if months.is_empty() {
        return html! { "No open deal has a known fee, so there is no forecast." };
    }
    let dated = months.iter().filter(|month| matches!(month.closing, CloseBucket::Month(_)));
    let best = dated.max_by_key(|month| month.weighted).filter(|month| month.weighted.0 > 0);
    let deals = |closing: CloseBucket| {
        let month = months.iter().find(|month| month.closing == closing)?;
        let link = deals_link(slug, closing).url();
        Some((month.deals, html! { a href=(link) data-count=(month.deals) { (counted(month.deals, "deal", "deals")) } }))
    };
    html! {
        @match best {
            Some(month) => {
                (closing_name(month.closing)) " has the highest forecast: " (month.weighted.short()) " of "
                (view.numbers.pipeline.weighted.short()) "."
            }
            None => "No open deal with a known fee has a future close date.",
        }
        @if let Some((count, link)) = deals(CloseBucket::Overdue) {
            " " (link) (if count == 1 { " is past its close date." } else { " are past their close date." })
        }
        @if let Some((count, link)) = deals(CloseBucket::Undated) {
            " " (link) (if count == 1 { " has no close date." } else { " have no close date." })
        }
    }
}
