//! A candidate's page, the drawer that shows it over a list, and finding a candidate by typing.

mod search;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use rstest::rstest;
use tetherboard_domain::{Dataset, EpochMs};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, EventEdit, NoteEdit};
use tetherboard_store::records::{self, Absence};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::hostile_text::is_only_ours;
use crate::page::{element, tags, words};
use crate::world::{Answer, FORMULA, HARBOR, Person, SCRIPT, TIDEWATER, Visitor, World};

const MARISOL: &str = "/t/harbor/candidates/7001";

fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

fn marisol() -> ContactEdit {
    ContactEdit::named("Marisol Vega")
        .id("7001")
        .in_stage("QR Sent")
        .from_source("Broker network")
        .worth(90_000)
        .created(at("2026-11-17T15:05:00Z"))
        .with("compName", "Vega Holdings")
        .with("email", "marisol.vega@mail.example")
        .with("phone", "(813) 555-8817")
        .with("city", "Tampa")
        .with("state", "FL")
        .with("assigned_user", "Ruth Adeyemi")
}

fn set(field: &'static str, value: &str) -> Edit {
    Edit::SetContact { client_id: "7001".into(), field, value: value.into() }
}

/// Harbor's, read with these changes.
async fn with(kind: Kind, edits: impl IntoIterator<Item = Edit>) -> World {
    let world = World::read(kind).await;
    for edit in edits {
        world.simulator.edit(0, edit);
    }
    world.sync(HARBOR).await;
    world
}

/// What a person reads, by single spaces.
fn told(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    words(&answer.text()).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(text: &str, phrases: &[&str]) {
    for phrase in phrases {
        assert!(text.contains(phrase), "it does not say {phrase:?}: {text}");
    }
}

fn hrefs(answer: &Answer) -> Vec<String> {
    tags(&answer.text()).iter().filter_map(|tag| tag.get("href").map(str::to_owned)).collect()
}

async fn matches(visitor: &Visitor, brand: &str, text: &str) -> Answer {
    let q: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    visitor.get(&format!("/t/{brand}/candidates?part=matches&q={q}")).await
}

fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let options = tags(&answer.text());
    options
        .iter()
        .filter(|tag| tag.name == "span")
        .filter_map(|tag| tag.get("title"))
        .filter(|title| title.contains("Finch"))
        .map(str::to_owned)
        .collect()
}

#[rstest]
#[tokio::test]
async fn the_page_of_a_candidate_says_who_it_is_and_what_its_deal_is_worth(#[values(Sqlite, Postgres)] kind: Kind) {
    let deal = DealEdit::of("7001").id("8801").worth(75_000).odds(40).closing("2027-01-15").with("opportunity_name", "Two units");
    let world = with(kind, [Edit::AddContact(marisol()), Edit::AddDeal(deal)]).await;
    let page = world.visitor(Person::Riley).await.get(MARISOL).await;
    let facts = element(&page.text(), "class=\"facts\"");
    let wanted = [
        "Market Tampa, FL",
        "Fee $75,000",
        "Odds 40%",
        "Weighted $30,000",
        "Close date Jan 15, 2027",
        "Owner Ruth Adeyemi",
        "Source Broker network",
        "Type Prospect",
        "Phone (813) 555-8817",
        "Email marisol.vega@mail.example",
        "Created Tue Nov 17, 9:05 AM CST · 49 hours ago",
    ];
    says(&facts, &wanted);
    says(
        &told(&page),
        &["Marisol Vega · Harbor", "Vega Holdings", "QR Sent", "Two units", "a deal size of $90,000, which is not counted"],
    );
    let links = hrefs(&page);
    assert!(links.contains(&"mailto:marisol.vega@mail.example".to_owned()) && links.contains(&"tel:8135558817".to_owned()));
    assert!(links.contains(&"/t/harbor/leads?source=Broker+network".to_owned()), "{links:?}");
    assert!(!links.iter().any(|link| link.starts_with("/agency")), "{links:?}");
    let links = hrefs(&world.visitor(Person::Dana).await.get(MARISOL).await);
    assert!(links.contains(&"/agency/sync/harbor/records/contacts?id=7001".to_owned()), "{links:?}");
}

#[rstest]
#[tokio::test]
async fn what_is_not_known_is_said_to_be_so(#[values(Sqlite, Postgres)] kind: Kind) {
    let bare = ContactEdit::named("Bea Bare")
        .id("7001")
        .in_stage("QR Sent")
        .with("email", "bea@")
        .with("phone", "ask")
        .with("created", "")
        .with("city", "")
        .with("state", "");
    let world = with(kind, [Edit::AddContact(bare.with("deal_size", "-5"))]).await;
    let page = world.visitor(Person::Riley).await.get(MARISOL).await;
    let facts = element(&page.text(), "class=\"facts\"");
    says(
        &facts,
        &[
            "Market —",
            "Fee unknown unreadable",
            "Weighted —",
            "Email bea@",
            "Phone ask",
            "Created unknown; first synced Thu Nov 19, 10:30 AM CST",
        ],
    );
    assert!(!hrefs(&page).iter().any(|link| link.starts_with("mailto:") || link.starts_with("tel:")));
    says(
        &told(&page),
        &["the candidate counts as a deal with its own stage and fee", "Notes not read yet", "No appointments in ClientTether."],
    );
}

#[rstest]
#[tokio::test]
async fn the_history_says_what_was_seen_when_and_how_surely(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = with(kind, [Edit::AddContact(marisol())]).await;
    let visitor = world.visitor(Person::Riley).await;
    let history = async || element(&visitor.get(MARISOL).await.text(), "class=\"steps\"");
    // It was in this stage when it was first seen.
    says(&history().await, &["In QR Sent since Tue Nov 17, 9:05 AM CST or earlier at least 2 days"]);
    // The CRM dates a move between two reads, at 11:00.
    world.pass(SignedDuration::from_mins(30));
    world.simulator.edit(0, Edit::MoveStage { client_id: "7001".into(), stage: "QR Returned".into() });
    world.pass(SignedDuration::from_mins(30));
    world.sync(HARBOR).await;
    // It does not date this one, nor the change of the fee with it.
    world.simulator.edit(0, Edit::MoveStage { client_id: "7001".into(), stage: "FDD Sent".into() });
    world.simulator.edit(0, set("deal_size", "120000"));
    world.simulator.edit(0, set("last_modified_date", "0000-00-00 00:00:00"));
    world.pass(SignedDuration::from_hours(1));
    world.sync(HARBOR).await;
    world.pass(SignedDuration::from_hours(49));
    let newest_first = "Moved from QR Returned to FDD Sent between Thu Nov 19, 11:30 AM CST and 12:30 PM CST \
         Fee $90,000 → $120,000 2 days \
         Moved from QR Sent to QR Returned on Thu Nov 19, 11:00 AM CST less than a day \
         In QR Sent since Thu Nov 19, 10:30 AM CST or earlier less than a day";
    assert_eq!(history().await, newest_first);
    // A fee alone, and what became unknown.
    world.simulator.edit(0, set("deal_size", ""));
    world.sync(HARBOR).await;
    let fee = "Fee $120,000 → unknown between Thu Nov 19, 12:30 PM CST and Sat Nov 21, 1:30 PM CST";
    assert_eq!(history().await, format!("{fee} {newest_first}"));
}

#[rstest]
#[tokio::test]
async fn a_close_date_that_moved_is_told_with_its_deal(#[values(Sqlite, Postgres)] kind: Kind) {
    let deals = ["8801", "8802"].map(|id| {
        Edit::AddDeal(DealEdit::of("7001").id(id).worth(1_000).odds(50).closing("2027-01-15").with("opportunity_name", id))
    });
    let world = with(kind, [Edit::AddContact(marisol())].into_iter().chain(deals)).await;
    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, Edit::SetDeal { opportunity_id: "8802".into(), field: "close_date", value: "2027-02-28".into() });
    world.sync(HARBOR).await;
    let page = world.visitor(Person::Riley).await.get(MARISOL).await;
    says(&element(&page.text(), "class=\"steps\""), &["Deal “8802”: Close date Jan 15, 2027 → Feb 28, 2027"]);
    says(&element(&page.text(), "class=\"facts\""), &["Fee $2,000 across 2 deals", "Weighted $1,000"]);
    says(&element(&page.text(), "class=\"cand-deals\""), &["8801", "Close date Jan 15, 2027", "8802", "Close date Feb 28, 2027"]);
}

#[rstest]
#[tokio::test]
async fn appointments_to_come_stand_before_those_that_were_in_the_brands_zone(#[values(Sqlite, Postgres)] kind: Kind) {
    let event = |starts: &str, title: &str| EventEdit::at(at(starts), title).with_contact("7001");
    let world = World::read(kind).await;
    world.simulator.edit(0, Edit::AddContact(marisol()));
    world.simulator.edit(0, Edit::AddEvent(event("2026-11-18T20:00:00Z", "Intro call")));
    let moved = world.simulator.edit(0, Edit::AddEvent(event("2026-11-21T16:00:00Z", "Signing call").lasting(60)));
    world.simulator.edit(0, Edit::AddEvent(event("2026-11-20T16:00:00Z", "Site visit").with("status", "Cancelled")));
    world.sync(HARBOR).await;
    world.pass(SignedDuration::from_mins(5));
    world.simulator.edit(0, Edit::SetEvent { event_id: moved, field: "start_date", value: "2026-11-21 11:00:00".into() });
    world.sync(HARBOR).await;
    let page = told(&world.visitor(Person::Riley).await.get(MARISOL).await);
    let order = [
        "Appointments Central Time",
        "Upcoming",
        "Site visit Canceled",
        "Signing call",
        "Past",
        "Intro call Wed Nov 18, 2:00 PM CST to 2:30 PM",
    ];
    let places: Vec<Option<usize>> = order.iter().map(|phrase| page.rfind(phrase)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {page}");
    // The next that stands is said on top.
    says(&page, &["In 2 days."]);
}

#[rstest]
#[tokio::test]
async fn notes_are_shown_newest_first_with_how_current_they_are_and_without_what_could_act(
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let world = World::read(kind).await;
    let hostile = "<script>alert(1)</script><h1>Plan</h1><b onclick=\"x()\">bold</b> <a href=\"javascript:x()\">bad</a> \
                   <a href=\"https://site.example/\">good</a><img src=x onerror=alert(1)><form><input name=a></form> 1 &lt; 2";
    world
        .simulator
        .edit(0, Edit::AddContact(marisol().with("whiteboard", "<p>Wants <em>three</em></p><style>*{display:none}</style>")));
    let note = |text: &str, created: &str| {
        Edit::AddNote(NoteEdit::on("7001", text).of_type("Call").by("Ruth Adeyemi").created(at(created)))
    };
    world.simulator.edit(0, note("the older one", "2026-11-18T15:00:00Z"));
    world.simulator.edit(0, note(hostile, "2026-11-19T15:00:00Z"));
    world.sync_with_notes(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    let answer = visitor.get(MARISOL).await;
    let page = told(&answer);
    says(
        &page,
        &[
            "2 notes , current as of Thu Nov 19, 10:30 AM CST ( just now )",
            "Ruth Adeyemi · Call · Thu Nov 19, 9:00 AM CST · 90 min ago",
            "1 < 2",
            "Wants three",
        ],
    );
    assert!(page.find("bold") < page.find("the older one"), "{page}");
    let html = answer.text();
    assert!(
        html.contains("<a target=\"_blank\" href=\"https://site.example/\" rel=\"noopener noreferrer nofollow\">good</a>"),
        "{html}"
    );
    for act in ["<script>", "onclick", "javascript:", "<img src=x", "onerror", "<form><input", "display:none", "<h1>Plan"] {
        assert!(!html.contains(act), "{act} is in the page");
    }
    // It changed in ClientTether since its notes were read.
    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, set("city", "Miami"));
    world.sync(HARBOR).await;
    says(
        &told(&visitor.get(MARISOL).await),
        &["as of Thu Nov 19, 10:30 AM CST; the candidate has changed since then, so newer notes may be missing"],
    );
}

#[rstest]
#[tokio::test]
async fn many_notes_are_cut_and_all_of_them_are_one_click_away(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    world.simulator.edit(0, Edit::AddContact(marisol()));
    for n in 0..35 {
        world.simulator.edit(
            0,
            Edit::AddNote(
                NoteEdit::on("7001", &format!("note number {n}."))
                    .created(at("2026-11-18T15:00:00Z") + SignedDuration::from_mins(n)),
            ),
        );
    }
    world.sync_with_notes(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    let answer = visitor.get(MARISOL).await;
    let page = told(&answer);
    says(&page, &["30 of 35", "Show all 35 notes", "note number 34."]);
    assert!(!page.contains("note number 4."));
    assert!(hrefs(&answer).contains(&format!("{MARISOL}?show=all")));
    let all = told(&visitor.get(&format!("{MARISOL}?show=all")).await);
    assert!(all.contains("note number 0.") && !all.contains("Show all"), "{all}");
    assert_eq!(visitor.get(&format!("{MARISOL}?show=some")).await.status, StatusCode::BAD_REQUEST);
}

#[rstest]
#[tokio::test]
async fn a_candidate_that_left_the_crm_keeps_its_page_and_is_counted_nowhere(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = with(kind, [Edit::AddContact(marisol())]).await;
    let visitor = world.visitor(Person::Riley).await;
    let before = visitor.csv("/t/harbor/leads").await.len();
    for hour in [1, 2] {
        if hour == 1 {
            world.simulator.edit(0, Edit::RemoveContact("7001".into()));
        }
        world.pass(SignedDuration::from_hours(1));
        world.sync(HARBOR).await;
        let page = visitor.get(MARISOL).await;
        let said = if hour == 1 {
            "Missing from ClientTether since Thu Nov 19, 11:30 AM CST."
        } else {
            "Removed from ClientTether: Thu Nov 19, 11:30 AM CST"
        };
        says(&told(&page), &[said, "Tampa, FL", "In QR Sent"]);
        assert!(!tags(&page.text()).iter().any(|tag| tag.get("data-count").is_some()));
    }
    assert_eq!(visitor.csv("/t/harbor/leads").await.len(), before - 1);
    assert_eq!(names(&matches(&visitor, HARBOR, "marisol").await), Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn who_was_never_there_is_not_found_and_neither_is_another_brands(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    world.simulator.edit(1, Edit::AddContact(ContactEdit::named("Tess Tidewater").id("7777")));
    world.sync(TIDEWATER).await;
    let riley = world.visitor(Person::Riley).await;
    let (anothers, nobodys) = (riley.get("/t/harbor/candidates/7777").await, riley.get("/t/harbor/candidates/nobody").await);
    assert_eq!((anothers.status, anothers.text()), (StatusCode::NOT_FOUND, nobodys.text()));
    assert!(words(&anothers.text()).contains("We can’t find that candidate"));
    let (elsewhere, nowhere) = (riley.get("/t/tidewater/candidates/7777").await, riley.get("/t/atlantis/candidates/7777").await);
    assert_eq!((elsewhere.status, elsewhere.text()), (StatusCode::NOT_FOUND, nowhere.text()));
    assert_eq!(world.visitor(Person::Sam).await.get("/t/tidewater/candidates/7777").await.status, StatusCode::OK);
    // Not even one whose brand the agency may see, by another brand's address.
    assert_eq!(world.visitor(Person::Dana).await.get("/t/harbor/candidates/7777").await.status, StatusCode::NOT_FOUND);
    assert_eq!(riley.get(&format!("/t/harbor/candidates/{}", "x".repeat(300))).await.status, StatusCode::NOT_FOUND);
    assert_eq!(riley.get("/t/harbor/candidates/a%00b").await.status, StatusCode::NOT_FOUND);
    assert_eq!(riley.get("/t/harbor/candidates/%FF").await.status, StatusCode::NOT_FOUND);
}

#[rstest]
#[tokio::test]
async fn hostile_text_in_every_field_stays_text(#[values(Sqlite, Postgres)] kind: Kind) {
    let fields = [
        "compName",
        "email",
        "phone",
        "city",
        "state",
        "assigned_user",
        "clients_lead_source",
        "clients_sales_cycle",
        "deal_size",
    ];
    let contact = fields
        .into_iter()
        .fold(ContactEdit::named(SCRIPT).id("7001"), |contact, field| contact.with(field, format!("{SCRIPT}{field}")));
    let world = World::read(kind).await;
    world.simulator.edit(0, Edit::AddContact(contact));
    let deal = DealEdit::of("7001")
        .with("opportunity_name", SCRIPT)
        .with("close_date", SCRIPT)
        .with("assigned_user", format!("{SCRIPT} 2"));
    world.simulator.edit(0, Edit::AddDeal(deal));
    let event =
        EventEdit::at(at("2026-11-20T16:00:00Z"), SCRIPT).with_contact("7001").with("location", FORMULA).with("status", SCRIPT);
    world.simulator.edit(0, Edit::AddEvent(event));
    world.simulator.edit(0, Edit::AddNote(NoteEdit::on("7001", "<b>x</b>").of_type(SCRIPT).by(SCRIPT)));
    world.sync_with_notes(HARBOR).await;
    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, Edit::MoveStage { client_id: "7001".into(), stage: format!("{SCRIPT} and on") });
    world.sync(HARBOR).await;
    let visitor = world.visitor(Person::Dana).await;
    for address in [MARISOL, "/t/harbor/candidates?part=matches&q=script"] {
        is_only_ours(address, &visitor.get(address).await.text());
    }
    let page = visitor.get(MARISOL).await.text();
    for field in &fields[..7] {
        assert!(words(&page).contains(&format!("{SCRIPT}{field}")), "{field} is not shown");
    }
}

#[rstest]
#[tokio::test]
async fn the_name_in_a_list_leads_to_the_candidate_whatever_its_id_is(#[values(Sqlite, Postgres)] kind: Kind) {
    // As long as the CRM's ids are taken.
    let long = "x".repeat(128);
    let ids =
        ["a/b c?d#e", "7%2F7", "Ünïcode 😀", &long, "..%2f..", "<script>\"'&", "7+7&7=7", r"back\slash", "007", "part=matches"];
    let people = ids
        .iter()
        .enumerate()
        .map(|(n, id)| Edit::AddContact(ContactEdit::named(&format!("Odd Number{n}")).id(*id).in_stage("QR Sent")));
    let world = with(kind, people).await;
    let visitor = world.visitor(Person::Riley).await;
    for list in ["/t/harbor/leads?q=odd+number", "/t/harbor/pipeline?q=odd+number"] {
        let page = visitor.get(list).await;
        let names: Vec<_> = tags(&page.text()).into_iter().filter(|tag| tag.get("data-candidate").is_some()).collect();
        assert_eq!(names.len(), ids.len(), "{list}: {names:?}");
        for tag in names {
            let (href, name) = (tag.get("href").unwrap(), tag.get("title").unwrap());
            let candidate = visitor.get(href).await;
            assert_eq!(candidate.status, 200, "{href}");
            assert_eq!(element(&candidate.text(), "<h1"), element(&format!("<p>{name}</p>"), "<p"), "{href}");
        }
    }
}
