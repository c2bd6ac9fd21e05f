use rstest::rstest;
use tetherboard_domain::Dataset;
use tetherboard_store::history::{self, Transition, ValueChange};
use tetherboard_testkit::Kind::{self, *};

use crate::rows::{NOW_MS, harbor};

fn moved(subject: Dataset, from: Option<&str>, to: Option<&str>, hour: i64) -> Transition {
    let seen_after_ms = NOW_MS + hour * 3_600_000;
    Transition {
        subject,
        crm_id: "1".to_owned(),
        from: from.map(Into::into),
        to: to.map(Into::into),
        seen_before_ms: seen_after_ms - 3_600_000,
        seen_after_ms,
        at_ms: seen_after_ms - 60_000,
    }
}

#[rstest]
#[tokio::test]
async fn moves_come_oldest_first_and_a_deals_are_not_a_contacts(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let moves = [
        moved(Dataset::Contacts, Some("fdd sent"), None, 2),
        moved(Dataset::Contacts, Some("new lead"), Some("fdd sent"), 1),
        moved(Dataset::Deals, Some("new lead"), Some("awarded"), 1),
    ];
    history::record(conn, tenant, &moves).await.unwrap();
    // A run that is replayed sees the same moves again.
    history::record(conn, tenant, &moves[..1]).await.unwrap();
    let of = history::of(conn, tenant, Dataset::Contacts, "1").await.unwrap();
    assert_eq!(format!("{of:?}"), format!("{:?}", [&moves[1], &moves[0]]));
    assert!(history::of(conn, tenant, Dataset::Contacts, "2").await.unwrap().is_empty());
}

fn revalued(subject: Dataset, field: &str, old: Option<&str>, new: Option<&str>, hour: i64) -> ValueChange {
    let seen_after_ms = NOW_MS + hour * 3_600_000;
    ValueChange {
        subject,
        crm_id: "1".to_owned(),
        field: field.to_owned(),
        old: old.map(Into::into),
        new: new.map(Into::into),
        seen_before_ms: seen_after_ms - 3_600_000,
        seen_after_ms,
        at_ms: seen_after_ms - 60_000,
    }
}

#[rstest]
#[tokio::test]
async fn changes_of_value_come_oldest_first_and_a_deals_are_not_a_contacts(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let fee = revalued(Dataset::Deals, "fee", Some("4500000"), Some("9000000"), 1);
    let unknown = revalued(Dataset::Deals, "fee", Some("9000000"), None, 2);
    let odds = revalued(Dataset::Deals, "odds", None, Some("2500"), 1);
    let date = revalued(Dataset::Deals, "close_date", Some("2026-07-01"), Some("2026-08-01"), 1);
    let contacts = revalued(Dataset::Contacts, "fee", None, Some("100"), 1);
    let all = [unknown.clone(), odds.clone(), fee.clone(), date.clone(), contacts.clone()];
    history::record_values(conn, harbor, &all).await.unwrap();
    // A run that is replayed sees the same changes again.
    history::record_values(conn, harbor, &all[..2]).await.unwrap();
    assert_eq!(history::values_of(conn, harbor, Dataset::Deals, "1").await.unwrap(), [date, fee, odds, unknown]);
    assert_eq!(history::values_of(conn, harbor, Dataset::Contacts, "1").await.unwrap(), [contacts]);
    assert!(history::values_of(conn, harbor, Dataset::Deals, "2").await.unwrap().is_empty());
    assert!(history::values_of(conn, tidewater, Dataset::Deals, "1").await.unwrap().is_empty());
}
