//! Two runs never write one brand's data at once.

use std::time::Duration;

use rstest::rstest;
use tetherboard_clienttether::Limits;
use tetherboard_domain::{Clock, Dataset, DatasetStatus, RunStatus, Trigger};
use tetherboard_simulator::{ContactEdit, Edit, Fault, Request};
use tetherboard_store::{leases, runs};
use tetherboard_sync::{RunOptions, SyncError, Syncer};
use tetherboard_testkit::Kind;

use crate::world::{World, quick};

impl World {
    /// Another process on the same database.
    async fn another(&self) -> Syncer {
        Syncer { store: self.db.reopen().await, holder: "another".to_owned(), ..self.syncer.clone() }
    }

    /// Makes reads of contacts slow without letting them time out.
    fn slow_contacts(&mut self, fault: Fault) {
        self.fault(Request::Contacts, fault);
        let long = Duration::from_secs(20);
        self.syncer.crm.limits = Limits { connect: long, idle: long, total: long, ..quick() };
        self.crm.clear_calls(0);
    }

    async fn lease_is_held(&self) -> bool {
        leases::is_held(self.db.store.conn(), self.id, Clock::system().now_ms()).await.unwrap()
    }
}

#[rstest]
#[tokio::test]
async fn two_runs_at_once_result_in_one_run(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 40).await;
    world.crm.fault_everything(0, Fault::SlowMs(50));
    let (another, tenant, options) = (world.another().await, world.tenant().await, RunOptions::default());
    let (one, two) = tokio::join!(
        world.syncer.sync_tenant(&tenant, Trigger::Schedule, &options),
        another.sync_tenant(&tenant, Trigger::Schedule, &options),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.is_some() != two.is_some());
    assert_eq!(one.or(two).unwrap().run.status, RunStatus::Succeeded);
    assert_eq!((world.count("sync_runs").await, world.numbers().await), (1, world.truth()));
    assert!(!world.lease_is_held().await);
}

#[rstest]
#[tokio::test]
async fn an_expired_lease_is_taken_over_and_its_former_holder_writes_nothing_more(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut world = World::with_contacts(kind, 40).await;
    let another = world.another().await;
    world.slow_contacts(Fault::SlowMs(1_500));
    let (tenant, options) = (world.tenant().await, RunOptions::default());
    let overtaken = async {
        world.wait_for_call(Request::Contacts).await;
        let dead = runs::newest(world.db.store.conn(), world.id, 1).await.unwrap().remove(0);
        world.execute("UPDATE sync_leases SET expires_ms = 0").await;
        world.crm.heal(0);
        let report = another.sync_tenant(&tenant, Trigger::Schedule, &options).await.unwrap().unwrap();
        (dead, report)
    };
    let (first, (dead, second)) = tokio::join!(world.syncer.sync_tenant(&tenant, Trigger::Schedule, &options), overtaken);
    assert!(matches!(first, Err(SyncError::LeaseLost)), "{first:?}");
    assert_eq!((dead.status, second.run.status), (RunStatus::Running, RunStatus::Succeeded));
    assert_eq!(world.status_of(&dead.id).await, RunStatus::Aborted);
    assert_eq!(world.status_of(&second.run.id).await, RunStatus::Succeeded);
    assert_eq!(world.numbers().await, world.truth());
    assert!(!world.lease_is_held().await);
}

#[rstest]
#[tokio::test]
async fn a_run_whose_process_died_is_closed_by_the_next(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 40).await;
    world.slow_contacts(Fault::Hang);
    let (syncer, tenant) = (world.syncer.clone(), world.tenant().await);
    let process = tokio::spawn(async move {
        let options = RunOptions::default();
        syncer.sync_tenant(&tenant, Trigger::Schedule, &options).await.map(|_| ())
    });
    world.wait_for_call(Request::Contacts).await;
    process.abort();
    let _ = process.await;
    world.crm.heal(0);

    let another = world.another().await;
    let (tenant, options) = (world.tenant().await, RunOptions::default());
    assert!(another.sync_tenant(&tenant, Trigger::Schedule, &options).await.unwrap().is_none(), "it could still live");
    let dead = runs::newest(world.db.store.conn(), world.id, 1).await.unwrap().remove(0);
    assert_eq!(dead.status, RunStatus::Running);
    world.execute("UPDATE sync_leases SET expires_ms = 0").await;
    let report = another.sync_tenant(&tenant, Trigger::Schedule, &options).await.unwrap().unwrap();
    assert_eq!((report.run.status, world.status_of(&dead.id).await), (RunStatus::Succeeded, RunStatus::Aborted));
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_run_killed_at_any_moment_loses_nothing_and_the_next_run_is_correct(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::with_contacts(kind, 320).await;
    let mut total = 0;
    for milliseconds in [3, 10, 25, 50, 90, 140, 200, 300] {
        world.killed_run(Duration::from_millis(milliseconds)).await;
        let now = world.numbers().await.total;
        assert!(now >= total, "{now} after {total}");
        total = now;
        world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    }
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    assert!(runs::open_run(world.db.store.conn(), world.id).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_canceled_run_is_recorded_as_aborted_and_releases_the_lease(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 40).await;
    world.good_run().await;
    let before = world.numbers().await;
    world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    world.slow_contacts(Fault::Hang);
    let (tenant, options) = (world.tenant().await, RunOptions::default());
    let cancelled = async {
        world.wait_for_call(Request::Contacts).await;
        options.cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(world.syncer.sync_tenant(&tenant, Trigger::Schedule, &options), cancelled);
    assert!(matches!(outcome, Err(SyncError::Canceled)), "{outcome:?}");

    let conn = world.db.store.conn();
    let run = runs::newest(conn, world.id, 1).await.unwrap().remove(0);
    assert_eq!((run.status, run.finished_ms.is_some()), (RunStatus::Aborted, true));
    assert!(runs::open_run(conn, world.id).await.unwrap().is_none());
    let reports = runs::reports(conn, world.id, &run.id).await.unwrap();
    let contacts = reports.iter().find(|report| report.dataset == Dataset::Contacts).unwrap();
    assert_eq!(contacts.status, DatasetStatus::Failed, "no process is reading it");
    assert_eq!((world.lease_is_held().await, world.numbers().await), (false, before));

    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_run_requested_by_a_person_is_the_run_that_starts(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 10).await;
    let conn = world.db.store.conn();
    let asked = runs::request(conn, world.id, Trigger::Person, world.clock.now_ms()).await.unwrap();
    let report = world.good_run().await;
    assert_eq!((&report.run.id, report.run.trigger), (&asked, Trigger::Person));
    assert_eq!(world.status_of(&asked).await, RunStatus::Succeeded);
}
