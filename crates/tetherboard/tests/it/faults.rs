//! CRM faults and dead processes: the counts that the portal shows never drop.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_domain::RunStatus;
use tetherboard_store::{leases, runs, tenants};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::installation::{Crm, Installation, Portal};
use crate::portal::{counts, sync_to_the_truth};

struct Scene {
    installation: Installation,
    crm: Crm,
    portal: Portal,
    token: String,
    /// The counts for Harbor after the first sync.
    shown: Value,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let mut installation = Installation::new(kind).await;
        let crm = installation.with_crm("350,20").await;
        installation.add_brands_and_users(&crm).await;
        let portal = installation.portal().await;
        let token = installation.token("dana@northgate.example").await;
        sync_to_the_truth(&installation, &crm, 0, "harbor").await;
        let shown = counts(&portal, &token, "harbor").await;
        Self { installation, crm, portal, token, shown }
    }

    async fn sync(&self) -> (i32, Value) {
        let done = self.installation.run(&["sync", "--tenant", "harbor", "--json"], "").await;
        (done.code(), serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}")))
    }

    async fn state(&self) -> Value {
        self.portal.json(&self.token, "/api/v1/tenants/harbor/sync").await
    }
}

#[rstest]
#[tokio::test]
async fn contacts_that_fail_from_page_three_make_the_run_partial_and_lower_no_count(#[values(Sqlite, Postgres)] kind: Kind) {
    let scene = Scene::new(kind).await;
    scene.crm.control("fault", json!({"account": 0, "request": "contacts", "fault": "from:200:status:500"})).await;
    let (code, run) = scene.sync().await;
    assert_eq!((code, &run["status"]), (3, &json!("partial")));
    let contacts = run["datasets"].as_array().unwrap().iter().find(|dataset| dataset["dataset"] == "contacts").unwrap();
    assert_eq!(
        (&contacts["read"], &contacts["gone"], &contacts["error"]["class"]),
        (&json!(200), &json!(0), &json!("http_status"))
    );
    assert_eq!(scene.state().await["state"], "failing");
    assert_eq!(counts(&scene.portal, &scene.token, "harbor").await, scene.shown);
    scene.crm.control("heal", json!({"account": 0})).await;
    let (code, run) = scene.sync().await;
    assert_eq!((code, &run["status"]), (0, &json!("succeeded")));
    assert_eq!(scene.state().await["state"], "on_time");
}

#[rstest]
#[tokio::test]
async fn a_revoked_key_fails_the_run_and_lowers_no_count(#[values(Sqlite, Postgres)] kind: Kind) {
    let scene = Scene::new(kind).await;
    scene.crm.control("revoke", json!({"account": 0})).await;
    let (code, run) = scene.sync().await;
    assert_eq!((code, &run["status"]), (4, &json!("failed")));
    assert_eq!(run["datasets"][0]["error"]["class"], "credentials");
    assert_eq!(scene.state().await["state"], "failing");
    assert_eq!(counts(&scene.portal, &scene.token, "harbor").await, scene.shown);
    let all = scene.installation.run(&["sync", "--all"], "").await;
    assert_eq!(all.code(), 4, "{all:?}");
    assert!(all.stdout.contains("harbor: failed") && all.stdout.contains("tidewater: succeeded"), "{}", all.stdout);
    assert!(!scene.crm.keys.iter().any(|key| all.stdout.contains(key) || all.stderr.contains(key)), "{all:?}");
    scene.crm.control("restore", json!({"account": 0})).await;
    assert_eq!(scene.sync().await.0, 0);
}

#[rstest]
#[tokio::test]
async fn an_empty_list_is_held_until_its_removal_is_accepted(#[values(Sqlite, Postgres)] kind: Kind) {
    let scene = Scene::new(kind).await;
    scene.crm.control("fault", json!({"account": 0, "request": "deals", "fault": "empty"})).await;
    for _ in 0..3 {
        let (code, run) = scene.sync().await;
        assert_eq!((code, &run["status"]), (3, &json!("partial")));
        assert_eq!(counts(&scene.portal, &scene.token, "harbor").await, scene.shown);
    }
    let deals = scene.state().await["runs"][0]["datasets"][4].clone();
    assert_eq!((&deals["status"], &deals["held"]), (&json!("held"), &scene.shown["deals"]));
    let accepted = scene.installation.run(&["sync", "--tenant", "harbor", "--accept-removals", "deals"], "").await;
    assert_eq!(accepted.code(), 0, "{accepted:?}");
    assert_eq!(counts(&scene.portal, &scene.token, "harbor").await["deals"], 0);
    scene.crm.control("heal", json!({"account": 0})).await;
    assert_eq!(scene.sync().await.0, 0);
    assert_eq!(counts(&scene.portal, &scene.token, "harbor").await["deals"], scene.shown["deals"]);
}

#[rstest]
#[tokio::test]
async fn the_next_sync_closes_a_killed_one_as_aborted(#[values(Sqlite, Postgres)] kind: Kind) {
    let scene = Scene::new(kind).await;
    let conn = scene.installation.db.store.conn();
    let harbor = tenants::by_slug(conn, "harbor").await.unwrap().unwrap().id;
    scene.crm.control("fault", json!({"account": 0, "request": "contacts", "fault": "from:200:hang"})).await;
    let mut killed = scene.installation.start(&["sync", "--tenant", "harbor"]).await;
    while scene.state().await["runs"][0]["datasets"][3]["status"] != "reading" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(scene.state().await["state"], "running");
    killed.child.kill().await.unwrap();
    assert_eq!(counts(&scene.portal, &scene.token, "harbor").await, scene.shown);
    scene.crm.control("heal", json!({"account": 0})).await;
    // The lease expires within a minute. Claiming it with a later time avoids the wait.
    let later = tetherboard_domain::Clock::system().machine_ms() + 120_000;
    let lease = leases::claim(conn, harbor, "a test", later, later + 1).await.unwrap().expect("the lease has expired");
    leases::release(conn, &lease).await.unwrap();
    let (code, run) = scene.sync().await;
    assert_eq!((code, &run["status"]), (0, &json!("succeeded")));
    let runs = scene.state().await["runs"].clone();
    assert_eq!((&runs[0]["id"], &runs[1]["status"]), (&run["id"], &json!("aborted")));
    assert!(!runs[1]["finished_at"].is_null());
    let open =
        runs[1]["datasets"].as_array().unwrap().iter().filter(|d| d["status"] == "reading" || d["status"] == "waiting").count();
    assert_eq!(open, 0, "{}", runs[1]);
}

#[rstest]
#[tokio::test]
async fn a_terminated_sync_closes_its_run_and_releases_the_lease(#[values(Sqlite, Postgres)] kind: Kind) {
    let scene = Scene::new(kind).await;
    let conn = scene.installation.db.store.conn();
    let harbor = tenants::by_slug(conn, "harbor").await.unwrap().unwrap().id;
    scene.crm.control("fault", json!({"account": 0, "request": "contacts", "fault": "from:200:hang"})).await;
    let stopped = scene.installation.start(&["sync", "--tenant", "harbor"]).await;
    while scene.state().await["runs"][0]["datasets"][3]["status"] != "reading" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!stopped.terminate().await.success());
    assert_eq!(scene.state().await["runs"][0]["status"], "aborted");
    scene.crm.control("heal", json!({"account": 0})).await;
    assert!(!leases::is_held(conn, harbor, tetherboard_domain::Clock::system().machine_ms()).await.unwrap());
    assert_eq!(scene.sync().await.0, 0);
}

#[rstest]
#[tokio::test]
async fn a_sync_waits_for_one_in_progress(#[values(Sqlite, Postgres)] kind: Kind) {
    let scene = Scene::new(kind).await;
    let conn = scene.installation.db.store.conn();
    let harbor = tenants::by_slug(conn, "harbor").await.unwrap().unwrap().id;
    let now = tetherboard_domain::Clock::system().machine_ms();
    let lease = leases::claim(conn, harbor, "a test", now, now + 60_000).await.unwrap().expect("no sync is running");
    let waiting = async {
        let started = std::time::Instant::now();
        (scene.sync().await.0, started.elapsed())
    };
    let releasing = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        leases::release(conn, &lease).await.unwrap();
    };
    let ((code, waited), ()) = tokio::join!(waiting, releasing);
    assert_eq!(code, 0);
    assert!(waited > Duration::from_secs(2), "{waited:?}");
    let succeeded = runs::newest_finished(conn, harbor, Some(RunStatus::Succeeded)).await.unwrap();
    assert!(succeeded.is_some());
}

#[tokio::test]
#[ignore = "takes the full 90 seconds that a sync waits for the lease"]
async fn a_sync_that_never_gets_the_lease_reports_it() {
    let scene = Scene::new(Sqlite).await;
    let conn = scene.installation.db.store.conn();
    let harbor = tenants::by_slug(conn, "harbor").await.unwrap().unwrap().id;
    let now = tetherboard_domain::Clock::system().machine_ms();
    leases::claim(conn, harbor, "a test", now, now + 300_000).await.unwrap().expect("no sync is running");
    let done = scene.installation.run(&["sync", "--tenant", "harbor"], "").await;
    assert_eq!((done.code(), done.stdout.as_str()), (5, ""));
    assert!(done.stderr.contains("harbor"), "{}", done.stderr);
}
