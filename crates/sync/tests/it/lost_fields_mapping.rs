//! A field that many rows had and none has now, while the mapping rules change.

use rstest::rstest;
use tetherboard_crm_records::FieldRule;
use tetherboard_domain::{Dataset, RunStatus};
use tetherboard_simulator::Edit;
use tetherboard_store::field_rules::{self, FieldCoverage};
use tetherboard_sync::RunOptions;
use tetherboard_testkit::Kind;

use crate::world::World;

impl World {
    async fn look_at(&self, field: &str, place: &str) {
        let rule = FieldRule::at([place]).to_json();
        field_rules::set(self.db.store.conn(), self.id, Dataset::Contacts, field, Some(&rule)).await.unwrap();
    }

    async fn replayed(&self) {
        let report = self.syncer.replay(&self.tenant().await, None, &RunOptions::default()).await.unwrap().unwrap();
        assert_eq!(report.run.status, RunStatus::Succeeded, "{:#?}", report.datasets);
    }

    async fn coverage_of(&self, field: &str) -> Option<FieldCoverage> {
        field_rules::coverage(self.db.store.conn(), self.id, Dataset::Contacts).await.unwrap().remove(field)
    }

    async fn with_units(&self) -> i64 {
        self.query("SELECT COUNT(*) FROM leads WHERE units <> ''").await[0].try_get_by_index(0).unwrap()
    }
}

#[rstest]
#[tokio::test]
async fn a_replay_with_new_rules_keeps_values_of_a_vanished_field_and_takes_new_values_where_present(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::with_contacts(kind, 40).await;
    world.look_at("units", "/city").await;
    world.good_run().await;
    let had = world.with_units().await;
    assert!(had > 20, "{had}");
    for client_id in world.contacts().await {
        world.edit(Edit::SetContact { client_id, field: "city", value: "".into() });
    }
    world.good_run().await;
    assert!(world.coverage_of("units").await.unwrap().vanished_ms.is_some());
    assert_eq!(world.with_units().await, had);
    // First a rule for another field, then a rule for this field that matches nothing.
    for (field, place) in [("whiteboard", "/notes"), ("units", "/nowhere")] {
        world.look_at(field, place).await;
        world.replayed().await;
        assert_eq!(world.with_units().await, had, "after {field} was looked for at {place}");
    }
    assert!(world.coverage_of("units").await.unwrap().vanished_ms.is_some(), "it is still missed");
    world.look_at("units", "/email").await;
    world.replayed().await;
    let of_email = world.query("SELECT COUNT(*) FROM leads WHERE units = email AND email <> ''").await;
    assert!(of_email[0].try_get_by_index::<i64>(0).unwrap() > 20);
    world.good_run().await;
    assert_eq!(world.coverage_of("units").await.unwrap().vanished_ms, None);
}
