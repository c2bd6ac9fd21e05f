//! When an appointment ends, and what its status says about its outcome.

use tetherboard_domain::{AppointmentTime, EpochMs};
use tetherboard_store::tenants::Tenant;

/// The definition of a missing outcome, shown on pages.
pub const OUTCOME_RULE: &str = "An appointment has no outcome recorded when its ClientTether status still says it is upcoming \
    (scheduled, confirmed, pending, and similar), or is blank while the brand’s other appointments have a status. A status \
    that is only a number is not interpreted, so the appointment is not counted as overdue.";

/// When an appointment ends. An all-day appointment ends with its last day in the brand's zone; the day itself is the one
/// the CRM names, whatever the zone.
pub(crate) fn ends_ms(all_day: bool, starts_ms: EpochMs, ends_ms: Option<EpochMs>, tenant: &Tenant) -> EpochMs {
    let time = AppointmentTime::of(all_day, Some(starts_ms), ends_ms, &tenant.source_time().0);
    time.map_or(starts_ms, |time| time.end(&tenant.zone).into())
}

/// Whether an appointment is a Discovery Day. The CRM has no type for it, so its title or kind decides.
pub(crate) fn is_discovery_day(title: &str, kind: &str) -> bool {
    [title, kind].iter().any(|text| text.to_lowercase().contains("discovery day"))
}

/// What a past appointment's status says about its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppointmentOutcome {
    /// No outcome recorded: the status still says the appointment is upcoming.
    None,
    /// It took place.
    Held,
    /// Any other outcome, such as a no-show.
    Other,
    /// The status cannot be interpreted.
    Unknown,
}

/// Classifies a status. The CRM documents no list of statuses, so known words decide; see [`OUTCOME_RULE`].
/// `blank_is_none`: a blank status means no outcome, because the brand's other appointments have one.
pub(crate) fn appointment_outcome(status: &str, blank_is_none: bool) -> AppointmentOutcome {
    const UPCOMING: [&str; 12] = [
        "scheduled",
        "rescheduled",
        "confirmed",
        "unconfirmed",
        "booked",
        "pending",
        "open",
        "active",
        "new",
        "tentative",
        "planned",
        "upcoming",
    ];
    const HELD: [&str; 9] = ["completed", "complete", "held", "attended", "showed", "show", "done", "met", "kept"];
    let lower = status.trim().to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    match words[..] {
        [] if blank_is_none => AppointmentOutcome::None,
        [] => AppointmentOutcome::Unknown,
        [number] if number.chars().all(|c| c.is_ascii_digit()) => AppointmentOutcome::Unknown,
        _ if has(&["no", "not", "never"]) => AppointmentOutcome::Other,
        _ if has(&HELD) => AppointmentOutcome::Held,
        _ if has(&UPCOMING) => AppointmentOutcome::None,
        _ => AppointmentOutcome::Other,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::planned("Scheduled", AppointmentOutcome::None)]
    #[case::moved("rescheduled by client", AppointmentOutcome::None)]
    #[case::held("Completed", AppointmentOutcome::Held)]
    #[case::absent("No Show", AppointmentOutcome::Other)]
    #[case::not_held("Not completed", AppointmentOutcome::Other)]
    #[case::unknown("Left voicemail", AppointmentOutcome::Other)]
    #[case::a_number("1", AppointmentOutcome::Unknown)]
    fn the_status_decides_the_outcome(#[case] status: &str, #[case] expected: AppointmentOutcome) {
        assert_eq!(appointment_outcome(status, true), expected);
    }

    #[test]
    fn a_blank_status_means_no_outcome_only_where_other_appointments_have_one() {
        assert_eq!(
            (appointment_outcome(" ", true), appointment_outcome("", false)),
            (AppointmentOutcome::None, AppointmentOutcome::Unknown)
        );
    }
}
