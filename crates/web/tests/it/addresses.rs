//! Every address of the portal, and who may use it. A route that is not in this table fails a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tetherboard_testkit::Kind;

use crate::world::{Person, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    Everybody,
    /// Anyone who is signed in.
    Members,
    /// Users who may see the brand in the path. Others get 404.
    Brand,
    /// The agency. The brand's users get 403.
    BrandsAgency,
    /// The agency. Others get 404.
    Agency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refuses {
    /// With a page; a visitor who is not signed in is sent to the sign-in page.
    Page,
    /// With a problem document.
    Problem,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// As the router has it.
    pub(crate) path: &'static str,
    pub(crate) whom: Whom,
    pub(crate) refuses: Refuses,
    /// The status for users who may use it.
    pub(crate) status: u16,
    /// Queries to request it with, besides none.
    pub(crate) queries: &'static [&'static str],
}

impl Route {
    /// The address for a brand.
    pub(crate) fn of(&self, brand: &str) -> String {
        let path = self.path.replace("{brand}", brand).replace("{tenant}", brand);
        let path = path.replace("{tab}", "nothing-here").replace("{name}", "nothing.css").replace("{contact}", "nobody");
        path.replace("{run}", "nothing-ran")
            .replace("{dataset}", "contacts")
            .replace("{page_no}", "0")
            .replace("{field}", "units")
    }
}

const ROWS: &[&str] = &[
    "?show=lost",
    "?show=awards&period=12m",
    "?show=reached&stage=FDD+Sent",
    "?show=stage-changes&from-stage=New+Lead&to-stage-not-text=1",
    "?show=stays&sort=-took&format=csv",
    "?show=deals&asof=2026-11-19&in=open&fee=known&sort=name",
    "?show=candidates&stage=",
];
const HOT: &[&str] = &[
    "?format=csv",
    "?status=stalled&fee=known&sort=-fee",
    "?owner=&market=*&sort=touch",
    "?view=call",
    "?view=call&who=900001",
    "?view=call-all",
];
const LEADS: &[&str] = &[
    "?format=csv",
    "?sort=name",
    "?sort=-stage&page=2",
    "?stage=New+Lead",
    "?source=",
    "?in=open&role=new",
    "?type=prospects&from=2026-01-01&to=2026-12-31",
    "?created=unknown",
    "?q=a",
];
const DEALS: &[&str] = &["?format=csv", "?by=value", "?sort=-fee", "?stage=FDD+Sent", "?in=qualified&fee=known", "?q=a"];
const SCHEDULE: &[&str] =
    &["?format=csv", "?view=list", "?view=week", "?d=2026-11-19", "?show=past&owner=&type=Call", "?show=outcome-needed"];
const NOTES: &[&str] = &[
    "?format=csv",
    "?q=a*&type=Call&role=late",
    "?period=30d&also=moves&also=appointments",
    "?client=1&author=a&stage=FDD+Sent",
];
const API_LEADS: &[&str] =
    &["?sort=name", "?stage=New+Lead", "?source=", "?in=open", "?created=unknown", "?q=a", "?cursor=YXQ6MTAw"];

const RULES: &[&str] = &["?places=city", "?places=%2Fcity%0A%2Fstate", "?places="];

const fn page(method: &'static str, path: &'static str, whom: Whom, status: u16, queries: &'static [&'static str]) -> Route {
    Route { method, path, whom, refuses: Refuses::Page, status, queries }
}

const fn api(method: &'static str, path: &'static str, whom: Whom, status: u16, queries: &'static [&'static str]) -> Route {
    Route { method, path, whom, refuses: Refuses::Problem, status, queries }
}

pub(crate) const ROUTES: [Route; 54] = [
    page("GET", "/", Whom::Members, 303, &[]),
    page("GET", "/sign-in", Whom::Everybody, 200, &["?back=/t/tidewater/leads"]),
    page("POST", "/sign-in", Whom::Everybody, 422, &[]),
    page("POST", "/sign-out", Whom::Everybody, 303, &[]),
    page("POST", "/theme", Whom::Everybody, 422, &[]),
    page("GET", "/agency", Whom::Agency, 200, &[]),
    page("GET", "/agency/sync", Whom::Agency, 200, &[]),
    page("GET", "/agency/sync/{brand}", Whom::Agency, 200, &["?page=2", "?held=1"]),
    page("GET", "/agency/sync/{brand}/records/{dataset}", Whom::Agency, 404, &["?id=900001"]),
    page("GET", "/agency/sync/{brand}/runs/{run}", Whom::Agency, 404, &[]),
    page("GET", "/agency/sync/{brand}/runs/{run}/{dataset}", Whom::Agency, 404, &[]),
    page("GET", "/agency/sync/{brand}/runs/{run}/{dataset}/{page_no}", Whom::Agency, 404, &["?format=raw"]),
    page("GET", "/agency/sync/{brand}/runs/{run}/set-aside/{dataset}", Whom::Agency, 404, &[]),
    page("POST", "/agency/sync/{brand}/start", Whom::Agency, 303, &[]),
    page("POST", "/agency/sync/{brand}/test-key", Whom::Agency, 303, &[]),
    page("POST", "/agency/sync/{brand}/replay", Whom::Agency, 303, &[]),
    page("POST", "/agency/sync/{brand}/accept", Whom::Agency, 400, &[]),
    page("POST", "/agency/sync/{brand}/runs/{run}/cancel", Whom::Agency, 404, &[]),
    page("GET", "/agency/brands/{brand}/mapping", Whom::Agency, 303, &[]),
    page("GET", "/agency/brands/{brand}/mapping/{dataset}", Whom::Agency, 200, &["?saved=units"]),
    page("GET", "/agency/brands/{brand}/mapping/{dataset}/{field}", Whom::Agency, 200, RULES),
    page("POST", "/agency/brands/{brand}/mapping/{dataset}/{field}", Whom::Agency, 400, &[]),
    page("GET", "/t/{brand}", Whom::Brand, 303, &[]),
    page("GET", "/t/{brand}/overview", Whom::Brand, 200, &[]),
    page("GET", "/t/{brand}/leads", Whom::Brand, 200, LEADS),
    page("GET", "/t/{brand}/pipeline", Whom::Brand, 200, DEALS),
    page("GET", "/t/{brand}/pipeline/rows", Whom::Brand, 200, ROWS),
    page("GET", "/t/{brand}/hot-list", Whom::Brand, 200, HOT),
    page("GET", "/t/{brand}/schedule", Whom::Brand, 200, SCHEDULE),
    page("GET", "/t/{brand}/schedule/subscribe", Whom::Brand, 200, &[]),
    page("POST", "/t/{brand}/schedule/subscribe", Whom::Brand, 400, &[]),
    page("GET", "/calendar/{name}", Whom::Everybody, 404, &[]),
    page("GET", "/t/{brand}/notes", Whom::Brand, 200, NOTES),
    page("GET", "/t/{brand}/notes/one", Whom::Brand, 404, &["?id=7001/1"]),
    page("POST", "/agency/brands/{brand}/notes/note", Whom::Agency, 400, &[]),
    page("POST", "/agency/brands/{brand}/notes/type", Whom::Agency, 400, &[]),
    page("GET", "/t/{brand}/candidates", Whom::Brand, 303, &["?q=a", "?q=%00"]),
    page("GET", "/t/{brand}/candidates/{contact}", Whom::Brand, 404, &["?show=all"]),
    page("GET", "/t/{brand}/{tab}", Whom::Brand, 404, &[]),
    page("GET", "/t/{brand}/logo", Whom::Brand, 200, &[]),
    page("POST", "/t/{brand}/sync", Whom::BrandsAgency, 303, &[]),
    page("GET", "/assets/{name}", Whom::Everybody, 404, &[]),
    page("GET", "/favicon.ico", Whom::Everybody, 200, &[]),
    page("GET", "/healthz", Whom::Everybody, 200, &[]),
    page("GET", "/readyz", Whom::Everybody, 200, &[]),
    api("GET", "/api/v1/openapi.json", Whom::Everybody, 200, &[]),
    api("GET", "/api/v1/tenants", Whom::Members, 200, &[]),
    api("GET", "/api/v1/tenants/{tenant}/leads/summary", Whom::Brand, 200, &[]),
    api("GET", "/api/v1/tenants/{tenant}/leads", Whom::Brand, 200, API_LEADS),
    api("GET", "/api/v1/tenants/{tenant}/pipeline", Whom::Brand, 200, &[]),
    api("GET", "/api/v1/tenants/{tenant}/hot-list", Whom::Brand, 200, &[]),
    api(
        "GET",
        "/api/v1/tenants/{tenant}/notes",
        Whom::Brand,
        200,
        &["?q=a&type=Note&author=a&client=1", "?from=2026-01-01&to=2026-12-31"],
    ),
    api("GET", "/api/v1/tenants/{tenant}/schedule", Whom::Brand, 200, &["?from=2026-01-01&to=2026-12-31"]),
    api("GET", "/api/v1/tenants/{tenant}/sync", Whom::Brand, 200, &[]),
];

/// Requested separately: it starts a run, which other pages would show.
pub(crate) const START_BY_API: Route = api("POST", "/api/v1/tenants/{tenant}/sync", Whom::BrandsAgency, 202, &[]);

/// Requested separately: these responses do not end. Their tests are in `live`.
pub(crate) const STREAMS: [Route; 4] = [
    page("GET", "/agency/live", Whom::Agency, 200, &[]),
    page("GET", "/agency/live/sync", Whom::Agency, 200, &[]),
    page("GET", "/agency/live/sync/{brand}", Whom::Agency, 200, &[]),
    page("GET", "/t/{brand}/live", Whom::Brand, 200, &[]),
];

fn all() -> impl Iterator<Item = Route> {
    ROUTES.into_iter().chain([START_BY_API]).chain(STREAMS)
}

#[test]
fn every_route_of_the_router_is_in_the_table() {
    let table: BTreeSet<String> = all().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(routes_in_the_source(), table);
}

#[tokio::test]
async fn the_openapi_document_names_every_route_of_the_api() {
    let world = World::unread(Kind::Sqlite).await;
    let document = world.visitor(Person::Nobody).await.json("/api/v1/openapi.json").await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let mut named = BTreeSet::from(["GET /api/v1/openapi.json".to_owned()]);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["responses"].as_object().is_some_and(|known| !known.is_empty()), "{method} {path} answers nothing");
            named.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let table: BTreeSet<String> =
        all().filter(|route| route.refuses == Refuses::Problem).map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(named, table);
}

/// The routes in the source, since a router cannot list its own.
fn routes_in_the_source() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let links = fs::read_to_string(source.join("address/links.rs")).unwrap();
    let mut found = BTreeSet::new();
    for file in files(&source) {
        let prefix = if file.contains("/src/api/") { "/api/v1" } else { "" };
        let text = fs::read_to_string(&file).unwrap();
        for (at, begin) in text.match_indices(".route(") {
            let (address, methods) = inside(&text[at + begin.len()..]).split_once(',').unwrap();
            let path = match address.trim().strip_prefix('"') {
                Some(literal) => literal.trim_end_matches('"').to_owned(),
                None => constant(&links, address.trim().trim_start_matches("links::")),
            };
            for method in ["get", "post", "put", "patch", "delete"].iter().filter(|method| calls(methods, method)) {
                found.insert(format!("{} {prefix}{path}", method.to_uppercase()));
            }
        }
    }
    found
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path.to_str().unwrap().to_owned()] });
    found.filter(|path| path.ends_with(".rs")).collect()
}

/// Up to the bracket that closes the one before it.
fn inside(text: &str) -> &str {
    let mut open = 1;
    let end = text.char_indices().find(|(_, c)| {
        open += i32::from(*c == '(') - i32::from(*c == ')');
        open == 0
    });
    &text[..end.unwrap().0]
}

fn constant(source: &str, name: &str) -> String {
    let begin = format!("const {name}: &str = \"");
    let (_, rest) = source.split_once(&begin).unwrap_or_else(|| panic!("links.rs has no {name}"));
    rest.split('"').next().unwrap().to_owned()
}

fn calls(text: &str, method: &str) -> bool {
    text.match_indices(&format!("{method}(")).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}
