use rstest::rstest;
use tetherboard_domain::{Dataset, EpochMs};
use tetherboard_store::records::{self, Absence, RecordMeta};
use tetherboard_store::schedule::{self, ActivityRecord, ActivityRow};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{TestDatabase, tenant};

use crate::rows::{NOW_MS, activity, harbor, lead, meta, put_leads};

const HOUR_MS: i64 = 3_600_000;

fn at(hour: i64) -> ActivityRecord {
    ActivityRecord { starts_ms: Some(NOW_MS + hour * HOUR_MS), ends_ms: None, ..activity("Call") }
}

async fn put<const N: usize>(db: &TestDatabase, tenant: tetherboard_domain::TenantId, found: [(&str, ActivityRecord); N]) {
    let found = found.map(|(id, activity)| (meta(id, 1), activity));
    schedule::put(db.store.conn(), tenant, &found, &[]).await.unwrap();
}

fn ids(rows: &[ActivityRow]) -> Vec<&str> {
    rows.iter().map(|row| &*row.crm_id).collect()
}

#[rstest]
#[tokio::test]
async fn a_window_contains_the_brands_appointments_that_start_in_it_in_order(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let found = [("z", at(0)), ("b", at(1)), ("a", at(1)), ("late", at(2)), ("early", at(-1)), ("gone", at(1))];
    put(&db, harbor, found).await;
    put(&db, tidewater, [("other", at(1))]).await;
    records::set_absence(conn, harbor, Dataset::Events, &["gone".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    let rows = schedule::between(conn, harbor, NOW_MS, NOW_MS + 2 * HOUR_MS).await.unwrap();
    assert_eq!(ids(&rows), ["z", "a", "b"]);
    assert!(schedule::between(conn, harbor, NOW_MS, NOW_MS).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn appointments_without_a_readable_start_are_listed_separately(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    let undated = || ActivityRecord { starts_ms: None, ..activity("Sometime") };
    put(&db, harbor, [("1", at(0)), ("2", undated()), ("3", undated()), ("4", undated())]).await;
    records::set_absence(conn, harbor, Dataset::Events, &["3".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    assert_eq!(schedule::undated(conn, harbor).await.unwrap().len(), 2);
    assert_eq!(ids(&schedule::between(conn, harbor, EpochMs::MIN, EpochMs::MAX).await.unwrap()), ["1"]);
    // Once it has a start, it is in the window.
    put(&db, harbor, [("4", at(3))]).await;
    assert_eq!(schedule::undated(conn, harbor).await.unwrap().len(), 1);
    assert_eq!(ids(&schedule::between(conn, harbor, EpochMs::MIN, EpochMs::MAX).await.unwrap()), ["1", "4"]);
}

#[rstest]
#[tokio::test]
async fn an_appointment_is_stored_completely_and_shows_its_contacts_name(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    put_leads(&db, harbor, [("7", lead("Ada")), ("8", lead("Gone"))]).await;
    records::set_absence(conn, harbor, Dataset::Contacts, &["8".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    let whole = ActivityRecord {
        client_id: Some("7".into()),
        name: "A. Lovelace".to_owned(),
        kind: "Discovery Day".to_owned(),
        title: "Meet".to_owned(),
        description: "Bring the FDD\nand a pen".to_owned(),
        place: "Austin".to_owned(),
        owner: "Uma".to_owned(),
        status: "Rescheduled".to_owned(),
        cancelled: true,
        all_day: true,
        starts_ms: Some(NOW_MS),
        ends_ms: Some(NOW_MS + HOUR_MS),
        moved_from_ms: Some(NOW_MS - HOUR_MS),
    };
    let of = |client_id: Option<&str>, hour| ActivityRecord { client_id: client_id.map(Into::into), ..at(hour) };
    put(&db, harbor, [("1", whole.clone()), ("2", of(Some("8"), 1)), ("3", of(Some("404"), 2)), ("4", of(None, 3))]).await;
    let rows = schedule::between(conn, harbor, NOW_MS, NOW_MS + 9 * HOUR_MS).await.unwrap();
    let row = rows[0].clone();
    assert_eq!((&*row.name, row.stage.as_deref()), ("Ada", Some("New Lead")));
    let back = ActivityRecord {
        client_id: row.client_id,
        name: whole.name.clone(),
        kind: row.kind,
        title: row.title,
        description: row.description,
        place: row.place,
        owner: row.owner,
        status: row.status,
        cancelled: row.cancelled,
        all_day: row.all_day,
        starts_ms: row.starts_ms,
        ends_ms: row.ends_ms,
        moved_from_ms: row.moved_from_ms,
    };
    assert_eq!(format!("{back:?}"), format!("{whole:?}"));
    // Without a live contact, the appointment's own name is shown.
    let others: Vec<_> = rows[1..].iter().map(|row| (&*row.name, row.stage.as_deref())).collect();
    assert_eq!(others, [("Somebody", None); 3]);
}

#[rstest]
#[tokio::test]
async fn prior_times_are_those_stored_before(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    put(&db, harbor, [("1", at(0)), ("2", ActivityRecord { starts_ms: None, ..activity("Sometime") })]).await;
    let moved = ActivityRecord { moved_from_ms: Some(NOW_MS), ..at(5) };
    schedule::put(conn, harbor, &[(RecordMeta { changed_ms: NOW_MS + 1, ..meta("1", 2) }, moved)], &[]).await.unwrap();
    let asked: Vec<String> = ["1", "2", "404"].map(Into::into).to_vec();
    let mut prior_times = schedule::prior_times(conn, harbor, &asked).await.unwrap();
    prior_times.sort_by(|a, b| a.crm_id.cmp(&b.crm_id));
    let actual: Vec<_> = prior_times.iter().map(|prior| (&*prior.crm_id, prior.starts_ms, prior.moved_from_ms)).collect();
    assert_eq!(actual, [("1", Some(NOW_MS + 5 * HOUR_MS), Some(NOW_MS)), ("2", None, None)]);
}
