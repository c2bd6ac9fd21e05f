//! Names that look like something else: wildcards, blanks, direction characters, impossible dates.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_domain::isolated;
use tetherboard_metrics::{RebuildReason, rebuild_hot_list};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, EventEdit, NoteEdit};
use tetherboard_store::Store;
use tetherboard_store::records::RecordMeta;
use tetherboard_store::schedule::{self, ActivityRecord};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};
use url::form_urlencoded::byte_serialize;

use crate::page::{element, tags, words};
use crate::world::{HARBOR, Person, Visitor, World, with};

async fn world(kind: Kind, edits: impl IntoIterator<Item = Edit>) -> World {
    let world = World::read(kind).await;
    world.pass(SignedDuration::from_hours(1));
    for edit in edits {
        world.simulator.edit(0, edit);
    }
    world.sync_with_notes(HARBOR).await;
    world
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

async fn total(visitor: &Visitor, address: &str) -> i64 {
    let html = visitor.get(address).await.text();
    let tags = tags(&html);
    tags.iter().find_map(|tag| tag.get("data-total")).unwrap_or_else(|| panic!("{address} has no total")).parse().unwrap()
}

const WILDCARDS: [&str; 11] = ["*", "all", "All", "none", ",", "a,b", "%", "-", "Not recorded", "Other", "1"];

#[rstest]
#[tokio::test]
async fn a_source_or_stage_named_like_a_wildcard_leads_to_its_own_rows(#[values(Sqlite, Postgres)] kind: Kind) {
    let people = WILDCARDS.iter().enumerate().map(|(at, name)| {
        Edit::AddContact(ContactEdit::named(&format!("Wild {at}")).id(format!("9200{at:02}")).from_source(name).in_stage(name))
    });
    let world = world(kind, people).await;
    let visitor = world.visitor(Person::Riley).await;
    let summary = visitor.json("/api/v1/tenants/harbor/leads/summary").await;
    for (list, key) in [("by_source", "source"), ("by_stage", "stage")] {
        let lines = summary[list].as_array().unwrap();
        assert!(WILDCARDS.iter().all(|name| lines.iter().any(|line| line[key] == *name || name.eq_ignore_ascii_case("all"))));
        for line in lines.iter().filter(|line| line[key].is_string()) {
            let (name, count) = (line[key].as_str().unwrap(), line["count"].as_i64().unwrap());
            let query = format!("{key}={}", encoded(name));
            let page = format!("/t/harbor/leads?{query}");
            assert_eq!(visitor.csv(&page).await.len() as i64, count, "{page}");
            assert_eq!(total(&visitor, &page).await, count, "{page}");
            assert_eq!(visitor.json(&format!("/api/v1/tenants/harbor/leads?{query}")).await["total"], count, "{page}");
        }
    }
    // The form's "All", sent without scripts.
    let html = visitor.get("/t/harbor/leads?source=*").await.text();
    let all = tags(&html).into_iter().find(|tag| tag.get("data-absent").is_some() && tag.get("name") == Some("source")).unwrap();
    let all = encoded(all.get("data-absent").unwrap());
    assert_eq!(total(&visitor, &format!("/t/harbor/leads?source={all}&stage={all}")).await, summary["total"].as_i64().unwrap());
    assert!(crate::counts::keep_their_word(&visitor, ["/t/harbor/leads".to_owned()]).await > 20);
}

#[rstest]
#[tokio::test]
async fn a_number_is_a_source_or_stage_by_its_digits_and_other_values_are_null(#[values(Sqlite, Postgres)] kind: Kind) {
    let values = [json!(42), json!("42"), json!(true), json!(["Expo"])];
    let people = values.into_iter().enumerate().map(|(at, value)| {
        let contact = ContactEdit::named("Nan Number").id(format!("9400{at:02}"));
        Edit::AddContact(contact.with("clients_lead_source", value.clone()).with("clients_sales_cycle", value))
    });
    let world = world(kind, people).await;
    let visitor = world.visitor(Person::Riley).await;
    let summary = visitor.json("/api/v1/tenants/harbor/leads/summary").await;
    for (list, key) in [("by_source", "source"), ("by_stage", "stage")] {
        let count = |value: Value| {
            let lines = summary[list].as_array().unwrap().iter().filter(|line| line[key] == value);
            lines.map(|line| line["count"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(count(json!("42")), [2], "{summary}");
        let null = count(Value::Null);
        assert!(null.len() == 1 && null[0] >= 2, "{summary}");
        assert_eq!(total(&visitor, &format!("/t/harbor/leads?{key}=42")).await, 2);
    }
}

#[rstest]
#[tokio::test]
async fn null_a_missing_key_and_an_empty_text_are_one_blank_source(#[values(Sqlite, Postgres)] kind: Kind) {
    let mut edits = Vec::new();
    for (at, blank) in [Value::Null, json!(""), json!("  "), json!("\t\u{a0}")].into_iter().enumerate() {
        let contact = ContactEdit::named("Bo Blank").id(format!("9300{at:02}"));
        edits.push(Edit::AddContact(contact.with("clients_lead_source", blank.clone()).with("clients_sales_cycle", blank)));
    }
    edits.push(Edit::AddContact(ContactEdit::named("Bo Blank").id("930009")));
    edits.extend(
        ["clients_lead_source", "clients_sales_cycle"].map(|field| Edit::UnsetContact { client_id: "930009".into(), field }),
    );
    let world = world(kind, edits).await;
    let visitor = world.visitor(Person::Riley).await;
    let summary = visitor.json("/api/v1/tenants/harbor/leads/summary").await;
    let blanks: Vec<i64> = summary["by_source"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["source"] == "")
        .map(|line| line["count"].as_i64().unwrap())
        .collect();
    let [blank] = blanks.as_slice() else { panic!("{summary}") };
    let rows = visitor.csv("/t/harbor/leads?source=").await;
    assert_eq!(rows.len() as i64, *blank);
    assert_eq!(rows.iter().filter(|row| row[11].starts_with("9300")).count(), 5);
    // A blank stage is the first one.
    let first = visitor.csv("/t/harbor/leads?stage=New+Lead").await;
    assert_eq!(first.iter().filter(|row| row[11].starts_with("9300")).count(), 5);
}

#[rstest]
#[tokio::test]
async fn a_name_that_shows_nothing_is_no_name(#[values(Sqlite, Postgres)] kind: Kind) {
    let invisible = "\u{200b}\u{feff}";
    let nobody = ContactEdit::named(invisible).id("940001").with("compName", "\u{2060}").with("email", "\u{200b}");
    let company = ContactEdit::named(invisible).id("940002").with("compName", "Acme");
    let email = ContactEdit::named("\u{301}").id("940003").with("email", "ada@example.org");
    let world = world(kind, [nobody, company, email].map(Edit::AddContact)).await;
    let visitor = world.visitor(Person::Riley).await;
    let rows = visitor.csv("/t/harbor/leads").await;
    let name = |id: &str| rows.iter().find(|row| row[11] == id).unwrap()[0].clone();
    assert_eq!([name("940001"), name("940002"), name("940003")], ["No name", "Acme", "No name"]);
    assert!(words(&visitor.get("/t/harbor/leads?q=ada@example.org").await.text()).contains("ada@example.org"));
}

/// Ends nothing that it begins.
const TURNED: &str = "Ada \u{202e}gnp.exe \u{2067}\u{202b}x";

#[rstest]
#[tokio::test]
async fn direction_characters_are_confined_to_their_text_everywhere(#[values(Sqlite, Postgres)] kind: Kind) {
    let contact = ContactEdit::named(TURNED).id("950001").in_stage("FA Sent").from_source(TURNED).worth(90_000);
    let contact = contact.with("compName", TURNED).with("city", TURNED).with("assigned_user", TURNED);
    let elsewhere = ContactEdit::named("Bo Birch").id("950002").in_stage(TURNED);
    let deal = DealEdit::of("950001").id("850001").worth(75_000).with("opportunity_name", TURNED);
    let event = EventEdit::at("2026-11-20T16:00:00Z".parse().unwrap(), TURNED).with_contact("950001").with("location", TURNED);
    let note = NoteEdit::on("950001", TURNED).of_type(TURNED).by(TURNED);
    let world = world(
        kind,
        [Edit::AddContact(contact), Edit::AddContact(elsewhere), Edit::AddDeal(deal), Edit::AddEvent(event), Edit::AddNote(note)],
    )
    .await;
    let visitor = world.visitor(Person::Dana).await;
    for page in [
        "/t/harbor/overview",
        "/t/harbor/leads",
        "/t/harbor/leads?q=gnp.exe",
        "/t/harbor/pipeline",
        "/t/harbor/pipeline?by=value&q=gnp",
        "/t/harbor/hot-list",
        "/t/harbor/hot-list?view=call",
        "/t/harbor/schedule",
        "/t/harbor/schedule?view=list",
        "/t/harbor/notes",
        "/t/harbor/notes?q=exe",
        "/t/harbor/candidates/950001",
        "/t/harbor/candidates?part=matches&q=gnp",
        "/agency/sync/harbor/records/contacts?id=950001",
    ] {
        let html = visitor.get(page).await.text();
        for text in html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)) {
            assert_eq!(isolated(text), text, "{page}");
        }
        for tag in tags(&html) {
            for (name, value) in tag.attributes().filter(|(name, _)| ["title", "aria-label", "data-said"].contains(name)) {
                assert_eq!(isolated(value), value, "{page}: {name}");
            }
            let chart = tag.get("data-chart").map(|chart| serde_json::from_str::<Value>(chart).unwrap());
            for text in chart.iter().flat_map(texts) {
                assert_eq!(isolated(&text), text, "{page}: a chart");
            }
        }
        assert!(html.contains('\u{202e}'), "{page} does not show it");
    }
    let title = element(&visitor.get("/t/harbor/candidates/950001").await.text(), "title");
    assert_eq!(isolated(&title), title);
    for list in ["/t/harbor/leads", "/t/harbor/pipeline", "/t/harbor/hot-list", "/t/harbor/notes", "/t/harbor/schedule?view=list"]
    {
        let rows = visitor.csv(list).await;
        assert!(rows.iter().flatten().any(|cell| cell.contains('\u{202e}')), "{list}");
        for cell in rows.iter().flatten() {
            assert_eq!(isolated(cell), *cell, "{list}");
        }
    }
    let lead = visitor.json("/api/v1/tenants/harbor/leads?q=gnp.exe").await;
    assert_eq!(lead["leads"][0]["name"], TURNED, "the API returns a text as it is");
    assert_eq!(total(&visitor, &format!("/t/harbor/leads?source={}", encoded(TURNED))).await, 1);
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(parts) => parts.iter().flat_map(texts).collect(),
        Value::Object(parts) => parts.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Stores an appointment that the CRM would not return, because it is outside of the days that are read.
async fn book(world: &World, contact: &str, starts: Timestamp, ends: Option<Timestamp>) {
    let (store, tenant) = (&world.db.store, world.tenant(HARBOR).await.id);
    let meta = RecordMeta {
        crm_id: "860001".to_owned(),
        row_no: 1,
        mapping_version: 1,
        changed_ms: world.clock.now_ms(),
        modified_ms: None,
        filled: 0,
    };
    let activity = ActivityRecord {
        client_id: Some(contact.into()),
        name: String::new(),
        kind: "Call".to_owned(),
        title: "The doubtful call".to_owned(),
        description: String::new(),
        place: String::new(),
        owner: "Ruth".to_owned(),
        status: "Scheduled".to_owned(),
        cancelled: false,
        all_day: false,
        starts_ms: Some(starts.into()),
        ends_ms: ends.map(Into::into),
        moved_from_ms: None,
    };
    let tx = store.begin().await.unwrap();
    schedule::put(&tx, tenant, &[(meta, activity)], &[]).await.unwrap();
    rebuild_hot_list(&tx, tenant, world.clock.now(), RebuildReason::SettingChanged).await.unwrap();
    Store::commit(tx).await.unwrap();
}

#[rstest]
#[case::far_ahead("2162-03-09T15:00:00Z")]
#[case::long_ago("1926-03-09T15:00:00Z")]
#[tokio::test]
async fn a_doubtful_date_is_flagged_and_proves_nothing(#[case] date: &str, #[values(Sqlite, Postgres)] kind: Kind) {
    let contact = ContactEdit::named("Dora Doubt").id("960001").in_stage("FA Sent").worth(90_000);
    let world = world(
        kind,
        [
            Edit::AddContact(contact),
            Edit::AddNote(NoteEdit::on("960001", "the doubtful note").of_type("Call").by("Ruth").created(at(date))),
        ],
    )
    .await;
    book(&world, "960001", at(date), None).await;
    let visitor = world.visitor(Person::Dana).await;
    let list = visitor.json("/api/v1/tenants/harbor/hot-list").await;
    let item = list["items"].as_array().unwrap().iter().find(|item| item["client_id"] == "960001").unwrap();
    assert!(item["last_touch_at"].is_null(), "{item}");
    assert_ne!(item["status"], "booked", "{item}");
    for reason in item["reasons"].as_array().unwrap() {
        let scores = reason["what"].as_str().unwrap();
        assert!(!["touch", "appointment"].contains(&scores) || reason["points"].as_i64().unwrap() <= 0, "{item}");
    }
    let page = visitor.get("/t/harbor/candidates/960001").await.text();
    assert!(page.matches("data-doubtful").count() == 2, "{page}");
    assert!(!words(&element(&page, "banner info")).contains("doubtful"));
    assert!(!words(&visitor.get("/t/harbor/hot-list").await.text()).contains("the doubtful note"));
    assert!(!words(&visitor.get("/t/harbor/overview").await.text()).contains("The doubtful call"));

    let all = visitor.json("/api/v1/tenants/harbor/notes").await;
    let (first, rows) = (&all["notes"][0], visitor.csv("/t/harbor/notes").await);
    assert_eq!(first["doubtful_date"], false, "{first}");
    assert_eq!(rows.last().unwrap()[6], "the doubtful note");
    let found = visitor.json("/api/v1/tenants/harbor/notes?q=doubtful").await;
    assert_eq!((&found["total"], &found["notes"][0]["doubtful_date"]), (&json!(1), &json!(true)));
    assert!(visitor.get("/t/harbor/notes?q=doubtful").await.text().contains("data-doubtful"));
}

#[rstest]
#[tokio::test]
async fn an_appointment_that_ends_decades_later_is_flagged_and_ends_when_it_starts(#[values(Sqlite, Postgres)] kind: Kind) {
    let contact = ContactEdit::named("Dora Doubt").id("960001").in_stage("FA Sent").worth(90_000);
    let world = world(kind, [Edit::AddContact(contact)]).await;
    let (yesterday, mistake) = (at("2026-11-18T15:00:00Z"), at("2162-12-01T15:00:00Z"));
    book(&world, "960001", yesterday, Some(mistake)).await;
    let visitor = world.visitor(Person::Dana).await;
    let page = visitor.get("/t/harbor/candidates/960001").await.text();
    assert_eq!((page.matches("data-doubtful").count(), page.matches("2162").count()), (1, 1), "{page}");
    assert!(!words(&page).contains("In progress"), "{page}");
    let events = visitor.json("/api/v1/tenants/harbor/schedule?from=2026-11-18&to=2026-11-18").await;
    assert_eq!(events["events"].as_array().unwrap().iter().filter(|event| event["doubtful_date"] == true).count(), 1);
    for (day, listed) in [("2026-11-18", 1), ("2030-05-01", 0)] {
        let rows = visitor.csv(&format!("/t/harbor/schedule?view=day&d={day}")).await;
        assert_eq!(rows.iter().filter(|row| row.contains(&"The doubtful call".to_owned())).count(), listed, "{day}");
    }
}

#[rstest]
#[case::far_ahead("2162-03-09 09:00:00")]
#[case::long_ago("1926-03-09 09:00:00")]
#[tokio::test]
async fn a_contact_with_a_doubtful_date_of_creation_is_flagged_and_not_on_top(
    #[case] date: &str,
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let contact = ContactEdit::named("Dora Doubt").id("960001").in_stage("FA Sent").worth(90_000).with("created", date);
    let world = world(kind, [Edit::AddContact(contact)]).await;
    let visitor = world.visitor(Person::Dana).await;
    let rows = visitor.csv("/t/harbor/leads").await;
    let at = rows.iter().position(|row| row[0] == "Dora Doubt").unwrap();
    assert!(at > 100 && rows[at + 1..].iter().all(|row| row[10].is_empty()), "only unknown dates come after it");
    for path in ["/t/harbor/leads?q=Dora", "/t/harbor/candidates/960001"] {
        assert_eq!(visitor.get(path).await.text().matches("data-doubtful").count(), 1, "{path}");
    }
    let list = visitor.json("/api/v1/tenants/harbor/hot-list").await;
    let item = list["items"].as_array().unwrap().iter().find(|item| item["client_id"] == "960001").unwrap();
    let is_silence = |reason: &Value| reason["what"] == "touch" && reason["points"].as_i64().unwrap() < 0;
    assert!(!item["reasons"].as_array().unwrap().iter().any(is_silence), "known since it was first read: {item}");
}

#[rstest]
#[tokio::test]
async fn a_note_of_next_week_is_doubtful_until_next_week(#[values(Sqlite, Postgres)] kind: Kind) {
    let contact = ContactEdit::named("Nia Next").id("960002").in_stage("FA Sent").worth(90_000);
    let note = NoteEdit::on("960002", "written next week").of_type("Call").by("Ruth").created(at("2026-11-26T15:00:00Z"));
    let world = world(kind, [Edit::AddContact(contact), Edit::AddNote(note)]).await;
    let visitor = world.visitor(Person::Dana).await;
    let note = async || {
        visitor.json("/api/v1/tenants/harbor/notes?q=%22written+next+week%22").await["notes"][0]["doubtful_date"].clone()
    };
    assert_eq!(note().await, true);
    world.pass(SignedDuration::from_hours(24 * 8));
    world.sync_with_notes(HARBOR).await;
    assert_eq!(note().await, false);
}

#[rstest]
#[tokio::test]
async fn a_search_without_results_suggests_only_what_finds_something(#[values(Sqlite, Postgres)] kind: Kind) {
    let note = |text: &str| Edit::AddNote(NoteEdit::on("960003", text).of_type("Call").by("Ruth"));
    let contact = ContactEdit::named("Sue Search").id("960003");
    let world = world(
        kind,
        [
            Edit::AddContact(contact),
            note("臨時会議室で<b>会</b>議"),
            note("The <i>Stra</i>ße of O’Brien"),
            note("financing is in place"),
        ],
    )
    .await;
    let visitor = world.visitor(Person::Riley).await;
    for (text, count, marked) in [
        ("会議", 1, "<mark>会議</mark>室で<b><mark>会</mark></b><mark>議</mark>"),
        ("議", 1, "会<mark>議</mark>室で<b>会</b><mark>議</mark>"),
        ("strasse", 1, "The <i><mark>Stra</mark></i><mark>ße</mark> of"),
        ("o'brien", 1, "of <mark>O’Brien</mark>"),
        ("OBRIEN", 1, "of <mark>O’Brien</mark>"),
    ] {
        let page = visitor.get(&format!("/t/harbor/notes?q={}", encoded(text))).await.text();
        assert!(page.contains(marked), "{text}: {page}");
        assert_eq!(total(&visitor, &format!("/t/harbor/notes?q={}", encoded(text))).await, count, "{text}");
    }
    for (text, suggestion) in [("financ", Some("financ*")), ("zebrafish", None), ("会議録", None), ("\"in the\"", None)] {
        let page = visitor.get(&format!("/t/harbor/notes?q={}", encoded(text))).await.text();
        let suggested: Vec<_> = tags(&page)
            .into_iter()
            .filter(|tag| tag.get("data-count").is_some() && tag.get("href").is_some_and(|href| href.contains("q=")))
            .collect();
        match suggestion {
            None => assert!(!words(&page).contains("Search for"), "{text}"),
            Some(suggestion) => {
                assert!(words(&page).contains(&format!("Search for {suggestion}")), "{text}");
                let href = suggested[0].get("href").unwrap();
                assert_eq!(total(&visitor, href).await.to_string(), suggested[0].get("data-count").unwrap());
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_download_is_named_by_brand_page_and_period(#[values(Sqlite)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    for (address, name) in [
        ("/t/harbor/leads", "harbor-leads-as-of-2026-11-19"),
        ("/t/harbor/leads?from=2026-11-01&to=2026-11-15", "harbor-leads-2026-11-01-to-2026-11-15"),
        ("/t/harbor/leads?from=2026-11-01", "harbor-leads-since-2026-11-01"),
        ("/t/harbor/leads?period=7d", "harbor-leads-2026-11-13-to-2026-11-19"),
        ("/t/harbor/pipeline", "harbor-deals-as-of-2026-11-19"),
        ("/t/harbor/pipeline/rows?show=lost&period=7d", "harbor-pipeline-lost-2026-11-13-to-2026-11-19"),
        ("/t/harbor/hot-list", "harbor-hot-list-as-of-2026-11-19"),
        ("/t/harbor/notes?period=7d", "harbor-notes-2026-11-13-to-2026-11-19"),
        ("/t/harbor/schedule?view=day&d=2026-11-20", "harbor-schedule-2026-11-20"),
    ] {
        let answer = visitor.get(&with(address, "format=csv")).await;
        let (_, rest) = name.split_once('-').unwrap();
        let expected = format!("attachment; filename=\"{name}.csv\"; filename*=UTF-8''Harbor-{rest}.csv");
        assert_eq!(answer.header("content-disposition"), expected, "{address}");
    }
}
