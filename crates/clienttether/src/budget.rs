//! One budget for each access token in the process. The token belongs to the whole agency, so its tenants share what
//! the CRM can bear: so many calls in flight, so many a second, and silence while it asked to be left alone.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// The budgets of all tokens, to be made once and lent to every client. Clones are the same budgets.
#[derive(Clone)]
pub struct Budgets {
    max_in_flight: usize,
    max_per_second: u32,
    by_token: Arc<Mutex<HashMap<blake3::Hash, Arc<Budget>>>>,
}

impl Budgets {
    /// For each token. Nought is taken for one.
    pub fn new(max_in_flight: usize, max_per_second: u32) -> Self {
        let max_in_flight = max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        Self { max_in_flight, max_per_second: max_per_second.max(1), by_token: Arc::default() }
    }

    /// The CRM refused this token: every call of it that waits, is under way or comes later ends at once, unasked, until
    /// it is accepted. Only a [probe](crate::Client::probe) is asked all the same.
    pub fn refuse(&self, token: &SecretString) {
        self.of(token).refused.send_replace(true);
    }

    /// The CRM took this token again.
    pub fn accept(&self, token: &SecretString) {
        self.of(token).refused.send_replace(false);
    }

    pub fn is_refused(&self, token: &SecretString) -> bool {
        *self.of(token).refused.borrow()
    }

    pub(crate) fn of(&self, token: &SecretString) -> Arc<Budget> {
        let key = blake3::hash(token.expose_secret().trim().as_bytes());
        let mut budgets = self.by_token.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = budgets.entry(key).or_insert_with(|| Arc::new(Budget::new(self.max_in_flight, self.max_per_second)));
        Arc::clone(budget)
    }
}

impl fmt::Debug for Budgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max_in_flight, max_per_second, .. } = self;
        f.debug_struct("Budgets").field("max_in_flight", max_in_flight).field("max_per_second", max_per_second).finish()
    }
}

pub(crate) struct Budget {
    in_flight: Arc<Semaphore>,
    pace: DefaultDirectRateLimiter,
    window: usize,
    silent_until: Mutex<Option<Instant>>,
    refused: watch::Sender<bool>,
}

impl Budget {
    fn new(max_in_flight: usize, max_per_second: u32) -> Self {
        Self {
            in_flight: Arc::new(Semaphore::new(max_in_flight)),
            pace: RateLimiter::direct(quota(max_in_flight, max_per_second)),
            window: max_in_flight,
            silent_until: Mutex::new(None),
            refused: watch::Sender::new(false),
        }
    }

    /// How many calls one read may have open.
    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// Waits for a call's turn; the call is in flight until the permit is dropped.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.in_flight).acquire_owned().await.ok()?;
        loop {
            if let Some(until) = self.silence() {
                sleep_until(until).await;
            } else if let Err(early) = self.pace.check() {
                sleep(early.wait_time_from(DefaultClock::default().now())).await;
            } else {
                return Some(permit);
            }
        }
    }

    /// Comes when the token is refused: at once, if it is already.
    pub(crate) async fn refusal(&self) {
        // The sender lives as long as we do, so this ends for no other reason.
        let _ = self.refused.subscribe().wait_for(|refused| *refused).await;
    }

    /// The CRM asked to be left alone: no call of this token begins before then.
    pub(crate) fn keep_silent(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut silent_until = self.silent_until.lock().unwrap_or_else(PoisonError::into_inner);
        *silent_until = silent_until.max(Some(until));
    }

    fn silence(&self) -> Option<Instant> {
        let mut silent_until = self.silent_until.lock().unwrap_or_else(PoisonError::into_inner);
        *silent_until = silent_until.filter(|until| *until > Instant::now());
        *silent_until
    }
}

/// A limiter lets its burst pass on top of its pace, so the burst is taken off the pace: no second sees more calls
/// than the setting says.
fn quota(max_in_flight: usize, max_per_second: u32) -> Quota {
    let burst = u32::try_from(max_in_flight).unwrap_or(u32::MAX).min(max_per_second / 4).max(1);
    let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(at_least_one(max_per_second - burst)).allow_burst(at_least_one(burst))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> SecretString {
        text.into()
    }

    #[test]
    fn clients_of_one_token_share_a_budget() {
        let budgets = Budgets::new(8, 50);
        assert!(Arc::ptr_eq(&budgets.of(&token("eyJa")), &budgets.clone().of(&token("eyJa\n"))));
        assert!(!Arc::ptr_eq(&budgets.of(&token("eyJa")), &budgets.of(&token("eyJb"))));
    }

    #[tokio::test]
    async fn a_turn_comes_when_another_call_has_ended() {
        let budget = Budget::new(1, 1000);
        let first = budget.turn().await;
        let waited = tokio::time::timeout(Duration::from_millis(20), budget.turn()).await;
        assert!(first.is_some() && waited.is_err());
        drop(first);
        assert!(budget.turn().await.is_some());
    }

    #[tokio::test]
    async fn no_second_sees_more_calls_than_allowed() {
        let budget = Budget::new(4, 40);
        let began = Instant::now();
        let mut turns = 0;
        while began.elapsed() < Duration::from_millis(500) {
            drop(budget.turn().await);
            turns += 1;
        }
        assert!((5..=24).contains(&turns), "{turns} in half a second");
    }

    #[tokio::test]
    async fn silence_binds_every_call() {
        let budget = Budget::new(8, 1000);
        budget.keep_silent(Duration::from_millis(80));
        budget.keep_silent(Duration::from_millis(10));
        let began = Instant::now();
        drop(budget.turn().await);
        assert!(began.elapsed() >= Duration::from_millis(80));
    }

    #[tokio::test]
    async fn a_token_is_refused_until_it_is_accepted() {
        let (budgets, bad, good) = (Budgets::new(8, 50), token("eyJa"), token("eyJb"));
        let waiting = budgets.of(&bad);
        assert!(tokio::time::timeout(Duration::from_millis(10), waiting.refusal()).await.is_err());
        budgets.clone().refuse(&bad);
        waiting.refusal().await;
        assert!(budgets.is_refused(&bad) && !budgets.is_refused(&good));
        budgets.accept(&bad);
        assert!(!budgets.is_refused(&bad));
    }
}
