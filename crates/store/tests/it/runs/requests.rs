//! Requests for runs: queued, merged, accepted removals, and canceled.

use super::*;

fn agreeing(datasets: &[Dataset]) -> RunRequest {
    RunRequest { accept_removals: datasets.to_vec(), ..RunRequest::new(Trigger::Person) }
}

#[rstest]
#[tokio::test]
async fn a_run_records_who_requested_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let ada = person(&db.store, "ada@example.com", UserRole::AgencyAdmin, "h", &[]).await;
    let requested = request(&db, tenant, RunRequest::by_user(Trigger::Person, ada)).await;
    let run = start(&db, tenant, Trigger::Schedule).await;
    assert_eq!((run.id, run.requested_by, run.trigger), (requested, Some(ada), Trigger::Person));
    assert_eq!(runs::open_run(db.store.conn(), tenant).await.unwrap().unwrap().requested_by, Some(ada));
}

#[rstest]
#[tokio::test]
async fn removals_accepted_while_a_run_is_queued_are_added_to_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let requested = request(&db, tenant, Trigger::Person).await;
    assert!(get(&db, tenant, &requested).await.accept_removals.is_empty());
    for dataset in [Dataset::Deals, Dataset::Contacts, Dataset::Deals] {
        assert_eq!(request(&db, tenant, agreeing(&[dataset])).await, requested);
    }
    assert_eq!(get(&db, tenant, &requested).await.accept_removals, [Dataset::Deals, Dataset::Contacts]);
    // A request without accepted removals does not clear them.
    assert_eq!(request(&db, tenant, Trigger::Person).await, requested);
    assert_eq!(start(&db, tenant, Trigger::Schedule).await.accept_removals, [Dataset::Deals, Dataset::Contacts]);
}

#[rstest]
#[tokio::test]
async fn removals_accepted_during_a_run_queue_another(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let first = request(&db, tenant, agreeing(&[Dataset::Contacts])).await;
    assert_eq!(start(&db, tenant, Trigger::Schedule).await.id, first);
    assert_eq!(request(&db, tenant, agreeing(&[Dataset::Contacts])).await, first, "the running one agreed to that already");
    let second = request(&db, tenant, agreeing(&[Dataset::Deals])).await;
    assert_ne!(second, first);
    // Later acceptances go to the queued run, whatever is running.
    assert_eq!(request(&db, tenant, agreeing(&[Dataset::Events])).await, second);
    assert_eq!(request(&db, tenant, agreeing(&[Dataset::Deals])).await, second);
    assert_eq!(get(&db, tenant, &second).await.accept_removals, [Dataset::Deals, Dataset::Events]);
    assert_eq!(get(&db, tenant, &first).await.accept_removals, [Dataset::Contacts]);
    runs::finish(db.store.conn(), &first, RunStatus::Succeeded, NOW_MS + 2).await.unwrap();
    assert_eq!(start(&db, tenant, Trigger::Schedule).await.id, second);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn removals_accepted_concurrently_are_all_accepted(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let clicks: Vec<_> = Dataset::ALL
        .iter()
        .map(|dataset| {
            let store = db.store.clone();
            tokio::spawn(async move { runs::request(store.conn(), tenant, agreeing(&[*dataset]), NOW_MS).await.unwrap() })
        })
        .collect();
    let mut ids = Vec::new();
    for click in clicks {
        ids.push(click.await.unwrap());
    }
    ids.dedup();
    let [requested] = &ids[..] else { panic!("{ids:?}") };
    let mut agreed = get(&db, tenant, requested).await.accept_removals;
    agreed.sort();
    assert_eq!(agreed, Dataset::ALL);
}

#[rstest]
#[tokio::test]
async fn a_replay_does_not_meet_a_request_for_a_read_or_the_other_way_round(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let old = run(&db, tenant, -60, RunStatus::Succeeded).await;
    let replay = RunRequest { replay_of: Some(old.clone()), ..RunRequest::new(Trigger::Replay) };
    let read = request(&db, tenant, Trigger::Person).await;
    let requested = request(&db, tenant, replay.clone()).await;
    assert_ne!(requested, read);
    assert_eq!(
        (request(&db, tenant, Trigger::Command).await, request(&db, tenant, replay.clone()).await),
        (read.clone(), requested.clone())
    );
    let mut queued = runs::queued_tenants(conn).await.unwrap();
    queued.sort_by_key(|(_, trigger)| *trigger);
    assert_eq!(queued, [(tenant, Trigger::Person), (tenant, Trigger::Replay)]);

    // Each kind starts its own queued run.
    let started = start(&db, tenant, Trigger::Replay).await;
    assert_eq!((&started.id, started.trigger, &started.replay_of), (&requested, Trigger::Replay, &Some(old)));
    assert_eq!(request(&db, tenant, replay.clone()).await, requested);
    assert_eq!(request(&db, tenant, Trigger::Person).await, read);
    runs::finish(conn, &requested, RunStatus::Succeeded, NOW_MS + 2).await.unwrap();
    assert_eq!(start(&db, tenant, Trigger::Schedule).await.id, read);
    let again = request(&db, tenant, replay).await;
    assert!(again != read && again != requested);
    // A replay starts as a new run while a read is queued.
    runs::finish(conn, &read, RunStatus::Succeeded, NOW_MS + 3).await.unwrap();
    let scheduled = start(&db, tenant, Trigger::Schedule).await;
    assert_eq!((scheduled.trigger, scheduled.replay_of), (Trigger::Schedule, None));
}

#[rstest]
#[tokio::test]
async fn canceling_a_queued_run_ends_it_at_once(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let requested = request(&db, harbor, Trigger::Person).await;
    assert!(!runs::cancel(conn, tidewater, &requested, NOW_MS + 5).await.unwrap(), "another brand's");
    assert!(runs::cancel(conn, harbor, &requested, NOW_MS + 5).await.unwrap());
    let cancelled = get(&db, harbor, &requested).await;
    let actual = (cancelled.status, cancelled.started_ms, cancelled.finished_ms, cancelled.canceled);
    assert_eq!(actual, (RunStatus::Aborted, None, Some(NOW_MS + 5), true));
    assert!(runs::queued_tenants(conn).await.unwrap().is_empty() && runs::open_run(conn, harbor).await.unwrap().is_none());
    assert!(!runs::cancel(conn, harbor, &requested, NOW_MS + 6).await.unwrap());
    assert_ne!(request(&db, harbor, Trigger::Person).await, requested);
}

#[rstest]
#[tokio::test]
async fn canceling_a_running_run_marks_it_until_its_process_ends_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let running = start(&db, tenant, Trigger::Schedule).await.id;
    assert!(!runs::is_canceled(conn, tenant, &running).await.unwrap());
    assert!(runs::cancel(conn, tenant, &running, NOW_MS + 5).await.unwrap());
    assert!(runs::is_canceled(conn, tenant, &running).await.unwrap());
    let marked = get(&db, tenant, &running).await;
    assert_eq!((marked.status, marked.finished_ms), (RunStatus::Running, None));
    runs::abort_open(conn, tenant, NOW_MS + 6).await.unwrap();
    let ended = get(&db, tenant, &running).await;
    assert_eq!((ended.status, ended.finished_ms, ended.canceled), (RunStatus::Aborted, Some(NOW_MS + 6), true));
    assert!(!runs::cancel(conn, tenant, &running, NOW_MS + 7).await.unwrap());
    assert_eq!(get(&db, tenant, &running).await.finished_ms, Some(NOW_MS + 6));
    assert!(!runs::cancel(conn, tenant, &RunId("none".to_owned()), NOW_MS).await.unwrap());
}

/// A click on "Cancel" at the moment a worker claims the run: it either ends without starting, or runs and is marked.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_canceled_as_it_starts_stays_canceled(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    for _ in 0..60 {
        let requested = request(&db, tenant, Trigger::Person).await;
        let (store, run) = (db.store.clone(), requested.clone());
        let cancel = tokio::spawn(async move { runs::cancel(store.conn(), tenant, &run, NOW_MS + 5).await.unwrap() });
        let started = start(&db, tenant, Trigger::Schedule).await;
        assert!(cancel.await.unwrap());
        let actual = get(&db, tenant, &requested).await;
        if started.id == requested {
            assert_eq!((actual.status, actual.finished_ms, actual.canceled), (RunStatus::Running, None, true));
        } else {
            assert_eq!((actual.status, actual.started_ms, actual.finished_ms), (RunStatus::Aborted, None, Some(NOW_MS + 5)));
            assert_eq!(started.trigger, Trigger::Schedule);
        }
        runs::abort_open(conn, tenant, NOW_MS + 9).await.unwrap();
    }
}
