mod sequences;

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use tetherboard_domain::{Dataset, RunId, RunStatus, TenantId, Trigger};
use tetherboard_store::retention::{self, SweepOutcome};
use tetherboard_store::snapshots::{self, Recorder, RowNo, RowReader};
use tetherboard_store::{leads, leases, runs};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{TestDatabase, tenant};

use crate::responses::{
    Body, assert_all_come_back, body, contacts, keep, page, pages, sample_responses, store_responses, stored, unsplit,
};
use crate::rows::{NOW_MS, harbor, lead, meta};

/// Stores bodies under a lease, as a worker does.
async fn read(db: &TestDatabase, tenant: TenantId, bodies: &[Body]) -> (RunId, Vec<Vec<RowNo>>) {
    let conn = db.store.conn();
    let lease = leases::claim(conn, tenant, "worker", NOW_MS, NOW_MS + 60_000).await.unwrap().unwrap();
    let kept = keep(db, tenant, bodies).await;
    runs::finish(conn, &kept.0, RunStatus::Succeeded, NOW_MS).await.unwrap();
    leases::release(conn, &lease).await.unwrap();
    kept
}

async fn forget(db: &TestDatabase, tenant: TenantId, run: &RunId) {
    retention::delete_snapshots(db.store.conn(), tenant, run).await.unwrap();
}

async fn sweep(db: &TestDatabase, tenant: TenantId) -> SweepOutcome {
    retention::sweep(&db.store, tenant, NOW_MS).await.unwrap()
}

async fn number(db: &TestDatabase, text: &str) -> i64 {
    let conn = db.store.conn();
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), text)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn bodies_stored(db: &TestDatabase) -> i64 {
    number(db, "SELECT COUNT(*) FROM snapshot_bodies").await
}

#[rstest]
#[tokio::test]
async fn a_sweep_deletes_exactly_what_is_unused(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let old = pages(&contacts(0..1_000));
    let new = pages(&contacts(700..1_500));
    let (forgotten, _) = read(&db, harbor, &old).await;
    let (kept, places) = read(&db, harbor, &new).await;
    let (others, _) = read(&db, tidewater, &old).await;
    let [frames, rows, bytes] = stored(&db).await;
    assert_eq!((frames, rows, bodies_stored(&db).await), (3, 2_500, 10 + 5 + 10));
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Done { bodies: 0, rows: 0 }, "all of it is named");
    assert_eq!(stored(&db).await, [frames, rows, bytes]);

    forget(&db, harbor, &forgotten).await;
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Done { bodies: 7, rows: 700 });
    let [frames_after, rows_after, bytes_after] = stored(&db).await;
    assert_eq!((frames_after, rows_after, bodies_stored(&db).await), (3, 1_800, 18));
    assert!(bytes_after < bytes - bytes / 10, "{bytes_after} of {bytes} bytes are left");
    assert_all_come_back(&db, harbor, &kept, &new).await;
    assert_all_come_back(&db, tidewater, &others, &old).await;
    assert_eq!(body(&db, harbor, &forgotten, 0).await, None);
    let left = retention::runs_with_snapshots(db.store.conn(), harbor).await.unwrap();
    assert_eq!(left, [(kept.clone(), NOW_MS)]);

    // Every row keeps its number and is recognized when it arrives again. A second sweep finds nothing.
    assert_eq!(read(&db, harbor, &new).await.1, places);
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Done { bodies: 0, rows: 0 });
    // Deleted rows are stored again as new.
    let (again, _) = read(&db, harbor, &old).await;
    assert_all_come_back(&db, harbor, &again, &old).await;
    assert_all_come_back(&db, harbor, &kept, &new).await;
}

#[rstest]
#[tokio::test]
async fn rows_used_by_records_or_skipped_rows_stay(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    let rows = contacts(0..300);
    let (forgotten, places) = read(&db, harbor, &pages(&rows)).await;
    let places = places.concat();
    let (kept, _) = read(&db, harbor, &pages(&contacts(290..291))).await;
    // A live record, a gone record, and a skipped row of a run with stored responses.
    leads::put(conn, harbor, &[(meta("3", places[3]), lead("Ada")), (meta("7", places[7]), lead("Bo"))], &[]).await.unwrap();
    let gone = tetherboard_store::records::Absence::Gone(NOW_MS);
    tetherboard_store::records::set_absence(conn, harbor, Dataset::Contacts, &["7".to_owned()], gone).await.unwrap();
    runs::set_aside(conn, harbor, &kept, Dataset::Deals, &[(places[250], "no id".to_owned())]).await.unwrap();
    runs::set_aside(conn, harbor, &forgotten, Dataset::Deals, &[(places[251], "no id".to_owned())]).await.unwrap();
    forget(&db, harbor, &forgotten).await;
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Done { bodies: 3, rows: 296 });
    let mut reader = RowReader::new(harbor);
    for at in [3, 7, 250, 290] {
        assert_eq!(reader.row(conn, places[at]).await.unwrap(), rows[at].as_bytes());
    }
    assert_eq!(number(&db, "SELECT COUNT(*) FROM raw_rows").await, 4);
    assert!(runs::set_aside_rows(conn, harbor, &forgotten, Dataset::Deals, 9, 0).await.unwrap().is_empty());
    assert_eq!(runs::set_aside_rows(conn, harbor, &kept, Dataset::Deals, 9, 0).await.unwrap().len(), 1);

    // Records of every dataset keep their rows, even without any stored response.
    forget(&db, harbor, &kept).await;
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Done { bodies: 1, rows: 2 });
    assert_eq!(RowReader::new(harbor).row(conn, places[3]).await.unwrap(), rows[3].as_bytes());
}

#[rstest]
#[tokio::test]
async fn a_frame_that_is_less_than_half_dead_is_left_alone(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let (forgotten, _) = read(&db, harbor, &pages(&contacts(1_000..1_300))).await;
    let (kept, _) = read(&db, harbor, &pages(&contacts(1_100..1_300))).await;
    let [frames, rows, _] = stored(&db).await;
    forget(&db, harbor, &forgotten).await;
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Done { bodies: 1, rows: 0 });
    assert_eq!(stored(&db).await[..2], [frames, rows]);
    // Its dead rows are still recognized when they arrive again.
    let (again, _) = read(&db, harbor, &pages(&contacts(1_000..1_300))).await;
    assert_eq!(stored(&db).await[..2], [frames, rows]);
    assert_all_come_back(&db, harbor, &again, &pages(&contacts(1_000..1_300))).await;
    assert_all_come_back(&db, harbor, &kept, &pages(&contacts(1_100..1_300))).await;
}

/// The number of a deleted newest frame is used again.
#[rstest]
#[tokio::test]
async fn rows_of_a_deleted_frame_are_stored_again_as_new(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let kept = pages(&contacts(0..50));
    let (run, _) = read(&db, harbor, &kept).await;
    // Including empty rows.
    let odd = [page(&["{}".to_owned(), String::new(), " ".to_owned(), String::new()]), unsplit(b"<html>")];
    let (forgotten, _) = read(&db, harbor, &odd).await;
    forget(&db, harbor, &forgotten).await;
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Done { bodies: 2, rows: 2 });
    assert_eq!(stored(&db).await[..2], [1, 50]);
    let other = [page(&[String::new(), "[]".to_owned()])];
    let (other_run, _) = read(&db, harbor, &other).await;
    assert_all_come_back(&db, harbor, &other_run, &other).await;
    let (again, _) = read(&db, harbor, &odd).await;
    assert_all_come_back(&db, harbor, &again, &odd).await;
    assert_all_come_back(&db, harbor, &run, &kept).await;
}

#[rstest]
#[tokio::test]
async fn nothing_is_swept_during_a_run_or_before_the_first(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Interrupted);
    let (forgotten, _) = read(&db, harbor, &pages(&contacts(0..200))).await;
    forget(&db, harbor, &forgotten).await;
    let before = stored(&db).await;
    let lease = leases::claim(conn, harbor, "worker", NOW_MS, NOW_MS + 60_000).await.unwrap().unwrap();
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Interrupted);
    assert_eq!((stored(&db).await, bodies_stored(&db).await), (before, 2));
    // Another brand's run does not matter, and the swept brand's lease works as before.
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    read(&db, tidewater, &pages(&contacts(0..10))).await;
    assert_eq!(sweep(&db, tidewater).await, SweepOutcome::Done { bodies: 0, rows: 0 });
    let tx = db.store.begin().await.unwrap();
    assert!(leases::holds(&tx, &lease).await.unwrap());
    drop(tx);
    leases::release(conn, &lease).await.unwrap();
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Done { bodies: 2, rows: 200 });
    assert_eq!(stored(&db).await[..2], [1, 10]);
}

/// A suspended machine: its lease expired, nobody claimed it, and it resumes with row numbers that have been deleted.
#[rstest]
#[tokio::test]
async fn a_run_that_was_suspended_during_a_sweep_can_no_longer_write(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    let bodies = pages(&contacts(0..200));
    let (forgotten, _) = read(&db, harbor, &bodies).await;
    let lease = leases::claim(conn, harbor, "sleeper", NOW_MS - 60_000, NOW_MS).await.unwrap().unwrap();
    let run = runs::start(conn, harbor, Trigger::Schedule, NOW_MS).await.unwrap().id;
    let mut recorder = Recorder::new(conn, harbor, run, Dataset::Contacts).await.unwrap();
    for sample in sample_responses(&bodies) {
        recorder.record(conn, &sample.response()).await.unwrap();
    }
    forget(&db, harbor, &forgotten).await;
    assert_eq!(sweep(&db, harbor).await, SweepOutcome::Done { bodies: 2, rows: 200 });
    let tx = db.store.begin().await.unwrap();
    assert!(!leases::holds(&tx, &lease).await.unwrap(), "it would name bodies that are no more");
    drop(tx);
    assert!(!leases::renew(conn, &lease, NOW_MS + 60_000).await.unwrap());
    assert!(leases::claim(conn, harbor, "next", NOW_MS, NOW_MS + 60_000).await.unwrap().is_some());
}

/// Runs `meanwhile` when `inner` has reached a point, until it finishes or has to wait for `inner`.
async fn interrupted<F: Future>(inner: F, polls: usize, meanwhile: impl Future<Output = ()>) -> F::Output {
    let (mut inner, mut left) = (pin!(inner), polls);
    let early = poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        inner.as_mut().poll(cx).map(Some)
    });
    if let Some(done) = early.await {
        meanwhile.await;
        return done;
    }
    let mut meanwhile = pin!(meanwhile);
    match tokio::time::timeout(Duration::from_millis(60), &mut meanwhile).await {
        Ok(()) => inner.await,
        Err(_) => tokio::join!(inner, meanwhile).0,
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_starts_during_a_sweep_loses_nothing(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, _) = harbor(kind).await;
    let mut disturbed = 0;
    for polls in 0..24 {
        let brand = tenant(&db.store, &format!("brand-{polls}"), "UTC").await.id;
        // Several unused frames and bodies, so that the sweep can be interrupted, and one run with stored responses.
        let mut forgotten = Vec::new();
        for i in 0..4 {
            forgotten.push(read(&db, brand, &pages(&contacts(i * 40..i * 40 + 60))).await.0);
        }
        let kept = pages(&contacts(30..70));
        let (kept_run, _) = read(&db, brand, &kept).await;
        for run in &forgotten {
            forget(&db, brand, run).await;
        }
        // The new run refers to dead bodies and rows again, in addition to new ones.
        let coming: Vec<Body> = pages(&contacts(40..100)).into_iter().chain(pages(&contacts(150..400))).collect();
        let mut new_run = None;
        let swept = interrupted(retention::sweep(&db.store, brand, NOW_MS), polls * 3, async {
            new_run = Some(read(&db, brand, &coming).await.0);
        })
        .await
        .unwrap();
        disturbed += usize::from(swept == SweepOutcome::Interrupted);
        let new_run = new_run.unwrap();
        for _ in 0..2 {
            assert_all_come_back(&db, brand, &new_run, &coming).await;
            assert_all_come_back(&db, brand, &kept_run, &kept).await;
            assert!(matches!(sweep(&db, brand).await, SweepOutcome::Done { .. }));
        }
    }
    assert!(disturbed > 0, "no run began in the middle");
}

/// Runs and sweeps at the same time in two processes, with the sweep starting a little later each round.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sweeps_and_runs_lose_nothing(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let kept = pages(&contacts(0..120));
    let (kept_run, _) = read(&db, harbor, &kept).await;
    let other = db.reopen().await;
    for delay_ms in (0..24).step_by(2) {
        let first = 7 * delay_ms as usize;
        let bodies = pages(&contacts(first..first + 80));
        let sweeping = {
            let other = other.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(delay_ms)).await;
                retention::sweep(&other, harbor, NOW_MS).await.unwrap()
            })
        };
        let (run, _) = read(&db, harbor, &bodies).await;
        sweeping.await.unwrap();
        assert_all_come_back(&db, harbor, &run, &bodies).await;
        forget(&db, harbor, &run).await;
    }
    assert!(matches!(sweep(&db, harbor).await, SweepOutcome::Done { .. }), "no run is active");
    assert_all_come_back(&db, harbor, &kept_run, &kept).await;
}

#[rstest]
#[tokio::test]
async fn only_one_caller_claims_a_days_cleanup(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let claim = async |brand, day| retention::claim_daily_cleanup(conn, brand, day).await.unwrap();
    assert!(claim(harbor, "2026-06-01").await && !claim(harbor, "2026-06-01").await);
    assert!(claim(tidewater, "2026-06-01").await);
    assert!(claim(harbor, "2026-06-02").await && !claim(harbor, "2026-06-02").await);
    let thinned = tetherboard_store::tenants::by_id(conn, harbor).await.unwrap().unwrap().snapshots_thinned;
    assert_eq!(thinned.map(|day| day.to_string()).as_deref(), Some("2026-06-02"));
}
