//! Decides whether a list was read completely: from one pass or, if its total or its end says otherwise, from two. Pure, because
//! a wrong decision removes records, or hides the age of the data for good.

use std::collections::HashSet;

use tetherboard_clienttether::{IncompleteReason, ReadOutcome};
use tetherboard_domain::FaultClass;
use tetherboard_store::runs::RunError;

use crate::capture::{client_error, count};
use crate::dedup::Fingerprint;

/// Whether a list should be read once more, immediately. `accepted_shortfall` is the confirmed difference from its total.
pub(crate) fn needs_second_pass(outcome: &ReadOutcome, accepted_shortfall: Option<i64>) -> bool {
    match outcome.incomplete_reason {
        Some(IncompleteReason::ShortOfTotal { .. }) => {
            !leaves_rows_out(outcome) && (accepted_shortfall.is_none() || accepted_shortfall != shortfall(outcome))
        }
        Some(IncompleteReason::RepeatedPage) => true,
        Some(IncompleteReason::Fault | IncompleteReason::Abandoned) | None => false,
    }
}

/// Whether the CRM says that there are rows and gives none, which is a fault and not an empty list.
fn leaves_rows_out(outcome: &ReadOutcome) -> bool {
    outcome.distinct == 0 && shortfall(outcome).is_some() && !outcome.said_empty
}

/// How many records the list falls short of its total; `None` if it does not.
pub(crate) fn shortfall(outcome: &ReadOutcome) -> Option<i64> {
    let total = i64::try_from(outcome.total?).unwrap_or(i64::MAX);
    Some(total - count(outcome.distinct)).filter(|shortfall| *shortfall > 0)
}

/// A second pass over a list, and whether it gave the same records as the first.
pub(crate) struct SecondPass<'a> {
    pub(crate) outcome: &'a ReadOutcome,
    pub(crate) same_records: bool,
}

impl<'a> SecondPass<'a> {
    /// Compares the records of two passes.
    pub(crate) fn of(outcome: &'a ReadOutcome, first: &HashSet<Fingerprint>, second: &HashSet<Fingerprint>) -> Self {
        Self { outcome, same_records: first == second }
    }
}

/// Why a read was not complete; `None` if it was.
pub(crate) fn problem(first: &ReadOutcome, second: Option<&SecondPass<'_>>, accepted_shortfall: Option<i64>) -> Option<RunError> {
    if let Some(fault) = first.fault.as_ref().or_else(|| second?.outcome.fault.as_ref()) {
        return Some(client_error(fault));
    }
    let is_accepted = match second {
        Some(second) => second.same_records,
        None => first.complete || !leaves_rows_out(first) && !needs_second_pass(first, accepted_shortfall),
    };
    let message = match first.incomplete_reason {
        _ if is_accepted => return None,
        Some(IncompleteReason::RepeatedPage) => {
            format!("the list kept returning the same page; it gave {} records", first.distinct)
        }
        _ if second.is_some() => format!(
            "the list ended after {} of {} records, and gave other records when it was read again",
            first.distinct,
            first.total.unwrap_or_default()
        ),
        _ => format!("the list ended after {} of {} records", first.distinct, first.total.unwrap_or_default()),
    };
    Some(RunError::new(FaultClass::Body, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn outcome(distinct: usize, total: Option<u64>) -> ReadOutcome {
        let short = total.is_some_and(|total| (distinct as u64) < total);
        let reason = short.then(|| IncompleteReason::ShortOfTotal { distinct, total: total.unwrap_or_default() });
        ReadOutcome {
            complete: reason.is_none(),
            pages: 2,
            rows: distinct,
            distinct,
            listed: distinct,
            repeated: 0,
            repeats_page: false,
            said_empty: false,
            total,
            retries: 0,
            fault: None,
            unreadable: None,
            incomplete_reason: reason,
        }
    }

    fn repeated_page(distinct: usize) -> ReadOutcome {
        let incomplete_reason = Some(IncompleteReason::RepeatedPage);
        ReadOutcome { complete: false, repeats_page: true, incomplete_reason, ..outcome(distinct, None) }
    }

    #[rstest]
    #[case::as_many_as_the_total(outcome(5, Some(5)), None, false)]
    #[case::more_than_the_total(outcome(5, Some(3)), None, false)]
    #[case::unknown_total(outcome(5, None), None, false)]
    #[case::short_for_the_first_time(outcome(5, Some(7)), None, true)]
    #[case::short_as_before(outcome(5, Some(7)), Some(2), false)]
    #[case::short_as_before_with_one_record_less(outcome(4, Some(6)), Some(2), false)]
    #[case::shorter_than_before(outcome(4, Some(7)), Some(2), true)]
    #[case::less_short_than_before(outcome(6, Some(7)), Some(2), true)]
    #[case::rows_left_out(outcome(0, Some(7)), None, false)]
    #[case::empty_by_its_own_words(ReadOutcome { said_empty: true, ..outcome(0, Some(7)) }, None, true)]
    #[case::repeated_page(repeated_page(100), None, true)]
    #[case::repeated_page_again(repeated_page(100), Some(2), true)]
    fn a_list_is_read_again_when_its_total_or_its_end_is_new(
        #[case] outcome: ReadOutcome,
        #[case] accepted: Option<i64>,
        #[case] expected: bool,
    ) {
        assert_eq!(needs_second_pass(&outcome, accepted), expected);
    }

    #[rstest]
    #[case::complete(outcome(5, Some(5)), None, None, true)]
    #[case::both_passes_gave_the_same(outcome(5, Some(7)), Some(true), None, true)]
    #[case::the_passes_differ(outcome(5, Some(7)), Some(false), Some(1), false)]
    #[case::accepted_before(outcome(5, Some(7)), None, Some(2), true)]
    #[case::rows_left_out(outcome(0, Some(7)), None, None, false)]
    #[case::rows_left_out_of_a_list_with_an_accepted_difference(outcome(0, Some(7)), None, Some(7), false)]
    #[case::a_list_that_repeats_its_last_page(repeated_page(300), Some(true), None, true)]
    #[case::a_crm_that_is_stuck_on_a_page(repeated_page(100), Some(false), None, false)]
    fn a_read_is_complete_when_the_evidence_says_so(
        #[case] first: ReadOutcome,
        #[case] same_records: Option<bool>,
        #[case] accepted: Option<i64>,
        #[case] expected: bool,
    ) {
        let second_outcome = outcome(5, None);
        let second = same_records.map(|same_records| SecondPass { outcome: &second_outcome, same_records });
        assert_eq!(problem(&first, second.as_ref(), accepted).is_none(), expected);
    }
}
