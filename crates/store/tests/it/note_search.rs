//! A search finds the same notes on both databases, and hidden notes stay hidden.

use std::collections::BTreeSet;

use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use tetherboard_domain::{Dataset, EpochMs, PlausibleDates, Search, TenantId};
use tetherboard_store::candidates;
use tetherboard_store::notes::{self, Audience, NoteFilter, NoteRecord};
use tetherboard_store::records::{self, Absence};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{TestDatabase, tenant};

use crate::rows::{NOW_MS, harbor, lead, note, put_leads};

const TEXTS: [&str; 14] = [
    "Called about financing the build-out.",
    "FINANCING is in place; the fee is paid",
    "Re-financed? No: refinancing",
    "Étude de marché à Łódź, e\u{301}tude",
    "Straße, naïve café, ﬁnance",
    "NEAR(financing) AND OR NOT \"quoted\" * ^ col:x -minus",
    "100% sure, said_so: 50/50",
    "🎉 party 👍🏽 at 5",
    "你好 世界 Привет мир हिन्दी",
    "1/financing 2/financing",
    "don't e-mail 512-555-0101",
    "",
    "a b c a b d",
    "x\u{fffd}y zero\u{200b}width soft\u{ad}hyphen",
];

const SEARCHES: [&str; 44] = [
    "financing",
    "Financing",
    "financ",
    "financ*",
    "fin*",
    "*",
    "\"",
    ")",
    "(",
    "NEAR(",
    "NEAR(financing",
    "AND",
    "a AND b",
    "NOT",
    "-minus",
    "col:x",
    "^",
    "100%",
    "said_so",
    "50/50",
    "1/financing",
    "etude",
    "ÉTUDE",
    "strasse",
    "Straße",
    "lodz",
    "finance",
    "naive cafe",
    "🎉",
    "party",
    "你好",
    "привет",
    "हिन्दी",
    "don't",
    "dont",
    "512-555",
    "\"a b d\"",
    "\"b c a\"",
    "\"a b\"*",
    "\"the fee\" paid",
    "\"fee the\"",
    "x y",
    "zerowidth softhyphen",
    "'; DROP TABLE notes; --",
];

async fn written(kind: Kind) -> (TestDatabase, TenantId) {
    let (db, harbor) = harbor(kind).await;
    put_leads(&db, harbor, [("1", lead("Ada"))]).await;
    let found: Vec<_> = TEXTS.iter().enumerate().map(|(i, text)| note("1", &format!("{i:02}"), text)).collect();
    notes::put(db.store.conn(), harbor, &found, &[]).await.unwrap();
    (db, harbor)
}

async fn found(db: &TestDatabase, tenant: TenantId, audience: Audience, search: &str) -> BTreeSet<usize> {
    let search = Search::parse(search);
    let conn = db.store.conn();
    let filter = NoteFilter { text: Some(search.clone()), ..NoteFilter::default() };
    let listed = notes::list(conn, tenant, audience, &filter, (0, 99), 1_000).await.unwrap();
    let hits: BTreeSet<i64> = notes::search_hits(conn, tenant, &search).await.unwrap().into_iter().collect();
    assert!(listed.iter().all(|row| hits.contains(&row.no)), "{search:?}");
    listed.iter().filter_map(|row| row.note_id.parse().ok()).collect()
}

/// A reference implementation that uses only the texts.
fn meant(search: &str) -> BTreeSet<usize> {
    let search = Search::parse(search);
    let has = |text: &str| {
        let words = tetherboard_domain::search_words(text);
        let phrase = |words: &[String]| format!(" {} ", words.join(" "));
        search.terms().iter().all(|term| {
            term.ways.iter().any(|way| {
                let phrase = phrase(way);
                words.contains(if term.is_prefix { phrase.trim_end() } else { &phrase })
            })
        })
    };
    if search.is_empty() {
        return BTreeSet::new();
    }
    TEXTS.iter().enumerate().filter(|(_, text)| has(text)).map(|(i, _)| i).collect()
}

#[rstest]
#[tokio::test]
async fn a_search_finds_the_expected_notes_and_no_input_is_an_error(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = written(kind).await;
    for search in SEARCHES {
        assert_eq!(found(&db, harbor, Audience::Brand, search).await, meant(search), "{search}");
    }
    // Written by hand, in case both implementations are wrong in the same way.
    assert_eq!(found(&db, harbor, Audience::Brand, "financing").await, BTreeSet::from([0, 1, 5, 9]));
    assert_eq!(found(&db, harbor, Audience::Brand, "financ*").await, BTreeSet::from([0, 1, 2, 4, 5, 9]));
    assert_eq!(found(&db, harbor, Audience::Brand, "etude").await, BTreeSet::from([3]));
    assert_eq!(found(&db, harbor, Audience::Brand, "\"a b d\"").await, BTreeSet::from([12]));
    let long = format!("{}{}", "financing ".repeat(1_000), "z".repeat(10_000));
    assert_eq!(found(&db, harbor, Audience::Brand, &long).await, BTreeSet::new());
    let many = (0..5_000).map(|i| format!("w{i}")).collect::<Vec<_>>().join(" ");
    assert_eq!(found(&db, harbor, Audience::Brand, &many).await, BTreeSet::new());
    let all_of_one = format!("{} ", TEXTS[5]).repeat(20);
    assert!(found(&db, harbor, Audience::Brand, &all_of_one.replace('"', "")).await.contains(&5));
}

#[rstest]
#[tokio::test]
async fn very_long_notes_are_found_by_their_first_words(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    put_leads(&db, harbor, [("1", lead("Ada"))]).await;
    let texts = [
        format!("first {}", (0..150_000).map(|i| format!("w{i} ")).collect::<String>()),
        "a".repeat(1 << 20),
        "é ß ".repeat(200_000),
    ];
    let found_: Vec<_> = texts.iter().enumerate().map(|(i, text)| note("1", &i.to_string(), text)).collect();
    notes::put(db.store.conn(), harbor, &found_, &[]).await.unwrap();
    assert_eq!(found(&db, harbor, Audience::Brand, "first w1 w20000").await, BTreeSet::from([0]));
    assert_eq!(found(&db, harbor, Audience::Brand, &"a".repeat(1 << 20)).await, BTreeSet::from([1]));
    assert_eq!(found(&db, harbor, Audience::Brand, "\"ss e ss\"").await, BTreeSet::from([2]));
    let rows = notes::list(db.store.conn(), harbor, Audience::Brand, &NoteFilter::default(), (0, 9), 500).await.unwrap();
    assert!(rows.iter().all(|row| row.body.chars().count() == 500 && row.html.is_empty() && row.letters > 500));
}

#[rstest]
#[tokio::test]
async fn the_index_follows_every_write_and_separates_brands(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = written(kind).await;
    let conn = db.store.conn();
    let tidewater = tenant(&db.store, "tidewater", "UTC").await.id;
    put_leads(&db, tidewater, [("1", lead("Eve"))]).await;
    notes::put(conn, tidewater, &[note("1", "50", "financing elsewhere")], &[]).await.unwrap();
    assert_eq!(found(&db, tidewater, Audience::Brand, "financing").await, BTreeSet::from([50]));
    assert_eq!(
        notes::search_hits(conn, tidewater, &Search::parse("financing")).await.unwrap().len(),
        1,
        "no other brand's were read"
    );
    assert_eq!(notes::search_hits(conn, harbor, &Search::parse("elsewhere")).await.unwrap().len(), 0);

    notes::put(conn, harbor, &[note("1", "00", "now about pizza"), note("1", "70", "pizza too")], &[]).await.unwrap();
    assert_eq!(found(&db, harbor, Audience::Brand, "pizza").await, BTreeSet::from([0, 70]));
    assert_eq!(found(&db, harbor, Audience::Brand, "financing").await, BTreeSet::from([1, 5, 9]));
    records::set_absence(conn, harbor, Dataset::Notes, &["1/70".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    assert_eq!(found(&db, harbor, Audience::Brand, "pizza").await, BTreeSet::from([0]));
    conn.execute_raw(Statement::from_string(conn.get_database_backend(), "DELETE FROM notes WHERE crm_id = '1/00'"))
        .await
        .unwrap();
    assert_eq!(found(&db, harbor, Audience::Brand, "pizza").await, BTreeSet::new());
}

#[rstest]
#[tokio::test]
async fn hidden_notes_stay_visible_to_the_agency_only_after_they_are_read_again(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = written(kind).await;
    let conn = db.store.conn();
    let tidewater = tenant(&db.store, "tidewater", "UTC").await.id;
    let (meta, text) = note("1", "80", "secret text");
    let text = NoteRecord { kind: " Internal ".to_owned(), created_ms: Some(NOW_MS + 5), ..text };
    let secret = [(meta, text)];
    notes::put(conn, harbor, &secret, &[]).await.unwrap();
    assert!(notes::hide_kind(conn, harbor, "internal", None, EpochMs(7)).await.unwrap());
    assert!(!notes::hide_kind(conn, harbor, "INTERNAL", None, EpochMs(8)).await.unwrap(), "it is hidden already");
    assert!(notes::hide_note(conn, harbor, "1/01", None, EpochMs(7)).await.unwrap());
    // Another brand's notes are not affected.
    assert!(notes::hide_note(conn, tidewater, "1/00", None, EpochMs(7)).await.unwrap());
    notes::put(conn, harbor, &secret, &[]).await.unwrap();
    notes::put(conn, harbor, &[note("1", "01", TEXTS[1])], &[]).await.unwrap();

    let contact = "1".into();
    for (audience, more) in [(Audience::Agency, 2), (Audience::Brand, 0)] {
        let all = TEXTS.len() as i64 - 1 + more;
        assert_eq!(notes::count(conn, harbor, audience, &NoteFilter::default()).await.unwrap(), all);
        let rows = notes::list(conn, harbor, audience, &NoteFilter::default(), (0, 99), 99).await.unwrap();
        assert_eq!(rows.iter().filter(|row| row.hidden).count() as i64, more);
        assert_eq!(rows.iter().filter(|row| row.hidden_kind).count() as i64, more / 2);
        assert_eq!(found(&db, harbor, audience, "secret").await.len() as i64, more / 2);
        assert_eq!(candidates::notes(conn, harbor, audience, &contact, PlausibleDates::at(NOW_MS), 99, 99).await.unwrap().1, all);
        let numbers: Vec<i64> = rows
            .iter()
            .map(|row| row.no)
            .chain(notes::search_hits(conn, harbor, &Search::parse("secret")).await.unwrap())
            .collect();
        assert_eq!(notes::by_numbers(conn, harbor, audience, &numbers, 99).await.unwrap().len() as i64, all);
        let latest =
            notes::latest_for(conn, harbor, audience, &["1".into(), "2".into()], PlausibleDates::at(NOW_MS)).await.unwrap();
        assert_eq!(latest["1"].body == "secret text", audience == Audience::Agency);
        assert_eq!(notes::get(conn, harbor, audience, "1/80").await.unwrap().is_some(), audience == Audience::Agency);
        assert_eq!(notes::text_part(conn, harbor, audience, "1/80", 1, 9).await.unwrap().is_some(), audience == Audience::Agency);
        assert_eq!(notes::text_part(conn, harbor, audience, "1/02", 4, 4).await.unwrap().unwrap().0, "fina");
    }
    let mut in_short = Vec::new();
    notes::each_summary(conn, harbor, |note| in_short.push(note.hidden)).await.unwrap();
    assert_eq!((in_short.len(), in_short.iter().filter(|hidden| **hidden).count()), (TEXTS.len() + 1, 2));

    assert!(notes::show_kind(conn, harbor, "Internal").await.unwrap() && notes::show_note(conn, harbor, "1/01").await.unwrap());
    assert!(!notes::show_note(conn, harbor, "1/00").await.unwrap());
    assert_eq!(notes::count(conn, harbor, Audience::Brand, &NoteFilter::default()).await.unwrap(), TEXTS.len() as i64 + 1);
    assert!(notes::hidden_kinds(conn, harbor).await.unwrap().is_empty());
}
