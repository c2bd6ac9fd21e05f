use rstest::rstest;
use secrecy::SecretString;
use tetherboard_domain::FaultClass;
use tetherboard_store::credentials::{self, TokenHash, TokenHealth, token_hash};
use tetherboard_store::tenants;
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{TestDatabase, fresh, tenant, web_key};

use crate::rows::{NOW_MS, harbor};

const HOUR_MS: i64 = 3_600_000;

fn token(text: &str) -> TokenHash {
    token_hash(&SecretString::from(text))
}

async fn health(db: &TestDatabase, token: &TokenHash) -> TokenHealth {
    credentials::token_health(db.store.conn(), token).await.unwrap()
}

#[test]
fn a_token_hash_ignores_surrounding_space_and_does_not_reveal_the_token() {
    assert_eq!(token(" secret\n"), token("secret"));
    assert_ne!(token("secret"), token("Secret"));
    assert!(!token("secret").windows(6).any(|bytes| bytes == b"secret"));
}

#[rstest]
#[tokio::test]
async fn a_refusal_keeps_its_first_time_until_the_token_is_accepted(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let (conn, ours, other) = (db.store.conn(), token("ours"), token("other"));
    assert_eq!(health(&db, &ours).await, TokenHealth::default());
    for at_ms in [NOW_MS, NOW_MS + 5, NOW_MS + HOUR_MS] {
        credentials::refuse_token(conn, &ours, at_ms).await.unwrap();
    }
    let refused = TokenHealth { refused_ms: Some(NOW_MS), tried_ms: Some(NOW_MS + HOUR_MS), parked_until_ms: None };
    assert_eq!(health(&db, &ours).await, refused);
    assert_eq!(credentials::token_incident(conn).await.unwrap(), Some(refused));

    // Another token is not affected.
    assert_eq!(health(&db, &other).await, TokenHealth::default());
    credentials::park_token(conn, &other, NOW_MS + 9).await.unwrap();
    credentials::accept_token(conn, &other).await.unwrap();
    assert_eq!(health(&db, &ours).await, refused);

    credentials::accept_token(conn, &ours).await.unwrap();
    assert_eq!(health(&db, &ours).await, TokenHealth::default());
    assert_eq!(credentials::token_incident(conn).await.unwrap(), None);
    credentials::refuse_token(conn, &ours, NOW_MS + 3 * HOUR_MS).await.unwrap();
    assert_eq!(health(&db, &ours).await.refused_ms, Some(NOW_MS + 3 * HOUR_MS));
}

#[rstest]
#[tokio::test]
async fn a_parked_token_may_be_refused_and_a_refused_one_parked(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let (conn, ours) = (db.store.conn(), token("ours"));
    credentials::park_token(conn, &ours, NOW_MS + 100).await.unwrap();
    assert_eq!(credentials::token_incident(conn).await.unwrap(), None, "to be asked to wait is no incident");
    credentials::refuse_token(conn, &ours, NOW_MS).await.unwrap();
    credentials::park_token(conn, &ours, NOW_MS + 200).await.unwrap();
    let both = TokenHealth { refused_ms: Some(NOW_MS), tried_ms: Some(NOW_MS), parked_until_ms: Some(NOW_MS + 200) };
    assert_eq!(health(&db, &ours).await, both);
}

#[test]
fn a_token_is_blocked_for_an_hour_after_a_refusal_and_until_its_parking_ends() {
    let refused = TokenHealth { refused_ms: Some(NOW_MS - 9 * HOUR_MS), tried_ms: Some(NOW_MS), parked_until_ms: None };
    assert!(refused.is_blocked(NOW_MS) && refused.is_blocked(NOW_MS + HOUR_MS - 1) && !refused.is_blocked(NOW_MS + HOUR_MS));
    let parked = TokenHealth { refused_ms: None, tried_ms: None, parked_until_ms: Some(NOW_MS) };
    assert!(parked.is_blocked(NOW_MS - 1) && !parked.is_blocked(NOW_MS));
    assert!(!TokenHealth::default().is_blocked(NOW_MS));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn only_one_process_gets_the_hourly_try_of_a_refused_token(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let ours = token("ours");
    credentials::refuse_token(db.store.conn(), &ours, NOW_MS).await.unwrap();
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(db.reopen().await);
    }
    for (at_ms, tries) in [(NOW_MS + HOUR_MS - 1, 0), (NOW_MS + HOUR_MS, 1), (NOW_MS + HOUR_MS + 1, 0), (NOW_MS + 5 * HOUR_MS, 1)]
    {
        let asking: Vec<_> = others
            .iter()
            .cycle()
            .take(12)
            .cloned()
            .map(|store| tokio::spawn(async move { credentials::claim_token_retry(store.conn(), &ours, at_ms).await.unwrap() }))
            .collect();
        let mut granted = 0;
        for asked in asking {
            granted += usize::from(asked.await.unwrap());
        }
        assert_eq!(granted, tries, "{} minutes after the refusal", (at_ms - NOW_MS) / 60_000);
    }
    // A token that is not refused needs no try.
    assert!(!credentials::claim_token_retry(db.store.conn(), &token("other"), NOW_MS + 9 * HOUR_MS).await.unwrap());
    credentials::park_token(db.store.conn(), &token("parked"), NOW_MS).await.unwrap();
    assert!(!credentials::claim_token_retry(db.store.conn(), &token("parked"), NOW_MS + 9 * HOUR_MS).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_new_token_clears_the_refusal_of_the_old_one(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let (conn, old, new) = (db.store.conn(), token("old"), token("new"));
    credentials::refuse_token(conn, &old, NOW_MS).await.unwrap();
    credentials::park_token(conn, &new, NOW_MS + 1).await.unwrap();
    credentials::forget_other_tokens(conn, &new).await.unwrap();
    assert_eq!(credentials::token_incident(conn).await.unwrap(), None);
    assert_eq!(health(&db, &old).await, TokenHealth::default());
    assert_eq!(health(&db, &new).await.parked_until_ms, Some(NOW_MS + 1));
}

#[rstest]
#[tokio::test]
async fn a_brands_refusal_keeps_its_first_time_and_ends_with_a_new_key(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let refused = |id| async move { tenants::by_id(conn, id).await.unwrap().unwrap().refused_ms };
    tenants::set_refused(conn, harbor, Some(NOW_MS)).await.unwrap();
    tenants::set_refused(conn, harbor, Some(NOW_MS + 1)).await.unwrap();
    assert_eq!((refused(harbor).await, refused(tidewater).await), (Some(NOW_MS), None));
    tenants::set_refused(conn, harbor, None).await.unwrap();
    assert_eq!(refused(harbor).await, None);
    tenants::set_refused(conn, harbor, Some(NOW_MS + 2)).await.unwrap();
    web_key(&db.store, harbor, "a-new-key").await;
    assert_eq!(refused(harbor).await, None);
}

#[rstest]
#[tokio::test]
async fn each_request_for_a_key_check_gets_one_result(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let open = || async {
        let mut open: Vec<_> = credentials::pending_key_checks(conn).await.unwrap().iter().map(|check| check.tenant).collect();
        open.sort_by_key(|tenant| tenant.0);
        open
    };
    assert!(credentials::key_check(conn, harbor).await.unwrap().is_none());
    credentials::request_key_check(conn, harbor, NOW_MS).await.unwrap();
    credentials::request_key_check(conn, tidewater, NOW_MS).await.unwrap();
    assert_eq!(open().await, [harbor, tidewater]);
    credentials::answer_key_check(conn, harbor, Some((FaultClass::Credentials, "refused")), NOW_MS + 1).await.unwrap();
    assert_eq!(open().await, [tidewater]);
    let check = credentials::key_check(conn, harbor).await.unwrap().unwrap();
    let refused = Some((FaultClass::Credentials, "refused".to_owned()));
    assert_eq!((check.asked_ms, check.answered_ms, check.fault), (NOW_MS, Some(NOW_MS + 1), refused));

    // A new request clears the old result.
    credentials::request_key_check(conn, harbor, NOW_MS + 2).await.unwrap();
    let check = credentials::key_check(conn, harbor).await.unwrap().unwrap();
    assert_eq!((check.asked_ms, check.answered_ms, check.fault), (NOW_MS + 2, None, None));
    credentials::answer_key_check(conn, harbor, None, NOW_MS + 3).await.unwrap();
    let check = credentials::key_check(conn, harbor).await.unwrap().unwrap();
    assert_eq!((check.answered_ms, check.fault), (Some(NOW_MS + 3), None));
}
