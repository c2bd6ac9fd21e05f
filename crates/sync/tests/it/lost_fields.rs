//! A field that many contacts had and none has now counts as a fault of the CRM, and the old values stay.

use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_domain::Dataset;
use tetherboard_simulator::{ContactEdit, Edit, Request};
use tetherboard_store::field_rules;
use tetherboard_testkit::Kind;

use crate::mapping::ApplyMapping;
use crate::world::{Reports, World, assert_same};

/// A field's name, its key in the CRM's rows, and the column that shows it.
type LostField = (&'static str, &'static str, &'static str);

const EMAIL: LostField = ("email", "email", "email");
const STAGE: LostField = ("stage", "clients_sales_cycle", "stage");
const FEE: LostField = ("fee", "deal_size", "fee_cents");
const CREATED: LostField = ("created", "created", "created_ms");

impl World {
    /// Fourteen contacts, ten of them with a value for every field.
    async fn complete(kind: Kind) -> Self {
        let world = Self::with_contacts(kind, 0).await.reading_notes(1_000);
        for nth in 0..14 {
            let stage = if nth % 2 == 0 { "QR Sent" } else { "FDD Sent" };
            let row = ContactEdit::named("Ada Ash").id(format!("{}", 10 + nth));
            let row = if nth < 10 {
                row.in_stage(stage).worth(40_000 + nth).with("email", format!("ada{nth}@example.com"))
            } else {
                row.with("email", "").with("created", "")
            };
            world.edit(Edit::AddContact(row));
        }
        world
    }

    /// Removes the key from every row; returns the removed values.
    fn lose(&self, key: &'static str) -> BTreeMap<String, Value> {
        let rows = self.crm.records(0, Request::Contacts);
        let id = |row: &Value| row["client_id"].as_str().unwrap().to_owned();
        let had: BTreeMap<String, Value> = rows.iter().map(|row| (id(row), row[key].clone())).collect();
        for client_id in had.keys() {
            self.edit(Edit::UnsetContact { client_id: client_id.clone(), field: key });
        }
        had
    }

    fn give_back(&self, key: &'static str, had: &BTreeMap<String, Value>) {
        for (client_id, value) in had {
            self.edit(Edit::SetContact { client_id: client_id.clone(), field: key, value: value.clone() });
        }
    }

    async fn column_of_all(&self, column: &str) -> Vec<String> {
        let rows = self.query(&format!("SELECT crm_id, CAST({column} AS TEXT) FROM leads ORDER BY crm_id")).await;
        let text = |row: &sea_orm::QueryResult| {
            let (id, value): (String, Option<String>) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
            format!("{id} {value:?}")
        };
        rows.iter().map(text).collect()
    }

    async fn vanished(&self) -> Vec<(Dataset, String)> {
        field_rules::vanished(self.db.store.conn(), self.id).await.unwrap()
    }

    async fn assert_nothing_moved(&self) {
        assert_eq!((self.count("stage_transitions").await, self.count("value_changes").await), (0, 0));
    }
}

#[rstest]
#[tokio::test]
async fn the_old_values_stay_until_the_field_returns(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(EMAIL, STAGE, FEE, CREATED)] lost: LostField,
) {
    let (field, key, column) = lost;
    let world = World::complete(kind).await;
    world.good_run().await;
    let (before, numbers) = (world.column_of_all(column).await, world.numbers().await);
    let had = world.lose(key);
    for _ in 0..3 {
        world.good_run().await;
        assert_same(world.column_of_all(column).await, before.clone());
        assert_eq!(world.vanished().await, [(Dataset::Contacts, field.to_owned())]);
        assert_eq!(world.numbers().await, numbers);
        world.assert_nothing_moved().await;
    }
    // A contact with another change also keeps the old value of this field.
    world.edit(Edit::SetContact { client_id: "11".into(), field: "city", value: "Reno".into() });
    world.good_run().await;
    assert!(world.contact("11").await.unwrap().market.contains("Reno"));
    assert_same(world.column_of_all(column).await, before.clone());

    world.give_back(key, &had);
    world.good_run().await;
    assert_eq!(world.vanished().await, []);
    assert_same(world.column_of_all(column).await, before);
    assert_eq!(world.numbers().await, world.truth());
    world.assert_nothing_moved().await;
}

#[rstest]
#[tokio::test]
async fn changes_made_while_a_field_was_lost_show_when_it_returns(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::complete(kind).await;
    world.good_run().await;
    let (mut stages, mut fees) = (world.lose("clients_sales_cycle"), world.lose("deal_size"));
    world.good_run().await;
    stages.insert("12".to_owned(), "FA Sent".into());
    fees.insert("13".to_owned(), "99000".into());
    world.give_back("clients_sales_cycle", &stages);
    world.give_back("deal_size", &fees);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    let moves = world.moves_of("12").await;
    let [moved] = moves.as_slice() else { panic!("{moves:?}") };
    assert_eq!((moved.from.as_deref(), moved.to.as_deref()), (Some("qr sent"), Some("fa sent")));
    assert_eq!((world.count("stage_transitions").await, world.count("value_changes").await), (1, 1));
}

#[rstest]
#[tokio::test]
async fn contacts_added_while_a_field_is_lost_have_no_value(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::complete(kind).await;
    world.good_run().await;
    let mut had = world.lose("clients_sales_cycle");
    let bea = world.edit(Edit::AddContact(ContactEdit::named("Bea Birch").id("77")));
    world.edit(Edit::UnsetContact { client_id: bea.clone(), field: "clients_sales_cycle" });
    for _ in 0..2 {
        world.good_run().await;
        assert_eq!(world.vanished().await.len(), 1);
        assert_eq!(world.contact(&bea).await.unwrap().stage.as_deref(), Some(""));
        assert_eq!(world.contact("10").await.unwrap().stage.as_deref(), Some("QR Sent"));
    }
    had.insert(bea.clone(), "FDD Sent".into());
    world.give_back("clients_sales_cycle", &had);
    world.good_run().await;
    assert_eq!(world.contact(&bea).await.unwrap().stage.as_deref(), Some("FDD Sent"));
    assert_eq!((world.numbers().await, world.vanished().await.len()), (world.truth(), 0));
}

#[rstest]
#[tokio::test]
async fn a_single_contact_with_a_value_ends_the_loss_of_a_field(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::complete(kind).await;
    world.good_run().await;
    world.lose("email");
    world.good_run().await;
    assert_eq!(world.vanished().await.len(), 1);
    world.edit(Edit::SetContact { client_id: "10".into(), field: "email", value: "new@example.com".into() });
    world.good_run().await;
    assert_eq!(world.vanished().await, []);
    assert_eq!(world.contact("10").await.unwrap().email, "new@example.com");
}

#[rstest]
#[tokio::test]
async fn a_field_that_few_contacts_had_can_become_empty(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    for nth in 0..14 {
        let phone = if nth < 5 { format!("555-010{nth}") } else { String::new() };
        world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").id(format!("{}", 10 + nth)).with("phone", phone)));
    }
    world.good_run().await;
    world.lose("phone");
    world.good_run().await;
    assert_eq!(world.vanished().await, []);
    assert_eq!(world.contact("10").await.unwrap().phone, "");
}

#[rstest]
#[tokio::test]
async fn the_values_of_a_lost_field_survive_a_rule_change(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(ApplyMapping::Run, ApplyMapping::Replay)] method: ApplyMapping,
) {
    let world = World::complete(kind).await;
    world.good_run().await;
    let (emails, stages, fees) =
        (world.column_of_all("email").await, world.column_of_all("stage").await, world.column_of_all("fee_cents").await);
    let had = [("email", world.lose("email")), ("clients_sales_cycle", world.lose("clients_sales_cycle"))];
    let fees_had = world.lose("deal_size");
    world.good_run().await;

    // The agency maps one of the fields to another key; the others stay unchanged.
    for (client_id, value) in &fees_had {
        world.edit(Edit::SetContact { client_id: client_id.clone(), field: "franchise_fee", value: value.clone() });
    }
    world.good_run().await;
    assert_eq!(world.vanished().await.len(), 3);
    world.map(Dataset::Contacts, "fee", json!({"places": ["/deal_size", "/franchise_fee"]})).await;
    world.apply_mapping(method).await;
    for (column, before) in [("email", &emails), ("stage", &stages), ("fee_cents", &fees)] {
        assert_same(world.column_of_all(column).await, before.clone());
    }
    world.assert_nothing_moved().await;
    world.good_run().await;
    assert_eq!(world.vanished().await.len(), 2);

    // Both fields come back in the same hour as another rule.
    for (key, had) in &had {
        world.give_back(key, had);
    }
    world.map(Dataset::Contacts, "units", json!({"places": ["/number_of_units"]})).await;
    world.good_run().await;
    assert_eq!(world.vanished().await, []);
    for (column, before) in [("email", emails), ("stage", stages), ("fee_cents", fees)] {
        assert_same(world.column_of_all(column).await, before);
    }
    world.assert_nothing_moved().await;
}

#[rstest]
#[tokio::test]
async fn a_rule_that_matches_nothing_loses_no_value(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::complete(kind).await;
    world.good_run().await;
    let stages = world.column_of_all("stage").await;
    world.map(Dataset::Contacts, "stage", json!({"places": ["/a_slip_of_the_pen"]})).await;
    world.good_run().await;
    assert_same(world.column_of_all("stage").await, stages.clone());
    assert_eq!(world.vanished().await, [(Dataset::Contacts, "stage".to_owned())]);
    field_rules::set(world.db.store.conn(), world.id, Dataset::Contacts, "stage", None).await.unwrap();
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Contacts).changed, 14);
    assert_eq!((world.column_of_all("stage").await, world.vanished().await), (stages, vec![]));
    world.assert_nothing_moved().await;
}
