//! When an appointment is over, and what its status says became of it.

use tetherboard_domain::{EpochMs, Slotted};
use tetherboard_store::tenants::Tenant;

/// What a person is told about outcomes.
pub const OUTCOME_RULE: &str = "An appointment has no outcome when its status in ClientTether still says that it is to come \
    (scheduled, confirmed, pending and the like), or is blank while others of the brand have one. A status that is a bare number \
    tells nothing, so such an appointment is not called overdue.";

/// An appointment of a bare day lasts until that day is over where the brand is. The day is the one that the CRM names, which no
/// zone moves.
pub(crate) fn ends_ms(all_day: bool, starts_ms: EpochMs, ends_ms: Option<EpochMs>, tenant: &Tenant) -> EpochMs {
    let slotted = Slotted::of(all_day, Some(starts_ms), ends_ms, &tenant.source_time().0);
    slotted.map_or(starts_ms, |when| when.over(&tenant.zone).into())
}

/// The CRM has no type for it, so its title or kind tells.
pub(crate) fn is_discovery_day(title: &str, kind: &str) -> bool {
    [title, kind].iter().any(|text| text.to_lowercase().contains("discovery day"))
}

/// What a past appointment's status says became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppointmentOutcome {
    None,
    Held,
    /// Something else, such as that nobody came.
    Other,
    NotTold,
}

/// The CRM lists its words nowhere. Those known to say "to come" tell no outcome, those known to say "took place" tell a touch;
/// see [`OUTCOME_RULE`].
pub(crate) fn appointment_outcome(status: &str, blank_is_none: bool) -> AppointmentOutcome {
    const TO_COME: [&str; 12] = [
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
        [] => AppointmentOutcome::NotTold,
        [number] if number.chars().all(|c| c.is_ascii_digit()) => AppointmentOutcome::NotTold,
        _ if has(&["no", "not", "never"]) => AppointmentOutcome::Other,
        _ if has(&HELD) => AppointmentOutcome::Held,
        _ if has(&TO_COME) => AppointmentOutcome::None,
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
    #[case::a_number("1", AppointmentOutcome::NotTold)]
    fn an_outcome_is_told_by_the_status(#[case] status: &str, #[case] expected: AppointmentOutcome) {
        assert_eq!(appointment_outcome(status, true), expected);
    }

    #[test]
    fn a_blank_status_tells_no_outcome_only_where_others_tell_one() {
        assert_eq!(
            (appointment_outcome(" ", true), appointment_outcome("", false)),
            (AppointmentOutcome::None, AppointmentOutcome::NotTold)
        );
    }
}
