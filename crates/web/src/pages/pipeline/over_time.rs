//! The value of the pipeline, day by day.

use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, Money};
use tetherboard_metrics::DayTotals;

use super::{PipelineView, card};
use crate::address::links;
use crate::parts::figure::Figure;
use crate::parts::format::{count, counted};
use crate::parts::shell::Shell;
use crate::parts::time;

/// The card of the value over time.
pub(super) fn over_time(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let days = &view.history.days;
    let today = shell.tenant().zone.date(shell.now);
    let slug = &shell.tenant().slug;
    let spec = ChartSpec::Line {
        unit: ChartUnit::Money,
        series: "Weighted value".to_owned(),
        previous: Some("Pipeline value".to_owned()),
        data: days.iter().map(|day| bar(slug, today, day)).collect(),
    };
    let figure = Figure {
        id: "over-time",
        label: "Pipeline value and weighted value, day by day",
        category: "Day",
        sentence: sentence(days, view.benchmarks.history_start),
        spec: &spec,
        height: None,
    };
    let subtitle = html! { (counted(count(days.len()), "day", "days")) ", end-of-day values" };
    card("c-6", "Value over time", &subtitle, None, &figure.render())
}

fn bar(slug: &str, today: Date, day: &DayTotals) -> Bar {
    let link = links::pipeline(slug).maybe("asof", (day.day != today).then(|| day.day.to_string()).as_deref());
    Bar {
        label: time::short_day(day.day),
        value: Some(day.weighted.0),
        previous: Some(day.value.0),
        approximate: day.carried,
        href: Some(link.url()),
        title: Some(time::full_day(day.day)),
        ..Bar::default()
    }
}

/// `Since Mar 2, the pipeline value rose from $610K to $700K, and the weighted value fell from $300K to $290K.`
fn sentence(days: &[DayTotals], history_start: Option<Date>) -> Markup {
    let carried = count(days.iter().filter(|day| day.carried).count());
    let is_first = |start: &Date| days.first().is_none_or(|first| first.day <= *start);
    html! {
        @match (days.first(), days.last()) {
            (Some(first), Some(last)) if first.day != last.day => {
                "Since " (time::short_day(first.day)) ", the pipeline value " (trend(first.value, last.value))
                ", and the weighted value " (trend(first.weighted, last.weighted)) "."
                @if carried > 0 { " " (counted(carried, "day", "days")) " without a sync: previous values carried forward." }
            }
            (Some(only), _) => { "Only " (time::full_day(only.day)) " was recorded in this period." }
            _ => "No data was recorded in this period.",
        }
        @if let Some(start) = history_start.filter(is_first) { " History starts " (time::full_day(start)) "." }
    }
}

fn trend(from: Money, to: Money) -> String {
    match to.cmp(&from) {
        std::cmp::Ordering::Equal => format!("stayed at {}", to.short()),
        std::cmp::Ordering::Greater => format!("rose from {} to {}", from.short(), to.short()),
        std::cmp::Ordering::Less => format!("fell from {} to {}", from.short(), to.short()),
    }
}
