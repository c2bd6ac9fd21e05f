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

// Requests ----------------------------------------------------------------------------------------------------

fn agreeing(datasets: &[Dataset]) -> RunRequest {
    RunRequest { accept_removals: datasets.to_vec(), ..RunRequest::new(Trigger::Person) }
}

async fn ask(db: &TestDatabase, tenant: TenantId, wish: impl Into<RunRequest>) -> RunId {
    runs::request(db.store.conn(), tenant, wish, NOW_MS).await.unwrap()
}

async fn start(db: &TestDatabase, tenant: TenantId, wish: impl Into<RunRequest>) -> Run {
    runs::start(db.store.conn(), tenant, wish, NOW_MS + 1).await.unwrap()
}

async fn get(db: &TestDatabase, tenant: TenantId, run: &RunId) -> Run {
    runs::get(db.store.conn(), tenant, run).await.unwrap().unwrap()
}

#[rstest]
#[tokio::test]
async fn a_run_records_who_requested_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let ada = person(&db.store, "ada@example.com", UserRole::AgencyAdmin, "h", &[]).await;
    let asked = ask(&db, tenant, RunRequest::by_user(Trigger::Person, ada)).await;
    let run = start(&db, tenant, Trigger::Schedule).await;
    assert_eq!((run.id, run.requested_by, run.trigger), (asked, Some(ada), Trigger::Person));
    assert_eq!(runs::open_run(db.store.conn(), tenant).await.unwrap().unwrap().requested_by, Some(ada));
}

#[rstest]
#[tokio::test]
async fn removals_accepted_while_a_run_is_queued_are_added_to_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let asked = ask(&db, tenant, Trigger::Person).await;
    assert!(get(&db, tenant, &asked).await.accept_removals.is_empty());
    for dataset in [Dataset::Deals, Dataset::Contacts, Dataset::Deals] {
        assert_eq!(ask(&db, tenant, agreeing(&[dataset])).await, asked);
    }
    assert_eq!(get(&db, tenant, &asked).await.accept_removals, [Dataset::Deals, Dataset::Contacts]);
    // A request without accepted removals does not clear them.
    assert_eq!(ask(&db, tenant, Trigger::Person).await, asked);
    assert_eq!(start(&db, tenant, Trigger::Schedule).await.accept_removals, [Dataset::Deals, Dataset::Contacts]);
}

#[rstest]
#[tokio::test]
async fn removals_accepted_during_a_run_queue_another(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let first = ask(&db, tenant, agreeing(&[Dataset::Contacts])).await;
    assert_eq!(start(&db, tenant, Trigger::Schedule).await.id, first);
    assert_eq!(ask(&db, tenant, agreeing(&[Dataset::Contacts])).await, first, "the running one agreed to that already");
    let second = ask(&db, tenant, agreeing(&[Dataset::Deals])).await;
    assert_ne!(second, first);
    // Later acceptances go to the queued run, whatever is running.
    assert_eq!(ask(&db, tenant, agreeing(&[Dataset::Events])).await, second);
    assert_eq!(ask(&db, tenant, agreeing(&[Dataset::Deals])).await, second);
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
    let [asked] = &ids[..] else { panic!("{ids:?}") };
    let mut agreed = get(&db, tenant, asked).await.accept_removals;
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
    let read = ask(&db, tenant, Trigger::Person).await;
    let asked = ask(&db, tenant, replay.clone()).await;
    assert_ne!(asked, read);
    assert_eq!((ask(&db, tenant, Trigger::Command).await, ask(&db, tenant, replay.clone()).await), (read.clone(), asked.clone()));
    let mut queued = runs::queued_tenants(conn).await.unwrap();
    queued.sort_by_key(|(_, trigger)| *trigger);
    assert_eq!(queued, [(tenant, Trigger::Person), (tenant, Trigger::Replay)]);

    // Each kind starts its own queued run.
    let started = start(&db, tenant, Trigger::Replay).await;
    assert_eq!((&started.id, started.trigger, &started.replay_of), (&asked, Trigger::Replay, &Some(old)));
    assert_eq!(ask(&db, tenant, replay.clone()).await, asked);
    assert_eq!(ask(&db, tenant, Trigger::Person).await, read);
    runs::finish(conn, &asked, RunStatus::Succeeded, NOW_MS + 2).await.unwrap();
    assert_eq!(start(&db, tenant, Trigger::Schedule).await.id, read);
    let again = ask(&db, tenant, replay).await;
    assert!(again != read && again != asked);
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
    let asked = ask(&db, harbor, Trigger::Person).await;
    assert!(!runs::cancel(conn, tidewater, &asked, NOW_MS + 5).await.unwrap(), "another brand's");
    assert!(runs::cancel(conn, harbor, &asked, NOW_MS + 5).await.unwrap());
    let cancelled = get(&db, harbor, &asked).await;
    let actual = (cancelled.status, cancelled.started_ms, cancelled.finished_ms, cancelled.canceled);
    assert_eq!(actual, (RunStatus::Aborted, None, Some(NOW_MS + 5), true));
    assert!(runs::queued_tenants(conn).await.unwrap().is_empty() && runs::open_run(conn, harbor).await.unwrap().is_none());
    assert!(!runs::cancel(conn, harbor, &asked, NOW_MS + 6).await.unwrap());
    assert_ne!(ask(&db, harbor, Trigger::Person).await, asked);
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
        let asked = ask(&db, tenant, Trigger::Person).await;
        let (store, run) = (db.store.clone(), asked.clone());
        let cancel = tokio::spawn(async move { runs::cancel(store.conn(), tenant, &run, NOW_MS + 5).await.unwrap() });
        let started = start(&db, tenant, Trigger::Schedule).await;
        assert!(cancel.await.unwrap());
        let actual = get(&db, tenant, &asked).await;
        if started.id == asked {
            assert_eq!((actual.status, actual.finished_ms, actual.canceled), (RunStatus::Running, None, true));
        } else {
            assert_eq!((actual.status, actual.started_ms, actual.finished_ms), (RunStatus::Aborted, None, Some(NOW_MS + 5)));
            assert_eq!(started.trigger, Trigger::Schedule);
        }
        runs::abort_open(conn, tenant, NOW_MS + 9).await.unwrap();
    }
}

// Lists and reports -------------------------------------------------------------------------------------------------

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
    ask(&db, tidewater, Trigger::Person).await;
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
