use rstest::rstest;
use tetherboard_domain::Dataset;
use tetherboard_store::history::{self, Transition};
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
