//! Every page states the age of its data in plain words, and a failed sync leaves the numbers unchanged.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_domain::{Dataset, DatasetStatus, RunStatus, Trigger};
use tetherboard_simulator::{Edit, Fault, Request};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::page::{element, tags};
use crate::world::{Answer, CONTACT, HARBOR, Person, TIDEWATER, Visitor, World};

const TABS: [&str; 3] = ["/t/harbor/overview", "/t/harbor/leads", "/t/harbor/pipeline"];

/// What a page says about its data: the step and text of the banner, and the text of the chip.
#[derive(Debug)]
struct FreshnessText {
    step: Option<String>,
    banner: String,
    chip: String,
}

impl FreshnessText {
    fn on(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200);
        let page = answer.text();
        let banner = tags(&page).into_iter().find_map(|tag| tag.get("class")?.strip_prefix("banner ").map(str::to_owned));
        let details = &page[page.find("id=\"freshness\"").expect("the chip")..];
        Self { step: banner, banner: element(&page, "class=\"banner "), chip: element(details, "<summary") }
    }
}

async fn said(visitor: &Visitor) -> FreshnessText {
    let mut pages = Vec::new();
    for tab in TABS {
        pages.push(FreshnessText::on(&visitor.get(tab).await));
    }
    let first = pages.remove(0);
    for other in pages {
        assert_eq!((&other.step, &other.banner, &other.chip), (&first.step, &first.banner, &first.chip));
    }
    first
}

async fn state(visitor: &Visitor) -> Value {
    visitor.json("/api/v1/tenants/harbor/sync").await["state"].clone()
}

/// The numbers that a failed sync must not change.
async fn numbers(visitor: &Visitor) -> Value {
    let summary = visitor.json("/api/v1/tenants/harbor/leads/summary").await;
    let pipeline = visitor.json("/api/v1/tenants/harbor/pipeline").await;
    let page = visitor.get("/t/harbor/overview").await.text();
    let counts: Vec<String> = tags(&page).iter().filter_map(|tag| tag.get("data-count").map(str::to_owned)).collect();
    json!([summary["total"], summary["by_stage"], summary["by_source"], pipeline["value_cents"], pipeline["stages"], counts])
}

#[rstest]
#[tokio::test]
async fn a_page_waits_for_the_first_sync(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let said = said(&visitor).await;
    assert_eq!((said.step, said.chip.as_str()), (None, "No data yet"));
    let page = visitor.get("/t/harbor/overview").await.text();
    assert_eq!(element(&page, "<h1"), "Waiting for the first sync of Harbor");
    assert_eq!(state(&visitor).await, "never");
}

#[rstest]
#[case::just_read(1, None, "on_time")]
#[case::an_hour_and_a_half(90, None, "on_time")]
#[case::three_hours(3 * 60, Some("info"), "late")]
#[case::twenty_five_hours(25 * 60, Some("warning"), "late")]
#[case::eighty_hours(80 * 60, Some("danger"), "late")]
#[tokio::test]
async fn older_data_has_a_stronger_warning(#[case] minutes: i64, #[case] step: Option<&str>, #[case] wanted: &str) {
    let world = World::read(Sqlite).await;
    let visitor = world.visitor(Person::Riley).await;
    let before = numbers(&visitor).await;
    world.pass(SignedDuration::from_mins(minutes));
    let said = said(&visitor).await;
    assert_eq!(said.step.as_deref(), step);
    assert_eq!(state(&visitor).await, wanted);
    assert_eq!(numbers(&visitor).await, before);
    let age = match minutes {
        ..120 => format!("{minutes} min ago"),
        120..4_320 => format!("{} hours ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1_440),
    };
    assert_eq!(said.chip, format!("Updated {age}"));
    if step.is_some() {
        for words in ["Data last updated", &age, "10:30 AM CST", "The next attempt is"] {
            assert!(said.banner.contains(words), "{words}: {}", said.banner);
        }
    }
    assert_eq!(said.banner.contains(CONTACT), step == Some("danger"), "{}", said.banner);
}

#[rstest]
#[tokio::test]
async fn a_running_sync_shows_its_progress(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let (visitor, conn) = (world.visitor(Person::Riley).await, world.db.store.conn());
    let before = numbers(&visitor).await;
    world.pass(SignedDuration::from_hours(1));
    let tenant = world.tenant(HARBOR).await;
    let run = runs::start(conn, tenant.id, Trigger::Schedule, world.clock.now_ms()).await.unwrap();
    let report = DatasetReport {
        status: DatasetStatus::Reading,
        expected: Some(4_312),
        read: 1_200,
        ..DatasetReport::waiting(Dataset::Contacts)
    };
    runs::report(conn, tenant.id, &run.id, &report, world.clock.now_ms()).await.unwrap();
    let said = said(&visitor).await;
    assert_eq!(said.step, None);
    assert!(said.chip.replace(' ', "").contains("Syncing:contacts1,200of4,312"), "{}", said.chip);
    assert_eq!(state(&visitor).await, "running");
    assert_eq!(numbers(&visitor).await, before);
}

#[rstest]
#[case::an_hour(1, "info")]
#[case::a_day(26, "warning")]
#[case::four_days(96, "danger")]
#[tokio::test]
async fn a_refused_key_is_explained_in_plain_words_and_numbers_stay(#[case] hours: i64, #[case] step: &str) {
    let world = World::read(Sqlite).await;
    let visitor = world.visitor(Person::Jordan).await;
    let before = numbers(&visitor).await;
    world.simulator.revoke_web_key(0);
    world.pass(SignedDuration::from_mins(60 * hours - 30));
    assert_eq!(world.sync(HARBOR).await.run.status, RunStatus::Failed);
    world.pass(SignedDuration::from_mins(30));
    world.sync(TIDEWATER).await;
    let said = said(&visitor).await;
    assert_eq!(said.step.as_deref(), Some(step));
    assert!(said.banner.contains("ClientTether has refused our access since"), "{}", said.banner);
    for not_for_clients in ["credential", "key", "token", "401", "403", "error", "HTTP", "http"] {
        assert!(!said.banner.contains(not_for_clients), "{}", said.banner);
    }
    assert_eq!(state(&visitor).await, "failing");
    if hours < 72 {
        assert_eq!(numbers(&visitor).await, before);
    }
    let agency = world.visitor(Person::Dana).await.get("/agency").await.text();
    let brands = element(&agency, "id=\"brands\"");
    assert!(brands.contains("Refused") && brands.contains("has refused this brand’s web key since"), "{brands}");
    assert!(element(&agency, "<h1").contains("1 needs attention"), "{}", element(&agency, "<h1"));
}

#[rstest]
#[tokio::test]
async fn an_interrupted_list_lowers_no_number_and_is_named(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let before = numbers(&visitor).await;
    world.pass(SignedDuration::from_hours(1));
    world.simulator.fault(0, Request::Contacts, Fault::FromOffset(100, Box::new(Fault::Status(500))));
    assert_eq!(world.sync(HARBOR).await.run.status, RunStatus::Partial);
    let said = said(&visitor).await;
    assert_eq!(said.step.as_deref(), Some("info"));
    assert!(said.banner.contains("so newer changes to contacts may be missing"), "{}", said.banner);
    assert_eq!(state(&visitor).await, "failing");
    assert_eq!(numbers(&visitor).await, before);
    world.simulator.heal(0);
    assert_eq!(world.sync(HARBOR).await.run.status, RunStatus::Succeeded);
    assert_eq!((self::said(&visitor).await.step, state(&visitor).await), (None, json!("on_time")));
}

#[rstest]
#[tokio::test]
async fn many_contacts_missing_at_once_stay_visible_until_the_agency_accepts(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let before = numbers(&visitor).await;
    world.pass(SignedDuration::from_hours(1));
    let leads = visitor.json("/api/v1/tenants/harbor/leads?sort=created").await;
    for lead in &leads["leads"].as_array().unwrap()[..60] {
        world.simulator.edit(0, Edit::RemoveContact(lead["client_id"].as_str().unwrap().to_owned()));
    }
    for _ in 0..3 {
        world.sync(HARBOR).await;
        world.pass(SignedDuration::from_hours(1));
    }
    assert_eq!(numbers(&visitor).await[0], before[0]);
    let said = said(&visitor).await;
    assert!(said.banner.contains("60 contacts are suddenly missing in ClientTether"), "{}", said.banner);
    let agency = world.visitor(Person::Dana).await.get("/agency").await.text();
    assert!(element(&agency, "id=\"brands\"").contains("Held: 60 contacts missing"), "{}", element(&agency, "id=\"brands\""));
}
