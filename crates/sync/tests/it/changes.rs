//! What a later run makes of what changed, and of what did not.

use rstest::rstest;
use tetherboard_domain::{Dataset, DatasetStatus, DealId, EpochMs, Zone};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, Fault, Request};
use tetherboard_store::tenants::{self, Changes};
use tetherboard_store::{deals, history};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

const KEPT: [&str; 3] = ["raw_frames", "raw_rows", "snapshot_bodies"];

fn moved_to(contact: &str, stage: &str) -> Edit {
    Edit::MoveStage { client_id: contact.into(), stage: stage.to_owned() }
}

#[rstest]
#[tokio::test]
async fn an_unchanged_run_changes_nothing_and_stores_next_to_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 320).await;
    let first = world.good_run().await;
    let numbers = world.numbers().await;
    let mut kept = Vec::new();
    for table in KEPT {
        kept.push(world.count(table).await);
    }
    let again = world.good_run().await;
    for report in &again.datasets {
        assert_eq!((report.added, report.changed, report.gone, report.set_aside), (0, 0, 0, 0), "{report:?}");
        assert_eq!(report.unchanged, first.of(report.dataset).added, "{report:?}");
    }
    for (table, before) in KEPT.iter().zip(kept) {
        assert_eq!(world.count(table).await, before, "{table}");
    }
    assert_eq!((world.numbers().await, world.count("stage_transitions").await), (numbers, 0));
    assert_eq!(world.as_of(Dataset::Contacts).await, Some(world.clock.now_ms()));
}

#[rstest]
#[tokio::test]
async fn a_new_lead_at_the_front_shifts_every_page_and_costs_one_row(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 320).await;
    world.good_run().await;
    let rows = world.count("raw_rows").await;
    world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let report = world.good_run().await;
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.added, contacts.changed, contacts.unchanged), (1, 0, 320));
    assert_eq!(world.count("raw_rows").await, rows + 1);
}

#[rstest]
#[tokio::test]
async fn new_and_changed_records_are_told_apart(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 130).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let deal = world.edit(Edit::AddDeal(DealEdit::of(&ada).worth(40_000)));
    world.good_run().await;

    world.edit(Edit::SetContact { client_id: ada.clone(), field: "city", value: "Reno".into() });
    world.edit(Edit::SetDeal { opportunity_id: deal, field: "deal_size", value: "45000".into() });
    world.edit(Edit::AddSource("Podcast".to_owned()));
    let bea = world.edit(Edit::AddContact(ContactEdit::named("Bea Birch").from_source("Podcast")));
    let report = world.good_run().await;

    let counts = |dataset| {
        let report = report.of(dataset);
        (report.added, report.changed, report.gone)
    };
    assert_eq!(counts(Dataset::Contacts), (1, 1, 0));
    assert_eq!(counts(Dataset::Deals), (0, 1, 0));
    assert_eq!(counts(Dataset::Sources), (1, 0, 0));
    assert_eq!(counts(Dataset::Stages), (0, 0, 0));
    assert!(world.contact(&ada).await.unwrap().market.contains("Reno"));
    assert_eq!(world.contact(&bea).await.unwrap().source.as_deref(), Some("Podcast"));
    let cells = deals::cells(world.db.store.conn(), world.id).await.unwrap();
    assert!(cells.iter().any(|cell| cell.fee_cents == Some(4_500_000)), "{cells:?}");
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_value_that_goes_back_to_what_it_was_is_a_change_again(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 20).await;
    let when = "2026-11-19 10:00:00";
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").with("city", "Reno").with("last_modified_date", when)));
    world.good_run().await;
    for city in ["Elko", "Reno"] {
        world.edit(Edit::SetContact { client_id: ada.clone(), field: "city", value: city.into() });
        let report = world.good_run().await;
        assert_eq!(report.of(Dataset::Contacts).changed, 1, "{city}");
        assert!(world.contact(&ada).await.unwrap().market.contains(city));
    }
}

#[rstest]
#[tokio::test]
async fn a_stage_move_happened_when_the_row_was_modified_between_two_reads(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 30).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Sent")));
    let deal = world.edit(Edit::AddDeal(DealEdit::of(&ada)));
    let first = world.good_run().await;

    let moved_at = world.later(20);
    world.edit(moved_to(&ada, "FDD Sent"));
    world.edit(Edit::SetDeal { opportunity_id: deal.clone(), field: "contact_sales_cycle", value: "FDD Sent".into() });
    let second = world.good_run().await;

    let of_deal = history::transitions_of(world.db.store.conn(), world.id, &DealId::from(deal.as_str())).await.unwrap();
    for moves in [world.moves_of(&ada).await, of_deal] {
        let [moved] = moves.as_slice() else { panic!("{moves:?}") };
        assert_eq!((moved.from.as_deref(), moved.to.as_deref()), (Some("qr sent"), Some("fdd sent")));
        assert_eq!(moved.seen_before_ms, first.of(Dataset::Contacts).started_ms.unwrap());
        assert_eq!(moved.at_ms, EpochMs::from(moved_at));
        assert_eq!(moved.seen_after_ms, second.of(Dataset::Contacts).started_ms.unwrap());
    }
    let contact = world.contact(&ada).await.unwrap();
    assert_eq!((contact.stage_since_ms, contact.stage_since_exact), (EpochMs::from(moved_at), true));
}

#[rstest]
#[tokio::test]
async fn moves_stand_in_the_order_in_which_they_were_made(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 10).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Sent")));
    world.good_run().await;
    for stage in ["FDD Sent", "Not Interested", "QR Sent"] {
        world.later(10);
        world.edit(moved_to(&ada, stage));
        world.good_run().await;
        world.good_run().await;
    }
    let moves = world.moves_of(&ada).await;
    let road: Vec<_> = moves.iter().map(|moved| moved.to.as_deref().unwrap()).collect();
    assert_eq!(road, ["fdd sent", "not interested", "qr sent"]);
    for moved in &moves {
        assert!(moved.seen_before_ms < moved.at_ms && moved.at_ms < moved.seen_after_ms, "{moved:?}");
    }
    assert!(moves.windows(2).all(|pair| pair[0].seen_after_ms < pair[1].seen_before_ms), "{moves:?}");
}

#[rstest]
#[tokio::test]
async fn a_blank_stage_that_gets_the_first_stages_name_did_not_move(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 10).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    world.good_run().await;
    for (stage, moves) in [("New Lead", 0), (" NEW LEAD", 0), ("", 0), ("QR Sent", 1), ("", 2)] {
        world.edit(moved_to(&ada, stage));
        assert_eq!(world.good_run().await.of(Dataset::Contacts).changed, 1, "{stage:?}");
        assert_eq!(world.moves_of(&ada).await.len(), moves, "{stage:?}");
    }
    assert_eq!(world.moves_of(&ada).await[0].from.as_deref(), Some("new lead"));
}

#[rstest]
#[tokio::test]
async fn a_partial_read_that_did_not_reach_a_contact_did_not_see_its_stage(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Sent")));
    for _ in 0..120 {
        world.edit(Edit::AddContact(ContactEdit::named("Later Lead")));
    }
    let seen = world.good_run().await;
    let moved_at = world.later(10);
    world.edit(moved_to(&ada, "FDD Sent"));
    world.fault(Request::Contacts, Fault::FromOffset(100, Box::new(Fault::Status(500))));
    assert_eq!(world.run().await.of(Dataset::Contacts).status, DatasetStatus::Partial);
    world.crm.heal(0);
    world.good_run().await;

    let moves = world.moves_of(&ada).await;
    let [moved] = moves.as_slice() else { panic!("{moves:?}") };
    assert_eq!(moved.seen_before_ms, seen.of(Dataset::Contacts).started_ms.unwrap());
    assert_eq!(moved.at_ms, EpochMs::from(moved_at));
}

#[rstest]
#[tokio::test]
async fn another_zone_decodes_every_row_again_and_moves_no_stage(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 120).await;
    let created = "2026-11-16T15:00:00Z".parse().unwrap();
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").created(created)));
    let first = world.good_run().await;
    assert_eq!(world.contact(&ada).await.unwrap().created_ms, Some(EpochMs::from(created)));

    let zone = Zone::named("America/Los_Angeles").unwrap();
    let changes = Changes { source_zone: Some(&zone), ..Changes::default() };
    tenants::set(world.db.store.conn(), world.id, &changes).await.unwrap();
    let second = world.good_run().await;
    for report in &second.datasets {
        assert_eq!((report.changed, report.unchanged), (first.of(report.dataset).added, 0), "{report:?}");
    }
    let three_hours = 3 * 3_600_000;
    assert_eq!(world.contact(&ada).await.unwrap().created_ms, Some(EpochMs::from(created) + three_hours));
    assert_eq!(world.count("stage_transitions").await, 0);
    assert_eq!(world.numbers().await, world.truth());
    assert!(world.good_run().await.datasets.iter().all(|report| report.changed == 0));
}
