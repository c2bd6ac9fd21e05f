use rstest::rstest;
use tetherboard_domain::{ContactId, DAY, Dataset, EpochMs, Money, StageKey, TenantId, UsState};
use tetherboard_store::leads::{self, ContactTypes, FirstTouches, LabelMatch, LeadFilter, LeadRecord, LeadSort};
use tetherboard_store::notes::{self, NoteRecord};
use tetherboard_store::records::{self, Absence};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::TestDatabase;

use crate::rows::{NOW_MS, harbor, lead, meta, put_leads, window};

async fn found(db: &TestDatabase, tenant: TenantId, filter: &LeadFilter) -> Vec<String> {
    let conn = db.store.conn();
    let rows = leads::list(conn, tenant, filter, LeadSort::Name, false, &[], (0, 1_000)).await.unwrap();
    assert_eq!(leads::count(conn, tenant, filter).await.unwrap(), i64::try_from(rows.len()).unwrap());
    rows.into_iter().map(|row| row.crm_id.into()).collect()
}

async fn sorted(db: &TestDatabase, tenant: TenantId, sort: LeadSort, descending: bool, stages: &[&str]) -> Vec<String> {
    let stages: Vec<StageKey> = stages.iter().map(|stage| StageKey::of(stage)).collect();
    let filter = LeadFilter::default();
    let rows = leads::list(db.store.conn(), tenant, &filter, sort, descending, &stages, (0, 1_000)).await.unwrap();
    rows.into_iter().map(|row| row.crm_id.into()).collect()
}

fn searching(text: &str) -> LeadFilter {
    LeadFilter { text: Some(text.to_owned()), ..LeadFilter::default() }
}

fn keys(found: &[&str]) -> Vec<String> {
    found.iter().map(|key| (*key).to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn writing_a_contact_again_updates_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    put_leads(&db, tenant, [("007", lead("Ada"))]).await;
    let changed = LeadRecord {
        company: "Acme".to_owned(),
        market: "Austin".to_owned(),
        fee: Some(Money(9_000_000)),
        fee_flagged: true,
        stage: Some(" FDD Sent ".trim().to_owned()),
        stage_since_exact: true,
        created_ms: None,
        contact_type: None,
        ..lead("Ada Lovelace")
    };
    put_leads(&db, tenant, [("007", changed)]).await;
    assert_eq!(leads::count(db.store.conn(), tenant, &LeadFilter::default()).await.unwrap(), 1);
    let row = leads::get(db.store.conn(), tenant, &"007".into()).await.unwrap().unwrap();
    assert_eq!((&*row.name, &*row.company, &*row.market), ("Ada Lovelace", "Acme", "Austin"));
    assert_eq!((row.fee_cents, row.fee_flagged, row.created_ms, row.contact_type), (Some(9_000_000), true, None, None));
    assert_eq!(
        (row.stage.as_deref(), row.stage_key.as_deref(), row.stage_since_exact),
        (Some("FDD Sent"), Some("fdd sent"), true)
    );
    assert!(leads::get(db.store.conn(), tenant, &"7".into()).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn signs_are_no_wildcards(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let names = ["100% sure", "1000 sure", "snake_case", "snakeXcase", r"back\slash", "backslash", "O'Neill $1 ?"];
    let ids = ["1", "2", "3", "4", "5", "6", "7"];
    for (id, name) in ids.into_iter().zip(names) {
        put_leads(&db, tenant, [(id, lead(name))]).await;
    }
    let wanted: [(&str, &[&str]); 9] = [
        ("100%", &["1", "2"]),
        ("1%e", &[]),
        ("%", &[]),
        ("snake_case", &["3"]),
        ("snake_xcase", &["4"]),
        ("_", &[]),
        (r"k\s", &["5", "6"]),
        (r"\", &[]),
        ("o'neill $1 ?", &["7"]),
    ];
    for (text, ids) in wanted {
        let mut found = found(&db, tenant, &searching(text)).await;
        found.sort();
        assert_eq!(found, ids, "{text}");
    }
}

#[rstest]
#[case::another_case("ADA", &["1"])]
#[case::letters_beyond_ascii("élodie", &["2"])]
#[case::letters_beyond_ascii_in_capitals("ÉLODIE ÅKESSON", &["2"])]
#[case::words_in_any_order("lovelace ada", &["1"])]
#[case::words_in_different_fields("ada acme austin", &["1"])]
#[case::one_word_that_does_not_occur("ada nowhere", &[])]
#[case::part_of_an_email("@example", &["1"])]
#[case::part_of_a_phone_number("555-01", &["1"])]
#[case::no_word(" \t ", &["1", "2"])]
#[case::not_across_two_fields("lovelaceacme", &[])]
#[tokio::test]
async fn contacts_are_found_by_words(#[case] text: &str, #[case] expected: &[&str], #[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let ada = LeadRecord {
        company: "Acme".to_owned(),
        email: "ada@example.com".to_owned(),
        phone: "(512) 555-0123".to_owned(),
        market: "Austin".to_owned(),
        ..lead("Ada Lovelace")
    };
    put_leads(&db, tenant, [("1", ada), ("2", lead("Élodie Åkesson"))]).await;
    assert_eq!(found(&db, tenant, &searching(text)).await, expected);
}

#[rstest]
#[case::by_keys(LabelMatch::Keys(keys(&["new lead", "fdd sent"])), &["1", "2", "3"])]
#[case::by_no_key(LabelMatch::Keys(Vec::new()), &[])]
#[case::by_the_blank_key(LabelMatch::Keys(keys(&[""])), &["4"])]
#[case::by_other_keys(LabelMatch::NotKeys(keys(&["new lead"])), &["3", "4", "5"])]
#[case::by_not_even_one_key(LabelMatch::NotKeys(Vec::new()), &["1", "2", "3", "4", "5"])]
#[case::by_exact_text(LabelMatch::Text("new lead".to_owned()), &["2"])]
#[case::by_being_no_text(LabelMatch::NotText, &["5"])]
#[tokio::test]
async fn contacts_can_be_filtered_by_stage_and_source(
    #[case] label: LabelMatch,
    #[case] expected: &[&str],
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let (db, tenant) = harbor(kind).await;
    let labelled = |label: Option<&str>| LeadRecord { stage: label.map(Into::into), source: label.map(Into::into), ..lead("x") };
    let labels = [("1", Some("New Lead")), ("2", Some("new lead")), ("3", Some("FDD Sent")), ("4", Some("")), ("5", None)];
    put_leads(&db, tenant, labels.map(|(id, label)| (id, labelled(label)))).await;
    let by_stage = LeadFilter { stages: vec![label.clone()], ..LeadFilter::default() };
    assert_eq!(found(&db, tenant, &by_stage).await, expected);
    let by_source = LeadFilter { source: Some(label.clone()), ..LeadFilter::default() };
    assert_eq!(found(&db, tenant, &by_source).await, expected);
    let never = LabelMatch::Keys(Vec::new());
    let by_both = LeadFilter { stages: vec![label, never], ..LeadFilter::default() };
    assert!(found(&db, tenant, &by_both).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_window_includes_its_start_and_excludes_its_end(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let created = |created_ms| LeadRecord { created_ms, ..lead("x") };
    let moments = [("1", NOW_MS - 1), ("2", NOW_MS), ("3", NOW_MS + DAY - 1), ("4", NOW_MS + DAY)];
    put_leads(&db, tenant, moments.map(|(id, ms)| (id, created(Some(ms))))).await;
    put_leads(&db, tenant, [("5", created(None))]).await;
    let day = window(NOW_MS, NOW_MS + DAY);
    let created = LeadFilter { created: Some(day), ..LeadFilter::default() };
    assert_eq!(found(&db, tenant, &created).await, ["2", "3"]);
    let undated = LeadFilter { undated: true, ..LeadFilter::default() };
    assert_eq!(found(&db, tenant, &undated).await, ["5"]);
    let cells = leads::cells(db.store.conn(), tenant, Some(day)).await.unwrap();
    assert_eq!(cells.iter().map(|cell| cell.contacts).collect::<Vec<_>>(), [2]);
}

#[rstest]
#[tokio::test]
async fn cohorts_contain_every_live_contact_with_its_creation_time(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let created = |created_ms, market: &str| LeadRecord { created_ms, market: market.into(), ..lead("x") };
    let leads = [
        ("1", created(Some(NOW_MS), "Denver, CO")),
        ("2", created(Some(NOW_MS + 1), "Denver, CO")),
        ("3", created(None, "Denver, CO")),
        ("4", created(None, "")),
        ("5", LeadRecord { source: None, stage: None, contact_type: None, ..lead("x") }),
        ("6", lead("gone")),
    ];
    put_leads(&db, tenant, leads).await;
    records::set_absence(db.store.conn(), tenant, Dataset::Contacts, &["6".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    let mut cohorts = leads::cohorts(db.store.conn(), tenant).await.unwrap();
    cohorts.iter_mut().for_each(|cohort| cohort.created.sort_unstable());
    let mut actual: Vec<_> = cohorts
        .iter()
        .map(|cohort| {
            (cohort.source.as_deref(), cohort.market.as_str(), cohort.contact_type, cohort.contacts, cohort.created.clone())
        })
        .collect();
    actual.sort();
    let odd = lead("x").created_ms.into_iter().collect();
    assert_eq!(
        actual,
        [
            (None, "", None, 1, odd),
            (Some("Web"), "", Some(1), 1, vec![]),
            (Some("Web"), "Denver, CO", Some(1), 3, vec![NOW_MS, NOW_MS + 1])
        ]
    );
}

#[rstest]
#[tokio::test]
async fn a_first_touch_is_the_first_note_by_a_person_after_the_contact_was_created(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let created = |contact_type| LeadRecord { created_ms: Some(NOW_MS), contact_type, ..lead("x") };
    put_leads(&db, tenant, ["1", "2", "3", "4"].map(|id| (id, created(Some(1))))).await;
    put_leads(&db, tenant, [("5", created(Some(2)))]).await;
    let note = |client: &str, author: &str, after_ms: i64| NoteRecord {
        note_id: format!("{author}{after_ms}"),
        client_id: client.into(),
        kind: "Call".to_owned(),
        author: author.to_owned(),
        html: String::new(),
        body: String::new(),
        created_ms: Some(NOW_MS + after_ms),
    };
    let written = [
        note("1", "System", 1_000),
        note("1", "Ruth", 60_000),
        note("1", "Ruth", 90_000),
        note("1", "Ruth", -5),
        note("2", " system ", 1_000),
        note("3", "", 1_000),
        note("4", "Owen", 500),
        note("5", "Owen", 500),
    ];
    let rows: Vec<_> =
        (1..).zip(written).map(|(row, note)| (meta(&format!("{}/{}", note.client_id, note.note_id), row), note)).collect();
    notes::put(db.store.conn(), tenant, &rows, &[]).await.unwrap();
    notes::set_read(db.store.conn(), tenant, &["1", "2", "3", "5"].map(ContactId::from), NOW_MS + 100_000).await.unwrap();
    let touches = leads::first_touches(db.store.conn(), tenant, window(NOW_MS, NOW_MS + 1)).await.unwrap();
    assert_eq!(touches, FirstTouches { prospects: 4, read: 3, after_ms: vec![60_000] });
}

#[rstest]
#[tokio::test]
async fn the_state_filter_agrees_with_how_markets_are_read(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let markets = [
        "Denver, CO",
        "denver, colorado ",
        "CO",
        " Colorado",
        "Denver CO",
        "Coco, FL",
        "Washington, DC",
        "Washington",
        ",co",
        "A,  CO",
    ];
    let lead = |market: &str| LeadRecord { market: market.into(), ..lead("x") };
    put_leads(&db, tenant, markets.map(|market| (market, lead(market)))).await;
    for state in UsState::ALL {
        let mut expected: Vec<&str> = markets.into_iter().filter(|market| UsState::of_market(market) == Some(state)).collect();
        expected.sort_unstable();
        let filter = LeadFilter { state: Some(state), ..LeadFilter::default() };
        assert_eq!(found(&db, tenant, &filter).await, expected, "{}", state.name());
    }
}

#[rstest]
#[tokio::test]
async fn counts_by_group_add_up_to_the_live_contacts(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let odd = LeadRecord { source: None, stage: None, contact_type: None, ..lead("x") };
    put_leads(&db, tenant, [("1", lead("a")), ("2", lead("b")), ("3", odd), ("4", lead("gone"))]).await;
    records::set_absence(db.store.conn(), tenant, Dataset::Contacts, &["4".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    let cells = leads::cells(db.store.conn(), tenant, None).await.unwrap();
    let mut actual: Vec<_> =
        cells.iter().map(|cell| (cell.source.as_deref(), cell.stage_key.as_deref(), cell.contact_type, cell.contacts)).collect();
    actual.sort();
    assert_eq!(actual, [(None, None, None, 1), (Some("Web"), Some("new lead"), Some(1), 2)]);
    let of = |types| LeadFilter { types: Some(types), ..LeadFilter::default() };
    assert_eq!(found(&db, tenant, &of(ContactTypes::Prospects)).await, ["1", "2"]);
    assert_eq!(found(&db, tenant, &of(ContactTypes::Others)).await, ["3"]);
}

#[rstest]
#[case::created(LeadSort::Created)]
#[case::market(LeadSort::Market)]
#[case::owner(LeadSort::Owner)]
#[tokio::test]
async fn unknown_values_sort_last_in_both_directions(#[case] sort: LeadSort, #[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let known =
        |word: &str, created| LeadRecord { market: word.to_owned(), owner: word.to_owned(), created_ms: created, ..lead("x") };
    put_leads(
        &db,
        tenant,
        [("1", known("", None)), ("2", known("Boston", Some(EpochMs(2)))), ("3", known("austin", Some(EpochMs(1))))],
    )
    .await;
    assert_eq!(sorted(&db, tenant, sort, false, &[]).await, ["3", "2", "1"]);
    assert_eq!(sorted(&db, tenant, sort, true, &[]).await, ["2", "3", "1"]);
}

#[rstest]
#[tokio::test]
async fn stages_sort_in_the_crms_order_and_unlisted_ones_after_them(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let staged = |stage: Option<&str>| LeadRecord { stage: stage.map(Into::into), ..lead("x") };
    put_leads(
        &db,
        tenant,
        [("1", staged(Some("Odd"))), ("2", staged(Some("Zeroth"))), ("3", staged(Some("First"))), ("4", staged(None))],
    )
    .await;
    assert_eq!(sorted(&db, tenant, LeadSort::Stage, false, &["Zeroth", "First"]).await, ["2", "3", "1", "4"]);
    assert_eq!(sorted(&db, tenant, LeadSort::Stage, false, &[]).await, ["4", "3", "1", "2"]);
}

#[rstest]
#[tokio::test]
async fn pages_of_contacts_with_equal_sort_keys_neither_repeat_nor_skip(
    #[values(LeadSort::Created, LeadSort::Name, LeadSort::Source, LeadSort::Market, LeadSort::Stage, LeadSort::Owner)]
    sort: LeadSort,
    #[values(false, true)] descending: bool,
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let (db, tenant) = harbor(kind).await;
    let ids: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
    put_leads(&db, tenant, ids.map(|id| (id, lead("Same")))).await;
    let mut seen = Vec::new();
    for page in 0..4 {
        let filter = LeadFilter::default();
        let order = [StageKey::of("new lead")];
        let rows = leads::list(db.store.conn(), tenant, &filter, sort, descending, &order, (page * 5, 5)).await.unwrap();
        seen.extend(rows.into_iter().map(|row| String::from(row.crm_id)));
    }
    assert_eq!(seen, ["1", "10", "11", "12", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

#[rstest]
#[tokio::test]
async fn prior_states_are_those_stored_before(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    put_leads(&db, tenant, [("1", lead("a")), ("2", LeadRecord { stage: None, stage_since_exact: true, ..lead("b") })]).await;
    let wanted = ["2".to_owned(), "1".to_owned(), "404".to_owned()];
    let mut actual = leads::prior_states(db.store.conn(), tenant, &wanted).await.unwrap();
    actual.sort_by(|a, b| a.crm_id.cmp(&b.crm_id));
    let actual: Vec<_> = actual.iter().map(|s| (&*s.crm_id, s.stage.as_deref(), s.stage_since_ms, s.stage_since_exact)).collect();
    assert_eq!(actual, [("1", Some("New Lead"), NOW_MS, false), ("2", None, NOW_MS, true)]);
}
