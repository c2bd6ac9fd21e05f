//! Normalising kept answers again: the same rows, and nothing that was seen since overruled.

use rstest::rstest;
use tetherboard_domain::{ContactId, Dataset, DatasetStatus, EpochMs, RunId, RunStatus, Zone};
use tetherboard_simulator::{Config, ContactEdit, Edit, Fault, NoteEdit, Request};
use tetherboard_store::tenants::{self, Changes};
use tetherboard_store::{field_rules, history, retention};
use tetherboard_sync::{RunOptions, RunReport};
use tetherboard_testkit::Kind;

use crate::hour::TABLES;
use crate::world::{BETWEEN, Reports, World, assert_same};

impl World {
    /// A replay, some minutes after whatever was last done. It never asks the CRM.
    pub(crate) async fn replay(&self, run: Option<RunId>) -> RunReport {
        self.later(7);
        let (calls, moves) = (self.crm.calls(0).len(), self.count("stage_transitions").await);
        let values = self.count("value_changes").await;
        let report = self.syncer.replay(&self.tenant().await, run, &RunOptions::default()).await.unwrap();
        assert_eq!(self.crm.calls(0).len(), calls, "a replay asks nobody");
        assert_eq!((self.count("stage_transitions").await, self.count("value_changes").await), (moves, values), "nothing moves");
        report.expect("nobody else runs")
    }

    /// Every row of every list, before something that is to change nothing, and after it.
    async fn assert_unchanged_by_replay(&self, run: Option<RunId>) -> RunReport {
        let before = self.dumps().await;
        let report = self.replay(run).await;
        for (table, after) in self.dumps().await {
            assert_same(after, before[table].clone());
        }
        report
    }

    /// Some weeks of a small account, with all that can happen in it; each run's id.
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
    // Nor does one of any run before: what was seen since is not overruled, who is gone stays so.
    for run in runs {
        let report = world.assert_unchanged_by_replay(Some(run)).await;
        assert_eq!(report.run.status, RunStatus::Succeeded);
        for dataset in &report.datasets {
            assert_eq!((dataset.added, dataset.changed, dataset.gone), (0, 0, 0), "{dataset:?}");
        }
    }
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn rows_that_were_lost_come_back_exactly(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
    // When a contact's notes were read is no part of what the CRM said, so all have a turn again.
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
async fn an_older_runs_answers_overrule_nothing_although_they_mean_something_else_now(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
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
    assert_eq!((contacts.added, contacts.changed), (0, 0), "all was normalised by the new rule already");
}

#[rstest]
#[tokio::test]
async fn a_replay_of_answers_that_are_not_kept_any_more_says_so(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
        assert!(message.contains("not kept any more"), "{}: {message}", dataset.dataset);
    }
    assert_eq!(world.assert_unchanged_by_replay(None).await.run.status, RunStatus::Succeeded);
}

#[rstest]
#[tokio::test]
async fn a_replay_of_a_run_that_is_not_known_says_so(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 5).await;
    world.good_run().await;
    let report = world.assert_unchanged_by_replay(Some(RunId("nobody-knows".to_owned()))).await;
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
async fn a_replay_normalises_what_only_an_earlier_read_showed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 130).await.reading_notes(1_000);
    world.good_run().await;
    let notes = world.notes().await;
    let shown = world.contact(world.contacts().await.first().unwrap()).await.unwrap();
    // The last read saw one page of contacts, and no contact's notes.
    world.fault(Request::Contacts, Fault::FromOffset(100, Box::new(Fault::Status(404))));
    assert_eq!(world.run().await.of(Dataset::Contacts).status, DatasetStatus::Partial);
    world.fault(Request::Notes, Fault::After(20, Box::new(Fault::Html)));
    assert_eq!(world.run().await.of(Dataset::Notes).status, DatasetStatus::Partial);

    // The account's times turn out to be another zone's.
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
async fn a_replay_leaves_each_contacts_history_and_turn_alone(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
