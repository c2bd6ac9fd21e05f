//! Which dates can be right. A CRM stores what people type, and a note of 2162 is a typing mistake.

use std::ops::RangeInclusive;

use crate::epoch_ms::{DAY, EpochMs};

/// The dates that are plausible at one moment. Others are shown as doubtful, and nothing is concluded from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlausibleDates {
    now: EpochMs,
}

/// Nobody makes an appointment further ahead.
const LONGEST_PLAN: i64 = 2 * 366 * DAY;

/// Nothing in a calendar lasts longer.
const LONGEST_APPOINTMENT: i64 = 366 * DAY;

impl PlausibleDates {
    /// 1990, before any CRM of this kind.
    pub const EARLIEST: EpochMs = EpochMs(631_152_000_000);

    /// A wrong time zone makes at most 14 hours.
    pub const CLOCK_ERROR: i64 = DAY;

    /// As seen at `now`.
    pub fn at(now: impl Into<EpochMs>) -> Self {
        Self { now: now.into() }
    }

    /// When something that has happened can have happened, such as a note or the creation of a contact that is known by now.
    pub fn of_past(self) -> RangeInclusive<EpochMs> {
        Self::EARLIEST..=self.now + Self::CLOCK_ERROR
    }

    /// When something that is planned can take place, such as an appointment.
    pub fn of_plans(self) -> RangeInclusive<EpochMs> {
        Self::EARLIEST..=self.now + LONGEST_PLAN
    }

    /// Whether the date of something that has happened is doubtful. A missing date is not.
    pub fn doubts_past(self, created_ms: Option<EpochMs>) -> bool {
        created_ms.is_some_and(|ms| !self.of_past().contains(&ms))
    }

    /// The date of an appointment that is doubtful: its start, or else its end. Missing ones are not.
    pub fn doubtful_date(self, starts_ms: Option<EpochMs>, ends_ms: Option<EpochMs>) -> Option<EpochMs> {
        let starts_ms = starts_ms?;
        match self.of_plans().contains(&starts_ms) {
            true => ends_ms.filter(|ends_ms| !can_last(starts_ms, *ends_ms)),
            false => Some(starts_ms),
        }
    }
}

/// Whether the date of a contact's creation is doubtful: it was created when it was first read, at the latest.
pub fn doubts_creation(created_ms: Option<EpochMs>, first_seen_ms: EpochMs) -> bool {
    PlausibleDates::at(first_seen_ms).doubts_past(created_ms)
}

/// Whether an appointment can last from one moment to another.
pub fn can_last(starts_ms: EpochMs, ends_ms: EpochMs) -> bool {
    ends_ms - starts_ms <= LONGEST_APPOINTMENT
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::yesterday("2026-11-18T09:00:00Z", false, false)]
    #[case::another_zone("2026-11-20T05:00:00Z", false, false)]
    #[case::the_day_after_tomorrow("2026-11-21T09:00:00Z", true, false)]
    #[case::next_year("2027-11-19T09:00:00Z", true, false)]
    #[case::in_three_years("2029-11-19T09:00:00Z", true, true)]
    #[case::a_typing_mistake("2162-11-19T09:00:00Z", true, true)]
    #[case::before_computers("1926-11-19T09:00:00Z", true, true)]
    #[case::year_one("0001-01-01T00:00:00Z", true, true)]
    fn dates_far_from_now_are_doubtful(#[case] date: jiff::Timestamp, #[case] note: bool, #[case] appointment: bool) {
        let dates = PlausibleDates::at("2026-11-19T16:30:00Z".parse::<jiff::Timestamp>().unwrap());
        assert_eq!(
            (dates.doubts_past(Some(date.into())), dates.doubtful_date(Some(date.into()), None).is_some()),
            (note, appointment)
        );
        assert!(!dates.doubts_past(None) && dates.doubtful_date(None, Some(date.into())).is_none());
    }

    #[test]
    fn an_appointment_that_lasts_for_decades_has_a_doubtful_end() {
        let at = |text: &str| Some(EpochMs::from(text.parse::<jiff::Timestamp>().unwrap()));
        let (starts_ms, ends_ms) = (at("2026-11-20T15:00:00Z"), at("2162-12-01T15:00:00Z"));
        let dates = PlausibleDates::at(starts_ms.unwrap());
        assert_eq!(dates.doubtful_date(starts_ms, ends_ms), ends_ms);
        assert_eq!(dates.doubtful_date(starts_ms, at("2027-01-20T15:00:00Z")), None);
        let when = crate::AppointmentTime::of(false, starts_ms, ends_ms, &crate::Zone::named("UTC").unwrap());
        let starts = starts_ms.and_then(EpochMs::timestamp).unwrap();
        assert_eq!(when, Some(crate::AppointmentTime::Timed { starts, ends: starts }));
    }
}
