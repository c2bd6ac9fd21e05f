//! What goes over the line: headers, weight, and nothing secret.

use std::collections::BTreeSet;

use reqwest::header::ACCEPT_ENCODING;
use rstest::rstest;
use tetherboard_store::users;
use tetherboard_testkit::Kind::Sqlite;

use crate::addresses::ROUTES;
use crate::page::tags;
use crate::world::{Person, Visitor, World};

const PAGES: [&str; 5] = ["/t/harbor/overview", "/t/harbor/leads", "/t/harbor/pipeline", "/agency", "/sign-in"];

/// What a browser asks for besides the page, as the page says.
fn parts_of(html: &str) -> BTreeSet<String> {
    let named = tags(html).into_iter().filter_map(|tag| match tag.name.as_str() {
        "link" | "use" => tag.get("href").map(str::to_owned),
        "script" | "img" => tag.get("src").map(str::to_owned),
        _ => None,
    });
    named.map(|part| part.split('#').next().unwrap_or_default().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[tokio::test]
async fn every_answer_forbids_what_no_page_needs() {
    let world = World::read(Sqlite).await;
    for person in [Person::Nobody, Person::Riley] {
        let visitor = world.visitor(person).await;
        for route in ROUTES.iter().filter(|route| route.method == "GET") {
            let answer = visitor.get(&route.of("harbor")).await;
            let case = format!("{} as {person:?}", route.path);
            let policy = answer.header("content-security-policy").to_owned();
            let directive = |name: &str| {
                policy.split(';').map(str::trim).find_map(|part| part.strip_prefix(name)).unwrap_or("none").trim().to_owned()
            };
            assert_eq!(directive("default-src "), "'none'", "{case}: {policy}");
            assert_eq!(directive("script-src "), "'self'", "{case}: {policy}");
            assert_eq!(directive("style-src "), "'self'", "{case}: {policy}");
            assert_eq!(directive("frame-ancestors "), "'none'", "{case}: {policy}");
            assert_eq!(directive("base-uri "), "'none'", "{case}: {policy}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{case}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{case}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{case}");
            assert!(!answer.header("x-request-id").is_empty(), "{case}");
            assert!(answer.header("server").is_empty() && answer.header("x-powered-by").is_empty(), "{case}");
        }
    }
}

#[tokio::test]
async fn no_cache_keeps_what_is_a_brands() {
    let world = World::read(Sqlite).await;
    let visitor = world.visitor(Person::Dana).await;
    for route in ROUTES.iter().filter(|route| route.method == "GET" && (route.path.contains('{') || route.path == "/agency")) {
        let cache = visitor.get(&route.of("harbor")).await.header("cache-control").to_owned();
        assert!(
            route.path.starts_with("/assets/") || cache.contains("private") || cache.contains("no-store"),
            "{}: {cache:?}",
            route.path
        );
    }
}

#[tokio::test]
async fn no_answer_holds_a_key_a_token_or_a_hash() {
    let world = World::read(Sqlite).await;
    let hash = users::by_email(world.db.store.conn(), Person::Dana.email()).await.unwrap().unwrap().password_hash;
    let mut secrets = vec![world.simulator.access_token(), world.db.key().to_owned(), hash, "$argon2".to_owned()];
    secrets.extend(world.simulator.accounts().into_iter().map(|account| account.web_key));
    let visitor = world.sign_in(Person::Dana).await;
    secrets.push(visitor.headers["cookie"].to_str().unwrap().split_once('=').unwrap().1.to_owned());
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        for query in [""].iter().chain(route.queries) {
            let answer = visitor.get(&format!("{}{query}", route.of("harbor"))).await;
            let all = format!("{:?} {}", answer.headers, answer.text());
            assert!(!secrets.iter().any(|secret| all.contains(secret.as_str())), "{}{query}", route.path);
        }
    }
}

#[tokio::test]
async fn what_a_page_is_made_of_is_kept_for_ever_under_a_name_that_changes() {
    let world = World::read(Sqlite).await;
    let visitor = world.visitor(Person::Dana).await;
    let mut assets = BTreeSet::new();
    for page in PAGES {
        assets.extend(parts_of(&visitor.get(page).await.text()).into_iter().filter(|part| part.starts_with("/assets/")));
    }
    assert!(assets.len() >= 6, "{assets:?}");
    for asset in assets {
        let answer = world.stranger().get(&asset).await;
        assert_eq!(answer.status, 200, "{asset}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable", "{asset}");
        let (stem, kind) = asset.rsplit_once('.').unwrap();
        let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
        assert!(hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{asset} has no hash in its name");
        let wanted = match kind {
            "css" => "text/css",
            "js" => "text/javascript",
            "svg" => "image/svg+xml",
            "woff2" => "font/woff2",
            other => panic!("{other}"),
        };
        assert!(answer.header("content-type").starts_with(wanted), "{asset}: {}", answer.header("content-type"));
    }
}

#[rstest]
#[case::overview("/t/harbor/overview", 260_000)]
#[case::leads("/t/harbor/leads", 260_000)]
#[case::pipeline("/t/harbor/pipeline", 260_000)]
#[case::agency("/agency", 80_000)]
#[case::sign_in("/sign-in", 80_000)]
#[case::not_found("/t/harbor/nothing", 80_000)]
#[tokio::test]
async fn a_first_visit_takes_few_requests_and_weighs_little(#[case] page: &str, #[case] most: usize) {
    let world = World::read(Sqlite).await;
    let mut visitor = world.visitor(Person::Dana).await;
    visitor.headers.insert(ACCEPT_ENCODING, "br".parse().unwrap());
    let parts = parts_of(&plain(&visitor, page).await);
    assert!(parts.iter().all(|part| part.starts_with('/') && !part.starts_with("//")), "others are asked too: {parts:?}");
    assert!(parts.len() < 10, "{} requests: {parts:?}", parts.len() + 1);
    let mut weights = vec![(page.to_owned(), visitor.get(page).await.body.len())];
    for part in parts {
        let answer = visitor.get(&part).await;
        assert_eq!(answer.status, 200, "{part}");
        weights.push((part, answer.body.len()));
    }
    let whole: usize = weights.iter().map(|(_, weight)| weight).sum();
    assert!(whole < most, "{page} weighs {whole}: {weights:?}");
}

async fn plain(visitor: &Visitor, page: &str) -> String {
    let mut uncompressed = visitor.headers.clone();
    uncompressed.insert(ACCEPT_ENCODING, "identity".parse().unwrap());
    Visitor { client: visitor.client.clone(), site: visitor.site.clone(), headers: uncompressed }.get(page).await.text()
}
