//! Lists and reports of runs.

use super::*;

#[rstest]
#[tokio::test]
async fn replays_do_not_count_for_freshness(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let replay = async |minute: i64, status| {
        let at_ms = NOW_MS + minute * 60_000;
        let id = runs::start(conn, tenant, Trigger::Replay, at_ms).await.unwrap().id;
        runs::finish(conn, &id, status, at_ms + 1_000).await.unwrap();
        id
    };
    let since = async || runs::failing_since(conn, tenant).await.unwrap().map(|run| run.id);
    let finished = async |status| runs::newest_finished(conn, tenant, status).await.unwrap().map(|run| run.id);
    let zero = replay(-10, RunStatus::Failed).await;
    assert_eq!((since().await, finished(None).await), (None, None));
    assert!(runs::newest(conn, tenant, 9).await.unwrap().is_empty());

    let good = run(&db, tenant, 0, RunStatus::Succeeded).await;
    let bad_replay = replay(1, RunStatus::Failed).await;
    assert_eq!((since().await, finished(None).await), (None, Some(good.clone())));
    let bad = run(&db, tenant, 2, RunStatus::Partial).await;
    let good_replay = replay(3, RunStatus::Succeeded).await;
    assert_eq!((since().await, finished(None).await), (Some(bad.clone()), Some(bad.clone())));
    assert_eq!(finished(Some(RunStatus::Succeeded)).await, Some(good.clone()));
    let newest: Vec<_> = runs::newest(conn, tenant, 9).await.unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(newest, [bad.clone(), good.clone()]);

    // The agency's list includes replays.
    let list = async |limit, after| -> Vec<RunId> {
        runs::list(conn, tenant, limit, after).await.unwrap().into_iter().map(|run| run.id).collect()
    };
    let all = [good_replay, bad, bad_replay, good, zero];
    assert_eq!(list(9, 0).await, all);
    assert_eq!(list(2, 1).await, all[1..3]);
    assert_eq!(runs::count(conn, tenant).await.unwrap(), 5);
}

/// A run with a dataset status for contacts.
async fn read_contacts(db: &TestDatabase, tenant: TenantId, trigger: Trigger, minute: i64, status: DatasetStatus) -> RunId {
    let conn = db.store.conn();
    let at_ms = NOW_MS + minute * 60_000;
    let run = runs::start(conn, tenant, trigger, at_ms).await.unwrap().id;
    let report = DatasetReport { status, started_ms: Some(at_ms), ..DatasetReport::waiting(Dataset::Contacts) };
    runs::report(conn, tenant, &run, &report, at_ms).await.unwrap();
    runs::finish(conn, &run, RunStatus::Partial, at_ms + 1).await.unwrap();
    run
}

#[rstest]
#[tokio::test]
async fn previous_reads_are_those_that_applied_something(#[values(Sqlite, Postgres)] kind: Kind) {
    use DatasetStatus::{Failed, Held, Partial, Reading, Succeeded};
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let at = |minute: i64| Some(NOW_MS + minute * 60_000);
    let whole = read_contacts(&db, harbor, Trigger::Schedule, 0, Succeeded).await;
    let part = read_contacts(&db, harbor, Trigger::Person, 1, Partial).await;
    let held = read_contacts(&db, harbor, Trigger::Command, 2, Held).await;
    let failed = read_contacts(&db, harbor, Trigger::Schedule, 3, Failed).await;
    read_contacts(&db, harbor, Trigger::Replay, 4, Succeeded).await;
    read_contacts(&db, harbor, Trigger::Schedule, 5, Reading).await;
    read_contacts(&db, tidewater, Trigger::Schedule, 6, Succeeded).await;
    let last = read_contacts(&db, harbor, Trigger::Schedule, 7, Succeeded).await;

    let before = async |run: &RunId| runs::previous_reads(conn, harbor, Dataset::Contacts, run).await.unwrap();
    assert_eq!(before(&whole).await, (None, None));
    assert_eq!(before(&part).await, (at(0), at(0)));
    assert_eq!(before(&held).await, (at(1), at(0)));
    assert_eq!(before(&failed).await, (at(2), at(0)));
    assert_eq!(before(&last).await, (at(2), at(0)));
    assert_eq!(runs::previous_reads(conn, harbor, Dataset::Deals, &last).await.unwrap(), (None, None));

    let applied = runs::applied_runs(conn, harbor, Dataset::Contacts).await.unwrap();
    assert_eq!(applied, [last.clone(), held, part, whole]);
    assert_eq!(runs::last_applied_run(conn, harbor, Dataset::Contacts).await.unwrap(), Some(last));
    assert_eq!(runs::last_applied_run(conn, harbor, Dataset::Notes).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn skipped_rows_are_listed_by_page_with_their_reasons(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let run = start(&db, tenant, Trigger::Schedule).await.id;
    let found: Vec<_> = (0..120).map(|i| (70_000 + i, format!("no id {i}"))).collect();
    runs::set_aside(conn, tenant, &run, Dataset::Contacts, &found).await.unwrap();
    // A row reported twice is stored once, with the last reason.
    runs::set_aside(conn, tenant, &run, Dataset::Contacts, &[(70_001, "no object".to_owned())]).await.unwrap();
    runs::set_aside(conn, tenant, &run, Dataset::Deals, &[(70_000, "no id".to_owned())]).await.unwrap();
    let listed = async |limit, after| runs::set_aside_rows(conn, tenant, &run, Dataset::Contacts, limit, after).await.unwrap();
    assert_eq!(listed(2, 0).await, [(70_000, "no id 0".to_owned()), (70_001, "no object".to_owned())]);
    assert_eq!(listed(500, 100).await, found[100..]);
    assert_eq!(listed(500, 120).await, []);
}

#[rstest]
#[tokio::test]
async fn live_reports_show_the_progress_of_running_runs(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    read_contacts(&db, harbor, Trigger::Schedule, -60, DatasetStatus::Succeeded).await;
    request(&db, tidewater, Trigger::Person).await;
    assert!(runs::live_reports(conn).await.unwrap().is_empty());
    let run = start(&db, harbor, Trigger::Schedule).await.id;
    let reading = DatasetReport {
        status: DatasetStatus::Reading,
        read: 300,
        expected: Some(5_000),
        ..DatasetReport::waiting(Dataset::Contacts)
    };
    runs::report(conn, harbor, &run, &reading, NOW_MS).await.unwrap();
    let under_way = runs::live_reports(conn).await.unwrap();
    let actual: Vec<_> = under_way.iter().map(|(tenant, r)| (*tenant, r.dataset, r.status, r.read, r.expected)).collect();
    assert_eq!(actual, [(harbor, Dataset::Contacts, DatasetStatus::Reading, 300, Some(5_000))]);
}
