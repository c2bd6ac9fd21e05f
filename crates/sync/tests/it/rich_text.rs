//! Texts that people typed: stored ones come out right after the sanitizer has changed, and none stops a run.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rstest::rstest;
use tetherboard_clienttether::Limits;
use tetherboard_domain::{Dataset, RunStatus, Search};
use tetherboard_simulator::{ContactEdit, Edit, EventEdit, NoteEdit, Request};
use tetherboard_store::notes;
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

/// What the previous version of the sanitizer adds to a record's decoder version.
const VERSION: i64 = 1 << 32;

const TYPED: &str = "Spoke with <jane@example.com>\nabout the fee <ninety thousand";
const HTML: &str = "Spoke with &lt;jane@example.com&gt;<br>about the fee &lt;ninety thousand";

impl World {
    fn note_of(&self, contact: &str, text: &str) -> String {
        self.edit(Edit::AddNote(NoteEdit::on(contact, text)))
    }

    fn event_of(&self, contact: &str, hours: i64, text: &str) -> String {
        let at = self.clock.now() + SignedDuration::from_hours(hours);
        self.edit(Edit::AddEvent(EventEdit::at(at, "Call").with_contact(contact).with("description", text)))
    }

    /// A column of a table by ID, as text.
    async fn texts(&self, table: &str, column: &str) -> BTreeMap<String, String> {
        let rows = self.query(&format!("SELECT crm_id, {column} FROM {table}")).await;
        rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
    }

    /// Makes the stored texts those that an older version stored.
    async fn as_an_older_version_stored(&self) {
        for (table, texts) in [
            ("notes", "html = 'lost', body = 'lost'"),
            ("scheduled_activities", "description = 'lost'"),
            ("leads", "whiteboard = 'lost'"),
        ] {
            self.execute(&format!("UPDATE {table} SET {texts}, mapping_version = mapping_version - {VERSION}")).await;
        }
        self.execute("UPDATE dataset_states SET rows_hash = NULL, decoded_by = NULL").await;
    }

    async fn found(&self, word: &str) -> usize {
        notes::search_hits(self.db.store.conn(), self.id, &Search::parse(word)).await.unwrap().len()
    }
}

#[rstest]
#[tokio::test]
async fn stored_texts_are_sanitized_again_after_the_sanitizer_changed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 20).await.reading_notes(1_000);
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Sent").with("whiteboard", TYPED)));
    world.note_of(&ada, TYPED);
    let event = world.event_of(&ada, 5, TYPED);
    world.good_run().await;
    let tables = [("notes", "html"), ("notes", "body"), ("scheduled_activities", "description"), ("leads", "whiteboard")];
    let mut expected = Vec::new();
    for (table, column) in tables {
        expected.push(world.texts(table, column).await);
    }
    assert!(expected[0].values().any(|html| html == HTML) && expected[1].values().any(|text| text == TYPED));
    assert_eq!((&expected[2][&event], &expected[3][&ada]), (&TYPED.to_owned(), &HTML.to_owned()));

    // Notes and appointments come out right without any request; the list of contacts is read by every run anyway.
    world.as_an_older_version_stored().await;
    world.syncer.notes_calls_per_run = 0;
    world.crm.clear_calls(0);
    world.good_run().await;
    assert_eq!(world.calls(Request::Notes), 0);
    for ((table, column), expected) in tables.into_iter().zip(expected.clone()) {
        assert_eq!(world.texts(table, column).await, expected, "{column} of {table}");
    }
    assert_eq!((world.found("ninety").await, world.found("lost").await), (1, 0));
    assert_eq!((world.count("value_changes").await, world.count("stage_transitions").await), (0, 0), "nobody changed anything");

    world.as_an_older_version_stored().await;
    world.stop_crm().await;
    assert_eq!(world.run().await.run.status, RunStatus::Failed);
    for ((table, column), expected) in tables.into_iter().zip(expected).take(3) {
        assert_eq!(world.texts(table, column).await, expected, "{column} of {table} without the CRM");
    }
}

#[rstest]
#[tokio::test]
async fn texts_that_are_costly_for_other_sanitizers_are_synced(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let formats: String = (1..=4_600).map(|number| format!("<b a{number}></x>")).collect();
    let texts = [
        format!("<p>{formats}{} needle", "<p>x".repeat(4_600)),
        format!("{} needle", "<dd><li>".repeat(30_000)),
        format!("<p>{}</p> needle", "<a href='http://a.example'>word ".repeat(40_000)),
    ];
    let world = World::with_contacts(kind, 5).await.reading_notes(100);
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").with("whiteboard", texts[0].as_str())));
    let events: Vec<String> = texts.iter().map(|text| world.event_of(&ada, 5, text)).collect();
    let notes: Vec<String> = texts.iter().map(|text| world.note_of(&ada, text)).collect();
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Notes).set_aside + report.of(Dataset::Events).set_aside, 0);
    let (bodies, descriptions) = (world.texts("notes", "body").await, world.texts("scheduled_activities", "description").await);
    for (note, event) in notes.iter().zip(&events) {
        assert!(bodies[&format!("{ada}/{note}")].ends_with("needle") && descriptions[event].ends_with("needle"));
    }
    assert!(world.texts("leads", "whiteboard").await[&ada].contains("needle"));

    // A whiteboard that changes to another such text, and back.
    for text in [texts[1].as_str(), "short", texts[0].as_str()] {
        world.edit(Edit::SetContact { client_id: ada.clone(), field: "whiteboard", value: text.into() });
        world.good_run().await;
    }
    assert_eq!(world.count("value_changes").await, 3);
}

#[rstest]
#[tokio::test]
async fn a_text_of_several_megabytes_is_kept_whole(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 3).await.reading_notes(100);
    world.syncer.crm.limits = Limits::default();
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let typed: String = (0..150_000).map(|word| format!("word{word} ")).collect();
    let notes: Vec<String> = ["", "<p>", "<"].map(|sign| world.note_of(&ada, &format!("{sign}{typed} the end"))).to_vec();
    world.good_run().await;
    let (bodies, html) = (world.texts("notes", "body").await, world.texts("notes", "html").await);
    for (note, sign) in notes.iter().zip(["", "", "<"]) {
        let id = format!("{ada}/{note}");
        assert!(bodies[&id] == format!("{sign}{typed}the end"), "{sign}");
        assert!(html[&id] == bodies[&id].replace('<', "&lt;"), "{sign}");
    }
}
