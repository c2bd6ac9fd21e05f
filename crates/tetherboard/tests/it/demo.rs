//! The demo, as a first-time user runs it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::installation::{Process, client, command, portal_counts, sign_in, truth, truth_counts};

async fn get_json(url: &str, cookie: &str, address: &str) -> (u16, Value) {
    let response = client().get(format!("{url}{address}")).header("cookie", cookie).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

/// Requests a sync and waits for it. Returns the CRM's truth if it did not change during the sync.
async fn sync(url: &str, cookie: &str, control: &str, account: usize, brand: &str) -> Option<Value> {
    let before = truth(control, account).await;
    let address = format!("/api/v1/tenants/{brand}/sync");
    let requested = client().post(format!("{url}{address}")).header("cookie", cookie).send().await.unwrap();
    let run: Value = requested.json().await.unwrap();
    for _ in 0..600 {
        let state = get_json(url, cookie, &address).await.1;
        let status = state["runs"]
            .as_array()
            .unwrap()
            .iter()
            .find(|listed| listed["id"] == run["run_id"])
            .map(|listed| listed["status"].clone());
        if status.is_some_and(|status| status == "succeeded") {
            return (truth(control, account).await == before).then_some(before);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the run did not finish");
}

#[tokio::test]
async fn a_kept_demo_that_was_killed_continues_where_it_was() {
    let home = TempDir::new().unwrap();
    let demo = || {
        let mut demo = command(home.path(), &["demo", "--keep", "kept", "--speed", "60"]);
        demo.env("TETHERBOARD_LISTEN", "127.0.0.1:0").env("TMPDIR", home.path());
        Process::of(demo)
    };
    let mut first = demo();
    let url = first.wait_for_output("Tetherboard is at ").await;
    let password = first.wait_for_output("Sign in with the password ").await.trim_end_matches(" as").to_owned();
    let cookie = sign_in(&url, "dana@northgate.example", &password).await.expect("the agency signs in");
    let days = get_json(&url, &cookie, "/api/v1/tenants/harbor/sync").await.1;
    first.child.kill().await.unwrap();

    let second = demo();
    let url = second.wait_for_output("Tetherboard is at ").await;
    let control = second.wait_for_output("The simulated ClientTether is at ").await.replace("/v2/api/", "/control");
    let mut held = None;
    for _ in 0..5 {
        // The first one's session is still valid.
        held = sync(&url, &cookie, &control, 0, "harbor").await;
        if held.is_some() {
            break;
        }
    }
    let summary = get_json(&url, &cookie, "/api/v1/tenants/harbor/leads/summary").await.1;
    let pipeline = get_json(&url, &cookie, "/api/v1/tenants/harbor/pipeline").await.1;
    assert_eq!(portal_counts(&summary, &pipeline), truth_counts(&held.expect("the CRM held still once")));
    let runs = get_json(&url, &cookie, "/api/v1/tenants/harbor/sync").await.1["runs"].as_array().unwrap().clone();
    let earlier = &days["runs"][0]["id"];
    let since: Vec<&Value> = runs.iter().take_while(|run| run["id"] != *earlier).collect();
    assert!(since.len() < 10, "the eight weeks were synced again: {since:?}");
    for dataset in since.iter().flat_map(|run| run["datasets"].as_array().unwrap()) {
        let removed = dataset["gone"].as_i64().unwrap() + dataset["held"].as_i64().unwrap();
        assert!(removed < 3, "the accounts are not the ones from before: {dataset}");
    }
    assert!(second.terminate().await.success());
    assert!(home.path().join("kept/tetherboard.db.key").exists());
}

#[tokio::test]
async fn the_demo_prints_its_address_and_logins_and_its_counts_match_the_crm() {
    let home = TempDir::new().unwrap();
    let mut demo = command(home.path(), &["demo", "--speed", "60"]);
    demo.env("TETHERBOARD_LISTEN", "127.0.0.1:0").env("TMPDIR", home.path());
    let demo = Process::of(demo);
    let url = demo.wait_for_output("Tetherboard is at ").await;
    let password = demo.wait_for_output("Sign in with the password ").await.trim_end_matches(" as").to_owned();
    let control = demo.wait_for_output("The simulated ClientTether is at ").await.replace("/v2/api/", "/control");
    let logins: BTreeMap<String, String> = demo
        .lines()
        .iter()
        .filter_map(|line| line.strip_prefix("  ")?.split_once(' ').map(|(email, rest)| (email.to_owned(), rest.to_owned())))
        .filter(|(email, _)| email.contains('@'))
        .collect();
    assert_eq!(logins.len(), 5, "{logins:?}");
    let mut agency = None;
    for (email, role) in &logins {
        let cookie = sign_in(&url, email, &password).await.unwrap_or_else(|| panic!("{email} cannot sign in"));
        let tenants = get_json(&url, &cookie, "/api/v1/tenants").await.1;
        let slugs: Vec<&str> = tenants.as_array().unwrap().iter().map(|brand| brand["slug"].as_str().unwrap()).collect();
        for (slug, is_named) in [("harbor", role.contains("harbor")), ("tidewater", role.contains("tidewater"))] {
            assert_eq!(slugs.contains(&slug), is_named || role.contains("every brand"), "{email}: {role}");
        }
        if role.contains("agency_admin") {
            agency = Some(cookie);
        }
    }
    let agency = agency.expect("one login is an agency admin");
    for (account, brand) in ["harbor", "tidewater"].into_iter().enumerate() {
        let mut expected = None;
        for _ in 0..5 {
            expected = sync(&url, &agency, &control, account, brand).await;
            if expected.is_some() {
                break;
            }
        }
        let summary = get_json(&url, &agency, &format!("/api/v1/tenants/{brand}/leads/summary")).await.1;
        let pipeline = get_json(&url, &agency, &format!("/api/v1/tenants/{brand}/pipeline")).await.1;
        assert_eq!(
            portal_counts(&summary, &pipeline),
            truth_counts(&expected.expect("one sync saw an unchanging CRM")),
            "{brand}"
        );
        assert!(summary["total"].as_i64().unwrap() > 100);
        assert!(pipeline["stages"].as_array().unwrap().iter().all(|stage| stage["role"] != "unconfirmed"), "{pipeline}");
    }
    assert!(demo.terminate().await.success());
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "the demo left files behind");
}
