use rstest::rstest;
use tetherboard_domain::{Money, StageKey};
use tetherboard_store::pipeline_days::{self, StageDay};
use tetherboard_testkit::Kind::{self, *};

use crate::rows::harbor;

fn stage(name: &str, deals: i64) -> StageDay {
    StageDay { stage: StageKey::of(name), contacts: deals + 1, deals, value: Money(deals * 100), weighted: Money(deals * 10) }
}

#[rstest]
#[tokio::test]
async fn writing_a_day_again_replaces_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    assert_eq!(pipeline_days::last_day(conn, tenant).await.unwrap(), None);
    pipeline_days::put(conn, tenant, "2026-06-01", &[stage("a", 1), stage("b", 2)], true).await.unwrap();
    pipeline_days::put(conn, tenant, "2026-06-02", &[stage("a", 9)], false).await.unwrap();
    pipeline_days::put(conn, tenant, "2026-06-01", &[stage("b", 3), stage("", 4)], false).await.unwrap();
    let days = pipeline_days::since(conn, tenant, "2026-06-01").await.unwrap();
    let expected = [("2026-06-01".to_owned(), vec![stage("", 4), stage("b", 3)]), ("2026-06-02".to_owned(), vec![stage("a", 9)])];
    assert_eq!(days, expected);
    assert_eq!(pipeline_days::since(conn, tenant, "2026-06-02").await.unwrap(), expected[1..]);
    assert_eq!(pipeline_days::last_day(conn, tenant).await.unwrap().as_deref(), Some("2026-06-02"));
    pipeline_days::put(conn, tenant, "2026-06-03", &[stage("a", 9)], true).await.unwrap();
    let kept = pipeline_days::between(conn, tenant, "2026-06-02", "2026-06-03").await.unwrap();
    let actual: Vec<(&str, bool)> = kept.iter().map(|kept| (kept.day.as_str(), kept.carried)).collect();
    assert_eq!(actual, [("2026-06-02", false), ("2026-06-03", true)]);
}

#[rstest]
#[tokio::test]
async fn days_belong_to_one_brand(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    pipeline_days::put(conn, harbor, "2026-06-01", &[stage("a", 1)], false).await.unwrap();
    pipeline_days::put(conn, tidewater, "2026-06-01", &[stage("a", 2)], false).await.unwrap();
    pipeline_days::put(conn, tidewater, "2026-06-01", &[], false).await.unwrap();
    assert_eq!(pipeline_days::since(conn, harbor, "").await.unwrap().len(), 1);
    assert!(pipeline_days::since(conn, tidewater, "").await.unwrap().is_empty());
}
