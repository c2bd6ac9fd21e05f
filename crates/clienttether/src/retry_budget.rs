//! What one run may spend on a CRM that does not respond: a number of retries, and a total time.
//!
//! The time counts from the first call after the last successful response, so a run that was busy elsewhere loses none of it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Limits;

/// The retries and the outage tolerance that one run has left.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    retries_left: AtomicUsize,
    /// When the first call after the last successful response started.
    outage_began: Mutex<Option<Instant>>,
}

/// The time limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallLimits {
    /// How long the call may wait for a permit of the token's budget.
    pub permit: Duration,
    /// How long the call itself may take.
    pub call: Duration,
    /// How long both may take together.
    pub total: Duration,
    pub may_retry: bool,
}

impl RetryBudget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { retries_left: AtomicUsize::new(limits.max_retries_per_run), outage_began: Mutex::new(None) }
    }

    /// Records that a call starts: time now counts against the outage tolerance.
    pub(crate) fn call_started(&self) {
        self.outage_began().get_or_insert_with(Instant::now);
    }

    /// Records a successful response, which restores the full outage tolerance.
    pub(crate) fn call_succeeded(&self) {
        *self.outage_began() = None;
    }

    /// How much longer the run tolerates calls that do not succeed.
    pub(crate) fn outage_tolerance_left(&self, limits: &Limits) -> Duration {
        let elapsed = self.outage_began().map_or(Duration::ZERO, |began| began.elapsed());
        limits.outage_tolerance.saturating_sub(elapsed)
    }

    /// How many retries the run has left.
    pub(crate) fn retries_left(&self) -> usize {
        self.retries_left.load(Relaxed)
    }

    /// Uses up one retry. False if none is left; another call of the run may have taken it.
    pub(crate) fn take_retry(&self) -> bool {
        self.retries_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn outage_began(&self) -> MutexGuard<'_, Option<Instant>> {
        self.outage_began.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's time limits, given how much outage tolerance is left. Once it is used up, each call is tried only once.
pub(crate) fn call_limits(limits: &Limits, outage_tolerance_left: Duration, single_try: bool) -> CallLimits {
    if single_try || outage_tolerance_left.is_zero() {
        let timeout = limits.single_try_timeout;
        return CallLimits { permit: timeout, call: timeout.min(limits.total), total: timeout, may_retry: false };
    }
    let left = outage_tolerance_left.max(limits.min_call_timeout);
    CallLimits { permit: left, call: left.min(limits.total), total: left + limits.min_call_timeout, may_retry: true }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tokio::time::sleep;

    use super::*;

    #[rstest]
    #[case::fresh(90, false, 90, 60, true)]
    #[case::half_spent(45, false, 45, 45, true)]
    #[case::nearly_spent(2, false, 5, 5, true)]
    #[case::spent(0, false, 10, 10, false)]
    #[case::single_try(90, true, 10, 10, false)]
    fn a_call_gets_the_outage_tolerance_that_is_left(
        #[case] left: u64,
        #[case] single: bool,
        #[case] permit: u64,
        #[case] call: u64,
        #[case] may_retry: bool,
    ) {
        let limits = call_limits(&Limits::default(), Duration::from_secs(left), single);
        assert_eq!((limits.permit.as_secs(), limits.call.as_secs(), limits.may_retry), (permit, call, may_retry));
    }

    #[tokio::test]
    async fn an_outage_begins_with_the_first_failed_call() {
        let pause = Duration::from_millis(30);
        let limits = Limits::default();
        let budget = RetryBudget::new(&limits);
        sleep(pause).await;
        assert_eq!(budget.outage_tolerance_left(&limits), limits.outage_tolerance);
        budget.call_started();
        sleep(pause).await;
        budget.call_started();
        assert!(budget.outage_tolerance_left(&limits) <= limits.outage_tolerance - pause);
        budget.call_succeeded();
        assert_eq!(budget.outage_tolerance_left(&limits), limits.outage_tolerance);
    }

    #[test]
    fn a_run_has_a_limited_number_of_retries() {
        let budget = RetryBudget::new(&Limits { max_retries_per_run: 1, ..Limits::default() });
        assert!(budget.take_retry());
        assert!(!budget.take_retry());
        assert_eq!(budget.retries_left(), 0);
    }
}
