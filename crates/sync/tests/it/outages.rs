//! A CRM that is down.

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
async fn a_crm_that_is_gone_ends_the_run_at_once_and_lowers_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
async fn after_two_lists_in_a_row_failed_each_that_is_left_is_asked_once(
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
async fn patience_with_a_crm_that_hangs_is_bounded_for_the_whole_run(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
async fn lists_that_answer_after_two_that_failed_are_read(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
async fn a_crm_that_comes_back_in_mid_run_is_read(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 60).await;
    // Three attempts at the first list; the next one is answered.
    world.crm.fault_everything(0, Fault::Times(3, Box::new(Fault::Status(503))));
    let report = world.run().await;
    use DatasetStatus::{Failed, Succeeded};
    assert_eq!(report.statuses(), [Failed, Succeeded, Succeeded, Succeeded, Succeeded, Succeeded]);
    assert_eq!(world.numbers().await.total, 60);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}
