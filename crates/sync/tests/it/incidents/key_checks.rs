//! A person asks whether a web key works, and the worker finds out.

use super::*;

#[rstest]
#[tokio::test]
async fn the_worker_reports_whether_a_key_is_good(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut brands = Brands::of(kind, 2).await;
    let _work = brands.world.start_worker();
    brands.settled().await;
    brands.clear_calls();
    let good = brands.checked(0).await;
    assert!(good.fault.is_none() && good.answered_ms >= Some(good.asked_ms));
    assert_eq!(brands.calls(), [1, 0]);

    brands.world.crm.revoke_web_key(0);
    let (class, message) = brands.checked(0).await.fault.unwrap();
    assert_eq!(class, FaultClass::Credentials);
    assert!(message.contains("this brand's web key is refused"), "{message}");
    assert!(brands.tenant(0).await.refused_ms.is_some());
    brands.world.crm.restore_web_key(0);
    assert!(brands.checked(0).await.fault.is_none());
    assert_eq!(brands.tenant(0).await.refused_ms, None);

    brands.world.crm.fault_everything(0, Fault::Status(503));
    assert_eq!(brands.checked(0).await.fault.unwrap().0, FaultClass::HttpStatus);
    assert_eq!(brands.tenant(0).await.refused_ms, None, "no answer is no refusal");
    brands.world.stop_crm().await;
    assert_eq!(brands.checked(0).await.fault.unwrap().0, FaultClass::Network);
}

impl Brands {
    /// Requests a key check and waits for its result.
    async fn checked(&self, nth: usize) -> KeyCheck {
        let conn = self.world.db.store.conn();
        credentials::request_key_check(conn, self.ids[nth], self.world.clock.now_ms()).await.unwrap();
        let answered = async {
            loop {
                let check = credentials::key_check(conn, self.ids[nth]).await.unwrap().unwrap();
                if check.answered_ms.is_some() {
                    return check;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), answered).await.expect("an answer")
    }
}
