use rstest::rstest;
use tetherboard_domain::{ContactId, Dataset, DealId, Money, Odds, StageKey, TenantId};
use tetherboard_store::deals::{self, CloseDates, DealFilter, DealRecord, DealSort};
use tetherboard_store::leads::{self, LabelMatch, LeadRecord};
use tetherboard_store::records::{self, Absence, RecordMeta};
use tetherboard_store::{deal_links, history};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::TestDatabase;

use crate::rows::{NOW_MS, deal, harbor, lead, meta, put_deals, put_leads};

/// Each deal as `deal/contact name`, with a blank deal for implicit ones.
async fn summaries(db: &TestDatabase, tenant: TenantId, filter: &DealFilter) -> Vec<String> {
    let conn = db.store.conn();
    let rows = deals::list(conn, tenant, filter, DealSort::Name, false, &[], (0, 1_000)).await.unwrap();
    assert_eq!(deals::count(conn, tenant, filter).await.unwrap(), i64::try_from(rows.len()).unwrap());
    rows.iter().map(|row| format!("{}/{}", row.deal_id, row.name)).collect()
}

async fn relinked(db: &TestDatabase, tenant: TenantId) {
    let tx = db.store.begin().await.unwrap();
    deal_links::relink(&tx, tenant, NOW_MS).await.unwrap();
    tx.commit().await.unwrap();
}

fn of(client_id: &str) -> DealRecord {
    DealRecord { client_id: Some(client_id.into()), ..deal("Territory") }
}

fn named(name: &str) -> DealRecord {
    DealRecord { name: name.to_owned(), link_key: Some(name.to_lowercase()), ..deal("Territory") }
}

async fn gone(db: &TestDatabase, tenant: TenantId, dataset: Dataset, id: &str) {
    records::set_absence(db.store.conn(), tenant, dataset, &[id.to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_prospect_who_never_had_a_deal_has_an_implicit_deal(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let rich = LeadRecord { fee: Some(Money(100)), market: "Austin".to_owned(), ..lead("Ada") };
    put_leads(&db, tenant, [("1", rich), ("2", lead("Bo")), ("3", LeadRecord { contact_type: Some(2), ..lead("Cy") })]).await;
    put_deals(&db, tenant, [("d1", of("2"))]).await;
    relinked(&db, tenant).await;
    assert_eq!(summaries(&db, tenant, &DealFilter::default()).await, ["/Ada", "d1/Bo"]);
    let rows = deals::list(db.store.conn(), tenant, &DealFilter::default(), DealSort::Fee, true, &[], (0, 1)).await.unwrap();
    assert_eq!(
        (rows[0].contact_id.as_ref().map(ContactId::as_str), rows[0].fee_cents, rows[0].odds),
        (Some("2"), Some(5_000_000), None)
    );

    // A contact that had a deal never counts as one itself, whether the deal is gone or names another contact.
    gone(&db, tenant, Dataset::Deals, "d1").await;
    assert_eq!(summaries(&db, tenant, &DealFilter::default()).await, ["/Ada"]);
    put_deals(&db, tenant, [("d1", of("1"))]).await;
    relinked(&db, tenant).await;
    assert_eq!(summaries(&db, tenant, &DealFilter::default()).await, ["d1/Ada"]);
}

#[rstest]
#[tokio::test]
async fn a_deal_that_names_another_contact_and_a_contact_listed_after_its_deal_are_recorded(
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let (db, tenant) = harbor(kind).await;
    put_leads(&db, tenant, [("1", lead("Ada")), ("2", lead("Bo"))]).await;
    put_deals(&db, tenant, [("d1", of("1")), ("d2", of("9")), ("d3", named("Bo"))]).await;
    relinked(&db, tenant).await;
    let links = async || {
        let mut links = Vec::new();
        let take = |change: history::ValueChange| links.push((change.crm_id, change.old, change.new));
        history::each_value_change(db.store.conn(), tenant, Dataset::Deals, take).await.unwrap();
        links
    };
    assert_eq!(links().await, [], "a first link is no change");
    let tx = db.store.begin().await.unwrap();
    let later = RecordMeta { changed_ms: NOW_MS + 1, ..meta("9", 9) };
    leads::put(&tx, tenant, &[(later, lead("Bo"))], &[]).await.unwrap();
    deal_links::mark_new_contacts(&tx, tenant, &["9".to_owned()], NOW_MS + 1).await.unwrap();
    tx.commit().await.unwrap();
    put_deals(&db, tenant, [("d1", of("2"))]).await;
    let tx = db.store.begin().await.unwrap();
    deal_links::relink(&tx, tenant, NOW_MS + 2).await.unwrap();
    tx.commit().await.unwrap();
    // Two contacts are called Bo now, so the deal that only names one belongs to neither.
    let link = |deal: &str, old: &str, new: Option<&str>| (deal.to_owned(), Some(old.to_owned()), new.map(str::to_owned));
    assert_eq!(links().await, [link("d1", "1", Some("2")), link("d3", "2", None)]);
    let mut had = Vec::new();
    history::each_contact(db.store.conn(), tenant, |seen| had.push(seen.had_deal_ms)).await.unwrap();
    assert_eq!(had, [Some(NOW_MS), Some(NOW_MS), Some(NOW_MS + 1)]);
}

#[rstest]
#[tokio::test]
async fn a_deal_counts_by_its_contacts_type_or_else_by_its_own(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    put_leads(&db, tenant, [("1", LeadRecord { contact_type: Some(2), ..lead("Franchisee") }), ("2", lead("Prospect"))]).await;
    let typed = |client_id: &str, contact_type| DealRecord { contact_type, name: "Nobody".to_owned(), ..of(client_id) };
    put_deals(
        &db,
        tenant,
        [
            ("a", typed("1", Some(1))),
            ("b", typed("2", Some(2))),
            ("c", typed("404", Some(2))),
            ("d", typed("404", Some(1))),
            ("e", typed("404", None)),
        ],
    )
    .await;
    relinked(&db, tenant).await;
    assert_eq!(summaries(&db, tenant, &DealFilter::default()).await, ["d/Nobody", "e/Nobody", "b/Prospect"]);
    assert_eq!(deals::unlinked(db.store.conn(), tenant).await.unwrap(), 3);
}

#[rstest]
#[tokio::test]
async fn a_deal_is_linked_by_id_or_without_one_by_a_unique_name(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    put_leads(
        &db,
        tenant,
        [("1", lead("Ada")), ("2", lead("Twin")), ("3", lead("Twin")), ("4", LeadRecord { link_key: None, ..lead("New Lead") })],
    )
    .await;
    let with_both = DealRecord { client_id: Some("404".into()), ..named("Ada") };
    put_deals(
        &db,
        tenant,
        [
            ("by id", of("1")),
            ("by name", named("Ada")),
            ("twin", named("Twin")),
            ("id of nobody", with_both),
            ("neither", deal("x")),
        ],
    )
    .await;
    relinked(&db, tenant).await;
    let contacts = |rows: Vec<deals::DealRow>| {
        let mut joined: Vec<_> =
            rows.into_iter().filter(|row| !row.deal_id.as_str().is_empty()).map(|row| (row.deal_id, row.contact_id)).collect();
        joined.sort();
        joined
    };
    let list = || async { deals::list(db.store.conn(), tenant, &NO_FILTER, DealSort::Name, false, &[], (0, 100)).await };
    let ada = Some(ContactId::from("1"));
    let expected = |twin: Option<&str>| {
        [
            ("by id", ada.clone()),
            ("by name", ada.clone()),
            ("id of nobody", None),
            ("neither", None),
            ("twin", twin.map(Into::into)),
        ]
        .map(|(deal, contact)| (DealId::from(deal), contact))
    };
    assert_eq!(contacts(list().await.unwrap()), expected(None));
    assert_eq!(deals::unlinked(db.store.conn(), tenant).await.unwrap(), 3);

    // The name is unique while one of the two contacts is gone.
    gone(&db, tenant, Dataset::Contacts, "3").await;
    relinked(&db, tenant).await;
    assert_eq!(contacts(list().await.unwrap()), expected(Some("2")));
    put_leads(&db, tenant, [("3", lead("Twin"))]).await;
    relinked(&db, tenant).await;
    assert_eq!(contacts(list().await.unwrap()), expected(None));
}

const NO_FILTER: DealFilter = DealFilter { stages: Vec::new(), fee_known: false, close: None, text: None };

#[rstest]
#[tokio::test]
async fn a_deal_is_not_linked_to_another_brands_contact(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    put_leads(&db, tidewater, [("1", lead("Ada"))]).await;
    put_deals(&db, harbor, [("d1", named("Ada")), ("d2", of("1"))]).await;
    relinked(&db, harbor).await;
    assert_eq!(deals::unlinked(db.store.conn(), harbor).await.unwrap(), 2);
    assert_eq!(summaries(&db, tidewater, &NO_FILTER).await, ["/Ada"]);
}

#[rstest]
#[tokio::test]
async fn deals_are_counted_by_stage_fee_and_odds(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    put_leads(&db, tenant, [("1", lead("Ada"))]).await;
    let sure = |id| (id, DealRecord { odds: Odds::from_hundredths(5_000), ..deal("x") });
    put_deals(&db, tenant, [sure("a"), sure("b"), ("c", deal("x")), ("d", DealRecord { fee: None, stage: None, ..deal("x") })])
        .await;
    let cells = deals::cells(db.store.conn(), tenant).await.unwrap();
    let mut summaries: Vec<_> =
        cells.iter().map(|cell| (cell.stage_key.as_deref(), cell.fee_cents, cell.odds, cell.deals)).collect();
    summaries.sort();
    assert_eq!(
        summaries,
        [
            (None, None, None, 1),
            (Some("fdd sent"), Some(5_000_000), None, 1),
            (Some("fdd sent"), Some(5_000_000), Some(5_000), 2),
            (Some("new lead"), None, None, 1),
        ]
    );
    let starts = deals::stage_starts(db.store.conn(), tenant).await.unwrap();
    assert_eq!(starts.len(), 5);
}

#[rstest]
#[case::by_known_fee(DealFilter { fee_known: true, ..NO_FILTER }, &["d1/Zoë Ähnlich", "d2/Zoë Ähnlich"])]
#[case::by_stage(DealFilter { stages: vec![LabelMatch::Keys(vec!["new lead".to_owned()])], ..NO_FILTER }, &["/Ada"])]
#[case::by_title(DealFilter { text: Some("WEST".to_owned()), ..NO_FILTER }, &["d1/Zoë Ähnlich"])]
#[case::by_market(DealFilter { text: Some("austin".to_owned()), ..NO_FILTER }, &["/Ada"])]
#[case::by_number_with_a_sign(DealFilter { text: Some("50%".to_owned()), ..NO_FILTER }, &["d2/Zoë Ähnlich"])]
#[case::by_nothing_but_a_sign(DealFilter { text: Some("%".to_owned()), ..NO_FILTER }, &[])]
#[case::by_small_letters_beyond_ascii(DealFilter { text: Some("ähnlich".to_owned()), ..NO_FILTER }, &["d1/Zoë Ähnlich", "d2/Zoë Ähnlich"])]
#[case::by_capital_letters_beyond_ascii(DealFilter { text: Some("ZOË ÄHNLICH".to_owned()), ..NO_FILTER }, &["d1/Zoë Ähnlich", "d2/Zoë Ähnlich"])]
#[tokio::test]
async fn deals_are_narrowed(#[case] filter: DealFilter, #[case] expected: &[&str], #[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    put_leads(&db, tenant, [("1", LeadRecord { market: "Austin".to_owned(), ..lead("Ada") }), ("2", lead("Zoë Ähnlich"))]).await;
    put_deals(
        &db,
        tenant,
        [
            ("d1", DealRecord { title: "West Side".to_owned(), ..of("2") }),
            ("d2", DealRecord { title: "50% share".to_owned(), ..of("2") }),
        ],
    )
    .await;
    relinked(&db, tenant).await;
    assert_eq!(summaries(&db, tenant, &filter).await, expected);
}

#[rstest]
#[tokio::test]
async fn pages_of_deals_with_equal_sort_keys_neither_repeat_nor_skip(
    #[values(DealSort::Stage, DealSort::Name, DealSort::Fee, DealSort::Owner, DealSort::CloseDate, DealSort::Since)]
    sort: DealSort,
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let (db, tenant) = harbor(kind).await;
    let ids = ["1", "2", "3", "4", "5", "6"];
    put_leads(
        &db,
        tenant,
        ids.map(|id| (id, LeadRecord { stage: Some("FDD Sent".to_owned()), fee: Some(Money(5_000_000)), ..lead("Same") })),
    )
    .await;
    put_deals(&db, tenant, [("d1", of("1")), ("d2", of("1")), ("d3", of("2"))]).await;
    relinked(&db, tenant).await;
    let mut seen = Vec::new();
    for page in 0..4 {
        let order = [StageKey::of("FDD Sent")];
        let rows = deals::list(db.store.conn(), tenant, &NO_FILTER, sort, true, &order, (page * 2, 2)).await.unwrap();
        seen.extend(rows.into_iter().map(|row| (row.deal_id, row.contact_id.unwrap())));
    }
    let seen: Vec<_> = seen.iter().map(|(deal, contact)| (deal.as_str(), contact.as_str())).collect();
    assert_eq!(seen, [("", "3"), ("", "4"), ("", "5"), ("", "6"), ("d1", "1"), ("d2", "1"), ("d3", "2")]);
}

#[rstest]
#[case::fee(DealSort::Fee)]
#[case::owner(DealSort::Owner)]
#[case::close_date(DealSort::CloseDate)]
#[tokio::test]
async fn unknown_values_of_deals_sort_last_in_both_directions(#[case] sort: DealSort, #[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let known = |fee, owner: &str, date: Option<&str>| DealRecord {
        fee,
        owner: owner.to_owned(),
        close_date: date.map(Into::into),
        ..deal("x")
    };
    let deals = [
        ("a", known(None, "", None)),
        ("b", known(Some(Money(1)), "Ann", Some("2026-01-01"))),
        ("c", known(Some(Money(2)), "bob", Some("2026-02-01"))),
    ];
    put_deals(&db, tenant, deals).await;
    for (descending, expected) in [(false, ["b", "c", "a"]), (true, ["c", "b", "a"])] {
        let rows = deals::list(db.store.conn(), tenant, &NO_FILTER, sort, descending, &[], (0, 10)).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.deal_id.as_str()).collect::<Vec<_>>(), expected, "{descending}");
    }
}

#[rstest]
#[tokio::test]
async fn deals_can_be_filtered_and_counted_by_close_date(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let closing = |day: &str| DealRecord { name: day.to_owned(), close_date: Some(day.to_owned()), ..deal("Territory") };
    let undated = DealRecord { name: "undated".to_owned(), ..deal("Territory") };
    let feeless = DealRecord { fee: None, ..closing("2026-03-31") };
    let deals = [("a", closing("2026-03-11")), ("b", closing("2026-03-12")), ("c", closing("2026-04-01")), ("d", undated)];
    put_deals(&db, tenant, deals).await;
    put_deals(&db, tenant, [("e", feeless), ("f", closing("2026-03-12"))]).await;
    let march = CloseDates::Within("2026-03-12".to_owned(), "2026-04-01".to_owned());
    let cases = [
        (CloseDates::Before("2026-03-12".to_owned()), vec!["a/2026-03-11"]),
        (march, vec!["b/2026-03-12", "f/2026-03-12", "e/2026-03-31"]),
        (CloseDates::Unknown, vec!["d/undated"]),
    ];
    for (close, expected) in cases {
        assert_eq!(summaries(&db, tenant, &DealFilter { close: Some(close), ..NO_FILTER }).await, expected);
    }
    let mut cells: Vec<(Option<String>, i64)> = deals::close_cells(db.store.conn(), tenant)
        .await
        .unwrap()
        .into_iter()
        .map(|cell| (cell.close_date, cell.deals))
        .collect();
    cells.sort();
    let day = |day: &str| Some(day.to_owned());
    assert_eq!(cells, [(None, 1), (day("2026-03-11"), 1), (day("2026-03-12"), 2), (day("2026-04-01"), 1)]);
}

#[rstest]
#[tokio::test]
async fn the_top_deals_of_a_stage_have_the_highest_fees(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let worth = |fee: Option<i64>| DealRecord { fee: fee.map(Money), ..deal("Territory") };
    put_leads(&db, tenant, [("1", lead("Ada"))]).await;
    put_deals(&db, tenant, [("a", worth(Some(1))), ("b", worth(None)), ("c", worth(Some(3))), ("d", worth(Some(2)))]).await;
    let rows = deals::top_by_stage(db.store.conn(), tenant, 2).await.unwrap();
    let summaries: Vec<(Option<&str>, &str)> = rows.iter().map(|row| (row.stage.as_deref(), row.deal_id.as_str())).collect();
    assert_eq!(summaries, [(Some("FDD Sent"), "c"), (Some("FDD Sent"), "d"), (Some("New Lead"), "")]);
}
