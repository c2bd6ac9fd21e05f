//! Moments and days as text, in the brand's zone.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{DAY, EpochMs, Zone};

use super::format::{counted, number};
use crate::address::dates::Edge;

/// The moment of milliseconds since 1970 UTC; `None` if no calendar has it.
pub(crate) fn moment(ms: EpochMs) -> Option<Timestamp> {
    ms.timestamp()
}

/// What people call a time zone: `Central Time`; a zone outside the United States by its city.
pub(crate) fn zone_name(zone: &Zone) -> String {
    match zone.name() {
        "America/New_York" | "America/Detroit" | "US/Eastern" => "Eastern Time".to_owned(),
        "America/Chicago" | "America/Menominee" | "US/Central" => "Central Time".to_owned(),
        "America/Denver" | "America/Boise" | "US/Mountain" => "Mountain Time".to_owned(),
        "America/Phoenix" | "US/Arizona" => "Mountain Time (Arizona)".to_owned(),
        "America/Los_Angeles" | "US/Pacific" => "Pacific Time".to_owned(),
        "America/Anchorage" | "US/Alaska" => "Alaska Time".to_owned(),
        "Pacific/Honolulu" | "US/Hawaii" => "Hawaii Time".to_owned(),
        "UTC" | "Etc/UTC" => "UTC".to_owned(),
        name => format!("{} time", name.rsplit('/').next().unwrap_or(name).replace('_', " ")),
    }
}

/// `Thu Mar 12, 10:30 AM CDT`.
pub(crate) fn exact(moment: Timestamp, zone: &Zone) -> String {
    moment.to_zoned(zone.tz().clone()).strftime("%a %b %-d, %-I:%M %p %Z").to_string()
}

/// `Thu Mar 12, 10:30:24 AM CDT`.
pub(crate) fn to_the_second(moment: Timestamp, zone: &Zone) -> String {
    moment.to_zoned(zone.tz().clone()).strftime("%a %b %-d, %-I:%M:%S %p %Z").to_string()
}

/// For use in a sentence: `at 10:30 AM CDT` today, `yesterday at 10:30 AM CDT`, `tomorrow at …`, else
/// `on Monday, March 9, …`.
pub(crate) fn in_sentence(moment: Timestamp, now: Timestamp, zone: &Zone) -> String {
    let local = moment.to_zoned(zone.tz().clone());
    let format = match (zone.date(now) - local.date()).get_days() {
        0 => "at %-I:%M %p %Z",
        1 => "yesterday at %-I:%M %p %Z",
        -1 => "tomorrow at %-I:%M %p %Z",
        _ => "on %A, %B %-d, %-I:%M %p %Z",
    };
    local.strftime(format).to_string()
}

/// `Mar 9`.
pub(crate) fn short_day(day: Date) -> String {
    day.strftime("%b %-d").to_string()
}

/// One end of a range of dates, for a filter: `Mar 9, 2026` or `Mar 9, 2026, 10:30 AM`.
pub(crate) fn edge_name(edge: Edge) -> String {
    match edge {
        Edge::Day(day) => full_day(day),
        Edge::Moment(moment) => moment.strftime("%b %-d, %Y, %-I:%M %p").to_string(),
    }
}

/// `Mar 9`, with the year if it is not this year.
pub(crate) fn short_day_of_year(day: Date, today: Date) -> String {
    if day.year() == today.year() { short_day(day) } else { full_day(day) }
}

/// `Mon Mar 9`.
pub(crate) fn day(day: Date) -> String {
    day.strftime("%a %b %-d").to_string()
}

/// `Mon Mar 9`, with the year if it is not this year.
pub(crate) fn day_of_year(date: Date, today: Date) -> String {
    if date.year() == today.year() { day(date) } else { date.strftime("%a %b %-d, %Y").to_string() }
}

/// `Thu Mar 12, 10:30 AM CDT`, with the year if it is not this year.
pub(crate) fn exact_of_year(moment: Timestamp, today: Date, zone: &Zone) -> String {
    let local = moment.to_zoned(zone.tz().clone());
    if local.year() == today.year() { exact(moment, zone) } else { local.strftime("%a %b %-d, %Y, %-I:%M %p %Z").to_string() }
}

/// `Mar 9, 2026`.
pub(crate) fn full_day(day: Date) -> String {
    day.strftime("%b %-d, %Y").to_string()
}

/// `just now`, `12 min`, `5 hours`, `3 days`. The script that keeps ages current uses the same words.
pub(crate) fn age(age: SignedDuration) -> String {
    match age.as_secs() {
        ..60 => "just now".to_owned(),
        secs @ 60..7_200 => format!("{} min", secs / 60),
        secs @ 7_200..259_200 => format!("{} hours", secs / 3_600),
        secs => format!("{} days", secs / 86_400),
    }
}

/// How long something took: `0.4 s`, `41.8 s`, `3 min 12 s`, `2 h 5 min`.
pub(crate) fn duration(ms: i64) -> String {
    match ms.max(0) {
        ..100 => "under 0.1 s".to_owned(),
        ms @ 100..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        ms @ 60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        ms => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// A typical duration, to about two digits: `41 min`, `2.6 hours`, `3.1 days`, `21 days`.
pub(crate) fn span(ms: i64) -> String {
    let in_unit = |unit: i64, name: &str| {
        let tenths = (ms.max(0) * 10 + unit / 2) / unit;
        if tenths >= 100 { format!("{} {name}", (tenths + 5) / 10) } else { format!("{}.{} {name}", tenths / 10, tenths % 10) }
    };
    match ms {
        ..5_400_000 => format!("{} min", (ms.max(0) + 30_000) / 60_000),
        5_400_000..129_600_000 => in_unit(3_600_000, "hours"),
        _ => in_unit(DAY, "days"),
    }
}

/// Full days, with a plus sign if it may be more: `12 days`, `12+ days`.
pub(crate) fn days(days: i64, is_exact: bool) -> String {
    if is_exact { counted(days, "day", "days") } else { format!("{}+ days", number(days)) }
}

/// `just now`, `12 min ago`.
pub(crate) fn ago(moment: Timestamp, now: Timestamp) -> String {
    let age = age(now.duration_since(moment));
    if age == "just now" { age } else { format!("{age} ago") }
}

/// An age that a script keeps current, with the exact moment as its tooltip.
pub(crate) fn aging(moment: Timestamp, now: Timestamp, zone: &Zone) -> Markup {
    html! { time data-age datetime=(moment) title=(exact(moment, zone)) { (ago(moment, now)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_uses_the_unit_that_a_person_would_use() {
        let age = |secs| age(SignedDuration::from_secs(secs));
        assert_eq!([age(5), age(59), age(60), age(720)], ["just now", "just now", "1 min", "12 min"]);
        assert_eq!([age(7_199), age(7_200), age(90_000), age(259_200)], ["119 min", "2 hours", "25 hours", "3 days"]);
    }

    #[test]
    fn a_long_duration_uses_longer_units() {
        assert_eq!(
            [duration(412), duration(41_849), duration(192_000), duration(7_500_000)],
            ["0.4 s", "41.8 s", "3 min 12 s", "2 h 5 min"]
        );
    }

    #[test]
    fn a_typical_duration_has_at_least_two_digits() {
        let minute = 60_000;
        assert_eq!(
            [span(0), span(41 * minute), span(156 * minute), span(26 * 60 * minute)],
            ["0 min", "41 min", "2.6 hours", "26 hours"]
        );
        assert_eq!([span(75 * 60 * minute), span(21 * 24 * 60 * minute)], ["3.1 days", "21 days"]);
        assert_eq!([days(1, true), days(12, true), days(12, false)], ["1 day", "12 days", "12+ days"]);
    }

    #[test]
    fn a_moment_is_shown_in_the_brands_zone() {
        let zone = Zone::named("America/Chicago").unwrap();
        let moment: Timestamp = "2026-03-12T15:30:00Z".parse().unwrap();
        assert_eq!(exact(moment, &zone), "Thu Mar 12, 10:30 AM CDT");
        let later = moment + SignedDuration::from_hours(25);
        assert_eq!(in_sentence(moment, later, &zone), "yesterday at 10:30 AM CDT");
        assert_eq!(in_sentence(later, moment, &zone), "tomorrow at 11:30 AM CDT");
        assert_eq!(in_sentence(moment, moment, &zone), "at 10:30 AM CDT");
    }

    #[test]
    fn a_zone_has_the_name_that_people_use() {
        let name = |zone: &str| zone_name(&Zone::named(zone).unwrap());
        assert_eq!([name("America/Chicago"), name("America/New_York")], ["Central Time", "Eastern Time"]);
        assert_eq!([name("America/Phoenix"), name("Europe/Berlin")], ["Mountain Time (Arizona)", "Berlin time"]);
    }
}
