//! The overview beyond its numbers: candidates who need attention, the next appointments, and what changed.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::json;
use tetherboard_domain::{ContactId, EpochMs, RunStatus, StageKey};
use tetherboard_metrics::{Board, Reason, attention};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, EventEdit, Fault, Request};
use tetherboard_store::{notes, stage_roles, tenants};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::counts::keep_their_word;
use crate::page::{element, tags, words};
use crate::world::{HARBOR, NOW, Person, SCRIPT, Visitor, World};

const OVERVIEW: &str = "/t/harbor/overview";

/// Moments relative to the Thursday morning at which the test's clock starts.
fn at(days: i64, hours: i64) -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * days + hours)
}

/// A world whose CRM has these edits before the first sync.
async fn read_with(kind: Kind, edits: impl IntoIterator<Item = Edit>) -> World {
    let world = World::unread(kind).await;
    for edit in edits {
        world.simulator.edit(0, edit);
    }
    assert_eq!(world.sync(HARBOR).await.run.status, RunStatus::Succeeded);
    world
}

async fn card(visitor: &Visitor, id: &str) -> String {
    let page = visitor.get(OVERVIEW).await;
    assert_eq!(page.status, 200, "{}", page.text());
    element(&page.text(), &format!("id=\"{id}\""))
}

/// The names in a filtered list of leads.
async fn listed(visitor: &Visitor, query: &str) -> Vec<String> {
    let rows = visitor.csv(&format!("/t/harbor/leads?{query}")).await;
    rows.into_iter().map(|row| row[0].clone()).collect()
}

fn prospect(name: &str, id: &str, stage: &str) -> Edit {
    Edit::AddContact(ContactEdit::named(name).id(id).in_stage(stage))
}

fn call(id: &str, starts: Timestamp) -> EventEdit {
    EventEdit::at(starts, "Closing call").with_contact(id)
}

#[rstest]
#[tokio::test]
async fn an_appointment_without_outcome_and_a_close_date_that_passed_need_attention(#[values(Sqlite, Postgres)] kind: Kind) {
    let late = |name, id| prospect(name, id, "FA Sent");
    let world = read_with(
        kind,
        [
            late("Una Told", "910001"),
            late("Tilda Told", "910002"),
            late("Clara Closed", "910003"),
            late("Tom Today", "910004"),
            prospect("Erna Early", "910005", "New Lead"),
            late("Cal Called Off", "910006"),
            late("Fay Feeless", "910007"),
            Edit::AddContact(ContactEdit::named("").id("910008").in_stage("FA Sent").with("email", "nobody@example.org")),
            Edit::AddEvent(call("910001", at(-2, 0))),
            Edit::AddEvent(call("910002", at(-2, 0)).with("status", "Completed")),
            Edit::AddEvent(call("910004", at(0, -2))),
            Edit::AddEvent(call("910005", at(-2, 0))),
            Edit::AddEvent(call("910006", at(-2, 0)).with("status", "Cancelled")),
            Edit::AddEvent(call("910007", at(-14, 0))),
            Edit::AddDeal(DealEdit::of("910008").worth(900_000).odds(99).closing("2026-11-18").with("sales_cycle", "FA Sent")),
            Edit::AddDeal(DealEdit::of("910003").worth(90_000).odds(99).closing("2026-11-18").with("sales_cycle", "FA Sent")),
            Edit::AddDeal(DealEdit::of("910004").worth(90_000).odds(99).closing("2026-11-19").with("sales_cycle", "FA Sent")),
        ],
    )
    .await;
    let visitor = world.visitor(Person::Riley).await;
    let named = listed(&visitor, "show=attention").await;
    for name in ["Una Told", "Clara Closed", "Fay Feeless"] {
        assert!(named.iter().any(|known| known == name), "{name} is missing: {named:?}");
    }
    for name in ["Tilda Told", "Tom Today", "Erna Early", "Cal Called Off"] {
        assert!(!named.iter().any(|known| known == name), "{name} needs none: {named:?}");
    }
    let card = card(&visitor, "attention").await;
    assert!(card.contains(&format!("{} candidates", named.len())), "{card}");
    assert!(card.contains("Clara Closed Close date Nov 18 has passed"), "{card}");
    assert!(card.contains("nobody@example.org Close date Nov 18 has passed"), "{card}");
    assert!(card.contains("Una Told Closing call on Tue Nov 17: no outcome recorded"), "{card}");
    let page = visitor.get(OVERVIEW).await.text();
    let leads_to = |id: &str| tags(&page).iter().any(|tag| tag.get("href") == Some(&format!("/t/harbor/candidates/{id}")));
    assert!(leads_to("910003"));
    keep_their_word(&visitor, [OVERVIEW.to_owned()]).await;
}

/// A world in which only these people are one step from signing.
async fn near(kind: Kind, people: &[(&str, &str)]) -> World {
    let world = World::unread(kind).await;
    for contact in world.simulator.records(0, Request::Contacts) {
        if contact["clients_sales_cycle"].as_str().is_some_and(|stage| stage.trim().eq_ignore_ascii_case("fa sent")) {
            let client_id = contact["client_id"].as_str().unwrap().to_owned();
            world.simulator.edit(0, Edit::MoveStage { client_id, stage: "New Lead".into() });
        }
    }
    for (name, id) in people {
        world.simulator.edit(0, prospect(name, id, "FA Sent"));
    }
    world
}

#[rstest]
#[tokio::test]
async fn the_headline_names_the_candidate_one_step_from_signing(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = near(kind, &[("Nina Near", "910001")]).await;
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    let headline = async || element(&visitor.get(OVERVIEW).await.text(), "class=\"hero\"");
    assert!(headline().await.ends_with("Nina Near is one step from signing."), "{}", headline().await);
    let page = visitor.get(OVERVIEW).await.text();
    let hero = &page[page.find("class=\"hero\"").unwrap()..];
    assert!(tags(hero).iter().any(|tag| tag.get("href") == Some("/t/harbor/candidates/910001")));
    // Of several candidates, the first on the hot list is named. Zora's fee puts her before Nina.
    world.simulator.edit(0, prospect("Zora Zealous", "910002", "FA Sent"));
    world.simulator.edit(0, Edit::SetContact { client_id: "910002".into(), field: "deal_size", value: json!("90000") });
    world.sync(HARBOR).await;
    assert!(
        headline().await.ends_with("2 candidates are one step from signing: Zora Zealous and 1 more."),
        "{}",
        headline().await
    );
    keep_their_word(&visitor, [OVERVIEW.to_owned()]).await;
}

#[tokio::test]
async fn the_headline_escapes_and_cuts_names_and_handles_missing_ones() {
    let long = format!("{SCRIPT} {}", "Longname".repeat(20));
    let world = near(Sqlite, &[(&long, "910001")]).await;
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    let page = visitor.get(OVERVIEW).await.text();
    let headline = element(&page, "class=\"hero\"");
    assert!(headline.contains(SCRIPT) && headline.ends_with("… is one step from signing."), "{headline}");
    assert!(!page.contains(SCRIPT));
    let nameless = |email: &str| {
        for (field, value) in [("firstName", ""), ("lastName", ""), ("company", ""), ("email", email)] {
            world.simulator.edit(0, Edit::SetContact { client_id: "910001".into(), field, value: json!(value) });
        }
    };
    for (email, expected) in
        [("ada@example.org", "ada@example.org is one step from signing."), ("", "1 candidate is one step from signing.")]
    {
        nameless(email);
        world.sync(HARBOR).await;
        let headline = element(&visitor.get(OVERVIEW).await.text(), "class=\"hero\"");
        assert!(headline.ends_with(expected), "{headline}");
    }
}

#[rstest]
#[tokio::test]
async fn the_next_five_appointments_are_shown_in_the_brands_time(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = read_with(
        kind,
        [
            prospect("Ada Ahead", "910001", "FA Sent"),
            // 13:30 and 8:30 in Chicago, where it is 10:30 now.
            Edit::AddEvent(call("910001", at(0, 3)).with("title", SCRIPT)),
            Edit::AddEvent(call("910001", at(0, -2))),
            Edit::AddEvent(call("910001", at(0, 1)).with("status", "Cancelled")),
            Edit::AddEvent(EventEdit::at(at(0, 2), "Team meeting")),
            Edit::AddEvent(call("910001", at(0, 5)).with("start_date", "2026-11-19").with("end_date", "2026-11-19")),
        ],
    )
    .await;
    let visitor = world.visitor(Person::Riley).await;
    let text = card(&visitor, "appointments").await;
    assert!(text.contains("Central Time"), "{text}");
    let order = ["Closing call", "Today, all day", "Team meeting", "Today 12:30 PM", SCRIPT, "Today 1:30 PM"];
    let places: Vec<usize> =
        order.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("{part} is missing: {text}"))).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(!text.contains("8:30 AM") && !text.contains("11:30 AM"), "{text}");
    // Once its time has passed, an appointment is no longer listed.
    world.pass(SignedDuration::from_hours(4));
    assert!(!card(&visitor, "appointments").await.contains(SCRIPT));
}

#[rstest]
#[tokio::test]
async fn a_calendar_that_was_never_synced_is_reported_as_such(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    world.simulator.fault(0, Request::Events, Fault::Status(500));
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    assert!(card(&visitor, "appointments").await.contains("has not been synced yet"));
}

#[rstest]
#[tokio::test]
async fn only_observed_changes_are_listed_and_no_renamed_stage(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = read_with(
        kind,
        [
            prospect("Mona Moved", "910001", "FDD Sent"),
            prospect("Ivo Inactive", "910002", "New Lead"),
            prospect("Bea Back", "910003", "FA Sent"),
            prospect("Dora Discovered", "910004", "FDD Sent"),
            Edit::AddEvent(EventEdit::at(at(3, 0), "Discovery Day").with_contact("910001")),
        ],
    )
    .await;
    let visitor = world.visitor(Person::Riley).await;
    tetherboard_sync::close_day(&world.db.store, &world.tenant(HARBOR).await, at(-4, 0)).await.unwrap();
    let first = card(&visitor, "changes").await;
    assert!(first.starts_with("What changed since Monday No candidate moved ahead"), "{first}");
    world.pass(SignedDuration::from_hours(1));
    let board = Board::load(world.db.store.conn(), world.tenant(HARBOR).await.id).await.unwrap();
    let inactive = board.stages().iter().find(|stage| stage.of_prospects && !stage.active).unwrap().name.clone();
    for edit in [
        Edit::MoveStage { client_id: "910001".into(), stage: "FA Sent".into() },
        Edit::MoveStage { client_id: "910002".into(), stage: inactive },
        Edit::MoveStage { client_id: "910003".into(), stage: "FDD Sent".into() },
        Edit::RenameStage { from: "QR Sent".into(), to: "Questionnaire out".into() },
        Edit::AddEvent(EventEdit::at(at(7, 0), "Discovery Day").with_contact("910004")),
        Edit::SetContact { client_id: "910001".into(), field: "deal_size", value: json!("50000") },
    ] {
        world.simulator.edit(0, edit);
    }
    world.sync(HARBOR).await;
    let text = card(&visitor, "changes").await;
    assert!(text.contains("Mona Moved moved from FDD Sent to FA Sent on Nov 19."), "{text}");
    assert!(text.contains("1 candidate booked a Discovery Day (Nov 26)."), "{text}");
    assert!(text.contains("1 lead became inactive."), "{text}");
    assert!(text.contains("Weighted value rose by") && text.contains("from Mona Moved’s new fee"), "{text}");
    assert!(!text.contains("Bea Back") && !text.contains("Questionnaire"), "{text}");
    assert_eq!(listed(&visitor, "show=became-inactive&since=2026-11-16").await, ["Ivo Inactive"]);
    assert_eq!(listed(&visitor, "show=discovery-day&since=2026-11-16").await, ["Dora Discovered"]);
    keep_their_word(&visitor, ["", "?period=7d", "?period=12m"].map(|period| format!("{OVERVIEW}{period}"))).await;
    // A lead that came back is no longer listed, and future days have no changes.
    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, Edit::MoveStage { client_id: "910002".into(), stage: "New Lead".into() });
    world.sync(HARBOR).await;
    assert!(!card(&visitor, "changes").await.contains("became inactive"));
    let future = visitor.get(&format!("{OVERVIEW}?period=2026-12-01..2026-12-31")).await.text();
    assert!(words(&future).contains("These days are in the future."));
}

#[rstest]
#[tokio::test]
async fn silent_or_stalled_candidates_need_attention_once_notes_are_synced(#[values(Sqlite, Postgres)] kind: Kind) {
    let people =
        [("Sia Silent", "910001", "QR Returned"), ("Stan Stalled", "910002", "FA Sent"), ("Bob Booked", "910003", "FA Sent")];
    let world = read_with(kind, people.map(|(name, id, stage)| prospect(name, id, stage))).await;
    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, Edit::MoveStage { client_id: "910001".into(), stage: "FDD Sent".into() });
    world.sync(HARBOR).await;
    world.simulator.edit(0, Edit::AddEvent(call("910003", at(20, 0))));
    world.pass(SignedDuration::from_hours(24 * 11));
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    let ours = async || {
        let mut named = listed(&visitor, "show=attention").await;
        named.retain(|name| people.iter().any(|(known, ..)| known == name));
        named.sort();
        named
    };
    assert!(ours().await.is_empty(), "nobody read their notes");
    let ids = people.map(|(_, id, _)| ContactId::from(id));
    let (conn, tenant) = (world.db.store.conn(), world.tenant(HARBOR).await);
    notes::set_read(conn, tenant.id, &ids, world.clock.now_ms()).await.unwrap();
    tenants::publish(conn, tenant.id).await.unwrap();
    assert_eq!(ours().await, ["Sia Silent", "Stan Stalled"]);
    // Without the milestone on its stage, there is no waiting period.
    stage_roles::confirm_milestone(conn, tenant.id, &StageKey::of("FDD Sent"), None, EpochMs(0)).await.unwrap();
    stage_roles::confirm_milestone(conn, tenant.id, &StageKey::of("FDD Signed"), None, EpochMs(0)).await.unwrap();
    tenants::publish(conn, tenant.id).await.unwrap();
    assert_eq!(ours().await, ["Stan Stalled"]);
    let found = attention(conn, &tenant, &Board::load(conn, tenant.id).await.unwrap(), world.clock.now()).await.unwrap();
    let stan = found.candidates.iter().find(|one| one.name == "Stan Stalled").unwrap();
    assert!(
        matches!(stan.reasons[..], [Reason::Stalled { stayed, at_least: true, touched: None }] if stayed.days == 11),
        "{stan:?}"
    );
}

#[tokio::test]
async fn an_error_names_the_filter_that_cannot_be_read() {
    let world = World::read(Sqlite).await;
    let visitor = world.visitor(Person::Riley).await;
    for (query, named) in [("show=rich", "rich"), ("show=became-inactive", "since"), ("show=discovery-day&since=soon", "soon")] {
        let answer = visitor.get(&format!("/t/harbor/leads?{query}")).await;
        assert!(answer.status == 400 && answer.text().contains(named), "{query}");
        assert_eq!(visitor.get(&format!("/api/v1/tenants/harbor/leads?{query}")).await.status, 400, "{query}");
    }
    let listed = visitor.get("/api/v1/tenants/harbor/leads?show=attention").await.json();
    let rows = visitor.csv("/t/harbor/leads?show=attention").await.len();
    assert_eq!(listed["total"], rows);
}

#[rstest]
#[tokio::test]
async fn a_brand_without_stages_has_a_complete_page(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    for stage in world.simulator.records(0, Request::Stages) {
        world.simulator.edit(0, Edit::RemoveStage(stage["sales_cycle_id"].as_str().unwrap().to_owned()));
    }
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    assert!(card(&visitor, "attention").await.contains("No one needs attention"));
    keep_their_word(&visitor, [OVERVIEW.to_owned()]).await;
}
