use rstest::rstest;
use secrecy::SecretString;
use tetherboard_domain::FaultClass;
use tetherboard_store::credentials::{self, TokenHash, TokenStanding, hash_of};
use tetherboard_store::tenants;
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{TestDatabase, fresh, tenant, web_key};

use crate::rows::{NOW_MS, harbor};

const HOUR_MS: i64 = 3_600_000;

fn token(text: &str) -> TokenHash {
    hash_of(&SecretString::from(text))
}

async fn standing(db: &TestDatabase, token: &TokenHash) -> TokenStanding {
    credentials::token(db.store.conn(), token).await.unwrap()
}

#[test]
fn a_token_is_the_same_with_space_around_it_and_its_hash_does_not_say_it() {
    assert_eq!(token(" secret\n"), token("secret"));
    assert_ne!(token("secret"), token("Secret"));
    assert!(!token("secret").windows(6).any(|bytes| bytes == b"secret"));
}

#[rstest]
#[tokio::test]
async fn a_refusal_keeps_its_first_moment_until_the_token_is_taken(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let (conn, ours, other) = (db.store.conn(), token("ours"), token("other"));
    assert_eq!(standing(&db, &ours).await, TokenStanding::default());
    for at_ms in [NOW_MS, NOW_MS + 5, NOW_MS + HOUR_MS] {
        credentials::refuse_token(conn, &ours, at_ms).await.unwrap();
    }
    let refused = TokenStanding { refused_ms: Some(NOW_MS), tried_ms: Some(NOW_MS + HOUR_MS), parked_until_ms: None };
    assert_eq!(standing(&db, &ours).await, refused);
    assert_eq!(credentials::token_incident(conn).await.unwrap(), Some(refused));

    // Another token's standing is its own.
    assert_eq!(standing(&db, &other).await, TokenStanding::default());
    credentials::park_token(conn, &other, NOW_MS + 9).await.unwrap();
    credentials::accept_token(conn, &other).await.unwrap();
    assert_eq!(standing(&db, &ours).await, refused);

    credentials::accept_token(conn, &ours).await.unwrap();
    assert_eq!(standing(&db, &ours).await, TokenStanding::default());
    assert_eq!(credentials::token_incident(conn).await.unwrap(), None);
    credentials::refuse_token(conn, &ours, NOW_MS + 3 * HOUR_MS).await.unwrap();
    assert_eq!(standing(&db, &ours).await.refused_ms, Some(NOW_MS + 3 * HOUR_MS));
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
    let both = TokenStanding { refused_ms: Some(NOW_MS), tried_ms: Some(NOW_MS), parked_until_ms: Some(NOW_MS + 200) };
    assert_eq!(standing(&db, &ours).await, both);
}

#[test]
fn a_standing_binds_for_an_hour_after_a_refusal_and_until_a_parked_moment() {
    let refused = TokenStanding { refused_ms: Some(NOW_MS - 9 * HOUR_MS), tried_ms: Some(NOW_MS), parked_until_ms: None };
    assert!(refused.binds(NOW_MS) && refused.binds(NOW_MS + HOUR_MS - 1) && !refused.binds(NOW_MS + HOUR_MS));
    let parked = TokenStanding { refused_ms: None, tried_ms: None, parked_until_ms: Some(NOW_MS) };
    assert!(parked.binds(NOW_MS - 1) && !parked.binds(NOW_MS));
    assert!(!TokenStanding::default().binds(NOW_MS));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_many_processes_one_gets_the_hourly_try_of_a_refused_token(#[values(Sqlite, Postgres)] kind: Kind) {
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
            .map(|store| tokio::spawn(async move { credentials::may_try_token(store.conn(), &ours, at_ms).await.unwrap() }))
            .collect();
        let mut granted = 0;
        for asked in asking {
            granted += usize::from(asked.await.unwrap());
        }
        assert_eq!(granted, tries, "{} minutes after the refusal", (at_ms - NOW_MS) / 60_000);
    }
    // What nobody refuses needs no try.
    assert!(!credentials::may_try_token(db.store.conn(), &token("other"), NOW_MS + 9 * HOUR_MS).await.unwrap());
    credentials::park_token(db.store.conn(), &token("parked"), NOW_MS).await.unwrap();
    assert!(!credentials::may_try_token(db.store.conn(), &token("parked"), NOW_MS + 9 * HOUR_MS).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_new_token_makes_the_old_ones_refusal_be_forgotten(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let (conn, old, new) = (db.store.conn(), token("old"), token("new"));
    credentials::refuse_token(conn, &old, NOW_MS).await.unwrap();
    credentials::park_token(conn, &new, NOW_MS + 1).await.unwrap();
    credentials::forget_other_tokens(conn, &new).await.unwrap();
    assert_eq!(credentials::token_incident(conn).await.unwrap(), None);
    assert_eq!(standing(&db, &old).await, TokenStanding::default());
    assert_eq!(standing(&db, &new).await.parked_until_ms, Some(NOW_MS + 1));
}

#[rstest]
#[tokio::test]
async fn a_brands_refusal_keeps_its_first_moment_and_ends_with_a_new_key(#[values(Sqlite, Postgres)] kind: Kind) {
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
async fn a_key_is_checked_once_for_each_time_that_somebody_asks(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let open = || async {
        let mut open: Vec<_> = credentials::open_key_checks(conn).await.unwrap().iter().map(|check| check.tenant).collect();
        open.sort_by_key(|tenant| tenant.0);
        open
    };
    assert!(credentials::key_check(conn, harbor).await.unwrap().is_none());
    credentials::ask_key_check(conn, harbor, NOW_MS).await.unwrap();
    credentials::ask_key_check(conn, tidewater, NOW_MS).await.unwrap();
    assert_eq!(open().await, [harbor, tidewater]);
    credentials::answer_key_check(conn, harbor, Some((FaultClass::Credentials, "refused")), NOW_MS + 1).await.unwrap();
    assert_eq!(open().await, [tidewater]);
    let check = credentials::key_check(conn, harbor).await.unwrap().unwrap();
    let refused = Some((FaultClass::Credentials, "refused".to_owned()));
    assert_eq!((check.asked_ms, check.answered_ms, check.fault), (NOW_MS, Some(NOW_MS + 1), refused));

    // Asked again, the old answer does not stand for the new one.
    credentials::ask_key_check(conn, harbor, NOW_MS + 2).await.unwrap();
    let check = credentials::key_check(conn, harbor).await.unwrap().unwrap();
    assert_eq!((check.asked_ms, check.answered_ms, check.fault), (NOW_MS + 2, None, None));
    credentials::answer_key_check(conn, harbor, None, NOW_MS + 3).await.unwrap();
    let check = credentials::key_check(conn, harbor).await.unwrap().unwrap();
    assert_eq!((check.answered_ms, check.fault), (Some(NOW_MS + 3), None));
}
