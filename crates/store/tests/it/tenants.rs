use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_domain::{TenantId, UserRole, Zone};
use tetherboard_store::tenants::{self, Changes, NewTenant};
use tetherboard_store::{Cipher, CipherError, Store};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{fresh, person, tenant, web_key};

use crate::rows::{NOW_MS, harbor};

async fn by_id(store: &Store, id: TenantId) -> tenants::Tenant {
    tenants::by_id(store.conn(), id).await.unwrap().unwrap()
}

#[rstest]
#[tokio::test]
async fn a_new_brand_is_found_by_its_slug_only(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let added = tenant(&db.store, "harbor", "America/Chicago").await;
    assert_eq!((&*added.slug, added.zone.name(), added.mapping_version, added.data_version), ("harbor", "America/Chicago", 1, 0));
    assert!(!added.has_logo && !added.has_web_key && added.source_zone.is_none());
    assert_eq!(added.source_time().0.name(), "America/Chicago");
    assert!(tenants::by_slug(db.store.conn(), "HARBOR").await.unwrap().is_none());
    let zone = Zone::utc();
    let again = NewTenant { slug: "harbor", name: "Another", zone: &zone, source_zone: None };
    assert!(tenants::add(db.store.conn(), &again, NOW_MS).await.is_err());
}

#[rstest]
#[tokio::test]
async fn a_new_zone_increments_the_mapping_version_and_other_changes_do_not(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, id) = harbor(kind).await;
    let change = |changes: Changes<'static>| {
        let store = db.store.clone();
        async move {
            tenants::set(store.conn(), id, &changes).await.unwrap();
            let now = by_id(&store, id).await;
            (now.mapping_version, now.data_version)
        }
    };
    assert_eq!(change(Changes { name: Some("Harbor Bagel Co."), accent: Some("#0A7AFF"), ..Changes::default() }).await, (1, 1));
    assert_eq!(change(Changes { logo: Some((b"<svg/>", "image/svg+xml")), ..Changes::default() }).await, (1, 2));
    let denver: &'static Zone = Box::leak(Box::new(Zone::named("America/Denver").unwrap()));
    assert_eq!(change(Changes { zone: Some(denver), ..Changes::default() }).await, (2, 3));
    assert_eq!(change(Changes { source_zone: Some(denver), ..Changes::default() }).await, (3, 4));
    let now = by_id(&db.store, id).await;
    assert_eq!(
        (&*now.name, now.accent.as_deref(), now.zone.name(), now.has_logo),
        ("Harbor Bagel Co.", Some("#0A7AFF"), "America/Denver", true)
    );
    assert_eq!(now.source_time().0.name(), "America/Denver");
    let logo = tenants::logo(db.store.conn(), id).await.unwrap().unwrap();
    assert_eq!(logo, (b"<svg/>".to_vec(), "image/svg+xml".to_owned()));
    tenants::publish(db.store.conn(), id).await.unwrap();
    assert_eq!(by_id(&db.store, id).await.data_version, 5);
}

#[rstest]
#[tokio::test]
async fn a_web_key_is_stored_encrypted_and_can_be_decrypted_only_for_its_brand(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let (conn, cipher) = (db.store.conn(), db.store.cipher());
    assert!(tenants::web_key(conn, cipher, harbor).await.unwrap().is_none());
    web_key(&db.store, harbor, "a-very-secret-key").await;
    let opened = tenants::web_key(conn, cipher, harbor).await.unwrap().unwrap().unwrap();
    assert_eq!(opened.expose_secret(), "a-very-secret-key");
    assert!(by_id(&db.store, harbor).await.has_web_key && !by_id(&db.store, tidewater).await.has_web_key);

    let text = "SELECT web_key FROM tenants WHERE web_key IS NOT NULL";
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), text)).await.unwrap().unwrap();
    let stored: Vec<u8> = row.try_get_by_index(0).unwrap();
    assert!(!stored.windows(6).any(|bytes| b"a-very-secret-key".windows(6).any(|part| part == bytes)));

    conn.execute_unprepared("UPDATE tenants SET web_key = (SELECT web_key FROM tenants WHERE slug = 'harbor')").await.unwrap();
    let moved = tenants::web_key(conn, cipher, tidewater).await.unwrap().unwrap();
    assert!(matches!(moved, Err(CipherError::WrongKey)));
    let other = Cipher::from_base64(&SecretString::from("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")).unwrap();
    assert!(matches!(tenants::web_key(conn, &other, harbor).await.unwrap().unwrap(), Err(CipherError::WrongKey)));
}

#[rstest]
#[tokio::test]
async fn a_brand_can_be_parked_and_resumed(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, id) = harbor(kind).await;
    tenants::park(db.store.conn(), id, Some(NOW_MS)).await.unwrap();
    assert_eq!(by_id(&db.store, id).await.parked_until_ms, Some(NOW_MS));
    tenants::park(db.store.conn(), id, None).await.unwrap();
    assert_eq!(by_id(&db.store, id).await.parked_until_ms, None);
}

#[rstest]
#[tokio::test]
async fn a_user_sees_only_their_own_brands(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    tenant(&db.store, "tidewater", "America/New_York").await;
    let bo = person(&db.store, "bo@example.com", UserRole::TenantViewer, "h", &[harbor]).await;
    let seen = tenants::of_user(db.store.conn(), bo).await.unwrap();
    assert_eq!(seen.iter().map(|tenant| &*tenant.slug).collect::<Vec<_>>(), ["harbor"]);
    assert_eq!(tenants::list(db.store.conn()).await.unwrap().len(), 2);
}

#[rstest]
#[tokio::test]
async fn a_zone_that_no_longer_exists_is_read_as_utc(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, id) = harbor(kind).await;
    db.store.conn().execute_unprepared("UPDATE tenants SET zone = 'Atlantis/Capital'").await.unwrap();
    assert_eq!(by_id(&db.store, id).await.zone, Zone::utc());
}
