//! When an appointment takes place, and on which days.
//!
//! A timed appointment is on the days of the viewer's zone. An all-day appointment is on the days the CRM names, in any zone.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::EpochMs;
use crate::calendar::plus;
use crate::plausible::can_last;
use crate::zone::{Zone, monday_of};

/// When an appointment takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppointmentTime {
    /// From start to end. Without an end, or with an end before the start, it ends when it starts.
    Timed { starts: Timestamp, ends: Timestamp },
    /// All day, from the first day to the last, both included.
    Days { first: Date, last: Date },
}

impl AppointmentTime {
    /// The time of a CRM row; `None` without a readable start. `source` is the zone of the CRM's times.
    pub fn of(all_day: bool, starts_ms: Option<EpochMs>, ends_ms: Option<EpochMs>, source: &Zone) -> Option<Self> {
        let starts = starts_ms?.timestamp()?;
        // An end decades later is a typing mistake.
        let ends_ms = ends_ms.filter(|ends_ms| can_last(starts.into(), *ends_ms));
        let ends = ends_ms.and_then(EpochMs::timestamp).unwrap_or(starts).max(starts);
        Some(match all_day {
            true => Self::Days { first: source.date(starts), last: source.date(ends) },
            false => Self::Timed { starts, ends },
        })
    }

    /// Whether it is an all-day appointment.
    pub fn is_all_day(self) -> bool {
        matches!(self, Self::Days { .. })
    }

    /// The first and last day in a zone. An appointment that ends at midnight is not on the day that begins then.
    pub fn days(self, zone: &Zone) -> (Date, Date) {
        match self {
            Self::Days { first, last } => (first, last),
            Self::Timed { starts, ends } if ends > starts => {
                let last_moment = ends.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(ends);
                (zone.date(starts), zone.date(last_moment))
            }
            Self::Timed { starts, .. } => (zone.date(starts), zone.date(starts)),
        }
    }

    /// Whether it takes place on a day, at least in part.
    pub fn touches(self, day: Date, zone: &Zone) -> bool {
        let (first, last) = self.days(zone);
        first <= day && day <= last
    }

    /// When it starts. An all-day appointment starts with its first day in the zone.
    pub fn start(self, zone: &Zone) -> Timestamp {
        match self {
            Self::Days { first, .. } => zone.start_of(first),
            Self::Timed { starts, .. } => starts,
        }
    }

    /// When it ends. An all-day appointment ends with its last day in the zone.
    pub fn end(self, zone: &Zone) -> Timestamp {
        match self {
            Self::Days { last, .. } => zone.start_of(plus(last, 1)),
            Self::Timed { ends, .. } => ends,
        }
    }
}

/// How near an appointment is, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nearness {
    /// At least in part today, even if it is over.
    Today,
    Tomorrow,
    /// By Sunday.
    ThisWeek,
    Later,
    /// The last day is before today.
    Past,
}

impl Nearness {
    /// All groups, in display order.
    pub const ALL: [Self; 5] = [Self::Today, Self::Tomorrow, Self::ThisWeek, Self::Later, Self::Past];

    /// The group of an appointment's first and last day.
    pub fn of((first, last): (Date, Date), today: Date) -> Self {
        let sunday = plus(monday_of(today), 6);
        match () {
            () if last < today => Self::Past,
            () if first <= today => Self::Today,
            () if first == plus(today, 1) => Self::Tomorrow,
            () if first <= sunday => Self::ThisWeek,
            () => Self::Later,
        }
    }

    /// Its label on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Tomorrow => "Tomorrow",
            Self::ThisWeek => "This week",
            Self::Later => "Later",
            Self::Past => "Past",
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap()
    }

    fn ms(text: &str) -> Option<EpochMs> {
        Some(text.parse::<Timestamp>().unwrap().into())
    }

    #[rstest]
    #[case::an_hour("2026-03-12T15:30:00Z", Some("2026-03-12T16:30:00Z"), date(2026, 3, 12), date(2026, 3, 12))]
    #[case::without_an_end("2026-03-12T15:30:00Z", None, date(2026, 3, 12), date(2026, 3, 12))]
    #[case::ends_before_it_starts("2026-03-12T15:30:00Z", Some("2026-03-01T00:00:00Z"), date(2026, 3, 12), date(2026, 3, 12))]
    #[case::late_is_the_day_before_utcs(
        "2026-03-13T03:00:00Z",
        Some("2026-03-13T04:00:00Z"),
        date(2026, 3, 12),
        date(2026, 3, 12)
    )]
    #[case::across_midnight("2026-03-13T04:00:00Z", Some("2026-03-13T06:00:00Z"), date(2026, 3, 12), date(2026, 3, 13))]
    #[case::until_midnight("2026-03-13T04:00:00Z", Some("2026-03-13T05:00:00Z"), date(2026, 3, 12), date(2026, 3, 12))]
    #[case::three_days("2026-03-12T15:00:00Z", Some("2026-03-14T22:00:00Z"), date(2026, 3, 12), date(2026, 3, 14))]
    #[case::the_day_of_23_hours("2026-03-08T06:00:00Z", Some("2026-03-09T05:00:00Z"), date(2026, 3, 8), date(2026, 3, 8))]
    #[case::the_day_of_25_hours("2026-11-01T05:00:00Z", Some("2026-11-02T06:00:00Z"), date(2026, 11, 1), date(2026, 11, 1))]
    #[case::in_1900("1900-01-01T18:00:00Z", None, date(1900, 1, 1), date(1900, 1, 1))]
    #[case::in_2099("2099-12-31T18:00:00Z", Some("2100-01-01T18:00:00Z"), date(2099, 12, 31), date(2100, 1, 1))]
    fn a_timed_appointment_is_on_the_days_of_the_viewers_zone(
        #[case] starts: &str,
        #[case] ends: Option<&str>,
        #[case] first: Date,
        #[case] last: Date,
    ) {
        let chicago = zone("America/Chicago");
        let time = AppointmentTime::of(false, ms(starts), ends.and_then(ms), &zone("Asia/Tokyo")).unwrap();
        assert_eq!(time.days(&chicago), (first, last));
        assert!(time.end(&chicago) >= time.start(&chicago));
    }

    #[test]
    fn an_all_day_appointment_is_on_the_crms_days_whatever_the_zone() {
        // Midnight in Tokyo is the day before in Chicago.
        let (tokyo, chicago) = (zone("Asia/Tokyo"), zone("America/Chicago"));
        let starts = EpochMs::from(tokyo.start_of(date(2026, 3, 12)));
        let ends = EpochMs::from(tokyo.start_of(date(2026, 3, 13)));
        let one = AppointmentTime::of(true, Some(starts), None, &tokyo).unwrap();
        assert_eq!(one.days(&chicago), (date(2026, 3, 12), date(2026, 3, 12)));
        assert_eq!(one.end(&chicago), chicago.start_of(date(2026, 3, 13)));
        let two = AppointmentTime::of(true, Some(starts), Some(ends), &tokyo).unwrap();
        assert_eq!(two.days(&chicago), (date(2026, 3, 12), date(2026, 3, 13)));
        let backwards = AppointmentTime::of(true, Some(ends), Some(starts), &tokyo).unwrap();
        assert_eq!(backwards.days(&chicago), (date(2026, 3, 13), date(2026, 3, 13)));
    }

    #[test]
    fn an_appointment_without_a_readable_start_has_no_time() {
        assert_eq!(AppointmentTime::of(false, None, ms("2026-03-12T15:30:00Z"), &Zone::utc()), None);
        assert_eq!(AppointmentTime::of(false, Some(EpochMs::MAX), None, &Zone::utc()), None);
    }

    /// Thursday, March 12: the week ends on the 15th.
    #[rstest]
    #[case::yesterday(date(2026, 3, 11), date(2026, 3, 11), Nearness::Past)]
    #[case::today(date(2026, 3, 12), date(2026, 3, 12), Nearness::Today)]
    #[case::under_way(date(2026, 3, 10), date(2026, 3, 20), Nearness::Today)]
    #[case::tomorrow(date(2026, 3, 13), date(2026, 3, 14), Nearness::Tomorrow)]
    #[case::sunday(date(2026, 3, 15), date(2026, 3, 15), Nearness::ThisWeek)]
    #[case::monday(date(2026, 3, 16), date(2026, 3, 16), Nearness::Later)]
    #[case::long_ago(date(1900, 1, 1), date(1900, 1, 1), Nearness::Past)]
    #[case::far_off(date(2099, 1, 1), date(2099, 1, 1), Nearness::Later)]
    fn appointments_are_grouped_by_how_near_they_are(#[case] first: Date, #[case] last: Date, #[case] expected: Nearness) {
        assert_eq!(Nearness::of((first, last), date(2026, 3, 12)), expected);
    }

    #[test]
    fn on_a_sunday_tomorrow_is_in_the_next_week() {
        let sunday = date(2026, 3, 15);
        assert_eq!(Nearness::of((date(2026, 3, 16), date(2026, 3, 16)), sunday), Nearness::Tomorrow);
        assert_eq!(Nearness::of((date(2026, 3, 17), date(2026, 3, 17)), sunday), Nearness::Later);
    }
}
