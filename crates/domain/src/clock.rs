//! The injected clock: the only place in the product that reads the machine's time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::EpochMs;

/// A shared source of "now". Clones show the same time.
///
/// The product runs on [`Clock::system`]. A demo or a test starts a clock at a moment of its choice, stops it while it replays
/// history, and then runs it at real or higher speed.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Mutex<ClockState>>);

#[derive(Debug)]
enum ClockState {
    System,
    Stopped(Timestamp),
    Running { from: Timestamp, since: Instant, speed: f64 },
}

impl Clock {
    /// The machine's own time.
    pub fn system() -> Self {
        Self(Arc::new(Mutex::new(ClockState::System)))
    }

    /// A clock that shows `moment` until it is set or started.
    pub fn stopped_at(moment: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(ClockState::Stopped(moment))))
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        match &*self.state() {
            ClockState::System => machine_now(),
            ClockState::Stopped(moment) => *moment,
            ClockState::Running { from, since, speed } => {
                let elapsed = SignedDuration::try_from_secs_f64(since.elapsed().as_secs_f64() * speed);
                from.saturating_add(elapsed.unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// The current time in milliseconds since the Unix epoch, as stored in the database.
    pub fn now_ms(&self) -> EpochMs {
        self.now().into()
    }

    /// The machine's time, whatever this clock shows: for processes (such as a lease), not for data.
    pub fn machine_ms(&self) -> EpochMs {
        machine_now().into()
    }

    /// Sets the clock to `moment` and stops it.
    pub fn set(&self, moment: Timestamp) {
        *self.state() = ClockState::Stopped(moment);
    }

    /// Starts the clock from what it shows, at `speed` times real time.
    pub fn run(&self, speed: f64) {
        let from = self.now();
        *self.state() = ClockState::Running { from, since: Instant::now(), speed };
    }

    /// How long the machine must wait until this clock shows `moment`: zero if it has passed, `None` if the clock is stopped.
    pub fn wait_for(&self, moment: Timestamp) -> Option<Duration> {
        let ahead = moment.duration_since(self.now()).as_secs_f64().max(0.0);
        match &*self.state() {
            ClockState::System => Some(Duration::from_secs_f64(ahead)),
            ClockState::Stopped(shown) => (moment <= *shown).then_some(Duration::ZERO),
            ClockState::Running { speed, .. } => Some(Duration::from_secs_f64(ahead / speed)),
        }
    }

    fn state(&self) -> MutexGuard<'_, ClockState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "every other caller reads this clock")]
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
    fn a_stopped_clock_moves_only_when_it_is_set() {
        let clock = Clock::stopped_at(at("2026-03-09T05:30:00Z"));
        let twin = clock.clone();
        clock.set(at("2026-03-10T05:30:00Z"));
        assert_eq!(twin.now(), at("2026-03-10T05:30:00Z"));
        assert_eq!(clock.wait_for(at("2026-03-11T00:00:00Z")), None);
    }

    #[test]
    fn a_fast_clock_waits_a_fraction_of_the_time() {
        let clock = Clock::stopped_at(at("2026-03-09T00:00:00Z"));
        clock.run(60.0);
        let wait = clock.wait_for(clock.now() + SignedDuration::from_mins(60)).unwrap();
        assert!(wait <= Duration::from_secs(60) && wait > Duration::from_secs(50), "{wait:?}");
    }
}
