//! The schedule in a browser.

use super::*;

#[tokio::test]
async fn the_month_is_walked_by_keyboard_and_a_candidate_opens_over_it() {
    let world = World::read(Sqlite).await;
    world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Ada Ash").id("910001").in_stage("FDD Sent")));
    add(&world, EventEdit::at(moment("2026-11-24T16:00:00Z"), "A call").with_contact("910001"));
    world.sync(HARBOR).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    browser.evaluate("document.activeElement.blur(); return null").await.unwrap();
    for key in ["g", "s"] {
        press(&browser, key).await;
    }
    at(&browser, PAGE).await;
    let focus = "const link = [...document.querySelectorAll('.cal-t a.ev')].find((it) => it.textContent.includes('Ada Ash'));
                 link.closest('td').querySelector('a.dn').focus(); return link.closest('td').querySelector('a.dn').ariaLabel";
    let day = browser.evaluate(focus).await.unwrap();
    assert!(day.as_str().unwrap().starts_with("Tuesday, Nov 24, 2026, "), "{day}");
    for _ in 0..5 {
        press(&browser, "Tab").await;
        if browser.evaluate("return document.activeElement.textContent.includes('Ada Ash')").await.unwrap() == true {
            break;
        }
    }
    press(&browser, "Enter").await;
    browser.wait_for("dialog[open] article.candidate").await.unwrap();
    at(&browser, "/candidates/910001").await;
    assert!(browser.text("dialog[open]").await.unwrap().contains("Ada Ash"));
    press(&browser, "Escape").await;
    at(&browser, PAGE).await;
    browser.click(".sched-head a[rel=next]").await.unwrap();
    at(&browser, "d=2026-12").await;
    assert_eq!(browser.text("h1").await.unwrap(), "December 2026");
    browser.click("#schedule-filters > summary").await.unwrap();
    browser.wait_for("#schedule-filters[open] fieldset").await.unwrap();
    assert!(browser.console_errors().await.unwrap().is_empty());
}

async fn press(browser: &tetherboard_testkit::Browser, key: &str) {
    let text = if key == "Enter" {
        "\r"
    } else if key.len() == 1 {
        key
    } else {
        ""
    };
    let code = match key {
        "Enter" => 13,
        "Tab" => 9,
        "Escape" => 27,
        "PageUp" => 33,
        "PageDown" => 34,
        "End" => 35,
        "Home" => 36,
        "ArrowLeft" => 37,
        "ArrowUp" => 38,
        "ArrowRight" => 39,
        "ArrowDown" => 40,
        _ => i64::from(key.to_uppercase().as_bytes()[0]),
    };
    for kind in ["keyDown", "keyUp"] {
        let down = if kind == "keyDown" { text } else { "" };
        let event = json!({ "type": kind, "key": key, "text": down, "windowsVirtualKeyCode": code });
        browser.devtools("Input.dispatchKeyEvent", event).await.unwrap();
    }
}

/// The day that has the focus, when it is this one.
async fn stands_on(browser: &tetherboard_testkit::Browser, day: &str) {
    let here = "const it = document.activeElement; return it.matches('.cal-t .dn') ? it.closest('td').dataset.day : it.tagName";
    let mut last = json!(null);
    for _ in 0..100 {
        last = browser.evaluate(here).await.unwrap();
        if last == day {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{last} has the focus, not {day}");
}

#[rstest]
// The month of November 2026 is drawn from Monday, October 26, to Sunday, December 6.
#[case::days_and_weeks("d=2026-11", "2026-11-18", &[
    ("ArrowRight", "2026-11-19"), ("ArrowLeft", "2026-11-18"), ("ArrowDown", "2026-11-25"), ("ArrowUp", "2026-11-18"),
    ("Home", "2026-11-16"), ("Home", "2026-11-16"), ("ArrowLeft", "2026-11-15"), ("Home", "2026-11-09"), ("End", "2026-11-15"),
    ("ArrowRight", "2026-11-16"),
])]
#[case::over_the_edge_of_a_month("d=2026-11", "2026-10-26", &[
    ("ArrowLeft", "2026-10-25"), ("ArrowRight", "2026-10-26"), ("ArrowDown", "2026-11-02"), ("ArrowUp", "2026-10-26"),
])]
#[case::below_the_last_week("d=2026-11", "2026-12-05", &[("ArrowDown", "2026-12-12"), ("ArrowUp", "2026-12-05")])]
#[case::months("d=2026-12", "2026-12-31", &[
    ("PageUp", "2026-11-30"), ("PageDown", "2026-12-30"), ("PageDown", "2027-01-30"), ("PageDown", "2027-02-28"),
])]
#[case::weeks("d=2026-W44", "2026-10-31", &[
    ("ArrowRight", "2026-11-01"), ("ArrowRight", "2026-11-02"), ("Home", "2026-11-02"), ("End", "2026-11-08"),
    ("PageUp", "2026-11-01"), ("ArrowUp", "2026-10-25"), ("ArrowDown", "2026-11-01"), ("PageDown", "2026-11-08"),
])]
#[tokio::test]
async fn keys_walk_the_days_and_turn_the_page(#[case] leaf: &str, #[case] from: &str, #[case] walk: &[(&str, &str)]) {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    open(&world, &browser, &format!("{PAGE}?{leaf}&type=Call&type=")).await;
    let focus = format!("document.querySelector('td[data-day=\"{from}\"] > .dn').focus(); return null");
    browser.evaluate(&focus).await.unwrap();
    stands_on(&browser, from).await;
    for (key, day) in walk {
        press(&browser, key).await;
        stands_on(&browser, day).await;
    }
    assert!(browser.url().await.unwrap().contains("type=Call&type="), "the filters stay");
    // It is where a person sees it, and Enter opens it.
    let seen = "const it = document.activeElement; return [it.matches(':focus-visible'), it.ariaLabel.length > 10]";
    assert_eq!(browser.evaluate(seen).await.unwrap(), json!([true, true]));
    press(&browser, "Enter").await;
    at(&browser, &format!("view=day&d={}&type=Call&type=", walk[walk.len() - 1].1)).await;
    assert!(browser.console_errors().await.unwrap().is_empty());
}

#[tokio::test]
async fn keys_leave_the_rest_of_the_page_alone() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    open(&world, &browser, PAGE).await;
    browser.evaluate("document.querySelector('.sched-head a[rel=next]').focus(); return null").await.unwrap();
    for key in ["ArrowLeft", "ArrowDown", "PageDown", "Home"] {
        press(&browser, key).await;
    }
    assert_eq!(browser.evaluate("return document.activeElement.rel").await.unwrap(), "next");
    at(&browser, PAGE).await;
    // A day without appointments is a link for the mouse and the arrows, and no stop on the way of Tab.
    let stops =
        browser.evaluate("return [...document.querySelectorAll('.cal-t .dn')].map((it) => [it.tabIndex, 'count' in it.dataset])");
    for stop in stops.await.unwrap().as_array().unwrap() {
        assert!(*stop == json!([0, true]) || *stop == json!([-1, false]), "{stop}");
    }
}

#[tokio::test]
async fn on_a_phone_the_month_is_dots_and_the_agenda_has_the_words() {
    let world = World::read(Sqlite).await;
    add(&world, EventEdit::at(moment("2026-11-20T16:00:00Z"), "Tomorrows call"));
    world.sync(HARBOR).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    let size = json!({ "width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": true });
    browser.devtools("Emulation.setDeviceMetricsOverride", size).await.unwrap();
    open(&world, &browser, PAGE).await;
    let seen = browser
        .evaluate(
            "const shown = (it) => it.getClientRects().length > 0;
             return [[...document.querySelectorAll('.cal-t .ev')].some(shown), [...document.querySelectorAll('.cal-t .dots i')].some(shown),
                 document.querySelector('.agenda').innerText.includes('Tomorrows call'), document.documentElement.scrollWidth <= innerWidth]",
        )
        .await
        .unwrap();
    assert_eq!(seen, json!([false, true, true, true]));
}
