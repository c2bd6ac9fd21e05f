use rstest::rstest;
use tetherboard_domain::Dataset;
use tetherboard_store::leads;
use tetherboard_store::records::{self, Absence, Book};
use tetherboard_testkit::Kind::{self, *};

use crate::rows::{NOW_MS, book, harbor, lead, put_leads};

fn ids(found: &[&str]) -> Vec<String> {
    found.iter().map(|id| (*id).to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn a_row_is_current_for_the_mapping_that_decoded_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    leads::put(conn, tenant, &[(book("1", 70_000), lead("Ada")), (book("2", 70_001), lead("Bo"))]).await.unwrap();
    let current = records::current(conn, tenant, Dataset::Contacts, 1, &[70_000, 70_001, 70_002]).await.unwrap();
    assert_eq!(current, [(70_000, "1".to_owned()), (70_001, "2".to_owned())].into());
    assert!(records::current(conn, tenant, Dataset::Contacts, 2, &[70_000]).await.unwrap().is_empty());
    assert!(records::current(conn, tenant, Dataset::Contacts, 1, &[]).await.unwrap().is_empty());

    records::set_absence(conn, tenant, Dataset::Contacts, &ids(&["1"]), Absence::Gone(NOW_MS)).await.unwrap();
    let current = records::current(conn, tenant, Dataset::Contacts, 1, &[70_000, 70_001]).await.unwrap();
    assert_eq!(current, [(70_001, "2".to_owned())].into());
}

#[rstest]
#[tokio::test]
async fn a_record_is_first_missing_then_gone_then_back(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    put_leads(&db, tenant, [("1", lead("Ada")), ("2", lead("Bo"))]).await;
    let one = ids(&["1"]);
    let absence = |absence| records::set_absence(conn, tenant, Dataset::Contacts, &one, absence);

    absence(Absence::Missing(NOW_MS + 1)).await.unwrap();
    assert_eq!(records::missing_ids(conn, tenant, Dataset::Contacts).await.unwrap(), ["1"]);
    assert_eq!(records::live_count(conn, tenant, Dataset::Contacts).await.unwrap(), 2);

    absence(Absence::Back).await.unwrap();
    assert!(records::missing_ids(conn, tenant, Dataset::Contacts).await.unwrap().is_empty());

    absence(Absence::Missing(NOW_MS + 2)).await.unwrap();
    absence(Absence::Gone(NOW_MS + 3)).await.unwrap();
    assert_eq!(records::live_count(conn, tenant, Dataset::Contacts).await.unwrap(), 1);
    assert!(records::missing_ids(conn, tenant, Dataset::Contacts).await.unwrap().is_empty());
    let known = records::known(conn, tenant, Dataset::Contacts, &ids(&["1", "2", "3"])).await.unwrap();
    assert_eq!((known.len(), known["1"].gone_ms, known["2"].gone_ms), (2, Some(NOW_MS + 3), None));

    // Written again, it lives, and keeps when it was first seen.
    let later = Book { now_ms: NOW_MS + 4, ..book("1", 2) };
    leads::put(conn, tenant, &[(later, lead("Ada"))]).await.unwrap();
    assert_eq!(records::live_count(conn, tenant, Dataset::Contacts).await.unwrap(), 2);
    let ada = leads::get(conn, tenant, &"1".into()).await.unwrap().unwrap();
    assert_eq!(ada.first_seen_ms, NOW_MS);
}

#[rstest]
#[tokio::test]
async fn live_ids_come_in_one_order_page_by_page(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    // As bytes: a language would sort these otherwise, and skip some between two pages.
    let all = ["-1", "0", "007", "10", "9", "B", "a", "a-b", "ab", "É"];
    put_leads(&db, tenant, all.map(|id| (id, lead("x")))).await;
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = records::live_ids(conn, tenant, Dataset::Contacts, &after, 3).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = last.clone();
        found.extend(page.into_iter().map(|(id, _)| id));
    }
    assert_eq!(found, all);
    assert_eq!(leads::ids(conn, tenant).await.unwrap(), all);
}

#[rstest]
#[tokio::test]
async fn more_ids_than_a_statement_takes_are_asked_for_in_parts(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let found: Vec<_> = (0..2_500).map(|i| (book(&i.to_string(), i), lead("x"))).collect();
    leads::put(conn, tenant, &found).await.unwrap();
    let ids: Vec<String> = (0..2_600).map(|i| i.to_string()).collect();
    assert_eq!(records::known(conn, tenant, Dataset::Contacts, &ids).await.unwrap().len(), 2_500);
    let places: Vec<i64> = (0..2_600).collect();
    assert_eq!(records::current(conn, tenant, Dataset::Contacts, 1, &places).await.unwrap().len(), 2_500);
    records::set_absence(conn, tenant, Dataset::Contacts, &ids[..2_400], Absence::Gone(NOW_MS)).await.unwrap();
    assert_eq!(records::live_count(conn, tenant, Dataset::Contacts).await.unwrap(), 100);
    assert_eq!(leads::standings(conn, tenant, &ids).await.unwrap().len(), 2_500);
}

#[rstest]
#[tokio::test]
async fn the_same_crm_id_of_two_brands_is_two_records(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    put_leads(&db, harbor, [("1", lead("Ada"))]).await;
    put_leads(&db, tidewater, [("1", lead("Bo"))]).await;
    let conn = db.store.conn();
    records::set_absence(conn, harbor, Dataset::Contacts, &ids(&["1"]), Absence::Gone(NOW_MS)).await.unwrap();
    assert!(leads::get(conn, harbor, &"1".into()).await.unwrap().is_none());
    assert_eq!(leads::get(conn, tidewater, &"1".into()).await.unwrap().unwrap().name, "Bo");
}
