use std::collections::BTreeMap;

use rstest::rstest;
use tetherboard_domain::{ContactId, EpochMs, TenantId};
use tetherboard_store::Store;
use tetherboard_store::hot_list::{self, HotListHead, HotListRow};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{TestDatabase, tenant};

use crate::rows::{NOW_MS, harbor};

fn item(at: i64) -> HotListRow {
    HotListRow {
        item_key: at.to_string(),
        place: at,
        contact_id: Some(ContactId(at.to_string())),
        name: format!("Ada {at}"),
        market: String::new(),
        units: String::new(),
        owner: "Uma".to_owned(),
        source: None,
        phone: String::new(),
        deals: 1,
        stage: Some("FA Sent".to_owned()),
        stage_since_ms: NOW_MS,
        stage_since_exact: true,
        odds: Some(9_500),
        fee_cents: None,
        weighted_cents: None,
        close_date: None,
        score: 38,
        reasons: "[]".to_owned(),
        status: "quiet".to_owned(),
        next_step: "{}".to_owned(),
        last_touch_ms: None,
        notes_known_ms: None,
        fdd: None,
    }
}

async fn replace(db: &TestDatabase, tenant: TenantId, wanted: Vec<HotListRow>) {
    let tx = db.store.begin().await.unwrap();
    hot_list::lock(&tx, tenant).await.unwrap();
    hot_list::replace(&tx, tenant, wanted).await.unwrap();
    Store::commit(tx).await.unwrap();
}

async fn standing(db: &TestDatabase, tenant: TenantId) -> BTreeMap<String, HotListRow> {
    let mut found = BTreeMap::new();
    let mut count = 0;
    let take = |row: HotListRow| {
        count += 1;
        found.insert(row.item_key.clone(), row);
    };
    hot_list::each_item(db.store.conn(), tenant, take).await.unwrap();
    assert_eq!(count, found.len(), "an item came twice");
    found
}

/// More than one batch.
#[rstest]
#[tokio::test]
async fn replacing_a_long_list_leaves_exactly_the_new_items(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let by_key = |rows: &[HotListRow]| rows.iter().map(|row| (row.item_key.clone(), row.clone())).collect::<BTreeMap<_, _>>();
    let others = vec![item(1), item(9_999)];
    replace(&db, tidewater, others.clone()).await;
    let mut wanted: Vec<HotListRow> = (1..=1_203).map(item).collect();
    replace(&db, harbor, wanted.clone()).await;
    assert_eq!(standing(&db, harbor).await, by_key(&wanted));
    // Some items are removed, some are added, one changes.
    wanted.drain(200..300);
    wanted.extend((2_000..2_700).map(item));
    wanted[7].score = 95;
    replace(&db, harbor, wanted.clone()).await;
    assert_eq!(standing(&db, harbor).await, by_key(&wanted));
    replace(&db, harbor, Vec::new()).await;
    assert!(standing(&db, harbor).await.is_empty());
    assert_eq!(standing(&db, tidewater).await, by_key(&others));
}

#[rstest]
#[tokio::test]
async fn a_list_keeps_its_format_until_its_data_changes(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let head = async || hot_list::head(db.store.conn(), harbor).await.unwrap();
    assert_eq!(head().await, None);
    let tx = db.store.begin().await.unwrap();
    hot_list::mark_stale(&tx, harbor).await.unwrap();
    hot_list::lock(&tx, harbor).await.unwrap();
    Store::commit(tx).await.unwrap();
    let empty = HotListHead { as_of_ms: None, holds_until_ms: EpochMs(0), calendar_read: false, format: 0 };
    assert_eq!(head().await, Some(empty));
    let actual = HotListHead { as_of_ms: Some(NOW_MS), holds_until_ms: NOW_MS + 5, calendar_read: true, format: 7 };
    let tx = db.store.begin().await.unwrap();
    hot_list::set_head(&tx, harbor, actual).await.unwrap();
    Store::commit(tx).await.unwrap();
    assert_eq!(head().await, Some(actual));
    let tx = db.store.begin().await.unwrap();
    hot_list::mark_stale(&tx, harbor).await.unwrap();
    Store::commit(tx).await.unwrap();
    assert_eq!(head().await, Some(HotListHead { format: 0, ..actual }));
}
