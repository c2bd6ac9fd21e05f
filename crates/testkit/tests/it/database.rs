use rstest::rstest;
use tetherboard_store::{DatabaseUrl, Store, tenants};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{empty, fresh, tenant};

#[rstest]
#[tokio::test]
async fn a_fresh_database_has_empty_tables(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    assert!(db.store.is_migrated().await.unwrap());
    assert!(tenants::list(db.store.conn()).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn two_databases_are_independent(#[values(Sqlite, Postgres)] kind: Kind) {
    let (one, two) = (fresh(kind).await, fresh(kind).await);
    tenant(&one.store, "harbor", "America/Chicago").await;
    assert!(tenants::by_slug(two.store.conn(), "harbor").await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_reopened_database_has_what_was_written(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    tenant(&db.store, "harbor", "America/Chicago").await;
    assert!(tenants::by_slug(db.reopen().await.conn(), "harbor").await.unwrap().is_some());
}

#[rstest]
#[tokio::test]
async fn a_dropped_database_is_deleted(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = empty(kind).await;
    let (url, cipher): (DatabaseUrl, _) = (db.url().parse().unwrap(), db.store.cipher().clone());
    drop(db);
    match url.file() {
        Some(file) => assert!(!file.exists()),
        None => assert!(Store::open(&url, cipher).await.is_err()),
    }
}
