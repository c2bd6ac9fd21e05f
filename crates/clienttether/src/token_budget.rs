//! One budget per access token in the process. The token belongs to the whole agency, so its tenants share what the CRM
//! accepts: calls in flight, calls per second, and pauses that the CRM asked for.

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

/// The budgets of all tokens. Create it once and pass it to every client; clones share the same budgets.
#[derive(Clone)]
pub struct Budgets {
    max_in_flight: usize,
    max_per_second: u32,
    by_token: Arc<Mutex<HashMap<blake3::Hash, Arc<TokenBudget>>>>,
}

impl Budgets {
    /// Limits for each token: calls in flight, and calls per second. Zero counts as one.
    pub fn new(max_in_flight: usize, max_per_second: u32) -> Self {
        let max_in_flight = max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        Self { max_in_flight, max_per_second: max_per_second.max(1), by_token: Arc::default() }
    }

    /// Marks a token as refused by the CRM. Until it is accepted, every call with it ends at once, whether it is waiting, in
    /// flight, or new. Only a [probe](crate::Client::probe) is still sent.
    pub fn refuse(&self, token: &SecretString) {
        self.of(token).refused.send_replace(true);
    }

    /// Marks a token as accepted by the CRM again.
    pub fn accept(&self, token: &SecretString) {
        self.of(token).refused.send_replace(false);
    }

    /// Whether a token is marked as refused.
    pub fn is_refused(&self, token: &SecretString) -> bool {
        *self.of(token).refused.borrow()
    }

    /// The budget of a token.
    pub(crate) fn of(&self, token: &SecretString) -> Arc<TokenBudget> {
        let key = blake3::hash(token.expose_secret().trim().as_bytes());
        let mut budgets = self.by_token.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = budgets.entry(key).or_insert_with(|| Arc::new(TokenBudget::new(self.max_in_flight, self.max_per_second)));
        Arc::clone(budget)
    }
}

impl fmt::Debug for Budgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max_in_flight, max_per_second, .. } = self;
        f.debug_struct("Budgets").field("max_in_flight", max_in_flight).field("max_per_second", max_per_second).finish()
    }
}

/// What one token may spend.
pub(crate) struct TokenBudget {
    permits: Arc<Semaphore>,
    rate_limiter: DefaultDirectRateLimiter,
    max_in_flight: usize,
    paused_until: Mutex<Option<Instant>>,
    refused: watch::Sender<bool>,
}

impl TokenBudget {
    fn new(max_in_flight: usize, max_per_second: u32) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(max_in_flight)),
            rate_limiter: RateLimiter::direct(quota(max_in_flight, max_per_second)),
            max_in_flight,
            paused_until: Mutex::new(None),
            refused: watch::Sender::new(false),
        }
    }

    /// The most calls in flight.
    pub(crate) fn max_in_flight(&self) -> usize {
        self.max_in_flight
    }

    /// Waits until a call may start. The call counts as in flight until the permit is dropped.
    pub(crate) async fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        loop {
            if let Some(until) = self.pause_end() {
                sleep_until(until).await;
            } else if let Err(early) = self.rate_limiter.check() {
                sleep(early.wait_time_from(DefaultClock::default().now())).await;
            } else {
                return Some(permit);
            }
        }
    }

    /// Waits until the token is marked as refused; returns at once if it already is.
    pub(crate) async fn until_refused(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.refused.subscribe().wait_for(|refused| *refused).await;
    }

    /// Delays every call with this token, because the CRM asked to wait.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut paused_until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused_until = paused_until.max(Some(until));
    }

    fn pause_end(&self) -> Option<Instant> {
        let mut paused_until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused_until = paused_until.filter(|until| *until > Instant::now());
        *paused_until
    }
}

/// The rate limiter allows a burst in addition to its rate, so the burst is subtracted from the rate: no second has more
/// calls than the setting allows.
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
    fn clients_with_the_same_token_share_a_budget() {
        let budgets = Budgets::new(8, 50);
        assert!(Arc::ptr_eq(&budgets.of(&token("eyJa")), &budgets.clone().of(&token("eyJa\n"))));
        assert!(!Arc::ptr_eq(&budgets.of(&token("eyJa")), &budgets.of(&token("eyJb"))));
    }

    #[tokio::test]
    async fn a_permit_is_available_when_another_call_has_ended() {
        let budget = TokenBudget::new(1, 1000);
        let first = budget.acquire().await;
        let waited = tokio::time::timeout(Duration::from_millis(20), budget.acquire()).await;
        assert!(first.is_some() && waited.is_err());
        drop(first);
        assert!(budget.acquire().await.is_some());
    }

    #[tokio::test]
    async fn calls_per_second_are_limited() {
        let budget = TokenBudget::new(4, 40);
        let began = Instant::now();
        let mut permits = 0;
        while began.elapsed() < Duration::from_millis(500) {
            drop(budget.acquire().await);
            permits += 1;
        }
        assert!((5..=24).contains(&permits), "{permits} in half a second");
    }

    #[tokio::test]
    async fn a_pause_delays_every_call() {
        let budget = TokenBudget::new(8, 1000);
        budget.pause(Duration::from_millis(80));
        budget.pause(Duration::from_millis(10));
        let began = Instant::now();
        drop(budget.acquire().await);
        assert!(began.elapsed() >= Duration::from_millis(80));
    }

    #[tokio::test]
    async fn a_token_is_refused_until_it_is_accepted() {
        let (budgets, bad, good) = (Budgets::new(8, 50), token("eyJa"), token("eyJb"));
        let waiting = budgets.of(&bad);
        assert!(tokio::time::timeout(Duration::from_millis(10), waiting.until_refused()).await.is_err());
        budgets.clone().refuse(&bad);
        waiting.until_refused().await;
        assert!(budgets.is_refused(&bad) && !budgets.is_refused(&good));
        budgets.accept(&bad);
        assert!(!budgets.is_refused(&bad));
    }
}
