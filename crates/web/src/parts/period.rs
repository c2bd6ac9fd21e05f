//! The period a page covers: the menu that changes it, and its dates.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{Compare, Period, ResolvedPeriod, Zone};

use super::actions::hidden_fields;
use super::{icon, time};
use crate::address::links::Link;
use crate::address::period::PeriodQuery;
use crate::address::query::Choice;

/// The menu and the dates. `base` is the page's address without its period.
pub(crate) fn picker(query: PeriodQuery, resolved: Option<&ResolvedPeriod>, today: Date, zone: &Zone, base: &Link) -> Markup {
    html! {
        (menu(query, resolved, base))
        (dates(query, resolved, today, zone))
    }
}

/// The menu and the dates of a list that shows all dates unless a period is chosen. It has no comparison.
pub(crate) fn narrower(
    chosen: Option<Period>,
    resolved: Option<&ResolvedPeriod>,
    today: Date,
    zone: &Zone,
    base: &Link,
) -> Markup {
    let url = |period: Period| base.clone().with("period", &period.to_string()).url();
    html! {
        details.menu id="period" {
            (button(chosen.map_or("All dates", Period::label)))
            div.menu-panel.periods {
                ul.menu-list {
                    (menu_item("All dates", &base.clone().url(), chosen.is_none()))
                    (named_periods(chosen, url))
                }
                (custom_form(chosen, resolved, base, &Link::to("")))
            }
        }
        @if let Some(period) = chosen {
            (dates(PeriodQuery { chosen, compare: Compare::Nothing, default: period }, resolved, today, zone))
        }
    }
}

fn menu(query: PeriodQuery, resolved: Option<&ResolvedPeriod>, base: &Link) -> Markup {
    let period = query.period();
    let period_url = |period: Period| PeriodQuery { chosen: Some(period), ..query }.add_to(base.clone()).url();
    let compare_url = |compare: Compare| PeriodQuery { compare, ..query }.add_to(base.clone()).url();
    let comparison = PeriodQuery { chosen: None, ..query }.add_to(Link::to(""));
    html! {
        details.menu id="period" {
            (button(period.label()))
            div.menu-panel.periods {
                ul.menu-list { (named_periods(Some(period), period_url)) }
                div {
                    (custom_form(Some(period), resolved, base, &comparison))
                    hr;
                    p.menu-h id="compare-h" { "Compared with" }
                    ul.menu-list aria-labelledby="compare-h" {
                        @for (_, compare) in Compare::NAMES {
                            (menu_item(compare_label(*compare), &compare_url(*compare), *compare == query.compare))
                        }
                    }
                }
            }
        }
    }
}

fn menu_item(label: &str, url: &str, is_current: bool) -> Markup {
    html! { li { a.menu-item href=(url) aria-current=[is_current.then_some("true")] { (label) } } }
}

fn button(label: &str) -> Markup {
    html! { summary.btn { (icon("calendar-days", 15)) span.sr { "Period: " } b { (label) } (icon("chevron-down", 14)) } }
}

fn named_periods(chosen: Option<Period>, url: impl Fn(Period) -> String) -> Markup {
    html! { @for period in Period::NAMED { (menu_item(period.label(), &url(period), Some(period) == chosen)) } }
}

/// A form for any range of days. It keeps the queries of `base` and `comparison`.
fn custom_form(chosen: Option<Period>, resolved: Option<&ResolvedPeriod>, base: &Link, comparison: &Link) -> Markup {
    let (first, last) = match chosen {
        Some(Period::Days { first, last }) => (Some(first), Some(last)),
        _ => resolved.map(|resolved| (resolved.first, resolved.last)).unzip(),
    };
    html! {
        form.menu-form method="get" action=(base.path()) {
            (hidden_fields(base))
            input type="hidden" name="period" value="custom";
            (hidden_fields(comparison))
            div.pair {
                (day_field("period-start", "start", "From", first))
                (day_field("period-end", "end", "To", last))
            }
            div.acts { button.btn { "Apply" } }
        }
    }
}

fn day_field(id: &str, name: &str, label: &str, value: Option<Date>) -> Markup {
    html! { div.field { label for=(id) { (label) } input.input.s type="date" id=(id) name=(name) required value=[value]; } }
}

/// What a comparison is called in the menu and in a chart's legend.
pub(crate) fn compare_label(compare: Compare) -> &'static str {
    match compare {
        Compare::Previous => "Previous period",
        Compare::YearBefore => "Same period last year",
        Compare::Nothing => "Nothing",
    }
}

/// `Mon Mar 9 – Thu Mar 12, 10:30 AM CDT vs. Mon Mar 2 – Thu Mar 5, 10:30 AM CST`.
fn dates(query: PeriodQuery, resolved: Option<&ResolvedPeriod>, today: Date, zone: &Zone) -> Markup {
    let Some(resolved) = resolved else {
        let text = match query.period() {
            Period::WeekToDate => "No data yet this week",
            Period::MonthToDate => "No data yet this month",
            Period::QuarterToDate => "No data yet this quarter",
            Period::YearToDate => "No data yet this year",
            _ => "No data yet for these days",
        };
        return html! { p.dates { (text) } };
    };
    let day = |day: Date| time::day_of_year(day, today);
    // A period in progress ends at a moment; any other ends with its last day.
    let end = |until: Timestamp| match resolved.open {
        true => time::exact_of_year(until, today, zone),
        false => day(zone.date(until - SignedDuration::from_nanos(1))),
    };
    html! {
        p.dates {
            (day(resolved.first)) " – " (end(resolved.window.until))
            @if let Some(before) = resolved.before(query.compare, zone) {
                span { " vs. " (day(zone.date(before.from))) " – " (end(before.until)) }
            }
        }
    }
}
