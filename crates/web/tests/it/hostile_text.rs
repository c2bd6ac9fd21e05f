//! What the CRM says is text, wherever it turns up.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::Value;
use tetherboard_store::agency::{self, Setting};
use tetherboard_store::tenants::{self, Changes};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::page::{tags, words};
use crate::world::{FORMULA, HARBOR, Person, SCRIPT, World};

const PAGES: [&str; 29] = [
    "/agency",
    "/agency/sync",
    "/agency/sync/harbor",
    "/agency/sync/harbor/records/contacts?id=900001",
    "/agency/brands/harbor/mapping/contacts",
    "/agency/brands/harbor/mapping/stages",
    "/agency/brands/harbor/mapping/contacts/stage",
    "/agency/brands/harbor/mapping/contacts/stage?places=/lastName%0A%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "/agency/brands/harbor/mapping/contacts/created?places=/~x&forms=%3C/textarea%3E%3Cscript%3E&zone=%22%3E%3Cimg+src=x%3E",
    "/t/harbor/overview",
    "/t/harbor/leads",
    "/t/harbor/leads?sort=name",
    "/t/harbor/leads?sort=-name",
    "/t/harbor/leads?q=%3Cscript%3Ealert(1)%3C/script%3E&stage=%22%3E%3Cimg+src=x+onerror=alert(1)%3E&source=%27%3B",
    "/t/harbor/pipeline",
    "/t/harbor/pipeline?by=value&q=%22+onfocus=alert(1)+%22",
    "/t/harbor/pipeline?sort=name",
    "/t/harbor/hot-list?owner=%22%3E%3Cscript%3E&market=%3Cimg+src=x%3E",
    "/t/harbor/hot-list?view=call",
    "/t/harbor/hot-list?view=call&who=%22%3E%3Cscript%3E",
    "/t/harbor/schedule",
    "/t/harbor/schedule?view=list&owner=%3Cscript%3Ealert(1)%3C/script%3E",
    "/t/harbor/notes",
    "/t/harbor/notes?q=%3Cscript%3Ealert(1)%3C/script%3E&type=%22%3E%3Cimg+src=x%3E&author=%27%3B&client=%3Cb%3E&also=moves",
    "/t/harbor/candidates/900001",
    "/t/harbor/candidates/900002?show=all",
    "/t/harbor/candidates?part=matches&q=%3Cscript%3E",
    "/t/harbor/leads?sort=%3Cscript%3Ealert(1)%3C/script%3E",
    "/sign-in?back=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
];

/// What the portal itself writes. Anything else came from a text.
const ELEMENTS: &str = "\
    html head meta title link script body main header nav footer section article div span p a b i small kbd code h1 h2 h3 \
    hr br ul ol li pre dl dt dd details summary figure figcaption table caption thead tbody tfoot tr th td form label \
    input select option textarea button fieldset legend aside noscript mark ins del s bdi svg use path rect circle line polyline g dialog time img";

#[track_caller]
pub(crate) fn is_only_ours(address: &str, html: &str) {
    let ours: BTreeSet<&str> = ELEMENTS.split_whitespace().collect();
    for tag in tags(html) {
        assert!(ours.contains(tag.name.as_str()), "{address} has a <{}>", tag.name);
        match tag.name.as_str() {
            "script" => assert!(tag.get("src").is_some_and(|src| src.starts_with("/assets/")), "{address}: {tag:?}"),
            "img" => {
                assert!(tag.get("src").is_some_and(|src| src.starts_with("/t/") && src.ends_with("/logo")), "{address}: {tag:?}")
            }
            _ => {}
        }
        for (name, value) in tag.attributes() {
            assert!(!name.starts_with("on") && name != "srcdoc", "{address}: {tag:?}");
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{address}: {tag:?}");
            if matches!(name, "href" | "src" | "action" | "hx-get") {
                let own = value.starts_with('/') && !value.starts_with("//") || value.starts_with('#');
                let person = value.strip_prefix("mailto:").or(value.strip_prefix("tel:"));
                let plain = person.is_some_and(|who| who.chars().all(|c| c.is_ascii_alphanumeric() || "@.+-_".contains(c)));
                assert!(own || plain, "{address} leads to {value}");
            }
            if name == "style" {
                assert!(!value.contains("url(") && !value.contains("expression") && !value.contains('<'), "{address}: {value}");
            }
        }
    }
    for (_, script) in html.match_indices("<script").map(|(at, _)| html[at..].split_once('>').unwrap()) {
        assert!(script.starts_with("</script>"), "{address} has a script inside");
    }
}

#[rstest]
#[tokio::test]
async fn crm_text_makes_no_element_no_attribute_and_no_address(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Dana).await;
    for address in PAGES {
        is_only_ours(address, &visitor.get(address).await.text());
    }
}

#[tokio::test]
async fn hostile_names_of_brand_and_agency_are_text_too() {
    let world = World::read(Sqlite).await;
    let conn = world.db.store.conn();
    let harbor = world.tenant(HARBOR).await;
    tenants::set(conn, harbor.id, &Changes { name: Some(SCRIPT), ..Changes::default() }).await.unwrap();
    agency::set(conn, Setting::Name, &format!("{SCRIPT} \"><img src=x onerror=alert(1)>")).await.unwrap();
    agency::set(conn, Setting::Contact, SCRIPT).await.unwrap();
    world.pass(jiff::SignedDuration::from_hours(80));
    let visitor = world.visitor(Person::Dana).await;
    for address in PAGES {
        let answer = visitor.get(address).await;
        is_only_ours(address, &answer.text());
        let names_nobody = answer.status != 200;
        assert!(names_nobody || words(&answer.text()).contains(SCRIPT), "{address}");
    }
}

#[rstest]
#[tokio::test]
async fn what_people_typed_is_shown_as_they_typed_it(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    for page in ["overview", "leads?q=alert", "leads?q=hyperlink", "pipeline", "pipeline?q=alert"] {
        let html = visitor.get(&format!("/t/harbor/{page}")).await.text();
        let titles: Vec<String> = tags(&html).iter().filter_map(|tag| tag.get("title").map(str::to_owned)).collect();
        assert!(words(&html).contains(SCRIPT), "{page} does not show it");
        assert!(titles.iter().any(|title| title.contains(SCRIPT)), "{page} has it in no title: {titles:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_chart_is_given_data_and_not_code(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let mut labels = Vec::new();
    for page in ["overview", "leads", "pipeline", "pipeline?by=value"] {
        let html = visitor.get(&format!("/t/harbor/{page}")).await.text();
        for tag in tags(&html).iter().filter(|tag| tag.get("data-chart").is_some()) {
            let chart: Value = serde_json::from_str(tag.get("data-chart").unwrap()).unwrap();
            assert!(matches!(chart["kind"].as_str(), Some("columns" | "bars" | "line" | "waterfall" | "sankey")), "{chart}");
            for part in ["data", "nodes", "flows"].iter().filter_map(|part| chart[part].as_array()).flatten() {
                let href = part["href"].as_str();
                assert!(href.is_none_or(|href| href.starts_with("/t/harbor/")), "{part}");
                labels.extend(part["label"].as_str().map(str::to_owned));
            }
        }
    }
    assert!(labels.iter().any(|label| label == SCRIPT), "{labels:?}");
}

#[rstest]
#[tokio::test]
async fn no_cell_of_a_csv_is_run_as_a_formula(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    for list in ["/t/harbor/leads", "/t/harbor/pipeline"] {
        let answer = visitor.get(&format!("{list}?format=csv")).await;
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        assert!(
            answer.header("content-disposition").starts_with("attachment; filename=\"harbor-"),
            "{}",
            answer.header("content-disposition")
        );
        let rows = visitor.csv(list).await;
        for cell in rows.iter().flatten() {
            let runs = cell.trim_start().starts_with(['=', '+', '-', '@', '|', '%']) || cell.starts_with(['\t', '\r', '\n']);
            assert!(!runs || cell.parse::<f64>().is_ok(), "{list}: {cell:?}");
        }
        assert!(rows.iter().flatten().any(|cell| *cell == format!("'{FORMULA}")), "{list} lost the formula");
        assert!(rows.iter().flatten().any(|cell| cell == SCRIPT), "{list} lost the script");
    }
}

#[rstest]
#[tokio::test]
async fn odd_names_are_found_by_the_words_in_them(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    for (q, found) in
        [("100%25", "Percy"), ("_under", "Percy"), ("PERCY", "Percy"), ("nora+number", "Nora"), ("%3Cscript%3E", SCRIPT)]
    {
        let rows = visitor.csv(&format!("/t/harbor/leads?q={q}")).await;
        assert!(rows.iter().any(|row| row[0].contains(found)), "{q}: {rows:?}");
    }
    // What is a joker in SQL is none here.
    for q in ["%25ercy", "Per_y", "%25", "_"] {
        let rows = visitor.csv(&format!("/t/harbor/leads?q={q}")).await;
        assert!(rows.iter().all(|row| row[..5].concat().contains(if q.contains("%25") { '%' } else { '_' })), "{q}: {rows:?}");
    }
    assert_eq!(visitor.csv("/t/harbor/leads?stage=A+%26+B+%3D+C%3F&source=50%25+%23off+%2B+more").await.len(), 1);
}
