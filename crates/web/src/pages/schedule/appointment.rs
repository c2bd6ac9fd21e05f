//! How one appointment looks: its icon, its badges, its times, and its candidate.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{AppointmentTime, Zone};
use tetherboard_metrics::{Appointment, AppointmentType};

use crate::http::assets;
use crate::parts::candidate::candidate_name;
use crate::parts::{icon, time};

/// The icon and the tone of an appointment.
pub(super) fn icon_and_tone(one: &Appointment) -> (&'static str, &'static str) {
    match &one.of_type {
        _ if one.outcome_needed => ("circle-alert", "danger"),
        AppointmentType::Call => ("phone", "info"),
        AppointmentType::FddReview => ("file-text", "wait"),
        AppointmentType::Meeting => ("video", "move"),
        AppointmentType::Agreement => ("award", "success"),
        AppointmentType::DiscoveryDay => ("map-pin", "pin"),
        AppointmentType::Named(_) | AppointmentType::Unknown => ("calendar", "quiet"),
    }
}

/// The icon in its tone.
pub(super) fn type_icon(one: &Appointment, size: u8) -> Markup {
    let (icon_name, tone) = icon_and_tone(one);
    html! {
        svg class=(format!("ico {tone}")) width=(size) height=(size) aria-hidden="true" {
            use href=(format!("{}#i-{icon_name}", assets::url("icons.svg"))) {}
        }
    }
}

/// Whether it is over and needs no outcome.
pub(super) fn is_past(one: &Appointment, zone: &Zone, now: Timestamp) -> bool {
    !one.outcome_needed && one.when.is_some_and(|when: AppointmentTime| when.end(zone) <= now)
}

/// Its badges: outcome needed, canceled, or moved.
pub(super) fn badges(one: &Appointment) -> Markup {
    html! {
        @if one.doubtful { span.badge.warning data-doubtful { (icon("triangle-alert", 13)) "Doubtful date" } }
        @if one.outcome_needed { span.badge.danger { (icon("circle-alert", 13)) "Outcome needed" } }
        @if one.cancelled { span.badge.quiet { (icon("calendar-x", 13)) "Canceled" } }
        @else if one.moved_from.is_some() { span.badge.info { (icon("calendar-clock", 13)) "Moved" } }
    }
}

/// The candidate's name, as a link if the contact is in ClientTether.
pub(super) fn candidate(slug: &str, one: &Appointment) -> Markup {
    if one.name.trim().is_empty() {
        html! { "No candidate" }
    } else {
        candidate_name(slug, one.contact.as_ref(), &one.name)
    }
}

/// The candidate's name, or the appointment's title if it has none.
pub(super) fn name_or_title(one: &Appointment) -> &str {
    if one.name.trim().is_empty() { one.display_title() } else { one.name.trim() }
}

/// `Sat Mar 14, 10:00 AM CDT to 11:00 AM`, `Sat Mar 14 to Sun Mar 15, all day`.
pub(super) fn times(when: AppointmentTime, zone: &Zone, today: Date) -> String {
    match when {
        AppointmentTime::Days { first, last } if first == last => format!("{}, all day", time::day_of_year(first, today)),
        AppointmentTime::Days { first, last } => {
            format!("{} to {}, all day", time::day_of_year(first, today), time::day_of_year(last, today))
        }
        AppointmentTime::Timed { starts, ends } => {
            let start = time::exact_of_year(starts, today, zone);
            match () {
                () if ends <= starts => start,
                () if zone.date(ends) == zone.date(starts) => format!("{start} to {}", end_time(starts, ends, zone)),
                () => format!("{start} to {}", time::exact_of_year(ends, today, zone)),
            }
        }
    }
}

/// The end, with the zone's abbreviation only if it differs from that of the start.
fn end_time(starts: Timestamp, ends: Timestamp, zone: &Zone) -> String {
    let is_same_offset = zone.abbreviation(starts) == zone.abbreviation(ends);
    let format = if is_same_offset { "%-I:%M %p" } else { "%-I:%M %p %Z" };
    ends.to_zoned(zone.tz().clone()).strftime(format).to_string()
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
    #[case::in_the_repeated_hour(timed("2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z"), "Sun Nov 1, 1:30 AM CDT to 1:30 AM CST")]
    #[case::another_year(timed("2099-03-12T15:30:00Z", "2099-03-12T15:30:00Z"), "Thu Mar 12, 2099, 10:30 AM CDT")]
    #[case::one_whole_day(AppointmentTime::Days { first: date(2026, 3, 12), last: date(2026, 3, 12) }, "Thu Mar 12, all day")]
    #[case::several_whole_days(
        AppointmentTime::Days { first: date(2026, 3, 12), last: date(2026, 3, 14) },
        "Thu Mar 12 to Sat Mar 14, all day"
    )]
    fn a_time_is_shown_in_the_brands_zone(#[case] when: AppointmentTime, #[case] expected: &str) {
        let chicago = Zone::named("America/Chicago").unwrap();
        assert_eq!(times(when, &chicago, date(2026, 3, 12)), expected);
    }
}
