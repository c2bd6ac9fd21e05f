//! New leads of the last twelve weeks.

use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit};
use tetherboard_metrics::WeekCount;

use crate::address::links;
use crate::parts::figure::Figure;
use crate::parts::format::{count, counted, number};
use crate::parts::{icon, time};

/// The card with a bar per week, each linked to its contacts.
pub(super) fn card(slug: &str, weeks: &[WeekCount]) -> Markup {
    html! {
        section.card.c-7 {
            div.card-head {
                h2 { "New leads by week" }
                span.sub { "12 weeks" }
                a.more href=(links::leads(slug).url()) { "All leads " (icon("arrow-right", 13)) }
            }
            div.card-body { (figure(slug, weeks)) }
        }
    }
}

fn figure(slug: &str, weeks: &[WeekCount]) -> Markup {
    let spec = ChartSpec::Columns {
        unit: ChartUnit::Count,
        series: "New leads".to_owned(),
        previous: None,
        data: weeks.iter().map(|week| bar(slug, week)).collect(),
    };
    Figure {
        id: "new-by-week",
        label: "New leads by week, 12 weeks",
        category: "Week of",
        sentence: sentence(weeks),
        spec: &spec,
        height: None,
    }
    .render()
}

fn bar(slug: &str, week: &WeekCount) -> Bar {
    let last = week.starts.checked_add(jiff::Span::new().days(6)).unwrap_or(week.starts);
    let link = links::leads(slug).with("from", &week.starts.to_string()).with("to", &last.to_string());
    Bar {
        label: time::short_day(week.starts),
        value: week.count,
        open: week.open && week.count.is_some(),
        href: week.count.map(|_| link.url()),
        title: Some(format!("Week of {}{}", time::short_day(week.starts), if week.open { ", so far" } else { "" })),
        ..Bar::default()
    }
}

/// `Average: 12 new leads per full week; best: the week of Mar 2 (31). This week: 4 so far.`
fn sentence(weeks: &[WeekCount]) -> Markup {
    let full = || weeks.iter().filter(|week| !week.open);
    let counts: Vec<i64> = full().filter_map(|week| week.count).collect();
    let total: i64 = counts.iter().sum();
    let weeks_counted = count(counts.len());
    let best = full().max_by_key(|week| week.count).filter(|week| week.count > Some(0));
    html! {
        @if weeks_counted == 0 { "No full week of data yet." }
        @else {
            "Average: " (counted((2 * total + weeks_counted) / (2 * weeks_counted), "new lead", "new leads")) " per full week"
            @if let Some(best) = best {
                "; best: the week of " (time::short_day(best.starts)) " (" (number(best.count.unwrap_or(0))) ")"
            }
            "."
        }
        @match weeks.last().map(|week| week.count) {
            Some(Some(count)) => { " This week: " (number(count)) " so far." }
            Some(None) => " No data yet this week.",
            None => "",
        }
    }
}
