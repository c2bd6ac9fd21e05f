//! When a record that the CRM no longer shows counts as removed.

use rstest::rstest;
use tetherboard_domain::{Dataset, DatasetStatus, RunStatus};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, Fault, Request};
use tetherboard_sync::RunOptions;
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

#[rstest]
#[tokio::test]
async fn a_contact_is_removed_after_two_complete_reads_miss_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 250).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    world.good_run().await;
    world.edit(Edit::RemoveContact(ada.clone()));

    let first = world.good_run().await;
    assert_eq!((first.of(Dataset::Contacts).gone, world.contact(&ada).await.is_some()), (0, true));

    world.fault(Request::Contacts, Fault::FromOffset(200, Box::new(Fault::Status(500))));
    assert_eq!(world.run().await.of(Dataset::Contacts).status, DatasetStatus::Partial);
    assert!(world.contact(&ada).await.is_some(), "a partial read confirms no removal");

    world.crm.heal(0);
    let second = world.good_run().await;
    assert_eq!((second.of(Dataset::Contacts).gone, world.contact(&ada).await.is_some()), (1, false));
    assert_eq!(world.numbers().await, world.truth());
    assert_eq!(world.good_run().await.of(Dataset::Contacts).gone, 0);
}

#[rstest]
#[tokio::test]
async fn a_contact_that_is_back_in_the_second_read_is_not_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 30).await;
    let row = || ContactEdit::named("Ada Ash").id("77").created("2026-11-18T12:00:00Z".parse().unwrap());
    world.edit(Edit::AddContact(row()));
    world.good_run().await;
    // Missed, seen, missed: never missed twice in a row.
    for _ in 0..3 {
        world.edit(Edit::RemoveContact("77".to_owned()));
        world.good_run().await;
        assert!(world.contact("77").await.is_some());
        world.edit(Edit::AddContact(row()));
        let report = world.good_run().await;
        assert_eq!((report.of(Dataset::Contacts).added, report.of(Dataset::Contacts).gone), (0, 0));
    }
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_contact_that_returns_keeps_its_history(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 30).await;
    let row = |stage| ContactEdit::named("Ada Ash").id("77").in_stage(stage);
    world.edit(Edit::AddContact(row("QR Sent")));
    world.good_run().await;
    let first_seen = world.contact("77").await.unwrap().first_seen_ms;
    world.later(5);
    world.edit(Edit::MoveStage { client_id: "77".into(), stage: "FDD Sent".to_owned() });
    let last_seen = world.good_run().await;
    world.edit(Edit::RemoveContact("77".to_owned()));
    world.good_run().await;
    world.good_run().await;
    assert!(world.contact("77").await.is_none());
    world.good_run().await;

    world.edit(Edit::AddContact(row("FA Sent")));
    let report = world.good_run().await;
    assert_eq!((report.of(Dataset::Contacts).added, report.of(Dataset::Contacts).changed), (1, 0));
    assert_eq!(world.contact("77").await.unwrap().first_seen_ms, first_seen);
    let moves = world.moves_of("77").await;
    let road: Vec<_> = moves.iter().map(|moved| moved.to.as_deref().unwrap()).collect();
    assert_eq!(road, ["fdd sent", "fa sent"]);
    assert!(moves[1].seen_before_ms <= last_seen.run.finished_ms.unwrap(), "no read saw it while it was removed: {moves:?}");
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_deal_is_removed_and_returns_in_the_same_way(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 60).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let deal = || Edit::AddDeal(DealEdit::of(&ada).id("5501").worth(50_000));
    world.edit(deal());
    world.good_run().await;
    let deals = world.numbers().await.deals;

    world.edit(Edit::RemoveDeal("5501".to_owned()));
    assert_eq!(world.good_run().await.of(Dataset::Deals).gone, 0);
    assert_eq!(world.numbers().await.deals, deals);
    assert_eq!(world.good_run().await.of(Dataset::Deals).gone, 1);
    assert_eq!(world.numbers().await, world.truth());

    world.edit(deal());
    assert_eq!(world.good_run().await.of(Dataset::Deals).added, 1);
    assert_eq!(world.numbers().await.deals, deals);
}

#[rstest]
#[tokio::test]
async fn rows_that_lost_their_id_do_not_count_as_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 130).await;
    world.good_run().await;
    world.fault(Request::Contacts, Fault::RowsWithoutId(3));
    for _ in 0..3 {
        assert_eq!(world.run().await.of(Dataset::Contacts).set_aside, 3);
        assert_eq!(world.numbers().await, world.truth());
    }
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

/// Fifteen of sixty contacts: more than 20% and at least ten.
fn many(world: &World) -> Vec<String> {
    (0..15).map(|nth| world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").id(format!("9{nth:02}"))))).collect()
}

#[rstest]
#[tokio::test]
async fn many_records_missing_at_once_are_held_until_the_agency_confirms(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 45).await;
    let many = many(&world);
    world.good_run().await;
    let (numbers, as_of) = (world.numbers().await, world.as_of(Dataset::Contacts).await);
    for id in &many {
        world.edit(Edit::RemoveContact(id.clone()));
    }
    for _ in 0..3 {
        let report = world.run().await;
        let contacts = report.of(Dataset::Contacts);
        assert_eq!((report.run.status, contacts.status), (RunStatus::Partial, DatasetStatus::Held));
        assert_eq!((contacts.held, contacts.gone), (15, 0));
        assert_eq!((world.numbers().await, world.as_of(Dataset::Contacts).await), (numbers.clone(), as_of));
        assert_eq!(report.of(Dataset::Deals).status, DatasetStatus::Succeeded);
    }
    let agreed = RunOptions { accept_removals: vec![Dataset::Contacts], ..RunOptions::default() };
    let report = world.run_with(&agreed).await;
    assert_eq!((report.run.status, report.of(Dataset::Contacts).gone), (RunStatus::Succeeded, 15));
    assert_eq!(world.numbers().await, world.truth());
    assert_eq!(world.as_of(Dataset::Contacts).await, Some(world.clock.now_ms()));
    world.good_run().await;
}

#[rstest]
#[tokio::test]
async fn confirming_removals_in_one_list_removes_nothing_from_another(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 45).await;
    let many = many(&world);
    world.good_run().await;
    let total = world.numbers().await.total;
    for id in many {
        world.edit(Edit::RemoveContact(id));
    }
    let agreed = RunOptions { accept_removals: vec![Dataset::Deals], ..RunOptions::default() };
    assert_eq!(world.run_with(&agreed).await.of(Dataset::Contacts).status, DatasetStatus::Held);
    assert_eq!(world.numbers().await.total, total);
}

#[rstest]
#[tokio::test]
async fn a_hold_clears_when_the_rows_return(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 45).await;
    let ids = many(&world);
    world.good_run().await;
    for id in &ids {
        world.edit(Edit::RemoveContact(id.clone()));
    }
    assert_eq!(world.run().await.of(Dataset::Contacts).status, DatasetStatus::Held);
    many(&world);
    let report = world.good_run().await;
    assert_eq!((report.of(Dataset::Contacts).held, report.of(Dataset::Contacts).added), (0, 0));
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn fewer_than_ten_missing_records_are_not_held(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let ids: Vec<String> = many(&world);
    world.good_run().await;
    for id in &ids[..9] {
        world.edit(Edit::RemoveContact(id.clone()));
    }
    world.good_run().await;
    assert_eq!(world.good_run().await.of(Dataset::Contacts).gone, 9);
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_list_that_is_suddenly_empty_is_held(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values((Request::Stages, Dataset::Stages), (Request::Contacts, Dataset::Contacts), (Request::Deals, Dataset::Deals))]
    list: (Request, Dataset),
) {
    let (request, dataset) = list;
    let world = World::with_contacts(kind, 60).await;
    world.good_run().await;
    let (numbers, as_of) = (world.numbers().await, world.as_of(dataset).await);
    world.fault(request, Fault::Empty);
    for _ in 0..2 {
        let report = world.run().await;
        assert_eq!((report.run.status, report.of(dataset).status), (RunStatus::Partial, DatasetStatus::Held));
        assert!(report.of(dataset).held > 0);
        assert!(report.datasets.iter().all(|other| other.dataset == dataset || other.status == DatasetStatus::Succeeded));
        assert_eq!((world.numbers().await, world.as_of(dataset).await), (numbers.clone(), as_of));
    }
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    assert_eq!(world.as_of(dataset).await, Some(world.clock.now_ms()));
}

#[rstest]
#[tokio::test]
async fn the_records_of_an_empty_list_are_removed_when_the_agency_confirms(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 60).await;
    world.good_run().await;
    world.fault(Request::Deals, Fault::Empty);
    world.run().await;
    let agreed = RunOptions { accept_removals: vec![Dataset::Deals], ..RunOptions::default() };
    let report = world.run_with(&agreed).await;
    assert_eq!(report.run.status, RunStatus::Succeeded);
    assert_eq!((world.numbers().await.deals, world.numbers().await.total), (0, 60));
}
