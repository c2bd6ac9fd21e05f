//! The agency finds a brand's fields, tries where they might be, and says it.

use rstest::rstest;
use tetherboard_crm_records::mapping::{FieldRule, fields_of};
use tetherboard_domain::{Dataset, RunStatus, Trigger};
use tetherboard_store::field_rules::{self, FieldCoverage};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::{audit, records, snapshots};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::page::{element, tags, words};
use crate::world::{HARBOR, Person, TIDEWATER, Visitor, World};

const CONTACTS: &str = "/agency/brands/harbor/mapping/contacts";
const UNITS: &str = "/agency/brands/harbor/mapping/contacts/units";
/// Where the simulated CRM keeps Harbor's units.
const KEY: &str = "number_of_units";

async fn dana(world: &World) -> Visitor {
    world.visitor(Person::Dana).await
}

async fn page(visitor: &Visitor, address: &str) -> String {
    let answer = visitor.get(address).await;
    assert_eq!(answer.status, 200, "{address}: {}", answer.text());
    words(&answer.text()).split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn stored(world: &World, brand: &str) -> Vec<(Dataset, String, String)> {
    field_rules::rules(world.db.store.conn(), world.tenant(brand).await.id).await.unwrap()
}

async fn waiting(world: &World, brand: &str) -> Option<Run> {
    runs::open_run(world.db.store.conn(), world.tenant(brand).await.id).await.unwrap()
}

/// How many of Harbor's rows say how many units are wanted.
async fn rows_with_units(world: &World) -> usize {
    let (conn, tenant) = (world.db.store.conn(), world.tenant(HARBOR).await.id);
    let run = runs::last_applied_run(conn, tenant, Dataset::Contacts).await.unwrap().unwrap();
    let mut reader = snapshots::RowReader::new(tenant);
    let mut count = 0;
    for page in snapshots::pages(conn, tenant, &run, Dataset::Contacts).await.unwrap() {
        for row_no in snapshots::row_nos(conn, tenant, &page).await.unwrap() {
            let row = String::from_utf8_lossy(reader.row(conn, row_no).await.unwrap()).into_owned();
            count += usize::from(row.contains(&format!("\"{KEY}\":\"")));
        }
    }
    assert!(count > 5, "too few to look for: {count}");
    count
}

#[rstest]
#[tokio::test]
async fn every_field_is_listed_with_its_places_its_coverage_and_examples(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = dana(&world).await;
    for dataset in Dataset::ALL {
        let address = format!("/agency/brands/harbor/mapping/{dataset}");
        let text = page(&visitor, &address).await;
        for spec in fields_of(*dataset) {
            assert!(text.contains(spec.label), "{dataset} does not list {}", spec.name);
            for place in spec.places {
                assert!(text.contains(place), "{dataset} does not say {place}");
            }
        }
    }
    let coverage = field_rules::coverage(world.db.store.conn(), world.tenant(HARBOR).await.id, Dataset::Contacts).await.unwrap();
    let FieldCoverage { rows, filled, .. } = coverage["email"];
    let text = page(&visitor, CONTACTS).await;
    assert!(text.contains(&format!("{filled} of {rows} rows")), "{text}");
    assert!(text.contains("none yet") && text.contains("for the hot list") && text.contains("America/Chicago"), "{text}");
}

#[rstest]
#[tokio::test]
async fn a_key_that_nobody_uses_is_shown_with_what_stands_there(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = dana(&world).await;
    let many = rows_with_units(&world).await;
    for address in [CONTACTS, UNITS] {
        let text = page(&visitor, address).await;
        assert!(text.contains(&format!("/{KEY} \"")), "{address}: {text}");
    }
    assert!(page(&visitor, CONTACTS).await.contains(&format!("{many} rows")));
    let html = visitor.get(UNITS).await.text();
    let tries = tags(&html).into_iter().filter_map(|tag| tag.get("href").map(str::to_owned));
    let tried = tries.filter(|href| href.contains(KEY)).collect::<Vec<_>>();
    assert_eq!(tried, [format!("{UNITS}?places=%2F{KEY}")]);
    assert!(page(&visitor, &tried[0]).await.contains(&format!("used in {many} rows")));
    assert!(!page(&visitor, &format!("{UNITS}?places={KEY}")).await.contains("This rule is invalid"));
}

#[rstest]
#[tokio::test]
async fn a_preview_counts_and_shows_what_a_rule_would_make_and_changes_nothing(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = dana(&world).await;
    let many = rows_with_units(&world).await;
    let text = page(&visitor, &format!("{UNITS}?places=%2Fnowhere%0A{KEY}")).await;
    for said in [
        "This is a preview. Nothing has been saved.".to_owned(),
        format!("With a value {many} of"),
        "0 with the current rule".to_owned(),
        format!("Rows that change {many}"),
        "/nowhere used in no row".to_owned(),
        format!("/{KEY} used in {many} rows"),
    ] {
        assert!(text.contains(&said), "no “{said}” in: {text}");
    }
    assert_eq!(text.matches("Changes").count(), 10, "{text}");
    // Both are told in a zone, so naming the account's own changes nothing.
    let created = "/agency/brands/harbor/mapping/contacts/created";
    let same = page(&visitor, &format!("{created}?places=created&zone=America/Chicago")).await;
    assert!(same.contains("Rows that change 0"), "{same}");
    let other = page(&visitor, &format!("{created}?places=created&zone=America/Denver")).await;
    assert!(!other.contains("Rows that change 0") && other.contains("America/Denver"), "{other}");
    let unlike = page(&visitor, &format!("{created}?places=created&forms=%25m/%25d/%25Y+%25I:%25M+%25p")).await;
    assert!(unlike.contains("With a value 0 of") && unlike.contains("in the given formats"), "{unlike}");
    assert!(unlike.contains("03/08/2026 02:30 PM"), "{unlike}");
    assert_eq!((stored(&world, HARBOR).await, waiting(&world, HARBOR).await.is_none()), (vec![], true));
}

#[tokio::test]
async fn where_a_list_stands_one_is_told_to_go_on_into_it() {
    let world = World::read(Sqlite).await;
    let visitor = dana(&world).await;
    let list = page(&visitor, &format!("{UNITS}?places=/clients_lead_source")).await;
    assert!(list.contains("In 1 row, the value is a list or an object.") && list.contains("this is not text"), "{list}");
    let inside = page(&visitor, &format!("{UNITS}?places=/clients_lead_source/0")).await;
    assert!(inside.contains("With a value 1 of") && inside.contains("\"Web\""), "{inside}");
}

#[rstest]
#[tokio::test]
async fn a_saved_rule_is_written_down_and_the_kept_answers_are_read_again_by_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = dana(&world).await;
    let many = rows_with_units(&world).await;
    let before = world.tenant(HARBOR).await.mapping_version;
    let answer = visitor.post(UNITS, &[("places", &format!(" {KEY} \r\n\r\n"))]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.location()),
        (303, format!("{CONTACTS}?saved=units").as_str()),
        "{}",
        answer.text()
    );
    let rule = FieldRule::at([format!("/{KEY}").as_str()]).to_json();
    assert_eq!(stored(&world, HARBOR).await, [(Dataset::Contacts, "units".to_owned(), rule.clone())]);
    assert_eq!(world.tenant(HARBOR).await.mapping_version, before + 1);
    let run = waiting(&world, HARBOR).await.unwrap();
    let dana_id = tetherboard_store::users::by_email(world.db.store.conn(), Person::Dana.email()).await.unwrap().unwrap().id;
    assert_eq!((run.trigger, run.status, run.requested_by), (Trigger::Replay, RunStatus::Queued, Some(dana_id)));
    let event = audit::newest(world.db.store.conn(), 1).await.unwrap().remove(0);
    assert_eq!((event.what.as_str(), event.detail), ("changed a field mapping", format!("contacts.units: {rule}")));
    assert_eq!(event.brand, Some(world.tenant(HARBOR).await.name));

    let html = visitor.get(answer.location()).await.text();
    assert_eq!(
        element(&html, "class=\"banner info\""),
        "Units saved. Stored responses are being processed again. View progress on the brand’s sync page"
    );
    assert!(html.contains("href=\"/agency/sync/harbor\""));
    assert_eq!(world.replay(HARBOR).await.run.status, RunStatus::Succeeded);
    let text = page(&visitor, answer.location()).await;
    assert!(text.contains("Stored responses have been processed again."), "{text}");
    assert!(text.contains("Own rule") && !text.contains(&format!("/{KEY} \"")), "{text}");
    assert!(text.contains("counted in the next sync"), "{text}");
    world.sync(HARBOR).await;
    assert!(page(&visitor, CONTACTS).await.contains(&format!("{many} of 167 rows")), "{text}");
}

#[rstest]
#[tokio::test]
async fn a_field_goes_back_to_its_built_in_places(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = dana(&world).await;
    let city = "/agency/brands/harbor/mapping/contacts/city";
    assert!(!visitor.get(city).await.text().contains("Reset to built-in places"));
    assert_eq!(visitor.post(city, &[("places", "/state")]).await.status, 303);
    assert_eq!(stored(&world, HARBOR).await.len(), 1);
    assert!(visitor.get(city).await.text().contains("Reset to built-in places"));
    assert_eq!(visitor.post(city, &[("to", "built-in")]).await.location(), format!("{CONTACTS}?saved=city"));
    assert_eq!(stored(&world, HARBOR).await, []);
    let event = audit::newest(world.db.store.conn(), 1).await.unwrap().remove(0);
    assert_eq!(event.detail, "contacts.city: reset to built-in places");
    // To type what is built in is to go back to it, and no rule of one's own.
    assert_eq!(visitor.post(city, &[("places", "/state")]).await.status, 303);
    assert_eq!(visitor.post(city, &[("places", "city")]).await.status, 303);
    assert_eq!(stored(&world, HARBOR).await, []);
}

#[tokio::test]
async fn what_changes_nothing_is_not_saved() {
    let world = World::read(Sqlite).await;
    let visitor = dana(&world).await;
    let before = world.tenant(HARBOR).await.mapping_version;
    let created = "/agency/brands/harbor/mapping/contacts/created";
    for (address, form) in [
        (UNITS, vec![("places", " ")]),
        (UNITS, vec![("to", "built-in")]),
        (created, vec![("places", "/created"), ("forms", "%Y-%m-%d %H:%M:%S"), ("zone", "")]),
    ] {
        let answer = visitor.post(address, &form).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(words(&answer.text()).contains("This is the current rule."), "{}", answer.text());
    }
    assert_eq!(world.tenant(HARBOR).await.mapping_version, before);
    assert!(waiting(&world, HARBOR).await.is_none() && audit::newest(world.db.store.conn(), 9).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_rule_that_cannot_be_used_comes_back_as_it_was_typed_with_what_to_mend(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = dana(&world).await;
    let created = "/agency/brands/harbor/mapping/contacts/created";
    let id = "/agency/brands/harbor/mapping/contacts/client_id";
    for (address, part, typed, others, why) in [
        (UNITS, "places", "/a/~x\nsomething else", &[][..], "`/a/~x` is not a place in a row: write a tilde as ~0"),
        (id, "places", "  ", &[], "A row without an ID cannot be stored"),
        (created, "forms", "%H:%M", &[("places", "/created")], "`%H:%M` is not a date format: it does not give the full date"),
        (
            created,
            "forms",
            "%Y-%m-%d %!",
            &[("places", "/created")],
            "`%Y-%m-%d %!` is not a date format: it is not a valid pattern",
        ),
        (created, "zone", "Mars/Base", &[("places", "/created")], "`Mars/Base` is not an IANA time zone"),
    ] {
        let form: Vec<_> = [(part, typed)].into_iter().chain(others.iter().copied()).collect();
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        for answer in [visitor.post(address, &form).await, visitor.get(&format!("{address}?{query}")).await] {
            let html = answer.text();
            assert_eq!(answer.status, 422, "{html}");
            let field = tags(&html).into_iter().find(|tag| tag.get("id") == Some(part)).unwrap();
            assert_eq!(field.get("aria-invalid"), Some("true"), "{field:?}");
            let told: Vec<String> =
                field.get("aria-describedby").unwrap().split(' ').map(|id| element(&html, &format!("id=\"{id}\""))).collect();
            assert!(told[0].starts_with(why), "{told:?}");
            assert!(told.iter().all(|told| !told.is_empty()), "{told:?}");
            let kept = if part == "zone" { field.get("value").unwrap().to_owned() } else { written(&html, part) };
            assert_eq!(kept, typed, "{html}");
        }
    }
    let all = [("places", "/~x"), ("forms", "%H"), ("zone", "")];
    let html = visitor.post(created, &all).await.text();
    assert!(html.contains("places-fault") && html.contains("forms-fault") && html.contains("Not saved"), "{html}");
    // Only dates have formats, whatever the form contains.
    let answer = visitor.post(UNITS, &[("places", "/a"), ("forms", "%s")]).await;
    assert!(
        answer.status == 422 && words(&answer.text()).contains("Only dates have formats and a time zone"),
        "{}",
        answer.text()
    );
    assert_eq!((stored(&world, HARBOR).await, waiting(&world, HARBOR).await.is_none()), (vec![], true));
}

/// What a textarea holds; a line end that stands first is the browser's.
fn written(html: &str, id: &str) -> String {
    let (_, rest) = html.split_once(&format!("<textarea class=\"input written\" id=\"{id}\"")).unwrap();
    let text = rest.split_once('>').unwrap().1.split("</textarea>").next().unwrap();
    text.strip_prefix('\n').unwrap().replace("&lt;", "<").replace("&amp;", "&")
}

#[rstest]
#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_too_long_is_refused(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    let visitor = dana(&world).await;
    for address in [
        "/agency/brands/atlantis/mapping",
        "/agency/brands/harbor/mapping/dogs",
        "/agency/brands/harbor/mapping/Contacts",
        "/agency/brands/harbor/mapping/contacts/shoe_size",
        "/agency/brands/harbor/mapping/stages/units",
        "/agency/brands/%ff/mapping/contacts/units",
        "/agency/brands/harbor/mapping/%00/units",
        "/agency/brands/harbor/mapping/contacts/units/more",
    ] {
        let answers = [visitor.get(address).await, visitor.post(address, &[("places", "/x")]).await];
        for answer in answers.iter().take(if address.ends_with("mapping") || address.matches('/').count() < 6 { 1 } else { 2 }) {
            assert!(answer.status == 404 && answer.is_page(), "{address}: {} {}", answer.status, answer.text());
        }
    }
    let long = "x".repeat(9_000);
    let huge = "x".repeat(100_000);
    let sent: [&[(&str, &str)]; 5] =
        [&[("places", &long)], &[("places", "/a"), ("zone", &long)], &[("places", &huge)], &[("forms", "%s")], &[("to", "moon")]];
    for form in sent {
        let answer = visitor.post(UNITS, form).await;
        assert!(answer.status == 400 && answer.is_page(), "{} {}", answer.status, answer.text());
        assert!(answer.text().len() < 10_000, "it is said back");
    }
    let answer = visitor.get(&format!("{UNITS}?places={long}")).await;
    assert!(answer.status == 400 && words(&answer.text()).contains("at most 8000"), "{}", answer.text());
    for odd in ["places=%00", "places=%ff%fe", "places=a&places=b", "places=%2F%00&zone=", "saved=units", "&&=&places"] {
        let answer = visitor.get(&format!("{UNITS}?{odd}")).await;
        assert_eq!(answer.status, 200, "{odd}: {}", answer.text());
    }
    assert_eq!(stored(&world, HARBOR).await, []);
}

#[rstest]
#[tokio::test]
async fn a_brand_that_was_never_read_can_be_mapped_and_nothing_is_read_again(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    let visitor = dana(&world).await;
    assert!(page(&visitor, CONTACTS).await.contains("Nothing has been read yet."));
    assert!(page(&visitor, &format!("{UNITS}?places={KEY}")).await.contains("Nothing has been read yet"));
    let answer = visitor.post(UNITS, &[("places", KEY)]).await;
    assert_eq!(answer.status, 303);
    assert!(waiting(&world, HARBOR).await.is_none());
    assert!(page(&visitor, answer.location()).await.contains("Units saved. The first sync will use it."));
    world.sync(HARBOR).await;
    let many = rows_with_units(&world).await;
    let coverage = field_rules::coverage(world.db.store.conn(), world.tenant(HARBOR).await.id, Dataset::Contacts).await.unwrap();
    assert_eq!(coverage["units"].filled, i64::try_from(many).unwrap());
}

#[tokio::test]
async fn a_field_that_vanished_is_warned_of() {
    let world = World::read(Sqlite).await;
    let visitor = dana(&world).await;
    let (conn, tenant) = (world.db.store.conn(), world.tenant(HARBOR).await.id);
    let lost = FieldCoverage { rows: 160, filled: 130, vanished_ms: Some(world.clock.now_ms()) };
    field_rules::set_coverage(conn, tenant, Dataset::Contacts, &[("city", lost)]).await.unwrap();
    let text = page(&visitor, CONTACTS).await;
    assert!(text.contains("Recent syncs are missing City."), "{text}");
    assert!(text.contains("Missing since Thu Nov 19, 10:30 AM CST; the last known values are shown."), "{text}");
    assert!(text.contains("Before: 130 of 160 rows."), "{text}");
    assert!(page(&visitor, "/agency/brands/harbor/mapping/deals").await.contains("Missing fields: Contacts"));
}

#[tokio::test]
async fn a_stored_rule_that_cannot_be_followed_is_said_and_can_be_replaced() {
    let world = World::read(Sqlite).await;
    let visitor = dana(&world).await;
    let (conn, tenant) = (world.db.store.conn(), world.tenant(HARBOR).await.id);
    field_rules::set(conn, tenant, Dataset::Contacts, "city", Some(r#"{"places":["city"]}"#)).await.unwrap();
    assert!(page(&visitor, CONTACTS).await.contains("Own rule not used `city` is not a place in a row"));
    let city = "/agency/brands/harbor/mapping/contacts/city";
    assert!(page(&visitor, city).await.contains("The brand’s own rule is not used, because it is invalid."));
    assert_eq!(visitor.post(city, &[("places", "/city")]).await.status, 303);
    assert_eq!(stored(&world, HARBOR).await, []);
}

#[tokio::test]
async fn one_brands_rule_is_not_anothers() {
    let world = World::read(Sqlite).await;
    let visitor = dana(&world).await;
    assert_eq!(visitor.post(UNITS, &[("places", KEY)]).await.status, 303);
    assert_eq!(stored(&world, TIDEWATER).await, []);
    assert!(!page(&visitor, "/agency/brands/tidewater/mapping/contacts").await.contains(KEY));
    assert!(waiting(&world, TIDEWATER).await.is_none());
}

#[tokio::test]
async fn nobody_but_the_agency_changes_a_rule() {
    let world = World::read(Sqlite).await;
    for person in [Person::Nobody, Person::Jordan, Person::Riley, Person::Morgan] {
        let answer = world.visitor(person).await.post(UNITS, &[("places", "/city")]).await;
        assert_eq!(answer.status, if person == Person::Nobody { 303 } else { 404 }, "{person:?}");
    }
    assert_eq!(stored(&world, HARBOR).await, []);
}

#[rstest]
#[tokio::test]
async fn rows_of_a_list_of_which_the_last_read_brought_none_are_shown_all_the_same(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let (conn, tenant) = (world.db.store.conn(), world.tenant(HARBOR).await.id);
    let some = records::sample_rows(conn, tenant, Dataset::Contacts, 7).await.unwrap();
    assert!(some.len() == 7 && some.is_sorted_by(|a, b| a > b), "{some:?}");
}
