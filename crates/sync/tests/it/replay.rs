//! Replays of saved responses: they give the same rows and override nothing that was read since.

use rstest::rstest;
use tetherboard_domain::{ContactId, Dataset, DatasetStatus, EpochMs, RunId, RunStatus, Zone};
use tetherboard_simulator::{Config, ContactEdit, Edit, Fault, NoteEdit, Request};
use tetherboard_store::tenants::{self, Changes};
use tetherboard_store::{field_rules, history, retention};
use tetherboard_sync::{RunOptions, RunReport};
use tetherboard_testkit::Kind;

use crate::hourly_runs::TABLES;
use crate::world::{BETWEEN, Reports, World, assert_same};

impl World {
    /// Advances the clock by some minutes and replays. Checks that no request is made and no history is recorded.
    pub(crate) async fn replay(&self, run: Option<RunId>) -> RunReport {
        self.later(7);
        let (calls, moves) = (self.crm.calls(0).len(), self.count("stage_transitions").await);
        let values = self.count("value_changes").await;
        let report = self.syncer.replay(&self.tenant().await, run, &RunOptions::default()).await.unwrap();
        assert_eq!(self.crm.calls(0).len(), calls, "a replay makes no request");
        assert_eq!(
            (self.count("stage_transitions").await, self.count("value_changes").await),
            (moves, values),
            "a replay records no history"
        );
        report.expect("no other run is in progress")
    }

    /// Checks that a replay changes no row of any table.
    async fn assert_unchanged_by_replay(&self, run: Option<RunId>) -> RunReport {
        let before = self.dumps().await;
        let report = self.replay(run).await;
        for (table, after) in self.dumps().await {
            assert_same(after, before[table].clone());
        }
        report
    }

    /// A small account over some weeks with every kind of change; returns the ID of each run.
    async fn eventful(kind: Kind) -> (Self, Vec<RunId>) {
        let world = Self::of(kind, Config { hostile_text: true, ..Config::plain(23, &[45]) }).await.reading_notes(1_000);
        let mut runs = vec![world.good_run().await.run.id];
        for (nth, stage) in ["QR Sent", "FDD Sent", "Not Interested"].into_iter().enumerate() {
            world.later(30);
            let records = world.crm.records(0, Request::Contacts);
            let contacts: Vec<String> = records.iter().map(|row| row["client_id"].as_str().unwrap().to_owned()).collect();
            for contact in contacts.iter().skip(nth).step_by(9) {
                world.edit(Edit::MoveStage { client_id: contact.clone(), stage: stage.to_owned() });
                world.edit(Edit::AddNote(NoteEdit::on(contact, "<p>Moved <b>along</b></p>")));
            }
            world.edit(Edit::RemoveContact(contacts[3].clone()));
            world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Sent").worth(40_000)));
            world.edit(Edit::RenameStage { from: stage.to_owned(), to: format!("{stage} {nth}") });
            runs.push(world.good_run().await.run.id);
        }
        world.fault(Request::Contacts, Fault::DuplicateIds);
        runs.push(world.run().await.run.id);
        world.crm.heal(0);
        (world, runs)
    }
}

#[rstest]
#[tokio::test]
async fn a_replay_after_many_runs_changes_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let (world, runs) = World::eventful(kind).await;
    let report = world.assert_unchanged_by_replay(None).await;
    assert_eq!(report.run.status, RunStatus::Succeeded);
    for dataset in &report.datasets {
        assert_eq!((dataset.added, dataset.changed, dataset.gone), (0, 0, 0), "{dataset:?}");
    }
    // Replays of earlier runs do not either: they override nothing read since, and removed records stay removed.
    for run in runs {
        let report = world.assert_unchanged_by_replay(Some(run)).await;
        assert_eq!(report.run.status, RunStatus::Succeeded);
        for dataset in &report.datasets {
            assert_eq!((dataset.added, dataset.changed, dataset.gone), (0, 0, 0), "{dataset:?}");
        }
    }
    world.good_run().await;
    // Contacts that carry the earlier name of a renamed stage are in that stage.
    let mut truth = world.truth();
    let earlier = truth.by_stage.remove("QR Sent").unwrap();
    *truth.by_stage.get_mut("QR Sent 0").unwrap() += earlier;
    assert_eq!(world.numbers().await, truth);
}

#[rstest]
#[tokio::test]
async fn deleted_rows_are_restored_exactly(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::of(kind, Config { hostile_text: true, ..Config::plain(23, &[120]) }).await.reading_notes(1_000);
    world.good_run().await;
    let before = world.dumps().await;
    assert!(before.values().all(|rows| rows.len() > 1), "each list has rows");
    for table in TABLES {
        world.execute(&format!("DELETE FROM {table}")).await;
    }
    let report = world.replay(None).await;
    assert_eq!(report.run.status, RunStatus::Succeeded);
    assert_eq!(report.of(Dataset::Contacts).added, 120);
    let after = world.dumps().await;
    for table in TABLES.into_iter().filter(|table| *table != "leads") {
        assert_same(after[table].clone(), before[table].clone());
    }
    // When a contact's notes were read is not in the responses, so all contacts are due again.
    let forgotten = |lines: &[String]| {
        let at = lines[0].split(BETWEEN).position(|column| column == "notes_read_ms").unwrap();
        let forget = |(place, cell): (usize, &str)| if place == at { "NULL".to_owned() } else { cell.to_owned() };
        let line = |line: &String| line.split(BETWEEN).enumerate().map(forget).collect::<Vec<_>>().join(BETWEEN);
        lines[1..].iter().map(line).collect::<Vec<_>>()
    };
    assert_same(after["leads"][1..].to_vec(), forgotten(&before["leads"]));
    assert_eq!(world.numbers().await, world.truth());
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Contacts).unchanged, 120);
}

#[rstest]
#[tokio::test]
async fn an_older_runs_responses_override_nothing_even_with_a_new_mapping(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let (world, runs) = World::eventful(kind).await;
    let rule = r#"{"places": ["/number_of_units"]}"#;
    field_rules::set(world.db.store.conn(), world.id, Dataset::Contacts, "units", Some(rule)).await.unwrap();
    let numbers = world.numbers().await;
    for run in runs.iter().rev() {
        assert_eq!(world.replay(Some(run.clone())).await.run.status, RunStatus::Succeeded);
        assert_eq!(world.numbers().await, numbers);
    }
    world.replay(None).await;
    assert_eq!(world.numbers().await, numbers);
    let report = world.good_run().await;
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.added, contacts.changed), (0, 0), "everything was normalized with the new rule already");
}

#[rstest]
#[tokio::test]
async fn a_replay_of_deleted_responses_says_so(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 25).await.reading_notes(100);
    let old = world.good_run().await.run.id;
    world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    world.good_run().await;
    retention::delete_snapshots(world.db.store.conn(), world.id, &old).await.unwrap();
    let report = world.assert_unchanged_by_replay(Some(old)).await;
    assert_eq!(report.run.status, RunStatus::Failed);
    for dataset in &report.datasets {
        assert_eq!(dataset.status, DatasetStatus::Failed, "{dataset:?}");
        let message = &dataset.error.as_ref().unwrap().message;
        assert!(message.contains("have been deleted"), "{}: {message}", dataset.dataset);
    }
    assert_eq!(world.assert_unchanged_by_replay(None).await.run.status, RunStatus::Succeeded);
}

#[rstest]
#[tokio::test]
async fn a_replay_of_an_unknown_run_says_so(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 5).await;
    world.good_run().await;
    let report = world.assert_unchanged_by_replay(Some(RunId("unknown-run".to_owned()))).await;
    assert_eq!(report.run.status, RunStatus::Failed);
    assert!(report.of(Dataset::Contacts).error.is_some());
}

#[rstest]
#[tokio::test]
async fn a_replay_of_a_brand_that_was_never_read_does_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 5).await;
    let report = world.replay(None).await;
    assert_eq!(report.run.status, RunStatus::Succeeded);
    assert_eq!((world.numbers().await.total, world.as_of(Dataset::Contacts).await), (0, None));
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_replay_normalizes_rows_that_only_an_earlier_read_showed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 130).await.reading_notes(1_000);
    world.good_run().await;
    let notes = world.notes().await;
    let shown = world.contact(world.contacts().await.first().unwrap()).await.unwrap();
    // The last run read one page of contacts and no notes.
    world.fault(Request::Contacts, Fault::FromOffset(100, Box::new(Fault::Status(404))));
    assert_eq!(world.run().await.of(Dataset::Contacts).status, DatasetStatus::Partial);
    world.fault(Request::Notes, Fault::After(20, Box::new(Fault::Html)));
    assert_eq!(world.run().await.of(Dataset::Notes).status, DatasetStatus::Partial);

    // The account's time zone is corrected.
    let zone = Zone::named("America/Los_Angeles").unwrap();
    let changes = Changes { source_zone: Some(&zone), ..Changes::default() };
    tenants::set(world.db.store.conn(), world.id, &changes).await.unwrap();
    world.replay(None).await;
    let three_hours = 3 * 3_600_000;
    let now = world.contact(shown.crm_id.as_str()).await.unwrap();
    assert_eq!(now.created_ms, shown.created_ms.map(|ms| ms + three_hours));
    let later = |ms: Option<EpochMs>| ms.map(|ms| ms + three_hours);
    assert_same(
        world.notes().await.into_iter().map(|note| (note.crm_id, note.created_ms)),
        notes.into_iter().map(|note| (note.crm_id, later(note.created_ms))),
    );
}

#[rstest]
#[tokio::test]
async fn a_replay_changes_neither_history_nor_the_notes_queue(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let (world, runs) = World::eventful(kind).await;
    let (coverage, contacts) = (world.coverage().await, world.contacts().await);
    let mut before = Vec::new();
    for contact in &contacts {
        before.push(
            history::transitions_of(world.db.store.conn(), world.id, &ContactId::from(contact.as_str())).await.unwrap().len(),
        );
    }
    let rule = r#"{"places": ["/number_of_units"]}"#;
    field_rules::set(world.db.store.conn(), world.id, Dataset::Contacts, "units", Some(rule)).await.unwrap();
    world.replay(Some(runs[1].clone())).await;
    world.replay(None).await;
    assert_eq!(world.coverage().await, coverage);
    for (contact, before) in contacts.iter().zip(before) {
        assert_eq!(world.moves_of(contact).await.len(), before);
    }
}
