use rstest::rstest;
use tetherboard_domain::UserRole;
use tetherboard_store::{tenants, users};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{fresh, person, tenant, web_key};

#[rstest]
#[tokio::test]
async fn a_user_has_the_brands_they_were_added_to(#[values(Sqlite, Postgres)] kind: Kind) {
    let db = fresh(kind).await;
    let harbor = tenant(&db.store, "harbor", "America/Chicago").await;
    let _tidewater = tenant(&db.store, "tidewater", "America/New_York").await;
    web_key(&db.store, harbor.id, "key").await;
    let ada = person(&db.store, "Ada@example.com", UserRole::TenantViewer, "no hash", &[harbor.id]).await;

    let brands = tenants::of_user(db.store.conn(), ada).await.unwrap();
    assert_eq!(brands.iter().map(|brand| &*brand.name).collect::<Vec<_>>(), ["Harbor"]);
    assert!(brands[0].has_web_key);
    assert_eq!(users::by_email(db.store.conn(), "ada@example.com").await.unwrap().unwrap().id, ada);
}
