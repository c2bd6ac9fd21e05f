use rstest::rstest;
use tetherboard_domain::{EpochMs, TenantId};
use tetherboard_store::Store;
use tetherboard_store::leases::{self, SyncLease};
use tetherboard_testkit::Kind::{self, *};

use crate::rows::{NOW_MS, harbor};

const MINUTE_MS: i64 = 60_000;

async fn claim(store: &Store, tenant: TenantId, holder: &str, at_ms: EpochMs) -> Option<SyncLease> {
    leases::claim(store.conn(), tenant, holder, at_ms, at_ms + MINUTE_MS).await.unwrap()
}

async fn holds(store: &Store, lease: &SyncLease) -> bool {
    let tx = store.begin().await.unwrap();
    let holds = leases::holds(&tx, lease).await.unwrap();
    tx.commit().await.unwrap();
    holds
}

#[rstest]
#[tokio::test]
async fn a_lease_has_one_holder_until_it_is_released(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let other = db.reopen().await;
    let lease = claim(&db.store, tenant, "one", NOW_MS).await.unwrap();
    assert_eq!(lease.tenant(), tenant);
    assert!(claim(&other, tenant, "two", NOW_MS + MINUTE_MS - 1).await.is_none());
    // The holder cannot claim it again either.
    assert!(claim(&db.store, tenant, "one", NOW_MS).await.is_none());
    assert!(leases::is_held(other.conn(), tenant, NOW_MS).await.unwrap());
    leases::release(db.store.conn(), &lease).await.unwrap();
    assert!(!leases::is_held(other.conn(), tenant, NOW_MS).await.unwrap());
    assert!(claim(&other, tenant, "two", NOW_MS).await.is_some());
}

#[rstest]
#[tokio::test]
async fn renewing_a_lease_extends_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let lease = claim(&db.store, tenant, "one", NOW_MS).await.unwrap();
    assert!(leases::renew(db.store.conn(), &lease, NOW_MS + 2 * MINUTE_MS).await.unwrap());
    assert!(claim(&db.store, tenant, "two", NOW_MS + MINUTE_MS).await.is_none());
    assert!(claim(&db.store, tenant, "two", NOW_MS + 2 * MINUTE_MS).await.is_some());
}

#[rstest]
#[tokio::test]
async fn a_holder_that_lost_its_lease_can_neither_write_nor_renew_nor_release(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let first = claim(&db.store, tenant, "one", NOW_MS).await.unwrap();
    assert!(holds(&db.store, &first).await);
    let second = claim(&db.store, tenant, "one", NOW_MS + MINUTE_MS).await.unwrap();
    assert!(!holds(&db.store, &first).await);
    assert!(!leases::renew(db.store.conn(), &first, NOW_MS + 9 * MINUTE_MS).await.unwrap());
    leases::release(db.store.conn(), &first).await.unwrap();
    assert!(leases::is_held(db.store.conn(), tenant, NOW_MS + MINUTE_MS).await.unwrap());
    assert!(holds(&db.store, &second).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_cannot_be_claimed_during_a_write(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let first = claim(&db.store, tenant, "one", NOW_MS).await.unwrap();
    let tx = db.store.begin().await.unwrap();
    assert!(leases::holds(&tx, &first).await.unwrap());
    let other = db.reopen().await;
    let successor = tokio::spawn(async move { claim(&other, tenant, "two", NOW_MS + MINUTE_MS).await });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!successor.is_finished());
    tx.commit().await.unwrap();
    assert!(successor.await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn only_one_of_many_concurrent_claims_gets_the_lease(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let claims: Vec<_> = (0..8)
        .map(|i| {
            let store = db.store.clone();
            tokio::spawn(async move { claim(&store, tenant, &format!("worker {i}"), NOW_MS).await })
        })
        .collect();
    let mut claimed = 0;
    for claim in claims {
        claimed += usize::from(claim.await.unwrap().is_some());
    }
    assert_eq!(claimed, 1);
}

#[rstest]
#[tokio::test]
async fn leases_of_different_brands_are_independent(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    assert!(claim(&db.store, harbor, "one", NOW_MS).await.is_some());
    assert!(claim(&db.store, tidewater, "two", NOW_MS).await.is_some());
}
