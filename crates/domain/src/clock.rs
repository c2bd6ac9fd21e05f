//! The injected clock: the only place in the product that asks the machine for the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::EpochMs;

/// A shared source of "now". Clones tell the same time.
///
/// The product runs on [`Clock::system`]. A demo or a test starts a clock at a moment of its choice, lets it stand
/// while it plays history, and then lets it run at real or higher speed.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Mutex<Hands>>);

#[derive(Debug)]
enum Hands {
    System,
    Standing(Timestamp),
    Running { from: Timestamp, since: Instant, speed: f64 },
}

impl Clock {
    /// The machine's own time.
    pub fn system() -> Self {
        Self(Arc::new(Mutex::new(Hands::System)))
    }

    /// A clock that shows `moment` until it is moved or started.
    pub fn standing_at(moment: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Hands::Standing(moment))))
    }

    pub fn now(&self) -> Timestamp {
        match &*self.hands() {
            Hands::System => machine_now(),
            Hands::Standing(moment) => *moment,
            Hands::Running { from, since, speed } => {
                let elapsed = SignedDuration::try_from_secs_f64(since.elapsed().as_secs_f64() * speed);
                from.saturating_add(elapsed.unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Milliseconds since the Unix epoch, as the database keeps moments.
    pub fn now_ms(&self) -> EpochMs {
        self.now().into()
    }

    /// The time of the machine whatever this clock shows: for what concerns processes (a lease), not data.
    pub fn machine_ms(&self) -> EpochMs {
        machine_now().into()
    }

    /// Moves the hands to `moment` and leaves them standing there.
    pub fn set(&self, moment: Timestamp) {
        *self.hands() = Hands::Standing(moment);
    }

    /// Lets the clock run on from what it shows, `speed` times as fast as the machine's.
    pub fn run(&self, speed: f64) {
        let from = self.now();
        *self.hands() = Hands::Running { from, since: Instant::now(), speed };
    }

    /// How long the machine must wait until this clock shows `moment`; zero if it has passed, `None` if the clock stands.
    pub fn wait_for(&self, moment: Timestamp) -> Option<Duration> {
        let ahead = moment.duration_since(self.now()).as_secs_f64().max(0.0);
        match &*self.hands() {
            Hands::System => Some(Duration::from_secs_f64(ahead)),
            Hands::Standing(shown) => (moment <= *shown).then_some(Duration::ZERO),
            Hands::Running { speed, .. } => Some(Duration::from_secs_f64(ahead / speed)),
        }
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
fn machine_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_standing_clock_moves_only_when_told() {
        let clock = Clock::standing_at(at("2026-03-09T05:30:00Z"));
        let twin = clock.clone();
        clock.set(at("2026-03-10T05:30:00Z"));
        assert_eq!(twin.now(), at("2026-03-10T05:30:00Z"));
        assert_eq!(clock.wait_for(at("2026-03-11T00:00:00Z")), None);
    }

    #[test]
    fn a_fast_clock_waits_a_fraction_of_the_time() {
        let clock = Clock::standing_at(at("2026-03-09T00:00:00Z"));
        clock.run(60.0);
        let wait = clock.wait_for(clock.now() + SignedDuration::from_mins(60)).unwrap();
        assert!(wait <= Duration::from_secs(60) && wait > Duration::from_secs(50), "{wait:?}");
    }
}
