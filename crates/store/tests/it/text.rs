//! Unusual text from users and machines.

use rstest::rstest;
use tetherboard_domain::{RunStatus, StageKey, Trigger};
use tetherboard_store::leads::{self, LabelMatch, LeadFilter, LeadRecord, LeadSort};
use tetherboard_store::runs;
use tetherboard_testkit::Kind::{self, *};

use crate::rows::{NOW_MS, harbor, lead, put_leads};

#[rstest]
#[case::quotes(r#"'; DROP TABLE leads; -- " `"#)]
#[case::parameters("$1 ? :name @x")]
#[case::markup("<script>alert(1)</script>")]
#[case::formula("=HYPERLINK(\"http://example.com\")")]
#[case::right_to_left("\u{202e}evil\u{202c} شركة")]
#[case::emoji("👩‍👩‍👧‍👦 𝔉𝔯𝔞𝔫𝔠𝔥𝔦𝔰𝔢")]
#[case::combining("Zalgo\u{0337}\u{0301}\u{0301}")]
#[case::control("line\nbreak\tand\u{7}bell")]
#[case::blanks("\u{a0}\u{2003}")]
#[case::backslashes(r"C:\new\table")]
#[tokio::test]
async fn any_text_is_stored_unchanged(#[case] text: &str, #[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let hostile =
        LeadRecord { company: text.to_owned(), stage: Some(text.to_owned()), source: Some(text.to_owned()), ..lead(text) };
    put_leads(&db, tenant, [(text, hostile)]).await;
    let row = leads::get(conn, tenant, &text.into()).await.unwrap().unwrap();
    assert_eq!((row.crm_id.as_str(), &*row.name, row.stage.as_deref()), (text, text, Some(text)));
    assert_eq!(row.stage_key, Some(StageKey::of(text).0));
    let filter =
        LeadFilter { stages: vec![LabelMatch::Text(text.to_owned())], text: Some(text.to_owned()), ..LeadFilter::default() };
    let order = [StageKey::of(text)];
    assert_eq!(leads::list(conn, tenant, &filter, LeadSort::Stage, false, &order, (0, 9)).await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn names_of_any_length_are_stored(#[values(300, 100_000)] length: usize, #[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let name = "Ö".repeat(length);
    let long = LeadRecord { stage: Some(name.clone()), source: Some(name.clone()), market: name.clone(), ..lead(&name) };
    put_leads(&db, tenant, [("1", long)]).await;
    let rows = leads::list(db.store.conn(), tenant, &LeadFilter::default(), LeadSort::Name, true, &[], (0, 9)).await.unwrap();
    assert!(rows[0].name == name && rows[0].stage.as_ref() == Some(&name));
}

/// Fits into the request line of an HTTP request.
#[rstest]
#[tokio::test]
async fn a_search_for_a_very_long_word_finds_nothing(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    put_leads(&db, tenant, [("1", lead("Ada"))]).await;
    let filter = LeadFilter { text: Some("x".repeat(60_000)), ..LeadFilter::default() };
    assert_eq!(leads::count(db.store.conn(), tenant, &filter).await.unwrap(), 0);
}

/// PostgreSQL text cannot contain NUL, so the decoder must replace it. Other writes are not affected.
#[rstest]
#[tokio::test]
async fn postgresql_rejects_a_nul_and_the_connection_stays_usable(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let found = [(crate::rows::meta("1", 1), lead("A\0da"))];
    let written = leads::put(conn, tenant, &found, &[]).await;
    assert_eq!(written.is_ok(), kind == Sqlite);
    put_leads(&db, tenant, [("2", lead("Bo"))]).await;
    // A search drops it.
    let filter = LeadFilter { text: Some("b\0o".to_owned()), ..LeadFilter::default() };
    assert_eq!(leads::count(conn, tenant, &filter).await.unwrap(), 1);
    assert_eq!(leads::count(conn, tenant, &LeadFilter::default()).await.unwrap(), if kind == Sqlite { 2 } else { 1 });
    let run = runs::start(conn, tenant, Trigger::Schedule, NOW_MS).await.unwrap().id;
    runs::finish(conn, &run, RunStatus::Succeeded, NOW_MS).await.unwrap();
}
