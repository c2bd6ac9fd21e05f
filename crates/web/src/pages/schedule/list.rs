//! Appointments as rows: the list, a day, the agenda beside the calendar, and the CSV of any of them.

use axum::response::Response;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{AppointmentTime, CalendarDate, CalendarView, Nearness, Zone};
use tetherboard_metrics::{Appointment, AppointmentType};
use tetherboard_store::tenants::Tenant;

use super::{ScheduleView, count, is_past, marks, named, pictured, place};
use crate::address::links;
use crate::address::query::Choice;
use crate::address::schedule::{Show, View};
use crate::http::csv;
use crate::parts::format::{clipped, counted, number, owner};
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::table::{PAGE, pager};
use crate::parts::{icon, time};

// Words ----------------------------------------------------------------------------------------------------------------

/// `Sat Mar 14, 10:00 AM CDT to 11:00 AM`, `Sat Mar 14 to Sun Mar 15, all day`.
pub(super) fn when_words(when: AppointmentTime, zone: &Zone, today: Date) -> String {
    match when {
        AppointmentTime::Days { first, last } if first == last => format!("{}, all day", time::day_of_year(first, today)),
        AppointmentTime::Days { first, last } => {
            format!("{} to {}, all day", time::day_of_year(first, today), time::day_of_year(last, today))
        }
        AppointmentTime::Timed { starts, ends } => {
            let begin = time::exact_of_year(starts, today, zone);
            match () {
                () if ends <= starts => begin,
                () if zone.date(ends) == zone.date(starts) => {
                    format!("{begin} to {}", end_of_day(starts, ends, zone))
                }
                () => format!("{begin} to {}", time::exact_of_year(ends, today, zone)),
            }
        }
    }
}

/// With its zone's name where that is not the one it began with.
fn end_of_day(starts: Timestamp, ends: Timestamp, zone: &Zone) -> String {
    let form = if zone.abbreviation(starts) == zone.abbreviation(ends) { "%-I:%M %p" } else { "%-I:%M %p %Z" };
    ends.to_zoned(zone.tz().clone()).strftime(form).to_string()
}

// CSV ------------------------------------------------------------------------------------------------------------------

const CSV_HEADER: [&str; 15] = [
    "Candidate",
    "Title",
    "Type",
    "Day",
    "Starts",
    "Ends",
    "Zone",
    "All day",
    "Stage",
    "Owner",
    "Place",
    "Status",
    "Moved from",
    "Outcome needed",
    "ClientTether id",
];

pub(super) fn as_csv(tenant: &Tenant, view: &ScheduleView, rows: &[&Appointment]) -> Response {
    let zone = &tenant.zone;
    let local = |moment: Timestamp| moment.to_zoned(zone.tz().clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let word = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
    let row = |one: &&Appointment| {
        let (starts, ends) = match one.when {
            None => (String::new(), String::new()),
            Some(AppointmentTime::Days { first, last }) => (first.to_string(), last.to_string()),
            Some(AppointmentTime::Timed { starts, ends }) => {
                (local(starts), if ends > starts { local(ends) } else { String::new() })
            }
        };
        vec![
            one.name.clone(),
            one.title.clone(),
            one.of_type.name().to_owned(),
            one.days.map(|(first, _)| first.to_string()).unwrap_or_default(),
            starts,
            ends,
            zone.name().to_owned(),
            word(one.when.is_some_and(AppointmentTime::is_all_day)),
            one.stage
                .as_deref()
                .filter(|_| one.contact.is_some())
                .map(|stage| view.board.place(Some(stage)))
                .and_then(|place| view.board.label(&place).map(str::to_owned))
                .unwrap_or_default(),
            one.owner.clone(),
            one.place.clone(),
            if one.cancelled && one.status.is_empty() { "Cancelled".to_owned() } else { one.status.clone() },
            one.moved_from.map(local).unwrap_or_default(),
            word(one.outcome_needed),
            one.id.clone(),
        ]
    };
    csv::download(&format!("{}-schedule", tenant.slug), &CSV_HEADER, rows.iter().map(row))
}

// The list -------------------------------------------------------------------------------------------------------------

pub(super) fn list(shell: &Shell<'_>, view: &ScheduleView, rows: &[&Appointment]) -> Markup {
    let slug = &shell.tenant().slug;
    let total = count(rows.len());
    let offset = usize::try_from((view.page.0 - 1) * PAGE).unwrap_or(0);
    let part: Vec<&Appointment> = rows.iter().skip(offset).take(usize::try_from(PAGE).unwrap_or(0)).copied().collect();
    let kept = view.query.add_to(links::schedule(slug));
    html! {
        section.card id="list" {
            @if view.query.view == View::List && view.query.show.is_none() && view.query.at.is_none() { (groups(slug, view)) }
            @if part.is_empty() { (empty(slug, view)) } @else {
                div.scroll tabindex="0" role="region" aria-label="Appointments" {
                    table.table.sched data-total=(total) {
                        caption.sr { "Appointments, times in " (place(&shell.tenant().zone)) }
                        thead { tr {
                            th scope="col" { "When" } th scope="col" { "Candidate" } th.no-phone scope="col" { "Appointment" }
                            th.no-phone scope="col" { "Stage" } th.no-phone scope="col" { "Owner" } th.no-phone scope="col" { "Place" } th.no-phone scope="col" { "Status" }
                        } }
                        @for (head, some) in in_groups(view, &part) {
                            tbody {
                                @if let Some(head) = head { tr.group { th colspan="7" scope="rowgroup" { (head) } } }
                                @for one in some { (row(shell, view, one)) }
                            }
                        }
                    }
                }
                (pager(&kept, view.page.0, total))
            }
        }
    }
}

/// How many there are of each group, each leading to its own list.
fn groups(slug: &str, view: &ScheduleView) -> Markup {
    html! {
        nav.chips.sched-groups aria-label="Groups" {
            @for (_, show) in Show::NAMES.iter().copied() {
                @if let Show::Near(nearness) = show {
                    @let found = view.filtered().filter(|one| one.nearness(view.today) == Some(nearness)).count();
                    a.chip href=(view.query.only(show).add_to(links::schedule(slug)).url()) data-count=(found) { (nearness.name()) span.n { (number(count(found))) } }
                }
            }
        }
    }
}

/// Rows under the name of their group; of a day, and of a list of one group, without.
fn in_groups<'a>(view: &ScheduleView, part: &[&'a Appointment]) -> Vec<(Option<String>, Vec<&'a Appointment>)> {
    let is_grouped = view.query.view == View::List && view.query.show.is_none();
    let mut found: Vec<(Option<String>, Vec<&'a Appointment>)> = Vec::new();
    for one in part {
        let head = one.nearness(view.today).filter(|_| is_grouped).map(|nearness| nearness_words(nearness, view.today));
        match found.last_mut().filter(|(known, _)| *known == head) {
            Some((_, some)) => some.push(one),
            None => found.push((head, vec![one])),
        }
    }
    found
}

/// `Today, Thu Mar 12`, `This week, to Sun Mar 15`.
fn nearness_words(nearness: Nearness, today: Date) -> String {
    match nearness_day(nearness, today) {
        None => nearness.name().to_owned(),
        Some(day) => format!("{}, {day}", nearness.name()),
    }
}

fn nearness_day(nearness: Nearness, today: Date) -> Option<String> {
    match nearness {
        Nearness::Today => Some(time::day(today)),
        Nearness::Tomorrow => Some(time::day(today.saturating_add(Span::new().days(1)))),
        Nearness::ThisWeek => Some(format!("to {}", time::day(CalendarDate::of(CalendarView::Week, today).days().1))),
        Nearness::Later | Nearness::Past => None,
    }
}

fn row(shell: &Shell<'_>, view: &ScheduleView, one: &Appointment) -> Markup {
    let (slug, zone) = (&shell.tenant().slug, &shell.tenant().zone);
    let past = is_past(one, zone, shell.now);
    let place = one.stage.as_deref().filter(|_| one.contact.is_some()).map(|stage| view.board.place(Some(stage)));
    html! {
        tr.past[past].off[one.cancelled] {
            td.nowrap { @match one.when {
                None => span.muted { "no readable time" },
                Some(when) => (when_cell(when, zone, view.today)),
            } }
            th scope="row" {
                (named(slug, one))
                span.l2.only-phone.flex { (pictured(one, 13)) span.t { (one.display_title()) } }
                @if !one.owner.trim().is_empty() { span.l2.t.only-phone { (one.owner.trim()) } }
                span.only-phone { (marks(one)) }
            }
            td.no-phone { span.sched-what { (pictured(one, 14))
                span.t title=(one.display_title()) { (one.display_title()) } }
                @let of_type = one.of_type.name();
                @if one.of_type != AppointmentType::Unknown && !one.display_title().to_lowercase().contains(&of_type.to_lowercase()) { span.l2.t title=(of_type) { (of_type) } } }
            td.no-phone { @if let Some(place) = &place { (stage(view.board.label(place), view.board.role(place))) } @else { span.muted { "—" } } }
            td.no-phone { (owner(&one.owner)) }
            td.no-phone { @if one.place.trim().is_empty() { span.muted { "—" } } @else { span.t title=(one.place) { (one.place) } } }
            td.no-phone { (marks(one))
                @if one.status.is_empty() { @if !one.cancelled && !one.outcome_needed { span.muted { "—" } } }
                @else if !one.cancelled { span.l2.t title=(one.status) { (one.status) } }
                @if let Some(from) = one.moved_from { span.l2 { "from " (time::exact_of_year(from, view.today, zone)) } } }
        }
    }
}

/// The day over the hours.
fn when_cell(when: AppointmentTime, zone: &Zone, today: Date) -> Markup {
    match when {
        AppointmentTime::Timed { starts, ends } if zone.date(ends) == zone.date(starts) => {
            let clock = |moment: Timestamp, form: &str| moment.to_zoned(zone.tz().clone()).strftime(form).to_string();
            let is_one_zone = zone.abbreviation(starts) == zone.abbreviation(ends);
            let begin = clock(starts, if ends > starts && is_one_zone { "%-I:%M %p" } else { "%-I:%M %p %Z" });
            let hours = if ends > starts { format!("{begin} to {}", clock(ends, "%-I:%M %p %Z")) } else { begin };
            html! { time datetime=(starts) title=(time::exact_of_year(starts, today, zone)) { (time::day_of_year(zone.date(starts), today)) } span.l2 { (hours) } }
        }
        AppointmentTime::Timed { starts, ends } => html! {
            time datetime=(starts) { (time::exact_of_year(starts, today, zone)) }
            span.l2 { "to " (time::exact_of_year(ends, today, zone)) }
        },
        AppointmentTime::Days { first, last } => html! {
            time datetime=(first) { (time::day_of_year(first, today)) }
            span.l2 { "all day" @if last > first { ", to " (time::day_of_year(last, today)) } }
        },
    }
}

fn empty(slug: &str, view: &ScheduleView) -> Markup {
    let all = view.query.bare(links::schedule(slug)).url();
    let without = view.in_scope().count();
    html! {
        div.empty data-total="0" {
            span.disc.quiet { (icon("calendar", 20)) }
            @if view.query.filters.count() > 0 && without > 0 {
                h2 { "No appointment fits these filters" }
                p { (counted(count(without), "appointment is", "appointments are")) " there without them." }
                div.chips { a.btn href=(all) { (icon("x", 14)) "Clear all filters" } }
            } @else if !view.is_covered_whole() {
                h2 { "Not known" }
                p { "ClientTether’s calendar was not read for these days." }
            } @else {
                h2 { "Nothing is booked" }
                p { "ClientTether’s calendar holds no appointment here." }
            }
        }
    }
}

// The agenda -----------------------------------------------------------------------------------------------------------

/// How far ahead what comes next is looked for.
pub(super) const AGENDA_DAYS: i64 = 14;
const AGENDA_ROWS: usize = 12;

/// Of a calendar with today in it, the next two weeks; of another, its own days.
pub(super) fn agenda(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let (slug, zone, today) = (&shell.tenant().slug, &shell.tenant().zone, view.today);
    let Some((first, last)) = view.query.leaf(today).map(CalendarDate::days) else { return super::EMPTY };
    let is_now = first <= today && today <= last;
    let (from, to) = if is_now { (today, today.saturating_add(Span::new().days(AGENDA_DAYS - 1))) } else { (first, last) };
    let within = |one: &&Appointment| one.days.is_some_and(|(first, last)| first <= to && from <= last);
    let all: Vec<&Appointment> = view.filtered().filter(within).collect();
    let mut groups: Vec<((String, String), Vec<&Appointment>)> = Vec::new();
    for one in all.iter().take(AGENDA_ROWS) {
        let head = match one.nearness(today).filter(|_| is_now) {
            Some(nearness) => {
                (nearness.name().to_owned(), nearness_day(nearness, today).unwrap_or_else(|| format!("to {}", time::day(to))))
            }
            None => (one.days.map(|(day, _)| time::day_of_year(day.max(from), today)).unwrap_or_default(), String::new()),
        };
        match groups.last_mut().filter(|(known, _)| *known == head) {
            Some((_, some)) => some.push(one),
            None => groups.push((head, vec![*one])),
        }
    }
    let more = view.query.turned(View::List, view.query.leaf(today).filter(|_| !is_now));
    html! {
        section.card.c-3.agenda-card aria-labelledby="agenda-h" {
            div.card-head { h2 id="agenda-h" { "Agenda" } span.sub { @if is_now { "next " (AGENDA_DAYS) " days" } @else { (time::short_day(first)) " to " (time::short_day(last)) } } }
            @if all.is_empty() {
                p.sub.agenda-none { @if view.query.filters.count() > 0 { "No appointment fits these filters." } @else if view.is_covered(to) { "Nothing is booked." } @else { "Not read: what is booked is not known." } }
            }
            div.agenda {
                @for ((name, day), some) in &groups {
                    h3.day-h { (name) span { (day) } }
                    @for one in some { (agenda_row(slug, view, one, zone, shell.now)) }
                }
            }
            @if all.len() > AGENDA_ROWS { p.card-foot { a href=(more.add_to(links::schedule(slug)).url()) { (counted(count(all.len() - AGENDA_ROWS), "more", "more")) " in the list" } } }
        }
    }
}

fn agenda_row(slug: &str, view: &ScheduleView, one: &Appointment, zone: &Zone, now: Timestamp) -> Markup {
    let near = one.nearness(view.today);
    let is_near = matches!(near, Some(Nearness::Today | Nearness::Tomorrow));
    let clock = match one.when {
        Some(AppointmentTime::Timed { starts, .. }) => starts.to_zoned(zone.tz().clone()).strftime("%-I:%M %p").to_string(),
        _ => "All day".to_owned(),
    };
    let day = one.days.map(|(first, _)| first.strftime("%a %-d").to_string()).unwrap_or_default();
    let name = if one.name.trim().is_empty() { one.display_title() } else { one.name.trim() };
    let class = format!("row{}{}", if is_past(one, zone, now) { " past" } else { "" }, if one.cancelled { " off" } else { "" });
    let inside = html! {
        span.at { @if is_near { (clock) } @else { (day) span.l2 { (clock) } } }
        span {
            b { (clipped(name)) }
            span.p.flex { (pictured(one, 13)) span { (clipped(one.display_title())) } }
            @if !one.owner.trim().is_empty() { span.sub { (clipped(one.owner.trim())) } }
            (marks(one))
        }
    };
    let title = one.when.map(|when| when_words(when, zone, view.today));
    match (&one.contact, one.days) {
        (Some(contact), _) => {
            html! { a class=(class) href=(links::candidate(slug, contact).url()) data-candidate title=[title] { (inside) } }
        }
        (None, Some((day, _))) => {
            let there = links::schedule(slug).with("view", "day").with("d", &day.to_string());
            html! { a class=(class) href=(there.url()) title=[title] { (inside) } }
        }
        (None, None) => html! { div class=(class) { (inside) } },
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    fn timed(starts: &str, ends: &str) -> AppointmentTime {
        AppointmentTime::Timed { starts: starts.parse().unwrap(), ends: ends.parse().unwrap() }
    }

    #[rstest]
    #[case::an_hour(timed("2026-03-12T15:30:00Z", "2026-03-12T16:30:00Z"), "Thu Mar 12, 10:30 AM CDT to 11:30 AM")]
    #[case::without_an_end(timed("2026-03-12T15:30:00Z", "2026-03-12T15:30:00Z"), "Thu Mar 12, 10:30 AM CDT")]
    #[case::across_midnight(
        timed("2026-03-13T04:00:00Z", "2026-03-13T06:00:00Z"),
        "Thu Mar 12, 11:00 PM CDT to Fri Mar 13, 1:00 AM CDT"
    )]
    #[case::while_clocks_change(timed("2026-03-08T07:30:00Z", "2026-03-08T08:30:00Z"), "Sun Mar 8, 1:30 AM CST to 3:30 AM CDT")]
    #[case::in_the_doubled_hour(timed("2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z"), "Sun Nov 1, 1:30 AM CDT to 1:30 AM CST")]
    #[case::another_year(timed("2099-03-12T15:30:00Z", "2099-03-12T15:30:00Z"), "Thu Mar 12, 2099, 10:30 AM CDT")]
    #[case::a_bare_day(AppointmentTime::Days { first: date(2026, 3, 12), last: date(2026, 3, 12) }, "Thu Mar 12, all day")]
    #[case::bare_days(AppointmentTime::Days { first: date(2026, 3, 12), last: date(2026, 3, 14) }, "Thu Mar 12 to Sat Mar 14, all day")]
    fn a_time_is_said_in_the_brands_zone(#[case] when: AppointmentTime, #[case] expected: &str) {
        let chicago = Zone::named("America/Chicago").unwrap();
        assert_eq!(when_words(when, &chicago, date(2026, 3, 12)), expected);
    }
}
