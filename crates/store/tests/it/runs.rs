mod lists;
mod requests;

use rstest::rstest;
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, FaultClass, RunId, RunStatus, TenantId, Trigger, UserRole};
use tetherboard_store::runs::{self, DatasetReport, Run, RunError, RunRequest};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{TestDatabase, person};

use crate::rows::{NOW_MS, harbor};

/// A finished run that started `minute` minutes after `NOW_MS`.
async fn run(db: &TestDatabase, tenant: TenantId, minute: i64, status: RunStatus) -> RunId {
    let at_ms = NOW_MS + minute * 60_000;
    let run = runs::start(db.store.conn(), tenant, Trigger::Schedule, at_ms).await.unwrap().id;
    runs::finish(db.store.conn(), &run, status, at_ms + 1_000).await.unwrap();
    run
}

/// Requests a run.
async fn request(db: &TestDatabase, tenant: TenantId, wanted: impl Into<RunRequest>) -> RunId {
    runs::request(db.store.conn(), tenant, wanted, NOW_MS).await.unwrap()
}

/// Starts a run: the queued one that fits, or a new one.
async fn start(db: &TestDatabase, tenant: TenantId, wanted: impl Into<RunRequest>) -> Run {
    runs::start(db.store.conn(), tenant, wanted, NOW_MS + 1).await.unwrap()
}

async fn get(db: &TestDatabase, tenant: TenantId, run: &RunId) -> Run {
    runs::get(db.store.conn(), tenant, run).await.unwrap().unwrap()
}

#[rstest]
#[tokio::test]
async fn two_requests_make_one_run(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let asked = runs::request(conn, tenant, Trigger::Person, NOW_MS).await.unwrap();
    assert_eq!(runs::request(conn, tenant, Trigger::Command, NOW_MS + 1).await.unwrap(), asked);
    assert_eq!(runs::queued_tenants(conn).await.unwrap(), [(tenant, Trigger::Person)]);

    let started = runs::start(conn, tenant, Trigger::Schedule, NOW_MS + 2).await.unwrap();
    assert_eq!((&started.id, started.trigger, started.requested_ms), (&asked, Trigger::Person, NOW_MS));
    assert!(runs::queued_tenants(conn).await.unwrap().is_empty());
    // A request during the run returns the running one.
    assert_eq!(runs::request(conn, tenant, Trigger::Person, NOW_MS + 3).await.unwrap(), asked);

    runs::finish(conn, &asked, RunStatus::Succeeded, NOW_MS + 4).await.unwrap();
    assert!(runs::open_run(conn, tenant).await.unwrap().is_none());
    let finished = runs::get(conn, tenant, &asked).await.unwrap().unwrap();
    let times = (finished.requested_ms, finished.started_ms, finished.finished_ms);
    assert_eq!((finished.status, times), (RunStatus::Succeeded, (NOW_MS, Some(NOW_MS + 2), Some(NOW_MS + 4))));
    assert_ne!(runs::request(conn, tenant, Trigger::Person, NOW_MS + 5).await.unwrap(), asked);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_make_one_run(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let clicks: Vec<_> = (0..8)
        .map(|_| {
            let store = db.store.clone();
            tokio::spawn(async move { runs::request(store.conn(), tenant, Trigger::Person, NOW_MS).await.unwrap() })
        })
        .collect();
    let mut ids = Vec::new();
    for click in clicks {
        ids.push(click.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

#[rstest]
#[tokio::test]
async fn a_running_replay_does_not_meet_a_request_for_a_new_one(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let first = runs::request(conn, tenant, Trigger::Replay, NOW_MS).await.unwrap();
    assert_eq!(runs::request(conn, tenant, Trigger::Replay, NOW_MS + 1).await.unwrap(), first);
    assert_eq!(runs::start(conn, tenant, Trigger::Replay, NOW_MS + 2).await.unwrap().id, first);
    assert_eq!(runs::request(conn, tenant, Trigger::Replay, NOW_MS + 3).await.unwrap(), first);
    let anew = RunRequest::new(Trigger::Replay).must_be_new();
    let second = runs::request(conn, tenant, anew.clone(), NOW_MS + 3).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(runs::request(conn, tenant, anew, NOW_MS + 4).await.unwrap(), second);
}

#[rstest]
#[tokio::test]
async fn a_scheduled_run_is_new_when_none_is_queued(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let run = runs::start(conn, tenant, Trigger::Schedule, NOW_MS).await.unwrap();
    let open = runs::open_run(conn, tenant).await.unwrap().unwrap();
    assert_eq!(
        (open.id, open.status, open.trigger, open.started_ms),
        (run.id, RunStatus::Running, Trigger::Schedule, Some(NOW_MS))
    );
}

#[rstest]
#[tokio::test]
async fn the_run_of_a_dead_process_is_aborted_with_its_datasets_and_a_queued_run_stays(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let dead = runs::start(conn, tenant, Trigger::Schedule, NOW_MS).await.unwrap().id;
    let statuses = [
        (Dataset::Stages, DatasetStatus::Succeeded),
        (Dataset::Contacts, DatasetStatus::Reading),
        (Dataset::Deals, DatasetStatus::Waiting),
    ];
    for (dataset, status) in statuses {
        let report = DatasetReport { status, ..DatasetReport::waiting(dataset) };
        runs::report(conn, tenant, &dead, &report, NOW_MS).await.unwrap();
    }
    assert_eq!(runs::abort_open(conn, tenant, NOW_MS + 9).await.unwrap(), 1);
    assert_eq!(runs::abort_open(conn, tenant, NOW_MS + 10).await.unwrap(), 0);
    let closed = runs::get(conn, tenant, &dead).await.unwrap().unwrap();
    assert_eq!((closed.status, closed.finished_ms), (RunStatus::Aborted, Some(NOW_MS + 9)));
    let reports = runs::reports(conn, tenant, &dead).await.unwrap();
    let actual: Vec<_> = reports.iter().map(|report| (report.dataset, report.status)).collect();
    use DatasetStatus::{Failed, Succeeded};
    assert_eq!(actual, [(Dataset::Stages, Succeeded), (Dataset::Contacts, Failed), (Dataset::Deals, Failed)]);

    let asked = runs::request(conn, tenant, Trigger::Person, NOW_MS + 20).await.unwrap();
    assert_eq!(runs::abort_open(conn, tenant, NOW_MS + 21).await.unwrap(), 0);
    assert_eq!(runs::open_run(conn, tenant).await.unwrap().unwrap().id, asked);
}

#[rstest]
#[tokio::test]
async fn failing_since_is_the_first_run_after_the_last_success(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let since = || async { runs::failing_since(conn, tenant).await.unwrap().map(|run| run.id) };
    assert_eq!(since().await, None);
    let first = run(&db, tenant, 0, RunStatus::Failed).await;
    assert_eq!(since().await, Some(first));
    run(&db, tenant, 60, RunStatus::Succeeded).await;
    assert_eq!(since().await, None);
    let partial = run(&db, tenant, 120, RunStatus::Partial).await;
    run(&db, tenant, 180, RunStatus::Aborted).await;
    let last = run(&db, tenant, 240, RunStatus::Failed).await;
    assert_eq!(since().await, Some(partial.clone()));
    // An open run does not count yet.
    let open = runs::start(conn, tenant, Trigger::Schedule, NOW_MS + 300 * 60_000).await.unwrap().id;
    assert_eq!(since().await, Some(partial));
    assert_eq!(runs::newest_finished(conn, tenant, None).await.unwrap().unwrap().id, last);
    let succeeded = runs::newest_finished(conn, tenant, Some(RunStatus::Succeeded)).await.unwrap().unwrap();
    assert_eq!(succeeded.requested_ms, NOW_MS + 60 * 60_000);
    runs::finish(conn, &open, RunStatus::Succeeded, NOW_MS + 301 * 60_000).await.unwrap();
    assert_eq!(since().await, None);
}

#[rstest]
#[tokio::test]
async fn runs_are_newest_first_and_belong_to_one_brand(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    // In the same millisecond, the later ID is newer.
    let one = run(&db, harbor, 0, RunStatus::Succeeded).await;
    let two = run(&db, harbor, 0, RunStatus::Succeeded).await;
    let three = run(&db, harbor, 5, RunStatus::Succeeded).await;
    let other = run(&db, tidewater, 9, RunStatus::Succeeded).await;
    let newest = runs::newest(db.store.conn(), harbor, 2).await.unwrap();
    assert_eq!(newest.iter().map(|run| &run.id).collect::<Vec<_>>(), [&three, &two]);
    let all = runs::newest(db.store.conn(), harbor, 10).await.unwrap();
    assert_eq!(all.last().unwrap().id, one);
    assert!(runs::get(db.store.conn(), harbor, &other).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn reports_are_stored_completely_and_listed_in_reading_order(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let run = runs::start(conn, tenant, Trigger::Command, NOW_MS).await.unwrap().id;
    for dataset in [Dataset::Deals, Dataset::Stages, Dataset::Contacts] {
        runs::report(conn, tenant, &run, &DatasetReport::waiting(dataset), NOW_MS).await.unwrap();
    }
    let error = RunError {
        class: FaultClass::Timeout,
        message: "could not read contacts: no answer".to_owned(),
        request: Some("contacts at offset 300".to_owned()),
        trace: "0af7651916cd43dd".to_owned(),
        retry_after: None,
    };
    let partial = DatasetReport {
        status: DatasetStatus::Partial,
        started_ms: Some(NOW_MS),
        finished_ms: Some(NOW_MS + 1),
        expected: Some(400),
        pages: 3,
        read: 300,
        added: 1,
        changed: 2,
        unchanged: 297,
        gone: 4,
        held: 5,
        set_aside: 6,
        retries: 7,
        error: Some(error),
        ..DatasetReport::waiting(Dataset::Contacts)
    };
    runs::report(conn, tenant, &run, &partial, NOW_MS).await.unwrap();
    let reports = runs::reports(conn, tenant, &run).await.unwrap();
    assert_eq!(reports.iter().map(|r| r.dataset).collect::<Vec<_>>(), [Dataset::Stages, Dataset::Contacts, Dataset::Deals]);
    assert_eq!(format!("{:?}", reports[1]), format!("{partial:?}"));
    runs::set_aside(conn, tenant, &run, Dataset::Contacts, &[(65_536, "no id".to_owned()), (65_537, "no id".to_owned())])
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn a_partial_read_moves_one_watermark_and_a_complete_read_both(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let set = |dataset, ms, whole| runs::set_dataset_age(conn, tenant, dataset, EpochMs(ms), whole);
    set(Dataset::Contacts, 10, true).await.unwrap();
    set(Dataset::Contacts, 20, false).await.unwrap();
    set(Dataset::Deals, 15, false).await.unwrap();
    let ages = runs::dataset_ages(conn, tenant).await.unwrap();
    assert_eq!(
        (ages.complete_read_ms(Dataset::Contacts), ages.last_read_ms(Dataset::Contacts)),
        (Some(EpochMs(10)), Some(EpochMs(20)))
    );
    assert_eq!((ages.complete_read_ms(Dataset::Deals), ages.last_read_ms(Dataset::Deals)), (None, Some(EpochMs(15))));
    assert_eq!(ages.as_of_ms(&[Dataset::Contacts]), Some(EpochMs(10)));
    assert_eq!(ages.as_of_ms(&[Dataset::Contacts, Dataset::Deals]), None);
    assert_eq!(ages.as_of_ms(&[Dataset::Contacts, Dataset::Stages]), None);
    set(Dataset::Deals, 30, true).await.unwrap();
    let ages = runs::dataset_ages(conn, tenant).await.unwrap();
    assert_eq!(ages.as_of_ms(&[Dataset::Contacts, Dataset::Deals]), Some(EpochMs(10)));
}
