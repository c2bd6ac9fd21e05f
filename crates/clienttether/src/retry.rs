//! Whether and when to retry a call: a pure function, without a clock, IO, or randomness of its own.

use std::time::Duration;

use crate::config::Limits;
use crate::error::Cause;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Our own backoff, which uses up one of the run's retries.
    Backoff(Duration),
    /// The wait that the CRM asked for. It uses up no retry, so a CRM that is merely busy can be read to the end.
    RetryAfter(Duration),
    Stop,
}

/// A failed attempt, and what its run has left.
pub(crate) struct FailedAttempt<'a> {
    /// The first is 1.
    pub attempt: u32,
    pub cause: &'a Cause,
    pub retry_after: Option<Duration>,
    pub retries_left: usize,
    pub outage_tolerance_left: Duration,
    /// A random number from 0 to 1.
    pub jitter: f64,
}

/// Backs off for 1, 2, then 4 units plus up to a quarter of jitter, so that calls that failed together are not retried
/// together. A longer `Retry-After` replaces the backoff; one beyond the limit stops the call.
pub(crate) fn decide(failed: &FailedAttempt<'_>, limits: &Limits) -> Decision {
    if failed.cause.is_permanent() || failed.attempt >= limits.attempts {
        return Decision::Stop;
    }
    let doubled = limits.initial_backoff.saturating_mul(1 << (failed.attempt - 1).min(16));
    let backoff = doubled.mul_f64(1.0 + failed.jitter.clamp(0.0, 1.0) / 4.0);
    let retry_after = failed.retry_after.filter(|wait| !wait.is_zero());
    let wait = backoff.max(retry_after.unwrap_or_default());
    if wait > limits.max_retry_wait || wait >= failed.outage_tolerance_left {
        Decision::Stop
    } else if retry_after.is_some() {
        Decision::RetryAfter(wait)
    } else if failed.retries_left > 0 {
        Decision::Backoff(wait)
    } else {
        Decision::Stop
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Decision::{Backoff, RetryAfter, Stop};
    use super::*;
    use crate::result_code::ResultCode;

    const S: Duration = Duration::from_secs(1);

    fn status(status: u16) -> Cause {
        if status == 429 { Cause::RateLimited { status } } else { Cause::HttpStatus { status } }
    }

    fn code(code: u32) -> Cause {
        Cause::ResultCode { code: ResultCode(code), message: String::new() }
    }

    #[rstest]
    #[case::first(1, status(503), None, 20, 90, Backoff(S))]
    #[case::second(2, status(503), None, 20, 90, Backoff(2 * S))]
    #[case::third(3, status(503), None, 20, 90, Backoff(4 * S))]
    #[case::fourth_is_the_last(4, status(503), None, 20, 90, Stop)]
    #[case::run_has_no_retries_left(1, status(503), None, 0, 90, Stop)]
    #[case::run_has_no_outage_tolerance_left(1, status(503), None, 20, 1, Stop)]
    #[case::not_found(1, status(404), None, 20, 90, Stop)]
    #[case::redirect(1, status(301), None, 20, 90, Stop)]
    #[case::refused(1, Cause::Refused { status: 401 }, Some(1), 20, 90, Stop)]
    #[case::asked_to_wait(1, status(429), Some(7), 20, 90, RetryAfter(7 * S))]
    #[case::asked_to_wait_when_no_retries_are_left(1, status(503), Some(7), 0, 90, RetryAfter(7 * S))]
    #[case::asked_to_wait_less_than_the_backoff(3, status(429), Some(1), 20, 90, RetryAfter(4 * S))]
    #[case::asked_to_wait_zero_seconds(3, status(429), Some(0), 20, 90, Backoff(4 * S))]
    #[case::asked_to_wait_a_minute(1, status(429), Some(60), 20, 90, RetryAfter(60 * S))]
    #[case::asked_to_wait_longer(1, status(429), Some(61), 20, 90, Stop)]
    #[case::asked_to_wait_longer_than_the_outage_tolerance(1, status(429), Some(60), 20, 30, Stop)]
    #[case::unknown_error_inside(1, code(500), None, 20, 90, Backoff(S))]
    #[case::key_missing_inside(1, code(501), None, 20, 90, Stop)]
    #[case::truncated_json(1, Cause::NotJson { line: 1, column: 9 }, None, 20, 90, Backoff(S))]
    #[case::timeout(1, Cause::Timeout { waiting_for: "a byte", limit: S }, None, 20, 90, Backoff(S))]
    #[case::too_large(1, Cause::TooLarge { limit: 9 }, None, 20, 90, Stop)]
    fn each_failure_is_retried_or_not(
        #[case] attempt: u32,
        #[case] cause: Cause,
        #[case] retry_after: Option<u64>,
        #[case] retries_left: usize,
        #[case] outage_tolerance_left: u64,
        #[case] decision: Decision,
    ) {
        let retry_after = retry_after.map(Duration::from_secs);
        let outage_tolerance_left = Duration::from_secs(outage_tolerance_left);
        let failed = FailedAttempt { attempt, cause: &cause, retry_after, retries_left, outage_tolerance_left, jitter: 0.0 };
        assert_eq!(decide(&failed, &Limits::default()), decision);
    }

    #[test]
    fn jitter_adds_a_quarter_at_most() {
        let cause = status(503);
        let failed = FailedAttempt {
            attempt: 1,
            cause: &cause,
            retry_after: None,
            retries_left: 1,
            outage_tolerance_left: 90 * S,
            jitter: 1.0,
        };
        assert_eq!(decide(&failed, &Limits::default()), Backoff(Duration::from_millis(1250)));
    }
}
