//! A person doing everyday tasks in a real browser.

mod live;

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_domain::{Dataset, DatasetStatus, RunStatus, Trigger, grouped};
use tetherboard_simulator::{ContactEdit, Edit};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_testkit::Kind::Sqlite;
use tetherboard_testkit::{Browser, Options};

use crate::world::{HARBOR, PASSWORD, Person, World};

/// A browser of a person who has just signed in.
pub(crate) async fn enter(world: &World, person: Person, options: Options) -> Browser {
    let browser = Browser::open(options).await.unwrap();
    browser.goto(&format!("{}/sign-in", world.site)).await.unwrap();
    browser.fill("#email", person.email()).await.unwrap();
    browser.fill("#password", PASSWORD).await.unwrap();
    browser.click(".si-form button").await.unwrap();
    browser.wait_for("nav.tabs").await.unwrap();
    browser
}

pub(crate) async fn open(world: &World, browser: &Browser, address: &str) {
    browser.goto(&format!("{}{address}", world.site)).await.unwrap();
}

/// Waits until the page's address ends with `end`.
pub(crate) async fn at(browser: &Browser, end: &str) {
    for _ in 0..200 {
        if browser.url().await.unwrap().ends_with(end) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} does not end with {end}", browser.url().await.unwrap());
}

async fn total(browser: &Browser) -> i64 {
    browser.wait_for("table[data-total]").await.unwrap();
    let total = browser.evaluate("return Number(document.querySelector('table[data-total]').dataset.total)").await.unwrap();
    total.as_i64().unwrap()
}

/// The data of the page's chart, once it is drawn.
async fn chart(browser: &Browser) -> Vec<Value> {
    browser.wait_for("[data-chart] svg text").await.unwrap();
    let data = browser.evaluate("return JSON.parse(document.querySelector('[data-chart]').dataset.chart).data").await.unwrap();
    data.as_array().unwrap().clone()
}

/// Clicks into the band of a bar, next to its label on the axis or above it.
async fn click_band(browser: &Browser, label: &str, horizontal: bool) {
    let middle = browser
        .evaluate(&format!(
            "const plot = document.querySelector('[data-chart]');
             plot.scrollIntoView({{ block: 'center', behavior: 'instant' }});
             const name = [...plot.querySelectorAll('svg text')].find((it) => it.textContent === {});
             if (!name) return null;
             const [box, text] = [plot.getBoundingClientRect(), name.getBoundingClientRect()];
             return {horizontal} ? [box.left + box.width * 0.6, text.top + text.height / 2]
                 : [text.left + text.width / 2, box.top + box.height / 2];",
            json!(label)
        ))
        .await
        .unwrap();
    let (x, y) = (middle[0].clone(), middle[1].clone());
    for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        let click = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
        browser.devtools("Input.dispatchMouseEvent", click).await.unwrap();
    }
}

/// The labels on the axis; only the ones that fit are shown.
async fn named(browser: &Browser) -> Vec<String> {
    let texts = browser
        .evaluate("return [...document.querySelectorAll('[data-chart] svg text')].map((it) => it.textContent)")
        .await
        .unwrap();
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

async fn largest_named(browser: &Browser) -> Value {
    let (data, names) = (chart(browser).await, named(browser).await);
    let shown = data.into_iter().filter(|bar| names.iter().any(|name| *name == bar["label"]) && bar["href"].is_string());
    shown.max_by_key(|bar| bar["value"].as_i64()).expect("a bar with a name and a link")
}

pub(crate) async fn quiet(browser: &Browser) {
    assert_eq!(browser.console_errors().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_person_signs_in_visits_every_tab_and_signs_out() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    at(&browser, "/t/harbor/overview").await;
    assert!(browser.all(".switcher").await.unwrap().is_empty(), "a switcher with one brand");
    for (key, name) in
        [("l", "leads"), ("p", "pipeline"), ("h", "hot-list"), ("n", "notes"), ("s", "schedule"), ("o", "overview")]
    {
        browser.click(&format!("nav.tabs a[data-key={key}]")).await.unwrap();
        at(&browser, &format!("/t/harbor/{name}")).await;
        let current = browser.text("nav.tabs a[aria-current=page]").await.unwrap();
        assert_eq!(current.to_lowercase().replace(' ', "-"), name);
        quiet(&browser).await;
    }
    browser.click("#account > summary").await.unwrap();
    browser.click("#account form[action='/sign-out'] button").await.unwrap();
    at(&browser, "/sign-in").await;
    open(&world, &browser, "/t/harbor/leads").await;
    at(&browser, "/sign-in?back=%2Ft%2Fharbor%2Fleads").await;
}

/// The lists that the page's counts link to, each once, and their counts.
const COUNTS: &str = "
    const counts = [...document.querySelectorAll('a[data-count]')].map((it) => [it.pathname + it.search, Number(it.dataset.count)]);
    return [...new Map(counts)];";

/// The total of a list, and the number of rows in its CSV.
const ROWS: &str = r#"
    const text = async (address) => (await fetch(address)).text();
    const csv = new URL(list, location.origin);
    csv.searchParams.set('format', 'csv');
    const page = new DOMParser().parseFromString(await text(list), 'text/html');
    const lines = (await text(csv)).replace(/"[^"]*"/g, '').split('\n').filter((line) => line.trim() !== '');
    return [Number(page.querySelector('[data-total]')?.dataset.total ?? 0), lines.length - 1];"#;

#[rstest]
#[tokio::test]
async fn every_count_in_a_browser_equals_its_rows_and_its_csv(
    #[values("overview", "leads", "pipeline", "hot-list", "schedule")] tab: &str,
) {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    open(&world, &browser, &format!("/t/harbor/{tab}")).await;
    let counts = browser.evaluate(COUNTS).await.unwrap();
    let counts = counts.as_array().unwrap();
    assert!(counts.len() > 1, "only {} lists are led to", counts.len());
    for link in counts {
        let rows = browser.evaluate(&format!("const list = {};{ROWS}", link[0])).await.unwrap();
        assert_eq!(rows, json!([link[1], link[1]]), "{tab} counts {} in {}", link[1], link[0]);
    }
    quiet(&browser).await;
}

#[tokio::test]
async fn a_bar_of_the_weekly_chart_links_to_its_rows() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    let bar = largest_named(&browser).await;
    click_band(&browser, bar["label"].as_str().unwrap(), false).await;
    at(&browser, bar["href"].as_str().unwrap()).await;
    assert_eq!(bar["value"], total(&browser).await);
    quiet(&browser).await;
}

#[tokio::test]
async fn a_stages_bar_links_to_its_rows() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    open(&world, &browser, "/t/harbor/pipeline").await;
    browser.click("#by-stage-chart > summary").await.unwrap();
    browser.wait_for("#by-stage-chart [data-chart] svg text").await.unwrap();
    let bar = largest_named(&browser).await;
    click_band(&browser, bar["label"].as_str().unwrap(), true).await;
    at(&browser, bar["href"].as_str().unwrap()).await;
    assert_eq!(bar["value"], total(&browser).await);
    quiet(&browser).await;
}

#[tokio::test]
async fn a_chart_shown_as_a_table_has_the_same_numbers_and_links() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    for address in ["/t/harbor/overview", "/t/harbor/pipeline", "/t/harbor/pipeline?by=value"] {
        open(&world, &browser, address).await;
        if address != "/t/harbor/overview" {
            browser.click("#by-stage-chart > summary").await.unwrap();
        }
        let data = chart(&browser).await;
        browser.click("figure details.data > summary").await.unwrap();
        browser.wait_for("figure details.data[open] tbody tr").await.unwrap();
        let rows = browser
            .evaluate(
                "return [...document.querySelectorAll('figure details.data tbody')[0].rows].map((row) => [
                    row.cells[0].querySelector('a')?.getAttribute('href') ?? null, row.cells[1].textContent.replace(/[$,]/g, '')])",
            )
            .await
            .unwrap();
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), data.len(), "{address}");
        for (row, bar) in rows.iter().zip(&data) {
            assert_eq!(row[0], bar["href"], "{address}");
            let told = match bar["value"].as_i64() {
                None => "unknown".to_owned(),
                Some(cents) if address.ends_with("value") && cents % 100 == 0 => (cents / 100).to_string(),
                Some(cents) if address.ends_with("value") => format!("{}.{:02}", cents / 100, cents % 100),
                Some(count) => count.to_string(),
            };
            assert_eq!(row[1], told, "{address}: {bar}");
        }
    }
    open(&world, &browser, "/t/harbor/overview").await;
    browser.click("figure details.data > summary").await.unwrap();
    let count = browser.wait_for("figure details.data tbody a").await.unwrap().attr("data-count").await.unwrap().unwrap();
    browser.click("figure details.data tbody a").await.unwrap();
    if count != "0" {
        assert_eq!(total(&browser).await.to_string(), count);
    }
    quiet(&browser).await;
}

#[tokio::test]
async fn switching_the_brand_keeps_the_tab_and_its_filters() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Dana, Options::default()).await;
    at(&browser, "/agency").await;
    open(&world, &browser, "/t/harbor/leads?in=open").await;
    browser.click("#brand-switcher > summary").await.unwrap();
    browser.fill("#brand-switcher input", "tide").await.unwrap();
    let shown: Vec<String> =
        browser.all("#brand-switcher li").await.unwrap().into_iter().filter(|text| !text.is_empty()).collect();
    assert_eq!(shown.len(), 1, "{shown:?}");
    browser.click("#brand-switcher a[href^='/t/tidewater/']").await.unwrap();
    at(&browser, "/t/tidewater/leads?in=open").await;
    let counted = world.visitor(Person::Dana).await.csv("/t/tidewater/leads?in=open").await.len();
    assert_eq!(usize::try_from(total(&browser).await).unwrap(), counted);
    quiet(&browser).await;
}

#[tokio::test]
async fn a_chosen_theme_shows_at_once_and_survives_a_reload() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    let theme = "return [document.documentElement.dataset.theme ?? null, getComputedStyle(document.body).backgroundColor]";
    let light = browser.evaluate(theme).await.unwrap();
    assert_eq!(light[0], Value::Null);
    browser.click("#account > summary").await.unwrap();
    browser.click("[data-set-theme=dark]").await.unwrap();
    let dark = browser.evaluate(theme).await.unwrap();
    assert_eq!(dark[0], "dark");
    assert_ne!(dark[1], light[1]);
    for address in ["/t/harbor/leads", "/sign-in"] {
        open(&world, &browser, address).await;
        assert_eq!(browser.evaluate(theme).await.unwrap(), dark, "{address}");
    }
    open(&world, &browser, "/t/harbor/leads").await;
    browser.click("#account > summary").await.unwrap();
    browser.click("[data-set-theme=system]").await.unwrap();
    open(&world, &browser, "/t/harbor/leads").await;
    assert_eq!(browser.evaluate(theme).await.unwrap(), light);
    quiet(&browser).await;
}

#[tokio::test]
async fn shortcuts_open_tabs_the_search_and_their_help() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    for (key, end) in [("l", "/leads"), ("p", "/pipeline"), ("o", "/overview")] {
        browser.wait_for("body").await.unwrap().send_keys(format!("g{key}")).await.unwrap();
        at(&browser, end).await;
    }
    browser.wait_for("body").await.unwrap().send_keys("?").await.unwrap();
    assert!(browser.text("dialog#keys[open]").await.unwrap().contains("Find a candidate"));
    browser.click("dialog#keys button").await.unwrap();
    browser.wait_for("body").await.unwrap().send_keys("/").await.unwrap();
    let field = "return document.activeElement.name";
    assert_eq!(browser.evaluate(field).await.unwrap(), "q");
    // Where something is typed the letters are letters.
    browser.wait_for(".search-top input").await.unwrap().send_keys("gl nora\u{e007}").await.unwrap();
    at(&browser, "/t/harbor/leads?q=gl+nora").await;
    quiet(&browser).await;
}

#[rstest]
#[tokio::test]
async fn every_page_fits_is_accessible_and_logs_no_errors_on_phone_tablet_and_desktop(#[values("light", "dark")] scheme: &str) {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Dana, Options::default()).await;
    let axe = axe();
    // A run's page, by the address that the list of runs leads to.
    open(&world, &browser, "/agency/sync/harbor").await;
    let run = browser.evaluate("return document.querySelector('tbody a.who').getAttribute('href')").await.unwrap();
    let run = run.as_str().unwrap();
    let (answers, answer) = (format!("{run}/contacts"), format!("{run}/contacts/0"));
    let pages: [&str; 29] = [
        run,
        &answers,
        &answer,
        "/agency/sync",
        "/agency/sync/harbor",
        "/agency/sync/harbor/records/contacts?id=900001",
        "/agency",
        "/agency/brands/harbor/mapping/contacts",
        "/agency/brands/harbor/mapping/contacts/stage?places=/lastName%0A/a_name_that_is_longer_than_any_phone_is_wide/and/goes/on/and/on",
        "/agency/brands/harbor/mapping/contacts/created?places=/created&forms=%25m/%25d/%25Y&zone=America/Denver",
        "/t/harbor/overview",
        "/t/harbor/leads",
        "/t/harbor/overview?period=last-week&compare=none",
        "/t/harbor/leads?period=12m&compare=year",
        "/t/harbor/candidates/900001",
        "/t/harbor/leads?q=hyperlink&in=open&sort=name",
        "/t/harbor/leads?q=nobody+is+called+that",
        "/t/harbor/pipeline",
        "/t/harbor/pipeline?by=value&sort=-fee",
        "/t/harbor/pipeline?view=board",
        "/t/harbor/hot-list",
        "/t/harbor/hot-list?view=call",
        "/t/harbor/notes?also=moves&also=appointments",
        "/t/harbor/notes?q=call*&type=Email",
        "/t/harbor/schedule",
        "/t/harbor/schedule?view=week&d=2026-W46",
        "/t/harbor/schedule?view=list",
        "/t/harbor/schedule/subscribe",
        "/sign-in",
    ];
    for width in [375, 768, 1440] {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        browser.devtools("Emulation.setDeviceMetricsOverride", size).await.unwrap();
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.devtools("Emulation.setEmulatedMedia", media).await.unwrap();
        for page in pages {
            open(&world, &browser, page).await;
            if browser.evaluate("return !!document.querySelector('[data-chart]')").await.unwrap() == true {
                browser.wait_for("[data-chart] svg").await.unwrap();
            }
            let case = format!("{page} at {width} in {scheme}");
            let seen = browser
                .evaluate(
                    "const ground = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number);
                     const wide = [...document.querySelectorAll('body *')].filter((it) =>
                         it.getBoundingClientRect().right > innerWidth + 1 && !it.closest('.scroll, .sr, .skip'));
                     return [document.documentElement.scrollWidth - innerWidth, ground.reduce((a, b) => a + b) > 384,
                         wide.slice(0, 3).map((it) => it.outerHTML.slice(0, 120))]",
                )
                .await
                .unwrap();
            assert!(seen[0].as_i64().unwrap() <= 0, "{case} is too wide by {}: {}", seen[0], seen[2]);
            assert_eq!(seen[1], scheme == "light", "{case}");
            let errors = browser.console_errors().await.unwrap();
            assert!(errors.is_empty(), "{case}: {errors:?}");
            // What colours do is the same at every width, and what widths do in both schemes.
            if (width == 375) == (scheme == "light") || width == 1440 {
                let found = browser.evaluate(&axe).await.unwrap();
                assert_eq!(found, json!([]), "{case}");
            }
        }
    }
}

/// The accessibility violations that axe finds, and where.
fn axe() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web-ui/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(path).expect("axe is missing: run `npm ci` in web-ui");
    format!(
        "{axe};
         return axe.run().then((it) => it.violations.map((it) => [it.id, ...it.nodes.slice(0, 3).map((it) => it.html.slice(0, 160))]));"
    )
}

#[tokio::test]
async fn signing_in_filtering_and_reading_work_without_scripts() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options { scripts: false, ..Options::default() }).await;
    browser.click("nav.tabs a[data-key=l]").await.unwrap();
    browser.fill("#q", "nora").await.unwrap();
    browser.click("#list form[role=search] button").await.unwrap();
    assert_eq!(
        total(&browser).await,
        i64::try_from(world.visitor(Person::Riley).await.csv("/t/harbor/leads?q=nora").await.len()).unwrap()
    );
    open(&world, &browser, "/t/harbor/overview").await;
    browser.click("figure details.data > summary").await.unwrap();
    assert!(browser.text("figure details.data tbody").await.unwrap().contains("Week of"));
}

#[tokio::test]
async fn the_agency_finds_the_field_for_units_previews_it_and_saves_it() {
    let world = World::read(Sqlite).await;
    for scripts in [true, false] {
        let browser = enter(&world, Person::Dana, Options { scripts, ..Options::default() }).await;
        open(&world, &browser, "/t/harbor/overview").await;
        browser.click("#brand-switcher > summary").await.unwrap();
        browser.click("#brand-switcher a[href='/agency/brands/harbor/mapping']").await.unwrap();
        at(&browser, "/mapping/contacts").await;
        browser.click("nav.chips a[href$='/mapping/deals']").await.unwrap();
        at(&browser, "/mapping/deals").await;
        browser.click("nav.chips a[href$='/mapping/contacts']").await.unwrap();
        browser.click("a.btn[href$='/contacts/units']").await.unwrap();
        // What was saved before stands in the form.
        if !scripts {
            assert_eq!(browser.wait_for("#places").await.unwrap().prop("value").await.unwrap().unwrap(), "/number_of_units");
            browser.click("form.card-foot button").await.unwrap();
            at(&browser, "/mapping/contacts?saved=units").await;
            continue;
        }
        browser.click("a.btn[href$='units?places=%2Fnumber_of_units']").await.unwrap();
        assert!(browser.text(".banner").await.unwrap().contains("Nothing has been saved."));
        browser.fill("#places", "/~x").await.unwrap();
        browser.click(".rule-form button:not(.primary)").await.unwrap();
        assert!(browser.text("#places-fault").await.unwrap().contains("write a tilde as ~0"));
        browser.console_errors().await.unwrap();
        browser.fill("#places", "number_of_units").await.unwrap();
        browser.click(".rule-form button:not(.primary)").await.unwrap();
        at(&browser, "/contacts/units?places=number_of_units").await;
        browser.click(".rule-form button.primary").await.unwrap();
        at(&browser, "/mapping/contacts?saved=units").await;
        assert!(browser.text(".banner").await.unwrap().contains("Stored responses are being processed again."));
        quiet(&browser).await;
    }
}
