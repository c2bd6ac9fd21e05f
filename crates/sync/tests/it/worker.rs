//! The background worker.

use std::time::Duration;

use rstest::rstest;
use tetherboard_domain::{RunStatus, TenantId, Trigger, next_hourly_run};
use tetherboard_simulator::Config;
use tetherboard_store::runs::{self, Run};
use tetherboard_store::tenants;
use tetherboard_sync::Worker;
use tetherboard_testkit::Kind;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::world::World;

const POLL_INTERVAL: Duration = Duration::from_millis(30);

/// A running worker; it stops with the test.
pub(crate) struct RunningWorker {
    cancel: DropGuard,
    ended: JoinHandle<()>,
}

impl RunningWorker {
    /// Stops the worker and waits for it, so that it does not start a run that the test wants to start.
    pub(crate) async fn stop(self) {
        drop(self.cancel);
        self.ended.await.unwrap();
    }
}

impl World {
    pub(crate) fn start_worker(&self) -> RunningWorker {
        let cancel = CancellationToken::new();
        let worker = Worker::new(self.syncer.clone(), Default::default()).with_poll_interval(POLL_INTERVAL);
        let ended = tokio::spawn(worker.work(cancel.clone()));
        RunningWorker { cancel: cancel.drop_guard(), ended }
    }

    /// Waits until a brand has this many runs and none is open; returns them, newest first.
    pub(crate) async fn runs(&self, tenant: TenantId, wanted: usize) -> Vec<Run> {
        let conn = self.db.store.conn();
        let done = async {
            loop {
                let runs = runs::newest(conn, tenant, 100).await.unwrap();
                if runs.len() >= wanted && runs.iter().all(|run| run.finished_ms.is_some()) {
                    return runs;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), done).await.expect("so many runs")
    }

    /// Waits long enough for a worker to look for work several times.
    pub(crate) async fn a_while(&self) {
        tokio::time::sleep(POLL_INTERVAL * 12).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_brand_is_synced_immediately_then_hourly_and_on_request(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 20).await;
    let work = world.start_worker();
    let first = world.runs(world.id, 1).await.remove(0);
    assert_eq!((first.trigger, first.status), (Trigger::Schedule, RunStatus::Succeeded));
    world.a_while().await;
    assert_eq!(world.runs(world.id, 1).await.len(), 1, "its next turn has not come");

    let zone = world.tenant().await.zone;
    world.clock.set(next_hourly_run(world.id, &zone, world.clock.now()));
    assert_eq!(world.runs(world.id, 2).await[0].trigger, Trigger::Schedule);

    world.later(1);
    runs::request(world.db.store.conn(), world.id, Trigger::Person, world.clock.now_ms()).await.unwrap();
    assert_eq!(world.runs(world.id, 3).await[0].trigger, Trigger::Person);
    assert_eq!(world.numbers().await, world.truth());

    work.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_parked_brand_waits_unless_a_person_asks_and_delays_no_other_brand(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::of(kind, Config::plain(5, &[20, 30])).await;
    let other = world.brand("tidewater", 1).await;
    let conn = world.db.store.conn();
    tenants::park(conn, world.id, Some(world.clock.now_ms() + 86_400_000)).await.unwrap();
    let _work = world.start_worker();
    world.runs(other, 1).await;
    world.a_while().await;
    assert_eq!(world.crm.calls(0), []);
    runs::request(conn, world.id, Trigger::Person, world.clock.now_ms()).await.unwrap();
    assert_eq!(world.runs(world.id, 1).await[0].status, RunStatus::Succeeded);
    assert_eq!(world.tenant().await.parked_until_ms, None, "it was answered");
}
