//! Invalid input: the error names it and is never a server error.

use rstest::rstest;
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::world::{Answer, PASSWORD, Person, World};

/// Addresses, their status, and the value that the error names; empty if the error is about the path.
const CASES: [(&str, u16, &str); 65] = [
    ("/t/atlantis/leads", 404, ""),
    ("/t/harbor/hot-lists", 404, ""),
    ("/t/harbor/leads/more", 404, ""),
    ("/t/harbor%00/leads", 404, ""),
    ("/t/%00/overview", 404, ""),
    ("/t/%ff%fe/overview", 404, ""),
    ("/t/harbor%2foverview", 404, ""),
    ("/t/HARBOR/overview", 404, ""),
    ("/t/..%2f..%2fetc/overview", 404, ""),
    ("/nothing/here", 404, ""),
    ("/assets/..%2fCargo.toml", 404, ""),
    ("/assets/assets.json", 404, ""),
    ("/api/v1/tenants/atlantis/leads", 404, ""),
    ("/api/v1/tenants/%00/leads", 404, ""),
    ("/api/v1/tenants/%ff/leads", 404, ""),
    ("/api/v1/nothing", 404, ""),
    ("/api/v2/tenants", 404, ""),
    ("LIST?in=everything", 400, "in=everything"),
    ("LIST?role=boss", 400, "boss"),
    ("LIST?sort=price", 400, "price"),
    ("LIST?sort=--name", 400, "--name"),
    ("LEADS?type=dogs", 400, "dogs"),
    ("LEADS?created=known", 400, "known"),
    ("LEADS?state=ZZ", 400, "ZZ"),
    ("LEADS?from=yesterday", 400, "yesterday"),
    ("LEADS?to=2026-02-30", 400, "2026-02-30"),
    ("LEADS?from=2026-11-19T25:00", 400, "2026-11-19T25:00"),
    ("/t/harbor/overview?period=fortnight", 400, "fortnight"),
    ("/t/harbor/overview?compare=never", 400, "never"),
    ("/t/harbor/overview?period=custom", 400, "start"),
    ("/t/harbor/overview?period=custom&start=2026-11-19&end=soon", 400, "soon"),
    ("/t/harbor/leads?period=2026-11-19..2026-11-01", 400, "2026-11-19"),
    ("/t/harbor/leads?period=0001-01-01..9999-12-31", 400, "1900"),
    ("/t/harbor/leads?by=hour", 400, "hour"),
    ("/t/harbor/leads?sources=luck", 400, "luck"),
    ("/t/harbor/leads?sources=--name", 400, "--name"),
    ("/t/harbor/leads?page=0", 400, "page=0"),
    ("/t/harbor/leads?page=-1", 400, "page=-1"),
    ("/t/harbor/leads?page=1.5", 400, "page=1.5"),
    ("/t/harbor/leads?page=99999999999999999999", 400, "99999999999999999999"),
    ("/t/harbor/leads?page=4000", 404, ""),
    ("/t/harbor/pipeline?page=4000", 404, ""),
    ("/t/harbor/leads?format=xlsx", 400, "xlsx"),
    ("/t/harbor/pipeline?by=weight", 400, "weight"),
    ("/t/harbor/pipeline?fee=unknown", 400, "unknown"),
    ("/api/v1/tenants/harbor/pipeline?asof=2026-01-01", 400, "Nov 19, 2026"),
    ("/api/v1/tenants/harbor/pipeline?asof=2027-01-01", 400, "2027-01-01"),
    ("/api/v1/tenants/harbor/pipeline?asof=yesterday", 400, "yesterday"),
    ("/t/harbor/pipeline?asof=yesterday", 400, "yesterday"),
    ("/t/harbor/pipeline?asof=2026-01-01&format=csv", 400, "Nov 19, 2026"),
    ("/t/harbor/pipeline?view=carpet", 400, "carpet"),
    ("/t/harbor/pipeline?close=soon", 400, "soon"),
    ("/t/harbor/hot-list?status=sleepy", 400, "sleepy"),
    ("/t/harbor/hot-list?fee=high", 400, "high"),
    ("/t/harbor/hot-list?sort=luck", 400, "luck"),
    ("/t/harbor/hot-list?view=carpet", 400, "carpet"),
    ("/t/harbor/hot-list?page=900", 404, "shorter"),
    ("/t/harbor/notes?role=boss", 400, "boss"),
    ("/t/harbor/notes?also=birthdays", 400, "birthdays"),
    ("/t/harbor/notes?from=soon", 400, "soon"),
    ("/api/v1/tenants/harbor/notes?from=soon", 400, "soon"),
    ("/t/harbor/notes?page=4000", 404, "shorter"),
    ("/t/harbor/pipeline/rows?show=magic", 400, "magic"),
    ("/t/harbor/pipeline/rows?show=lost&sort=price", 400, "price"),
    ("/t/harbor/pipeline/rows?show=lost&page=9", 404, "shorter"),
];

const CURSORS: [&str; 7] =
    ["300", "!!", "YXQ6LTU", "YXQ6", "%00", "YXQ6OTIyMzM3MjAzNjg1NDc3NTgwNw", "YXQ6OTk5OTk5OTk5OTk5OTk5OTk5OTk5"];

/// Unusual but valid addresses.
const ODD: [&str; 28] = [
    "LIST?q=%00",
    "LIST?q=a%00b",
    "LIST?stage=%00",
    "LIST?stage=FDD%00Sent",
    "LEADS?source=%00",
    "LIST?q=%ff%fe",
    "LIST?stage=%c3%28",
    "LIST?q=%25%27%22%3b--",
    "LIST?q=%5c%5c%25_",
    "LIST?q=%20%20%20",
    "LIST?stage=&source=",
    "LIST?q=%F0%9F%A5%AF",
    "LIST?&&&=&q",
    "LIST?q=a&q=b&q=c",
    "LIST?sort=",
    "/t/harbor/leads?period=1900-01-01..2200-12-31&by=day",
    "/t/harbor/leads?period=2200-01-01..2200-12-31",
    "/t/harbor/overview?period=2200-01-01..2200-12-31",
    "/t/harbor/overview?period=&compare=",
    "/t/harbor/leads?period=12m&by=day&format=csv",
    "/t/harbor/leads?state=tx&from=2026-01-01&period=30d",
    "LEADS?from=0001-01-01&to=9999-12-31",
    "LEADS?from=9999-12-31&to=0001-01-01",
    "LEADS?from=-009999-01-01T00:00",
    "LEADS?stage-not-text=1&source-not-text=1",
    "LIST?stage-not-text=2",
    "/t/harbor/hot-list?owner=%00&market=%ff&status=&sort=&page=",
    "/t/harbor/hot-list?view=call&who=%00",
];

fn spelled(case: &str) -> Vec<String> {
    let leads = ["/t/harbor/leads", "/api/v1/tenants/harbor/leads"];
    if let Some(query) = case.strip_prefix("LIST") {
        let lists = [leads[0], leads[1], "/t/harbor/pipeline"];
        return lists.iter().map(|list| format!("{list}{query}")).collect();
    }
    match case.strip_prefix("LEADS") {
        Some(query) => leads.iter().map(|list| format!("{list}{query}")).collect(),
        None => vec![case.to_owned()],
    }
}

#[rstest]
#[tokio::test]
async fn an_error_names_the_invalid_value_and_missing_pages_are_not_found(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Dana).await;
    for (case, status, named) in CASES {
        for address in spelled(case) {
            let answer = visitor.get(&address).await;
            assert_eq!(answer.status, status, "{address}: {}", answer.text());
            well_refused(&address, &answer);
            assert!(crate::page::words(&answer.text()).contains(named), "{address} is not told what is wrong: {}", answer.text());
        }
    }
    for cursor in CURSORS {
        let address = format!("/api/v1/tenants/harbor/leads?cursor={cursor}");
        let answer = visitor.get(&address).await;
        assert_eq!(answer.status, 400, "{address}: {}", answer.text());
        well_refused(&address, &answer);
    }
}

fn well_refused(address: &str, answer: &Answer) {
    if address.starts_with("/assets/") {
        return;
    }
    let fits = if address.starts_with("/api/") { answer.is_problem() } else { answer.is_page() };
    assert!(fits, "{address}: {} {}", answer.header("content-type"), answer.text());
}

#[rstest]
#[tokio::test]
async fn unusual_values_are_searched_like_any_other(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Dana).await;
    let long = "x".repeat(10_000);
    let many = "a ".repeat(2_000).replace(' ', "%20");
    let longest = ["q", "stage", "source"].map(|key| format!("LIST?{key}={long}"));
    for case in ODD.iter().map(|case| (*case).to_owned()).chain(longest).chain([format!("LIST?q={many}")]) {
        for address in spelled(&case) {
            let answer = visitor.get(&address).await;
            let short: String = address.chars().take(90).collect();
            assert_eq!(answer.status, 200, "{short}: {}", answer.text());
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_huge_sort_is_refused_without_being_repeated_in_full(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Dana).await;
    for address in spelled(&format!("LIST?sort={}", "s".repeat(10_000))) {
        let answer = visitor.get(&address).await;
        assert_eq!(answer.status, 400);
        well_refused(&address, &answer);
    }
}

#[rstest]
#[tokio::test]
async fn an_invalid_sign_in_is_refused(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    let stranger = world.stranger();
    let long = "x".repeat(10_000);
    for (email, password) in
        [("a\0b@example.com", PASSWORD), ("", ""), (long.as_str(), PASSWORD), ("dana@northgate.example", long.as_str())]
    {
        let answer = stranger.sign_in(email, password, "/").await;
        assert_eq!(answer.status, 401, "{:.40}: {}", email, answer.text());
        assert!(answer.is_page());
    }
    let huge = "x".repeat(100_000);
    assert_eq!(stranger.sign_in("dana@northgate.example", &huge, "").await.status, 413);
    assert_eq!(stranger.post("/sign-in", &[("email", "dana@northgate.example")]).await.status, 422);
    assert_eq!(stranger.post("/theme", &[("theme", "<script>")]).await.status, 303);
}

#[tokio::test]
async fn an_address_refuses_other_methods() {
    let world = World::unread(Sqlite).await;
    let visitor = world.visitor(Person::Dana).await;
    for address in ["/t/harbor/overview", "/agency", "/api/v1/tenants", "/api/v1/tenants/harbor/leads"] {
        let answer = visitor.post(address, &[]).await;
        assert_eq!(answer.status, 405, "{address}");
        assert!(!address.starts_with("/api/") || answer.is_problem(), "{address}");
    }
}
