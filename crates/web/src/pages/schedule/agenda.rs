//! The agenda beside the calendar: the next two weeks, or the days of another week or month.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{AppointmentTime, CalendarDate, Nearness, Zone};
use tetherboard_metrics::Appointment;

use super::ScheduleView;
use super::appointment::{badges, is_past, name_or_title, times, type_icon};
use super::list::group_days;
use crate::address::links;
use crate::address::schedule::View;
use crate::parts::format::{clipped, count, number};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::time;

/// How many days from today the agenda covers.
pub(super) const AGENDA_DAYS: i64 = 14;
/// How many appointments it lists.
const MAX_ROWS: usize = 12;

/// The days that the agenda covers.
#[derive(Clone, Copy)]
struct Range {
    from: Date,
    to: Date,
    /// Whether it starts today.
    is_upcoming: bool,
}

/// The heading of a group: its name and its days.
type Heading = (String, String);

/// The agenda card.
pub(super) fn agenda(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let (slug, today) = (&shell.tenant().slug, view.today);
    let Some((first, last)) = view.query.leaf(today).map(CalendarDate::days) else { return EMPTY };
    let range = match first <= today && today <= last {
        true => Range { from: today, to: today.saturating_add(Span::new().days(AGENDA_DAYS - 1)), is_upcoming: true },
        false => Range { from: first, to: last, is_upcoming: false },
    };
    let is_in_range = |one: &&Appointment| one.days.is_some_and(|(first, last)| first <= range.to && range.from <= last);
    let all: Vec<&Appointment> = view.filtered().filter(is_in_range).collect();
    let list = view.query.turned(View::List, view.query.leaf(today).filter(|_| !range.is_upcoming));
    html! {
        section.card.c-3.agenda-card aria-labelledby="agenda-h" {
            div.card-head {
                h2 id="agenda-h" { "Agenda" }
                span.sub {
                    @if range.is_upcoming { "next " (AGENDA_DAYS) " days" }
                    @else { (time::short_day(first)) " to " (time::short_day(last)) }
                }
            }
            @if all.is_empty() { p.sub.agenda-none { (why_empty(view, range)) } }
            div.agenda {
                @for ((name, days), group) in &groups(view, &all, range) {
                    h3.day-h { (name) span { (days) } }
                    @for one in group { (row(slug, view, one, &shell.tenant().zone, shell.now)) }
                }
            }
            @if all.len() > MAX_ROWS {
                p.card-foot {
                    a href=(list.add_to(links::schedule(slug)).url()) {
                        (number(count(all.len() - MAX_ROWS))) " more in the list"
                    }
                }
            }
        }
    }
}

fn why_empty(view: &ScheduleView, range: Range) -> &'static str {
    if view.query.filters.count() > 0 {
        "No appointments match the filters."
    } else if view.is_covered(range.to) {
        "No appointments."
    } else {
        "These days have not been synced."
    }
}

/// The first appointments, by how near they are or by day.
fn groups<'a>(view: &ScheduleView, all: &[&'a Appointment], range: Range) -> Vec<(Heading, Vec<&'a Appointment>)> {
    let mut groups: Vec<(Heading, Vec<&'a Appointment>)> = Vec::new();
    for one in all.iter().take(MAX_ROWS) {
        let heading = heading(view, one, range);
        match groups.last_mut().filter(|(last, _)| *last == heading) {
            Some((_, group)) => group.push(one),
            None => groups.push((heading, vec![one])),
        }
    }
    groups
}

fn heading(view: &ScheduleView, one: &Appointment, range: Range) -> Heading {
    match one.nearness(view.today).filter(|_| range.is_upcoming) {
        Some(nearness) => {
            let days = group_days(nearness, view.today).unwrap_or_else(|| format!("to {}", time::day(range.to)));
            (nearness.name().to_owned(), days)
        }
        None => {
            let day = one.days.map(|(day, _)| time::day_of_year(day.max(range.from), view.today));
            (day.unwrap_or_default(), String::new())
        }
    }
}

fn row(slug: &str, view: &ScheduleView, one: &Appointment, zone: &Zone, now: Timestamp) -> Markup {
    let is_near = matches!(one.nearness(view.today), Some(Nearness::Today | Nearness::Tomorrow));
    let clock = match one.when {
        Some(AppointmentTime::Timed { starts, .. }) => starts.to_zoned(zone.tz().clone()).strftime("%-I:%M %p").to_string(),
        _ => "All day".to_owned(),
    };
    let day = one.days.map(|(first, _)| first.strftime("%a %-d").to_string()).unwrap_or_default();
    let owner = one.owner.trim();
    let content = html! {
        span.at { @if is_near { (clock) } @else { (day) span.l2 { (clock) } } }
        span {
            b { (clipped(name_or_title(one))) }
            span.p.flex { (type_icon(one, 13)) span { (clipped(one.display_title())) } }
            @if !owner.is_empty() { span.sub { (clipped(owner)) } }
            (badges(one))
        }
    };
    let past = if is_past(one, zone, now) { " past" } else { "" };
    let class = format!("row{past}{}", if one.cancelled { " off" } else { "" });
    let title = one.when.map(|when| times(when, zone, view.today));
    match (&one.contact, one.days) {
        (Some(contact), _) => {
            html! { a class=(class) href=(links::candidate(slug, contact).url()) data-candidate title=[title] { (content) } }
        }
        (None, Some((day, _))) => {
            let link = links::schedule(slug).with("view", "day").with("d", &day.to_string());
            html! { a class=(class) href=(link.url()) title=[title] { (content) } }
        }
        (None, None) => html! { div class=(class) { (content) } },
    }
}
