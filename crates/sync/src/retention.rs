//! For how long answers are kept: every run's at first, then one run's a day, then none.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tetherboard_domain::{Clock, EpochMs, RunId, Zone};
use tetherboard_store::retention::{self, SweepOutcome};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// So many days every run's answers are kept.
    pub whole_days: i64,
    /// So many days after that, those of the last run of each day.
    pub daily_days: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { whole_days: 14, daily_days: 90 }
    }
}

impl Retention {
    /// Of runs, oldest first, those whose answers are to go.
    fn outdated(&self, runs: &[(RunId, EpochMs)], zone: &Zone, now: Timestamp) -> Vec<RunId> {
        let before = |days: i64| now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN);
        let (whole, daily) = (before(self.whole_days), before(self.whole_days + self.daily_days));
        let mut days = HashSet::new();
        let mut outdated = Vec::new();
        for (run, started_ms) in runs.iter().rev() {
            let started = started_ms.timestamp().unwrap_or(Timestamp::MIN);
            let is_last_of_its_day = days.insert(zone.date(started));
            if started < daily || (started < whole && !is_last_of_its_day) {
                outdated.push(run.clone());
            }
        }
        outdated
    }
}

const TRIES: usize = 20;
const BETWEEN_TRIES: Duration = Duration::from_secs(5);

/// Forgets answers that are outdated, then what nothing names any more; once a local day. Waits while a run is under way.
///
/// # Errors
/// When the database does not answer.
pub async fn thin_out(store: &Store, clock: &Clock, tenant: &Tenant, retention: Retention) -> Result<()> {
    let now = clock.now();
    if !retention::claim_daily_cleanup(store.conn(), tenant.id, &tenant.zone.date(now).to_string()).await? {
        return Ok(());
    }
    let outdated = retention.outdated(&retention::runs_with_snapshots(store.conn(), tenant.id).await?, &tenant.zone, now);
    if outdated.is_empty() {
        return Ok(());
    }
    for run in &outdated {
        retention::delete_snapshots(store.conn(), tenant.id, run).await?;
    }
    for _ in 0..TRIES {
        if let SweepOutcome::Done { bodies, rows } = retention::sweep(store, tenant.id, clock.machine_ms()).await? {
            tracing::info!(tenant.id = %tenant.id, runs = outdated.len(), bodies, rows, "old answers were thinned out");
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    tracing::warn!(tenant.id = %tenant.id, "old answers could not be thinned out beside so many runs; tomorrow again");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_kept_at_first_then_the_last_of_each_day_then_none() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let zone = Zone::named("America/Chicago").unwrap();
        let runs: Vec<(RunId, EpochMs)> = (0..24 * 120)
            .map(|hours| (RunId(hours.to_string()), now - SignedDuration::from_hours(24 * 120 - hours)))
            .map(|(run, at)| (run, EpochMs::from(at)))
            .collect();
        let outdated: HashSet<RunId> = Retention::default().outdated(&runs, &zone, now).into_iter().collect();
        let kept: Vec<_> = runs.iter().filter(|(run, _)| !outdated.contains(run)).collect();
        assert_eq!(kept.len(), 14 * 24 + 90);
        let hour = |ms: EpochMs| zone.datetime(ms.timestamp().unwrap()).hour();
        assert!(kept[1..90].iter().all(|(_, ms)| hour(*ms) == 23), "the last of a day in the brand's own zone");
    }
}
