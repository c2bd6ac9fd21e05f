//! The brand's appointments: on which days they stand, what is said of them, and what calendar programs are told.

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

// The subscription -----------------------------------------------------------------------------------------------------

/// An event as a calendar program reads it.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    uid: String,
    summary: String,
    location: String,
    description: String,
    url: String,
    starts: String,
    ends: String,
    is_bare: bool,
    sequence: i64,
    status: Option<ICalendarStatus>,
}

fn text_of(event: &ICalendarComponent, name: &ICalendarProperty) -> String {
    event.property(name).and_then(|entry| entry.values.first()).and_then(ICalendarValue::as_text).unwrap_or_default().to_owned()
}

fn time_of(event: &ICalendarComponent, name: &ICalendarProperty) -> String {
    let Some(ICalendarValue::PartialDateTime(at)) = event.property(name).and_then(|entry| entry.values.first()) else {
        return String::new();
    };
    let day = format!("{:04}-{:02}-{:02}", at.year.unwrap(), at.month.unwrap(), at.day.unwrap());
    match at.hour {
        None => day,
        Some(hour) => {
            assert_eq!((at.tz_hour, at.tz_minute), (Some(0), Some(0)), "moments are told in UTC");
            format!("{day} {hour:02}:{:02}", at.minute.unwrap())
        }
    }
}

/// Read by a library that is not the one it is written with; and each line is as RFC 5545 wants it.
fn events(answer: &Answer) -> Vec<Told> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
    let text = String::from_utf8(answer.body.clone()).unwrap();
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "lines end with CR LF");
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{line}");
        assert!(!line.chars().any(|c| c.is_control()), "{line:?}");
    }
    let calendar = ICalendar::parse(&text).unwrap_or_else(|entry| panic!("{entry:?}"));
    let found = calendar.components.iter().filter(|component| component.component_type.is_event());
    let told = found.map(|event| Told {
        uid: event.uid().unwrap().to_owned(),
        summary: text_of(event, &ICalendarProperty::Summary),
        location: text_of(event, &ICalendarProperty::Location),
        description: text_of(event, &ICalendarProperty::Description),
        url: match event.property(&ICalendarProperty::Url).and_then(|entry| entry.values.first()) {
            Some(ICalendarValue::Uri(calcard::icalendar::Uri::Location(url))) => url.clone(),
            _ => String::new(),
        },
        starts: time_of(event, &ICalendarProperty::Dtstart),
        ends: time_of(event, &ICalendarProperty::Dtend),
        is_bare: time_of(event, &ICalendarProperty::Dtstart).len() == 10,
        sequence: event
            .property(&ICalendarProperty::Sequence)
            .and_then(|entry| entry.values.first())
            .and_then(ICalendarValue::as_integer)
            .unwrap(),
        status: event.status().cloned(),
    });
    let told: Vec<Told> = told.collect();
    let uids: BTreeSet<&str> = told.iter().map(|event| event.uid.as_str()).collect();
    assert_eq!(uids.len(), told.len(), "each has a UID of its own");
    told
}

fn one(events: &[Told], title: &str) -> Told {
    let found: Vec<&Told> = events.iter().filter(|event| event.summary.contains(title)).collect();
    assert_eq!(found.len(), 1, "{title}: {events:?}");
    found[0].clone()
}

/// The path of a new address.
async fn address(visitor: &Visitor) -> String {
    let answer = visitor.post(SUBSCRIBE, &[("act", "make")]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"), "{}", answer.text());
    let shown = tags(&answer.text()).into_iter().find(|tag| tag.get("readonly").is_some()).unwrap();
    let address = shown.get("value").unwrap().to_owned();
    let path = address.strip_prefix(&visitor.site).unwrap().to_owned();
    assert!(path.starts_with("/calendar/") && path.len() > 50, "{path}");
    path
}

#[rstest]
#[tokio::test]
async fn calendar_programs_follow_what_is_booked_moved_and_called_off(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Ada Ash").id("910001").in_stage("FDD Sent")));
    let timed = EventEdit::at(moment("2026-11-24T16:00:00Z"), "fed call").with_contact("910001").lasting(45);
    let timed = add(&world, timed.with("location", "Reno; NV, USA"));
    let bare =
        EventEdit::at(moment("2026-11-24T16:00:00Z"), "fed days").with("start_date", "2026-11-25").with("end_date", "2026-11-26");
    add(&world, bare);
    let leaving = add(&world, EventEdit::at(moment("2026-11-27T16:00:00Z"), "fed leaving"));
    world.sync(HARBOR).await;
    let riley = world.visitor(Person::Riley).await;
    let feed = address(&riley).await;
    let program = world.stranger();

    let first = program.get(&feed).await;
    let before = events(&first);
    let call = one(&before, "fed call");
    assert_eq!((call.summary.as_str(), call.location.as_str()), ("Ada Ash: fed call", "Reno; NV, USA"));
    assert_eq!((call.starts.as_str(), call.ends.as_str()), ("2026-11-24 16:00", "2026-11-24 16:45"));
    assert_eq!(call.url, format!("{}/t/harbor/candidates/910001", world.site));
    assert!(call.description.contains("Stage: FDD Sent"), "{}", call.description);
    let days = one(&before, "fed days");
    assert_eq!(
        (days.starts.as_str(), days.ends.as_str(), days.is_bare),
        ("2026-11-25", "2026-11-27", true),
        "the end is the day after"
    );
    let listed = riley.csv(&format!("{PAGE}?view=list")).await.len();
    assert_eq!(before.len(), listed, "all that was read is in the window");
    assert!(
        first.text().contains("X-WR-TIMEZONE:America/Chicago") && first.text().contains("REFRESH-INTERVAL;VALUE=DURATION:PT1H")
    );
    assert_eq!((first.header("referrer-policy"), first.header("cache-control")), ("no-referrer", "private, no-cache"));

    let mut again = world.stranger();
    again.headers.insert(IF_NONE_MATCH, first.headers["etag"].clone());
    assert_eq!(again.get(&feed).await.status, StatusCode::NOT_MODIFIED);

    world.pass(SignedDuration::from_hours(1));
    set(&world, &timed, "start_date", "2026-11-24 13:30:00");
    set(&world, &timed, "end_date", "2026-11-24 14:00:00");
    set(&world, &leaving, "status", "Cancelled");
    world.sync(HARBOR).await;
    let after = events(&again.get(&feed).await);
    let moved = one(&after, "fed call");
    assert_eq!(
        (moved.uid.as_str(), moved.starts.as_str(), moved.ends.as_str()),
        (call.uid.as_str(), "2026-11-24 19:30", "2026-11-24 20:00")
    );
    assert!(moved.sequence > call.sequence);
    let (was, called_off) = (one(&before, "fed leaving"), one(&after, "fed leaving"));
    assert_eq!((called_off.status, &called_off.uid), (Some(ICalendarStatus::Cancelled), &was.uid));
    assert!(called_off.sequence > was.sequence);
    assert_eq!(one(&after, "fed days"), days, "what did not change is told alike");

    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, Edit::RemoveEvent(timed));
    for _ in 0..2 {
        world.sync(HARBOR).await;
        world.pass(SignedDuration::from_hours(1));
    }
    let gone = one(&events(&program.get(&feed).await), "fed call");
    assert_eq!((gone.status, gone.uid), (Some(ICalendarStatus::Cancelled), call.uid));
    assert!(gone.sequence > moved.sequence);
    // Old data is served still, and says how old it is.
    world.pass(SignedDuration::from_hours(30));
    let old = program.get(&feed).await;
    events(&old);
    assert!(old.text().replace("\r\n ", "").contains("may be out of date"), "{}", &old.text()[..900]);
}

/// Its UID is for ever; its SEQUENCE grows with each change and never falls, or programs would keep what they had.
#[rstest]
#[tokio::test]
async fn what_vanishes_and_comes_back_is_followed_by_calendar_programs(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let ada = || world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Ada Ash").id("910001").in_stage("FDD Sent")));
    let booked = |starts: &str| {
        let event = EventEdit::at(moment(starts), "fed again").with_contact("910001").with("status", "Scheduled");
        add(&world, event.with("firstName", "Ada").with("lastName", "As booked").with("event_id", "770001"))
    };
    let remove = |id: &str| world.simulator.edit(0, Edit::RemoveEvent(id.to_owned()));
    ada();
    let mut id = booked("2026-11-24T16:00:00Z");
    world.sync(HARBOR).await;
    let feed = address(&world.visitor(Person::Riley).await).await;
    let program = world.stranger();
    let read = async || {
        let told = events(&program.get(&feed).await);
        told.into_iter().find(|event| event.summary.contains("fed again"))
    };
    let hours = async |hours: usize| {
        for _ in 0..hours {
            world.pass(SignedDuration::from_hours(1));
            world.sync(HARBOR).await;
        }
        read().await.expect("it is in the window")
    };
    let mut last = read().await.unwrap();
    let uid = last.uid.clone();
    assert_eq!(last.status, Some(ICalendarStatus::Confirmed));
    let mut follow = |what: &str, now: Told, status: ICalendarStatus, starts: &str| {
        assert_eq!((&now.uid, now.status.as_ref(), now.starts.as_str()), (&uid, Some(&status), starts), "{what}");
        assert_eq!(now.summary.starts_with("Canceled: "), status == ICalendarStatus::Cancelled, "{what}: {}", now.summary);
        assert!(now.sequence > last.sequence, "{what}: {} after {}", now.sequence, last.sequence);
        last = now.clone();
        now
    };
    use ICalendarStatus::{Cancelled, Confirmed};

    // One read that misses it is no news, nor is the next that has it.
    let before = read().await;
    remove(&id);
    assert_eq!(Some(hours(1).await), before);
    id = booked("2026-11-24T16:00:00Z");
    assert_eq!(Some(hours(1).await), before);

    remove(&id);
    let gone = follow("gone", hours(2).await, Cancelled, "2026-11-24 16:00");
    assert!(gone.description.contains("Removed from ClientTether"), "{}", gone.description);
    world.replay(HARBOR).await;
    assert_eq!(hours(1).await, gone, "no read and no replay of one tells it anew");
    id = booked("2026-11-24T16:00:00Z");
    follow("back as it was", hours(1).await, Confirmed, "2026-11-24 16:00");
    remove(&id);
    follow("gone again", hours(2).await, Cancelled, "2026-11-24 16:00");
    id = booked("2026-11-25T17:30:00Z");
    follow("back at another time", hours(1).await, Confirmed, "2026-11-25 17:30");

    set(&world, &id, "status", "Cancelled");
    follow("called off", hours(1).await, Cancelled, "2026-11-25 17:30");
    set(&world, &id, "status", "Scheduled");
    let on = follow("on again, a row that was read before", hours(1).await, Confirmed, "2026-11-25 17:30");
    world.replay(HARBOR).await;
    assert_eq!(hours(1).await, on);
    set(&world, &id, "status", "Cancelled");
    follow("called off again", hours(1).await, Cancelled, "2026-11-25 17:30");
    remove(&id);
    follow("called off, then gone", hours(2).await, Cancelled, "2026-11-25 17:30");
    booked("2026-11-25T17:30:00Z");
    follow("back and on", hours(1).await, Confirmed, "2026-11-25 17:30");

    // The CRM takes a contact's appointments away with it.
    world.simulator.edit(0, Edit::RemoveContact("910001".into()));
    let alone = follow("its candidate gone", hours(2).await, Cancelled, "2026-11-25 17:30");
    assert_eq!((alone.summary.as_str(), alone.url.as_str()), ("Canceled: Ada As booked: fed again", ""));
    ada();
    id = booked("2026-11-25T17:30:00Z");
    let again = follow("its candidate back", hours(1).await, Confirmed, "2026-11-25 17:30");
    assert_eq!(again.summary, "Ada Ash: fed again");

    // Without a readable time it is in no calendar; then it is told anew.
    set(&world, &id, "start_date", "soon");
    world.pass(SignedDuration::from_hours(1));
    world.sync(HARBOR).await;
    assert_eq!(read().await, None);
    set(&world, &id, "start_date", "2026-11-26 09:00:00");
    follow("dated again", hours(1).await, Confirmed, "2026-11-26 15:00");
}

#[rstest]
#[tokio::test]
async fn hostile_text_stays_text_in_calendar_and_page(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let hostile = format!("{SCRIPT}\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nX:1\u{7}\u{2028};,\\n{}", "é".repeat(300));
    for (at, field) in
        ["title", "location", "description", "event_type", "status", "assigned_user", "firstName"].into_iter().enumerate()
    {
        let starts = moment("2026-11-24T16:00:00Z") + SignedDuration::from_mins(i64::try_from(at).unwrap());
        add(&world, EventEdit::at(starts, "harm").with(field, hostile.as_str()));
        add(&world, EventEdit::at(starts, "harm").with(field, FORMULA));
    }
    world.sync(HARBOR).await;
    let riley = world.visitor(Person::Riley).await;
    let feed = address(&riley).await;
    let told = events(&world.stranger().get(&feed).await);
    assert_eq!(told.len(), riley.csv(&format!("{PAGE}?view=list")).await.len(), "no text makes an event");
    assert!(
        told.iter().any(|event| event.location.contains("END:VEVENT"))
            && told.iter().any(|event| event.summary.contains("<script>"))
    );
    for query in
        ["", "?view=week&d=2026-W48", "?d=2026-11-24", "?view=list", "?owner=%3Cscript%3E&type=%22&status=%27", "?show=later"]
    {
        let address = format!("{PAGE}{query}");
        crate::hostile_text::is_only_ours(&address, &riley.get(&address).await.text());
    }
    for row in riley.csv(&format!("{PAGE}?view=list")).await {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '@', '\t', '\r'])), "{row:?}");
    }
}

#[rstest]
#[tokio::test]
async fn an_address_opens_one_brand_for_as_long_as_its_person_may_see_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let conn = world.db.store.conn();
    let (riley, sam) = (world.visitor(Person::Riley).await, world.visitor(Person::Sam).await);
    let first = address(&riley).await;
    let second = address(&riley).await;
    assert_ne!(first, second);
    let nothing = world.stranger().get("/nothing/here").await;
    let alike = async |path: &str| {
        let answer = world.stranger().get(path).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::NOT_FOUND, nothing.text()), "{path}");
    };
    alike(&first).await;
    let names: Vec<String> = events(&world.stranger().get(&second).await).into_iter().map(|event| event.uid).collect();
    assert!(!names.is_empty());
    for wrong in ["/calendar/.ics", "/calendar/x", "/calendar/%ff.ics", "/calendar/a%00b.ics", second.trim_end_matches(".ics")] {
        alike(wrong).await;
    }
    // The other brand's own address tells the other brand's alone.
    assert_eq!(sam.post(SUBSCRIBE, &[("act", "make")]).await.status, StatusCode::NOT_FOUND);
    let answer = sam.post("/t/tidewater/schedule/subscribe", &[("act", "make")]).await;
    let shown = tags(&answer.text()).into_iter().find(|tag| tag.get("readonly").is_some()).unwrap();
    let theirs = shown.get("value").unwrap().strip_prefix(&sam.site).unwrap().to_owned();
    let others = events(&world.stranger().get(&theirs).await);
    assert!(others.iter().all(|event| !names.contains(&event.uid) && !event.url.contains(HARBOR)));
    assert!(others.iter().any(|event| event.url.contains(TIDEWATER)));
    // No page shows it again, and no record has it.
    let page = riley.get(SUBSCRIBE).await.text();
    let secret = second.trim_start_matches("/calendar/").trim_end_matches(".ics");
    assert!(!page.contains(secret) && words(&page).contains("You have a calendar link"));
    let told: Vec<String> =
        audit::newest(conn, 9).await.unwrap().into_iter().map(|event| format!("{} {}", event.what, event.detail)).collect();
    assert!(
        told.iter().any(|what| what.contains("replaced their calendar link")) && told.iter().all(|what| !what.contains(secret)),
        "{told:?}"
    );

    assert_eq!(riley.post(SUBSCRIBE, &[("act", "revoke")]).await.status, StatusCode::SEE_OTHER);
    alike(&second).await;
    let third = address(&riley).await;
    let user = users::by_email(conn, Person::Riley.email()).await.unwrap().unwrap();
    users::disable(conn, user.id, EpochMs(1)).await.unwrap();
    alike(&third).await;
    assert_eq!(riley.post(SUBSCRIBE, &[("act", "dance")]).await.status, StatusCode::SEE_OTHER, "signed out");
}

// In a browser ---------------------------------------------------------------------------------------------------------

mod browser {
    use super::*;

    #[tokio::test]
    async fn the_month_is_walked_by_keyboard_and_a_candidate_opens_over_it() {
        let world = World::read(Sqlite).await;
        world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Ada Ash").id("910001").in_stage("FDD Sent")));
        add(&world, EventEdit::at(moment("2026-11-24T16:00:00Z"), "A call").with_contact("910001"));
        world.sync(HARBOR).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        browser.evaluate("document.activeElement.blur(); return null").await.unwrap();
        for key in ["g", "s"] {
            press(&browser, key).await;
        }
        at(&browser, PAGE).await;
        let focus = "const link = [...document.querySelectorAll('.cal-t a.ev')].find((it) => it.textContent.includes('Ada Ash'));
                     link.closest('td').querySelector('a.dn').focus(); return link.closest('td').querySelector('a.dn').ariaLabel";
        let day = browser.evaluate(focus).await.unwrap();
        assert!(day.as_str().unwrap().starts_with("Tuesday, Nov 24, 2026, "), "{day}");
        for _ in 0..5 {
            press(&browser, "Tab").await;
            if browser.evaluate("return document.activeElement.textContent.includes('Ada Ash')").await.unwrap() == true {
                break;
            }
        }
        press(&browser, "Enter").await;
        browser.wait_for("dialog[open] article.candidate").await.unwrap();
        at(&browser, "/candidates/910001").await;
        assert!(browser.text("dialog[open]").await.unwrap().contains("Ada Ash"));
        press(&browser, "Escape").await;
        at(&browser, PAGE).await;
        browser.click(".sched-head a[rel=next]").await.unwrap();
        at(&browser, "d=2026-12").await;
        assert_eq!(browser.text("h1").await.unwrap(), "December 2026");
        browser.click("#schedule-filters > summary").await.unwrap();
        browser.wait_for("#schedule-filters[open] fieldset").await.unwrap();
        assert!(browser.console_errors().await.unwrap().is_empty());
    }

    async fn press(browser: &tetherboard_testkit::Browser, key: &str) {
        let text = if key == "Enter" {
            "\r"
        } else if key.len() == 1 {
            key
        } else {
            ""
        };
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "Escape" => 27,
            "PageUp" => 33,
            "PageDown" => 34,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => i64::from(key.to_uppercase().as_bytes()[0]),
        };
        for kind in ["keyDown", "keyUp"] {
            let down = if kind == "keyDown" { text } else { "" };
            let event = json!({ "type": kind, "key": key, "text": down, "windowsVirtualKeyCode": code });
            browser.devtools("Input.dispatchKeyEvent", event).await.unwrap();
        }
    }

    /// The day that has the focus, when it is this one.
    async fn stands_on(browser: &tetherboard_testkit::Browser, day: &str) {
        let here =
            "const it = document.activeElement; return it.matches('.cal-t .dn') ? it.closest('td').dataset.day : it.tagName";
        let mut last = json!(null);
        for _ in 0..100 {
            last = browser.evaluate(here).await.unwrap();
            if last == day {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{last} has the focus, not {day}");
    }

    #[rstest]
    // The month of November 2026 is drawn from Monday, October 26, to Sunday, December 6.
    #[case::days_and_weeks("d=2026-11", "2026-11-18", &[
        ("ArrowRight", "2026-11-19"), ("ArrowLeft", "2026-11-18"), ("ArrowDown", "2026-11-25"), ("ArrowUp", "2026-11-18"),
        ("Home", "2026-11-16"), ("Home", "2026-11-16"), ("ArrowLeft", "2026-11-15"), ("Home", "2026-11-09"), ("End", "2026-11-15"),
        ("ArrowRight", "2026-11-16"),
    ])]
    #[case::over_the_edge_of_a_month("d=2026-11", "2026-10-26", &[
        ("ArrowLeft", "2026-10-25"), ("ArrowRight", "2026-10-26"), ("ArrowDown", "2026-11-02"), ("ArrowUp", "2026-10-26"),
    ])]
    #[case::below_the_last_week("d=2026-11", "2026-12-05", &[("ArrowDown", "2026-12-12"), ("ArrowUp", "2026-12-05")])]
    #[case::months("d=2026-12", "2026-12-31", &[
        ("PageUp", "2026-11-30"), ("PageDown", "2026-12-30"), ("PageDown", "2027-01-30"), ("PageDown", "2027-02-28"),
    ])]
    #[case::weeks("d=2026-W44", "2026-10-31", &[
        ("ArrowRight", "2026-11-01"), ("ArrowRight", "2026-11-02"), ("Home", "2026-11-02"), ("End", "2026-11-08"),
        ("PageUp", "2026-11-01"), ("ArrowUp", "2026-10-25"), ("ArrowDown", "2026-11-01"), ("PageDown", "2026-11-08"),
    ])]
    #[tokio::test]
    async fn keys_walk_the_days_and_turn_the_page(#[case] leaf: &str, #[case] from: &str, #[case] walk: &[(&str, &str)]) {
        let world = World::read(Sqlite).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        open(&world, &browser, &format!("{PAGE}?{leaf}&type=Call&type=")).await;
        let focus = format!("document.querySelector('td[data-day=\"{from}\"] > .dn').focus(); return null");
        browser.evaluate(&focus).await.unwrap();
        stands_on(&browser, from).await;
        for (key, day) in walk {
            press(&browser, key).await;
            stands_on(&browser, day).await;
        }
        assert!(browser.url().await.unwrap().contains("type=Call&type="), "the filters stay");
        // It is where a person sees it, and Enter opens it.
        let seen = "const it = document.activeElement; return [it.matches(':focus-visible'), it.ariaLabel.length > 10]";
        assert_eq!(browser.evaluate(seen).await.unwrap(), json!([true, true]));
        press(&browser, "Enter").await;
        at(&browser, &format!("view=day&d={}&type=Call&type=", walk[walk.len() - 1].1)).await;
        assert!(browser.console_errors().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn keys_leave_the_rest_of_the_page_alone() {
        let world = World::read(Sqlite).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        open(&world, &browser, PAGE).await;
        browser.evaluate("document.querySelector('.sched-head a[rel=next]').focus(); return null").await.unwrap();
        for key in ["ArrowLeft", "ArrowDown", "PageDown", "Home"] {
            press(&browser, key).await;
        }
        assert_eq!(browser.evaluate("return document.activeElement.rel").await.unwrap(), "next");
        at(&browser, PAGE).await;
        // A day without appointments is a link for the mouse and the arrows, and no stop on the way of Tab.
        let stops = browser
            .evaluate("return [...document.querySelectorAll('.cal-t .dn')].map((it) => [it.tabIndex, 'count' in it.dataset])");
        for stop in stops.await.unwrap().as_array().unwrap() {
            assert!(*stop == json!([0, true]) || *stop == json!([-1, false]), "{stop}");
        }
    }

    #[tokio::test]
    async fn on_a_phone_the_month_is_dots_and_the_agenda_has_the_words() {
        let world = World::read(Sqlite).await;
        add(&world, EventEdit::at(moment("2026-11-20T16:00:00Z"), "Tomorrows call"));
        world.sync(HARBOR).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        let size = json!({ "width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": true });
        browser.devtools("Emulation.setDeviceMetricsOverride", size).await.unwrap();
        open(&world, &browser, PAGE).await;
        let seen = browser
            .evaluate(
                "const shown = (it) => it.getClientRects().length > 0;
                 return [[...document.querySelectorAll('.cal-t .ev')].some(shown), [...document.querySelectorAll('.cal-t .dots i')].some(shown),
                     document.querySelector('.agenda').innerText.includes('Tomorrows call'), document.documentElement.scrollWidth <= innerWidth]",
            )
            .await
            .unwrap();
        assert_eq!(seen, json!([false, true, true, true]));
    }
}
