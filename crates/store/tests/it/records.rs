use std::collections::HashMap;

use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use tetherboard_domain::{ContactId, Dataset, EpochMs};
use tetherboard_store::leads::{self, LeadRecord};
use tetherboard_store::records::{self, Absence, DecodedRecord, RecordMeta, RowSetHash, Scope};
use tetherboard_store::schedule::{self, ActivityRecord};
use tetherboard_store::snapshots::RowNo;
use tetherboard_store::{Store, Tx, notes, runs};
use tetherboard_testkit::Kind::{self, *};

use crate::rows::{NOW_MS, activity, harbor, lead, meta, note, put_leads};

fn ids(found: &[&str]) -> Vec<String> {
    found.iter().map(|id| (*id).to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn a_row_counts_as_decoded_only_for_the_mapping_that_decoded_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let filled = RecordMeta { filled: 0b101, ..meta("1", 70_000) };
    leads::put(conn, tenant, &[(filled, lead("Ada")), (meta("2", 70_001), lead("Bo"))], &[]).await.unwrap();
    let current = records::already_decoded(conn, tenant, Dataset::Contacts, 1, &[70_000, 70_001, 70_002]).await.unwrap();
    assert_eq!(summaries(current), [(70_000, "1".to_owned(), 0b101), (70_001, "2".to_owned(), 0)]);
    assert!(records::already_decoded(conn, tenant, Dataset::Contacts, 2, &[70_000]).await.unwrap().is_empty());
    assert!(records::already_decoded(conn, tenant, Dataset::Contacts, 1, &[]).await.unwrap().is_empty());

    records::set_absence(conn, tenant, Dataset::Contacts, &ids(&["1"]), Absence::Gone(NOW_MS)).await.unwrap();
    let current = records::already_decoded(conn, tenant, Dataset::Contacts, 1, &[70_000, 70_001]).await.unwrap();
    assert_eq!(summaries(current), [(70_001, "2".to_owned(), 0)]);
}

/// Row number, ID, and filled fields of each row, by row number.
fn summaries(current: HashMap<RowNo, DecodedRecord>) -> Vec<(RowNo, String, i64)> {
    let mut summaries: Vec<_> = current.into_iter().map(|(row_no, row)| (row_no, row.crm_id, row.filled)).collect();
    summaries.sort();
    summaries
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
    assert_eq!(records::live_count(conn, tenant, Dataset::Contacts, &Scope::All).await.unwrap(), 2);

    absence(Absence::Back).await.unwrap();
    assert!(records::missing_ids(conn, tenant, Dataset::Contacts).await.unwrap().is_empty());

    absence(Absence::Missing(NOW_MS + 2)).await.unwrap();
    absence(Absence::Gone(NOW_MS + 3)).await.unwrap();
    assert_eq!(records::live_count(conn, tenant, Dataset::Contacts, &Scope::All).await.unwrap(), 1);
    assert!(records::missing_ids(conn, tenant, Dataset::Contacts).await.unwrap().is_empty());
    let known = records::stored(conn, tenant, Dataset::Contacts, &ids(&["1", "2", "3"])).await.unwrap();
    assert_eq!((known.len(), known["1"].gone_ms, known["2"].gone_ms), (2, Some(NOW_MS + 3), None));

    // Writing it again revives it and keeps the time it was first seen.
    let later = RecordMeta { changed_ms: NOW_MS + 4, ..meta("1", 2) };
    leads::put(conn, tenant, &[(later, lead("Ada"))], &[]).await.unwrap();
    assert_eq!(records::live_count(conn, tenant, Dataset::Contacts, &Scope::All).await.unwrap(), 2);
    let ada = leads::get(conn, tenant, &"1".into()).await.unwrap().unwrap();
    assert_eq!(ada.first_seen_ms, NOW_MS);
}

#[rstest]
#[tokio::test]
async fn live_ids_are_unique_and_compared_as_bytes(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    // A language collation would sort these differently and treat some as equal.
    let all = ["-1", "0", "007", "10", "9", "B", "a", "a-b", "ab", "É"];
    put_leads(&db, tenant, all.map(|id| (id, lead("x")))).await;
    records::set_absence(conn, tenant, Dataset::Contacts, &ids(&["B"]), Absence::Missing(NOW_MS + 1)).await.unwrap();
    let mut found = records::live_ids(conn, tenant, Dataset::Contacts, &Scope::All).await.unwrap();
    found.sort();
    let expected = all.map(|id| (id.to_owned(), (id == "B").then_some(NOW_MS + 1)));
    assert_eq!(found, expected);
    assert_eq!(leads::ids(conn, tenant).await.unwrap(), all.map(ContactId::from));
    records::set_absence(conn, tenant, Dataset::Contacts, &ids(&["b", "A"]), Absence::Gone(NOW_MS + 2)).await.unwrap();
    assert_eq!(records::live_count(conn, tenant, Dataset::Contacts, &Scope::All).await.unwrap(), 10);
}

#[rstest]
#[tokio::test]
async fn a_read_of_some_contacts_notes_covers_no_other_notes(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    // More contacts than fit into one statement, with one note each.
    let found: Vec<_> = (0..2_200).map(|i| note(&i.to_string(), "1", "Called")).collect();
    notes::put(conn, tenant, &found, &[]).await.unwrap();
    records::set_absence(conn, tenant, Dataset::Notes, &ids(&["7/1"]), Absence::Gone(NOW_MS)).await.unwrap();
    let of = |contacts: Vec<String>| Scope::Of { contacts: contacts.into_iter().map(ContactId).collect() };
    let some = of(ids(&["5", "6", "7", "9999"]));
    assert_eq!(records::live_count(conn, tenant, Dataset::Notes, &some).await.unwrap(), 2);
    let mut live = records::live_ids(conn, tenant, Dataset::Notes, &some).await.unwrap();
    live.sort();
    assert_eq!(live, [("5/1".to_owned(), None), ("6/1".to_owned(), None)]);
    let many = of((100..2_200).map(|i| i.to_string()).collect());
    assert_eq!(records::live_count(conn, tenant, Dataset::Notes, &many).await.unwrap(), 2_100);
    assert_eq!(records::live_ids(conn, tenant, Dataset::Notes, &many).await.unwrap().len(), 2_100);
    assert_eq!(records::live_count(conn, tenant, Dataset::Notes, &of(Vec::new())).await.unwrap(), 0);
    assert_eq!(records::live_count(conn, tenant, Dataset::Notes, &Scope::All).await.unwrap(), 2_199);
}

#[rstest]
#[tokio::test]
async fn a_read_of_a_window_covers_appointments_in_it_and_undated_ones(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let starts = [("before", Some(9)), ("first", Some(10)), ("last", Some(19)), ("after", Some(20)), ("undated", None)];
    let found = starts.map(|(id, starts_ms)| (meta(id, 1), ActivityRecord { starts_ms: starts_ms.map(EpochMs), ..activity(id) }));
    schedule::put(conn, tenant, &found, &[]).await.unwrap();
    let window = Scope::Starting { from_ms: EpochMs(10), until_ms: EpochMs(20) };
    let mut live = records::live_ids(conn, tenant, Dataset::Events, &window).await.unwrap();
    live.sort();
    assert_eq!(live, ["first", "last", "undated"].map(|id| (id.to_owned(), None)));
    assert_eq!(records::live_count(conn, tenant, Dataset::Events, &window).await.unwrap(), 3);
    assert_eq!(records::live_count(conn, tenant, Dataset::Events, &Scope::All).await.unwrap(), 5);
}

#[rstest]
#[tokio::test]
async fn kept_columns_stay_in_existing_records_and_are_set_in_new_ones(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    put_leads(&db, tenant, [("1", LeadRecord { market: "Austin".to_owned(), ..lead("Ada") })]).await;
    let again = [
        (RecordMeta { changed_ms: NOW_MS + 1, ..meta("1", 2) }, LeadRecord { market: String::new(), ..lead("Ada B.") }),
        (meta("2", 3), LeadRecord { market: "Dallas".to_owned(), ..lead("Bo") }),
    ];
    leads::put(conn, tenant, &again, &["market", "company"]).await.unwrap();
    let summaries = |id: &'static str| async move {
        let row = leads::get(conn, tenant, &id.into()).await.unwrap().unwrap();
        (row.name, row.market, row.first_seen_ms)
    };
    assert_eq!(summaries("1").await, ("Ada B.".to_owned(), "Austin".to_owned(), NOW_MS));
    assert_eq!(summaries("2").await, ("Bo".to_owned(), "Dallas".to_owned(), NOW_MS));
    let live = records::live_rows(conn, tenant, Dataset::Contacts).await.unwrap();
    assert_eq!(live, [(2, "1".to_owned()), (3, "2".to_owned())]);
}

#[rstest]
#[tokio::test]
async fn more_ids_than_fit_into_one_statement_are_found(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let found: Vec<_> = (0..2_500).map(|i| (meta(&i.to_string(), i), lead("x"))).collect();
    leads::put(conn, tenant, &found, &[]).await.unwrap();
    let ids: Vec<String> = (0..2_600).map(|i| i.to_string()).collect();
    assert_eq!(records::stored(conn, tenant, Dataset::Contacts, &ids).await.unwrap().len(), 2_500);
    let places: Vec<i64> = (0..2_600).collect();
    assert_eq!(records::already_decoded(conn, tenant, Dataset::Contacts, 1, &places).await.unwrap().len(), 2_500);
    records::set_absence(conn, tenant, Dataset::Contacts, &ids[..2_400], Absence::Gone(NOW_MS)).await.unwrap();
    assert_eq!(records::live_count(conn, tenant, Dataset::Contacts, &Scope::All).await.unwrap(), 100);
    assert_eq!(leads::prior_states(conn, tenant, &ids).await.unwrap().len(), 2_500);
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

#[rstest]
#[tokio::test]
async fn the_row_set_hash_stays_until_it_is_changed(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let ground = async |brand, dataset| records::row_set_hash(conn, brand, dataset).await.unwrap();
    let stands = RowSetHash::of(&[65_536, 65_537], &[], 1);
    assert_eq!(ground(harbor, Dataset::Contacts).await, None);
    runs::set_dataset_age(conn, harbor, Dataset::Contacts, NOW_MS, true).await.unwrap();
    runs::set_dataset_age(conn, harbor, Dataset::Deals, NOW_MS, true).await.unwrap();
    runs::set_dataset_age(conn, tidewater, Dataset::Contacts, NOW_MS, true).await.unwrap();
    assert_eq!(ground(harbor, Dataset::Contacts).await, None);
    records::set_row_set_hash(conn, harbor, Dataset::Contacts, Some(stands)).await.unwrap();
    // A later read moves only the watermark.
    runs::set_dataset_age(conn, harbor, Dataset::Contacts, NOW_MS + 1, false).await.unwrap();
    assert_eq!(ground(harbor, Dataset::Contacts).await, Some(stands));
    assert_eq!((ground(harbor, Dataset::Deals).await, ground(tidewater, Dataset::Contacts).await), (None, None));
    for other in
        [RowSetHash::of(&[65_537, 65_536], &[], 1), RowSetHash::of(&[65_536], &[], 1), RowSetHash::of(&[65_536, 65_537], &[], 2)]
    {
        assert_ne!(stands, other);
    }
    records::set_row_set_hash(conn, harbor, Dataset::Contacts, None).await.unwrap();
    assert_eq!(ground(harbor, Dataset::Contacts).await, None);
}

#[tokio::test]
async fn statistics_collected_during_a_long_first_read_make_lookups_use_the_index() {
    let (db, tenant) = harbor(Postgres).await;
    let plan = async |tx: &Tx| {
        let text = format!("EXPLAIN SELECT name FROM leads WHERE tenant_id = {tenant} AND crm_id IN ('1', '2', '3')");
        let lines = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), text)).await.unwrap();
        lines.iter().map(|line| line.try_get_by_index::<String>(0).unwrap()).collect::<String>()
    };
    let tx = db.store.begin().await.unwrap();
    let found: Vec<_> = (0..2_000).map(|no| (meta(&no.to_string(), no), lead("Ada"))).collect();
    for part in found.chunks(500) {
        leads::put(&tx, tenant, part, &[]).await.unwrap();
        for _ in 0..2 {
            records::analyze_if_new(&tx, Dataset::Contacts).await.unwrap();
        }
    }
    let found = plan(&tx).await;
    assert!(found.contains("Index Cond: ((tenant_id = 1) AND (crm_id = ANY"), "{found}");

    // Another brand's first read does not wait for this one.
    let other = db.store.begin().await.unwrap();
    records::analyze_if_new(&other, Dataset::Contacts).await.unwrap();
    other.rollback().await.unwrap();
    Store::commit(tx).await.unwrap();
}
