//! The stored hot list always matches the tables it is built from.

use rstest::rstest;
use sea_orm::ConnectionTrait;
use tetherboard_domain::{EpochMs, HotListRules, Role, ScoreFactor, StageKey};
use tetherboard_metrics::{HotListItem, RebuildReason, Status, hot_list, hot_list_at, pipeline, rebuild_hot_list};
use tetherboard_simulator::{Config, ContactEdit, DealEdit, Edit, EventEdit, NoteEdit};
use tetherboard_store::{Store, hot_list as kept, stage_roles};
use tetherboard_testkit::Kind;

use crate::world::World;

impl World {
    /// The stored list, which must equal a list built now.
    async fn hot_list(&self) -> Vec<HotListItem> {
        let list = hot_list(self.db.store.conn(), self.id).await.unwrap();
        let as_of = list.as_of.expect("there is a list");
        let (current, _) = hot_list_at(self.db.store.conn(), &self.tenant().await, as_of, list.calendar_read).await.unwrap();
        assert_eq!(list.items, current);
        assert_ranked(&list.items);
        list.items
    }

    /// The format of the stored list; 0 if it must be rebuilt.
    async fn stored_format(&self) -> i64 {
        kept::head(self.db.store.conn(), self.id).await.unwrap().unwrap().format
    }

    async fn assert_list_is_as_of_the_run(&self) {
        assert_ne!(self.stored_format().await, 0, "a run leaves the list made");
        let list = hot_list(self.db.store.conn(), self.id).await.unwrap();
        assert_eq!(list.as_of, Some(self.clock.now()));
        self.hot_list().await;
    }

    async fn set(&self, rules: &str) {
        let tx = self.db.store.begin().await.unwrap();
        let rules = HotListRules::parse(rules).unwrap().to_json();
        kept::set_rules(&tx, self.id, &rules, None, self.clock.now_ms()).await.unwrap();
        rebuild_hot_list(&tx, self.id, self.clock.now(), RebuildReason::SettingChanged).await.unwrap();
        Store::commit(tx).await.unwrap();
    }
}

/// Checks the order: score, odds, fee, fewer days in stage, name. Each score must be the sum of its points.
fn assert_ranked(items: &[HotListItem]) {
    for (place, item) in (1..).zip(items) {
        assert_eq!(item.place, place);
        let sum: i64 = item.points.iter().map(|part| part.points).sum();
        assert_eq!(item.score, sum.clamp(0, 100), "{item:?}");
    }
    for pair in items.windows(2) {
        let key = |item: &HotListItem| {
            let odds = item.odds.map_or(-1, |odds| odds.hundredths());
            (item.score, odds, item.fee.map_or(-1, |fee| fee.0), item.stage_since_ms)
        };
        let (first, second) = (key(&pair[0]), key(&pair[1]));
        let by_name = pair[0].name.to_lowercase() <= pair[1].name.to_lowercase();
        assert!(first > second || (first == second && by_name), "{first:?} before {second:?}");
    }
}

#[rstest]
#[tokio::test]
async fn the_stored_hot_list_matches_the_tables_after_every_kind_of_hour(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::of(kind, Config { hostile_text: true, ..Config::plain(29, &[220]) }).await.reading_notes(1_000);
    world.good_run().await;
    let first = world.hot_list().await;
    assert!(first.len() > 5, "too few are late: {}", first.len());
    // First hours, then days, in which only time passes.
    for minutes in [0, 0, 60 * 9, 60 * 24, 60 * 24 * 6, 60 * 24 * 15] {
        world.later(minutes);
        world.good_run().await;
        world.assert_list_is_as_of_the_run().await;
    }
    let someone = first[0].contact_id.clone().unwrap();
    let edits = [
        Edit::AddContact(ContactEdit::named("Ada Ash").id("910001").in_stage("FA Sent").worth(90_000)),
        Edit::AddContact(ContactEdit::named("Bo Birch").id("910002").in_stage("New Lead")),
        Edit::AddDeal(DealEdit::unlinked("Nobody's").id("810001").worth(10_000).with("contact_sales_cycle", "FA Requested")),
        Edit::AddNote(NoteEdit::on(someone.as_str(), "A good call")),
        Edit::AddEvent(EventEdit::at(world.clock.now(), "Signing call").with_contact("910001")),
    ];
    for edit in edits {
        world.edit(edit);
    }
    world.good_run().await;
    let list = world.hot_list().await;
    assert!(list.iter().any(|item| item.name == "Ada Ash") && list.iter().all(|item| item.name != "Bo Birch"));
    assert!(
        list.iter().any(|item| item.contact_id.is_none() && item.key == "deal/810001"),
        "a deal that is linked to no contact"
    );
    world.edit(Edit::MoveStage { client_id: "910001".into(), stage: "QR Sent".into() });
    world.edit(Edit::MoveStage { client_id: "910002".into(), stage: "Discovery Day Booked".into() });
    world.good_run().await;
    let list = world.hot_list().await;
    assert!(list.iter().all(|item| item.name != "Ada Ash") && list.iter().any(|item| item.name == "Bo Birch"));
    world.replay(None).await;
    world.hot_list().await;
}

#[rstest]
#[tokio::test]
async fn the_hot_lists_fees_match_the_late_stages_of_the_pipeline(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 200).await;
    world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").id("910001").in_stage("FA Sent")));
    world.edit(Edit::AddDeal(DealEdit::of("910001").id("810001").worth(50_000).odds(80).with("contact_sales_cycle", "FA Sent")));
    world.edit(Edit::AddDeal(
        DealEdit::of("910001").id("810002").worth(20_000).odds(90).with("contact_sales_cycle", "FA Requested"),
    ));
    world.good_run().await;
    let board = tetherboard_metrics::Board::load(world.db.store.conn(), world.id).await.unwrap();
    let pipeline = pipeline(world.db.store.conn(), world.id, &board, world.clock.now()).await.unwrap();
    let late: Vec<_> = pipeline.stages.iter().filter(|line| line.role.likely() == Some(Role::Late)).collect();
    let list = world.hot_list().await;
    let sum =
        |of: fn(&HotListItem) -> Option<tetherboard_domain::Money>| list.iter().filter_map(of).map(|money| money.0).sum::<i64>();
    assert_eq!(sum(|item| item.fee), late.iter().map(|line| line.value.0).sum::<i64>());
    assert_eq!(sum(|item| item.weighted), late.iter().map(|line| line.weighted.0).sum::<i64>());
    assert_eq!(list.iter().map(|item| item.deals).sum::<i64>(), late.iter().map(|line| line.deals).sum::<i64>());
    let ada = list.iter().find(|item| item.name == "Ada Ash").unwrap();
    assert_eq!((ada.deals, ada.fee.unwrap().0, ada.weighted.unwrap().0), (2, 7_000_000, 5_800_000));
    assert_eq!(ada.odds.unwrap().hundredths(), 9_000, "the deal nearest to a signature speaks");
}

#[rstest]
#[tokio::test]
async fn changed_rules_and_roles_change_the_hot_list_immediately(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 200).await;
    world.good_run().await;
    let before = world.hot_list().await;
    world.set(r#"{"score": {"stage": 0, "fee_known": 20, "fee_median": 20, "fee_twice_median": 20}}"#).await;
    let after = world.hot_list().await;
    assert_ne!(before, after);
    assert!(
        after.iter().all(|item| item.points[0].points == 0 && item.points[4].points == if item.fee.is_some() { 20 } else { 0 })
    );
    world.set("{}").await;
    assert_eq!(world.hot_list().await, before);
    assert_eq!(kept::all_rules(world.db.store.conn(), world.id).await.unwrap().len(), 2);
    let tx = world.db.store.begin().await.unwrap();
    for item in &before {
        let key = StageKey::of(item.stage.as_deref().unwrap_or_default());
        stage_roles::confirm(&tx, world.id, &key, Role::Qualified, EpochMs(1)).await.unwrap();
    }
    rebuild_hot_list(&tx, world.id, world.clock.now(), RebuildReason::SettingChanged).await.unwrap();
    Store::commit(tx).await.unwrap();
    assert!(world.hot_list().await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_hot_list_written_by_another_version_loses_nobody_and_is_rebuilt_by_the_next_run(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::with_contacts(kind, 200).await;
    world.good_run().await;
    let (before, form) = (world.hot_list().await, world.stored_format().await);
    for written in [
        "UPDATE hot_list_items SET reasons = '{\"other\": 1}' WHERE place = 1",
        "UPDATE hot_list_items SET status = 'sleepy'",
        "UPDATE hot_lists SET format = 9001",
    ] {
        world.execute(written).await;
        assert_eq!(world.hot_list().await, before, "{written}");
    }
    world.good_run().await;
    assert_eq!((world.stored_format().await, world.hot_list().await), (form, before));
    let mut odd = 0;
    let count = |row: kept::HotListRow| odd += i64::from(row.status == "sleepy" || row.reasons.contains("other"));
    kept::each_item(world.db.store.conn(), world.id, count).await.unwrap();
    assert_eq!(odd, 0, "rows of the other version stand");
}

/// A run that has committed a transaction and has not yet rebuilt the list.
#[rstest]
#[tokio::test]
async fn a_change_shows_immediately_and_is_stored_by_the_next_run_that_ends(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 200).await;
    world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").id("910001").in_stage("FA Sent").worth(90_000)));
    world.good_run().await;
    let ada = async || world.hot_list().await.into_iter().find(|item| item.name == "Ada Ash").unwrap().fee.unwrap().0;
    assert_eq!(ada().await, 9_000_000);
    let tx = world.db.store.begin().await.unwrap();
    tx.execute_unprepared("UPDATE leads SET fee_cents = 1234500 WHERE crm_id = '910001'").await.unwrap();
    kept::mark_stale(&tx, world.id).await.unwrap();
    Store::commit(tx).await.unwrap();
    for made in [false, true] {
        assert_eq!(world.stored_format().await != 0, made);
        assert_eq!(ada().await, 1_234_500);
        world.good_run().await;
    }
}

/// Until its expiry, a list built at any moment would be the same.
#[tokio::test]
async fn a_hot_list_stays_valid_until_its_expiry() {
    let world = World::of(Kind::Sqlite, Config::plain(31, &[160])).await.reading_notes(1_000);
    world.good_run().await;
    for hours in [1, 20, 30, 80, 200] {
        world.later(60 * hours);
        world.good_run().await;
        let (conn, tenant) = (world.db.store.conn(), world.tenant().await);
        let list = hot_list(conn, world.id).await.unwrap();
        let as_of = list.as_of.unwrap();
        let list_at = async |ms: EpochMs| hot_list_at(conn, &tenant, ms.timestamp().unwrap(), true).await.unwrap();
        let as_of_ms = EpochMs::from(as_of);
        let (now, until_ms) = list_at(as_of_ms).await;
        assert_eq!(now, list.items);
        let span = until_ms - as_of_ms;
        assert!(span > 0);
        for part in [1, 3, 7, 9] {
            assert_eq!(list_at(as_of_ms + span * part / 10).await.0, now, "after {part} tenths of {span} ms");
        }
        assert_eq!(list_at(until_ms - 1).await.0, now);
    }
}

/// Nobody has written about Ada since she was created, more than a month ago.
#[rstest]
#[tokio::test]
async fn silence_counts_only_while_the_notes_were_read_recently(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 0).await.reading_notes(100);
    world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Returned").with("created", "2026-10-01 09:00:00")));
    stage_roles::confirm(world.db.store.conn(), world.id, &StageKey::of("QR Returned"), Role::Late, EpochMs(1)).await.unwrap();
    let of_ada = |items: Vec<HotListItem>| {
        let touch = items[0].points.iter().find(|part| matches!(part.factor, ScoreFactor::Touch { .. })).unwrap();
        (items[0].status, touch.points)
    };
    world.good_run().await;
    assert_eq!(of_ada(world.hot_list().await), (Status::Quiet, -5));
    world.syncer.notes_calls_per_run = 0;
    world.later(25 * 60);
    world.good_run().await;
    assert_eq!(of_ada(world.hot_list().await), (Status::Unknown, 0));
    world.set(r#"{"status": {"notes_read_within": 3}}"#).await;
    assert_eq!(of_ada(world.hot_list().await).1, -5);
}
