//! The JSON API: its shapes are a contract, its numbers are the CRM's.

use std::collections::{BTreeMap, BTreeSet};

use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_simulator::{Fault, Request};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::world::{BRANDS, Person, Visitor, World, moment};

#[track_caller]
fn keys(value: &Value, wanted: &str) {
    let keys: BTreeSet<&str> =
        value.as_object().unwrap_or_else(|| panic!("{value} is no object")).keys().map(String::as_str).collect();
    assert_eq!(keys, wanted.split_whitespace().collect(), "{value}");
}

#[track_caller]
fn kinds(value: &Value, wanted: &[(&str, &str)]) {
    for (key, kinds) in wanted {
        let kind = match &value[*key] {
            Value::Null => "null",
            Value::Bool(_) => "flag",
            Value::Number(number) if number.is_i64() => "count",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(_) => "list",
            Value::Object(_) => "object",
        };
        assert!(kinds.split('|').any(|wanted| wanted == kind), "{key} is {kind} and not {kinds}: {value}");
    }
}

#[rstest]
#[tokio::test]
async fn tenants_are_those_of_the_caller_with_their_freshness(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    let unread = world.visitor(Person::Riley).await.json("/api/v1/tenants").await;
    let wanted =
        json!([{"slug": "harbor", "name": "Harbor", "zone": "America/Chicago", "sync": {"state": "never", "as_of": null}}]);
    assert_eq!(unread, wanted);
    world.sync("harbor").await;
    let all = world.visitor(Person::Dana).await.json("/api/v1/tenants").await;
    assert_eq!(all[0]["sync"]["state"], "on_time");
    assert_eq!(moment(&all[0]["sync"]["as_of"]), world.clock.now());
    assert_eq!((&all[1]["slug"], &all[1]["sync"]["state"]), (&json!("tidewater"), &json!("never")));
}

#[rstest]
#[tokio::test]
async fn the_summary_of_leads_says_what_the_crm_holds(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    for (account, brand) in BRANDS.into_iter().enumerate() {
        let summary = world.visitor(Person::Dana).await.json(&format!("/api/v1/tenants/{brand}/leads/summary")).await;
        keys(&summary, "as_of zone total prospects undated by_source by_stage new_by_week");
        assert_eq!(moment(&summary["as_of"]), world.clock.now());
        assert_eq!(summary["zone"], world.simulator.accounts()[account].zone);
        let truth = world.simulator.truth(account);
        assert_eq!(summary["total"], truth.contacts);
        assert_eq!(summary["prospects"], truth.prospects);
        assert_eq!(summary["undated"], truth.undated);
        assert_eq!(counted(&summary["by_stage"], "stage"), truth.by_stage);
        assert_eq!(counted(&summary["by_source"], "source"), truth.by_source);
        for line in summary["by_stage"].as_array().unwrap() {
            keys(line, "stage role active count");
            kinds(line, &[("stage", "text|null"), ("role", "text"), ("active", "flag|null"), ("count", "count")]);
            assert!(!line["active"].is_null() || line["role"] == "unlisted", "{line}");
        }
        for line in summary["by_source"].as_array().unwrap() {
            keys(line, "source count");
        }
    }
}

fn counted(lines: &Value, name: &str) -> BTreeMap<String, usize> {
    let lines = lines.as_array().unwrap().iter().map(|line| {
        let label = line[name].as_str().unwrap_or("null").to_owned();
        (label, usize::try_from(line["count"].as_u64().unwrap()).unwrap())
    });
    lines.filter(|(_, count)| *count > 0).collect()
}

#[rstest]
#[tokio::test]
async fn new_leads_come_by_twelve_weeks_of_which_the_current_is_the_last(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let summary = visitor.json("/api/v1/tenants/harbor/leads/summary").await;
    let weeks = summary["new_by_week"].as_array().unwrap();
    assert_eq!(weeks.len(), 12);
    assert_eq!((&weeks[11]["week"], &weeks[11]["starts"]), (&json!("2026-W47"), &json!("2026-11-16")));
    assert_eq!((&weeks[0]["week"], &weeks[0]["starts"]), (&json!("2026-W36"), &json!("2026-08-31")));
    for week in weeks {
        keys(week, "week starts count prospects");
        kinds(week, &[("count", "count"), ("prospects", "count")]);
        let starts: jiff::civil::Date = week["starts"].as_str().unwrap().parse().unwrap();
        let ends = starts + jiff::Span::new().days(6);
        let list = visitor.json(&format!("/api/v1/tenants/harbor/leads?from={starts}&to={ends}")).await;
        assert_eq!(list["total"], week["count"], "{week}");
        let prospects = visitor.json(&format!("/api/v1/tenants/harbor/leads?from={starts}&to={ends}&type=prospects")).await;
        assert_eq!(prospects["total"], week["prospects"], "{week}");
    }
}

#[rstest]
#[tokio::test]
async fn a_week_that_the_data_does_not_reach_is_null_and_not_zero(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    world.pass(jiff::SignedDuration::from_hours(24 * 6));
    let summary = world.visitor(Person::Riley).await.json("/api/v1/tenants/harbor/leads/summary").await;
    let weeks = summary["new_by_week"].as_array().unwrap();
    assert_eq!(weeks[11], json!({"week": "2026-W48", "starts": "2026-11-23", "count": null, "prospects": null}));
    assert!(weeks[10]["count"].is_i64());
}

/// All rows of the list, part by part, with what each part said of the whole.
async fn walk(visitor: &Visitor, query: &str) -> (Vec<Value>, i64) {
    let (mut rows, mut cursor, mut totals) = (Vec::new(), String::new(), BTreeSet::new());
    loop {
        let part = visitor.json(&format!("/api/v1/tenants/harbor/leads?{query}&cursor={cursor}")).await;
        keys(&part, "total leads next");
        totals.insert(part["total"].as_i64().unwrap());
        rows.extend(part["leads"].as_array().unwrap().iter().cloned());
        match part["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(totals.len(), 1, "{query}");
    (rows, totals.into_iter().next().unwrap())
}

#[rstest]
#[tokio::test]
async fn the_list_of_leads_is_walked_by_its_cursor_without_a_gap_or_a_repeat(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let truth = world.simulator.truth(0);
    for sort in ["", "name", "-name", "created", "-created", "source", "market", "stage", "-owner"] {
        let (rows, total) = walk(&visitor, &format!("sort={sort}")).await;
        let ids: BTreeSet<&str> = rows.iter().map(|row| row["client_id"].as_str().unwrap()).collect();
        assert_eq!(
            (rows.len(), ids.len(), total),
            (truth.contacts, truth.contacts, i64::try_from(truth.contacts).unwrap()),
            "{sort}"
        );
    }
    let (rows, _) = walk(&visitor, "").await;
    for row in &rows {
        keys(
            row,
            "client_id name company email phone market source stage role contact_type owner fee_cents created_at last_modified_at \
             stage_since stage_since_exact",
        );
        let texts = ["client_id", "name", "company", "email", "phone", "market", "role", "owner"].map(|key| (key, "text"));
        kinds(row, &texts);
        kinds(
            row,
            &[("source", "text|null"), ("stage", "text|null"), ("contact_type", "count|null"), ("fee_cents", "count|null")],
        );
        kinds(row, &[("created_at", "text|null"), ("stage_since", "text"), ("stage_since_exact", "flag")]);
    }
    let not_text = rows.iter().find(|row| row["client_id"] == "900003").unwrap();
    assert_eq!((&not_text["stage"], &not_text["source"], &not_text["role"]), (&Value::Null, &Value::Null, &json!("unlisted")));
    let blank = rows.iter().find(|row| row["client_id"] == "900004").unwrap();
    assert_eq!(blank["source"], "");
    assert_ne!(blank["stage"], "");
}

#[rstest]
#[tokio::test]
async fn each_stage_and_source_of_the_summary_is_a_filter_of_the_list(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let summary = visitor.json("/api/v1/tenants/harbor/leads/summary").await;
    for (lines, key) in [("by_stage", "stage"), ("by_source", "source")] {
        for line in summary[lines].as_array().unwrap() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            match line[key].as_str() {
                Some(label) => query.append_pair(key, label),
                None => query.append_pair(&format!("{key}-not-text"), "1"),
            };
            let (rows, total) = walk(&visitor, &query.finish()).await;
            assert_eq!(json!(total), line["count"], "{line}");
            assert!(rows.iter().all(|row| row[key] == line[key]), "{line}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn the_pipeline_adds_up(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    for (account, brand) in BRANDS.into_iter().enumerate() {
        let pipeline = world.visitor(Person::Dana).await.json(&format!("/api/v1/tenants/{brand}/pipeline")).await;
        keys(&pipeline, "as_of leads_in_pipeline qualified deals open_deals fees_known value_cents weighted_cents stages");
        assert_eq!(moment(&pipeline["as_of"]), world.clock.now());
        let truth = world.simulator.truth(account);
        assert_eq!(pipeline["deals"], truth.deals);
        assert_eq!(pipeline["leads_in_pipeline"], truth.leads_in_pipeline);
        let stages = pipeline["stages"].as_array().unwrap();
        for stage in stages {
            keys(stage, "stage order role suggested_role active odds contacts deals value_cents weighted_cents");
            kinds(stage, &[("stage", "text|null"), ("order", "count|null"), ("role", "text"), ("active", "flag|null")]);
            kinds(stage, &[("odds", "count|number|null"), ("contacts", "count"), ("deals", "count"), ("value_cents", "count")]);
            assert_eq!(stage["suggested_role"].is_string(), stage["role"] == "unconfirmed", "{stage}");
        }
        let sum = |key: &str, roles: &[&str]| -> i64 {
            let of_role = stages.iter().filter(|stage| roles.contains(&stage["role"].as_str().unwrap()));
            of_role.map(|stage| stage[key].as_i64().unwrap()).sum()
        };
        let open = ["new", "working", "qualified", "late", "unconfirmed", "unlisted"];
        let in_pipeline = [&open[..], &["awarded", "parked"]].concat();
        assert_eq!(pipeline["leads_in_pipeline"], sum("contacts", &in_pipeline));
        assert_eq!(pipeline["open_deals"], sum("deals", &open));
        assert_eq!(pipeline["value_cents"], sum("value_cents", &open));
        assert_eq!(pipeline["weighted_cents"], sum("weighted_cents", &open));
        assert!(pipeline["fees_known"].as_i64().unwrap() <= pipeline["open_deals"].as_i64().unwrap());
        assert!(pipeline["weighted_cents"].as_i64().unwrap() <= pipeline["value_cents"].as_i64().unwrap());
    }
}

#[rstest]
#[tokio::test]
async fn sync_tells_the_newest_runs_with_each_of_their_datasets(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let never = visitor.json("/api/v1/tenants/harbor/sync").await;
    keys(&never, "state as_of last_success_at next_at runs");
    assert_eq!((&never["state"], &never["as_of"], &never["last_success_at"]), (&json!("never"), &Value::Null, &Value::Null));
    assert!(moment(&never["next_at"]) > world.clock.now());
    world.sync("harbor").await;
    world.pass(jiff::SignedDuration::from_hours(1));
    world.simulator.fault(0, Request::Deals, Fault::Status(500));
    world.sync("harbor").await;
    let told = visitor.json("/api/v1/tenants/harbor/sync").await;
    assert_eq!(told["state"], "failing");
    assert!(moment(&told["as_of"]) < world.clock.now() && moment(&told["last_success_at"]) < world.clock.now());
    let runs = told["runs"].as_array().unwrap();
    let statuses: Vec<&Value> = runs.iter().map(|run| &run["status"]).collect();
    assert_eq!(statuses, ["partial", "succeeded"]);
    let truth = world.simulator.truth(0);
    for run in runs {
        keys(run, "id status started_at finished_at datasets");
        assert!(moment(&run["started_at"]) <= moment(&run["finished_at"]));
        let names: Vec<&Value> = run["datasets"].as_array().unwrap().iter().map(|dataset| &dataset["dataset"]).collect();
        assert_eq!(names, ["stages", "sources", "users", "contacts", "deals", "events", "notes"]);
        for dataset in run["datasets"].as_array().unwrap() {
            keys(dataset, "dataset status pages read added changed unchanged gone held set_aside retries error");
            let counts = ["pages", "read", "added", "changed", "unchanged", "gone", "held", "set_aside", "retries"];
            kinds(dataset, &counts.map(|key| (key, "count")));
        }
    }
    let (first, last) = (&runs[1]["datasets"], &runs[0]["datasets"]);
    assert_eq!((&first[3]["added"], &first[3]["error"]), (&json!(truth.contacts), &Value::Null));
    assert_eq!((&last[3]["added"], &last[3]["unchanged"]), (&json!(0), &json!(truth.contacts)));
    assert_eq!((&last[4]["status"], &last[4]["error"]["class"]), (&json!("failed"), &json!("http_status")));
    keys(&last[4]["error"], "class meaning");
    assert!(last[4]["retries"].as_i64().unwrap() > 0);
}

#[rstest]
#[tokio::test]
async fn asking_twice_for_a_sync_asks_for_one_run(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    let (script, _) = world.script(Person::Dana).await;
    let (first, second) =
        (script.post("/api/v1/tenants/harbor/sync", &[]).await, script.post("/api/v1/tenants/harbor/sync", &[]).await);
    assert_eq!(first.status, 202);
    keys(&first.json(), "run_id");
    assert_eq!(first.json(), second.json());
    world.sync("harbor").await;
    let runs = script.json("/api/v1/tenants/harbor/sync").await["runs"].clone();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    assert_eq!((&runs[0]["id"], &runs[0]["status"]), (&first.json()["run_id"], &json!("succeeded")));
}

#[tokio::test]
async fn a_problem_is_told_in_the_shape_of_its_standard() {
    let world = World::unread(Sqlite).await;
    let answer = world.visitor(Person::Riley).await.get("/api/v1/tenants/tidewater/leads").await;
    assert!(answer.is_problem());
    keys(&answer.json(), "type title status detail");
}

#[rstest]
#[tokio::test]
async fn an_answer_that_has_not_changed_is_not_sent_again(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let mut visitor = world.visitor(Person::Riley).await;
    for address in
        ["leads/summary", "leads?sort=name", "pipeline", "notes", "schedule"].map(|it| format!("/api/v1/tenants/harbor/{it}"))
    {
        visitor.headers.remove("if-none-match");
        let first = visitor.get(&address).await;
        assert_eq!(first.status, 200, "{address}");
        let tag = first.header("etag").to_owned();
        visitor.headers.insert("if-none-match", format!("W/\"old\", W/{tag}").parse().unwrap());
        let again = visitor.get(&address).await;
        assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, &*tag), "{address}");
        world.sync("harbor").await;
        let after = visitor.get(&address).await;
        assert_eq!(after.status, 200, "{address}");
        assert_ne!(after.header("etag"), tag, "{address}");
    }
}

#[rstest]
#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let mut visitor = world.visitor(Person::Riley).await;
    let other = world.visitor(Person::Dana).await;
    for page in ["overview", "leads", "pipeline", "hot-list", "notes", "schedule"].map(|it| format!("/t/harbor/{it}")) {
        visitor.headers.remove("if-none-match");
        // The first visit of the hot list is told what is new.
        visitor.get(&page).await;
        let first = visitor.get(&page).await;
        assert_eq!(first.status, 200, "{page}");
        let tag = first.header("etag").to_owned();
        assert_ne!(other.get(&page).await.header("etag"), tag, "{page} names its reader");
        visitor.headers.insert("if-none-match", format!("W/{tag}").parse().unwrap());
        let again = visitor.get(&page).await;
        assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, &*tag), "{page}");
        assert_eq!(again.header("cache-control"), "private, no-cache");
        world.clock.set(world.clock.now() + jiff::SignedDuration::from_hours(1));
        let later = visitor.get(&page).await;
        assert_eq!(later.status, 200, "{page} tells an older age");
        assert_ne!(later.header("etag"), tag, "{page}");
    }
    visitor.headers.insert("if-none-match", "*".parse().unwrap());
    assert_eq!(visitor.get("/t/harbor/no-such-page").await.status, 404, "only what is there is known");
}
