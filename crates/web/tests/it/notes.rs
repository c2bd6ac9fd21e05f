//! Notes: found, counted, hidden and shown, on the page, in CSV, in the API and on the candidate's page.

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use rstest::rstest;
use tetherboard_domain::RunStatus;
use tetherboard_simulator::{ContactEdit, Edit, NoteEdit};
use tetherboard_store::audit;
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};
use tetherboard_testkit::Options;

use crate::browser::{at, enter, open, quiet};
use crate::page::{element, tags, words};
use crate::world::{HARBOR, Person, TIDEWATER, Visitor, World};

const NOTES: &str = "/t/harbor/notes";
const API: &str = "/api/v1/tenants/harbor/notes";

fn on(text: &str, kind: &str, author: &str, created: &str) -> NoteEdit {
    NoteEdit::on("7001", text).of_type(kind).by(author).created(created.parse::<Timestamp>().unwrap())
}

fn said(notes: impl IntoIterator<Item = NoteEdit>) -> Vec<Edit> {
    let marisol = ContactEdit::named("Marisol Vega").id("7001").in_stage("FDD Sent");
    [Edit::AddContact(marisol)].into_iter().chain(notes.into_iter().map(Edit::AddNote)).collect()
}

/// A world whose notes have been read, with these about one candidate.
async fn world(kind: Kind, edits: Vec<Edit>) -> World {
    let world = World::read(kind).await;
    world.pass(SignedDuration::from_hours(1));
    for edit in edits {
        world.simulator.edit(0, edit);
    }
    assert_eq!(world.sync_with_notes(HARBOR).await.run.status, RunStatus::Succeeded);
    world.sync_with_notes(TIDEWATER).await;
    world
}

async fn total(visitor: &Visitor, address: &str) -> i64 {
    let answer = visitor.get(address).await;
    assert_eq!(answer.status, 200, "{address}: {}", answer.text());
    let totals: Vec<i64> = tags(&answer.text()).iter().filter_map(|tag| tag.get("data-total")?.parse().ok()).collect();
    let [total] = totals.as_slice() else { panic!("{address}: {totals:?}") };
    *total
}

/// Every choice of the filters, with what it would show.
fn choices(page: &str) -> Vec<(String, i64)> {
    let (_, panel) = page.split_once("class=\"notes-facets\"").unwrap();
    let (panel, _) = panel.split_once("</form>").unwrap();
    let label = |label: &str| {
        let label = label.split("</label>").next().unwrap();
        let tags = tags(label);
        let input = tags.iter().find(|tag| tag.get("type") == Some("checkbox")).unwrap();
        let pair: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(input.get("name").unwrap(), input.get("value").unwrap_or_default())
            .finish();
        let (_, count) = label.rsplit_once("class=\"n\">").unwrap();
        (pair, count.split('<').next().unwrap().replace(',', "").parse().unwrap())
    };
    panel.split("<label>").skip(1).map(label).collect()
}

#[rstest]
#[tokio::test]
async fn each_filters_count_is_what_it_shows_on_the_page_in_csv_and_in_the_api(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = world(kind, said([on("Financing is in place", "Call", "Ruth", "2026-11-18T15:00:00Z")])).await;
    let visitor = world.visitor(Person::Riley).await;
    let all = total(&visitor, NOTES).await;
    let truth = world.simulator.records(0, tetherboard_simulator::Request::Notes).len();
    assert_eq!(all, i64::try_from(truth).unwrap());
    assert!(all > 200, "{all}");
    for base in [NOTES.to_owned(), format!("{NOTES}?q=call*+the"), format!("{NOTES}?period=30d&role=late&role=qualified")] {
        let page = visitor.get(&base).await.text();
        let choices = choices(&page);
        assert!(choices.len() > 6, "{choices:?}");
        // Another value of the same filter widens it; what else is shown is not counted.
        let widens = |pair: &str| pair.starts_with("also=") || (pair.starts_with("role=") && base.contains("role="));
        for (pair, count) in choices.iter().filter(|(pair, _)| !widens(pair)) {
            let address = crate::world::with(&base, pair);
            assert_eq!(total(&visitor, &address).await, *count, "{address}");
        }
    }
    for query in [
        "q=financing",
        "type=Call",
        "type=call&q=the",
        "author=Ruth",
        "client=7001",
        "from=2026-11-01&to=2026-11-18",
        "q=%22in+place%22",
        "role=qualified",
        "stage=FDD+Sent&type=Call&type=Email",
        "period=30d",
    ] {
        let (page, api) = (format!("{NOTES}?{query}"), visitor.json(&format!("{API}?{query}")).await["total"].as_i64().unwrap());
        assert_eq!(total(&visitor, &page).await, api, "{query}");
        assert_eq!(i64::try_from(visitor.csv(&page).await.len()).unwrap(), api, "{query}");
    }
    assert_eq!(crate::counts::keep_their_word(&visitor, ["/t/harbor/candidates/7001".to_owned()]).await, 1);
    let found = visitor.csv(&format!("{NOTES}?q=FINANCING+plâce&client=7001")).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0][..7],
        ["2026-11-18 09:00:00", "Marisol Vega", "FDD Sent", "qualified", "Call", "Ruth", "Financing is in place"]
    );
}

#[rstest]
#[tokio::test]
async fn the_pages_of_the_feed_show_every_note_once_with_moves_between_when_asked(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = world(kind, said([])).await;
    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, Edit::MoveStage { client_id: "7001".into(), stage: "QR Sent".into() });
    world.sync_with_notes(HARBOR).await;
    let visitor = world.visitor(Person::Riley).await;
    let rows = visitor.csv(NOTES).await.len();
    let (mut next, mut shown, mut pages, mut moved) = (Some(format!("{NOTES}?also=moves&also=appointments")), 0, 0, 0);
    while let Some(address) = next {
        let html = visitor.get(&address).await.text();
        shown += html.matches("<article class=\"note\">").count();
        let said = words(&html).split_whitespace().collect::<Vec<_>>().join(" ");
        moved += usize::from(said.contains("Marisol Vega moved from FDD Sent to QR Sent"));
        pages += 1;
        next = tags(&html).iter().find(|tag| tag.get("rel") == Some("next")).and_then(|tag| tag.get("href")).map(str::to_owned);
        assert!(next.as_ref().is_none_or(|next| next.contains("also=moves")), "{next:?}");
    }
    assert_eq!((shown, moved), (rows, 1));
    assert!(pages > 5);
    assert_eq!(visitor.get(&format!("{NOTES}?page=4000")).await.status, 404);
    assert_eq!(visitor.get(&format!("{NOTES}?also=birthdays")).await.status, 400);
    assert_eq!(visitor.get(&format!("{NOTES}?role=boss")).await.status, 400);
}

#[rstest]
#[tokio::test]
async fn whatever_somebody_looks_for_is_answered(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = world(kind, said([on("Plain text", "Call", "Ruth", "2026-11-18T15:00:00Z")])).await;
    let visitor = world.visitor(Person::Riley).await;
    let long = "financing ".repeat(1_000);
    let many: String = (0..3_000).map(|i| format!("w{i} ")).collect();
    let odd = [
        "\"",
        "*",
        "NEAR(",
        ")",
        "AND",
        "a AND",
        "-",
        "^x",
        "🎉",
        "\0",
        "a\0b",
        "%",
        "_",
        "'; DROP TABLE notes; --",
        "x:y",
        "\\",
        &long,
        &many,
    ];
    for text in odd {
        let q: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let page = visitor.get(&format!("{NOTES}?q={q}")).await;
        let short: String = text.chars().take(30).collect();
        assert_eq!(page.status, 200, "{short}: {}", page.text());
        let api = visitor.json(&format!("{API}?q={q}")).await;
        assert_eq!(total(&visitor, &format!("{NOTES}?q={q}")).await, api["total"].as_i64().unwrap(), "{short}");
    }
    let told = |html: &str| words(html);
    assert!(told(&visitor.get(&format!("{NOTES}?q=%F0%9F%8E%89")).await.text()).contains("Nothing to search for"));
    let empty = visitor.get(&format!("{NOTES}?q=nobodysaysthis&type=Call")).await.text();
    assert!(told(&empty).contains("No notes match") && empty.contains("href=\"/t/harbor/notes\""));
    assert!(told(&visitor.get(&format!("{NOTES}?q=plai")).await.text()).contains("Search for plai*"));
}

#[rstest]
#[tokio::test]
async fn what_the_agency_hides_is_nowhere_for_the_brands_people(#[values(Sqlite, Postgres)] kind: Kind) {
    let notes = [
        on("zebrafish about margins", "Internal Memo", "Quentin Hushed", "2026-11-19T15:00:00Z"),
        on("platypus said in error", "Call", "Ruth", "2026-11-19T15:05:00Z").id("424242"),
        on("shown to everybody", "Call", "Ruth", "2026-11-19T15:10:00Z"),
    ];
    let world = world(kind, said(notes)).await;
    let (agency, people) = (world.visitor(Person::Dana).await, world.visitor(Person::Riley).await);
    let before = total(&people, NOTES).await;
    let tag = people.get(API).await.header("etag").to_owned();
    assert!(words(&people.get("/t/harbor/candidates/7001").await.text()).contains("zebrafish"));

    assert_eq!(people.post("/agency/brands/harbor/notes/type", &[("what", "Call"), ("do", "hide")]).await.status, 404);
    assert_eq!(
        agency.post("/agency/brands/harbor/notes/type", &[("what", "internal memo"), ("do", "hide")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        agency.post("/agency/brands/harbor/notes/note", &[("what", "7001/424242"), ("do", "hide")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(agency.post("/agency/brands/harbor/notes/note", &[("what", "7001/0"), ("do", "hide")]).await.status, 404);
    assert_eq!(agency.post("/agency/brands/harbor/notes/note", &[("what", "7001/424242"), ("do", "burn")]).await.status, 400);
    assert_ne!(people.get(API).await.header("etag"), tag, "who has an answer must not keep it");
    assert_ne!(agency.get(API).await.header("etag"), people.get(API).await.header("etag"));

    let secrets = ["zebrafish", "platypus", "Quentin Hushed", "Internal Memo"];
    for round in ["hidden", "read again", "replayed"] {
        match round {
            "read again" => {
                world.pass(SignedDuration::from_hours(1));
                world.simulator.edit(
                    0,
                    Edit::SetNote {
                        client_id: "7001".into(),
                        note_id: "424242".into(),
                        field: "note",
                        value: "platypus, changed".into(),
                    },
                );
                world.sync_with_notes(HARBOR).await;
            }
            "replayed" => {
                world.replay(HARBOR).await;
            }
            _ => {}
        }
        let addresses = [
            NOTES.to_owned(),
            format!("{NOTES}?q=zebrafish"),
            format!("{NOTES}?q=platypus*"),
            format!("{NOTES}?client=7001&also=moves"),
            format!("{NOTES}?format=csv"),
            format!("{NOTES}?type=internal+memo&format=csv"),
            format!("{NOTES}?author=Quentin+Hushed"),
            API.to_owned(),
            format!("{API}?client=7001"),
            format!("{API}?q=zebrafish"),
            "/t/harbor/candidates/7001".into(),
            "/t/harbor/candidates/7001?show=all".into(),
            "/t/harbor/overview".into(),
            "/t/harbor/leads".into(),
            "/t/harbor/leads?q=zebrafish".into(),
            "/t/harbor/candidates?part=matches&q=marisol".into(),
            "/t/harbor/pipeline".into(),
            "/t/harbor/hot-list".into(),
            "/t/harbor/hot-list?view=call".into(),
            "/t/harbor/hot-list?view=call&who=7001".into(),
            "/t/harbor/schedule".into(),
            "/api/v1/tenants/harbor/hot-list".into(),
            "/t/harbor/pipeline/rows?show=changes".into(),
        ];
        for address in &addresses {
            let text = people.get(address).await.text();
            for secret in secrets {
                // What they look for themselves is said back.
                let echoed = address.to_lowercase().contains(&secret.to_lowercase().replace(' ', "+"));
                assert!(echoed || !text.contains(secret), "{round}: {address} tells {secret}");
            }
        }
        assert_eq!(people.get("/t/harbor/notes/one?id=7001/424242").await.status, 404, "{round}");
        assert_eq!(total(&people, NOTES).await, before - 2, "{round}");
        assert_eq!(people.csv(NOTES).await.len() as i64, before - 2, "{round}");
        assert_eq!(people.json(API).await["total"], before - 2, "{round}");
        for query in ["q=zebrafish", "q=platypus", "type=internal+memo", "author=Quentin+Hushed"] {
            assert_eq!(total(&people, &format!("{NOTES}?{query}")).await, 0, "{round}: {query}");
            assert_eq!(people.json(&format!("{API}?{query}")).await["total"], 0, "{round}: {query}");
            assert_eq!(total(&agency, &format!("{NOTES}?{query}")).await, 1, "{round}: {query}");
        }
        assert_eq!(total(&people, &format!("{NOTES}?client=7001")).await, 1, "{round}");
        let page = words(&agency.get(&format!("{NOTES}?client=7001")).await.text());
        assert!(page.contains("Type hidden from the brand") && page.contains("Show to brand"), "{round}: {page}");
        assert_eq!(agency.get("/t/harbor/notes/one?id=7001/424242").await.status, 200);
    }
    let done: Vec<String> = audit::newest(world.db.store.conn(), 9)
        .await
        .unwrap()
        .into_iter()
        .map(|event| format!("{}: {}", event.what, event.detail))
        .collect();
    for told in ["hid a note type: type “internal memo”", "hid a note: note 7001/424242"] {
        assert!(done.iter().any(|done| done == told), "{done:?}");
    }
    agency.post("/agency/brands/harbor/notes/type", &[("what", "Internal Memo"), ("do", "show")]).await;
    agency.post("/agency/brands/harbor/notes/note", &[("what", "7001/424242"), ("do", "show")]).await;
    assert_eq!(total(&people, NOTES).await, before);
}

#[rstest]
#[tokio::test]
async fn a_note_acts_nowhere_and_what_was_found_in_it_is_marked(#[values(Sqlite, Postgres)] kind: Kind) {
    let hostile = "<script>alert(1)</script><p onclick=x()>The <b>finan</b>cing &lt;plan&gt; <a href=\"javascript:x()\">bad</a> \
                   <a href=\"https://site.example/?financing\">good</a><img src=https://track.example/1.gif><form><input name=a></form><iframe src=x></iframe><style>*{}</style></p>";
    let world = world(kind, said([on(hostile, "<img src=x onerror=alert(1)>", "=HYPERLINK", "2026-11-18T15:00:00Z")])).await;
    let visitor = world.visitor(Person::Riley).await;
    for address in [format!("{NOTES}?q=financing"), format!("{NOTES}?client=7001"), "/t/harbor/candidates/7001".to_owned()] {
        let html = visitor.get(&address).await.text();
        for act in [
            "<script>",
            "onclick",
            "href=\"javascript",
            "<img src=x",
            "track.example",
            "<form><input name=\"a\"",
            "<iframe",
            "<style",
        ] {
            assert!(!html.contains(act), "{address}: {act}");
        }
        assert!(
            html.contains(
                "<a target=\"_blank\" href=\"https://site.example/?financing\" rel=\"noopener noreferrer nofollow\">good</a>"
            ),
            "{address}"
        );
        assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"), "{address}: the type is text");
    }
    let html = visitor.get(&format!("{NOTES}?q=financing")).await.text();
    assert!(html.contains("The <b><mark>finan</mark></b><mark>cing</mark> &lt;plan&gt;"), "{html}");
    let csv = visitor.csv(&format!("{NOTES}?client=7001")).await;
    assert_eq!((csv[0][5].as_str(), csv[0][6].as_str()), ("'=HYPERLINK", "The financing <plan> bad good"));
}

#[rstest]
#[tokio::test]
async fn a_note_without_end_is_read_in_parts_and_one_without_a_date_comes_last(#[values(Sqlite, Postgres)] kind: Kind) {
    let long = format!("{} needle {}", "hay ".repeat(40_000), "hay ".repeat(2_000_000));
    let notes = [
        on(&long, "Call", "Ruth", "2026-11-19T15:00:00Z").id("1"),
        NoteEdit::on("7001", "nobody knows when").id("2").with("created", "0000-00-00 00:00:00"),
    ];
    let world = world(kind, said(notes)).await;
    let visitor = world.visitor(Person::Riley).await;
    let page = visitor.get(&format!("{NOTES}?q=needle")).await;
    assert!(page.text().contains("<mark>needle</mark>") && page.body.len() < 60_000, "{}", page.body.len());
    assert!(page.text().contains("/t/harbor/notes/one?id=7001%2F1"));
    for address in
        [format!("{NOTES}?client=7001"), "/t/harbor/candidates/7001".to_owned(), "/t/harbor/notes/one?id=7001/1".to_owned()]
    {
        let page = visitor.get(&address).await;
        assert!(page.status == 200 && page.body.len() < 120_000, "{address}: {}", page.body.len());
    }
    let second = visitor.get("/t/harbor/notes/one?id=7001/1&page=5").await.text();
    assert!(second.contains("needle") && second.contains("rel=\"next\"") && second.contains("rel=\"prev\""));
    assert_eq!(visitor.get("/t/harbor/notes/one?id=7001/1&page=900").await.status, 404);
    let rows = visitor.csv(&format!("{NOTES}?client=7001")).await;
    assert!(rows[0][6].len() < 5_000 && rows[0][6].ends_with("(cut; open the link for the full note)"));
    assert_eq!((rows[1][0].as_str(), rows[1][6].as_str()), ("", "nobody knows when"));
    let api = visitor.json(&format!("{API}?client=7001")).await;
    assert_eq!((&api["notes"][0]["cut"], &api["notes"][1]["cut"]), (&true.into(), &false.into()));
    assert!(words(&visitor.get(&format!("{NOTES}?client=7001")).await.text()).contains("No date 1 note without a usable date"));
}

#[rstest]
#[tokio::test]
async fn the_whiteboard_tells_what_changed_on_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let marisol = ContactEdit::named("Marisol Vega").id("7001").with("whiteboard", "<p>Wants three</p><p>Bank: Coastal</p>");
    let world = world(kind, vec![Edit::AddContact(marisol)]).await;
    let visitor = world.visitor(Person::Riley).await;
    assert!(!visitor.get("/t/harbor/candidates/7001").await.text().contains("board-changes"));
    world.pass(SignedDuration::from_hours(1));
    let value = "<p>Wants four<script>x()</script></p><p>Bank: Coastal</p><img src=x onerror=x()>";
    world.simulator.edit(0, Edit::SetContact { client_id: "7001".into(), field: "whiteboard", value: value.into() });
    world.sync(HARBOR).await;
    let html = visitor.get("/t/harbor/candidates/7001").await.text();
    let board = words(&element(&html, "class=\"board-changes\""));
    assert!(board.contains("Changed Thu Nov 19") && board.contains("Wants three") && board.contains("Wants four"), "{board}");
    assert!(!board.contains("Coastal"), "what stayed is not told: {board}");
    assert!(!html.contains("onerror") && !html.contains("<script>"));
    assert!(!words(&html).contains("Close date unknown"), "it is no close date");
}

#[tokio::test]
async fn a_person_looks_for_a_word_filters_reads_and_clears() {
    let long = format!("<p>Financing came up. {}</p>", "And so on it went. ".repeat(60));
    let notes = [
        on("Shared the <b>financing</b> plan", "Email", "Owen", "2026-11-19T14:00:00Z"),
        on(&long, "Call", "Ruth", "2026-11-18T15:00:00Z"),
    ];
    let world = world(Sqlite, said(notes)).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    browser.click("nav.tabs a[data-key=n]").await.unwrap();
    at(&browser, NOTES).await;
    browser.fill(".notes-filters input[name=q]", "financing").await.unwrap();
    browser.evaluate("document.querySelector('.notes-filters').requestSubmit()").await.unwrap();
    at(&browser, "/notes?q=financing").await;
    let marks = browser
        .evaluate("return [...document.querySelectorAll('.note mark')].map((it) => it.textContent.toLowerCase())")
        .await
        .unwrap();
    // The excerpt, and the whole behind it, are marked alike.
    assert_eq!(marks, serde_json::json!(["financing", "financing", "financing"]));
    browser.click("details.whole > summary").await.unwrap();
    browser.click(".notes-facets input[name=type][value=Email]").await.unwrap();
    at(&browser, "q=financing&type=Email").await;
    assert!(browser.text("h1").await.unwrap().starts_with("1 note mentions “financing”"));
    browser.click(".notes-list a[data-candidate]").await.unwrap();
    browser.wait_for(".drawer").await.unwrap();
    browser.evaluate("history.back()").await.unwrap();
    at(&browser, "q=financing&type=Email").await;
    open(&world, &browser, &format!("{NOTES}?q=financing&type=Meeting")).await;
    browser.click(".empty .btn:last-child").await.unwrap();
    at(&browser, NOTES).await;
    quiet(&browser).await;
}
