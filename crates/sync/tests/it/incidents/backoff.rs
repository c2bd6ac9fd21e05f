//! The CRM asks for a wait: which brands wait, and for how long.

use super::*;

#[rstest]
#[case::two_hours(7_200, 7_200)]
#[case::more_than_a_day(25 * 3_600, 24 * 3_600)]
#[tokio::test]
async fn a_parked_brand_is_not_requested_until_the_wait_is_over(
    #[case] asked: i64,
    #[case] seconds: i64,
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let brands = Brands::of(kind, 2).await;
    brands.world.crm.fault(0, Request::Contacts, asks_to_wait(asked));
    assert_eq!(brands.run(0, Trigger::Schedule).await.run.status, RunStatus::Partial);
    let until = brands.world.clock.now_ms() + seconds * 1_000;
    assert_eq!((brands.tenant(0).await.parked_until_ms, brands.token().await.parked_until_ms), (Some(until), None));
    brands.world.crm.heal(0);

    let _work = brands.world.start_worker();
    brands.settled().await;
    brands.clear_calls();
    brands.world.clock.set((until - 60_000).timestamp().unwrap());
    brands.settled().await;
    assert_eq!(brands.calls()[0], 0);
    assert!(brands.calls()[1] > 0, "the other brand is read");
    brands.world.clock.set((until + HOUR_MS).timestamp().unwrap());
    brands.settled().await;
    assert!(brands.calls()[0] > 0);
    assert_eq!(brands.world.numbers_of(brands.ids[0]).await, brands.world.truth_of(0));
}

#[rstest]
#[tokio::test]
async fn a_second_parked_brand_parks_the_token_until_a_persons_run_succeeds(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    brands.world.crm.fault_everything(0, asks_to_wait(7_200));
    brands.world.crm.fault_everything(1, asks_to_wait(3 * 3_600));
    brands.run(0, Trigger::Schedule).await;
    assert_eq!(brands.token().await.parked_until_ms, None);
    brands.run(1, Trigger::Schedule).await;
    let until = brands.world.clock.now_ms() + 3 * HOUR_MS;
    assert_eq!(brands.token().await.parked_until_ms, Some(until));

    brands.clear_calls();
    let waiting = brands.run(2, Trigger::Schedule).await;
    let error = waiting.of(Dataset::Contacts).error.clone().unwrap();
    assert_eq!((waiting.run.status, error.class, brands.calls()), (RunStatus::Failed, FaultClass::Budget, vec![0, 0, 0]));
    let work = brands.world.start_worker();
    brands.settled().await;
    assert_eq!(brands.calls(), [0, 0, 0], "nor does the worker ask for anybody");
    work.stop().await;
    // A person's run that gets a response continues, and the token is no longer parked.
    assert_eq!(brands.run(2, Trigger::Person).await.run.status, RunStatus::Succeeded);
    assert_eq!(brands.world.numbers_of(brands.ids[2]).await, brands.world.truth_of(2));
    assert_eq!(brands.token().await.parked_until_ms, None);
    assert!(brands.tenant(0).await.parked_until_ms.is_some(), "each brand's own park stays its own");
}

#[rstest]
#[tokio::test]
async fn a_persons_run_of_a_parked_brand_makes_one_request(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 2).await;
    brands.world.crm.fault_everything(0, asks_to_wait(7_200));
    brands.run(0, Trigger::Schedule).await;
    brands.clear_calls();
    let report = brands.run(0, Trigger::Person).await;
    assert_eq!((report.run.status, brands.calls()), (RunStatus::Failed, vec![1, 0]));
    assert_eq!(brands.tenant(0).await.parked_until_ms, Some(brands.world.clock.now_ms() + 7_200_000), "anew");
    brands.world.crm.heal(0);
    assert_eq!(brands.run(0, Trigger::Person).await.run.status, RunStatus::Succeeded);
    assert_eq!(brands.tenant(0).await.parked_until_ms, None);
}
