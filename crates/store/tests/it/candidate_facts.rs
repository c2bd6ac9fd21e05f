use rstest::rstest;
use tetherboard_domain::{ContactId, DAY, Dataset, EpochMs, Money};
use tetherboard_store::candidate_facts::{self, EventFilter};
use tetherboard_store::history::{self, Transition, ValueChange};
use tetherboard_store::leads::LeadRecord;
use tetherboard_store::notes::{self, NoteRecord};
use tetherboard_store::records::{self, Absence};
use tetherboard_store::schedule::{self, ActivityRecord};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::tenant;

use crate::rows::{NOW_MS, activity, deal, harbor, lead, meta, note, put_deals, put_leads};

fn moved(crm_id: &str, from: &str, to: &str, day: i64) -> Transition {
    let at_ms = NOW_MS + day * DAY;
    Transition {
        subject: Dataset::Contacts,
        crm_id: crm_id.to_owned(),
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
        from_id: None,
        to_id: None,
        since: None,
        renamed: false,
        seen_before_ms: at_ms - 1,
        seen_after_ms: at_ms + 1,
        at_ms,
    }
}

#[rstest]
#[tokio::test]
async fn the_last_touch_is_the_last_note_by_a_person_before_the_given_time(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    put_leads(&db, harbor, [("1", lead("Ada")), ("2", lead("Bo")), ("3", lead("Gone"))]).await;
    records::set_absence(conn, harbor, Dataset::Contacts, &["3".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    let note_by = |id, author: &str, day: i64| {
        let (meta, note) = note("1", id, "Hello");
        (meta, NoteRecord { author: author.to_owned(), created_ms: Some(NOW_MS + day * DAY), ..note })
    };
    let found = [note_by("a", "Uma", -3), note_by("b", " System ", -1), note_by("c", "", -1), note_by("d", "Uma", 1)];
    notes::put(conn, harbor, &found, &[]).await.unwrap();
    notes::set_read(conn, harbor, &["1".into()], NOW_MS + 5).await.unwrap();
    let asked = ["1", "2", "3", "404"].map(ContactId::from);
    let mut touches = candidate_facts::touches(conn, harbor, &asked, NOW_MS).await.unwrap();
    touches.sort_by(|a, b| a.crm_id.cmp(&b.crm_id));
    let note_by: Vec<_> = touches.iter().map(|one| (one.crm_id.as_str(), one.last_note_ms, one.notes_known_ms)).collect();
    assert_eq!(note_by, [("1", Some(NOW_MS - 3 * DAY), Some(NOW_MS + 5)), ("2", None, None)]);
    // The notes were read before the contact last changed, so they are not current.
    notes::set_read(conn, harbor, &["1".into()], NOW_MS - 1).await.unwrap();
    let touches = candidate_facts::touches(conn, harbor, &asked[..1], NOW_MS).await.unwrap();
    assert_eq!(touches[0].notes_known_ms, None);
}

#[rstest]
#[tokio::test]
async fn appointments_are_sorted_by_start_without_canceled_ones_and_name_their_contact(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let other = LeadRecord { contact_type: Some(2), ..lead("Vendor") };
    put_leads(&db, harbor, [("1", lead("Ada")), ("2", other)]).await;
    assert!(!candidate_facts::has_event_status(conn, harbor).await.unwrap());
    let at = |client: Option<&str>, day: i64| ActivityRecord {
        client_id: client.map(Into::into),
        starts_ms: Some(NOW_MS + day * DAY),
        ..activity("Call")
    };
    let cancelled = ActivityRecord { cancelled: true, status: "Cancelled".to_owned(), ..at(Some("1"), 1) };
    let found =
        [("a", at(Some("2"), 3)), ("b", at(Some("1"), 2)), ("c", cancelled), ("d", at(Some("404"), 4)), ("e", at(None, -1))];
    schedule::put(conn, harbor, &found.map(|(id, one)| (meta(id, 1), one)), &[]).await.unwrap();
    schedule::put(conn, tidewater, &[(meta("x", 1), at(None, 2))], &[]).await.unwrap();
    let filter = EventFilter { from_ms: NOW_MS, ..EventFilter::default() };
    let rows = candidate_facts::events(conn, harbor, filter).await.unwrap();
    let note_by: Vec<_> = rows
        .iter()
        .map(|row| (&*row.crm_id, row.client_id.as_ref().map(ContactId::as_str), &*row.name, row.of_prospect))
        .collect();
    let expected = [("b", Some("1"), "Ada", true), ("a", Some("2"), "Vendor", false), ("d", None, "Somebody", false)];
    assert_eq!(note_by, expected);
    let cut = EventFilter { until_ms: Some(NOW_MS + 4 * DAY), limit: Some(1), ..filter };
    assert_eq!(candidate_facts::events(conn, harbor, cut).await.unwrap().len(), 1);
    let asked = ["2", "1", "7"].map(ContactId::from);
    let own = candidate_facts::events_for(conn, harbor, &asked, (NOW_MS, NOW_MS + 99 * DAY)).await.unwrap();
    let note_by: Vec<_> = own.iter().map(|event| (event.client_id.as_str(), event.starts_ms)).collect();
    assert_eq!(note_by, [("1", NOW_MS + 2 * DAY), ("2", NOW_MS + 3 * DAY)]);
    assert!(candidate_facts::has_event_status(conn, harbor).await.unwrap());
    assert_eq!(candidate_facts::first_events_ms(conn, harbor).await.unwrap(), NOW_MS);
}

#[rstest]
#[tokio::test]
async fn a_stay_is_complete_when_a_sync_saw_its_start_and_its_end(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    let moves = [
        moved("1", "new lead", "fdd sent", -20),
        moved("1", "fdd sent", "fa sent", -12),
        moved("1", "fa sent", "fdd sent", -9),
        moved("1", "fdd sent", "fa sent", -8),
        // No sync saw it start.
        moved("2", "fdd sent", "fa sent", -3),
        // It ended before the given time.
        moved("3", "new lead", "fdd sent", -500),
        moved("3", "fdd sent", "fa sent", -400),
    ];
    history::record(conn, harbor, &moves).await.unwrap();
    let stages = ["fdd sent".to_owned()];
    let mut stays = candidate_facts::completed_stays(conn, harbor, &stages, NOW_MS - 365 * DAY).await.unwrap();
    let mut took = stays.remove("fdd sent").unwrap();
    took.sort_unstable();
    assert_eq!((took, stays.len()), (vec![DAY, 8 * DAY], 0));
    let ids = ["1", "2"].map(ContactId::from);
    let entries = candidate_facts::stage_moves(conn, harbor, &ids).await.unwrap();
    let to: Vec<_> = entries["1"].iter().map(|entry| entry.to_stage.as_deref().unwrap()).collect();
    assert_eq!((to, entries["2"].len()), (vec!["fdd sent", "fa sent", "fdd sent", "fa sent"], 1));
}

#[rstest]
#[tokio::test]
async fn moves_and_new_fees_cover_live_prospects_since_the_given_time(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    let worth = |name: &str| LeadRecord { fee: Some(Money(100)), ..lead(name) };
    let other = LeadRecord { contact_type: Some(2), ..worth("Vendor") };
    put_leads(&db, harbor, [("1", worth("Ada")), ("2", worth("Bo")), ("3", other), ("4", worth("Gone"))]).await;
    put_deals(&db, harbor, [("d", deal("Bo’s"))]).await;
    tetherboard_store::deal_links::relink(conn, harbor, NOW_MS).await.unwrap();
    records::set_absence(conn, harbor, Dataset::Contacts, &["4".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    let moves = ["1", "3", "4"].map(|id| moved(id, "new lead", "fa sent", -1));
    history::record(conn, harbor, &moves).await.unwrap();
    history::record(conn, harbor, &[moved("1", "x", "fa sent", -9), moved("2", "x", "lost", -1)]).await.unwrap();
    let found = candidate_facts::moves_since(conn, harbor, &["fa sent".to_owned()], NOW_MS - 2 * DAY).await.unwrap();
    let note_by: Vec<_> = found.iter().map(|one| (&*one.name, one.from_stage.as_deref(), one.stage.as_deref())).collect();
    assert_eq!(note_by, [("Ada", Some("new lead"), Some("New Lead"))]);
    let fee = |subject, crm_id: &str, old: Option<&str>, day: i64| ValueChange {
        subject,
        crm_id: crm_id.to_owned(),
        field: "fee".to_owned(),
        old: old.map(Into::into),
        new: Some("100".to_owned()),
        seen_before_ms: EpochMs(0),
        seen_after_ms: NOW_MS + day * DAY,
        at_ms: NOW_MS + day * DAY,
    };
    let contacts = Dataset::Contacts;
    let changes = [
        fee(contacts, "1", None, -1),
        fee(contacts, "2", Some("50"), -1),
        fee(contacts, "3", None, -1),
        fee(contacts, "4", None, -1),
        fee(Dataset::Deals, "d", None, -1),
    ];
    history::record_values(conn, harbor, &changes).await.unwrap();
    let mut learned = candidate_facts::new_fees(conn, harbor, NOW_MS - 2 * DAY).await.unwrap();
    learned.sort_by_key(|one| one.fee_cents);
    let note_by: Vec<_> = learned.iter().map(|one| (one.contact_id.as_ref().map(ContactId::as_str), one.fee_cents)).collect();
    assert_eq!(note_by, [(Some("1"), 100), (None, 5_000_000)]);
    assert!(candidate_facts::new_fees(conn, harbor, NOW_MS).await.unwrap().is_empty());
}
