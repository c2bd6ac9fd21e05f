//! The calendar that other programs subscribe to.

use super::*;

/// An event as a calendar program reads it.
#[derive(Clone, Debug, PartialEq)]
struct FeedEvent {
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
fn events(answer: &Answer) -> Vec<FeedEvent> {
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
    let told = found.map(|event| FeedEvent {
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
    let told: Vec<FeedEvent> = told.collect();
    let uids: BTreeSet<&str> = told.iter().map(|event| event.uid.as_str()).collect();
    assert_eq!(uids.len(), told.len(), "each has a UID of its own");
    told
}

fn one(events: &[FeedEvent], title: &str) -> FeedEvent {
    let found: Vec<&FeedEvent> = events.iter().filter(|event| event.summary.contains(title)).collect();
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
    let mut follow = |what: &str, now: FeedEvent, status: ICalendarStatus, starts: &str| {
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
