//! How brands are read, as the agency sees it: runs, their answers, and what can be done.

use jiff::SignedDuration;
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::json;
use tetherboard_domain::{Dataset, DatasetStatus, FaultClass, RunStatus, Trigger};
use tetherboard_simulator::{ContactEdit, Edit, Fault, Request};
use tetherboard_store::runs::{self, DatasetReport, Run, RunError};
use tetherboard_store::{audit, credentials, snapshots};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::page::{element, tags, words};
use crate::world::{HARBOR, Person, SCRIPT, TIDEWATER, Visitor, World};

async fn newest(world: &World, brand: &str) -> Run {
    let tenant = world.tenant(brand).await;
    runs::newest(world.db.store.conn(), tenant.id, 1).await.unwrap().remove(0)
}

fn of(run: &Run) -> String {
    format!("/agency/sync/harbor/runs/{}", run.id)
}

async fn told(visitor: &Visitor, address: &str) -> String {
    let answer = visitor.get(address).await;
    assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text());
    assert!(answer.is_page(), "{address}");
    assert!(!answer.text().contains("<script>alert"), "{address}");
    answer.text()
}

/// The cells of each row of a table's body.
fn cells(page: &str, id: &str) -> Vec<Vec<String>> {
    let table = &page[page.find(&format!("id=\"{id}\"")).unwrap()..];
    let body = table.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
    let cell = |part: &str| words(part).split_whitespace().collect::<Vec<_>>().join(" ");
    let row = |row: &str| row.split("</td>").flat_map(|part| part.split("</th>")).map(cell).collect();
    body.split("</tr>").filter(|row| row.contains("<td")).map(row).collect()
}

fn count(cell: &str) -> i64 {
    cell.split(' ').next().unwrap().replace(',', "").parse().unwrap_or_else(|_| panic!("{cell} is no count"))
}

#[rstest]
#[tokio::test]
async fn a_runs_counts_add_up_and_lead_to_its_answers(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, Edit::AddContact(ContactEdit::named("No Id").with("client_id", json!(["odd", SCRIPT]))));
    world.sync(HARBOR).await;
    let run = newest(&world, HARBOR).await;
    let page = told(&dana, &of(&run)).await;
    let rows = cells(&page, "datasets");
    assert_eq!(
        rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(),
        ["Stages", "Lead sources", "People", "Contacts", "Deals", "Appointments", "Notes"]
    );
    let repeats = page.contains(">Repeated<");
    for row in &rows {
        let parts: i64 = row[3..7 + usize::from(repeats)].iter().map(|cell| count(cell)).sum();
        assert_eq!(count(&row[2]), parts, "{row:?}");
    }
    assert!(count(&rows[3][2]) > 100 && rows[3][6] == "1", "{:?}", rows[3]);
    let aside = told(&dana, &format!("{}/set-aside/contacts", of(&run))).await;
    assert!(words(&aside).contains("<script>alert(\\\"crm\\\")</script>"), "{}", words(&aside));
    assert!(tags(&aside).iter().any(|tag| tag.get("data-total") == Some("1")));
    let list = told(&dana, &format!("{}/contacts", of(&run))).await;
    assert!(words(&list).contains("read_client_list?limit=100&offset=0"), "{list}");
    let none = told(&dana, &format!("{}/set-aside/deals", of(&run))).await;
    assert!(words(&none).contains("No skipped rows"));
}

#[rstest]
#[tokio::test]
async fn an_answer_downloads_byte_for_byte_and_opens_as_text(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    let (run, tenant) = (newest(&world, HARBOR).await, world.tenant(HARBOR).await);
    for page_no in [0, 1] {
        let address = format!("{}/contacts/{page_no}", of(&run));
        let raw = dana.get(&format!("{address}?format=raw")).await;
        let kept = snapshots::body(world.db.store.conn(), tenant.id, &run.id, Dataset::Contacts, page_no).await.unwrap().unwrap();
        assert!(raw.body == kept && kept.len() > 1_000);
        assert_eq!((raw.header("content-type"), raw.header("x-content-type-options")), ("application/octet-stream", "nosniff"));
        assert!(
            raw.header("content-disposition").starts_with("attachment; filename=\"harbor-contacts-"),
            "{}",
            raw.header("content-disposition")
        );
        assert_eq!(raw.json()["ResultCode"], "CT_200");
        assert!(words(&told(&dana, &address).await).contains("\"ResultCode\""));
    }
    let record = told(&dana, "/agency/sync/harbor/records/contacts?id=900001").await;
    assert!(words(&record).contains(&json!(SCRIPT).to_string()[1..20]), "{record}");
}

#[rstest]
#[tokio::test]
async fn an_answer_is_compared_with_the_same_requests_of_another_run(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    let before = newest(&world, HARBOR).await;
    world.pass(SignedDuration::from_hours(1));
    let lead = dana.json("/api/v1/tenants/harbor/leads?sort=created").await["leads"][0]["client_id"].as_str().unwrap().to_owned();
    world.simulator.edit(0, Edit::SetContact { client_id: lead.clone(), field: "city", value: json!(SCRIPT) });
    world.sync(HARBOR).await;
    let after = newest(&world, HARBOR).await;
    let mut changed = 0;
    for page_no in 0..2 {
        for (one, other) in [(&before, &after), (&after, &before)] {
            let page = told(&dana, &format!("{}/contacts/{page_no}?with={}", of(one), other.id)).await;
            let said = element(&page, "id=\"difference\"");
            if said.contains("1 changed") {
                changed += 1;
                assert!(said.contains(&format!("{lead} city")) && said.contains(SCRIPT), "{said}");
                assert!(said.find(SCRIPT) > said.find(&lead), "{said}");
            }
        }
    }
    assert_eq!(changed, 2, "each way round");
    let tenant = world.tenant(TIDEWATER).await;
    let anothers = runs::newest(world.db.store.conn(), tenant.id, 1).await.unwrap().remove(0);
    for with in [anothers.id.as_str(), "nothing-ran", "%00"] {
        let answer = dana.get(&format!("{}/contacts/0?with={with}", of(&before))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{with}");
    }
}

#[rstest]
#[tokio::test]
async fn what_is_not_there_and_what_is_anothers_is_not_found(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    let (run, anothers) = (newest(&world, HARBOR).await, newest(&world, TIDEWATER).await);
    let (own, others) = (of(&run), format!("/agency/sync/harbor/runs/{}", anothers.id));
    let missing = [
        "/agency/sync/atlantis".to_owned(),
        format!("/agency/sync/atlantis/runs/{}", run.id),
        "/agency/sync/harbor/runs/%00".to_owned(),
        "/agency/sync/harbor/runs/%22%3E%3Cscript%3E".to_owned(),
        others.clone(),
        format!("{others}/contacts"),
        format!("{others}/contacts/0"),
        format!("{others}/contacts/0?format=raw"),
        format!("{others}/set-aside/contacts"),
        format!("{own}/nothing"),
        format!("{own}/nothing/0"),
        format!("{own}/set-aside/nothing"),
        format!("{own}/contacts/999"),
        format!("{own}/contacts/-1"),
        format!("{own}/contacts/x"),
        format!("{own}/contacts/99999999999999999999"),
        "/agency/sync/harbor/records/contacts".to_owned(),
        "/agency/sync/harbor/records/contacts?id=%00".to_owned(),
        "/agency/sync/harbor/records/nothing?id=1".to_owned(),
    ];
    for address in &missing {
        let answer = dana.get(address).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}: {}", answer.text());
        assert!(answer.is_page(), "{address}");
    }
    for form in [&[("run", anothers.id.as_str())], &[("run", "\0")]] {
        assert_eq!(dana.post("/agency/sync/harbor/replay", form).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(dana.post(&format!("{others}/cancel"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(dana.post("/agency/sync/harbor/accept", &[("dataset", "all")]).await.status, StatusCode::BAD_REQUEST);
    for page in ["0", "-1", "99999999999999999999", "x", "%00"] {
        told(&dana, &format!("/agency/sync/harbor?page={page}&held={page}")).await;
        told(&dana, &format!("{own}/contacts?page={page}")).await;
    }
    // What the agency can open is not there for the brand's own people.
    for person in [Person::Jordan, Person::Riley, Person::Sam] {
        let visitor = world.visitor(person).await;
        for address in
            [&own, &format!("{own}/contacts"), &format!("{own}/contacts/0?format=raw"), &format!("{own}/set-aside/contacts")]
        {
            assert_eq!(visitor.get(address).await.status, StatusCode::NOT_FOUND, "{address} as {person:?}");
        }
        assert_eq!(visitor.post(&format!("{own}/cancel"), &[]).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(world.stranger().get(&own).await.status, StatusCode::SEE_OTHER);
}

#[rstest]
#[tokio::test]
async fn a_key_that_is_refused_is_explained_step_by_step(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    world.simulator.revoke_web_key(0);
    world.pass(SignedDuration::from_hours(1));
    assert_eq!(world.sync(HARBOR).await.run.status, RunStatus::Failed);
    let run = newest(&world, HARBOR).await;
    let page = told(&dana, &of(&run)).await;
    let said = words(&page).split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "Nothing could be read.",
        "ClientTether refused this brand’s web key.",
        "so the key is the cause",
        "tetherboard tenant set --slug harbor --web-key-stdin",
        "Press “Test key” on",
        "X-Web-Key: ••••••••",
        "Copy for support",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let secret = world.simulator.accounts()[0].web_key.clone();
    assert!(!page.contains(&secret) && !page.contains(&world.simulator.access_token()));
    let support = tags(&page).into_iter().find_map(|tag| tag.get("data-copy-text").map(str::to_owned)).unwrap();
    assert!(support.contains(run.id.as_str()) && support.contains("Trace ") && !support.contains(&secret), "{support}");
    let overview = told(&dana, "/agency/sync").await;
    assert!(element(&overview, "id=\"sync-harbor\"").contains("Refused"), "{overview}");
    assert!(!overview.contains("id=\"incident\""));
}

#[rstest]
#[tokio::test]
async fn one_refused_token_is_one_incident_for_all_brands(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let (dana, riley) = (world.visitor(Person::Dana).await, world.visitor(Person::Riley).await);
    credentials::refuse_token(world.db.store.conn(), &[7; 32], world.clock.now_ms()).await.unwrap();
    for address in ["/agency", "/agency/sync", "/agency/sync/harbor"] {
        let page = told(&dana, address).await;
        assert_eq!(page.matches("id=\"incident\"").count(), 1, "{address}");
        let said = element(&page, "id=\"incident\"");
        assert!(
            said.contains("has refused the agency’s access token since Thu Nov 19, 10:30 AM CST. No brand can sync."),
            "{said}"
        );
        assert!(said.contains("The next attempt is at 11:30 AM CST") && said.contains("CLIENTTETHER_ACCESS_TOKEN"), "{said}");
    }
    let page = told(&riley, "/t/harbor/overview").await;
    let banner = element(&page, "class=\"banner ");
    assert!(banner.contains("ClientTether has refused our access since"), "{banner}");
    assert!(!banner.contains("token") && !page.contains("/agency/sync"), "{banner}");
    assert_eq!(riley.json("/api/v1/tenants/harbor/sync").await["state"], "failing");
}

#[rstest]
#[tokio::test]
async fn what_is_held_is_listed_and_goes_when_the_agency_agrees(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    world.pass(SignedDuration::from_hours(1));
    let leads = dana.json("/api/v1/tenants/harbor/leads?sort=created").await["leads"].clone();
    let ids: Vec<String> =
        leads.as_array().unwrap()[..60].iter().map(|lead| lead["client_id"].as_str().unwrap().to_owned()).collect();
    for id in &ids {
        world.simulator.edit(0, Edit::RemoveContact(id.clone()));
    }
    world.sync(HARBOR).await;
    let mut listed = Vec::new();
    for page in 1..=3 {
        let page = told(&dana, &format!("/agency/sync/harbor?held={page}")).await;
        assert!(element(&page, "id=\"held-contacts\"").contains("Held: 60 contacts missing from ClientTether"));
        let card = &page[page.find("id=\"held-contacts\"").unwrap()..];
        assert!(tags(card).iter().any(|tag| tag.get("data-total") == Some("60")));
        let last = |tag: &crate::page::Tag| tag.get("href")?.split_once("/records/contacts?id=").map(|(_, id)| id.to_owned());
        listed.extend(tags(card).iter().filter_map(last));
    }
    let (mut expected, mut found) = (ids.clone(), listed);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    told(&dana, &format!("/agency/sync/harbor/records/contacts?id={}", ids[0])).await;
    let asked = dana.post("/agency/sync/harbor/accept", &[("dataset", "contacts")]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    assert!(words(&told(&dana, asked.location()).await).contains("removes held contacts"));
    world.sync(HARBOR).await;
    let page = told(&dana, "/agency/sync/harbor").await;
    assert!(!page.contains("id=\"held-contacts\""), "{}", words(&page));
    let total = dana.json("/api/v1/tenants/harbor/leads/summary").await["total"].as_i64().unwrap();
    assert_eq!(usize::try_from(total).unwrap(), 167 - 60);
}

#[rstest]
#[tokio::test]
async fn a_sync_asked_for_twice_is_one_and_can_be_cancelled(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    let (first, second) = (dana.post("/agency/sync/harbor/start", &[]).await, dana.post("/agency/sync/harbor/start", &[]).await);
    assert_eq!(first.location(), second.location());
    let page = told(&dana, first.location()).await;
    assert!(
        words(&page).contains("This run is waiting for a worker.") && words(&page).contains("started by dana"),
        "{}",
        words(&page)
    );
    assert!(tags(&page).iter().any(|tag| tag.get("data-live") == Some("/agency/live/sync/harbor")));
    let cancelled = dana.post(&format!("{}/cancel", first.location()), &[]).await;
    assert_eq!(cancelled.location(), first.location());
    let page = told(&dana, first.location()).await;
    assert!(words(&page).contains("before it started") && words(&page).contains("Cancel"), "{}", words(&page));
    assert!(!page.contains("data-live"), "a run that has ended is followed");
    assert!(words(&told(&dana, &format!("{}/contacts", first.location())).await).contains("No responses stored"));
    assert!(words(&told(&dana, &format!("{}/contacts/0", first.location())).await).contains("kept for 14 days"));
    let events = audit::newest(world.db.store.conn(), 10).await.unwrap();
    let told: Vec<&str> = events.iter().map(|event| event.what.as_str()).collect();
    assert_eq!(told, ["canceled a run", "requested a sync", "requested a sync"]);
    assert!(events.iter().all(|event| event.person.as_deref() == Some("dana") && event.brand.as_deref() == Some("Harbor")));
}

#[rstest]
#[tokio::test]
async fn a_run_that_was_aborted_or_stopped_says_so_in_its_own_words(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let (dana, conn, tenant) = (world.visitor(Person::Dana).await, world.db.store.conn(), world.tenant(HARBOR).await);
    let now_ms = world.clock.now_ms();
    let run = runs::start(conn, tenant.id, Trigger::Schedule, now_ms).await.unwrap();
    runs::abort_open(conn, tenant.id, now_ms + 1_000).await.unwrap();
    assert!(words(&told(&dana, &of(&run)).await).contains("This run was interrupted"));
    let run = runs::start(conn, tenant.id, Trigger::Schedule, now_ms + 2_000).await.unwrap();
    dana.post(&format!("{}/cancel", of(&run)), &[]).await;
    assert!(words(&told(&dana, &of(&run)).await).contains("This run is stopping."));
    runs::abort_open(conn, tenant.id, now_ms + 3_000).await.unwrap();
    let said = words(&told(&dana, &of(&run)).await);
    assert!(said.contains("This run was canceled") && !said.contains("was interrupted"), "{said}");
}

#[rstest]
#[tokio::test]
async fn a_replay_says_of_which_run_and_changes_no_age(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    let run = newest(&world, HARBOR).await;
    let asked = dana.post("/agency/sync/harbor/replay", &[("run", run.id.as_str())]).await;
    let page = told(&dana, asked.location()).await;
    assert!(tags(&page).iter().any(|tag| tag.get("href") == Some(of(&run).as_str())), "{}", words(&page));
    assert!(element(&page, "<h1").starts_with("Replay of"), "{}", element(&page, "<h1"));
    let list = told(&dana, "/agency/sync/harbor").await;
    assert!(words(&list).contains("Replay, dana"), "{}", words(&list));
    let conn = world.db.store.conn();
    let replay = runs::list(conn, world.tenant(HARBOR).await.id, 1, 0).await.unwrap().remove(0);
    assert_eq!((replay.trigger, &replay.replay_of), (Trigger::Replay, &Some(run.id.clone())));
    runs::start(
        conn,
        replay.tenant,
        runs::RunRequest { replay_of: Some(run.id.clone()), ..runs::RunRequest::new(Trigger::Replay) },
        world.clock.now_ms(),
    )
    .await
    .unwrap();
    assert_eq!(dana.json("/api/v1/tenants/harbor/sync").await["state"], "on_time");
}

#[rstest]
#[case::good(None, "The key works.")]
#[case::refused(Some((FaultClass::Credentials, "refused with 401")), "ClientTether refused the key.")]
#[case::down(Some((FaultClass::Network, "no route")), "could not be tested")]
#[tokio::test]
async fn a_key_is_tested_and_the_answer_shown(#[case] fault: Option<(FaultClass, &str)>, #[case] expected: &str) {
    let world = World::read(Sqlite).await;
    let (dana, conn, tenant) = (world.visitor(Person::Dana).await, world.db.store.conn(), world.tenant(HARBOR).await);
    let asked = dana.post("/agency/sync/harbor/test-key", &[]).await;
    assert_eq!(asked.location(), "/agency/sync/harbor");
    for address in ["/agency/sync", "/agency/sync/harbor"] {
        assert!(words(&told(&dana, address).await).contains("The key is being tested"), "{address}");
    }
    assert_eq!(credentials::pending_key_checks(conn).await.unwrap().len(), 1);
    credentials::answer_key_check(conn, tenant.id, fault, world.clock.now_ms()).await.unwrap();
    for address in ["/agency/sync", "/agency/sync/harbor"] {
        let said = words(&told(&dana, address).await);
        assert!(said.contains(expected) && fault.is_none_or(|(_, message)| said.contains(message)), "{address}: {said}");
    }
}

#[rstest]
#[tokio::test]
async fn a_list_that_failed_is_named_with_what_was_asked_and_answered(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    world.pass(SignedDuration::from_hours(1));
    world.simulator.fault(0, Request::Deals, Fault::Status(500));
    assert_eq!(world.sync(HARBOR).await.run.status, RunStatus::Partial);
    let run = newest(&world, HARBOR).await;
    let said = words(&told(&dana, &of(&run)).await).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("Deals could not be read. The other 6 datasets are complete."), "{said}");
    assert!(said.contains("read_opportunity_list ?limit=100&offset=0"), "{said}");
}

#[rstest]
#[tokio::test]
async fn what_a_fault_says_is_text_whatever_it_holds(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let (dana, conn, tenant) = (world.visitor(Person::Dana).await, world.db.store.conn(), world.tenant(HARBOR).await);
    let run = runs::start(conn, tenant.id, Trigger::Schedule, world.clock.now_ms()).await.unwrap();
    let error = RunError {
        class: FaultClass::Body,
        message: SCRIPT.to_owned(),
        request: Some(format!("GET /x?a={SCRIPT}\nX-Access-Token: eyJhbGciOi.secret")),
        trace: SCRIPT.to_owned(),
        retry_after: None,
    };
    let report = DatasetReport { status: DatasetStatus::Failed, error: Some(error), ..DatasetReport::waiting(Dataset::Deals) };
    runs::report(conn, tenant.id, &run.id, &report, world.clock.now_ms()).await.unwrap();
    runs::finish(conn, &run.id, RunStatus::Partial, world.clock.now_ms()).await.unwrap();
    let page = told(&dana, &of(&run)).await;
    assert!(words(&page).contains(SCRIPT) && !page.contains("eyJhbGciOi"));
}

#[rstest]
#[tokio::test]
async fn the_data_quality_page_says_what_is_odd_about_a_list(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    let empty = told(&dana, "/agency/quality").await;
    assert!(words(&empty).contains("Every list is in order."), "{}", words(&empty));

    world.simulator.fault(0, Request::Contacts, Fault::RowsWithoutId(2));
    world.simulator.fault(0, Request::Deals, Fault::DuplicateIds);
    for _ in 0..2 {
        world.pass(SignedDuration::from_hours(1));
        world.sync(HARBOR).await;
    }
    let page = told(&dana, "/agency/quality").await;
    let rows = cells(&page, "quality");
    let findings: Vec<(&str, &str)> = rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert!(findings.contains(&("Contacts", "contains 2 different rows that are not records")), "{findings:?}");
    assert!(findings.contains(&("Deals", "lists 3 records twice")), "{findings:?}");
    let link = tags(&page).into_iter().find(|tag| tag.get("data-count") == Some("2")).unwrap();
    let list = told(&dana, link.get("href").unwrap()).await;
    assert!(tags(&list).iter().any(|tag| tag.get("data-total") == Some("2")));
    assert_eq!(world.visitor(Person::Jordan).await.get("/agency/quality").await.status, StatusCode::NOT_FOUND);
}
