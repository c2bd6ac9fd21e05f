//! Moments as people read them: the age where age matters, the exact moment on opening, both in the brand's zone.

use crate::address::dates::Edge;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{DAY, EpochMs, Zone};

/// Of milliseconds since 1970 UTC, as rows keep them; `None` for what no calendar has.
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

/// `at 10:30 AM CDT` today, `yesterday at 10:30 AM CDT`, `tomorrow at …`, else `on Monday, March 9, …`: for sentences.
pub(crate) fn told(moment: Timestamp, now: Timestamp, zone: &Zone) -> String {
    let local = moment.to_zoned(zone.tz().clone());
    let form = match (zone.date(now) - local.date()).get_days() {
        0 => "at %-I:%M %p %Z",
        1 => "yesterday at %-I:%M %p %Z",
        -1 => "tomorrow at %-I:%M %p %Z",
        _ => "on %A, %B %-d, %-I:%M %p %Z",
    };
    local.strftime(form).to_string()
}

/// `Mar 9`.
pub(crate) fn short_day(day: Date) -> String {
    day.strftime("%b %-d").to_string()
}

/// One end of a range of dates, for a filter.
pub(crate) fn edge_name(edge: Edge) -> String {
    match edge {
        Edge::Day(day) => full_day(day),
        Edge::Moment(moment) => moment.strftime("%b %-d, %Y, %-I:%M %p").to_string(),
    }
}

/// `Mar 9`, with its year where that is not today's.
pub(crate) fn short_day_of_year(of: Date, today: Date) -> String {
    if of.year() == today.year() { short_day(of) } else { full_day(of) }
}

/// `Mon Mar 9`.
pub(crate) fn day(day: Date) -> String {
    day.strftime("%a %b %-d").to_string()
}

/// `Mon Mar 9`, with its year where that is not today's.
pub(crate) fn day_of_year(of: Date, today: Date) -> String {
    if of.year() == today.year() { day(of) } else { of.strftime("%a %b %-d, %Y").to_string() }
}

/// `Thu Mar 12, 10:30 AM CDT`, with its year where that is not today's.
pub(crate) fn exact_of_year(moment: Timestamp, today: Date, zone: &Zone) -> String {
    let local = moment.to_zoned(zone.tz().clone());
    if local.year() == today.year() { exact(moment, zone) } else { local.strftime("%a %b %-d, %Y, %-I:%M %p %Z").to_string() }
}

/// `Mar 9, 2026`.
pub(crate) fn full_day(day: Date) -> String {
    day.strftime("%b %-d, %Y").to_string()
}

/// `just now`, `12 min`, `5 h`, `3 d`.
pub(crate) fn age(age: SignedDuration) -> String {
    match age.as_secs() {
        ..60 => "just now".to_owned(),
        secs @ 60..7_200 => format!("{} min", secs / 60),
        secs @ 7_200..259_200 => format!("{} h", secs / 3_600),
        secs => format!("{} d", secs / 86_400),
    }
}

/// How long something took: `0.4 s`, `41.8 s`, `3 min 12 s`, `2 h 5 min`.
pub(crate) fn lasted(ms: i64) -> String {
    match ms.max(0) {
        ..100 => "under 0.1 s".to_owned(),
        ms @ 100..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        ms @ 60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        ms => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// A stretch as a number on a card: `41 min`, `2.6 h`, `3.1 d`, `21 d`.
pub(crate) fn span(ms: i64) -> String {
    let tenths = |unit: i64, name: &str| {
        let tenths = (ms.max(0) * 10 + unit / 2) / unit;
        if tenths >= 100 { format!("{} {name}", (tenths + 5) / 10) } else { format!("{}.{} {name}", tenths / 10, tenths % 10) }
    };
    match ms {
        ..5_400_000 => format!("{} min", (ms.max(0) + 30_000) / 60_000),
        5_400_000..129_600_000 => tenths(3_600_000, "h"),
        _ => tenths(DAY, "d"),
    }
}

/// `just now`, `12 min ago`.
pub(crate) fn ago(moment: Timestamp, now: Timestamp) -> String {
    let age = age(now.duration_since(moment));
    if age == "just now" { age } else { format!("{age} ago") }
}

/// An age that keeps itself fresh in the browser, with the exact moment on opening.
pub(crate) fn aging(moment: Timestamp, now: Timestamp, zone: &Zone) -> Markup {
    html! { time data-age datetime=(moment) title=(exact(moment, zone)) { (ago(moment, now)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_unit_that_a_person_would_use() {
        let told = |secs| age(SignedDuration::from_secs(secs));
        assert_eq!([told(5), told(59), told(60), told(720)], ["just now", "just now", "1 min", "12 min"]);
        assert_eq!([told(7_199), told(7_200), told(90_000), told(259_200)], ["119 min", "2 h", "25 h", "3 d"]);
    }

    #[test]
    fn what_took_long_is_told_in_longer_units() {
        assert_eq!(
            [lasted(412), lasted(41_849), lasted(192_000), lasted(7_500_000)],
            ["0.4 s", "41.8 s", "3 min 12 s", "2 h 5 min"]
        );
    }

    #[test]
    fn a_stretch_on_a_card_has_two_digits_at_least() {
        let minute = 60_000;
        assert_eq!(
            [span(0), span(41 * minute), span(156 * minute), span(26 * 60 * minute)],
            ["0 min", "41 min", "2.6 h", "26 h"]
        );
        assert_eq!([span(75 * 60 * minute), span(21 * 24 * 60 * minute)], ["3.1 d", "21 d"]);
    }

    #[test]
    fn a_moment_is_told_in_the_brands_zone_with_its_name() {
        let zone = Zone::named("America/Chicago").unwrap();
        let moment: Timestamp = "2026-03-12T15:30:00Z".parse().unwrap();
        assert_eq!(exact(moment, &zone), "Thu Mar 12, 10:30 AM CDT");
        let later = moment + SignedDuration::from_hours(25);
        assert_eq!(told(moment, later, &zone), "yesterday at 10:30 AM CDT");
        assert_eq!(told(later, moment, &zone), "tomorrow at 11:30 AM CDT");
        assert_eq!(told(moment, moment, &zone), "at 10:30 AM CDT");
    }
}
