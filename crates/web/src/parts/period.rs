//! The period that a page speaks of: its name, its real dates, and the menu that changes it.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{Compare, Period, ResolvedPeriod, Zone};

use crate::address::links::Link;
use crate::address::period::PeriodQuery;
use crate::address::query::Choice;
use crate::parts::{icon, time};

/// The menu and the dates. `base` is the page's address with all that is not the period.
pub(crate) fn picker(query: PeriodQuery, resolved: Option<&ResolvedPeriod>, today: Date, zone: &Zone, base: &Link) -> Markup {
    html! {
        (menu(query, resolved, base))
        (dates(query, resolved, today, zone))
    }
}

/// The same for a list that shows all dates unless a period is asked for, and is compared with nothing. `base` as above.
pub(crate) fn narrower(
    asked: Option<Period>,
    resolved: Option<&ResolvedPeriod>,
    today: Date,
    zone: &Zone,
    base: &Link,
) -> Markup {
    let turned = |period: Period| base.clone().with("period", &period.to_string()).url();
    html! {
        details.menu id="period" {
            (button(asked.map_or("All dates", Period::label)))
            div.menu-panel.periods {
                ul.menu-list {
                    li { a.menu-item href=(base.clone().url()) aria-current=[asked.is_none().then_some("true")] { "All dates" } }
                    (named(asked, turned))
                }
                (days(asked, resolved, base, &[]))
            }
        }
        @if let Some(asked) = asked {
            (dates(PeriodQuery { chosen: Some(asked), compare: Compare::Nothing, default: asked }, resolved, today, zone))
        }
    }
}

fn menu(query: PeriodQuery, resolved: Option<&ResolvedPeriod>, base: &Link) -> Markup {
    let chosen = query.period();
    let turned = |asked: Period| PeriodQuery { chosen: Some(asked), ..query }.add_to(base.clone()).url();
    let compared = |compare: Compare| PeriodQuery { compare, ..query }.add_to(base.clone()).url();
    let compare = PeriodQuery { chosen: None, ..query }.add_to(Link::to(""));
    html! {
        details.menu id="period" {
            (button(chosen.label()))
            div.menu-panel.periods {
                ul.menu-list { (named(Some(chosen), turned)) }
                div {
                (days(Some(chosen), resolved, base, &compare.pairs()))
                hr;
                p.menu-h id="compare-h" { "Compared with" }
                ul.menu-list aria-labelledby="compare-h" {
                    @for (compare, label) in Compare::NAMES.iter().map(|(_, compare)| (*compare, compare_label(*compare))) {
                        li { a.menu-item href=(compared(compare)) aria-current=[(compare == query.compare).then_some("true")] { (label) } }
                    }
                }
                }
            }
        }
    }
}

fn button(label: &str) -> Markup {
    html! { summary.btn { (icon("calendar-days", 15)) span.sr { "Period: " } b { (label) } (icon("chevron-down", 14)) } }
}

fn named(chosen: Option<Period>, turned: impl Fn(Period) -> String) -> Markup {
    html! {
        @for period in Period::NAMED {
            li { a.menu-item href=(turned(period)) aria-current=[(Some(period) == chosen).then_some("true")] { (period.label()) } }
        }
    }
}

/// Any days. The form keeps what `base` says, and `besides`.
fn days(chosen: Option<Period>, resolved: Option<&ResolvedPeriod>, base: &Link, besides: &[(String, String)]) -> Markup {
    let (first, last) = match chosen {
        Some(Period::Days { first, last }) => (Some(first), Some(last)),
        _ => (resolved.map(|it| it.first), resolved.map(|it| it.last)),
    };
    html! {
        form.menu-form method="get" action=(base.path()) {
            @for (key, value) in base.pairs() { input type="hidden" name=(key) value=(value); }
            input type="hidden" name="period" value="custom";
            @for (key, value) in besides { input type="hidden" name=(key) value=(value); }
            div.pair {
                div.field { label for="period-start" { "From" } input.input.s type="date" id="period-start" name="start" required value=[first]; }
                div.field { label for="period-end" { "to" } input.input.s type="date" id="period-end" name="end" required value=[last]; }
            }
            div.acts { button.btn { "Show these days" } }
        }
    }
}

fn compare_label(compare: Compare) -> &'static str {
    match compare {
        Compare::Previous => "The period before",
        Compare::YearBefore => "The same a year before",
        Compare::Nothing => "Nothing",
    }
}

/// `Mon Mar 9 – Thu Mar 12, 10:30 AM CDT compared with Mon Mar 2 – Thu Mar 5, 10:30 AM CST`.
fn dates(query: PeriodQuery, resolved: Option<&ResolvedPeriod>, today: Date, zone: &Zone) -> Markup {
    let Some(resolved) = resolved else {
        let words = match query.period() {
            Period::WeekToDate => "No data yet this week",
            Period::MonthToDate => "No data yet this month",
            Period::QuarterToDate => "No data yet this quarter",
            Period::YearToDate => "No data yet this year",
            _ => "No data yet in these days",
        };
        return html! { p.dates { (words) } };
    };
    let day = |day: Date| time::day_of_year(day, today);
    // Of a stretch that has not ended, the moment matters; of another, its last day.
    let end = |until: Timestamp| if resolved.open { time::exact_of_year(until, today, zone) } else { day(last_day(until, zone)) };
    html! {
        p.dates {
            (day(resolved.first)) " – " (end(resolved.window.until))
            @if let Some(before) = resolved.before(query.compare, zone) {
                span { " compared with " (day(zone.date(before.from))) " – " (end(before.until)) }
            }
        }
    }
}

fn last_day(until: Timestamp, zone: &Zone) -> Date {
    zone.date(until - SignedDuration::from_nanos(1))
}
