use rstest::rstest;
use tempfile::TempDir;
use tetherboard_store::{DatabaseUrl, Store, tenants};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{empty, tenant};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_starts_create_the_tables_once(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = empty(kind).await;
    assert!(!db.store.is_migrated().await.unwrap());
    let mut starting = Vec::new();
    for _ in 0..6 {
        let store = db.reopen().await;
        starting.push(tokio::spawn(async move { store.migrate().await }));
    }
    for started in starting {
        started.await.unwrap().unwrap();
    }
    assert!(db.store.is_migrated().await.unwrap());
}

#[rstest]
#[tokio::test]
async fn migrating_again_changes_nothing(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = empty(kind).await;
    db.store.migrate().await.unwrap();
    tenant(&db.store, "harbor", "America/Chicago").await;
    db.reopen().await.migrate().await.unwrap();
    assert_eq!(tenants::list(db.store.conn()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_opens_of_a_missing_file_all_succeed() {
    let folder = TempDir::new().unwrap();
    let cipher = empty(Sqlite).await.store.cipher().clone();
    let url: DatabaseUrl = format!("sqlite:{}/deep/new.db", folder.path().display()).parse().unwrap();
    let mut opening = Vec::new();
    for _ in 0..8 {
        let (url, cipher) = (url.clone(), cipher.clone());
        opening.push(tokio::spawn(async move { Store::open(&url, cipher).await?.migrate().await }));
    }
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
}

/// The key is stored next to the file, so both must use the same path.
#[rstest]
#[case::space_and_letters("Größe und Maß")]
#[case::percent("50%41")]
#[case::hash("a#b")]
#[tokio::test]
async fn the_file_is_created_at_the_path_in_the_url(#[case] name: &str) {
    let folder = TempDir::new().unwrap();
    let cipher = empty(Sqlite).await.store.cipher().clone();
    let url: DatabaseUrl = format!("sqlite:{}/{name}/t.db", folder.path().display()).parse().unwrap();
    Store::open(&url, cipher).await.unwrap().migrate().await.unwrap();
    assert!(url.file().unwrap().exists(), "{:?}", std::fs::read_dir(folder.path()).unwrap().collect::<Vec<_>>());
}
