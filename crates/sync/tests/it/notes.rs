//! Notes, which the CRM returns contact by contact: which contacts are read, what is shown, and what stays after a fault.

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

// Display -------------------------------------------------------------------------------------------------------------

#[rstest]
#[tokio::test]
async fn an_edited_note_shows_only_its_new_text(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 3).await.reading_notes(100);
    let ada = world.add("1", "QR Sent");
    let note_id = world.note(&ada, "<p>Wants <b>one</b> unit.</p>");
    world.good_run().await;
    world.edit(Edit::SetNote { client_id: ada.clone(), note_id, field: "note", value: "<p>Wants <b>two</b> units.</p>".into() });
    let report = world.good_run().await;
    let notes = report.of(Dataset::Notes);
    assert_eq!((notes.added, notes.changed, notes.gone), (0, 1, 0));
    assert_eq!(world.bodies_of(&ada).await, ["Wants two units."]);
    let found = |text: &str| NoteFilter { text: Some(Search::parse(text)), ..NoteFilter::default() };
    assert_eq!(world.notes_like(&found("TWO wants")).await[0].html, "<p>Wants <b>two</b> units.</p>");
    assert_eq!(world.notes_like(&found("wants one")).await.len(), 0);
}

#[rstest]
#[tokio::test]
async fn a_note_is_removed_after_two_reads_of_its_contact_miss_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 3).await.reading_notes(100);
    let ada = world.add("1", "QR Sent");
    let (kept, removed) = (world.note(&ada, "Kept"), world.note(&ada, "Removed"));
    world.good_run().await;
    world.edit(Edit::RemoveNote { client_id: ada.clone(), note_id: removed });
    assert_eq!(world.good_run().await.of(Dataset::Notes).gone, 0);
    assert_eq!(world.bodies_of(&ada).await.len(), 2);
    world.fault(Request::Notes, Fault::Status(500));
    world.run().await;
    assert_eq!(world.bodies_of(&ada).await.len(), 2, "a failed read confirms no removal");
    world.crm.heal(0);
    assert_eq!(world.good_run().await.of(Dataset::Notes).gone, 1);
    assert_eq!(world.bodies_of(&ada).await, ["Kept"]);
    assert_same(world.shown_notes().await, world.true_notes().await);

    world.edit(Edit::AddNote(NoteEdit::on(&ada, "Back").id(&kept).with("note", "Back")));
    assert!(world.good_run().await.of(Dataset::Notes).changed == 1);
}

#[rstest]
#[tokio::test]
async fn a_note_that_returns_unchanged_has_changed_when_it_returned(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 3).await.reading_notes(100);
    let ada = world.add("1", "QR Sent");
    let written = world.clock.now();
    let add = || world.edit(Edit::AddNote(NoteEdit::on(&ada, "Hello").id("77").by("Dana Whitlock").created(written)));
    let row = async || {
        let found =
            world.query("SELECT row_no, changed_ms, first_seen_ms FROM notes WHERE note_id = '77' AND gone_ms IS NULL").await;
        found.first().map(|row| [0, 1, 2].map(|at| row.try_get_by_index::<i64>(at).unwrap()))
    };
    world.note(&ada, "Stays");
    add();
    world.good_run().await;
    let [row_no, changed_ms, first_seen_ms] = row().await.unwrap();
    world.good_run().await;
    assert_eq!(row().await, Some([row_no, changed_ms, first_seen_ms]), "an unchanged note keeps its date");

    world.edit(Edit::RemoveNote { client_id: ada.clone(), note_id: "77".to_owned() });
    world.good_run().await;
    world.good_run().await;
    assert_eq!(row().await, None);
    add();
    let report = world.good_run().await;
    let notes = report.of(Dataset::Notes);
    assert_eq!((notes.added, notes.changed), (1, 0));
    let returned_ms = notes.finished_ms.unwrap().0;
    assert!(returned_ms > changed_ms);
    assert_eq!(row().await, Some([row_no, returned_ms, first_seen_ms]), "the same row, changed when it returned");
}

#[rstest]
#[tokio::test]
async fn the_only_note_of_the_only_contact_read_can_be_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(1);
    for id in ["1", "2"] {
        world.add(id, "QR Sent");
        world.note(id, "Hello");
    }
    for _ in 0..2 {
        world.good_run().await;
    }
    let note_id = world.notes().await.into_iter().find(|note| note.client_id.as_str() == "1").unwrap().note_id;
    world.edit(Edit::RemoveNote { client_id: "1".into(), note_id });
    for _ in 0..4 {
        world.good_run().await;
    }
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn many_notes_missing_at_once_are_held(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 20).await.reading_notes(100);
    world.good_run().await;
    let (before, coverage) = (world.shown_notes().await, world.coverage().await);
    world.fault(Request::Notes, Fault::Empty);
    for _ in 0..3 {
        let report = world.run().await;
        let notes = report.of(Dataset::Notes);
        assert_eq!((report.run.status, notes.status, notes.gone), (RunStatus::Partial, DatasetStatus::Held, 0));
        assert_eq!(notes.held, before.len() as i64);
        assert_eq!((world.shown_notes().await, world.coverage().await), (before.clone(), coverage));
    }
    world.crm.heal(0);
    world.good_run().await;
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn a_removed_contacts_notes_are_removed_too(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 8).await.reading_notes(100);
    let row = || ContactEdit::named("Ada Ash").id("1");
    world.edit(Edit::AddContact(row()));
    world.note("1", "Hello");
    world.good_run().await;
    assert_eq!(world.coverage().await, (9, 9));
    world.edit(Edit::RemoveContact("1".to_owned()));
    world.good_run().await;
    assert_eq!((world.bodies_of("1").await.len(), world.coverage().await.1), (1, 9), "only one read has missed it");
    world.good_run().await;
    assert_eq!((world.bodies_of("1").await.len(), world.coverage().await.1), (0, 8));
    assert_same(world.shown_notes().await, world.true_notes().await);

    // The contact comes back without its old note.
    world.edit(Edit::AddContact(row()));
    world.note("1", "Hello again");
    for _ in 0..3 {
        world.good_run().await;
    }
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn a_note_without_an_id_is_set_aside_and_affects_no_other_contact(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 3).await.reading_notes(100);
    let (ada, bo) = (world.add("1", "QR Sent"), world.add("2", "QR Sent"));
    for contact in [&ada, &bo] {
        (0..3).for_each(|nth| drop(world.note(contact, &format!("Note {nth}"))));
    }
    world.good_run().await;
    let id_of = |contact: &str| {
        let notes = world.crm.records(0, Request::Notes);
        let note = notes.iter().find(|note| note["client_id"] == contact).unwrap();
        note["note_id"].as_str().unwrap().to_owned()
    };
    world.edit(Edit::UnsetNote { client_id: ada.clone(), note_id: id_of(&ada), field: "note_id" });
    world.edit(Edit::RemoveNote { client_id: bo.clone(), note_id: id_of(&bo) });
    for _ in 0..2 {
        let report = world.good_run().await;
        assert_eq!(report.of(Dataset::Notes).set_aside, 1);
        let conn = world.db.store.conn();
        let aside = runs::set_aside_rows(conn, world.id, &report.run.id, Dataset::Notes, 10, 0).await.unwrap();
        assert_eq!(aside.len(), 1, "{aside:?}");
    }
    assert_eq!(world.bodies_of(&ada).await.len(), 3, "the row without an ID could be any of this contact's notes");
    assert_eq!(world.bodies_of(&bo).await.len(), 2);
}

#[rstest]
#[tokio::test]
async fn notes_of_two_contacts_can_have_identical_bytes(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(100);
    let twin = |contact: &str| NoteEdit::on(contact, "Left voicemail").id("5").by("Dana Whitlock").with("client_id", "");
    for id in ["1", "2", "3"] {
        world.add(id, "QR Sent");
        world.edit(Edit::AddNote(twin(id)));
    }
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Notes).added, 3);
    for id in ["1", "2", "3"] {
        assert_eq!(world.bodies_of(id).await, ["Left voicemail"]);
    }
    assert_eq!(world.good_run().await.of(Dataset::Notes).unchanged, 3);
    world.edit(Edit::RemoveNote { client_id: "2".into(), note_id: "5".to_owned() });
    world.good_run().await;
    assert_eq!(world.good_run().await.of(Dataset::Notes).gone, 1);
    assert_eq!((world.bodies_of("1").await.len(), world.bodies_of("2").await.len()), (1, 0));
}

#[rstest]
#[tokio::test]
async fn an_author_given_as_an_id_is_shown_by_name(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(100);
    let user = world.edit(Edit::AddUser { first_name: "Mona".to_owned(), last_name: "Reyes".to_owned() });
    world.add("1", "QR Sent");
    for author in [user.as_str(), "424242", "Dana Whitlock ( dana )", "System"] {
        world.edit(Edit::AddNote(NoteEdit::on("1", author).by(author)));
    }
    world.good_run().await;
    let notes = world.notes().await;
    let authors: HashMap<&str, &str> = notes.iter().map(|note| (note.body.as_str(), note.author.as_str())).collect();
    assert_eq!(authors[user.as_str()], "Mona Reyes");
    assert_eq!(authors["424242"], "User 424242");
    assert_eq!(authors["Dana Whitlock ( dana )"], "Dana Whitlock");
    assert_eq!(authors["System"], "System");
}

#[rstest]
#[tokio::test]
async fn hostile_markup_is_removed_and_the_remaining_text_can_be_found(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(100);
    world.add("1", "QR Sent");
    let hostile = r#"<p onclick="steal()">Met <b style="x">Zoë</b> &amp; son</p><script>alert("gotcha")</script>
        <img src=x onerror="alert(1)"><a href="javascript:alert(2)">map</a><iframe src="https://evil.example"></iframe>"#;
    world.note("1", hostile);
    world.note("1", "");
    world.note("1", "no markup, 1 < 2");
    world.good_run().await;
    let found = |text: &str| NoteFilter { text: Some(Search::parse(text)), ..NoteFilter::default() };
    let met = world.notes_like(&found("met ZOË & son")).await;
    let [met] = met.as_slice() else { panic!("{met:?}") };
    let html = met.html.to_lowercase();
    for bad in ["script", "onclick", "onerror", "style", "<img", "<iframe", "evil", "gotcha"] {
        assert!(!html.contains(bad), "{bad} in {html}");
    }
    assert!(html.contains("<b>zoë</b>") && html.contains("map"));
    assert_eq!(world.notes_like(&found("gotcha")).await.len(), 0);
    assert_eq!(world.notes_like(&found("1 < 2")).await[0].html, "no markup, 1 &lt; 2");
    assert_eq!(world.notes().await.len(), 3);
}

#[rstest]
#[tokio::test]
async fn hostile_accounts_lose_no_notes(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::of(kind, Config { hostile_text: true, ..Config::plain(31, &[60]) }).await.reading_notes(100);
    world.good_run().await;
    let truth = world.crm.truth(0).notes;
    assert_eq!(world.notes().await.len(), truth);
    assert!(world.notes().await.iter().all(|note| !note.html.to_lowercase().contains("<script")));
}

// Faults ---------------------------------------------------------------------------------------------------------------

#[rstest]
#[case::status(Fault::Status(500), FaultClass::HttpStatus)]
#[case::hang(Fault::Hang, FaultClass::Timeout)]
#[case::html(Fault::Html, FaultClass::Body)]
#[case::result_code(Fault::ResultCode("501"), FaultClass::ResultCode)]
#[tokio::test]
async fn notes_that_cannot_be_read_stay_unchanged_and_affect_no_list(
    #[case] fault: Fault,
    #[case] class: FaultClass,
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut world = World::with_contacts(kind, 20).await.reading_notes(100);
    world.good_run().await;
    let soon = Duration::from_millis(200);
    world.syncer.crm.limits = Limits { attempts: 1, connect: soon, idle: soon, ..quick() };
    let (before, as_of) = (world.shown_notes().await, world.as_of(Dataset::Notes).await);
    let contacts: Vec<String> = world.contacts().await.into_iter().collect();
    contacts[..4].iter().for_each(|contact| world.touch(contact));
    world.fault(Request::Notes, fault);
    world.crm.clear_calls(0);
    let report = world.run().await;
    let notes = report.of(Dataset::Notes);
    assert_eq!((report.run.status, notes.status), (RunStatus::Partial, DatasetStatus::Failed));
    assert_eq!(notes.error.as_ref().unwrap().class, class);
    assert_eq!(report.statuses(), [DatasetStatus::Succeeded; 6]);
    let requested: BTreeSet<String> = world.contacts_requested().into_iter().collect();
    assert!(requested.len() < 10, "the rest is left for the next run: {requested:?}");
    assert_eq!(world.shown_notes().await, before);
    assert_eq!((world.coverage().await, world.as_of(Dataset::Notes).await), ((16, 20), as_of));

    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.coverage().await, (20, 20));
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn notes_read_before_a_refusal_are_saved(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Fault::rotate_token_after as fn(usize) -> Fault, Fault::revoke_key_after as fn(usize) -> Fault)] after: fn(
        usize,
    )
        -> Fault,
) {
    let mut world = World::with_contacts(kind, 20).await.reading_notes(100).one_call_at_a_time();
    world.fault(Request::Notes, after(8));
    let report = world.run().await;
    let notes = report.of(Dataset::Notes);
    assert_eq!((report.run.status, notes.status), (RunStatus::Partial, DatasetStatus::Partial));
    assert_eq!(notes.error.as_ref().unwrap().class, FaultClass::Credentials);
    assert_eq!(report.statuses(), [DatasetStatus::Succeeded; 6]);
    assert_eq!(world.coverage().await, (8, 20));
    let refused = world.crm.calls(0).iter().filter(|call| call.status == 401).count();
    assert_eq!(refused, 1, "the request is not repeated");
    let truth = world.true_notes().await;
    assert!(world.shown_notes().await.is_subset(&truth) && !world.notes().await.is_empty());

    world.crm.heal(0);
    world.crm.restore_web_key(0);
    world.syncer.crm.access_token = Some(world.crm.access_token().into());
    world.good_run().await;
    assert_eq!((world.coverage().await, world.shown_notes().await), ((20, 20), truth));
}

#[rstest]
#[tokio::test]
async fn a_long_wait_requested_between_two_contacts_is_obeyed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 12).await.reading_notes(100).one_call_at_a_time();
    let wait = Fault::TooManyRequests { retry_after: Some("7200".to_owned()) };
    world.fault(Request::Notes, Fault::After(3, Box::new(wait)));
    let report = world.run().await;
    let notes = report.of(Dataset::Notes);
    assert_eq!((notes.status, notes.error.as_ref().unwrap().class), (DatasetStatus::Partial, FaultClass::Budget));
    assert_eq!((world.calls(Request::Notes), world.coverage().await), (4, (3, 12)));
    assert_eq!(world.tenant().await.parked_until_ms, Some(world.clock.now_ms() + 7_200_000));
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!((world.coverage().await, world.tenant().await.parked_until_ms), ((12, 12), None));
}

#[rstest]
#[tokio::test]
async fn a_contact_whose_notes_always_fail_blocks_no_other(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(4);
    let ids: Vec<String> = (1..=9).map(|id| world.add(&id.to_string(), "QR Sent")).collect();
    ids.iter().for_each(|id| drop(world.note(id, "Hello")));
    world.fault(Request::Notes, Fault::ForContacts(vec!["3".to_owned()], Box::new(Fault::Status(404))));
    for _ in 0..4 {
        let report = world.run().await;
        assert_eq!(report.statuses(), [DatasetStatus::Succeeded; 6]);
    }
    assert_eq!((world.coverage().await, world.notes().await.len()), ((8, 9), 8));
    assert_eq!(world.bodies_of("3").await.len(), 0);
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.coverage().await, (9, 9));
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn many_contacts_whose_notes_always_fail_do_not_block_the_others(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(100);
    let ids: Vec<String> = (10..40).map(|id| world.add(&id.to_string(), "QR Sent")).collect();
    world.fault(Request::Notes, Fault::ForContacts(ids[..7].to_vec(), Box::new(Fault::Status(404))));
    for _ in 0..3 {
        assert_eq!(world.run().await.of(Dataset::Notes).status, DatasetStatus::Partial);
    }
    assert_eq!(world.coverage().await, (23, 30));
}

#[rstest]
#[tokio::test]
async fn a_contact_whose_second_page_fails_shows_the_first_and_loses_no_note(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(10);
    let ada = world.add("1", "QR Sent");
    for nth in 0..150 {
        world.note(&ada, &format!("Note {nth}"));
    }
    world.good_run().await;
    world.note(&ada, "Fresh");
    world.fault(Request::Notes, Fault::FromOffset(100, Box::new(Fault::Status(500))));
    for _ in 0..2 {
        let report = world.run().await;
        assert_eq!(report.of(Dataset::Notes).status, DatasetStatus::Partial);
        assert_eq!(world.bodies_of(&ada).await.len(), 151);
    }
    world.crm.heal(0);
    world.good_run().await;
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn notes_are_read_although_two_lists_failed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 10).await.reading_notes(100);
    let ada = world.add("1", "QR Sent");
    world.edit(Edit::AddDeal(DealEdit::of(&ada)));
    world.good_run().await;
    world.note(&ada, "Hello");
    world.fault(Request::Deals, Fault::Status(404));
    world.fault(Request::Events, Fault::Status(404));
    let report = world.run().await;
    assert_eq!((report.run.status, report.of(Dataset::Notes).status), (RunStatus::Partial, DatasetStatus::Succeeded));
    assert_eq!(world.bodies_of(&ada).await, ["Hello"]);
}

#[rstest]
#[tokio::test]
async fn every_run_reads_the_notes_of_the_hot_list_and_around_appointments(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(6);
    for id in ["1", "2", "3"] {
        let contact = world.add(id, "FA Sent");
        world.edit(Edit::AddDeal(DealEdit::of(&contact).worth(40_000)));
    }
    for id in 10..30 {
        world.add(&id.to_string(), "QR Sent");
    }
    for (contact, hours) in [("27", 30), ("28", -30), ("29", 80)] {
        let starts = world.clock.now() + SignedDuration::from_hours(hours);
        world.edit(Edit::AddEvent(EventEdit::at(starts, "Call").with_contact(contact)));
    }
    for _ in 0..6 {
        world.good_run().await;
    }
    for number in 0..3 {
        world.note("2", &format!("Note {number}"));
        world.note("27", &format!("Note {number}"));
        world.crm.clear_calls(0);
        world.good_run().await;
        let requested: BTreeSet<String> = world.contacts_requested().into_iter().collect();
        assert_eq!(requested.len(), 6);
        assert!(["1", "2", "3", "27", "28"].iter().all(|urgent| requested.contains(*urgent)), "{requested:?}");
        assert_eq!((world.bodies_of("2").await.len(), world.bodies_of("27").await.len()), (number + 1, number + 1));
    }
}
