//! Notices around the calendar: what is upcoming, which days have been read, and what needs attention.

use jiff::Span;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{AppointmentTime, CalendarDate, CalendarView, Dataset, Nearness};
use tetherboard_metrics::{Appointment, OUTCOME_NEEDED};

use super::ScheduleView;
use super::agenda::AGENDA_DAYS;
use super::appointment::candidate;
use crate::address::links;
use crate::address::schedule::{Show, View};
use crate::parts::format::{clipped, count, counted, number};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::{icon, time};

/// For a week or month that includes today: how many appointments are upcoming, and the next one.
pub(super) fn upcoming(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let leaf = view.query.leaf(view.today).map(CalendarDate::days);
    let has_today = leaf.is_some_and(|(first, last)| first <= view.today && view.today <= last);
    let is_grid = matches!(view.query.view, View::Calendar(CalendarView::Week | CalendarView::Month));
    if !has_today || !is_grid || !view.is_covered(view.today) {
        return EMPTY;
    }
    html! {
        p.sched-ahead {
            (upcoming_counts(shell, view))
            "."
            (next_appointment(shell, view))
        }
    }
}

/// `2 appointments today, 1 tomorrow, 4 later this week`.
fn upcoming_counts(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    const NAMES: [(Nearness, &str); 3] =
        [(Nearness::Today, "today"), (Nearness::Tomorrow, "tomorrow"), (Nearness::ThisWeek, "later this week")];
    let of = |nearness: Nearness| view.filtered().filter(|one| one.nearness(view.today) == Some(nearness)).count();
    let counts = NAMES.map(|(nearness, name)| (nearness, name, of(nearness)));
    // On the last days of a week, nothing is later this week.
    let counts = counts.into_iter().filter(|(nearness, _, count)| *count > 0 || *nearness != Nearness::ThisWeek);
    let link = |nearness| view.query.only(Show::Near(nearness)).add_to(links::schedule(&shell.tenant().slug)).url();
    html! {
        @for (at, (nearness, name, found)) in counts.enumerate() {
            @let text = if at == 0 { counted(count(found), "appointment", "appointments") } else { number(count(found)) };
            @if at > 0 { ", " }
            @if found > 0 { a href=(link(nearness)) data-count=(found) { (text) } }
            @else if at == 0 { "No appointments" } @else { "none" }
            " " (name)
        }
    }
}

fn next_appointment(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let last_day = view.today.saturating_add(Span::new().days(AGENDA_DAYS - 1));
    let start = |one: &Appointment| -> Option<Timestamp> {
        match (one.when, one.days) {
            (Some(AppointmentTime::Timed { starts, .. }), Some((day, _))) if starts > shell.now && day <= last_day => {
                Some(starts)
            }
            _ => None,
        }
    };
    let next = view.filtered().filter(|one| !one.cancelled).find_map(|one| Some((one, start(one)?)));
    html! {
        @if let Some((one, starts)) = next {
            " Next: "
            @if !one.name.trim().is_empty() { span.nowrap { (candidate(&shell.tenant().slug, one)) "," } " " }
            bdi { (clipped(one.display_title())) } ", " (time::in_sentence(starts, shell.now, &shell.tenant().zone)) "."
        }
    }
}

/// Which days of the view have been read. A day that has not been read is unknown, not empty.
pub(super) fn coverage(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let Some((from, to)) = view.covered else { return EMPTY };
    let (first, last) = view.query.days(view.today).unwrap_or((from, to));
    let day = |day| time::day_of_year(day, view.today);
    let read_at = shell.fresh.datasets.iter().find(|age| age.dataset == Dataset::Events).and_then(|age| age.as_of);
    let read_at = read_at.map(|read_at| time::in_sentence(read_at, shell.now, &shell.tenant().zone));
    html! {
        @if first < from || last > to {
            p.notice.warning role="note" {
                (icon("circle-question-mark", 15))
                span {
                    "Appointments are synced from " (day(from)) " to " (day(to)) ". "
                    @if last > to { "Later appointments are not shown yet. " }
                    @if first < from { "Earlier days show appointments from past syncs and may be incomplete." }
                }
            }
        } @else if view.query.view == View::List && view.query.show != Some(Show::OutcomeNeeded) {
            p.sub {
                "Appointments from " (day(from)) " to " (day(to))
                @if let Some(read_at) = read_at { ", last synced " (read_at) } "."
            }
        }
    }
}

/// How many appointments that need an outcome are named above the calendar.
const NAMED: usize = 3;

/// The appointments that need an outcome.
pub(super) fn outcome_needed(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let slug = &shell.tenant().slug;
    let mut due: Vec<&Appointment> = view.schedule.appointments.iter().filter(|one| one.outcome_needed).collect();
    due.reverse();
    if due.is_empty() || view.query.show == Some(Show::OutcomeNeeded) {
        return EMPTY;
    }
    let link = links::schedule(slug).with("show", "outcome-needed").url();
    html! {
        section.banner.danger aria-label="Outcome needed" {
            (icon("circle-alert", 16))
            p title=(OUTCOME_NEEDED) {
                b.inline { "Outcome needed: " }
                a href=(link) data-count=(due.len()) { (counted(count(due.len()), "appointment", "appointments")) }
                (if due.len() == 1 { " has" } else { " have" }) " no outcome recorded: "
                @for (at, one) in due.iter().take(NAMED).enumerate() {
                    @if at > 0 { "; " }
                    (summary(slug, view, one))
                }
                @if due.len() > NAMED { "; and " (number(count(due.len() - NAMED))) " more" } "."
            }
        }
    }
}

/// `Ada Ash, FDD review with Sam, Thu Mar 12`.
fn summary(slug: &str, view: &ScheduleView, one: &Appointment) -> Markup {
    let owner = one.owner.trim();
    html! {
        span.nowrap { (candidate(slug, one)) "," } " " bdi { (clipped(one.display_title())) }
        @if !owner.is_empty() { " with " bdi { (clipped(owner)) } }
        @if let Some((first, _)) = one.days { ", " span.nowrap { (time::day_of_year(first, view.today)) } }
    }
}

/// How many appointments have no readable time.
pub(super) fn undated(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let found = view.schedule.appointments.iter().filter(|one| one.days.is_none()).count();
    if found == 0 || view.query.show == Some(Show::Undated) {
        return EMPTY;
    }
    let link = links::schedule(&shell.tenant().slug).with("show", "undated").url();
    html! {
        p.notice {
            (icon("circle-question-mark", 15))
            span {
                a href=(link) data-count=(found) { (counted(count(found), "appointment", "appointments")) }
                (if found == 1 { " has" } else { " have" }) " no readable time in ClientTether and no place in the calendar."
            }
        }
    }
}
