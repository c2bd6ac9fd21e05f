//! Which dates can be right. A CRM stores what people type, and a note of 2162 is a typing mistake.

use std::ops::RangeInclusive;

use crate::epoch_ms::{DAY, EpochMs};

/// The dates that are plausible at one moment. Others are shown as doubtful, and nothing is concluded from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlausibleDates {
    now: EpochMs,
}

/// 1990, before any CRM of this kind.
const EARLIEST: EpochMs = EpochMs(631_152_000_000);

/// A wrong time zone makes at most 14 hours.
const CLOCK_ERROR: i64 = DAY;

/// Nobody makes an appointment further ahead.
const LONGEST_PLAN: i64 = 2 * 366 * DAY;

impl PlausibleDates {
    /// As seen at `now`.
    pub fn at(now: impl Into<EpochMs>) -> Self {
        Self { now: now.into() }
    }

    /// When something that has happened can have happened, such as a note or the creation of a contact that is known by now.
    pub fn of_past(self) -> RangeInclusive<EpochMs> {
        EARLIEST..=self.now + CLOCK_ERROR
    }

    /// When something that is planned can take place, such as an appointment.
    pub fn of_plans(self) -> RangeInclusive<EpochMs> {
        EARLIEST..=self.now + LONGEST_PLAN
    }

    /// Whether the date of something that has happened is doubtful. A missing date is not.
    pub fn doubts_past(self, created_ms: Option<EpochMs>) -> bool {
        created_ms.is_some_and(|ms| !self.of_past().contains(&ms))
    }

    /// Whether an appointment's start is doubtful. A missing start is not.
    pub fn doubts_appointment(self, starts_ms: Option<EpochMs>) -> bool {
        starts_ms.is_some_and(|ms| !self.of_plans().contains(&ms))
    }
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
        assert_eq!((dates.doubts_past(Some(date.into())), dates.doubts_appointment(Some(date.into()))), (note, appointment));
        assert!(!dates.doubts_past(None) && !dates.doubts_appointment(None));
    }
}
