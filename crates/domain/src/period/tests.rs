//! Tests of periods, slots, and weeks, including the days when clocks change.

use jiff::civil::date;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

fn resolved(period: Period, zone: &Zone, now: &str) -> ResolvedPeriod {
    period.resolve(zone, at(now), at(now)).unwrap()
}

#[test]
fn the_week_is_half_an_hour_old_on_monday_at_half_past_midnight() {
    for (name, now) in [
        ("America/Chicago", "2026-03-09T05:30:00Z"),
        ("Asia/Kathmandu", "2026-03-08T18:45:00Z"),
        ("Pacific/Auckland", "2026-03-08T11:30:00Z"),
    ] {
        let window = resolved(Period::WeekToDate, &zone(name), now).window;
        assert_eq!(window.until.duration_since(window.from).as_mins(), 30, "{name}");
    }
}

#[test]
fn the_weeks_in_which_clocks_change_are_an_hour_short_or_an_hour_long() {
    let zone = zone("America/Chicago");
    let hours = |now| {
        let week = Week::containing(at(now), &zone).window;
        week.until.duration_since(week.from).as_hours()
    };
    assert_eq!(hours("2026-03-05T12:00:00Z"), 7 * 24 - 1);
    assert_eq!(hours("2026-10-28T12:00:00Z"), 7 * 24 + 1);
}

#[test]
fn the_previous_week_is_cut_at_the_same_local_time_across_a_clock_change() {
    let zone = zone("America/Chicago");
    let week = resolved(Period::WeekToDate, &zone, "2026-03-12T15:30:00Z"); // Thursday 10:30 CDT
    let before = week.before(Compare::Previous, &zone).unwrap();
    assert_eq!(before.from.to_string(), "2026-03-02T06:00:00Z"); // Monday 00:00 CST
    assert_eq!(before.until.to_string(), "2026-03-05T16:30:00Z"); // Thursday 10:30 CST
    let year = week.before(Compare::YearBefore, &zone).unwrap();
    assert_eq!(year.from.to_string(), "2025-03-10T05:00:00Z"); // a Monday too
}

#[test]
fn a_period_without_data_has_no_window() {
    let zone = zone("America/Chicago");
    let (now, as_of) = (at("2026-03-10T12:00:00Z"), at("2026-03-08T12:00:00Z"));
    assert_eq!(Period::WeekToDate.resolve(&zone, now, as_of), None);
    let last_week = Period::LastWeek.resolve(&zone, now, as_of).unwrap();
    assert!(last_week.open, "its Sunday afternoon has no data");
    let next_month = Period::between(date(2026, 4, 1), date(2026, 4, 30)).unwrap();
    assert_eq!(next_month.resolve(&zone, now, now), None);
}

#[test]
fn each_period_begins_and_ends_on_the_days_its_name_says() {
    let zone = zone("America/Chicago");
    // Wednesday, November 4, 2026.
    let days = |period: Period| {
        let resolved = resolved(period, &zone, "2026-11-04T18:00:00Z");
        (resolved.first.to_string(), resolved.last.to_string(), resolved.days())
    };
    let expected = [
        (Period::WeekToDate, "2026-11-02", "2026-11-04", 3),
        (Period::Last7Days, "2026-10-29", "2026-11-04", 7),
        (Period::LastWeek, "2026-10-26", "2026-11-01", 7),
        (Period::MonthToDate, "2026-11-01", "2026-11-04", 4),
        (Period::Last30Days, "2026-10-06", "2026-11-04", 30),
        (Period::Last12Weeks, "2026-08-17", "2026-11-04", 80),
        (Period::Last90Days, "2026-08-07", "2026-11-04", 90),
        (Period::QuarterToDate, "2026-10-01", "2026-11-04", 35),
        (Period::YearToDate, "2026-01-01", "2026-11-04", 308),
        (Period::Last12Months, "2025-11-05", "2026-11-04", 365),
    ];
    for (period, first, last, count) in expected {
        assert_eq!(days(period), (first.to_owned(), last.to_owned(), count), "{period}");
    }
}

#[test]
fn a_year_that_just_began_is_compared_with_the_first_hours_of_the_previous_one() {
    let zone = zone("America/Chicago");
    let year = resolved(Period::YearToDate, &zone, "2027-01-01T07:00:00Z"); // 01:00
    let before = year.before(Compare::Previous, &zone).unwrap();
    assert_eq!(
        (before.from.to_string(), before.until.to_string()),
        ("2026-01-01T06:00:00Z".into(), "2026-01-01T07:00:00Z".into())
    );
}

#[test]
fn a_month_is_compared_with_the_same_days_of_a_shorter_one() {
    let zone = zone("UTC");
    let month = resolved(Period::MonthToDate, &zone, "2026-03-31T10:30:00Z");
    let before = month.before(Compare::Previous, &zone).unwrap();
    assert_eq!(before.until.to_string(), "2026-02-28T10:30:00Z");
}

#[test]
fn periods_survive_a_round_trip_through_a_url_and_other_texts_are_rejected() {
    let custom = Period::between(date(2026, 3, 1), date(2026, 3, 31)).unwrap();
    for period in Period::NAMED.into_iter().chain([custom]) {
        assert_eq!(period.to_string().parse(), Ok(period));
    }
    for bad in ["", "week", "2026-03-01", "2026-03-31..2026-03-01", "2026-02-30..2026-03-01", "0001-01-01..9999-12-31"] {
        assert!(bad.parse::<Period>().is_err(), "{bad}");
    }
}

#[test]
fn the_slots_of_a_period_are_adjacent_and_cover_it() {
    let zone = zone("America/Chicago");
    for period in Period::NAMED {
        let whole = resolved(period, &zone, "2026-11-04T18:00:00Z");
        for bucket in Bucket::ALL {
            let slots = bucket.slots(&whole, &zone);
            let windows: Vec<Window> = slots.iter().map(|slot| slot.window.unwrap()).collect();
            assert_eq!(windows[0].from, whole.window.from, "{period} by {}", bucket.as_str());
            assert_eq!(windows.last().unwrap().until, whole.window.until, "{period} by {}", bucket.as_str());
            assert!(windows.windows(2).all(|two| two[0].until == two[1].from), "{period} by {}", bucket.as_str());
            let (last, before) = slots.split_last().unwrap();
            assert_eq!(last.open, period != Period::LastWeek);
            assert!(before.iter().all(|slot| !slot.open));
        }
    }
}

#[test]
fn a_slot_that_the_period_cuts_says_so_and_one_without_data_has_no_window() {
    let zone = zone("UTC");
    let (now, as_of) = (at("2026-11-20T12:00:00Z"), at("2026-11-07T12:00:00Z"));
    let period = Period::between(date(2026, 11, 4), date(2026, 11, 18)).unwrap().resolve(&zone, now, as_of).unwrap();
    let slots = Bucket::Week.slots(&period, &zone);
    assert_eq!(slots.iter().map(|slot| slot.cut).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(slots.iter().map(|slot| slot.window.is_some()).collect::<Vec<_>>(), [true, false, false]);
    assert!(slots[0].open, "the data ends within it");
}

#[test]
fn weeks_have_iso_names_across_the_year_end() {
    let weeks = weeks_ending_with(at("2027-01-05T12:00:00Z"), &zone("UTC"), 3);
    let names: Vec<String> = weeks.iter().map(|week| week.iso()).collect();
    assert_eq!(names, ["2026-W52", "2026-W53", "2027-W01"]);
    assert_eq!(weeks[0].window.until, weeks[1].window.from);
}
