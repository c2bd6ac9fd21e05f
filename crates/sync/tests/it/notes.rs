//! Notes, which the CRM returns contact by contact: which contacts are read, what is shown, and what stays after a fault.

mod display;
mod faults;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use rstest::rstest;
use serde_json::Value;
use tetherboard_clienttether::{Budgets, Limits};
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, FaultClass, RunStatus, Search};
use tetherboard_simulator::{Config, ContactEdit, DealEdit, Edit, EventEdit, Fault, NoteEdit, Request};
use tetherboard_store::notes::{self, Audience, NoteFilter, NoteRow};
use tetherboard_store::runs;
use tetherboard_testkit::Kind;

use crate::world::{Reports, World, assert_same, quick};

/// A note's contact, ID, type, author, words, and time.
type NoteFields = (String, String, String, String, String, Option<EpochMs>);

impl World {
    pub(crate) async fn notes(&self) -> Vec<NoteRow> {
        self.notes_like(&NoteFilter::default()).await
    }

    async fn notes_like(&self, filter: &NoteFilter) -> Vec<NoteRow> {
        let conn = self.db.store.conn();
        let notes = notes::list(conn, self.id, Audience::Brand, filter, (0, 100_000), i32::MAX).await.unwrap();
        assert_eq!(notes::count(conn, self.id, Audience::Brand, filter).await.unwrap(), notes.len() as i64);
        notes
    }

    pub(crate) async fn shown_notes(&self) -> BTreeSet<NoteFields> {
        let shown = |note: NoteRow| (note.client_id.0, note.note_id, note.kind, note.author, words(&note.body), note.created_ms);
        self.notes().await.into_iter().map(shown).collect()
    }

    /// The account's notes as the portal should show them.
    pub(crate) async fn true_notes(&self) -> BTreeSet<NoteFields> {
        let source_time = self.tenant().await.source_time();
        let text = |note: &Value, field: &str| note[field].as_str().unwrap_or_default().to_owned();
        let true_note = |note: Value| {
            let created: DateTime = text(&note, "created").parse().unwrap();
            let [client, id, kind, author] = ["client_id", "note_id", "note_type", "created_by"].map(|field| text(&note, field));
            (client, id, kind, author, words(&without_tags(&text(&note, "note"))), source_time.moment_ms(created))
        };
        self.crm.records(0, Request::Notes).into_iter().map(true_note).collect()
    }

    /// For how many contacts the notes were read after the contact last changed, and how many contacts there are.
    pub(crate) async fn coverage(&self) -> (i64, i64) {
        let text = "SELECT COUNT(CASE WHEN notes_read_ms >= changed_ms THEN 1 END), COUNT(*) FROM leads WHERE gone_ms IS NULL";
        let found = self.query(text).await;
        (found[0].try_get_by_index(0).unwrap(), found[0].try_get_by_index(1).unwrap())
    }

    /// The contacts whose notes were requested since the calls were last cleared, in that order.
    fn contacts_requested(&self) -> Vec<String> {
        let calls = self.crm.calls(0).into_iter().filter(|call| call.request == Request::Notes);
        let contact = |path: String| path.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
        calls.map(|call| contact(call.path_and_query)).collect()
    }

    /// Limits requests to one at a time, so that their order is visible.
    fn one_call_at_a_time(mut self) -> Self {
        self.syncer.crm.budgets = Budgets::new(1, 10_000);
        self
    }

    fn add(&self, id: &str, stage: &str) -> String {
        self.edit(Edit::AddContact(ContactEdit::named("Ada Ash").id(id).in_stage(stage)))
    }

    fn note(&self, contact: &str, text: &str) -> String {
        self.edit(Edit::AddNote(NoteEdit::on(contact, text)))
    }

    fn touch(&self, contact: &str) {
        let city = format!("Reno {}", self.clock.now_ms());
        self.edit(Edit::SetContact { client_id: contact.into(), field: "city", value: city.into() });
    }

    async fn bodies_of(&self, contact: &str) -> Vec<String> {
        let filter = NoteFilter { client: Some(contact.into()), ..NoteFilter::default() };
        self.notes_like(&filter).await.into_iter().map(|note| note.body).collect()
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join("")
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for c in html.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            c if depth == 0 => text.push(c),
            _ => {}
        }
    }
    text
}

// Queue ----------------------------------------------------------------------------------------------------------------

#[rstest]
#[tokio::test]
async fn notes_match_the_crm_once_every_contact_has_been_read(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 30).await.reading_notes(7);
    let mut covered = 0;
    while covered < 30 {
        world.crm.clear_calls(0);
        world.good_run().await;
        let (current, contacts) = world.coverage().await;
        assert!((covered + 1..=covered + 7).contains(&current), "{current} after {covered}");
        assert!(contacts == 30 && world.calls(Request::Notes) <= 7);
        covered = current;
    }
    assert_same(world.shown_notes().await, world.true_notes().await);
    assert_eq!(world.notes().await.len(), world.crm.truth(0).notes);
    assert!(world.crm.truth(0).notes > 30);

    // A new note leaves its contact's row unchanged, so it shows at the latest when every contact has been read again.
    let contacts: Vec<String> = world.contacts().await.into_iter().collect();
    for contact in contacts.iter().step_by(4) {
        world.note(contact, "<p>Asked for the brochure.</p>");
    }
    // Those on the hot list and with appointments are read again by every run, and leave fewer requests for the others.
    for _ in 0..16 {
        world.good_run().await;
    }
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn changed_contacts_come_first_then_those_never_read_then_those_read_longest_ago(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::with_contacts(kind, 0).await.reading_notes(100).one_call_at_a_time();
    for (id, stage) in [("1", "Not Interested"), ("2", "QR Sent"), ("3", "Unresponsive"), ("4", "FDD Sent")] {
        world.add(id, stage);
    }
    world.good_run().await;
    assert_eq!(world.contacts_requested(), ["2", "4", "1", "3"], "open deals first");

    // One contact with and one without an open deal are now the ones read longest ago.
    for id in ["3", "4"] {
        world.touch(id);
        world.good_run().await;
    }
    world.touch("1");
    world.touch("2");
    world.add("5", "Not Qualified");
    world.add("6", "QR Sent");
    world.crm.clear_calls(0);
    world.good_run().await;
    assert_eq!(world.contacts_requested(), ["2", "1", "6", "5", "4", "3"]);
}

#[rstest]
#[tokio::test]
async fn a_small_budget_goes_to_the_contacts_first_in_the_queue(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(2).one_call_at_a_time();
    for id in ["1", "2", "3", "4", "5"] {
        world.add(id, "QR Sent");
    }
    let mut requested = Vec::new();
    for _ in 0..3 {
        world.crm.clear_calls(0);
        world.good_run().await;
        requested.push(world.contacts_requested().join(" "));
    }
    // Once all are read, the contact read longest ago is next.
    assert_eq!(requested, ["1 2", "3 4", "5 1"]);
    world.touch("5");
    world.crm.clear_calls(0);
    world.good_run().await;
    assert_eq!((world.contacts_requested().join(" "), world.coverage().await), ("5 2".to_owned(), (5, 5)));
    for id in ["1", "2", "3", "4"] {
        world.touch(id);
    }
    world.good_run().await;
    assert_eq!(world.coverage().await, (3, 5), "two changed contacts have not had their turn");
}

#[rstest]
#[tokio::test]
async fn an_hour_costs_one_request_per_changed_contact_and_two_hundred_more(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 300).await.reading_notes(1_000);
    world.good_run().await;
    assert_eq!((world.calls(Request::Notes), world.coverage().await), (300, (300, 300)));

    let changed: BTreeSet<String> = world.contacts().await.into_iter().step_by(6).collect();
    changed.iter().for_each(|contact| world.touch(contact));
    world.crm.clear_calls(0);
    world.good_run().await;
    let requested = world.contacts_requested();
    let urgent = requested.len() - 250;
    assert!(changed.len() == 50 && urgent < 50, "{urgent} on the hot list or with appointments");
    assert!(changed.iter().all(|contact| requested[..60].contains(contact)), "they come first");

    world.crm.clear_calls(0);
    let report = world.good_run().await;
    assert!((200 + urgent..300).contains(&world.calls(Request::Notes)), "{}", world.calls(Request::Notes));
    assert_eq!(report.of(Dataset::Notes).changed, 0);
    assert_eq!(world.coverage().await, (300, 300));
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn a_budget_of_zero_makes_no_request_and_fails_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 12).await;
    for _ in 0..2 {
        let report = world.good_run().await;
        assert_eq!(report.of(Dataset::Notes).status, DatasetStatus::Succeeded);
    }
    assert_eq!((world.calls(Request::Notes), world.coverage().await), (0, (0, 12)));
    assert_eq!(world.notes().await.len(), 0);
}

#[rstest]
#[tokio::test]
async fn a_contact_with_hundreds_of_notes_is_read_page_by_page(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(10);
    let (ada, bo) = (world.add("1", "QR Sent"), world.add("2", "QR Sent"));
    for nth in 0..250 {
        world.note(&ada, &format!("Note {nth}"));
    }
    world.note(&bo, "A single one");
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Notes).added, 251);
    let of_ada = world.contacts_requested().iter().filter(|contact| **contact == ada).count();
    assert_eq!((world.bodies_of(&ada).await.len(), of_ada), (250, 3));
    assert_same(world.shown_notes().await, world.true_notes().await);
    assert_eq!(world.good_run().await.of(Dataset::Notes).unchanged, 251);
}

#[rstest]
#[tokio::test]
async fn pages_of_one_contact_count_against_the_budget(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(6).one_call_at_a_time();
    for id in ["1", "2", "3"] {
        world.add(id, "QR Sent");
        (0..250).for_each(|nth| drop(world.note(id, &format!("Note {nth}"))));
    }
    world.good_run().await;
    assert_eq!((world.calls(Request::Notes), world.coverage().await), (6, (2, 3)));
    world.good_run().await;
    assert_eq!(world.coverage().await, (3, 3));
    assert_eq!(world.notes().await.len(), 750);
}
