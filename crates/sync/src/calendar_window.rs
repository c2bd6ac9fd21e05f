//! The part of an account's calendar that a run reads.

use jiff::civil::DateTime;
use jiff::{Span, Timestamp};
use tetherboard_clienttether::ReadEvents;
use tetherboard_domain::{CALENDAR_READ_DAYS, EpochMs, SourceTime};
use tetherboard_store::records::Scope;

/// A window of whole days around today, in the account's time zone.
pub(crate) struct CalendarWindow {
    from: DateTime,
    until: DateTime,
    source_time: SourceTime,
}

impl CalendarWindow {
    /// The window around `now`.
    pub(crate) fn around(source_time: &SourceTime, now: Timestamp) -> Self {
        let today = source_time.0.date(now);
        let day = |days: i64| today.saturating_add(Span::new().days(days));
        let (back, ahead) = CALENDAR_READ_DAYS;
        let (from, until) = (day(-back).at(0, 0, 0, 0), day(ahead).at(23, 59, 59, 0));
        Self { from, until, source_time: source_time.clone() }
    }

    /// The request for the window's appointments.
    pub(crate) fn request(&self) -> ReadEvents {
        ReadEvents::between(self.from, self.until)
    }

    /// Where a missing appointment counts as missing: a day less at each end, because the CRM's time zone may differ from
    /// the one we assume.
    pub(crate) fn scope(&self) -> Scope {
        let moment = |local: DateTime, days: i64| self.source_time.moment_ms(local.saturating_add(Span::new().days(days)));
        Scope::Starting {
            from_ms: moment(self.from, 1).unwrap_or(EpochMs::MAX),
            until_ms: moment(self.until, -1).unwrap_or(EpochMs::MIN),
        }
    }
}
