//! Keys that stop working, and work again.

use rstest::rstest;
use secrecy::SecretString;
use tetherboard_domain::{Dataset, DatasetStatus, FaultClass, RunStatus};
use tetherboard_simulator::{Config, Fault, Request};
use tetherboard_store::agency;
use tetherboard_sync::RunReport;
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

fn is_refused(report: &RunReport) {
    assert_eq!(report.run.status, RunStatus::Failed);
    for dataset in &report.datasets {
        let class = dataset.error.as_ref().map(|error| error.class);
        assert_eq!((dataset.status, class), (DatasetStatus::Failed, Some(FaultClass::Credentials)), "{dataset:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_revoked_key_is_shown_to_the_crm_once_and_the_data_stays(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 40).await;
    world.good_run().await;
    let (before, as_of) = (world.numbers().await, world.as_of(Dataset::Contacts).await);
    world.crm.revoke_web_key(0);
    world.crm.clear_calls(0);
    is_refused(&world.run().await);
    let calls = world.crm.calls(0);
    assert_eq!(calls.iter().map(|call| (call.request, call.status)).collect::<Vec<_>>(), [(Request::Stages, 401)]);
    assert_eq!((world.numbers().await, world.as_of(Dataset::Contacts).await), (before, as_of));

    world.crm.restore_web_key(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_key_revoked_in_mid_run_ends_the_run_with_what_came(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 320).await;
    world.good_run().await;
    let before = world.numbers().await;
    world.later(24 * 60);
    world.fault(Request::Contacts, Fault::SlowMs(300));
    world.crm.clear_calls(0);
    let revoked = async {
        world.wait_for_call(Request::Contacts).await;
        world.crm.revoke_web_key(0);
    };
    let (report, ()) = tokio::join!(world.run(), revoked);
    assert_eq!(report.run.status, RunStatus::Partial);
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.status, contacts.read), (DatasetStatus::Partial, 100));
    for dataset in [Dataset::Contacts, Dataset::Deals] {
        assert_eq!(report.of(dataset).error.as_ref().unwrap().class, FaultClass::Credentials);
    }
    assert_eq!((world.calls(Request::Deals), world.numbers().await), (0, before));
    assert_eq!(world.query("SELECT day FROM pipeline_days GROUP BY day").await.len(), 2);
}

#[rstest]
#[tokio::test]
async fn a_rotated_token_is_refused_until_the_new_one_is_known(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 40).await;
    world.good_run().await;
    let before = world.numbers().await;
    let token = world.crm.rotate_access_token();
    is_refused(&world.run().await);
    assert_eq!(world.numbers().await, before);
    world.syncer.crm.access_token = Some(SecretString::from(token));
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn the_agencys_own_token_serves_where_the_environment_names_none(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 40).await;
    world.syncer.crm.access_token = None;
    is_refused(&world.run().await);
    assert_eq!(world.crm.calls(0), []);
    let token = SecretString::from(world.crm.access_token());
    agency::set_access_token(world.db.store.conn(), world.db.store.cipher(), &token).await.unwrap();
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn one_brands_revoked_key_is_no_other_brands_trouble(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::of(kind, Config::plain(5, &[40, 70])).await;
    world.crm.revoke_web_key(1);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}
