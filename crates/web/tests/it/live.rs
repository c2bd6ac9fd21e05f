//! What open pages are told while they are open.

use std::time::Duration;

use reqwest::header::ACCEPT_ENCODING;
use reqwest::{Response, StatusCode};
use rstest::rstest;
use tetherboard_domain::{Dataset, DatasetStatus, Trigger};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_store::{credentials, users};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};
use tetherboard_web::Settings;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::page::words;
use crate::world::{HARBOR, Person, TIDEWATER, Visitor, World};

/// A page that is open.
struct Stream {
    answer: Response,
    text: String,
}

#[derive(Debug)]
struct Event {
    name: String,
    data: String,
}

impl Stream {
    async fn open(visitor: &Visitor, address: &str) -> Self {
        let request = visitor.client.get(format!("{}{address}", visitor.site)).headers(visitor.headers.clone());
        let answer = request.header(ACCEPT_ENCODING, "br, gzip").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{address}");
        let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!((header("content-encoding"), header("cache-control")), (String::new(), "no-store".to_owned()));
        Self { answer, text: String::new() }
    }

    /// The next event; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(|value| value.trim().to_owned())
                };
                // A comment keeps the line open.
                let Some(name) = field("event") else { continue };
                return Some(Event { name, data: field("data").unwrap_or_default() });
            }
            let chunk = timeout(Duration::from_secs(20), self.answer.chunk()).await.expect("an event within 20 s").ok()??;
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    /// The events until one says so, that one included.
    async fn until(&mut self, name: &str, said: &str) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name} said {said}: {events:?}"));
            let fits = event.name == name && words(&event.data).replace(' ', "").contains(&said.replace(' ', ""));
            events.push(event);
            if fits {
                return events;
            }
        }
    }

    async fn is_silent(&mut self) -> bool {
        self.text.is_empty() && timeout(Duration::from_millis(1_200), self.answer.chunk()).await.is_err()
    }
}

async fn read_some(world: &World, brand: &str, read: i64) -> runs::Run {
    let (conn, tenant, now_ms) = (world.db.store.conn(), world.tenant(brand).await, world.clock.now_ms());
    let run = match runs::open_run(conn, tenant.id).await.unwrap() {
        Some(run) => run,
        None => runs::start(conn, tenant.id, Trigger::Schedule, now_ms).await.unwrap(),
    };
    let (status, expected) = (DatasetStatus::Reading, Some(4_312));
    let report = DatasetReport { status, expected, read, ..DatasetReport::waiting(Dataset::Contacts) };
    runs::report(conn, tenant.id, &run.id, &report, now_ms).await.unwrap();
    run
}

#[rstest]
#[tokio::test]
async fn each_stream_hears_of_its_own_brand_alone(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let mut harbor = Vec::new();
    for person in [Person::Riley, Person::Jordan, Person::Dana] {
        harbor.push(Stream::open(&world.visitor(person).await, "/t/harbor/live").await);
    }
    let mut tidewater = Stream::open(&world.visitor(Person::Sam).await, "/t/tidewater/live").await;
    let mut agency = Stream::open(&world.visitor(Person::Dana).await, "/agency/live").await;
    for stream in harbor.iter_mut().chain([&mut tidewater]) {
        let first = stream.next().await.unwrap();
        assert_eq!(first.name, "freshness");
        assert!(first.data.starts_with("<details"), "{}", first.data);
    }
    for _ in 0..2 {
        assert_eq!(agency.next().await.unwrap().name, "row");
    }
    read_some(&world, HARBOR, 1_200).await;
    for stream in &mut harbor {
        stream.until("freshness", "Syncing: contacts 1,200 of 4,312").await;
    }
    let told = agency.until("row", "Contacts 1,200 of 4,312").await;
    assert!(told.iter().all(|event| event.data.contains("brand-harbor")), "{told:?}");
    assert!(tidewater.is_silent().await, "{}", tidewater.text);
    read_some(&world, HARBOR, 1_300).await;
    for stream in &mut harbor {
        stream.until("freshness", "1,300 of 4,312").await;
    }
    assert!(tidewater.is_silent().await, "{}", tidewater.text);
}

#[rstest]
#[tokio::test]
async fn only_those_who_may_see_a_page_hear_of_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    for person in Person::ALL {
        let visitor = world.visitor(person).await;
        for brand in [HARBOR, TIDEWATER] {
            let address = format!("/t/{brand}/live");
            match person {
                Person::Nobody => assert_eq!(visitor.get(&address).await.status, StatusCode::SEE_OTHER),
                _ if person.may_see(brand) => drop(Stream::open(&visitor, &address).await),
                _ => assert_eq!(visitor.get(&address).await.status, StatusCode::NOT_FOUND),
            }
        }
        for address in ["/agency/live", "/agency/live/sync", "/agency/live/sync/tidewater"] {
            match person {
                Person::Nobody => assert_eq!(visitor.get(address).await.status, StatusCode::SEE_OTHER),
                Person::Dana => drop(Stream::open(&visitor, address).await),
                _ => assert_eq!(visitor.get(address).await.status, StatusCode::NOT_FOUND, "{address} as {person:?}"),
            }
        }
    }
    let dana = world.visitor(Person::Dana).await;
    assert_eq!(dana.get("/agency/live/sync/atlantis").await.status, StatusCode::NOT_FOUND);
    assert_eq!(dana.get("/agency/live/home").await.status, StatusCode::NOT_FOUND);
}

#[rstest]
#[tokio::test]
async fn a_page_is_told_of_newer_data_also_when_it_landed_before_it_listened(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let shown = world.tenant(HARBOR).await.data_version;
    let mut listening = Stream::open(&visitor, &format!("/t/harbor/live?v={shown}")).await;
    listening.until("freshness", "Updated").await;
    world.pass(jiff::SignedDuration::from_mins(30));
    world.sync(HARBOR).await;
    listening.until("landed", "").await;
    let newest = world.tenant(HARBOR).await.data_version;
    assert!(newest > shown);
    let mut late = Stream::open(&visitor, &format!("/t/harbor/live?v={shown}")).await;
    let told = late.until("landed", &newest.to_string()).await;
    assert_eq!(told.len(), 2, "{told:?}");
    let mut current = Stream::open(&visitor, &format!("/t/harbor/live?v={newest}")).await;
    assert_eq!(current.next().await.unwrap().name, "freshness");
    assert!(current.is_silent().await, "{}", current.text);
}

#[rstest]
#[tokio::test]
async fn the_agency_hears_of_a_run_that_began_or_ended_and_of_a_key_that_was_tested(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    let mut home = Stream::open(&dana, "/agency/live?v=old").await;
    let version = home.until("landed", "").await.pop().unwrap().data;
    let mut again = Stream::open(&dana, &format!("/agency/live?v={version}")).await;
    let mut sync = Stream::open(&dana, "/agency/live/sync").await;
    let mut one = Stream::open(&dana, "/agency/live/sync/harbor?v=old").await;
    one.until("landed", "").await;
    for _ in 0..2 {
        assert_eq!(again.next().await.unwrap().name, "row");
    }
    assert!(again.is_silent().await, "{}", again.text);
    let (conn, tenant, now_ms) = (world.db.store.conn(), world.tenant(HARBOR).await, world.clock.now_ms());
    let run = read_some(&world, HARBOR, 10).await;
    again.until("landed", "").await;
    one.until("landed", "").await;
    read_some(&world, HARBOR, 20).await;
    one.until("landed", "").await;
    runs::finish(conn, &run.id, tetherboard_domain::RunStatus::Failed, now_ms).await.unwrap();
    again.until("landed", "").await;
    credentials::request_key_check(conn, tenant.id, now_ms).await.unwrap();
    sync.until("row", "The key is being tested").await;
    credentials::answer_key_check(conn, tenant.id, None, now_ms).await.unwrap();
    sync.until("row", "The key works.").await;
}

#[tokio::test]
async fn streams_end_when_the_portal_stops() {
    let stop = CancellationToken::new();
    let world = World::served_as(Sqlite, Settings { stop: stop.clone(), ..Settings::default() }).await;
    let mut streams = Vec::new();
    for address in ["/t/harbor/live", "/t/tidewater/live", "/agency/live"] {
        streams.push(Stream::open(&world.visitor(Person::Dana).await, address).await);
    }
    for stream in &mut streams {
        stream.next().await.unwrap();
    }
    stop.cancel();
    let ended = async {
        for stream in &mut streams {
            while stream.next().await.is_some() {}
        }
    };
    timeout(Duration::from_secs(2), ended).await.expect("they end at once");
}

#[rstest]
#[case::signed_out(false)]
#[case::disabled(true)]
#[tokio::test]
async fn a_stream_ends_with_the_session(#[case] disabled: bool) {
    let settings = Settings { recheck: Duration::from_millis(200), ..Settings::default() };
    let world = World::served_as(Sqlite, settings).await;
    let (riley, jordan) = (world.sign_in(Person::Riley).await, world.visitor(Person::Jordan).await);
    let mut gone = Stream::open(&riley, "/t/harbor/live").await;
    let mut stays = Stream::open(&jordan, "/t/harbor/live").await;
    gone.next().await.unwrap();
    stays.next().await.unwrap();
    if disabled {
        let conn = world.db.store.conn();
        let user = users::by_email(conn, Person::Riley.email()).await.unwrap().unwrap();
        users::disable(conn, user.id, world.clock.now_ms()).await.unwrap();
    } else {
        riley.post("/sign-out", &[]).await;
    }
    let ended = async { while gone.next().await.is_some() {} };
    timeout(Duration::from_secs(3), ended).await.expect("it ends at the next look");
    read_some(&world, HARBOR, 1).await;
    stays.until("freshness", "Syncing").await;
}
