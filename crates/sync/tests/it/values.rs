//! The history of fees, odds, close dates, and whiteboards: each change is recorded with the old and new value.

use rstest::rstest;
use tetherboard_domain::{ContactId, Dataset, DealId, EpochMs};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit};
use tetherboard_store::history::{self, ValueChange};
use tetherboard_testkit::Kind;

use crate::world::World;

impl World {
    async fn value_changes(&self, subject: Dataset, id: &str) -> Vec<ValueChange> {
        let conn = self.db.store.conn();
        match subject {
            Dataset::Deals => history::values_of(conn, self.id, &DealId::from(id)).await.unwrap(),
            _ => history::values_of(conn, self.id, &ContactId::from(id)).await.unwrap(),
        }
    }

    fn set_deal(&self, deal: &str, field: &'static str, value: &str) {
        self.edit(Edit::SetDeal { opportunity_id: deal.to_owned(), field, value: value.into() });
    }
}

/// `fee 4000000 → 4500000`
fn describe(changes: &[ValueChange]) -> Vec<String> {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    changes.iter().map(|change| format!("{} {} → {}", change.field, value(&change.old), value(&change.new))).collect()
}

#[rstest]
#[tokio::test]
async fn changes_of_a_deals_fee_odds_and_close_date_are_recorded(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 5).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Sent")));
    let deal = world.edit(Edit::AddDeal(DealEdit::of(&ada).worth(40_000).odds(4)));
    world.good_run().await;
    assert_eq!(describe(&world.value_changes(Dataset::Deals, &deal).await), Vec::<String>::new(), "a first sight is no change");

    let mut expected = Vec::new();
    for (field, value, change) in [
        ("deal_size", "$45,000.00", Some("fee 4000000 → 4500000")),
        ("deal_size", "45000", None),
        ("deal_size", "30000", Some("fee 4500000 → 3000000")),
        ("likelihood_to_close", "50%", Some("odds 400 → 5000")),
        ("likelihood_to_close", "", Some("odds 5000 → unknown")),
        ("close_date", "2027-01-31", Some("close_date unknown → 2027-01-31")),
        ("close_date", "2027-03-31", Some("close_date 2027-01-31 → 2027-03-31")),
        ("deal_size", "", Some("fee 3000000 → unknown")),
        ("deal_size", "52500", Some("fee unknown → 5250000")),
    ] {
        let seen_before = world.clock.now_ms();
        let changed_at = EpochMs::from(world.later(25));
        world.set_deal(&deal, field, value);
        world.good_run().await;
        expected.extend(change);
        let changes = world.value_changes(Dataset::Deals, &deal).await;
        assert_eq!(describe(&changes), expected);
        if change.is_some() {
            let last = changes.last().unwrap();
            let moments = (last.seen_before_ms, last.at_ms, last.seen_after_ms);
            assert_eq!(moments, (seen_before, changed_at, world.clock.now_ms()), "{field} {value}");
        }
    }
    world.good_run().await;
    assert_eq!(world.count("value_changes").await, expected.len() as i64);
    assert_eq!(world.count("stage_transitions").await, 0);
}

#[rstest]
#[tokio::test]
async fn several_values_that_change_at_once_are_each_recorded(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 5).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Sent").worth(10_000)));
    let deal = world.edit(Edit::AddDeal(DealEdit::of(&ada).worth(40_000).odds(4).closing("2027-01-31")));
    world.good_run().await;
    for (field, value) in [("deal_size", "50000"), ("likelihood_to_close", "12.5"), ("close_date", "2027-02-28")] {
        world.set_deal(&deal, field, value);
    }
    world.edit(Edit::SetContact { client_id: ada.clone(), field: "deal_size", value: "ask Bob".into() });
    world.good_run().await;
    assert_eq!(
        describe(&world.value_changes(Dataset::Deals, &deal).await),
        ["close_date 2027-01-31 → 2027-02-28", "fee 4000000 → 5000000", "odds 400 → 1250"]
    );
    assert_eq!(describe(&world.value_changes(Dataset::Contacts, &ada).await), ["fee 1000000 → unknown"]);
}

#[rstest]
#[tokio::test]
async fn a_contact_that_returns_keeps_its_value_history(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 15).await;
    let row = |dollars| ContactEdit::named("Ada Ash").id("77").in_stage("QR Sent").worth(dollars);
    world.edit(Edit::AddContact(row(40_000)));
    world.good_run().await;
    world.edit(Edit::SetContact { client_id: "77".into(), field: "deal_size", value: "45000".into() });
    let last_seen = world.good_run().await.run.started_ms.unwrap();
    world.edit(Edit::RemoveContact("77".to_owned()));
    for _ in 0..3 {
        world.good_run().await;
    }
    assert!(world.contact("77").await.is_none());
    world.later(10);
    world.edit(Edit::AddContact(row(60_000)));
    world.good_run().await;
    let changes = world.value_changes(Dataset::Contacts, "77").await;
    let expected = ["fee 4000000 → 4500000", "presence listed → removed", "fee 4500000 → 6000000", "presence removed → listed"];
    assert_eq!(describe(&changes), expected);
    let changes: Vec<_> = changes.into_iter().filter(|change| change.field == "fee").collect();
    assert!(changes[1].seen_before_ms <= last_seen, "no read saw it while it was removed: {:?}", changes[1]);
    assert_eq!(world.numbers().await, world.truth());
}
