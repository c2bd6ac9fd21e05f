//! Candidates found by name, email, phone, or company.

use super::*;

#[rstest]
#[tokio::test]
async fn a_candidate_is_found_by_name_email_phone_and_company(#[values(Sqlite, Postgres)] kind: Kind) {
    let person = |name: &str, id: &str, phone: &str, company: &str, email: &str| {
        let contact = ContactEdit::named(name)
            .id(id)
            .in_stage("QR Sent")
            .with("phone", phone)
            .with("compName", company)
            .with("email", email);
        Edit::AddContact(contact.with("city", "Quito").with("state", ""))
    };
    let world = with(
        kind,
        [
            person("Zoe Finch", "7001", "5125550101", "Äpfel & Co", "zoe@post.example"),
            person("Finch Abel", "7002", "+1 (512) 555-0199", "", "abel@post.example"),
            person("Maya Finch", "7003", "512.555.0123", "Kestrel", "maya@kestrel.example"),
        ],
    )
    .await;
    let visitor = world.visitor(Person::Riley).await;
    // Who begins with what is typed comes first, then by name.
    let wanted: [(&str, &[&str]); 15] = [
        ("finch", &["Finch Abel", "Maya Finch", "Zoe Finch"]),
        ("FINCH zo", &["Zoe Finch"]),
        ("abel@post", &["Finch Abel"]),
        ("kestrel", &["Maya Finch"]),
        ("äPFEL", &["Zoe Finch"]),
        ("finch quito", &["Finch Abel", "Maya Finch", "Zoe Finch"]),
        ("(512) 555-0101", &["Zoe Finch"]),
        ("512 555 0101", &["Zoe Finch"]),
        ("+1 512-555-0101", &["Zoe Finch"]),
        ("5125550199", &["Finch Abel"]),
        ("512-555-01", &["Finch Abel", "Maya Finch", "Zoe Finch"]),
        ("555-0123", &["Maya Finch"]),
        // Signs only separate.
        ("finch %", &["Finch Abel", "Maya Finch", "Zoe Finch"]),
        ("finch %z%", &["Zoe Finch"]),
        ("no such Finch", &[]),
    ];
    for (text, found) in wanted {
        let answer = matches(&visitor, HARBOR, text).await;
        assert_eq!(names(&answer), found, "{text}");
        // The list finds the same.
        let q: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let mut listed: Vec<String> =
            visitor.csv(&format!("/t/harbor/leads?q={q}&sort=name")).await.into_iter().map(|row| row[0].clone()).collect();
        listed.retain(|name| name.contains("Finch"));
        let mut found: Vec<&str> = found.to_vec();
        found.sort_unstable();
        assert_eq!(listed, found, "{text}");
    }
    assert_eq!(words(&matches(&visitor, HARBOR, "no such Finch").await.text()).trim(), "No matches for “no such Finch”.");
    assert_eq!(names(&matches(&world.visitor(Person::Dana).await, TIDEWATER, "finch").await), Vec::<String>::new());
    assert_eq!(matches(&world.visitor(Person::Sam).await, HARBOR, "finch").await.status, StatusCode::NOT_FOUND);
}

#[rstest]
#[tokio::test]
async fn of_many_that_fit_eight_are_shown_and_the_list_has_as_many_as_is_said(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let visitor = world.visitor(Person::Riley).await;
    let html = matches(&visitor, HARBOR, "a").await.text();
    let options: Vec<_> = tags(&html).into_iter().filter(|tag| tag.get("role") == Some("option")).collect();
    assert_eq!(options.len(), 9);
    let all = &options[8];
    assert_eq!(all.get("data-count").unwrap(), visitor.csv(all.get("href").unwrap()).await.len().to_string());
    assert!(options[..8].iter().all(|option| option.get("data-candidate").is_some()));
}

#[tokio::test]
async fn without_scripts_the_box_leads_to_the_lead_list() {
    let world = World::read(Sqlite).await;
    let visitor = world.visitor(Person::Riley).await;
    let answer = visitor.get("/t/harbor/candidates?q=ada+%26").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/t/harbor/leads?q=ada+%26"));
    assert_eq!(visitor.get("/t/harbor/candidates?part=half").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(visitor.get("/t/harbor/candidates?part=matches&q=+").await.text(), "");
    let form =
        tags(&visitor.get("/t/harbor/overview").await.text()).into_iter().find(|tag| tag.get("data-matches").is_some()).unwrap();
    assert_eq!((form.get("action"), form.get("method")), (Some("/t/harbor/leads"), Some("get")));
}

#[tokio::test]
async fn a_contact_missed_by_one_read_is_still_found() {
    let world = with(Sqlite, [Edit::AddContact(marisol())]).await;
    let tenant = world.tenant(HARBOR).await;
    records::set_absence(world.db.store.conn(), tenant.id, Dataset::Contacts, &["7001".to_owned()], Absence::Missing(EpochMs(1)))
        .await
        .unwrap();
    assert!(matches(&world.visitor(Person::Riley).await, HARBOR, "marisol").await.text().contains("Marisol Vega"));
}

mod browser {
    use serde_json::Value;
    use tetherboard_testkit::{Browser, Options};

    use super::*;
    use crate::browser::{at, enter, open, quiet};

    const LIST: &str = "/t/harbor/leads?sort=name";

    async fn focused(browser: &Browser) -> String {
        let attribute =
            "const it = document.activeElement; return it.getAttribute('href') ?? it.getAttribute('name') ?? it.tagName";
        browser.evaluate(attribute).await.unwrap().as_str().unwrap().to_owned()
    }

    async fn hrefs(browser: &Browser) -> Vec<String> {
        let links = browser
            .evaluate("return [...document.querySelectorAll('main a[data-candidate]')].map((it) => it.getAttribute('href'))")
            .await
            .unwrap();
        links.as_array().unwrap().iter().map(|href| href.as_str().unwrap().to_owned()).collect()
    }

    async fn closed(browser: &Browser) {
        for _ in 0..200 {
            if browser.evaluate("return document.querySelector('dialog.drawer[open]') === null").await.unwrap()
                == Value::Bool(true)
            {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the drawer stays open");
    }

    async fn press(browser: &Browser, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let event = serde_json::json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            browser.devtools("Input.dispatchKeyEvent", event).await.unwrap();
        }
    }

    async fn name(browser: &Browser) -> String {
        browser.text("dialog.drawer h1").await.unwrap()
    }

    #[tokio::test]
    async fn a_candidate_opens_over_the_list_and_back_closes_it() {
        let world = World::read(Sqlite).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        open(&world, &browser, LIST).await;
        let links = hrefs(&browser).await;
        browser.click(&format!("a[href='{}']", links[1])).await.unwrap();
        let first = name(&browser).await;
        at(&browser, &links[1]).await;
        assert_eq!(browser.text("[data-drawer-place]").await.unwrap(), "2 of 25 on this page");
        browser.click("[data-drawer=next]").await.unwrap();
        at(&browser, &links[2]).await;
        browser.wait_for("dialog.drawer:not([aria-busy]) [data-drawer=next]").await.unwrap();
        browser.evaluate("history.back()").await.unwrap();
        at(&browser, LIST).await;
        closed(&browser).await;
        // Who was shown last is where one goes on.
        assert_eq!(focused(&browser).await, links[2]);
        // Forward opens it again; a reload shows the page, and back from there the list.
        browser.evaluate("history.forward()").await.unwrap();
        at(&browser, &links[2]).await;
        assert_ne!(name(&browser).await, first);
        let address = browser.url().await.unwrap();
        browser.goto(&address).await.unwrap();
        browser.wait_for("main > article.candidate").await.unwrap();
        assert!(browser.all("dialog.drawer").await.unwrap().is_empty());
        quiet(&browser).await;
    }

    #[tokio::test]
    async fn a_reloaded_candidate_leads_back_to_its_list() {
        let world = World::read(Sqlite).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        open(&world, &browser, LIST).await;
        browser.click("main a[data-candidate]").await.unwrap();
        name(&browser).await;
        browser.evaluate("location.reload()").await.unwrap();
        browser.wait_for("main > article.candidate").await.unwrap();
        browser.evaluate("history.back()").await.unwrap();
        browser.wait_for("table[data-total]").await.unwrap();
        at(&browser, LIST).await;
        quiet(&browser).await;
    }

    #[tokio::test]
    async fn escape_and_the_ground_beside_it_close_the_drawer_and_give_the_focus_back() {
        let world = World::read(Sqlite).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        open(&world, &browser, LIST).await;
        let links = hrefs(&browser).await;
        for way in ["escape", "ground", "button"] {
            browser.click(&format!("a[href='{}']", links[3])).await.unwrap();
            name(&browser).await;
            // What lies under it cannot be reached.
            for _ in 0..12 {
                press(&browser, "Tab", 9).await;
                let inside =
                    "return document.activeElement === document.body || document.activeElement.closest('dialog.drawer') !== null";
                assert_eq!(browser.evaluate(inside).await.unwrap(), Value::Bool(true));
            }
            match way {
                "escape" => press(&browser, "Escape", 27).await,
                "button" => browser.click("[data-drawer=close]").await.unwrap(),
                _ => {
                    for kind in ["mousePressed", "mouseReleased"] {
                        let click = serde_json::json!({ "type": kind, "x": 40, "y": 400, "button": "left", "clickCount": 1 });
                        browser.devtools("Input.dispatchMouseEvent", click).await.unwrap();
                    }
                }
            }
            closed(&browser).await;
            at(&browser, LIST).await;
            assert_eq!(focused(&browser).await, links[3], "{way}");
        }
        quiet(&browser).await;
    }

    #[tokio::test]
    async fn an_open_drawer_says_what_a_sync_brought_and_stays_open() {
        let world = with(Sqlite, [Edit::AddContact(marisol())]).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        open(&world, &browser, "/t/harbor/leads?q=marisol").await;
        browser.click(&format!("a[href='{MARISOL}']")).await.unwrap();
        name(&browser).await;
        world.pass(SignedDuration::from_hours(1));
        world.simulator.edit(0, set("city", "Miami"));
        world.sync(HARBOR).await;
        let mut text = String::new();
        for _ in 0..200 {
            text = browser.text("dialog.drawer .facts").await.unwrap();
            if text.contains("Miami") && browser.text("main td.no-phone").await.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(text.contains("Miami, FL"), "{text}");
        press(&browser, "Escape", 27).await;
        closed(&browser).await;
        assert_eq!(focused(&browser).await, MARISOL);
        quiet(&browser).await;
    }

    #[tokio::test]
    async fn a_candidate_is_found_and_opened_by_keyboard_alone() {
        let world = with(Sqlite, [Edit::AddContact(marisol())]).await;
        let browser = enter(&world, Person::Riley, Options::default()).await;
        open(&world, &browser, LIST).await;
        browser.fill(".top input[name=q]", "(813) 555-88").await.unwrap();
        browser.wait_for(".find-panel [role=option]").await.unwrap();
        let expanded = "return document.querySelector('.top input[name=q]').getAttribute('aria-expanded')";
        assert_eq!(browser.evaluate(expanded).await.unwrap(), "true");
        press(&browser, "ArrowDown", 40).await;
        let active = "const box = document.querySelector('.top input[name=q]'); \
                      return document.getElementById(box.getAttribute('aria-activedescendant'))?.getAttribute('href')";
        assert_eq!(browser.evaluate(active).await.unwrap(), MARISOL);
        press(&browser, "Enter", 13).await;
        assert_eq!(name(&browser).await, "Marisol Vega");
        at(&browser, MARISOL).await;
        press(&browser, "Escape", 27).await;
        closed(&browser).await;
        assert_eq!(focused(&browser).await, "q");
        // Escape closes the offers and keeps the text; Enter leads to the list.
        browser.fill(".top input[name=q]", "marisol").await.unwrap();
        browser.wait_for(".find-panel [role=option]").await.unwrap();
        press(&browser, "Escape", 27).await;
        assert_eq!(browser.evaluate(expanded).await.unwrap(), "false");
        browser.evaluate("document.querySelector('.top form[role=search]').requestSubmit()").await.unwrap();
        at(&browser, "/t/harbor/leads?q=marisol").await;
        quiet(&browser).await;
    }

    #[tokio::test]
    async fn without_scripts_a_name_leads_to_the_page() {
        let world = World::read(Sqlite).await;
        let browser = enter(&world, Person::Riley, Options { scripts: false, ..Options::default() }).await;
        open(&world, &browser, LIST).await;
        browser.click("main a[data-candidate]").await.unwrap();
        browser.wait_for("main > article.candidate").await.unwrap();
        assert!(browser.all("[data-drawer]").await.unwrap().iter().all(String::is_empty), "what only a drawer needs is seen");
    }
}
