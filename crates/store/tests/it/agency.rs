use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_store::agency::{self, Setting};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::fresh;

#[rstest]
#[tokio::test]
async fn a_setting_is_none_until_it_is_set(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let conn = db.store.conn();
    assert_eq!(agency::get(conn, Setting::Name).await.unwrap(), None);
    for name in ["First", "Second"] {
        agency::set(conn, Setting::Name, name).await.unwrap();
    }
    assert_eq!(agency::get(conn, Setting::Name).await.unwrap().as_deref(), Some("Second"));
    assert_eq!(agency::get(conn, Setting::Contact).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn the_access_token_is_stored_encrypted(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let (conn, cipher) = (db.store.conn(), db.store.cipher());
    assert!(agency::access_token(conn, cipher).await.unwrap().is_none());
    agency::set_access_token(conn, cipher, &SecretString::from("a-very-secret-token")).await.unwrap();
    let opened = agency::access_token(conn, cipher).await.unwrap().unwrap().unwrap();
    assert_eq!(opened.expose_secret(), "a-very-secret-token");
    let text = "SELECT sealed FROM agency WHERE value IS NULL";
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), text)).await.unwrap().unwrap();
    let stored: Vec<u8> = row.try_get_by_index(0).unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("secret"));
}
