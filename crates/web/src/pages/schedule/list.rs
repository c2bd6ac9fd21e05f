//! Appointments as a table: the list, in groups by how near they are, and the appointments of one day.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{AppointmentTime, CalendarDate, CalendarView, Nearness, Zone};
use tetherboard_metrics::{Appointment, AppointmentType};

use super::ScheduleView;
use super::appointment::{badges, candidate, is_past, type_icon};
use crate::address::links;
use crate::address::query::Choice;
use crate::address::schedule::{Show, View};
use crate::parts::format::{count, counted, number, owner};
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::table::{PAGE, pager};
use crate::parts::{icon, time};

/// The card with the table; `rows` are all rows of the list.
pub(super) fn list(shell: &Shell<'_>, view: &ScheduleView, rows: &[&Appointment]) -> Markup {
    let (slug, query, total) = (&shell.tenant().slug, &view.query, count(rows.len()));
    let offset = usize::try_from(view.page.offset(PAGE)).unwrap_or(0);
    let part: Vec<&Appointment> = rows.iter().skip(offset).take(usize::try_from(PAGE).unwrap_or(0)).copied().collect();
    html! {
        section.card id="list" {
            @if query.view == View::List && query.show.is_none() && query.at.is_none() { (group_links(slug, view)) }
            @if part.is_empty() { (empty(slug, view)) } @else {
                (table(shell, view, &part, total))
                (pager(&query.add_to(links::schedule(slug)), view.page.0, total))
            }
        }
    }
}

fn table(shell: &Shell<'_>, view: &ScheduleView, part: &[&Appointment], total: i64) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Appointments" {
            table.table.sched data-total=(total) {
                caption.sr { "Appointments, in " (time::zone_name(&shell.tenant().zone)) }
                thead { tr {
                    th scope="col" { "When" }
                    th scope="col" { "Candidate" }
                    th.no-phone scope="col" { "Appointment" }
                    th.no-phone scope="col" { "Stage" }
                    th.no-phone scope="col" { "Owner" }
                    th.no-phone scope="col" { "Place" }
                    th.no-phone scope="col" { "Status" }
                } }
                @for (name, group) in in_groups(view, part) {
                    tbody {
                        @if let Some(name) = name { tr.group { th colspan="7" scope="rowgroup" { (name) } } }
                        @for one in group { (row(shell, view, one)) }
                    }
                }
            }
        }
    }
}

/// The number of appointments in each group, each with a link to its own list.
fn group_links(slug: &str, view: &ScheduleView) -> Markup {
    let groups = Show::NAMES.iter().filter_map(|(_, show)| match show {
        Show::Near(nearness) => Some((*nearness, *show)),
        _ => None,
    });
    html! {
        nav.chips.sched-groups aria-label="Groups" {
            @for (nearness, show) in groups {
                @let found = view.filtered().filter(|one| one.nearness(view.today) == Some(nearness)).count();
                a.chip href=(view.query.only(show).add_to(links::schedule(slug)).url()) data-count=(found) {
                    (nearness.name()) span.n { (number(count(found))) }
                }
            }
        }
    }
}

/// Rows under the names of their groups. A day, or a list of one group, has no names.
fn in_groups<'a>(view: &ScheduleView, part: &[&'a Appointment]) -> Vec<(Option<String>, Vec<&'a Appointment>)> {
    let is_grouped = view.query.view == View::List && view.query.show.is_none();
    let mut groups: Vec<(Option<String>, Vec<&'a Appointment>)> = Vec::new();
    for one in part {
        let name = one.nearness(view.today).filter(|_| is_grouped).map(|nearness| group_name(nearness, view.today));
        match groups.last_mut().filter(|(last, _)| *last == name) {
            Some((_, group)) => group.push(one),
            None => groups.push((name, vec![one])),
        }
    }
    groups
}

/// `Today, Thu Mar 12`, `This week, to Sun Mar 15`.
fn group_name(nearness: Nearness, today: Date) -> String {
    match group_days(nearness, today) {
        None => nearness.name().to_owned(),
        Some(days) => format!("{}, {days}", nearness.name()),
    }
}

/// `Thu Mar 12`, `to Sun Mar 15`; `None` for groups without an end.
pub(super) fn group_days(nearness: Nearness, today: Date) -> Option<String> {
    match nearness {
        Nearness::Today => Some(time::day(today)),
        Nearness::Tomorrow => Some(time::day(today.saturating_add(Span::new().days(1)))),
        Nearness::ThisWeek => Some(format!("to {}", time::day(CalendarDate::of(CalendarView::Week, today).days().1))),
        Nearness::Later | Nearness::Past => None,
    }
}

fn row(shell: &Shell<'_>, view: &ScheduleView, one: &Appointment) -> Markup {
    let (slug, zone) = (&shell.tenant().slug, &shell.tenant().zone);
    let place = one.stage.as_deref().filter(|_| one.contact.is_some()).map(|stage| view.board.place(Some(stage)));
    let owner_name = one.owner.trim();
    html! {
        tr.past[is_past(one, zone, shell.now)].off[one.cancelled] {
            td.nowrap { (when(one, zone, view.today)) }
            th scope="row" {
                (candidate(slug, one))
                span.l2.only-phone.flex { (type_icon(one, 13)) span.t { (one.display_title()) } }
                @if !owner_name.is_empty() { span.l2.t.only-phone { (owner_name) } }
                span.only-phone { (badges(one)) }
            }
            td.no-phone { (title_and_type(one)) }
            td.no-phone {
                @match &place {
                    Some(place) => (stage(view.board.label(place), view.board.role(place))),
                    None => span.muted { "—" },
                }
            }
            td.no-phone { (owner(&one.owner)) }
            td.no-phone {
                @if one.place.trim().is_empty() { span.muted { "—" } } @else { span.t title=(one.place) { (one.place) } }
            }
            td.no-phone { (status(one, zone, view.today)) }
        }
    }
}

fn title_and_type(one: &Appointment) -> Markup {
    let of_type = one.of_type.name();
    let is_in_title = one.display_title().to_lowercase().contains(&of_type.to_lowercase());
    html! {
        span.sched-what { (type_icon(one, 14)) span.t title=(one.display_title()) { (one.display_title()) } }
        @if one.of_type != AppointmentType::Unknown && !is_in_title { span.l2.t title=(of_type) { (of_type) } }
    }
}

fn status(one: &Appointment, zone: &Zone, today: Date) -> Markup {
    let has_badge = one.cancelled || one.outcome_needed;
    html! {
        (badges(one))
        @if one.status.is_empty() && !has_badge { span.muted { "—" } }
        @else if !one.status.is_empty() && !one.cancelled { span.l2.t title=(one.status) { (one.status) } }
        @if let Some(from) = one.moved_from { span.l2 { "from " (time::exact_of_year(from, today, zone)) } }
    }
}

/// The day, above the times.
fn when(one: &Appointment, zone: &Zone, today: Date) -> Markup {
    match one.when {
        None => html! { span.muted { "no readable time" } },
        Some(AppointmentTime::Timed { starts, ends }) if zone.date(ends) == zone.date(starts) => html! {
            time datetime=(starts) title=(time::exact_of_year(starts, today, zone)) {
                (time::day_of_year(zone.date(starts), today))
            }
            span.l2 { (hours(starts, ends, zone)) }
        },
        Some(AppointmentTime::Timed { starts, ends }) => html! {
            time datetime=(starts) { (time::exact_of_year(starts, today, zone)) }
            span.l2 { "to " (time::exact_of_year(ends, today, zone)) }
        },
        Some(AppointmentTime::Days { first, last }) => html! {
            time datetime=(first) { (time::day_of_year(first, today)) }
            span.l2 { "all day" @if last > first { ", to " (time::day_of_year(last, today)) } }
        },
    }
}

/// `10:30 AM to 11:30 AM CDT`.
fn hours(starts: Timestamp, ends: Timestamp, zone: &Zone) -> String {
    let clock = |moment: Timestamp, format: &str| moment.to_zoned(zone.tz().clone()).strftime(format).to_string();
    let is_same_offset = zone.abbreviation(starts) == zone.abbreviation(ends);
    let start = clock(starts, if ends > starts && is_same_offset { "%-I:%M %p" } else { "%-I:%M %p %Z" });
    if ends > starts { format!("{start} to {}", clock(ends, "%-I:%M %p %Z")) } else { start }
}

fn empty(slug: &str, view: &ScheduleView) -> Markup {
    let all = view.query.without_filters(links::schedule(slug)).url();
    let unfiltered = count(view.in_scope().count());
    html! {
        div.empty data-total="0" {
            span.disc.quiet { (icon("calendar", 20)) }
            @if view.query.filters.count() > 0 && unfiltered > 0 {
                h2 { "No appointments match" }
                p { "Clear filters to see all " (counted(unfiltered, "appointment", "appointments")) "." }
                div.chips { a.btn href=(all) { (icon("x", 14)) "Clear all filters" } }
            } @else if !view.is_fully_covered() {
                h2 { "Not synced" }
                p { "ClientTether’s calendar has not been read for these days." }
            } @else {
                h2 { "No appointments" }
                p { "ClientTether’s calendar has no appointments here." }
            }
        }
    }
}
