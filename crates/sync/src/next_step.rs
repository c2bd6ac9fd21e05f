//! Decides what a run does next from the reports so far. Pure, so that the whole policy is tested as a table.

use tetherboard_domain::{Dataset, DatasetStatus, FaultClass};
use tetherboard_store::runs::DatasetReport;

/// After this many failed reads in a row, the CRM may be down altogether.
const MAX_FAILURES_IN_A_ROW: usize = 2;

/// Notes take hundreds of requests: none are made if this many datasets before them failed.
const FAILURES_BEFORE_NOTES: usize = 3;

/// What a run does next. Every index is a position in the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Read and apply this dataset.
    Read(usize),
    /// Request every waiting list from this one on once; those that fail are not read.
    Probe(usize),
    /// End the run: every dataset that is still waiting fails because of the error of dataset `cause`.
    Stop { cause: usize, reason: StopReason },
    /// Every dataset has been read or has failed.
    Finish,
}

/// Why a run ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The CRM refused the token or the web key.
    Refused,
    /// The CRM asked for a longer wait than a run can make.
    AskedToWait,
    /// The datasets before the notes failed.
    Unresponsive,
}

/// The next step of a run with these reports, in the order of the datasets. `probed_from` is the index of the latest
/// [`NextStep::Probe`], 0 before the first: failures before it do not call for another one.
pub(crate) fn next_step(reports: &[DatasetReport], probed_from: usize) -> NextStep {
    let was_read = |report: &DatasetReport| report.started_ms.is_some();
    let stop = reports.iter().enumerate().find_map(|(cause, report)| {
        // A probe makes a single attempt, so its error does not end the run.
        let reason = was_read(report).then(|| stop_reason(report)).flatten()?;
        Some(NextStep::Stop { cause, reason })
    });
    if let Some(stop) = stop {
        return stop;
    }
    let Some(next) = reports.iter().position(|report| report.status == DatasetStatus::Waiting) else {
        return NextStep::Finish;
    };
    let has_failed = |report: &&DatasetReport| report.status == DatasetStatus::Failed;
    let since_probe = reports.get(probed_from..next).unwrap_or_default();
    let failures = since_probe.iter().rev().filter(|report| was_read(report)).take_while(has_failed).count();
    if failures >= MAX_FAILURES_IN_A_ROW {
        return NextStep::Probe(next);
    }
    let mut latest = reports[..next].iter().rev().take(FAILURES_BEFORE_NOTES);
    if reports[next].dataset == Dataset::Notes && latest.all(|report| has_failed(&report)) {
        let cause = reports[..next].iter().rposition(|report| report.error.is_some());
        return cause.map_or(NextStep::Finish, |cause| NextStep::Stop { cause, reason: StopReason::Unresponsive });
    }
    NextStep::Read(next)
}

fn stop_reason(report: &DatasetReport) -> Option<StopReason> {
    let error = report.error.as_ref()?;
    match error.class {
        FaultClass::Credentials => Some(StopReason::Refused),
        _ => error.retry_after.map(|_| StopReason::AskedToWait),
    }
}

#[cfg(test)]
mod tests {
    use std::iter;
    use std::time::Duration;

    use rstest::rstest;
    use tetherboard_domain::EpochMs;
    use tetherboard_store::runs::RunError;

    use super::NextStep::{Finish, Probe, Read, Stop};
    use super::StopReason::{AskedToWait, Refused, Unresponsive};
    use super::*;

    /// One letter per dataset: `w`aiting, `s`ucceeded, `p`artial, `F`ailed when read, `X` failed when probed, `R`efused,
    /// `L`ong wait asked for, `Q` long wait asked for when probed, `K` refused when probed, `H`eld.
    fn reports(letters: &str) -> Vec<DatasetReport> {
        let report = |(dataset, letter): (&Dataset, char)| {
            let error = |class| Some(RunError::new(class, "why"));
            let long_wait = |class| error(class).map(|error| RunError { retry_after: Some(Duration::from_secs(900)), ..error });
            let (status, error) = match letter {
                'w' => (DatasetStatus::Waiting, None),
                's' => (DatasetStatus::Succeeded, None),
                'H' => (DatasetStatus::Held, None),
                'p' => (DatasetStatus::Partial, error(FaultClass::Body)),
                'F' | 'X' => (DatasetStatus::Failed, error(FaultClass::Network)),
                'R' | 'K' => (DatasetStatus::Failed, error(FaultClass::Credentials)),
                'L' | 'Q' => (DatasetStatus::Failed, long_wait(FaultClass::Budget)),
                other => panic!("{other}"),
            };
            let started_ms = (!"wXKQ".contains(letter)).then_some(EpochMs(1));
            DatasetReport { status, started_ms, error, ..DatasetReport::waiting(*dataset) }
        };
        iter::zip(Dataset::ALL, letters.chars()).map(report).collect()
    }

    #[rstest]
    #[case::starts_with_the_first_dataset("wwwwwww", 0, Read(0))]
    #[case::skips_finished_datasets("sswwwww", 0, Read(2))]
    #[case::skips_a_dataset_whose_probe_failed("sFFsXww", 3, Read(5))]
    #[case::goes_on_after_one_failure("sFwwwww", 0, Read(2))]
    #[case::goes_on_after_a_partial_read("FpFwwww", 0, Read(3))]
    #[case::probes_after_two_failures_in_a_row("FFwwwww", 0, Probe(2))]
    #[case::two_failures_with_a_success_between_are_not_in_a_row("FsFwwww", 0, Read(3))]
    #[case::reads_what_responded_to_the_probe("FFwwwww", 2, Read(2))]
    #[case::failures_before_a_probe_do_not_count_again("FFFwwww", 2, Read(3))]
    #[case::probes_again_after_two_more_failures("FFFFwww", 2, Probe(4))]
    #[case::a_failed_probe_is_not_a_failed_read("FFXFwww", 2, Read(4))]
    #[case::a_failed_probe_between_two_failed_reads_is_ignored("FFFXFww", 2, Probe(5))]
    #[case::a_held_dataset_is_not_a_failure("sssFHFw", 0, Read(6))]
    #[case::reads_notes_after_two_failures("sssspFw", 0, Read(6))]
    #[case::probes_before_it_decides_about_notes("ssssFFw", 0, Probe(6))]
    #[case::reads_notes_when_one_of_the_last_three_was_read("ssssFFw", 6, Read(6))]
    #[case::reads_no_notes_after_three_failures("sssFFFw", 6, Stop { cause: 5, reason: Unresponsive })]
    #[case::reads_no_notes_when_the_rest_failed_the_probe("sFFXXXw", 3, Stop { cause: 5, reason: Unresponsive })]
    #[case::stops_at_a_refusal("sRwwwww", 0, Stop { cause: 1, reason: Refused })]
    #[case::stops_at_a_long_wait("ssLwwww", 0, Stop { cause: 2, reason: AskedToWait })]
    #[case::stops_at_a_refusal_of_the_last_dataset("ssssssR", 0, Stop { cause: 6, reason: Refused })]
    #[case::a_refused_probe_does_not_stop_the_run("FFwKwww", 2, Read(2))]
    #[case::a_long_wait_asked_of_a_probe_does_not_stop_the_run("FFwQwww", 2, Read(2))]
    #[case::finishes_when_nothing_waits("sspFXss", 3, Finish)]
    fn the_next_step_follows_from_the_reports(#[case] letters: &str, #[case] probed_from: usize, #[case] expected: NextStep) {
        assert_eq!(next_step(&reports(letters), probed_from), expected);
    }
}
