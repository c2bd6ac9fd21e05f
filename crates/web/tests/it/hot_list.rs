//! The hot list on the page, in its CSV, and in the API.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::Value;
use tetherboard_domain::{EpochMs, StageKey};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, EventEdit, NoteEdit};
use tetherboard_store::stage_roles;
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::page::{element, tags, words};
use crate::world::{HARBOR, NOW, Person, SCRIPT, TIDEWATER, Visitor, World};

const LIST: &str = "/t/harbor/hot-list";
const API: &str = "/api/v1/tenants/harbor/hot-list";

fn at(days: i64, hours: i64) -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * days + hours)
}

/// Ada is closest to signing, Bo has no fee, and Cy's deal is not linked to a contact.
async fn world(kind: Kind) -> World {
    let world = World::unread(kind).await;
    let edits = [
        Edit::AddContact(
            ContactEdit::named("Ada Ash").id("910001").in_stage("FA Sent").worth(90_000).with("clients_city", "Austin"),
        ),
        Edit::AddContact(ContactEdit::named("Bo Birch").id("910002").in_stage("Discovery Day Booked")),
        Edit::AddDeal(DealEdit::unlinked("Cy Cedar").id("810003").worth(30_000).with("contact_sales_cycle", "FA Requested")),
        Edit::AddContact(ContactEdit::named(SCRIPT).id("910004").in_stage("FA Requested").worth(50)),
        Edit::AddEvent(EventEdit::at(at(2, 0), "Signing call").with_contact("910001")),
        Edit::AddEvent(EventEdit::at(at(3, 0), SCRIPT).with_contact("910004")),
        Edit::AddNote(NoteEdit::on("910001", "<p>Both want to close</p>")),
    ];
    for edit in edits {
        world.simulator.edit(0, edit);
    }
    world.sync_with_notes(HARBOR).await;
    world
}

async fn items(visitor: &Visitor) -> Vec<Value> {
    visitor.json(API).await["items"].as_array().unwrap().clone()
}

/// The names that the page's table shows, in order.
fn names(html: &str) -> Vec<String> {
    let (_, table) = html.split_once("data-total").unwrap();
    let (table, _) = table.split_once("</table>").unwrap();
    tags(table)
        .iter()
        .filter(|tag| tag.get("class").is_some_and(|class| class.starts_with("who t")))
        .map(|tag| tag.get("title").unwrap().to_owned())
        .collect()
}

#[rstest]
#[tokio::test]
async fn page_csv_and_api_show_the_same_candidates(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = world(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let (items, rows) = (items(&visitor).await, visitor.csv(LIST).await);
    assert!(items.len() >= 4, "{}", items.len());
    assert_eq!(items.len(), rows.len());
    for (item, row) in items.iter().zip(&rows) {
        let points: BTreeMap<&str, i64> = item["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reason| (reason["what"].as_str().unwrap(), reason["points"].as_i64().unwrap()))
            .collect();
        assert_eq!(points.len(), 6);
        assert_eq!(item["score"], points.values().sum::<i64>().clamp(0, 100));
        assert_eq!(
            row[1..9],
            [
                item["rank"].to_string(),
                item["score"].to_string(),
                points["stage"].to_string(),
                points["momentum"].to_string(),
                points["touch"].to_string(),
                points["appointment"].to_string(),
                points["fee"].to_string(),
                points["close_date"].to_string(),
            ]
        );
        assert_eq!(row[24], item["client_id"].as_str().unwrap_or_default());
        if let (Some(fee), Some(odds), Some(1)) = (item["fee_cents"].as_i64(), item["odds"].as_f64(), item["deals"].as_i64()) {
            assert_eq!(item["weighted_cents"], (fee as f64 * odds / 100.0).round() as i64);
            assert_eq!(points["stage"], (0.4 * odds + 0.5).floor() as i64);
        }
    }
    let page = visitor.get(LIST).await.text();
    let shown = names(&page);
    let listed: Vec<&str> = items.iter().take(25).map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(shown, listed);
    let ada = items.iter().find(|item| item["client_id"] == "910001").unwrap();
    assert_eq!((ada["status"].as_str().unwrap(), ada["stage"].as_str().unwrap()), ("appointment_booked", "FA Sent"));
    assert!(ada["next_step"].as_str().unwrap().starts_with("Signing call, Sat Nov 21"), "{ada}");
    let said = words(&page);
    assert!(said.contains("Both want to close") && said.contains("Nothing scheduled"), "{said}");
    let cy = items.iter().find(|item| item["name"] == "Cy Cedar").unwrap();
    assert!(cy["client_id"].is_null() && cy["fee_cents"] == 3_000_000, "{cy}");
}

#[rstest]
#[tokio::test]
async fn a_filter_applies_to_page_csv_totals_and_call_alike(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = world(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let all = visitor.csv(LIST).await;
    for (query, fits) in [
        ("fee=known", (|row: &Vec<String>| !row[14].is_empty()) as fn(&Vec<String>) -> bool),
        ("fee=unknown", |row| row[14].is_empty()),
        ("status=booked", |row| row[19] == "Appointment booked"),
    ] {
        let wanted: Vec<&Vec<String>> = all.iter().filter(|row| fits(row)).collect();
        let address = format!("{LIST}?{query}");
        assert!(!wanted.is_empty() && wanted.len() < all.len(), "{query} filters nothing");
        assert_eq!(visitor.csv(&address).await.iter().collect::<Vec<_>>(), wanted);
        let page = visitor.get(&address).await.text();
        assert!(page.contains(&format!("data-total=\"{}\"", wanted.len())), "{query}");
        let foot = words(&element(&page, "<tfoot"));
        let cents: i64 =
            wanted.iter().filter_map(|row| row[14].parse::<f64>().ok()).map(|fee| (fee * 100.0).round() as i64).sum();
        let known = wanted.iter().filter(|row| !row[14].is_empty()).count();
        assert!(known == 0 || foot.contains(&tetherboard_domain::Money(cents).to_string()), "{foot}");
        assert!(foot.contains(&format!("of {}", wanted.len())), "{foot}");
        let call = visitor.get(&format!("{address}&view=call")).await.text();
        assert!(words(&call).contains(&format!("1 of {}", wanted.len())), "{query}");
    }
    let none = visitor.get(&format!("{LIST}?owner=Nobody+At+All")).await.text();
    assert!(words(&none).contains("No candidates match"));
    assert!(visitor.csv(&format!("{LIST}?owner=Nobody+At+All")).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_candidates_page_shows_the_same_score_and_reasons(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = world(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let ada = items(&visitor).await.into_iter().find(|item| item["client_id"] == "910001").unwrap();
    let said = words(&visitor.get("/t/harbor/candidates/910001").await.text());
    assert!(
        said.contains("Score breakdown") && said.contains(&ada["score"].to_string()) && said.contains("Appointment booked"),
        "{said}"
    );
    for reason in ada["reasons"].as_array().unwrap() {
        assert!(said.contains(reason["why"].as_str().unwrap()), "{reason}");
    }
}

#[rstest]
#[tokio::test]
async fn changes_are_shown_once_per_visit_and_per_person(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = world(kind).await;
    let (riley, jordan) = (world.visitor(Person::Riley).await, world.visitor(Person::Jordan).await);
    let news = async |visitor: &Visitor| {
        let said = words(&visitor.get(LIST).await.text()).split_whitespace().collect::<Vec<_>>().join(" ");
        said.split_once("Since your last visit").map(|(_, rest)| rest.chars().take(400).collect::<String>())
    };
    assert_eq!(news(&riley).await, None, "the first visit has nothing to compare with");
    world.pass(SignedDuration::from_hours(2));
    world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Dee Dogwood").id("910009").in_stage("FA Sent")));
    world.simulator.edit(0, Edit::MoveStage { client_id: "910002".into(), stage: "Not Interested".into() });
    world.sync(HARBOR).await;
    // A page that refreshes itself is not a visit.
    let refresh = riley.client.get(format!("{}{LIST}", riley.site)).headers(riley.headers.clone()).header("hx-request", "true");
    assert_eq!(crate::world::Answer::to(refresh).await.status, 200);
    for _ in 0..2 {
        let said = news(&riley).await.expect("news");
        assert!(said.contains("Dee Dogwood") && said.contains("left: Bo Birch"), "{said}");
        world.pass(SignedDuration::from_mins(20));
    }
    assert_eq!(news(&jordan).await, None, "it is Jordan's first visit");
    world.pass(SignedDuration::from_hours(1));
    let said = news(&riley).await.expect("a sentence");
    assert!(!said.contains("Dee Dogwood"), "{said}");
}

#[rstest]
#[tokio::test]
async fn candidates_heating_up_and_awards_are_shown_around_the_list(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    for (name, id, stage) in
        [("Hal Hot", "910001", "QR Sent"), ("Sid Slow", "910002", "QR Sent"), ("Wil Won", "910003", "FA Sent")]
    {
        world.simulator.edit(0, Edit::AddContact(ContactEdit::named(name).id(id).in_stage(stage)));
    }
    world.sync(HARBOR).await;
    world.pass(SignedDuration::from_hours(5));
    for (id, stage) in [("910001", "FDD Sent"), ("910002", "QR Returned"), ("910003", "FA Signed")] {
        world.simulator.edit(0, Edit::MoveStage { client_id: id.into(), stage: stage.into() });
    }
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    let page = visitor.get(LIST).await.text();
    let heating = words(&element(&page, "id=\"heating-up\""));
    assert!(heating.contains("Hal Hot") && heating.contains("+2") && !heating.contains("Sid Slow"), "{heating}");
    let awarded = words(&element(&page, "class=\"awarded\""));
    assert!(awarded.contains("Wil Won"), "{awarded}");
    assert!(items(&visitor).await.iter().all(|item| item["name"] != "Wil Won"));
    // Two weeks later no one is heating up; an award is shown for thirty days.
    world.pass(SignedDuration::from_hours(24 * 15));
    world.sync(HARBOR).await;
    let page = visitor.get(LIST).await.text();
    assert!(!page.contains("id=\"heating-up\"") && page.contains("class=\"awarded\""));
}

#[tokio::test]
async fn a_brand_without_late_stages_or_data_says_so() {
    let world = World::unread(Sqlite).await;
    let visitor = world.visitor(Person::Riley).await;
    assert!(words(&visitor.get(LIST).await.text()).contains("No list yet"));
    assert!(visitor.json(API).await["as_of"].is_null());
    world.sync(HARBOR).await;
    let tenant = world.tenant(HARBOR).await;
    let conn = world.db.store.conn();
    let stages = tetherboard_metrics::Board::load(conn, tenant.id).await.unwrap();
    for stage in stages.stages().iter().filter(|stage| stage.role.likely() == Some(tetherboard_domain::Role::Late)) {
        let key = StageKey::of(&stage.name);
        stage_roles::confirm(conn, tenant.id, &key, tetherboard_domain::Role::Qualified, EpochMs(1)).await.unwrap();
    }
    world.pass(SignedDuration::from_hours(30));
    world.sync(HARBOR).await;
    assert!(words(&visitor.get(LIST).await.text()).contains("This brand has no late stages"));
    assert!(items(&visitor).await.is_empty() && visitor.csv(LIST).await.is_empty());
    // Another brand's list is not found.
    for address in [format!("/t/{TIDEWATER}/hot-list"), format!("/api/v1/tenants/{TIDEWATER}/hot-list")] {
        assert_eq!(visitor.get(&address).await.status, 404);
    }
}

#[tokio::test]
async fn an_unchanged_list_answers_304() {
    let world = world(Sqlite).await;
    let visitor = world.visitor(Person::Riley).await;
    let first = visitor.get(API).await;
    let tag = first.header("etag").to_owned();
    let again =
        visitor.client.get(format!("{}{API}", visitor.site)).headers(visitor.headers.clone()).header("if-none-match", tag);
    assert_eq!(crate::world::Answer::to(again).await.status, 304);
}

mod browser {
    use serde_json::Value;
    use tetherboard_testkit::Options;

    use super::{Kind, LIST, Person, world};
    use crate::browser::{enter, open, quiet};

    #[tokio::test]
    async fn arrow_keys_walk_the_weekly_call_and_a_row_opens_without_a_script() {
        let world = world(Kind::Sqlite).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        open(&world, &browser, LIST).await;
        let visible = "return document.querySelector('.open-row').getClientRects().length > 0";
        assert_eq!(browser.evaluate(visible).await.unwrap(), Value::Bool(false));
        browser.click("details.why > summary").await.unwrap();
        assert_eq!(browser.evaluate(visible).await.unwrap(), Value::Bool(true));
        open(&world, &browser, &format!("{LIST}?view=call")).await;
        let first = browser.text(".sheet h1").await.unwrap();
        let press = |key: &str| {
            format!(
                "document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true, cancelable: true }})); return true"
            )
        };
        let place = async |wanted: &str| {
            for _ in 0..100 {
                if browser.text(".call-nav .here").await.is_ok_and(|here| here.starts_with(wanted)) {
                    return browser.text(".sheet h1").await.unwrap();
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            panic!("{wanted} was never shown");
        };
        browser.evaluate(&press("ArrowRight")).await.unwrap();
        let second = place("2 of").await;
        assert_ne!(second, first);
        browser.evaluate(&press("ArrowLeft")).await.unwrap();
        assert_eq!(place("1 of").await, first);
        quiet(&browser).await;
    }
}
