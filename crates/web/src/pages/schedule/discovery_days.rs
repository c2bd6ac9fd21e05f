//! The upcoming Discovery Days, each with its guests.

use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_metrics::{Appointment, AppointmentType};

use super::ScheduleView;
use super::appointment::candidate;
use crate::address::links;
use crate::parts::format::{clipped, count, counted};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::{icon, time};

/// How many Discovery Days are listed.
const MAX_DAYS: usize = 4;
/// How many guests of each are named.
const MAX_GUESTS: usize = 5;

/// The card of the upcoming Discovery Days.
pub(super) fn discovery_days(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let days = upcoming(view);
    if days.is_empty() || view.query.show.is_some() {
        return EMPTY;
    }
    html! {
        section.card.pinned aria-labelledby="discovery-h" {
            h2 id="discovery-h" { (icon("map-pin", 15)) "Discovery Days" }
            ul.plain-list role="list" {
                @for (day, guests) in days.iter().take(MAX_DAYS) { (row(&shell.tenant().slug, view, *day, guests)) }
            }
            @if days.len() > MAX_DAYS {
                p.sub { "and " (counted(count(days.len() - MAX_DAYS), "more day", "more days")) " later" }
            }
        }
    }
}

/// The days from today on, with their appointments.
fn upcoming(view: &ScheduleView) -> Vec<(Date, Vec<&Appointment>)> {
    let mut days: Vec<(Date, Vec<&Appointment>)> = Vec::new();
    for one in view.schedule.appointments.iter().filter(|one| one.of_type == AppointmentType::DiscoveryDay && !one.doubtful_start)
    {
        let Some((first, _)) = one.days.filter(|(_, last)| *last >= view.today) else { continue };
        match days.last_mut().filter(|(day, _)| *day == first) {
            Some((_, guests)) => guests.push(one),
            None => days.push((first, vec![one])),
        }
    }
    days
}

fn row(slug: &str, view: &ScheduleView, day: Date, guests: &[&Appointment]) -> Markup {
    // The page of the day also has Discovery Days that started earlier.
    let is_on_day = |one: &&Appointment| one.of_type == AppointmentType::DiscoveryDay && one.touches(day);
    let on_day = view.schedule.appointments.iter().filter(is_on_day).count();
    let link = links::schedule(slug).with("view", "day").with("d", &day.to_string());
    let link = link.with("type", AppointmentType::DiscoveryDay.name()).url();
    let place = guests.iter().map(|one| one.place.trim()).find(|place| !place.is_empty());
    html! {
        li {
            a.pin-day href=(link) data-count=(on_day) {
                (time::day_of_year(day, view.today)) ", " (counted(count(on_day), "candidate", "candidates"))
            }
            span.pin-who {
                @for (at, one) in guests.iter().take(MAX_GUESTS).enumerate() {
                    @if at > 0 { ", " }
                    @if one.cancelled { s { (candidate(slug, one)) } " (canceled)" } @else { (candidate(slug, one)) }
                }
                @if guests.len() > MAX_GUESTS {
                    " and " (counted(count(guests.len() - MAX_GUESTS), "other", "others"))
                }
                @if let Some(place) = place { span.sub { " · " bdi { (clipped(place)) } } }
            }
        }
    }
}
