//! The CRM is down.

use std::time::{Duration, Instant};

use rstest::rstest;
use tetherboard_domain::{Dataset, DatasetStatus, FaultClass, RunStatus};
use tetherboard_simulator::{Fault, Request};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World, quick};

const LISTS: [Request; 6] =
    [Request::Stages, Request::Sources, Request::Users, Request::Contacts, Request::Deals, Request::Events];

#[rstest]
#[tokio::test]
async fn an_unreachable_crm_ends_the_run_immediately_and_lowers_no_number(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 60).await;
    world.good_run().await;
    let (before, as_of) = (world.numbers().await, world.as_of(Dataset::Contacts).await);
    world.stop_crm().await;
    let began = Instant::now();
    let report = world.run().await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(report.run.status, RunStatus::Failed);
    for dataset in report.datasets.iter().filter(|report| report.dataset != Dataset::Notes) {
        assert_eq!(dataset.error.as_ref().map(|error| error.class), Some(FaultClass::Network), "{dataset:?}");
    }
    assert_eq!((world.numbers().await, world.as_of(Dataset::Contacts).await), (before, as_of));
}

#[rstest]
#[tokio::test]
async fn after_two_failed_lists_in_a_row_each_remaining_list_is_requested_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(
        Fault::Hang,
        Fault::Drip,
        Fault::Status(503),
        Fault::Html,
        Fault::EmptyBody,
        Fault::NotHttp,
        Fault::CutChunks,
        Fault::ShortLength,
        Fault::Reset
    )]
    fault: Fault,
) {
    let world = World::with_contacts(kind, 60).await;
    world.good_run().await;
    let before = world.numbers().await;
    world.crm.fault_everything(0, fault);
    world.crm.clear_calls(0);
    let began = Instant::now();
    let report = world.run().await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!((report.run.status, report.statuses()), (RunStatus::Failed, vec![DatasetStatus::Failed; 6]));
    assert_eq!(LISTS.map(|list| world.calls(list)), [3, 3, 1, 1, 1, 1]);
    assert_eq!(world.numbers().await, before);
    world.crm.heal(0);
    world.good_run().await;
}

#[rstest]
#[tokio::test]
async fn the_time_spent_on_a_hanging_crm_is_limited_per_run(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 4).await;
    world.syncer.crm.limits =
        tetherboard_clienttether::Limits { attempts: 50, outage_tolerance: Duration::from_secs(1), ..quick() };
    world.crm.fault_everything(0, Fault::Hang);
    let began = Instant::now();
    assert_eq!(world.run().await.run.status, RunStatus::Failed);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[rstest]
#[tokio::test]
async fn lists_that_respond_after_two_failed_lists_are_read(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 60).await;
    world.good_run().await;
    world.edit(tetherboard_simulator::Edit::AddContact(tetherboard_simulator::ContactEdit::named("Ada Ash")));
    world.fault(Request::Stages, Fault::Status(404));
    world.fault(Request::Sources, Fault::Status(404));
    world.fault(Request::Users, Fault::Status(404));
    world.crm.clear_calls(0);
    let report = world.run().await;
    assert_eq!(report.run.status, RunStatus::Partial);
    use DatasetStatus::{Failed, Succeeded};
    assert_eq!(report.statuses(), [Failed, Failed, Failed, Succeeded, Succeeded, Succeeded]);
    assert_eq!([Request::Stages, Request::Sources, Request::Users].map(|list| world.calls(list)), [1, 1, 1]);
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_crm_that_recovers_during_a_run_is_read(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 60).await;
    // The first list fails in all three attempts; the next list gets a response.
    world.crm.fault_everything(0, Fault::Times(3, Box::new(Fault::Status(503))));
    let report = world.run().await;
    use DatasetStatus::{Failed, Succeeded};
    assert_eq!(report.statuses(), [Failed, Succeeded, Succeeded, Succeeded, Succeeded, Succeeded]);
    assert_eq!(world.numbers().await.total, 60);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}
