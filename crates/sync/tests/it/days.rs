//! The pipeline saved for each day.

use std::collections::BTreeMap;

use rstest::rstest;
use tetherboard_metrics::{Board, pipeline};
use tetherboard_simulator::{ContactEdit, Edit, Fault};
use tetherboard_store::pipeline_days;
use tetherboard_testkit::Kind;

use crate::world::World;

impl World {
    /// Each day's contacts, and whether it was carried forward from the day before.
    async fn days(&self) -> BTreeMap<String, (i64, bool)> {
        let text =
            "SELECT day, CAST(SUM(contacts) AS BIGINT), CASE WHEN carried THEN 1 ELSE 0 END FROM pipeline_days GROUP BY day, 3";
        let rows = self.query(text).await;
        let day = |row: &sea_orm::QueryResult| {
            let carried: i32 = row.try_get_by_index(2).unwrap();
            (row.try_get_by_index(0).unwrap(), (row.try_get_by_index(1).unwrap(), carried == 1))
        };
        let days: BTreeMap<_, _> = rows.iter().map(day).collect();
        assert_eq!(days.len(), rows.len(), "a day is carried or not");
        days
    }

    fn add_leads(&self, leads: usize) {
        for _ in 0..leads {
            self.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
        }
    }
}

fn day(day: &str, contacts: i64, carried: bool) -> (String, (i64, bool)) {
    (day.to_owned(), (contacts, carried))
}

#[rstest]
#[tokio::test]
async fn each_day_has_the_values_of_its_last_run_and_days_without_a_run_are_carried_forward(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::with_contacts(kind, 0).await;
    for leads in [3, 2] {
        world.add_leads(leads);
        world.good_run().await;
    }
    assert_eq!(world.days().await, BTreeMap::from([day("2026-11-19", 5, false)]));

    world.later(3 * 24 * 60);
    world.add_leads(1);
    world.good_run().await;
    let expected =
        [day("2026-11-19", 5, false), day("2026-11-20", 5, true), day("2026-11-21", 5, true), day("2026-11-22", 6, false)];
    assert_eq!(world.days().await, BTreeMap::from(expected));
}

#[rstest]
#[tokio::test]
async fn a_saved_day_matches_the_pipeline_page(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 150).await;
    world.good_run().await;
    let conn = world.db.store.conn();
    let board = Board::load(conn, world.id).await.unwrap();
    let shown = pipeline(conn, world.id, &board, world.clock.now()).await.unwrap();
    let days = pipeline_days::since(conn, world.id, "2026-01-01").await.unwrap();
    let [(_, stages)] = days.as_slice() else { panic!("{days:?}") };
    let sum = |of: fn(&pipeline_days::StageDay) -> i64| stages.iter().map(of).sum::<i64>();
    assert_eq!(sum(|stage| stage.contacts), shown.stages.iter().map(|line| line.contacts).sum::<i64>());
    assert_eq!(sum(|stage| stage.deals), shown.stages.iter().map(|line| line.deals).sum::<i64>());
    assert_eq!(sum(|stage| stage.value.0), shown.stages.iter().map(|line| line.value.0).sum::<i64>());
    assert_eq!(sum(|stage| stage.weighted.0), shown.stages.iter().map(|line| line.weighted.0).sum::<i64>());
    assert!(sum(|stage| stage.value.0) > 0);
}

#[rstest]
#[tokio::test]
async fn a_day_begins_at_midnight_in_the_brands_time_zone(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 3).await;
    // 10:30 and 11:30 PM in New York, which is 3:30 and 4:30 AM of the next day in UTC; then 12:30 AM.
    world.later(10 * 60);
    world.good_run().await;
    world.good_run().await;
    assert_eq!(world.days().await.into_keys().collect::<Vec<_>>(), ["2026-11-19"]);
    world.good_run().await;
    assert_eq!(world.days().await.into_keys().collect::<Vec<_>>(), ["2026-11-19", "2026-11-20"]);
}

#[rstest]
#[tokio::test]
async fn a_day_on_which_every_run_failed_is_carried_forward(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 3).await;
    world.good_run().await;
    world.later(24 * 60);
    world.crm.fault_everything(0, Fault::Status(500));
    world.run().await;
    assert_eq!(world.days().await.len(), 1);
    world.crm.heal(0);
    world.later(24 * 60);
    world.good_run().await;
    let carried: Vec<bool> = world.days().await.into_values().map(|(_, carried)| carried).collect();
    assert_eq!(carried, [false, true, false]);
}
