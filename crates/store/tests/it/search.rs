//! Candidates, leads, and deals are found however a name or a phone number is typed, and texts of older versions as well.

use rstest::rstest;
use sea_orm::ConnectionTrait;
use tetherboard_domain::{Search, TenantId};
use tetherboard_store::deals::{DealFilter, DealRecord};
use tetherboard_store::leads::{LeadFilter, LeadRecord};
use tetherboard_store::notes::{self, Audience, NoteFilter};
use tetherboard_store::{candidates, deal_links, deals, leads};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::TestDatabase;

use crate::rows::{NOW_MS, deal, harbor, lead, note, put_deals, put_leads};

const NAMES: [&str; 14] = [
    "José Núñez",
    "Élodie Brûlé",
    "Pat O’Brien",
    "Jean-Luc Picard",
    "Łukasz Ørsted-Đorđe",
    "Straße Ægir",
    "مُحَمَّد علي",
    "שָׁלוֹם כהן",
    "臨時会議室",
    "山田 太郎",
    "観光ｶﾞｲﾄﾞ",
    "สวัสดีครับ",
    "정기회의를",
    "Ёлкина Άγγελος",
];

/// Each with the name it finds.
const SEARCHES: [(&str, usize); 33] = [
    ("jose", 0),
    ("NUNEZ", 0),
    ("jose\u{301} nun\u{303}ez", 0),
    ("elodie", 1),
    ("brule", 1),
    ("o'brien", 2),
    ("o’brien", 2),
    ("oʼbrien", 2),
    ("obrien", 2),
    ("o brien", 2),
    ("jean-luc", 3),
    ("jeanluc", 3),
    ("jean luc", 3),
    ("jean\u{2011}luc", 3),
    ("ＰＩＣＡＲＤ", 3),
    ("lukasz", 4),
    ("orsted dorde", 4),
    ("strasse", 5),
    ("aegir", 5),
    ("STRAẞE", 5),
    ("محمد", 6),
    ("שלום", 7),
    ("会議", 8),
    ("会", 8),
    ("山田太郎", 9),
    ("山田　太郎", 9),
    ("ガイド", 10),
    ("ｶﾞｲﾄﾞ", 10),
    ("ดี", 11),
    ("회의", 12),
    ("\u{1112}\u{116c}\u{110b}\u{1174}", 12),
    ("елкина", 13),
    ("αγγελος", 13),
];

/// Each name as a contact, the deal of another contact, and a note.
async fn written(kind: Kind) -> (TestDatabase, TenantId) {
    let (db, harbor) = harbor(kind).await;
    for (at, name) in NAMES.iter().enumerate() {
        let phone = format!("(312) 555-01{at:02}");
        put_leads(&db, harbor, [(format!("{at:02}").as_str(), LeadRecord { phone, ..lead(name) })]).await;
        let deal = DealRecord { name: (*name).to_owned(), ..deal("Deal") };
        put_deals(&db, harbor, [(format!("{at:02}").as_str(), deal)]).await;
        notes::put(db.store.conn(), harbor, &[note("00", &format!("{at:02}"), name)], &[]).await.unwrap();
    }
    deal_links::relink(db.store.conn(), harbor, NOW_MS).await.unwrap();
    (db, harbor)
}

/// The IDs that the candidate search, the list of leads, the list of deals, and the notes find.
async fn found(db: &TestDatabase, tenant: TenantId, text: &str) -> [Vec<String>; 4] {
    let conn = db.store.conn();
    let (ids, total) = candidates::SearchTexts::load(conn, tenant).await.unwrap().find(text, 100);
    let candidates = candidates::matches(conn, tenant, &ids).await.unwrap();
    let candidates: Vec<String> = candidates.into_iter().map(|one| one.crm_id.into()).collect();
    assert_eq!(candidates.len() as i64, total);
    let filter = LeadFilter { text: Some(text.to_owned()), ..LeadFilter::default() };
    let leads = leads::list(conn, tenant, &filter, leads::LeadSort::Name, false, &[], (0, 99)).await.unwrap();
    let filter = DealFilter { text: Some(text.to_owned()), ..DealFilter::default() };
    let deals = deals::list(conn, tenant, &filter, deals::DealSort::Name, false, &[], (0, 99)).await.unwrap();
    let filter = NoteFilter { text: Some(Search::parse(text)), ..NoteFilter::default() };
    let notes = notes::list(conn, tenant, Audience::Agency, &filter, (0, 99), 100).await.unwrap();
    [
        candidates,
        leads.into_iter().map(|row| row.crm_id.into()).collect(),
        deals.into_iter().filter(|row| !row.deal_id.as_str().is_empty()).map(|row| row.deal_id.into()).collect(),
        notes.into_iter().map(|row| row.note_id).collect(),
    ]
}

#[rstest]
#[tokio::test]
async fn a_name_is_found_in_every_list_however_it_is_typed(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = written(kind).await;
    for (text, at) in SEARCHES {
        let expected = vec![format!("{at:02}")];
        assert_eq!(found(&db, harbor, text).await, [&expected; 4].map(Clone::clone), "{text}");
    }
    for nothing in ["@", "%", "_", "'", "\u{200b}", "🎉", "josé picard"] {
        assert_eq!(found(&db, harbor, nothing).await, [const { Vec::<String>::new() }; 4], "{nothing}");
    }
}

#[rstest]
#[tokio::test]
async fn any_part_of_a_phone_number_finds_its_candidate_and_deal(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = written(kind).await;
    // A deal is also found by its contact.
    let conn = db.store.conn();
    put_deals(&db, harbor, [("d", DealRecord { client_id: Some("03".into()), ..deal("Other") })]).await;
    deal_links::relink(conn, harbor, NOW_MS).await.unwrap();
    for text in [
        "555-0103",
        "(312) 555 0103",
        "3125550103",
        "+1 312 555 0103",
        "1-312-555-0103",
        "0103",
        "３１２ ５５５ ０１０３",
        "picard 555-0103",
    ] {
        let [candidates, leads, deals, _] = found(&db, harbor, text).await;
        assert_eq!((candidates, leads), (vec!["03".to_owned()], vec!["03".to_owned()]), "{text}");
        assert!(deals.contains(&"d".to_owned()), "{text}: {deals:?}");
    }
    let all = found(&db, harbor, "+1 312").await;
    assert_eq!((all[0].len(), all[1].len()), (NAMES.len(), NAMES.len()));
    assert_eq!(found(&db, harbor, "+1 773").await[0], Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn texts_that_an_older_version_stored_are_prepared_again(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = written(kind).await;
    let conn = db.store.conn();
    conn.execute_unprepared(
        "UPDATE leads SET search = LOWER(name); UPDATE pipeline_items SET search = LOWER(name); UPDATE notes SET search = ' ' || LOWER(body) || ' '; \
         UPDATE search_versions SET version = 0",
    )
    .await
    .unwrap();
    assert_eq!(found(&db, harbor, "obrien").await, [const { Vec::<String>::new() }; 4]);
    assert!(!db.store.is_migrated().await.unwrap());
    let mut starting = Vec::new();
    for _ in 0..3 {
        let store = db.reopen().await;
        starting.push(tokio::spawn(async move { store.migrate().await }));
    }
    for started in starting {
        started.await.unwrap().unwrap();
    }
    assert!(db.store.is_migrated().await.unwrap());
    for (text, at) in SEARCHES {
        let expected = vec![format!("{at:02}")];
        assert_eq!(found(&db, harbor, text).await, [&expected; 4].map(Clone::clone), "{text}");
    }
    // A newer version that shares the database is not undone.
    conn.execute_unprepared("UPDATE search_versions SET version = 99; UPDATE leads SET search = 'other'").await.unwrap();
    db.store.migrate().await.unwrap();
    assert_eq!(found(&db, harbor, "other").await[0].len(), NAMES.len());
}
