//! The pipeline's past: the end of a day, and what changed since.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::counts::keep_their_word;
use crate::page::words;
use crate::world::{HARBOR, Person, World};

const API: &str = "/api/v1/tenants/harbor/pipeline";

/// All but the moment that the numbers are as of.
fn numbers(mut pipeline: Value) -> Value {
    pipeline["as_of"] = Value::Null;
    pipeline
}

fn moved(client_id: &str, stage: &str) -> Edit {
    Edit::MoveStage { client_id: client_id.into(), stage: stage.to_owned() }
}

/// Four days in which people moved, came and went; the first was Thursday, November 19.
async fn four_days(world: &World) -> Vec<Value> {
    let visitor = world.visitor(Person::Riley).await;
    let mut shown = vec![visitor.json(API).await];
    let days: [&[Edit]; 3] = [
        &[moved("900001", "FDD Sent"), moved("900002", "Not Interested"), moved("900003", "FA Signed")],
        &[Edit::RemoveContact("900005".to_owned()), moved("900001", "FA Sent"), moved("900002", "New Lead")],
        &[Edit::SetDeal { opportunity_id: "800001".to_owned(), field: "deal_size", value: json!("$123,456.78") }],
    ];
    for edits in days {
        world.pass(SignedDuration::from_hours(24));
        for edit in edits {
            world.simulator.edit(0, edit.clone());
        }
        for _ in 0..2 {
            world.sync(HARBOR).await;
            world.pass(SignedDuration::from_mins(5));
        }
        shown.push(visitor.json(API).await);
    }
    shown
}

#[rstest]
#[tokio::test]
async fn a_past_day_is_as_it_was_shown_at_its_end(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let shown = four_days(&world).await;
    let visitor = world.visitor(Person::Riley).await;
    let days = ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"];
    for (day, shown) in days.iter().zip(shown) {
        let then = visitor.json(&format!("{API}?asof={day}")).await;
        assert_eq!(numbers(then), numbers(shown), "{day}");
    }
    let pages = days[..3].iter().map(|day| format!("/t/{HARBOR}/pipeline?asof={day}"));
    keep_their_word(&visitor, pages).await;
    let page = visitor.get("/t/harbor/pipeline?asof=2026-11-20").await.text();
    assert!(words(&page).contains("As of Nov 20, 2026"), "{}", words(&page));
    let csv = visitor.get("/t/harbor/pipeline?asof=2026-11-20&format=csv").await;
    assert_eq!(csv.status, 400);
    assert!(words(&csv.text()).contains("show=deals&asof=2026-11-20"), "{}", csv.text());
    let page = visitor.get("/t/harbor/pipeline?asof=2026-11-18").await;
    assert!(page.is_page() && words(&page.text()).contains("History starts Nov 19, 2026"), "{}", words(&page.text()));
}

#[rstest]
#[tokio::test]
async fn changes_in_a_period_link_to_their_rows(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    four_days(&world).await;
    let visitor = world.visitor(Person::Dana).await;
    let pages = ["", "?period=wtd", "?period=2026-11-21..2026-11-21", "?period=7d&compare=none", "?view=board&by=value"];
    keep_their_word(&visitor, pages.map(|query| format!("/t/{HARBOR}/pipeline{query}"))).await;
    let names = async |show: &str| -> Vec<String> {
        let rows = visitor.csv(&format!("/t/harbor/pipeline/rows?show={show}&period=7d")).await;
        rows.into_iter().map(|row| row[row.len() - 2].clone()).collect()
    };
    assert!(names("awards").await.contains(&"900003".to_owned()));
    assert!(names("losses").await.contains(&"900002".to_owned()));
    assert!(names("removed").await.contains(&"900005".to_owned()));
    // Lost and back again: at the two ends of the week nothing happened to its value.
    assert!(!names("lost").await.contains(&"900002".to_owned()));
    assert!(names("stage-changes").await.contains(&"900001".to_owned()));
}

#[rstest]
#[tokio::test]
async fn a_fee_with_unknown_odds_adds_nothing_and_its_row_says_so(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let before = visitor.json(API).await;
    // A stage that the CRM's list does not name has no odds.
    let oddless = ContactEdit::named("Ola Oddless").id("910001").in_stage("Somewhere").worth(50_000);
    world.simulator.edit(0, Edit::AddContact(oddless));
    world.sync(HARBOR).await;
    let after = visitor.json(API).await;
    assert_eq!(after["value_cents"], before["value_cents"].as_i64().unwrap() + 5_000_000);
    assert_eq!(after["weighted_cents"], before["weighted_cents"]);
    for list in ["pipeline?stage=Somewhere", "pipeline/rows?show=deals&asof=2026-11-19&stage=Somewhere"] {
        let address = format!("/t/harbor/{list}");
        let page = visitor.get(&address).await.text();
        let dash = "<span class=\"muted\" title=\"Odds are unknown, so this adds nothing to the weighted value.\">—</span>";
        assert!(page.contains(dash), "{address}");
        let csv = visitor.get(&format!("{address}&format=csv")).await.text();
        let row = csv.lines().find(|line| line.starts_with("Ola Oddless")).unwrap();
        assert!(row.contains(",50000,,"), "{row}");
    }
}

#[rstest]
#[tokio::test]
async fn merged_contacts_add_nothing_to_any_day_and_what_left_is_listed_with_its_reason(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Dana).await;
    for (id, fee) in [("1001", 50_000), ("1002", 90_000), ("1003", 20_000), ("1004", 30_000)] {
        let contact = ContactEdit::named("Mia Merge").id(id).in_stage("FDD Sent").worth(fee);
        world.simulator.edit(0, Edit::AddContact(contact));
    }
    world.simulator.edit(0, Edit::AddDeal(DealEdit::of("1002").worth(90_000)));
    let sync = async || {
        world.sync(HARBOR).await;
        world.pass(SignedDuration::from_mins(5));
    };
    sync().await;
    let mut shown = vec![visitor.json(API).await];
    let value = |shown: &Value| shown["value_cents"].as_i64().unwrap();
    let stages = world.simulator.records(0, tetherboard_simulator::Request::Stages);
    let stage = stages.iter().find(|stage| stage["sales_cycle_name"] == "FA Requested").unwrap();
    let stage = stage["sales_cycle_id"].as_str().unwrap().to_owned();
    let days: [(&[Edit], i64); 3] = [
        // The deal of 1002 is now that of 1001, whose own size no longer counts.
        (&[Edit::MergeContact { client_id: "1002".to_owned(), into: "1001".to_owned() }], -5_000_000),
        (&[Edit::SetContact { client_id: "1003".to_owned(), field: "contact_type", value: json!("2") }], -2_000_000),
        (&[Edit::HideContact("1004".to_owned())], -3_000_000),
    ];
    for (edits, change) in days {
        world.pass(SignedDuration::from_hours(24));
        for edit in edits {
            world.simulator.edit(0, edit.clone());
        }
        let before = value(shown.last().unwrap());
        sync().await;
        let first = value(&visitor.json(API).await);
        sync().await;
        shown.push(visitor.json(API).await);
        let now = value(shown.last().unwrap());
        assert!(first == now || first == before, "no run in between shows another value: {before}, {first}, {now}");
        assert_eq!(now - before, change);
    }
    world.simulator.edit(0, Edit::SetStage { sales_cycle_id: stage, field: "sales_cycle_name", value: json!("FA Ordered") });
    world.pass(SignedDuration::from_hours(24));
    sync().await;
    let first: jiff::civil::Date = "2026-11-19".parse().unwrap();
    for (day, shown) in first.series(jiff::Span::new().days(1)).zip(shown) {
        let then = visitor.json(&format!("{API}?asof={day}")).await;
        assert_eq!(numbers(then), numbers(shown), "{day}");
    }
    let changes = visitor.csv("/t/harbor/pipeline/rows?show=changes&period=7d").await;
    for reason in ["Merged", "No longer a prospect", "Removed"] {
        assert!(changes.iter().any(|row| row.iter().any(|cell| cell == reason)), "{reason}: {changes:?}");
    }
    keep_their_word(&visitor, [format!("/t/{HARBOR}/pipeline?period=7d")]).await;
}
