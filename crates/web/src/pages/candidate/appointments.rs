//! A candidate's appointments: upcoming, then past.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{Dataset, PlausibleDates, can_last};
use tetherboard_store::candidates::CandidateAppointment;

use super::{CandidateView, dated};
use crate::address::links;
use crate::parts::doubtful_date::doubtful_date;
use crate::parts::format::counted;
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::{icon, time};

/// The list of appointments.
pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let (ahead, mut past): (Vec<_>, Vec<_>) = view.appointments.iter().partition(|one| is_ahead(shell, one));
    past.reverse();
    let never_read = shell.fresh.datasets.iter().any(|age| age.dataset == Dataset::Events && age.as_of.is_none());
    html! {
        section.drawer-sec {
            div.flex.wrapf { h2 { "Appointments" } span.sub.push { (time::zone_name(&shell.tenant().zone)) } }
            @if view.appointments.is_empty() {
                p.sub {
                    @if never_read { "Appointments have not been synced yet." } @else { "No appointments in ClientTether." }
                }
            }
            @for (name, some) in [("Upcoming", &ahead), ("Past", &past)] {
                @if !some.is_empty() {
                    h3.cand-h { (name) }
                    ul.cand-list role="list" { @for one in some { (line(shell, one)) } }
                }
            }
        }
    }
}

/// The next appointment, on top of the page.
pub(super) fn next_banner(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let dates = PlausibleDates::at(shell.now).of_plans();
    let is_next = |one: &&CandidateAppointment| {
        !one.cancelled && one.starts_ms.is_some_and(|starts_ms| dates.contains(&starts_ms)) && is_ahead(shell, one)
    };
    let next = view.appointments.iter().find(is_next);
    let Some(next) = next else { return EMPTY };
    html! {
        div.banner.info {
            (icon("calendar-check", 16))
            div {
                b { (name(next)) ", " (when(shell, next)) }
                p {
                    @if !next.owner.is_empty() { "with " (next.owner) ". " }
                    @if let Some(soon) = relative_day(shell, next) { (soon) "." }
                }
            }
        }
    }
}

fn line(shell: &Shell<'_>, one: &CandidateAppointment) -> Markup {
    let zone = &shell.tenant().zone;
    html! {
        li class=(if one.cancelled { "off" } else { "" }) {
            div.flex.wrapf {
                b.cand-what { (name(one)) }
                @if one.cancelled { span.badge.quiet { (icon("calendar-x", 13)) "Canceled" } }
                @else if one.moved_from_ms.is_some() { span.badge.info { (icon("calendar-clock", 13)) "Moved" } }
                @let doubtful_ms = PlausibleDates::at(shell.now).doubtful_date(one.starts_ms, one.ends_ms);
                @if doubtful_ms.is_some() { (doubtful_date(shell, doubtful_ms)) }
            }
            p.cand-when {
                @match one.starts_ms.and_then(time::moment).map(|starts| first_day(shell, one, starts)) {
                    Some(day) => a href=(schedule_of(shell, day)) { (when(shell, one)) },
                    None => (when(shell, one)),
                }
            }
            @if let Some(from) = one.moved_from_ms.and_then(time::moment) {
                p.sub { "moved from " (dated(from, shell.now, zone)) }
            }
            @let details = details(one);
            @if !details.is_empty() { p.sub { (details) } }
            @if !one.description.is_empty() { p.cand-text { (one.description) } }
        }
    }
}

fn schedule_of(shell: &Shell<'_>, day: Date) -> String {
    links::schedule(&shell.tenant().slug).with("view", "day").with("d", &day.to_string()).url()
}

/// Type, place, owner, and status.
fn details(one: &CandidateAppointment) -> String {
    let status = if one.cancelled { "" } else { &one.status };
    let details = [kind(one), &one.place, &one.owner, status].into_iter().filter(|text| !text.trim().is_empty());
    details.collect::<Vec<_>>().join(" · ")
}

fn name(one: &CandidateAppointment) -> &str {
    [one.title.as_str(), one.kind.as_str()].into_iter().find(|text| !text.trim().is_empty()).unwrap_or("Appointment")
}

/// Its type, unless that is already its name; `appt` is ClientTether's name for any appointment.
fn kind(one: &CandidateAppointment) -> &str {
    let is_any = one.kind.trim().eq_ignore_ascii_case("appt");
    if is_any || one.title.trim().is_empty() || one.title == one.kind { "" } else { &one.kind }
}

/// An appointment without a readable time counts as upcoming.
fn is_ahead(shell: &Shell<'_>, one: &CandidateAppointment) -> bool {
    let Some(starts) = one.starts_ms.and_then(time::moment) else { return true };
    match one.all_day {
        true => day(shell, starts) >= shell.tenant().zone.date(shell.now),
        false => end(one, starts).unwrap_or(starts) >= shell.now,
    }
}

/// When it ends, unless that is most likely a typing mistake.
fn end(one: &CandidateAppointment, starts: Timestamp) -> Option<Timestamp> {
    one.ends_ms.filter(|ends_ms| can_last(starts.into(), *ends_ms)).and_then(time::moment)
}

/// The day that the CRM names, in the CRM's zone, so that another zone does not move it.
fn day(shell: &Shell<'_>, starts: Timestamp) -> Date {
    shell.tenant().source_time().0.date(starts)
}

/// `Sat Mar 14, 10:00 AM CDT to 11:00 AM CDT`, `Sat Mar 14, all day`.
fn when(shell: &Shell<'_>, one: &CandidateAppointment) -> String {
    let zone = &shell.tenant().zone;
    let Some(starts) = one.starts_ms.and_then(time::moment) else { return "no readable time".to_owned() };
    if one.all_day {
        return format!("{}, all day", time::day_of_year(day(shell, starts), zone.date(shell.now)));
    }
    let begin = dated(starts, shell.now, zone);
    match end(one, starts).filter(|ends| *ends > starts) {
        None => begin,
        Some(ends) if zone.date(ends) == zone.date(starts) => {
            format!("{begin} to {}", ends.to_zoned(zone.tz().clone()).strftime("%-I:%M %p"))
        }
        Some(ends) => format!("{begin} to {}", dated(ends, shell.now, zone)),
    }
}

/// The day it starts on, in the brand's zone.
fn first_day(shell: &Shell<'_>, one: &CandidateAppointment, starts: Timestamp) -> Date {
    if one.all_day { day(shell, starts) } else { shell.tenant().zone.date(starts) }
}

/// `Today`, `Tomorrow`, `In 3 days`, `In progress`.
fn relative_day(shell: &Shell<'_>, one: &CandidateAppointment) -> Option<String> {
    let starts = time::moment(one.starts_ms?)?;
    let zone = &shell.tenant().zone;
    let first = first_day(shell, one, starts);
    let days = i64::from((first - zone.date(shell.now)).get_days());
    if !one.all_day && starts <= shell.now {
        return Some("In progress".to_owned());
    }
    if starts.duration_since(shell.now) < SignedDuration::from_hours(1) && !one.all_day {
        return Some("Within the hour".to_owned());
    }
    Some(match days {
        ..=0 => "Today".to_owned(),
        1 => "Tomorrow".to_owned(),
        days => format!("In {}", counted(days, "day", "days")),
    })
}
