//! Who may see what: every address, as everybody.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use rstest::rstest;
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::addresses::{ROUTES, Refuses, Route, START_BY_API, Whom};
use crate::world::{Answer, BRANDS, HARBOR, Person, TIDEWATER, Visitor, World, with};

#[rstest]
#[tokio::test]
async fn every_route_answers_each_person_as_the_table_says_and_tells_nothing_of_what_is_anothers(
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let world = World::read(kind).await;
    let secrets = [(HARBOR, only_in(&world, HARBOR, TIDEWATER).await), (TIDEWATER, only_in(&world, TIDEWATER, HARBOR).await)];
    assert!(secrets.iter().all(|(_, texts)| texts.len() > 150), "too little to look for");
    // Who starts a run comes last, since the others would be shown it.
    for route in ROUTES.into_iter().chain([START_BY_API]) {
        for person in Person::ALL {
            // A sign-out ends the session of who asks.
            let visitor = world.visitor(person).await;
            // The roles of a brand read the same lists: one of each asks them in every way.
            let queries = if matches!(person, Person::Jordan | Person::Sam) { route.queries } else { &[] };
            for brand in BRANDS {
                for query in [""].iter().chain(queries) {
                    let address = format!("{}{query}", route.of(brand));
                    let answer = ask(&visitor, &route, &address).await;
                    check(&route, person, brand, &address, &answer);
                    for (_, texts) in secrets.iter().filter(|(of, _)| !person.may_see(of)) {
                        silent(&answer, texts, None, &format!("{} {address} as {person:?}", route.method));
                    }
                }
            }
        }
    }
}

async fn ask(visitor: &Visitor, route: &Route, address: &str) -> Answer {
    if route.method == "POST" { visitor.post(address, &[]).await } else { visitor.get(address).await }
}

fn check(route: &Route, person: Person, brand: &str, address: &str, answer: &Answer) {
    let signed_in = person != Person::Nobody;
    let wanted = match route.whom {
        Whom::Everybody => route.status,
        _ if !signed_in && route.refuses == Refuses::Page => 303,
        _ if !signed_in => 401,
        Whom::Members => route.status,
        Whom::Agency | Whom::BrandsAgency if person == Person::Dana => route.status,
        Whom::Agency => 404,
        Whom::Brand | Whom::BrandsAgency if !person.may_see(brand) => 404,
        Whom::Brand => route.status,
        Whom::BrandsAgency => 403,
    };
    let case = format!("{} {address} as {person:?}", route.method);
    assert_eq!(answer.status, wanted, "{case}: {}", answer.text());
    if !signed_in && wanted == 303 && route.whom != Whom::Everybody {
        assert!(answer.location().starts_with("/sign-in"), "{case}: {}", answer.location());
        assert!(answer.body.is_empty(), "{case}");
    }
    if matches!(wanted, 401 | 403 | 404) && route.whom != Whom::Everybody {
        let fits = if route.refuses == Refuses::Problem { answer.is_problem() } else { answer.is_page() };
        assert!(fits, "{case}: {} {}", answer.header("content-type"), answer.text());
    }
}

#[rstest]
#[tokio::test]
async fn a_filter_that_names_what_is_anothers_finds_nothing(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let secrets = only_in(&world, TIDEWATER, HARBOR).await;
    let asked_for = secrets.iter().filter(|secret| secret.contains('@')).take(2);
    for secret in asked_for {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for key in ["q", "stage", "source"] {
            let query = format!("?{key}={encoded}&brand=tidewater&tenant=tidewater&tenant_id=2");
            let page = format!("/t/harbor/leads{query}");
            assert_eq!(visitor.csv(&page).await, Vec::<Vec<String>>::new(), "{page}");
            silent(&visitor.get(&page).await, &secrets, Some(secret), &page);
            let api = format!("/api/v1/tenants/harbor/leads{query}");
            assert_eq!(visitor.json(&api).await["total"], 0, "{api}");
        }
        let deals = format!("/t/harbor/pipeline?q={encoded}");
        assert_eq!(visitor.csv(&deals).await, Vec::<Vec<String>>::new(), "{deals}");
    }
}

#[tokio::test]
async fn a_cursor_of_one_brand_leads_to_nothing_of_it_in_another() {
    let world = World::read(Sqlite).await;
    let cursor =
        world.visitor(Person::Sam).await.json("/api/v1/tenants/tidewater/leads").await["next"].as_str().unwrap().to_owned();
    let secrets = only_in(&world, TIDEWATER, HARBOR).await;
    let answer = world.visitor(Person::Jordan).await.get(&format!("/api/v1/tenants/harbor/leads?cursor={cursor}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    silent(&answer, &secrets, None, "the cursor");
}

#[tokio::test]
async fn a_brand_that_is_not_there_is_answered_like_one_that_is_anothers() {
    let world = World::read(Sqlite).await;
    let visitor = world.visitor(Person::Riley).await;
    for route in ROUTES.iter().filter(|route| matches!(route.whom, Whom::Brand | Whom::BrandsAgency)) {
        let (anothers, nobodys) =
            (ask(&visitor, route, &route.of(TIDEWATER)).await, ask(&visitor, route, &route.of("atlantis")).await);
        assert_eq!((anothers.status, anothers.text()), (nobodys.status, nobodys.text()), "{}", route.path);
    }
}

/// Names, companies, emails and numbers of a brand that are nowhere in the other, and the brand's own name.
async fn only_in(world: &World, brand: &str, not_in: &str) -> BTreeSet<String> {
    let dana = world.visitor(Person::Dana).await;
    let (texts, others) = (texts_of(&dana, brand).await, texts_of(&dana, not_in).await.join("\n"));
    let long = texts.into_iter().filter(|text| text.chars().count() >= 6 && !others.contains(text.as_str()));
    long.chain([world.tenant(brand).await.name]).collect()
}

async fn texts_of(visitor: &Visitor, brand: &str) -> Vec<String> {
    let leads = visitor.csv(&format!("/t/{brand}/leads")).await;
    let deals = visitor.csv(&format!("/t/{brand}/pipeline")).await;
    let of_leads = leads.iter().flat_map(|row| row[..4].to_vec());
    of_leads.chain(deals.iter().flat_map(|row| row[..2].to_vec())).collect()
}

fn silent(answer: &Answer, secrets: &BTreeSet<String>, asked: Option<&str>, case: &str) {
    let text = answer.text();
    for secret in secrets.iter().filter(|secret| Some(secret.as_str()) != asked) {
        let in_a_page = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        assert!(!text.contains(secret.as_str()) && !text.contains(&in_a_page), "{case} tells {secret}");
    }
}

#[tokio::test]
async fn a_token_opens_no_more_than_its_owner_may_see() {
    let world = World::read(Sqlite).await;
    let (script, _) = world.script(Person::Morgan).await;
    let brands = script.json("/api/v1/tenants").await;
    let slugs: Vec<&str> = brands.as_array().unwrap().iter().map(|brand| brand["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, [TIDEWATER]);
    for route in ROUTES.iter().filter(|route| route.whom == Whom::Brand) {
        let answer = script.get(&with(&route.of(HARBOR), "x=1")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", route.path);
    }
}
