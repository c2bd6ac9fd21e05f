//! Tests of the browser, against a page that shows the browser's settings.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tetherboard_testkit::{Browser, Options};
use tokio::net::TcpListener;

const PAGE: &str = "<!doctype html><title>Sample</title>
<style>
    #scheme::after { content: 'light' } @media (prefers-color-scheme: dark) { #scheme::after { content: 'dark' } }
    #later { display: none }
</style>
<h1>Hello</h1> <p id=scheme></p> <p id=scripts>off</p> <ul><li>one<li>two</ul>
<button onclick=\"later.style.display = 'block'\">Show</button> <p id=later>Here I am</p>
<input name=email value=old> <a href=/other>Other</a>
<script>document.getElementById('scripts').textContent = 'on'; console.error('a small error')</script>";

async fn page() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/", get(Html(PAGE))).route("/other", get(Html("<h1>Elsewhere</h1>")));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/")
}

#[tokio::test]
async fn a_page_can_be_read_clicked_and_filled_in() {
    let browser = Browser::open(Options::default()).await.unwrap();
    browser.goto(&page().await).await.unwrap();
    assert_eq!(browser.text("h1").await.unwrap(), "Hello");
    assert_eq!(browser.all("li").await.unwrap(), ["one", "two"]);
    assert_eq!(browser.all("#later").await.unwrap(), [""]);
    browser.click("button").await.unwrap();
    assert_eq!(browser.text("#later").await.unwrap(), "Here I am");
    browser.fill("[name=email]", "ada@example.com").await.unwrap();
    let typed = browser.evaluate("return document.querySelector('input').value").await.unwrap();
    assert_eq!(typed, "ada@example.com");
    let errors = browser.console_errors().await.unwrap();
    let [error] = errors.iter().filter(|text| !text.contains("favicon")).collect::<Vec<_>>()[..] else { panic!("{errors:?}") };
    assert!(error.contains("a small error"), "{error}");
    browser.click("a").await.unwrap();
    assert_eq!(browser.text("h1").await.unwrap(), "Elsewhere");
    assert!(browser.url().await.unwrap().ends_with("/other"));
}

#[tokio::test]
async fn the_options_set_the_size_the_color_scheme_and_scripts() {
    let browser = Browser::open(Options { width: 360, height: 640, dark: true, scripts: false }).await.unwrap();
    browser.goto(&page().await).await.unwrap();
    assert_eq!(browser.text("#scripts").await.unwrap(), "off");
    let settings =
        browser.evaluate("return [innerWidth, innerHeight, getComputedStyle(scheme, '::after').content]").await.unwrap();
    assert_eq!(settings, serde_json::json!([360, 640, "\"dark\""]));
    let file = tempfile::NamedTempFile::with_suffix(".png").unwrap();
    browser.screenshot(file.path()).await.unwrap();
    let png = std::fs::read(file.path()).unwrap();
    assert_eq!(png[1..4], *b"PNG");
    assert_eq!(png[16..24], [0, 0, 1, 104, 0, 0, 2, 128]); // 360 × 640
}

#[tokio::test]
async fn the_error_for_a_missing_element_names_its_selector() {
    let browser = Browser::open(Options::default()).await.unwrap();
    browser.goto(&page().await).await.unwrap();
    let error = browser.text("#never").await.unwrap_err();
    assert!(error.to_string().contains("`#never`"), "{error:#}");
}
