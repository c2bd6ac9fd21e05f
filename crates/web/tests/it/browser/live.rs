//! What a page shows on its own while a sync runs.

use super::*;

#[tokio::test]
async fn new_data_appears_without_a_reload_and_closes_nothing() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    open(&world, &browser, "/t/harbor/leads").await;
    browser.click("#def-in-pipeline > summary").await.unwrap();
    let before = total(&browser).await;
    world.pass(SignedDuration::from_mins(30));
    world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Nina New")));
    world.sync(HARBOR).await;
    for _ in 0..100 {
        if total(&browser).await != before {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(total(&browser).await, before + 1);
    browser.wait_for("#def-in-pipeline[open]").await.unwrap();
    browser.wait_for("[data-chart] svg").await.unwrap();
    quiet(&browser).await;
}

#[tokio::test]
async fn a_running_sync_counts_in_the_header_and_keeps_menus_open() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    open(&world, &browser, "/t/harbor/leads").await;
    browser.click("#freshness > summary").await.unwrap();
    let (conn, tenant) = (world.db.store.conn(), world.tenant(HARBOR).await);
    let run = runs::start(conn, tenant.id, Trigger::Schedule, world.clock.now_ms()).await.unwrap();
    for read in [1_200, 1_300] {
        let (status, expected) = (DatasetStatus::Reading, Some(4_312));
        let report = DatasetReport { status, expected, read, ..DatasetReport::waiting(Dataset::Contacts) };
        runs::report(conn, tenant.id, &run.id, &report, world.clock.now_ms()).await.unwrap();
        said(&browser, "#freshness > summary", &format!("Syncing: contacts {} of 4,312", grouped(read.unsigned_abs()))).await;
    }
    let kept = "return [document.querySelector('#freshness').open, document.activeElement.closest('#freshness')?.id ?? null]";
    assert_eq!(browser.evaluate(kept).await.unwrap(), json!([true, "freshness"]));
    runs::finish(conn, &run.id, RunStatus::Succeeded, world.clock.now_ms()).await.unwrap();
    said(&browser, "#freshness > summary", "Updated just now").await;
    quiet(&browser).await;
}

#[tokio::test]
async fn a_hidden_tab_closes_its_connection_and_catches_up_later() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Riley, Options::default()).await;
    open(&world, &browser, "/t/harbor/leads").await;
    let before = total(&browser).await;
    let hide = |hidden: bool| {
        format!(
            "Object.defineProperty(document, 'hidden', {{ configurable: true, get: () => {hidden} }});
             document.dispatchEvent(new Event('visibilitychange'))"
        )
    };
    browser.evaluate(&hide(true)).await.unwrap();
    world.pass(SignedDuration::from_mins(30));
    world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Nina New")));
    world.sync(HARBOR).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert_eq!(total(&browser).await, before, "it listened while it was hidden");
    browser.evaluate(&hide(false)).await.unwrap();
    for _ in 0..100 {
        if total(&browser).await != before {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(total(&browser).await, before + 1);
    quiet(&browser).await;
}

#[tokio::test]
async fn the_agency_watches_a_sync_and_then_its_run() {
    let world = World::read(Sqlite).await;
    let browser = enter(&world, Person::Dana, Options::default()).await;
    open(&world, &browser, "/agency").await;
    let (conn, tenant) = (world.db.store.conn(), world.tenant(HARBOR).await);
    let run = runs::start(conn, tenant.id, Trigger::Schedule, world.clock.now_ms()).await.unwrap();
    let report = |read| DatasetReport {
        status: DatasetStatus::Reading,
        expected: Some(4_312),
        read,
        ..DatasetReport::waiting(Dataset::Contacts)
    };
    runs::report(conn, tenant.id, &run.id, &report(1_200), world.clock.now_ms()).await.unwrap();
    said(&browser, "#brand-harbor", "Contacts 1,200 of 4,312").await;
    assert!(!browser.text("#brand-tidewater").await.unwrap().contains("4,312"));
    open(&world, &browser, "/agency/sync").await;
    said(&browser, "#sync-harbor", "Contacts 1,200 of 4,312").await;
    browser.click("#sync-harbor .sync-head a.btn").await.unwrap();
    said(&browser, "#datasets", "1,200 of 4,312").await;
    runs::report(conn, tenant.id, &run.id, &report(1_300), world.clock.now_ms()).await.unwrap();
    said(&browser, "#datasets", "1,300 of 4,312").await;
    runs::finish(conn, &run.id, RunStatus::Failed, world.clock.now_ms()).await.unwrap();
    said(&browser, ".page-title", "Failed").await;
    let follows = browser.evaluate("return document.querySelector('main').dataset.live ?? null").await.unwrap();
    assert_eq!(follows, Value::Null, "a run that has ended is followed");
    quiet(&browser).await;
}

/// Waits until an element contains the text.
async fn said(browser: &Browser, selector: &str, words: &str) {
    let text = format!("return document.querySelector({})?.innerText.replace(/\\s+/g, ' ') ?? ''", json!(selector));
    let mut text_now = Value::Null;
    for _ in 0..200 {
        text_now = browser.evaluate(&text).await.unwrap();
        if text_now.as_str().unwrap_or_default().contains(words) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{selector} does not say {words}: {text_now}");
}
