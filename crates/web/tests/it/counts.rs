//! Every count on a page equals the number of rows it links to, on the page and in the CSV.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rstest::rstest;
use tetherboard_simulator::{ContactEdit, Edit};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::page::tags;
use crate::world::{BRANDS, HARBOR, Person, Visitor, World};

const PAGES: [&str; 29] = [
    "overview",
    "overview?period=ytd",
    "overview?period=last-week&compare=none",
    "leads",
    "leads?period=30d&by=day",
    "leads?period=12m&compare=year&sources=-rate",
    "leads?period=2026-09-03..2026-11-11&by=month",
    "leads?period=2001-01-01..2001-01-31",
    "leads?period=wtd&source=&sources=name",
    "leads?state=TX&type=others",
    "pipeline",
    "pipeline?by=value",
    "pipeline?view=board",
    "pipeline?period=12m&compare=none",
    "pipeline?close=none&period=wtd",
    "leads?in=open",
    "leads?stage-not-text=1",
    "leads?q=a&type=prospects",
    "leads?source=&sort=name",
    "pipeline?in=qualified&by=value",
    "hot-list",
    "hot-list?status=stalled",
    "hot-list?fee=known&sort=-days",
    "hot-list?fee=unknown",
    "schedule",
    "schedule?view=list",
    "schedule?view=week&d=2026-W46",
    "schedule?d=2026-10",
    "schedule?view=list&type=Call&type=Meeting",
];

/// The counts on a page, and the list that each links to.
async fn counts_on(visitor: &Visitor, page: &str) -> Vec<(String, i64)> {
    let answer = visitor.get(page).await;
    assert_eq!(answer.status, 200, "{page}: {}", answer.text());
    let links = tags(&answer.text()).into_iter().filter_map(|tag| {
        let count = tag.get("data-count")?.to_owned();
        let href = tag.get("href").unwrap_or_else(|| panic!("{page}: the count {count} leads nowhere"));
        Some((href.split('#').next().unwrap_or_default().to_owned(), count.parse().unwrap()))
    });
    links.collect()
}

/// Follows every count on some pages once, and returns how many lists they link to.
pub(crate) async fn keep_their_word(visitor: &Visitor, pages: impl IntoIterator<Item = String>) -> usize {
    let mut led_to: BTreeMap<String, (i64, String)> = BTreeMap::new();
    for page in pages {
        let counts = counts_on(visitor, &page).await;
        assert!(!counts.is_empty(), "{page} counts nothing");
        for (href, count) in counts {
            let (said, before) = led_to.entry(href.clone()).or_insert_with(|| (count, page.clone()));
            assert_eq!(count, *said, "{page} and {before} count {href} differently");
        }
    }
    for (href, (count, page)) in &led_to {
        let list = visitor.get(href).await;
        assert_eq!(list.status, 200, "{page} leads to {href}");
        let totals: Vec<i64> = tags(&list.text()).iter().filter_map(|tag| tag.get("data-total")?.parse().ok()).collect();
        // A list without rows has no table.
        let total = if totals.is_empty() { 0 } else { totals[0] };
        assert!(totals.len() <= 1 && total == *count, "{page} counts {count} in {href}, which says {totals:?}");
        let rows = i64::try_from(visitor.csv(href).await.len()).unwrap();
        assert_eq!(rows, *count, "{page} counts {count} in {href}, whose CSV has {rows}");
    }
    led_to.len()
}

#[rstest]
#[tokio::test]
async fn every_count_equals_its_rows_on_the_page_and_in_the_csv(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let pages = BRANDS.iter().flat_map(|brand| PAGES.map(|page| format!("/t/{brand}/{page}"))).chain(["/agency".to_owned()]);
    let followed = keep_their_word(&world.visitor(Person::Dana).await, pages).await;
    assert!(followed > 80, "only {followed} lists were led to");
}

#[tokio::test]
async fn counts_stay_correct_when_the_data_is_older_than_the_week() {
    let world = World::read(Sqlite).await;
    let visitor = world.visitor(Person::Riley).await;
    // A contact created after the last sync is in neither the count nor the list.
    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Late Comer")));
    for hours in [1, 30, 90] {
        world.pass(SignedDuration::from_hours(hours));
        keep_their_word(&visitor, ["overview", "leads"].map(|page| format!("/t/{HARBOR}/{page}"))).await;
    }
}

#[rstest]
#[tokio::test]
async fn counts_stay_correct_after_people_move_appear_and_disappear(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Dana).await;
    world.pass(SignedDuration::from_hours(1));
    let edits = [
        Edit::AddContact(ContactEdit::named("Nina New").from_source("A new source")),
        Edit::MoveStage { client_id: "900002".into(), stage: "FDD Sent".into() },
        Edit::RenameStage { from: "New Lead".into(), to: "Brand New".into() },
        Edit::RemoveContact("900005".into()),
        Edit::RemoveDeal("800002".into()),
    ];
    for edit in edits {
        world.simulator.edit(0, edit);
    }
    for _ in 0..2 {
        world.sync(HARBOR).await;
        keep_their_word(&visitor, ["overview", "pipeline"].map(|page| format!("/t/{HARBOR}/{page}"))).await;
        world.pass(SignedDuration::from_hours(1));
    }
    let truth = world.simulator.truth(0);
    assert_eq!(visitor.csv("/t/harbor/leads").await.len(), truth.contacts);
}

#[rstest]
#[tokio::test]
async fn the_pages_of_a_list_show_each_row_once_in_the_order_of_its_csv(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    for list in [
        "/t/harbor/leads?sort=name",
        "/t/harbor/leads?sort=-stage",
        "/t/harbor/leads?sort=source",
        "/t/harbor/pipeline?sort=-fee",
        "/t/harbor/hot-list",
        "/t/harbor/hot-list?sort=name",
    ] {
        let rows = visitor.csv(list).await;
        let mut next = Some(list.to_owned());
        let mut shown = Vec::new();
        while let Some(address) = next {
            let page = visitor.get(&address).await.text();
            let (_, table) = page.split_once("data-total").unwrap();
            let (table, after) = table.split_once("</table>").unwrap();
            let names = tags(table).into_iter().filter(|tag| tag.get("class").is_some_and(|class| class.starts_with("who t")));
            shown.extend(names.map(|tag| tag.get("title").unwrap_or_default().to_owned()));
            next =
                tags(after).iter().find(|tag| tag.get("rel") == Some("next")).and_then(|tag| tag.get("href")).map(str::to_owned);
        }
        let names: Vec<String> = rows.iter().map(|row| called(list, row)).collect();
        let harmless: Vec<String> = shown.iter().map(|name| neutral(name, &names)).collect();
        assert_eq!(harmless, names, "{list}");
    }
}

/// The name on the page for a row of the CSV: the list of leads shows a contact without a name by email.
fn called(list: &str, row: &[String]) -> String {
    const EMAIL: usize = 2;
    let is_lead = list.starts_with("/t/harbor/leads");
    if is_lead && row[0] == "No name" && !row[EMAIL].is_empty() { row[EMAIL].clone() } else { row[0].clone() }
}

/// A name as the CSV has it: with an apostrophe before text that a spreadsheet would run as a formula.
fn neutral(name: &str, names: &[String]) -> String {
    let quoted = format!("'{name}");
    if names.contains(&quoted) { quoted } else { name.to_owned() }
}
