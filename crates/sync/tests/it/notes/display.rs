//! What is shown of notes after a sync.

use super::*;

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
