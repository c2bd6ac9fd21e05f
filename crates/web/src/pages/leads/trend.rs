//! New leads over time.

use maud::{Markup, html};
use tetherboard_domain::{Bar, Bucket, ChartSpec, ChartUnit};
use tetherboard_metrics::SlotCount;

use super::LeadsView;
use super::period_leads::PeriodLeads;
use crate::address::links;
use crate::parts::empty_state::empty_state;
use crate::parts::figure::Figure;
use crate::parts::format::{compared, counted, number};
use crate::parts::new_leads::comparison;
use crate::parts::period::compare_label;
use crate::parts::shell::Shell;
use crate::parts::time;
use crate::read::numbers::NewLeadsIn;

/// The card of the trend, by day, week, or month.
pub(super) fn trend(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let Some((new, leads)) = view.new_leads() else { return no_data(view) };
    let url = |by: Bucket| {
        let address = view.address.period.add_to(links::leads(&shell.tenant().slug));
        view.address.list.add_filters_to(address).with("by", by.as_str()).url()
    };
    let is_refused = view.address.by.is_some_and(|chosen| chosen != leads.by);
    html! {
        section.card id="trend" {
            div.card-head.mid {
                h2 { "New leads over time" }
                span.sub {
                    (counted(new.this.contacts, "contact", "contacts"))
                    ", including " (counted(new.this.prospects, "prospect", "prospects"))
                }
                div.push.seg role="group" aria-label="Group by" {
                    @for bucket in Bucket::ALL.into_iter().filter(|bucket| bucket.fits(&new.period)) {
                        a href=(url(bucket)) aria-current=[(bucket == leads.by).then_some("true")] { (bucket_name(bucket)) }
                    }
                }
            }
            div.card-body {
                @if is_refused {
                    p.sub { "Too many days to show individually; grouped by " (bucket_name(leads.by).to_lowercase()) "." }
                }
                (figure(shell, view, new, leads))
            }
        }
    }
}

fn bucket_name(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Day => "Day",
        Bucket::Week => "Week",
        Bucket::Month => "Month",
    }
}

fn no_data(view: &LeadsView) -> Markup {
    let title = format!("No data yet {}", view.address.period.period().phrase());
    html! {
        section.card id="trend" {
            div.card-head { h2 { "New leads over time" } }
            (empty_state("quiet", "clock", &title, &html! { p { "Choose another period, or wait for the next complete sync." } }))
        }
    }
}

fn figure(shell: &Shell<'_>, view: &LeadsView, new: &NewLeadsIn, leads: &PeriodLeads) -> Markup {
    let slug = &shell.tenant().slug;
    let spec = ChartSpec::Columns {
        unit: ChartUnit::Count,
        series: "New leads".to_owned(),
        previous: new.before.map(|_| compare_label(view.address.period.compare).to_owned()),
        data: leads.slots.iter().map(|count| bar(slug, leads.by, count)).collect(),
    };
    Figure {
        id: "new-over-time",
        label: &format!("New leads by {}", bucket_name(leads.by).to_lowercase()),
        category: bucket_name(leads.by),
        sentence: sentence(shell, view, new, leads),
        spec: &spec,
        height: Some(248),
    }
    .render()
}

fn bar(slug: &str, by: Bucket, count: &SlotCount) -> Bar {
    let slot = count.slot;
    let link = links::leads(slug).with("from", &slot.first.to_string()).with("to", &slot.last.to_string());
    let title = match by {
        Bucket::Day => time::day(slot.first),
        Bucket::Week if slot.cut => format!("{} – {}", time::day(slot.first), time::day(slot.last)),
        Bucket::Week => format!("Week of {}", time::short_day(slot.first)),
        Bucket::Month => format!("{}{}", slot.first.strftime("%B %Y"), if slot.cut { ", partial" } else { "" }),
    };
    Bar {
        label: if by == Bucket::Month { slot.first.strftime("%b %Y").to_string() } else { time::short_day(slot.first) },
        value: count.count,
        previous: count.previous,
        open: slot.open && count.count.is_some(),
        href: count.count.map(|_| link.url()),
        title: Some(format!("{title}{}", if slot.open { ", so far" } else { "" })),
        ..Bar::default()
    }
}

/// The total and its change, the average of a full bucket, and the best one.
fn sentence(shell: &Shell<'_>, view: &LeadsView, new: &NewLeadsIn, leads: &PeriodLeads) -> Markup {
    let unit = bucket_name(leads.by).to_lowercase();
    let total = counted(new.this.contacts, "new lead", "new leads");
    let zone = &shell.tenant().zone;
    let first = view.numbers.leads.first_created().map(|first| zone.date(first));
    let has_open = leads.slots.iter().any(|count| count.slot.open && count.count.is_some() && count.previous.is_some());
    html! {
        (total) @if new.period.open { " so far" }
        @if let Some((_, before)) = new.before {
            ", " (compared(new.this.contacts, before.contacts, &comparison(shell, view.address.period, new)))
        }
        "."
        @if let Some(first) = first.filter(|first| *first > new.period.last) {
            " The first dated contact was created on " (time::full_day(first)) ", after this period."
        } @else {
            (average(leads, &unit))
        }
        @if leads.slots.len() > 1 && has_open { " The current " (unit) " is compared in the table." }
    }
}

/// `Average: 18 per full week; best: the week of Mar 2 (31).`
fn average(leads: &PeriodLeads, unit: &str) -> Markup {
    let full = || leads.slots.iter().filter(|count| !count.slot.open && !count.slot.cut && count.count.is_some());
    let (count, sum) = full().fold((0, 0), |(count, sum), slot| (count + 1, sum + slot.count.unwrap_or(0)));
    let best = full().max_by_key(|slot| slot.count).filter(|slot| slot.count > Some(0));
    let best_name = |slot: &SlotCount| match leads.by {
        Bucket::Day => time::day(slot.slot.first),
        Bucket::Week => format!("the week of {}", time::short_day(slot.slot.first)),
        Bucket::Month => slot.slot.first.strftime("%B %Y").to_string(),
    };
    html! {
        @if count > 1 {
            " Average: " (rounded_average(sum, count)) " per full " (unit)
            @if let Some(best) = best { "; best: " (best_name(best)) " (" (number(best.count.unwrap_or(0))) ")" }
            "."
        }
    }
}

/// `18`, or `2.4` if a whole number would be too coarse.
fn rounded_average(sum: i64, count: i64) -> String {
    let tenths = (sum * 20 + count) / (2 * count);
    if tenths >= 100 || tenths % 10 == 0 { number((tenths + 5) / 10) } else { format!("{}.{}", tenths / 10, tenths % 10) }
}
