use rstest::rstest;
use tetherboard_domain::{EpochMs, UserId, UserRole};
use tetherboard_store::audit::{self, AuditEvent};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::person;

use crate::rows::{NOW_MS, harbor};

fn summary(event: &AuditEvent) -> (EpochMs, Option<&str>, Option<&str>, &str, &str) {
    (event.at_ms, event.person.as_deref(), event.brand.as_deref(), &event.what, &event.detail)
}

#[rstest]
#[tokio::test]
async fn audit_events_are_newest_first_with_the_names_of_user_and_brand(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    assert!(audit::newest(conn, 9).await.unwrap().is_empty());
    let ada = person(&db.store, "ada@example.com", UserRole::AgencyAdmin, "h", &[]).await;
    audit::record(conn, Some(ada), Some(harbor), "stage role", "FDD Sent: qualified", NOW_MS).await.unwrap();
    audit::record(conn, None, None, "migrate", "", NOW_MS - 1).await.unwrap();
    // In the same millisecond, the later insert is newer.
    audit::record(conn, Some(ada), None, "access token", "set", NOW_MS + 1).await.unwrap();
    audit::record(conn, None, Some(harbor), "sync", "accepted removals: contacts", NOW_MS + 1).await.unwrap();
    let newest = audit::newest(conn, 9).await.unwrap();
    let expected = [
        (NOW_MS + 1, None, Some("Harbor"), "sync", "accepted removals: contacts"),
        (NOW_MS + 1, Some("ada"), None, "access token", "set"),
        (NOW_MS, Some("ada"), Some("Harbor"), "stage role", "FDD Sent: qualified"),
        (NOW_MS - 1, None, None, "migrate", ""),
    ];
    assert_eq!(newest.iter().map(summary).collect::<Vec<_>>(), expected);
    let two = audit::newest(conn, 2).await.unwrap();
    assert_eq!(two.iter().map(summary).collect::<Vec<_>>(), expected[..2]);
}

#[rstest]
#[tokio::test]
async fn an_audit_event_needs_an_existing_user(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, _) = harbor(kind).await;
    assert!(audit::record(db.store.conn(), Some(UserId(404)), None, "sign-in", "", NOW_MS).await.is_err());
}
