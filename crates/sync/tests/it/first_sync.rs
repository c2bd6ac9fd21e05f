//! After a first sync, a brand's numbers match the account exactly.

use rstest::rstest;
use serde_json::json;
use tetherboard_domain::{Dataset, RunStatus, Trigger};
use tetherboard_simulator::{AccountConfig, Config, ContactEdit, DealEdit, Edit, Fault, Request};
use tetherboard_store::tenants;
use tetherboard_sync::RunOptions;
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

#[rstest]
#[tokio::test]
async fn a_first_sync_shows_exactly_what_the_account_holds(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(false, true)] hostile_text: bool,
) {
    let world = World::of(kind, Config { hostile_text, ..Config::plain(5, &[430]) }).await;
    let report = world.good_run().await;
    let numbers = world.numbers().await;
    assert_eq!(numbers, world.truth());
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.read, contacts.added, contacts.expected), (430, 430, Some(430)));
    assert_eq!((contacts.changed, contacts.unchanged, contacts.gone, contacts.set_aside), (0, 0, 0, 0));
    assert_eq!(report.of(Dataset::Deals).added, numbers.deals);
    assert!(numbers.deals > 0);
    assert_eq!(world.as_of(Dataset::Contacts).await, Some(world.clock.now_ms()));
}

#[rstest]
#[tokio::test]
async fn an_empty_account_is_read_as_empty(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    world.good_run().await;
    assert_eq!((world.numbers().await.total, world.as_of(Dataset::Contacts).await), (0, Some(world.clock.now_ms())));
}

#[rstest]
#[tokio::test]
async fn a_changing_account_is_followed_from_day_to_day(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let account = AccountConfig::live("Harbor Bagel Co.", "America/Chicago", 160, 9.0);
    let world = World::of(kind, Config { seed: 3, accounts: vec![account], hostile_text: true }).await;
    let mut totals = Vec::new();
    for _ in 0..6 {
        world.good_run().await;
        // A removed contact disappears after the second read.
        let again = world.syncer.sync_tenant(&world.tenant().await, Trigger::Command, &RunOptions::default()).await;
        assert_eq!(again.unwrap().unwrap().run.status, RunStatus::Succeeded);
        let numbers = world.numbers().await;
        assert_eq!(numbers, world.truth());
        totals.push(numbers.total);
        world.later(17 * 60);
    }
    assert!(totals.last() > totals.first(), "{totals:?}");
    assert!(world.count("stage_transitions").await > 0);
}

#[rstest]
#[tokio::test]
async fn malformed_values_count_as_the_definitions_say(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let odd = [
        ContactEdit::named("Leading Zero").id("0042"),
        ContactEdit::named("Without Zero").id("42"),
        ContactEdit::named("Long Id").id("900719925474099312345"),
        ContactEdit::named("Number Type").with("contact_type", 1),
        ContactEdit::named("Client").with("contact_type", "2"),
        ContactEdit::named("No Type").with("contact_type", ""),
        ContactEdit::named("Shouting").in_stage(" FDD SENT ").from_source("FACEBOOK"),
        ContactEdit::named("Unlisted Stage").in_stage("Ghost Stage").from_source("Ghost Source"),
        ContactEdit::named("Stage Number").with("clients_sales_cycle", 7),
        ContactEdit::named("Stage Null").with("clients_sales_cycle", json!(null)),
        ContactEdit::named("Source List").with("clients_lead_source", json!(["a"])),
        ContactEdit::named("Lost").in_stage("Not Interested"),
        ContactEdit::named("American Date").with("created", "11/19/2026"),
        ContactEdit::named("Zero Date").with("created", "0000-00-00 00:00:00"),
        ContactEdit::named("Date Only").with("created", "2026-11-19"),
        ContactEdit::named("Nul\u{0} Byte").with("city", "a\u{0}b"),
    ];
    let ids: Vec<String> = odd.into_iter().map(|contact| world.edit(Edit::AddContact(contact))).collect();
    world.edit(Edit::AddDeal(DealEdit::of(&ids[0]).id("007").worth(90_000)));
    world.edit(Edit::AddDeal(DealEdit::of(&ids[0]).id("7").with("deal_size", "$12,500.50")));
    world.edit(Edit::AddDeal(DealEdit::unlinked("Somebody").with("deal_size", "ask Bob")));
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    assert_eq!(world.contacts().await, ids.into_iter().collect());
}

#[rstest]
#[tokio::test]
async fn brands_whose_records_have_the_same_ids_do_not_mix(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::of(kind, Config::plain(5, &[40, 70])).await;
    let other = world.brand("tidewater", 1).await;
    for (account, name) in [(0, "Ada Ash"), (1, "Bea Birch")] {
        world.crm.edit(account, Edit::AddContact(ContactEdit::named(name).id("77")));
    }
    world.good_run().await;
    let tenant = tenants::by_id(world.db.store.conn(), other).await.unwrap().unwrap();
    world.syncer.sync_tenant(&tenant, Trigger::Command, &RunOptions::default()).await.unwrap().unwrap();
    assert_eq!(world.numbers().await, world.truth_of(0));
    assert_eq!(world.numbers_of(other).await, world.truth_of(1));
    assert_eq!(world.contact("77").await.unwrap().name, "Ada Ash");
}

#[rstest]
#[tokio::test]
async fn an_interrupted_first_sync_shows_what_was_read_and_has_no_date(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 250).await;
    world.fault(Request::Contacts, Fault::FromOffset(200, Box::new(Fault::Status(502))));
    let report = world.run().await;
    assert_eq!(report.run.status, RunStatus::Partial);
    assert_eq!((world.numbers().await.total, world.as_of(Dataset::Contacts).await), (200, None));
    world.crm.heal(0);
    let report = world.good_run().await;
    assert_eq!((report.of(Dataset::Contacts).added, report.of(Dataset::Contacts).unchanged), (50, 200));
    assert_eq!(world.numbers().await, world.truth());
}
