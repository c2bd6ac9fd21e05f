use rstest::rstest;
use tetherboard_domain::{Dataset, TenantId};
use tetherboard_store::field_rules::{self, FieldCoverage};
use tetherboard_store::{Store, tenants};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::tenant;

use crate::rows::{NOW_MS, harbor};

async fn mapping_version(store: &Store, tenant: TenantId) -> i64 {
    tenants::by_id(store.conn(), tenant).await.unwrap().unwrap().mapping_version
}

#[rstest]
#[tokio::test]
async fn setting_or_removing_a_rule_increments_the_mapping_version(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let rule = r#"{"places":["/custom/7"],"forms":[]}"#;
    field_rules::set(conn, harbor, Dataset::Contacts, "market", Some("{}")).await.unwrap();
    field_rules::set(conn, harbor, Dataset::Contacts, "market", Some(rule)).await.unwrap();
    field_rules::set(conn, harbor, Dataset::Deals, "fee", Some("[]")).await.unwrap();
    field_rules::set(conn, harbor, Dataset::Contacts, "fee", Some("1")).await.unwrap();
    assert_eq!(mapping_version(&db.store, harbor).await, 5);
    let of = |dataset, field: &str, rule: &str| (dataset, field.to_owned(), rule.to_owned());
    let mut rules = field_rules::rules(conn, harbor).await.unwrap();
    rules.sort();
    let fee = of(Dataset::Contacts, "fee", "1");
    let deal_fee = of(Dataset::Deals, "fee", "[]");
    assert_eq!(rules, [fee.clone(), of(Dataset::Contacts, "market", rule), deal_fee.clone()]);

    field_rules::set(conn, harbor, Dataset::Contacts, "market", None).await.unwrap();
    assert_eq!(mapping_version(&db.store, harbor).await, 6);
    let mut rules = field_rules::rules(conn, harbor).await.unwrap();
    rules.sort();
    assert_eq!(rules, [fee, deal_fee]);

    assert!(field_rules::rules(conn, tidewater).await.unwrap().is_empty());
    assert_eq!(mapping_version(&db.store, tidewater).await, 1);
}

#[rstest]
#[tokio::test]
async fn a_rule_and_its_version_are_rolled_back_together(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tx = db.store.begin().await.unwrap();
    field_rules::set(&tx, harbor, Dataset::Contacts, "market", Some("{}")).await.unwrap();
    drop(tx);
    assert!(field_rules::rules(db.store.conn(), harbor).await.unwrap().is_empty());
    assert_eq!(mapping_version(&db.store, harbor).await, 1);
}

#[rstest]
#[tokio::test]
async fn coverage_is_that_of_the_last_read_and_a_vanished_field_is_reported_until_it_returns(
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    let seen = |rows, filled| FieldCoverage { rows, filled, vanished_ms: None };
    let vanished = FieldCoverage { rows: 300, filled: 0, vanished_ms: Some(NOW_MS) };
    field_rules::set_coverage(conn, harbor, Dataset::Contacts, &[("email", seen(300, 290)), ("fee", seen(300, 151))])
        .await
        .unwrap();
    field_rules::set_coverage(conn, harbor, Dataset::Deals, &[("fee", vanished.clone())]).await.unwrap();
    field_rules::set_coverage(conn, harbor, Dataset::Contacts, &[("fee", vanished.clone())]).await.unwrap();
    field_rules::set_coverage(conn, harbor, Dataset::Contacts, &[]).await.unwrap();
    let coverage = field_rules::coverage(conn, harbor, Dataset::Contacts).await.unwrap();
    assert_eq!(coverage, [("email".to_owned(), seen(300, 290)), ("fee".to_owned(), vanished)].into());
    let actual = |dataset| (dataset, "fee".to_owned());
    assert_eq!(field_rules::vanished(conn, harbor).await.unwrap(), [actual(Dataset::Contacts), actual(Dataset::Deals)]);

    field_rules::set_coverage(conn, harbor, Dataset::Contacts, &[("fee", seen(301, 1))]).await.unwrap();
    assert_eq!(field_rules::vanished(conn, harbor).await.unwrap(), [actual(Dataset::Deals)]);
    assert!(field_rules::coverage(conn, harbor, Dataset::Notes).await.unwrap().is_empty());
}
