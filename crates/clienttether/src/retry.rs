//! Whether to ask again, and when: a decision without a clock, a network or dice of its own.

use std::time::Duration;

use crate::config::Limits;
use crate::error::Cause;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Our own guess: it costs the run a retry.
    Wait(Duration),
    /// The CRM's wish: obeying it presses nobody, so it costs none. A CRM that is merely busy can be read to the end.
    Obey(Duration),
    Stop,
}

/// What is known when an attempt has failed.
pub(crate) struct Failed<'a> {
    /// The first is 1.
    pub attempt: u32,
    pub cause: &'a Cause,
    pub retry_after: Option<Duration>,
    /// What the run still grants: calls and time.
    pub retries_left: usize,
    pub patience_left: Duration,
    /// 0 to 1, from the dice of the caller.
    pub jitter: f64,
}

/// Waits 1, 2, 4 units and up to a quarter more, so that what failed together does not come back together. A longer
/// wish of the CRM replaces that wait; one that is too long is not waited for.
pub(crate) fn decide(failed: &Failed<'_>, limits: &Limits) -> Decision {
    if failed.cause.is_permanent() || failed.attempt >= limits.attempts {
        return Decision::Stop;
    }
    let doubled = limits.backoff_unit.saturating_mul(1 << (failed.attempt - 1).min(16));
    let backoff = doubled.mul_f64(1.0 + failed.jitter.clamp(0.0, 1.0) / 4.0);
    let wish = failed.retry_after.filter(|wish| !wish.is_zero());
    let wait = backoff.max(wish.unwrap_or_default());
    if wait > limits.longest_wait || wait >= failed.patience_left {
        Decision::Stop
    } else if wish.is_some() {
        Decision::Obey(wait)
    } else if failed.retries_left > 0 {
        Decision::Wait(wait)
    } else {
        Decision::Stop
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Decision::{Obey, Stop, Wait};
    use super::*;
    use crate::envelope::ResultCode;

    const S: Duration = Duration::from_secs(1);

    fn status(status: u16) -> Cause {
        if status == 429 { Cause::AskedToWait { status } } else { Cause::HttpStatus { status } }
    }

    fn code(code: u32) -> Cause {
        Cause::ResultCode { code: ResultCode(code), message: String::new() }
    }

    #[rstest]
    #[case::first(1, status(503), None, 20, 90, Wait(S))]
    #[case::second(2, status(503), None, 20, 90, Wait(2 * S))]
    #[case::third(3, status(503), None, 20, 90, Wait(4 * S))]
    #[case::fourth_is_the_last(4, status(503), None, 20, 90, Stop)]
    #[case::run_has_no_retries_left(1, status(503), None, 0, 90, Stop)]
    #[case::run_has_no_patience_left(1, status(503), None, 20, 1, Stop)]
    #[case::not_found(1, status(404), None, 20, 90, Stop)]
    #[case::redirect(1, status(301), None, 20, 90, Stop)]
    #[case::refused(1, Cause::Refused { status: 401 }, Some(1), 20, 90, Stop)]
    #[case::asked_to_wait(1, status(429), Some(7), 20, 90, Obey(7 * S))]
    #[case::asked_to_wait_when_no_retries_are_left(1, status(503), Some(7), 0, 90, Obey(7 * S))]
    #[case::asked_to_wait_less_than_we_would(3, status(429), Some(1), 20, 90, Obey(4 * S))]
    #[case::asked_not_to_wait(3, status(429), Some(0), 20, 90, Wait(4 * S))]
    #[case::asked_to_wait_a_minute(1, status(429), Some(60), 20, 90, Obey(60 * S))]
    #[case::asked_to_wait_longer(1, status(429), Some(61), 20, 90, Stop)]
    #[case::asked_to_wait_longer_than_patience(1, status(429), Some(60), 20, 30, Stop)]
    #[case::unknown_error_inside(1, code(500), None, 20, 90, Wait(S))]
    #[case::key_missing_inside(1, code(501), None, 20, 90, Stop)]
    #[case::cut_json(1, Cause::NotJson { line: 1, column: 9 }, None, 20, 90, Wait(S))]
    #[case::timeout(1, Cause::Timeout { awaited: "a byte", limit: S }, None, 20, 90, Wait(S))]
    #[case::too_large(1, Cause::TooLarge { limit: 9 }, None, 20, 90, Stop)]
    fn each_failure_is_repeated_or_not(
        #[case] attempt: u32,
        #[case] cause: Cause,
        #[case] retry_after: Option<u64>,
        #[case] retries_left: usize,
        #[case] patience: u64,
        #[case] decision: Decision,
    ) {
        let retry_after = retry_after.map(Duration::from_secs);
        let patience_left = Duration::from_secs(patience);
        let failed = Failed { attempt, cause: &cause, retry_after, retries_left, patience_left, jitter: 0.0 };
        assert_eq!(decide(&failed, &Limits::default()), decision);
    }

    #[test]
    fn the_dice_add_a_quarter_at_most() {
        let cause = status(503);
        let failed = Failed { attempt: 1, cause: &cause, retry_after: None, retries_left: 1, patience_left: 90 * S, jitter: 1.0 };
        assert_eq!(decide(&failed, &Limits::default()), Wait(Duration::from_millis(1250)));
    }
}
