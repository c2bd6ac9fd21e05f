//! Who comes in, how, and for how long.

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, COOKIE};
use rstest::rstest;
use secrecy::SecretString;
use tetherboard_store::{api_tokens, users};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};
use tetherboard_web::hash_password;

use crate::world::{Answer, PASSWORD, Person, World};

#[rstest]
#[tokio::test]
async fn the_right_password_opens_what_is_theirs_and_signing_out_closes_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    for (person, home) in
        [(Person::Dana, "/agency"), (Person::Jordan, "/t/harbor/overview"), (Person::Sam, "/t/tidewater/overview")]
    {
        let visitor = world.sign_in(person).await;
        assert_eq!(visitor.get("/").await.location(), home);
        assert_eq!(visitor.get(home).await.status, StatusCode::OK);
        let out = visitor.post("/sign-out", &[]).await;
        assert_eq!((out.status, out.location()), (StatusCode::SEE_OTHER, "/sign-in"));
        assert!(out.header("set-cookie").contains("Max-Age=0"), "{}", out.header("set-cookie"));
        // The cookie that the browser was told to forget opens nothing either.
        assert_eq!(visitor.get(home).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn an_email_is_taken_however_it_is_written() {
    let world = World::unread(Sqlite).await;
    let answer = world.stranger().sign_in("  Dana@NorthGate.example ", PASSWORD, "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[rstest]
#[tokio::test]
async fn wrong_unknown_and_disabled_are_told_apart_by_nobody(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    let conn = world.db.store.conn();
    let sam = users::by_email(conn, Person::Sam.email()).await.unwrap().unwrap();
    let session = world.visitor(Person::Sam).await;
    assert_eq!(session.get("/t/tidewater/overview").await.status, StatusCode::OK);
    users::disable(conn, sam.id, world.clock.machine_ms()).await.unwrap();
    assert_eq!(session.get("/t/tidewater/overview").await.status, StatusCode::SEE_OTHER, "a disabled person's session goes on");
    let stranger = world.stranger();
    let told = |answer: &Answer, email: &str| (answer.status, answer.cookie(), answer.text().replace(email, "…"));
    let wrong = stranger.sign_in(Person::Dana.email(), "a wrong password", "").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.cookie().is_empty());
    assert!(wrong.text().contains("Incorrect email or password."), "{}", wrong.text());
    for (email, password) in [(Person::Nobody.email(), PASSWORD), (Person::Sam.email(), PASSWORD), (Person::Dana.email(), "")] {
        let answer = stranger.sign_in(email, password, "").await;
        assert_eq!(told(&answer, email), told(&wrong, Person::Dana.email()), "{email}");
    }
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_old_one() {
    let world = World::unread(Sqlite).await;
    let conn = world.db.store.conn();
    let session = world.sign_in(Person::Riley).await;
    let riley = users::by_email(conn, Person::Riley.email()).await.unwrap().unwrap();
    let hash = hash_password(&SecretString::from("another password")).unwrap();
    users::set_password(conn, riley.id, &hash).await.unwrap();
    assert_eq!(session.get("/t/harbor/overview").await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.stranger().sign_in(Person::Riley.email(), PASSWORD, "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn too_many_tries_for_one_email_stop_even_the_right_password_and_nobody_elses() {
    let world = World::unread(Sqlite).await;
    let stranger = world.stranger();
    let mut tries = Vec::new();
    for _ in 0..11 {
        tries.push(stranger.sign_in(Person::Dana.email(), "a wrong password", "").await.status);
    }
    assert!(tries[..10].iter().all(|status| *status == StatusCode::UNAUTHORIZED), "{tries:?}");
    assert_eq!(tries[10], StatusCode::TOO_MANY_REQUESTS);
    let right = stranger.sign_in("DANA@northgate.example", PASSWORD, "").await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(right.is_page() && right.cookie().is_empty());
    assert_eq!(stranger.sign_in(Person::Jordan.email(), PASSWORD, "").await.status, StatusCode::SEE_OTHER);
}

#[rstest]
#[case::plain(None, "tb_session=", false)]
#[case::behind_https(Some("https://portal.example/"), "__Host-tb_session=", true)]
#[tokio::test]
async fn the_sessions_cookie_is_for_this_site_alone_and_not_for_scripts(
    #[case] public_url: Option<&str>,
    #[case] begins: &str,
    #[case] secure: bool,
) {
    let world = World::reached_at(Sqlite, public_url).await;
    let answer = world.stranger().sign_in(Person::Dana.email(), PASSWORD, "").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with(begins) && cookie.len() > 80, "{cookie}");
    for flag in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
    let hsts = answer.header("strict-transport-security");
    assert_eq!(hsts.contains("31536000"), secure, "{hsts}");
}

#[tokio::test]
async fn signing_in_anew_gives_another_session_and_ends_the_one_before() {
    let world = World::unread(Sqlite).await;
    let first = world.sign_in(Person::Jordan).await;
    let mut again = world.stranger();
    again.headers.insert(COOKIE, first.headers[COOKIE].clone());
    let answer = again.sign_in(Person::Jordan.email(), PASSWORD, "").await;
    assert_ne!(answer.cookie(), first.headers[COOKIE].to_str().unwrap());
    assert_eq!(first.get("/t/harbor/overview").await.status, StatusCode::SEE_OTHER);
}

#[rstest]
#[case::a_list("/t/harbor/leads?stage=FDD+Sent&q=a%26b", "/t/harbor/leads?stage=FDD+Sent&q=a%26b")]
#[case::elsewhere("https://evil.example/", "/")]
#[case::without_scheme("//evil.example/", "/")]
#[case::backslash("/\\evil.example", "/")]
#[case::tab("/\t/evil.example", "/")]
#[case::newline("/\n/evil.example", "/")]
#[case::script("javascript:alert(1)", "/")]
#[case::itself("/sign-in?back=//evil.example", "/")]
#[case::nowhere("", "/")]
#[tokio::test]
async fn after_signing_in_one_comes_back_to_this_site_alone(#[case] back: &str, #[case] wanted: &str) {
    let world = World::unread(Sqlite).await;
    let answer = world.stranger().sign_in(Person::Jordan.email(), PASSWORD, back).await;
    assert_eq!(answer.location(), wanted);
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("back", back).finish();
    let form = world.stranger().get(&format!("/sign-in?{query}")).await.text();
    let hidden = crate::page::tags(&form).into_iter().find(|tag| tag.get("name") == Some("back")).unwrap();
    assert_eq!(hidden.get("value"), Some(wanted));
}

#[tokio::test]
async fn who_is_not_signed_in_comes_back_to_what_they_asked_for() {
    let world = World::unread(Sqlite).await;
    let asked = "/t/harbor/leads?stage=FDD+Sent&sort=-created";
    let answer = world.stranger().get(asked).await;
    let (_, back) = answer.location().split_once("?back=").unwrap();
    let back: String = url::form_urlencoded::parse(format!("back={back}").as_bytes()).next().unwrap().1.into_owned();
    assert_eq!(back, asked);
    // A form is not sent again by coming back.
    assert_eq!(world.stranger().post("/t/harbor/sync", &[]).await.location(), "/sign-in");
}

#[rstest]
#[case::another_origin(&[("origin", "https://evil.example")], 403)]
#[case::no_origin_at_all(&[("origin", "null")], 403)]
#[case::the_browser_says_cross_site(&[("sec-fetch-site", "cross-site")], 403)]
#[case::a_neighbour(&[("sec-fetch-site", "same-site")], 403)]
#[case::the_browser_says_same_origin(&[("sec-fetch-site", "same-origin")], 303)]
#[case::a_script(&[], 303)]
#[tokio::test]
async fn a_form_that_another_site_sends_changes_nothing(#[case] headers: &[(&'static str, &str)], #[case] wanted: u16) {
    let world = World::unread(Sqlite).await;
    let mut visitor = world.visitor(Person::Dana).await;
    for (name, value) in headers {
        visitor.headers.insert(*name, value.parse().unwrap());
    }
    assert_eq!(visitor.post("/t/harbor/sync", &[]).await.status, wanted);
    assert_eq!(visitor.post("/theme", &[("theme", "dark")]).await.status, wanted);
    assert_eq!(visitor.sign_in(Person::Jordan.email(), PASSWORD, "").await.status, wanted);
    assert_eq!(visitor.post("/sign-out", &[]).await.status, wanted);
    for (name, _) in headers {
        visitor.headers.remove(*name);
    }
    let runs = world.visitor(Person::Dana).await.json("/api/v1/tenants/harbor/sync").await["runs"].as_array().unwrap().len();
    let still_in = visitor.get("/agency").await.status == StatusCode::OK;
    assert_eq!((runs, still_in), if wanted == 403 { (0, true) } else { (1, false) });
}

#[tokio::test]
async fn a_portal_behind_a_proxy_takes_forms_from_its_public_address() {
    let world = World::reached_at(Sqlite, Some("https://portal.example/")).await;
    let mut visitor = world.stranger();
    visitor.headers.insert("origin", "https://portal.example".parse().unwrap());
    assert_eq!(visitor.sign_in(Person::Dana.email(), PASSWORD, "").await.status, StatusCode::SEE_OTHER);
}

#[rstest]
#[tokio::test]
async fn an_api_token_works_until_it_is_revoked(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::unread(kind).await;
    let (script, id) = world.script(Person::Riley).await;
    let (other, _) = world.script(Person::Riley).await;
    assert_eq!(script.get("/api/v1/tenants/harbor/sync").await.status, StatusCode::OK);
    assert!(api_tokens::revoke(world.db.store.conn(), id, world.clock.machine_ms()).await.unwrap());
    let refused = script.get("/api/v1/tenants/harbor/sync").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert!(refused.is_problem());
    assert_eq!(other.get("/api/v1/tenants/harbor/sync").await.status, StatusCode::OK);
}

#[rstest]
#[case::made_up("Bearer tb_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
#[case::empty("Bearer ")]
#[case::another_scheme("Basic ZGFuYTpkYW5h")]
#[case::the_cookies_token("Bearer session-0")]
#[tokio::test]
async fn what_is_no_token_is_nobody(#[case] authorization: &str) {
    let world = World::unread(Sqlite).await;
    world.visitor(Person::Dana).await;
    let mut script = world.stranger();
    script.headers.insert(AUTHORIZATION, authorization.parse().unwrap());
    assert_eq!(script.get("/api/v1/tenants").await.status, StatusCode::UNAUTHORIZED);
}
