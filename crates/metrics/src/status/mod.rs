//! A candidate's status, and why a candidate needs attention.
//!
//! Each rule is a function of [`StatusFacts`], as of one moment: the data's, not the visitor's. A rule without its data does not
//! apply: without a calendar there are no booked or missed appointments, and without recently read notes nobody is silent,
//! stalled, or quiet.

mod facts;
mod fdd_clock;
mod reasons;
#[cfg(test)]
mod tests;

pub(crate) use facts::is_due;
pub use facts::{Appointments, LastTouch, StatusFacts, StayStats, UnresolvedAppointment, stall_limit_ms};
pub use fdd_clock::{FDD_CAUTION, FddClock, fdd_clock};
pub use reasons::{Elapsed, Reason, reasons};
use tetherboard_domain::StatusRules;

/// A candidate's status. The first rule that applies decides, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Signed recently: within 30 days by the default rules.
    Awarded,
    /// A past appointment has no outcome, or the close date has passed.
    OverdueAction,
    /// An appointment is booked soon.
    AppointmentBooked,
    /// The FDD waiting period runs.
    WaitingPeriod,
    /// Too long in the stage, without contact or appointments.
    Stalled,
    /// A recent stage change or contact.
    Moving,
    /// None of the above.
    Quiet,
    /// None of the above as far as known, but the notes that would tell were not read recently.
    Unknown,
}

impl Status {
    /// All statuses, in order of precedence.
    pub const ALL: [Self; 8] = [
        Self::Awarded,
        Self::OverdueAction,
        Self::AppointmentBooked,
        Self::WaitingPeriod,
        Self::Stalled,
        Self::Moving,
        Self::Quiet,
        Self::Unknown,
    ];

    /// Its name in URLs and data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Awarded => "awarded",
            Self::OverdueAction => "overdue_action",
            Self::AppointmentBooked => "appointment_booked",
            Self::WaitingPeriod => "waiting_period",
            Self::Stalled => "stalled",
            Self::Moving => "moving",
            Self::Quiet => "quiet",
            Self::Unknown => "unknown",
        }
    }

    /// Its label on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Awarded => "Awarded",
            Self::OverdueAction => "Overdue action",
            Self::AppointmentBooked => "Appointment booked",
            Self::WaitingPeriod => "Waiting period",
            Self::Stalled => "Stalled",
            Self::Moving => "Moving",
            Self::Quiet => "Quiet",
            Self::Unknown => "Unknown",
        }
    }
}

/// Determines a candidate's status.
pub fn status(facts: &StatusFacts, rules: &StatusRules) -> Status {
    match () {
        () if facts.is_awarded(rules) => Status::Awarded,
        () if facts.missed(rules).is_some() || facts.close_date_passed().is_some() => Status::OverdueAction,
        () if facts.is_booked(rules) => Status::AppointmentBooked,
        () if facts.waits().is_some() => Status::WaitingPeriod,
        () if facts.is_stalled(rules) => Status::Stalled,
        () if facts.is_moving(rules) => Status::Moving,
        () if facts.has_recent_notes(rules) => Status::Quiet,
        () => Status::Unknown,
    }
}
