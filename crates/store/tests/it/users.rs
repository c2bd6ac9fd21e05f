use rstest::rstest;
use tetherboard_domain::{UserId, UserRole};
use tetherboard_store::{api_tokens, users};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{fresh, person, tenant};

use crate::rows::{NOW_MS, harbor};

const HASH: &[u8] = &[7; 32];

#[rstest]
#[tokio::test]
async fn emails_are_compared_ignoring_case_and_surrounding_space(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let ada = person(&db.store, " Ada@Example.com ", UserRole::AgencyAdmin, "a hash", &[]).await;
    let found = users::by_email(db.store.conn(), "ADA@example.COM\n").await.unwrap().unwrap();
    assert_eq!((found.id, &*found.email, &*found.password_hash), (ada, "ada@example.com", "a hash"));
    assert!(!found.disabled && found.role == UserRole::AgencyAdmin);
    assert!(users::by_email(db.store.conn(), "ada@example").await.unwrap().is_none());
    let again = users::add_user(db.store.conn(), "ada@EXAMPLE.com", "Ada", UserRole::TenantViewer, "h", NOW_MS).await;
    assert!(again.is_err());
}

#[rstest]
#[tokio::test]
async fn users_are_listed_with_their_brands(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let bo = person(&db.store, "bo@example.com", UserRole::TenantViewer, "h", &[tidewater, harbor]).await;
    person(&db.store, "ada@example.com", UserRole::AgencyAdmin, "h", &[]).await;
    // A second membership has no effect.
    users::add_membership(db.store.conn(), bo, harbor).await.unwrap();
    let everybody = users::list(db.store.conn()).await.unwrap();
    let actual: Vec<_> = everybody.iter().map(|(user, slugs)| (&*user.email, slugs.join(" "))).collect();
    assert_eq!(actual, [("ada@example.com", String::new()), ("bo@example.com", "harbor tidewater".to_owned())]);
}

#[rstest]
#[tokio::test]
async fn a_session_is_valid_until_it_expires(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let conn = db.store.conn();
    let ada = person(&db.store, "ada@example.com", UserRole::TenantViewer, "h", &[]).await;
    users::open_session(conn, HASH, ada, NOW_MS, NOW_MS + 100).await.unwrap();
    let who = |at_ms| async move { users::by_session(conn, HASH, at_ms).await.unwrap().map(|user| user.id) };
    assert_eq!(who(NOW_MS + 99).await, Some(ada));
    assert_eq!(who(NOW_MS + 100).await, None);
    assert!(users::by_session(conn, &[8; 32], NOW_MS).await.unwrap().is_none());
    // The next sign-in deletes expired sessions.
    users::open_session(conn, &[9; 32], ada, NOW_MS + 100, NOW_MS + 200).await.unwrap();
    assert_eq!(who(NOW_MS).await, None);
}

#[rstest]
#[tokio::test]
async fn signing_out_ends_one_session_and_a_new_password_ends_all(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let conn = db.store.conn();
    let ada = person(&db.store, "ada@example.com", UserRole::TenantViewer, "h", &[]).await;
    let bo = person(&db.store, "bo@example.com", UserRole::TenantViewer, "h", &[]).await;
    for (hash, user) in [(1, ada), (2, ada), (3, ada), (4, bo)] {
        users::open_session(conn, &[hash; 32], user, NOW_MS, NOW_MS + 100).await.unwrap();
    }
    users::close_session(conn, &[1; 32]).await.unwrap();
    let open = || async {
        let mut open = Vec::new();
        for hash in 1..=4 {
            if users::by_session(conn, &[hash; 32], NOW_MS).await.unwrap().is_some() {
                open.push(hash);
            }
        }
        open
    };
    assert_eq!(open().await, [2, 3, 4]);
    users::set_password(conn, ada, "new").await.unwrap();
    assert_eq!(open().await, [4]);
    assert_eq!(users::by_email(conn, "ada@example.com").await.unwrap().unwrap().password_hash, "new");
}

#[rstest]
#[tokio::test]
async fn a_disabled_user_has_no_session_and_no_token(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let conn = db.store.conn();
    let ada = person(&db.store, "ada@example.com", UserRole::AgencyAdmin, "h", &[]).await;
    api_tokens::add(conn, ada, HASH, "wxyz", NOW_MS).await.unwrap();
    users::open_session(conn, HASH, ada, NOW_MS, NOW_MS + 100).await.unwrap();
    users::disable(conn, ada, NOW_MS).await.unwrap();
    assert!(users::by_session(conn, HASH, NOW_MS).await.unwrap().is_none());
    assert!(users::by_api_token(conn, HASH).await.unwrap().is_none());
    assert!(users::by_email(conn, "ada@example.com").await.unwrap().unwrap().disabled);
    // A session opened at the same time is not valid either.
    users::open_session(conn, HASH, ada, NOW_MS, NOW_MS + 100).await.unwrap();
    assert!(users::by_session(conn, HASH, NOW_MS).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn an_api_token_is_valid_until_it_is_revoked(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let conn = db.store.conn();
    let ada = person(&db.store, "ada@example.com", UserRole::AgencyAdmin, "h", &[]).await;
    let token = api_tokens::add(conn, ada, HASH, "wxyz", NOW_MS).await.unwrap();
    assert_eq!(users::by_api_token(conn, HASH).await.unwrap().unwrap().id, ada);
    assert!(users::by_api_token(conn, &HASH[1..]).await.unwrap().is_none());
    assert!(api_tokens::revoke(conn, token, NOW_MS + 1).await.unwrap());
    assert!(!api_tokens::revoke(conn, token, NOW_MS + 2).await.unwrap());
    assert!(!api_tokens::revoke(conn, token + 1, NOW_MS).await.unwrap());
    assert!(users::by_api_token(conn, HASH).await.unwrap().is_none());
    let [listed] = &api_tokens::list(conn).await.unwrap()[..] else { panic!() };
    assert_eq!(
        (listed.id, &*listed.email, &*listed.hint, listed.revoked_ms),
        (token, "ada@example.com", "wxyz", Some(NOW_MS + 1))
    );
}

#[rstest]
#[tokio::test]
async fn a_membership_needs_an_existing_brand(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    assert!(users::add_membership(db.store.conn(), UserId(404), harbor).await.is_err());
}
