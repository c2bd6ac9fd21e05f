//! Runs that a person cancels, and runs whose process died.

use super::*;

#[rstest]
#[tokio::test]
async fn a_canceled_run_ends_within_two_seconds_and_releases_the_lease(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Fault::Hang, Fault::SlowMs(8_000))] fault: Fault,
) {
    let mut brands = Brands::of(kind, 1).await;
    let long = Duration::from_secs(20);
    brands.world.syncer.crm.limits = Limits { connect: long, idle: long, total: long, ..quick() };
    brands.world.fault(Request::Contacts, fault);
    let work = brands.world.start_worker();
    brands.world.wait_for_call(Request::Contacts).await;
    let conn = brands.world.db.store.conn();
    let run = runs::open_run(conn, brands.ids[0]).await.unwrap().unwrap();
    assert!(runs::cancel(conn, brands.ids[0], &run.id, brands.world.clock.now_ms()).await.unwrap());
    let began = Instant::now();
    while brands.world.status_of(&run.id).await == RunStatus::Running {
        assert!(began.elapsed() < Duration::from_secs(2), "it still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(brands.world.status_of(&run.id).await, RunStatus::Aborted);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!leases::is_held(conn, brands.ids[0], Clock::system().now_ms()).await.unwrap());
    assert!(!runs::cancel(conn, brands.ids[0], &run.id, brands.world.clock.now_ms()).await.unwrap(), "it has ended");

    // A canceled run is not repeated before its next hour.
    brands.world.crm.heal(0);
    brands.world.a_while().await;
    assert_eq!(brands.world.runs(brands.ids[0], 1).await.len(), 1);
    work.stop().await;
    assert_eq!(brands.run(0, Trigger::Person).await.run.status, RunStatus::Succeeded);
}

#[rstest]
#[tokio::test]
async fn a_queued_run_is_canceled_immediately(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 1).await;
    let conn = brands.world.db.store.conn();
    let now_ms = brands.world.clock.now_ms();
    let run = runs::request(conn, brands.ids[0], Trigger::Person, now_ms).await.unwrap();
    assert!(runs::cancel(conn, brands.ids[0], &run, now_ms).await.unwrap());
    assert_eq!(brands.world.status_of(&run).await, RunStatus::Aborted);
    assert_eq!(brands.run(0, Trigger::Person).await.run.status, RunStatus::Succeeded);
    assert_eq!(brands.world.status_of(&run).await, RunStatus::Aborted, "another run was opened for it");
}

#[rstest]
#[tokio::test]
async fn the_worker_repeats_a_run_whose_process_died_once_its_lease_has_expired(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Trigger::Person, Trigger::Replay)] trigger: Trigger,
) {
    let brands = Brands::of(kind, 1).await;
    brands.run(0, Trigger::Schedule).await;
    let conn = brands.world.db.store.conn();
    let now_ms = brands.world.clock.now_ms();
    let machine_ms = Clock::system().now_ms();
    leases::claim(conn, brands.ids[0], "the dead one", machine_ms, machine_ms + 1_200).await.unwrap().unwrap();
    let dead = runs::start(conn, brands.ids[0], trigger, now_ms).await.unwrap();
    brands.clear_calls();
    let _work = brands.world.start_worker();
    brands.world.a_while().await;
    assert_eq!(brands.world.status_of(&dead.id).await, RunStatus::Running, "its lease may still be renewed");
    let began = Instant::now();
    loop {
        let list = runs::list(conn, brands.ids[0], 10, 0).await.unwrap();
        if list.len() == 3 && list.iter().all(|run| run.finished_ms.is_some()) {
            assert_eq!((list[0].trigger, list[0].status), (trigger, RunStatus::Succeeded));
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{list:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(brands.world.status_of(&dead.id).await, RunStatus::Aborted);
    assert_eq!(brands.calls()[0] > 0, trigger == Trigger::Person);
    brands.world.a_while().await;
    assert_eq!(runs::count(conn, brands.ids[0]).await.unwrap(), 3, "once is enough");
}
