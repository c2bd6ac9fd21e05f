use rstest::rstest;
use sea_orm::ConnectionTrait;
use tetherboard_domain::UserRole;
use tetherboard_store::calendar_feeds::{self, CalendarFeed};
use tetherboard_store::{Store, users};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{person, tenant};

use crate::rows::{NOW_MS, harbor};

const HOUR_MS: i64 = 3_600_000;

#[rstest]
#[tokio::test]
async fn a_new_feed_replaces_the_active_one(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let (store, conn) = (&db.store, db.store.conn());
    let ada = person(store, "ada@example.com", UserRole::TenantViewer, "h", &[harbor]).await;
    assert_eq!(calendar_feeds::get(conn, ada, harbor).await.unwrap(), None);
    for (secret, replaces) in [(b"one", false), (b"two", true)] {
        let tx = store.begin().await.unwrap();
        assert_eq!(calendar_feeds::replace(&tx, ada, harbor, secret, NOW_MS).await.unwrap(), replaces);
        Store::commit(tx).await.unwrap();
    }
    assert_eq!(calendar_feeds::by_secret(conn, b"one", NOW_MS).await.unwrap(), None);
    assert_eq!(calendar_feeds::by_secret(conn, b"", NOW_MS).await.unwrap(), None);
    for (now_ms, used_ms) in [(NOW_MS, NOW_MS), (NOW_MS + 5, NOW_MS), (NOW_MS + HOUR_MS, NOW_MS + HOUR_MS)] {
        let opened = calendar_feeds::by_secret(conn, b"two", now_ms).await.unwrap().unwrap();
        assert_eq!(opened.tenant, harbor);
        if let Some(feed) = opened.feed {
            calendar_feeds::mark_used(conn, feed, now_ms).await.unwrap();
        }
        let feed = calendar_feeds::get(conn, ada, harbor).await.unwrap();
        assert_eq!(feed, Some(CalendarFeed { created_ms: NOW_MS, used_ms: Some(used_ms) }));
    }
    assert!(calendar_feeds::revoke(conn, ada, harbor, NOW_MS).await.unwrap());
    assert!(!calendar_feeds::revoke(conn, ada, harbor, NOW_MS).await.unwrap());
    assert_eq!(calendar_feeds::by_secret(conn, b"two", NOW_MS).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_feed_stops_working_when_its_user_loses_access_to_the_brand(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let (store, conn) = (&db.store, db.store.conn());
    let tidewater = tenant(store, "tidewater", "America/New_York").await.id;
    let ada = person(store, "ada@example.com", UserRole::TenantViewer, "h", &[harbor, tidewater]).await;
    let dana = person(store, "dana@example.com", UserRole::AgencyAdmin, "h", &[]).await;
    for (user, brand, secret) in
        [(ada, harbor, b"ada, harbor".as_slice()), (ada, tidewater, b"ada, tide"), (dana, harbor, b"dana")]
    {
        let tx = store.begin().await.unwrap();
        calendar_feeds::replace(&tx, user, brand, secret, NOW_MS).await.unwrap();
        Store::commit(tx).await.unwrap();
    }
    let brand = |opened: Option<calendar_feeds::FeedAccess>| opened.map(|opened| opened.tenant);
    conn.execute_unprepared(&format!("DELETE FROM memberships WHERE tenant_id = {harbor}")).await.unwrap();
    assert_eq!(calendar_feeds::by_secret(conn, b"ada, harbor", NOW_MS).await.unwrap(), None);
    assert_eq!(brand(calendar_feeds::by_secret(conn, b"ada, tide", NOW_MS).await.unwrap()), Some(tidewater));
    assert_eq!(
        brand(calendar_feeds::by_secret(conn, b"dana", NOW_MS).await.unwrap()),
        Some(harbor),
        "the agency sees every brand"
    );
    users::disable(conn, ada, NOW_MS).await.unwrap();
    assert_eq!(calendar_feeds::by_secret(conn, b"ada, tide", NOW_MS).await.unwrap(), None);
}
