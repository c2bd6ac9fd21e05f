use std::time::Duration;

use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use tetherboard_store::leases;
use tetherboard_testkit::Kind::{self, *};

use tetherboard_domain::EpochMs;

use crate::rows::harbor;

/// The next lease can be claimed, and no connection holds a lock.
#[rstest]
#[tokio::test]
async fn a_transaction_whose_begin_was_dropped_holds_no_lock(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    for at in 0..150 {
        // Drops the future after each number of polls, from before the statement is sent until after the transaction has begun.
        let moment = async {
            for _ in 0..at * 4 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            begun = db.store.begin() => drop(begun.unwrap()),
            () = moment => {}
        }
        let lease = leases::claim(conn, tenant, "a test", EpochMs(0), EpochMs(1)).await.unwrap().expect("nobody holds it");
        leases::release(conn, &lease).await.unwrap();
    }
    if kind == Postgres {
        let text =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = CURRENT_DATABASE() AND state LIKE 'idle in transaction%'";
        for attempt in 0.. {
            let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), text)).await.unwrap().unwrap();
            let open: i64 = row.try_get_by_index(0).unwrap();
            if open == 0 {
                break;
            }
            assert!(attempt < 50, "{open} connections are in a transaction that nobody knows of");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let reopened = db.reopen().await;
    let lease = leases::claim(reopened.conn(), tenant, "another", EpochMs(0), EpochMs(1));
    let lease = tokio::time::timeout(Duration::from_secs(20), lease).await.expect("no lock is left").unwrap();
    assert!(lease.is_some());
    reopened.close().await;
}
