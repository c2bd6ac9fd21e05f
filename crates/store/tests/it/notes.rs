use rstest::rstest;
use tetherboard_domain::{ContactId, Dataset, EpochMs, Search, TenantId};
use tetherboard_store::leads::{self, LeadRecord};
use tetherboard_store::notes::{self, Audience, NoteCoverage, NoteFilter, NoteRecord, NoteRow, ReadReason};
use tetherboard_store::records::{self, Absence, RecordMeta};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{TestDatabase, tenant};

use crate::rows::{NOW_MS, harbor, lead, meta, note, put_leads};

const MINUTE_MS: i64 = 60_000;

/// Writes a contact that changed this many minutes after `NOW_MS`.
async fn put_changed(db: &TestDatabase, tenant: TenantId, id: &str, stage: &str, minute: i64) {
    let meta = RecordMeta { changed_ms: NOW_MS + minute * MINUTE_MS, ..meta(id, minute) };
    let lead = LeadRecord { stage: Some(stage.to_owned()), ..lead(id) };
    leads::put(db.store.conn(), tenant, &[(meta, lead)], &[]).await.unwrap();
}

async fn read_at(db: &TestDatabase, tenant: TenantId, ids: &[&str], minute: i64) {
    let ids: Vec<ContactId> = ids.iter().map(|id| ContactId::from(*id)).collect();
    notes::set_read(db.store.conn(), tenant, &ids, NOW_MS + minute * MINUTE_MS).await.unwrap();
}

async fn turns(db: &TestDatabase, tenant: TenantId, turn: ReadReason, limit: i64) -> Vec<String> {
    let turns = notes::next_to_read(db.store.conn(), tenant, turn, &["fdd sent".to_owned()], limit).await.unwrap();
    turns.into_iter().map(Into::into).collect()
}

#[rstest]
#[tokio::test]
async fn notes_are_read_next_for_the_contacts_that_match_the_reason_with_open_deals_first(
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    for id in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        put_changed(&db, harbor, id, "New Lead", 0).await;
    }
    put_changed(&db, harbor, "open never", "FDD Sent", 0).await;
    put_changed(&db, harbor, "open oldest", "FDD Sent", 0).await;
    put_changed(&db, harbor, "gone", "FDD Sent", 0).await;
    put_changed(&db, tidewater, "other", "FDD Sent", 0).await;
    read_at(&db, harbor, &["a", "b", "gone"], 10).await;
    read_at(&db, harbor, &["c", "d", "open oldest"], 20).await;
    // Reading at the exact time of the change counts as current.
    read_at(&db, harbor, &["e"], 0).await;
    records::set_absence(db.store.conn(), harbor, Dataset::Contacts, &["gone".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();

    assert!(turns(&db, harbor, ReadReason::Changed, 99).await.is_empty());
    assert_eq!(turns(&db, harbor, ReadReason::NeverRead, 99).await, ["open never", "f", "g", "h"]);
    assert_eq!(turns(&db, harbor, ReadReason::NeverRead, 2).await, ["open never", "f"]);
    assert_eq!(turns(&db, harbor, ReadReason::Oldest, 99).await, ["e", "a", "b", "open oldest", "c", "d"]);
    assert_eq!(turns(&db, harbor, ReadReason::OldestOpen, 99).await, ["open oldest"]);

    // Changed contacts: the one with an open deal first, then the one read longest ago.
    put_changed(&db, harbor, "d", "New Lead", 30).await;
    put_changed(&db, harbor, "b", "New Lead", 31).await;
    put_changed(&db, harbor, "c", "FDD Sent", 32).await;
    assert_eq!(turns(&db, harbor, ReadReason::Changed, 99).await, ["c", "b", "d"]);
    assert_eq!(turns(&db, harbor, ReadReason::Oldest, 99).await, ["e", "a", "open oldest"]);
    // A contact that changed and was never read counts as never read.
    put_changed(&db, harbor, "f", "FDD Sent", 33).await;
    assert_eq!(turns(&db, harbor, ReadReason::NeverRead, 99).await, ["f", "open never", "g", "h"]);
    let nobody_open = notes::next_to_read(db.store.conn(), harbor, ReadReason::Changed, &[], 99).await.unwrap();
    assert_eq!(nobody_open, ["b", "c", "d"].map(ContactId::from));

    read_at(&db, harbor, &["b", "c", "d"], 40).await;
    assert!(turns(&db, harbor, ReadReason::Changed, 99).await.is_empty());
    assert_eq!(turns(&db, tidewater, ReadReason::NeverRead, 99).await, ["other"]);
}

/// A franchisee's stage belongs to another list, even with the same name.
#[rstest]
#[tokio::test]
async fn a_contact_of_another_type_has_no_open_deal(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let open = |contact_type| LeadRecord { contact_type, stage: Some("FDD Sent".to_owned()), ..lead("x") };
    put_leads(&db, harbor, [("1", open(Some(2))), ("2", open(None)), ("3", open(Some(1)))]).await;
    assert_eq!(turns(&db, harbor, ReadReason::NeverRead, 99).await, ["3", "1", "2"]);
}

#[rstest]
#[tokio::test]
async fn coverage_counts_contacts_whose_notes_were_read_recently(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    let coverage = async |since_ms| notes::coverage(conn, harbor, EpochMs(since_ms)).await.unwrap();
    assert_eq!(coverage(0).await, NoteCoverage { current: 0, contacts: 0 });
    for id in ["1", "2", "3", "4"] {
        put_changed(&db, harbor, id, "New Lead", 0).await;
    }
    read_at(&db, harbor, &["1", "2", "3", "404"], 1).await;
    records::set_absence(conn, harbor, Dataset::Contacts, &["3".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    assert_eq!(coverage(i64::MIN).await, NoteCoverage { current: 2, contacts: 3 });
    assert_eq!(coverage(i64::MAX).await, NoteCoverage { current: 0, contacts: 3 });
}

#[rstest]
#[tokio::test]
async fn more_contacts_than_fit_into_one_statement_are_marked(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    let found: Vec<_> = (0..2_100).map(|i| (meta(&i.to_string(), i), lead("x"))).collect();
    leads::put(conn, harbor, &found, &[]).await.unwrap();
    let ids: Vec<ContactId> = (0..2_050).map(|i| ContactId(i.to_string())).collect();
    notes::set_read(conn, harbor, &ids, NOW_MS).await.unwrap();
    assert_eq!(notes::coverage(conn, harbor, NOW_MS).await.unwrap(), NoteCoverage { current: 2_050, contacts: 2_100 });
}

/// A brand's notes by three people about two live contacts and one gone contact.
async fn feed(kind: Kind) -> (TestDatabase, TenantId) {
    let (db, harbor) = harbor(kind).await;
    let conn = db.store.conn();
    put_leads(&db, harbor, [("1", lead("Ada")), ("2", lead("Bo")), ("3", lead("Gone"))]).await;
    let at = |(meta, note): (RecordMeta, NoteRecord), minute: Option<i64>| {
        (meta, NoteRecord { created_ms: minute.map(|minute| NOW_MS + minute * MINUTE_MS), ..note })
    };
    let by = |(meta, note): (RecordMeta, NoteRecord), author: &str, kind: &str| {
        (meta, NoteRecord { author: author.to_owned(), kind: kind.to_owned(), ..note })
    };
    let found = [
        at(note("1", "1", "Called about the FDD"), Some(1)),
        at(note("1", "2", "100% sure, said_so"), Some(3)),
        // The same ID as another contact's note.
        by(at(note("2", "1", "ÉTUDE, mailed"), Some(2)), "Vic", "Email"),
        by(at(note("2", "2", "Undated"), None), "Vic", "Call"),
        at(note("3", "1", "Of a contact that is gone"), Some(9)),
        at(note("1", "3", "Deleted in the CRM"), Some(8)),
        at(note("404", "1", "Of nobody"), Some(7)),
    ];
    notes::put(conn, harbor, &found, &[]).await.unwrap();
    records::set_absence(conn, harbor, Dataset::Contacts, &["3".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    records::set_absence(conn, harbor, Dataset::Notes, &["1/3".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    (db, harbor)
}

async fn listed(db: &TestDatabase, tenant: TenantId, filter: &NoteFilter) -> Vec<NoteRow> {
    let rows = notes::list(db.store.conn(), tenant, Audience::Brand, filter, (0, 99), 1_000).await.unwrap();
    assert_eq!(notes::count(db.store.conn(), tenant, Audience::Brand, filter).await.unwrap(), i64::try_from(rows.len()).unwrap());
    rows
}

#[rstest]
#[tokio::test]
async fn the_list_has_live_contacts_notes_newest_first_and_undated_last(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = feed(kind).await;
    let rows = listed(&db, harbor, &NoteFilter::default()).await;
    let actual: Vec<_> = rows.iter().map(|row| (&*row.crm_id, &*row.name)).collect();
    assert_eq!(actual, [("1/2", "Ada"), ("2/1", "Bo"), ("1/1", "Ada"), ("2/2", "Bo")]);
    let row = &rows[1];
    assert_eq!((&*row.note_id, row.client_id.as_str(), row.stage.as_deref()), ("1", "2", Some("New Lead")));
    assert_eq!((&*row.kind, &*row.author, &*row.html, &*row.body), ("Email", "Vic", "<p>ÉTUDE, mailed</p>", "ÉTUDE, mailed"));
    let second = notes::list(db.store.conn(), harbor, Audience::Brand, &NoteFilter::default(), (1, 2), 1_000).await.unwrap();
    assert_eq!(second.iter().map(|row| &*row.crm_id).collect::<Vec<_>>(), ["2/1", "1/1"]);
}

#[rstest]
#[case::words(NoteFilter { text: Some(Search::parse("fdd CALLED")), ..NoteFilter::default() }, &["1/1"])]
#[case::a_letter_with_an_accent(NoteFilter { text: Some(Search::parse("étude")), ..NoteFilter::default() }, &["2/1"])]
#[case::without_the_accent(NoteFilter { text: Some(Search::parse("Etude")), ..NoteFilter::default() }, &["2/1"])]
#[case::signs_that_a_pattern_means_otherwise(NoteFilter { text: Some(Search::parse("100% said_so")), ..NoteFilter::default() }, &["1/2"])]
#[case::a_part_of_a_word(NoteFilter { text: Some(Search::parse("call")), ..NoteFilter::default() }, &[])]
#[case::a_beginning(NoteFilter { text: Some(Search::parse("call*")), ..NoteFilter::default() }, &["1/1"])]
#[case::a_phrase(NoteFilter { text: Some(Search::parse("\"the fdd\"")), ..NoteFilter::default() }, &["1/1"])]
#[case::a_phrase_in_another_order(NoteFilter { text: Some(Search::parse("\"fdd the\"")), ..NoteFilter::default() }, &[])]
#[case::markup_is_no_text(NoteFilter { text: Some(Search::parse("<p>")), ..NoteFilter::default() }, &[])]
#[case::kind(NoteFilter { kind: Some("call".to_owned()), ..NoteFilter::default() }, &["1/2", "1/1", "2/2"])]
#[case::author(NoteFilter { author: Some("Vic".to_owned()), ..NoteFilter::default() }, &["2/1", "2/2"])]
#[case::client(NoteFilter { client: Some("1".into()), ..NoteFilter::default() }, &["1/2", "1/1"])]
#[case::gone_client(NoteFilter { client: Some("3".into()), ..NoteFilter::default() }, &[])]
#[case::from(NoteFilter { from_ms: Some(NOW_MS + 2 * MINUTE_MS), ..NoteFilter::default() }, &["1/2", "2/1"])]
#[case::until(NoteFilter { until_ms: Some(NOW_MS + 2 * MINUTE_MS), ..NoteFilter::default() }, &["1/1"])]
#[case::all_at_once(
    NoteFilter { text: Some(Search::parse("sure")), kind: Some("call".to_owned()), author: Some("Uma".to_owned()),
        client: Some("1".into()), from_ms: Some(NOW_MS), until_ms: Some(NOW_MS + 4 * MINUTE_MS) },
    &["1/2"]
)]
#[tokio::test]
async fn notes_are_found(#[case] filter: NoteFilter, #[case] ids: &[&str], #[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = feed(kind).await;
    let rows = listed(&db, harbor, &filter).await;
    assert_eq!(rows.iter().map(|row| &*row.crm_id).collect::<Vec<_>>(), ids);
}
