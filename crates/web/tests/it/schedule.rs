//! The brand's appointments: on which days they stand, what is said of them, and what calendar programs are told.

mod browser;
mod subscription;

use std::collections::BTreeSet;

use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarProperty, ICalendarStatus, ICalendarValue};
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::IF_NONE_MATCH;
use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_domain::{EpochMs, Zone};
use tetherboard_simulator::{ContactEdit, Edit, EventEdit};
use tetherboard_store::tenants::{self, Changes};
use tetherboard_store::{audit, users};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};
use tetherboard_testkit::Options;

use crate::browser::{at, enter, open};
use crate::counts::keep_their_word;
use crate::page::{element, tags, words};
use crate::world::{Answer, FORMULA, HARBOR, Person, SCRIPT, TIDEWATER, Visitor, World};

const PAGE: &str = "/t/harbor/schedule";
const SUBSCRIBE: &str = "/t/harbor/schedule/subscribe";

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn add(world: &World, event: EventEdit) -> String {
    world.simulator.edit(0, Edit::AddEvent(event))
}

fn set(world: &World, id: &str, field: &'static str, value: impl Into<Value>) {
    world.simulator.edit(0, Edit::SetEvent { event_id: id.to_owned(), field, value: value.into() });
}

/// The titles of the appointments in a list's CSV that begin so.
async fn titles(visitor: &Visitor, address: &str, begin: &str) -> BTreeSet<String> {
    let rows = visitor.csv(address).await;
    rows.into_iter().map(|row| row[1].clone()).filter(|title| title.starts_with(begin)).collect()
}

fn set_of(titles: &[&str]) -> BTreeSet<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

/// The world stands at Thursday, November 19, 2026, 10:30 in Chicago.
#[rstest]
#[tokio::test]
async fn odd_appointments_stand_on_the_days_of_the_brand(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let at = |starts: &str, title: &str| EventEdit::at(moment(starts), title);
    let day = |starts: &str, title: &str| at("2026-11-24T18:00:00Z", title).with("start_date", starts).with("end_date", "");
    for event in [
        day("2026-11-24", "odd bare"),
        day("2026-11-23", "odd bare days").with("end_date", "2026-11-24"),
        at("2026-11-22T22:00:00Z", "odd three days").lasting(48 * 60),
        at("2026-11-24T05:30:00Z", "odd across midnight").lasting(60),
        at("2026-11-24T05:00:00Z", "odd until midnight").lasting(60),
        at("2026-11-24T16:00:00Z", "odd backwards").with("end_date", "2026-11-01 09:00:00"),
        at("2026-11-24T16:00:00Z", "odd endless").with("end_date", ""),
        day("1900-01-01 09:00:00", "odd old"),
        day("2099-12-31 09:00:00", "odd far"),
        day("next Tuesday", "odd undated"),
        day("2026-11-01 01:30:00", "odd hour of two"),
        day("2026-11-01 00:30:00", "odd long night").with("end_date", "2026-11-01 02:30:00"),
    ] {
        add(&world, event);
    }
    world.sync(HARBOR).await;
    let on = async |address: &str| titles(&visitor, &format!("{PAGE}?{address}"), "odd").await;
    assert_eq!(
        on("view=day&d=2026-11-24").await,
        set_of(&["odd bare", "odd bare days", "odd three days", "odd across midnight", "odd backwards", "odd endless"])
    );
    assert_eq!(
        on("view=day&d=2026-11-23").await,
        set_of(&["odd bare days", "odd three days", "odd across midnight", "odd until midnight"])
    );
    assert_eq!(on("d=1900-01-01").await, set_of(&["odd old"]));
    assert_eq!(on("view=month&d=2099-12").await, set_of(&["odd far"]));
    assert_eq!(on("show=undated").await, set_of(&["odd undated"]));
    assert_eq!(on("d=2026-W44").await, set_of(&["odd hour of two", "odd long night"]), "the Sunday of 25 hours is the week's");
    assert!(on("view=list").await.is_disjoint(&on("show=undated").await));
    let past = on("show=past").await;
    assert_eq!(past, set_of(&["odd old", "odd hour of two", "odd long night"]));
    let html = visitor.get(&format!("{PAGE}?d=2026-11-01")).await.text();
    assert!(words(&html).contains("1:30 AM CDT"), "of a doubled hour it is the earlier");
    assert!(words(&html).contains("12:30 AM CDT to 2:30 AM CST"), "each end has its zone where the clocks change");
    let unread = visitor.get(&format!("{PAGE}?d=2099-12")).await.text();
    assert!(words(&unread).contains("Later appointments are not shown yet."), "{}", words(&unread));
    let pages =
        ["", "?view=week", "?d=2026-11-24", "?view=list", "?show=past", "?d=1900-01", "?d=2099-12", "?view=week&d=2026-W44"];
    keep_their_word(&visitor, pages.map(|query| format!("{PAGE}{query}"))).await;
}

#[rstest]
#[tokio::test]
async fn bare_days_are_the_crms_also_where_its_clock_is_elsewhere(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let tokyo = Zone::named("Asia/Tokyo").unwrap();
    let harbor = world.tenant(HARBOR).await;
    tenants::set(world.db.store.conn(), harbor.id, &Changes { source_zone: Some(&tokyo), ..Changes::default() }).await.unwrap();
    let event = |title: &str, starts: &str| EventEdit::at(moment("2026-11-24T18:00:00Z"), title).with("start_date", starts);
    add(&world, event("zoned bare", "2026-11-25").with("end_date", ""));
    add(&world, event("zoned timed", "2026-11-25 09:00:00").with("end_date", "2026-11-25 10:00:00"));
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    assert_eq!(titles(&visitor, &format!("{PAGE}?d=2026-11-25"), "zoned").await, set_of(&["zoned bare"]));
    // Nine in the morning in Tokyo is six in the evening of the day before in Chicago.
    assert_eq!(titles(&visitor, &format!("{PAGE}?d=2026-11-24"), "zoned").await, set_of(&["zoned timed"]));
}

#[rstest]
#[tokio::test]
async fn four_hundred_on_one_day_stay_light(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    for nth in 0..400 {
        let starts = moment("2026-12-08T14:00:00Z") + SignedDuration::from_secs(60 * (nth % 240));
        add(&world, EventEdit::at(starts, &format!("Call {nth}")).lasting(15));
    }
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    let day = visitor.csv(&format!("{PAGE}?view=day&d=2026-12-08")).await.len();
    assert!(day >= 400, "{day}");
    for view in ["month&d=2026-12", "week&d=2026-W50", "day&d=2026-12-08", "list"] {
        let page = visitor.get(&format!("{PAGE}?view={view}")).await;
        assert!(page.body.len() < 160_000, "{view} has {} bytes", page.body.len());
    }
    let month = visitor.get(&format!("{PAGE}?view=month&d=2026-12")).await.text();
    let more: Vec<String> = tags(&month)
        .iter()
        .filter(|tag| tag.get("class") == Some("more-ev"))
        .filter_map(|tag| tag.get("data-count").map(str::to_owned))
        .collect();
    assert!(more.contains(&day.to_string()), "{more:?}");
    assert!(words(&month).contains(&format!("+{} more", day - 2)), "two are shown");
}

#[rstest]
#[tokio::test]
async fn today_and_what_is_to_come_are_grouped_and_filters_add_up(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let event = |starts: &str, title: &str, owner: &str| {
        EventEdit::at(moment(starts), title).with("assigned_user", owner).with("event_type", "Kindly").with("location", "")
    };
    add(&world, event("2026-11-19T14:00:00Z", "near this morning", "Zoe Zed"));
    add(&world, event("2026-11-20T14:00:00Z", "near tomorrow", "Zoe Zed"));
    add(&world, event("2026-11-22T14:00:00Z", "near sunday", "Yan Ypsilon"));
    add(&world, event("2026-11-23T14:00:00Z", "near monday", "Zoe Zed").with("status", "Cancelled"));
    add(&world, event("2026-11-18T14:00:00Z", "near yesterday", "Yan Ypsilon"));
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    for (show, expected) in [
        ("today", "near this morning"),
        ("tomorrow", "near tomorrow"),
        ("this-week", "near sunday"),
        ("later", "near monday"),
        ("past", "near yesterday"),
    ] {
        assert_eq!(titles(&visitor, &format!("{PAGE}?show={show}"), "near").await, set_of(&[expected]), "{show}");
    }
    let count = async |query: &str| visitor.csv(&format!("{PAGE}?view=list{query}")).await.len();
    let (zoe, yan) = (count("&owner=Zoe+Zed").await, count("&owner=yan+ypsilon").await);
    assert_eq!((zoe, yan, count("&owner=Zoe+Zed&owner=Yan+Ypsilon").await), (3, 2, 5));
    assert_eq!(count("&type=Kindly&status=Cancelled").await, 1);
    assert_eq!(count("&owner=Nobody+like+that").await, 0);
    let narrowed = visitor.get(&format!("{PAGE}?view=list&owner=Nobody+like+that")).await.text();
    assert!(words(&narrowed).contains("No appointments match"));
    let cancelled = element(&visitor.get(&format!("{PAGE}?show=later&type=Kindly")).await.text(), "data-total=");
    assert!(cancelled.contains("near monday") && cancelled.contains("Canceled"), "{cancelled}");
    let ahead = element(&visitor.get(&format!("{PAGE}?type=Kindly")).await.text(), "class=\"sched-ahead\"");
    assert!(ahead.contains("1 appointment today, 1 tomorrow, 1 later this week."), "{ahead}");
    assert!(ahead.contains("tomorrow at 8:00 AM CST."), "what is to come next; {ahead}");
    let month = visitor.get(PAGE).await.text();
    let today: Vec<_> =
        tags(&month).into_iter().filter(|tag| tag.name == "td" && tag.get("aria-current") == Some("date")).collect();
    assert_eq!(today.len(), 1);
    assert!(words(&month).contains("Central Time"), "the zone of the times is named");
    let pages = ["?view=list&owner=Zoe+Zed", "?owner=Zoe+Zed", "?view=week&type=Kindly", "?view=day&status="];
    keep_their_word(&visitor, pages.map(|query| format!("{PAGE}{query}"))).await;
}

#[rstest]
#[tokio::test]
async fn outcomes_are_asked_for_of_open_candidates_and_only_for_two_weeks(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    for (id, stage) in [("910001", "New Lead"), ("910002", "Not Interested")] {
        world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Ola Open").id(id).in_stage(stage)));
    }
    let missed = |starts: &str, title: &str, contact: &str, status: &str| {
        add(&world, EventEdit::at(moment(starts), title).with_contact(contact).with("status", status));
    };
    missed("2026-11-17T16:00:00Z", "due", "910001", "Scheduled");
    missed("2026-11-17T16:00:00Z", "due not, told", "910001", "Completed");
    missed("2026-11-17T16:00:00Z", "due not, called off", "910001", "Cancelled");
    missed("2026-11-18T17:00:00Z", "due not yet", "910001", "Scheduled");
    missed("2026-11-05T15:59:00Z", "due no more", "910001", "Scheduled");
    missed("2026-11-17T16:00:00Z", "due not, inactive", "910002", "Scheduled");
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    assert_eq!(titles(&visitor, &format!("{PAGE}?show=outcome-needed"), "due").await, set_of(&["due"]));
    let page = visitor.get(PAGE).await.text();
    assert!(element(&page, "aria-label=\"Outcome needed\"").contains("Ola Open"), "{}", words(&page));
}

#[rstest]
#[tokio::test]
async fn a_discovery_day_is_pinned_with_its_candidates(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    for (id, name) in [("910001", "Dee Day"), ("910002", "Fay Fair")] {
        world.simulator.edit(0, Edit::AddContact(ContactEdit::named(name).id(id).in_stage("FDD Sent")));
        let event = EventEdit::at(moment("2026-11-25T15:00:00Z"), "Discovery Day in Reno").with_contact(id).lasting(360);
        add(&world, event.with("location", "Reno HQ"));
    }
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    let pinned = element(&visitor.get(PAGE).await.text(), "aria-labelledby=\"discovery-h\"");
    assert!(["Dee Day", "Fay Fair", "Wed Nov 25, 2 candidates", "Reno HQ"].iter().all(|text| pinned.contains(text)), "{pinned}");
    let day = visitor.csv(&format!("{PAGE}?view=day&d=2026-11-25&type=Discovery+Day")).await;
    assert_eq!(day.len(), 2);
}

#[rstest]
#[tokio::test]
async fn the_api_takes_the_filters_of_the_page(#[values(Sqlite, Postgres)] kind: Kind) {
    const API: &str = "/api/v1/tenants/harbor/schedule";
    let world = World::read(kind).await;
    let event = |starts: &str, title: &str, owner: &str, status: &str| {
        let event = EventEdit::at(moment(starts), title).with("event_type", "appt").with("location", "");
        add(&world, event.with("assigned_user", owner).with("status", status))
    };
    event("2026-11-20T15:00:00Z", "api call", "Zoe Zed", "Scheduled");
    event("2026-11-21T15:00:00Z", "api meeting", "Yan Ypsilon", "Cancelled");
    event("2026-11-22T15:00:00Z", "api tasting", "Zoe Zed", "No show");
    event("2026-11-23T15:00:00Z", "api signing", "", "");
    let undated = event("2026-11-23T15:00:00Z", "api call some day", "Zoe Zed", "Scheduled");
    set(&world, &undated, "start_date", "some day");
    world.sync(HARBOR).await;
    let riley = world.visitor(Person::Riley).await;
    let asked = async |query: &str| {
        let answer = riley.json(&format!("{API}?{query}")).await;
        let found = answer["events"].as_array().unwrap().iter().map(|event| event["title"].as_str().unwrap().to_owned());
        let found: BTreeSet<String> = found.filter(|title| title.starts_with("api")).collect();
        // The page says the same of the same filters.
        if !query.contains("from=") {
            assert_eq!(titles(&riley, &format!("{PAGE}?view=list&{query}"), "api").await, found, "{query}");
            let without = riley.csv(&format!("{PAGE}?show=undated&{query}")).await.len();
            assert_eq!(answer["undated"], without, "{query}");
        }
        found
    };
    let all = ["api call", "api meeting", "api signing", "api tasting"];
    assert_eq!(asked("").await, set_of(&all));
    assert_eq!(asked("type=Call").await, set_of(&["api call"]));
    assert_eq!(asked("type=call&type=MEETING").await, set_of(&["api call", "api meeting"]));
    assert_eq!(asked("type=appt").await, set_of(&[]), "what the CRM calls every appointment is no type");
    assert_eq!(asked("owner=Zoe+Zed").await, set_of(&["api call", "api tasting"]));
    assert_eq!(asked("owner=zoe+zed&status=No+show").await, set_of(&["api tasting"]));
    assert_eq!(asked("status=Cancelled&status=Scheduled&type=Meeting").await, set_of(&["api meeting"]));
    assert_eq!(asked("status=&owner=").await, set_of(&["api signing"]), "empty means those without");
    assert_eq!(asked("owner=Nobody+like+that").await, set_of(&[]));
    assert_eq!(asked("owner=Zoe+Zed&from=2026-11-21&to=2026-11-22").await, set_of(&["api tasting"]));
    let answer = riley.json(&format!("{API}?type=Call&owner=Zoe+Zed&from=2026-11-20&to=2026-11-20")).await;
    assert_eq!(answer["undated"], 1);
    assert_eq!((&answer["events"][0]["type"], &answer["events"][0]["about"]), (&json!("appt"), &json!("Call")));

    let many: String = (0..31).map(|nth| format!("&status={nth}")).collect();
    let answer = riley.get(&format!("{API}?{many}")).await;
    assert!(answer.status == StatusCode::BAD_REQUEST && answer.is_problem() && answer.text().contains("`status`"));
    let openapi = riley.json("/api/v1/openapi.json").await;
    let named = openapi["paths"]["/api/v1/tenants/{tenant}/schedule"]["get"]["parameters"].as_array().unwrap().iter();
    let named: Vec<&str> = named.map(|parameter| parameter["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["tenant", "from", "to", "type", "owner", "status"]);
}

#[rstest]
#[case::no_such_leaf("d=2026-13", "2026-13")]
#[case::no_such_day("d=2026-02-30", "2026-02-30")]
#[case::too_far("d=9999-12", "9999-12")]
#[case::no_such_view("view=year", "year")]
#[case::no_such_list("show=everything", "everything")]
#[case::a_list_of_a_month("view=month&show=today", "show")]
#[tokio::test]
async fn what_cannot_be_read_is_named(#[case] query: &str, #[case] named: &str) {
    let world = World::unread(Sqlite).await;
    let answer = world.visitor(Person::Riley).await.get(&format!("{PAGE}?{query}")).await;
    assert!(answer.status == StatusCode::BAD_REQUEST && words(&answer.text()).contains(named), "{}", answer.text());
}

#[tokio::test]
async fn before_the_first_read_the_calendar_says_so() {
    let world = World::unread(Sqlite).await;
    let visitor = world.visitor(Person::Riley).await;
    for query in ["", "?view=week", "?view=list", "?d=2026-11-19"] {
        let text = words(&visitor.get(&format!("{PAGE}{query}")).await.text());
        assert!(text.contains("No appointments yet"), "{query}: {text}");
    }
}
