//! The CRM asks us to wait.

use jiff::SignedDuration;
use jiff::fmt::strtime;
use rstest::rstest;
use tetherboard_domain::{Dataset, DatasetStatus, FaultClass, RunStatus};
use tetherboard_simulator::{Fault, Request};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

/// The formats of `Retry-After`.
#[derive(Clone, Copy, Debug)]
enum Form {
    Seconds,
    Date,
}

impl Form {
    /// The fault for a wait. The run begins an hour from now, which a date must include.
    fn wait(self, world: &World, seconds: i64) -> Fault {
        let text = match self {
            Self::Seconds => seconds.to_string(),
            Self::Date => {
                let begins = world.clock.now() + SignedDuration::from_hours(1);
                strtime::format("%a, %d %b %Y %H:%M:%S GMT", begins + SignedDuration::from_secs(seconds)).unwrap()
            }
        };
        Fault::TooManyRequests { retry_after: Some(text) }
    }
}

#[rstest]
#[tokio::test]
async fn a_short_wait_is_obeyed_and_the_run_continues(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Form::Seconds, Form::Date)] form: Form,
) {
    let world = World::with_contacts(kind, 40).await;
    world.fault(Request::Contacts, Fault::Times(1, Box::new(form.wait(&world, 1))));
    let report = world.good_run().await;
    assert_eq!((world.numbers().await, report.of(Dataset::Contacts).retries), (world.truth(), 1));
    let calls: Vec<_> = world.crm.calls(0).into_iter().filter(|call| call.request == Request::Contacts).collect();
    assert_eq!((calls[0].status, calls[1].status), (429, 200));
    assert!(calls[1].machine_ms - calls[0].machine_ms >= 1_000, "{calls:?}");
    assert_eq!(world.tenant().await.parked_until_ms, None);
}

#[rstest]
#[tokio::test]
async fn repeated_short_waits_affect_no_other_list(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 40).await;
    world.fault(Request::Contacts, Form::Seconds.wait(&world, 1));
    let report = world.run().await;
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.status, contacts.error.as_ref().unwrap().class), (DatasetStatus::Failed, FaultClass::Budget));
    assert_eq!(report.of(Dataset::Deals).status, DatasetStatus::Succeeded);
    assert_eq!((report.run.status, world.tenant().await.parked_until_ms), (RunStatus::Partial, None));
}

#[rstest]
#[tokio::test]
async fn a_long_wait_ends_the_run_and_parks_the_brand(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Form::Seconds, Form::Date)] form: Form,
) {
    let world = World::with_contacts(kind, 40).await;
    world.good_run().await;
    let before = world.numbers().await;
    world.fault(Request::Contacts, form.wait(&world, 7_200));
    world.crm.clear_calls(0);
    let report = world.run().await;

    assert_eq!(report.run.status, RunStatus::Partial);
    for dataset in [Dataset::Contacts, Dataset::Deals] {
        let report = report.of(dataset);
        assert_eq!((report.status, report.error.as_ref().unwrap().class), (DatasetStatus::Failed, FaultClass::Budget));
    }
    assert_eq!((world.calls(Request::Contacts), world.calls(Request::Deals)), (1, 0));
    assert_eq!(world.tenant().await.parked_until_ms, Some(world.clock.now_ms() + 7_200_000));
    assert_eq!(world.numbers().await, before);

    // A person starts a run anyway, and the CRM responds.
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!((world.numbers().await, world.tenant().await.parked_until_ms), (world.truth(), None));
}

#[rstest]
#[tokio::test]
async fn a_brand_is_parked_for_at_most_a_day(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 4).await;
    world.crm.fault_everything(0, Form::Seconds.wait(&world, 9_999_999));
    let report = world.run().await;
    assert_eq!((report.run.status, world.crm.calls(0).len()), (RunStatus::Failed, 1));
    assert_eq!(world.tenant().await.parked_until_ms, Some(world.clock.now_ms() + 86_400_000));
}

#[rstest]
#[tokio::test]
async fn a_wait_of_a_day_keeps_the_old_data_and_stops_all_requests(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(0, 1, 3, 5)] answers: usize,
) {
    let world = World::with_contacts(kind, 320).await;
    world.good_run().await;
    let (before, as_of) = (world.numbers().await, world.as_of(Dataset::Deals).await);
    world.crm.fault_everything(0, Fault::After(answers, Box::new(Form::Seconds.wait(&world, 86_400))));
    world.crm.clear_calls(0);
    let report = world.run().await;
    assert_eq!(report.run.status, if answers == 0 { RunStatus::Failed } else { RunStatus::Partial });
    assert_eq!(world.crm.calls(0).iter().filter(|call| call.status == 200).count(), answers);
    assert_eq!(world.crm.calls(0).iter().filter(|call| call.status == 429).count(), 1, "the request is not repeated");
    let deals = report.of(Dataset::Deals);
    assert_eq!((deals.status, deals.error.as_ref().unwrap().class), (DatasetStatus::Failed, FaultClass::Budget));
    assert_eq!((world.numbers().await, world.as_of(Dataset::Deals).await), (before, as_of));
    assert_eq!(world.tenant().await.parked_until_ms, Some(world.clock.now_ms() + 86_400_000));
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!((world.numbers().await, world.tenant().await.parked_until_ms), (world.truth(), None));
}
