//! What one run still grants to a CRM that does not answer: a number of retries, and its patience.
//!
//! Patience counts from the first call after the last right answer, so a run that was busy elsewhere for a while has
//! not lost it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Limits;

#[derive(Debug)]
pub(crate) struct Run {
    retries_left: AtomicUsize,
    unanswered_since: Mutex<Option<Instant>>,
}

/// What a call may still take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// How long it may wait for its turn.
    pub turn: Duration,
    /// How long it may take from its turn on.
    pub call: Duration,
    /// How long turn and call may take together.
    pub both: Duration,
    pub may_retry: bool,
}

impl Run {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { retries_left: AtomicUsize::new(limits.max_retries_per_run), unanswered_since: Mutex::new(None) }
    }

    /// A call is about to be asked: patience begins to run, unless it runs already.
    pub(crate) fn asking(&self) {
        self.since().get_or_insert_with(Instant::now);
    }

    pub(crate) fn answered_right(&self) {
        *self.since() = None;
    }

    pub(crate) fn patience_left(&self, limits: &Limits) -> Duration {
        let waited = self.since().map_or(Duration::ZERO, |since| since.elapsed());
        limits.patience.saturating_sub(waited)
    }

    pub(crate) fn retries_left(&self) -> usize {
        self.retries_left.load(Relaxed)
    }

    /// False if another call of the run took the last one.
    pub(crate) fn take_retry(&self) -> bool {
        self.retries_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.unanswered_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's share of the patience that is left; its last try when there is none.
pub(crate) fn allowance(limits: &Limits, patience_left: Duration, single_try: bool) -> Allowance {
    if single_try || patience_left.is_zero() {
        let last = limits.last_try;
        return Allowance { turn: last, call: last.min(limits.whole), both: last, may_retry: false };
    }
    let left = patience_left.max(limits.shortest_call);
    Allowance { turn: left, call: left.min(limits.whole), both: left + limits.shortest_call, may_retry: true }
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
    #[case::told_to_try_once(90, true, 10, 10, false)]
    fn a_call_gets_what_patience_is_left(
        #[case] left: u64,
        #[case] single: bool,
        #[case] turn: u64,
        #[case] call: u64,
        #[case] may_retry: bool,
    ) {
        let allowed = allowance(&Limits::default(), Duration::from_secs(left), single);
        assert_eq!((allowed.turn.as_secs(), allowed.call.as_secs(), allowed.may_retry), (turn, call, may_retry));
    }

    #[tokio::test]
    async fn patience_runs_from_the_first_unanswered_call() {
        let pause = Duration::from_millis(30);
        let limits = Limits::default();
        let run = Run::new(&limits);
        sleep(pause).await;
        assert_eq!(run.patience_left(&limits), limits.patience);
        run.asking();
        sleep(pause).await;
        run.asking();
        assert!(run.patience_left(&limits) <= limits.patience - pause);
        run.answered_right();
        assert_eq!(run.patience_left(&limits), limits.patience);
    }

    #[test]
    fn a_run_has_so_many_retries() {
        let run = Run::new(&Limits { max_retries_per_run: 1, ..Limits::default() });
        assert!(run.take_retry());
        assert!(!run.take_retry());
        assert_eq!(run.retries_left(), 0);
    }
}
