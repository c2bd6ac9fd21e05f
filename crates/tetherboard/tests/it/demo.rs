//! The demo, as somebody tries it who knows nothing yet.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::installation::{Process, as_truth, client, command, sign_in, told_of, truth};

async fn read(url: &str, cookie: &str, address: &str) -> (u16, Value) {
    let answer = client().get(format!("{url}{address}")).header("cookie", cookie).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// Asks for a sync and waits for it; whether the CRM held still meanwhile, and what it held.
async fn sync(url: &str, cookie: &str, control: &str, account: usize, brand: &str) -> Option<Value> {
    let before = truth(control, account).await;
    let address = format!("/api/v1/tenants/{brand}/sync");
    let asked = client().post(format!("{url}{address}")).header("cookie", cookie).send().await.unwrap();
    let run: Value = asked.json().await.unwrap();
    for _ in 0..600 {
        let told = read(url, cookie, &address).await.1;
        let status = told["runs"]
            .as_array()
            .unwrap()
            .iter()
            .find(|known| known["id"] == run["run_id"])
            .map(|known| known["status"].clone());
        if status.is_some_and(|status| status == "succeeded") {
            return (truth(control, account).await == before).then_some(before);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the run did not end");
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
    let url = first.said("Tetherboard is at ").await;
    let password = first.said("Sign in with the password ").await.trim_end_matches(" as").to_owned();
    let cookie = sign_in(&url, "dana@northgate.example", &password).await.expect("the agency signs in");
    let days = read(&url, &cookie, "/api/v1/tenants/harbor/sync").await.1;
    first.child.kill().await.unwrap();

    let second = demo();
    let url = second.said("Tetherboard is at ").await;
    let control = second.said("The simulated ClientTether is at ").await.replace("/v2/api/", "/control");
    let mut held = None;
    for _ in 0..5 {
        // The first one's session is still valid.
        held = sync(&url, &cookie, &control, 0, "harbor").await;
        if held.is_some() {
            break;
        }
    }
    let summary = read(&url, &cookie, "/api/v1/tenants/harbor/leads/summary").await.1;
    let pipeline = read(&url, &cookie, "/api/v1/tenants/harbor/pipeline").await.1;
    assert_eq!(as_truth(&summary, &pipeline), told_of(&held.expect("the CRM held still once")));
    let runs = read(&url, &cookie, "/api/v1/tenants/harbor/sync").await.1["runs"].as_array().unwrap().clone();
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
async fn the_demo_prints_its_address_and_logins_and_counts_what_its_crm_holds() {
    let home = TempDir::new().unwrap();
    let mut demo = command(home.path(), &["demo", "--speed", "60"]);
    demo.env("TETHERBOARD_LISTEN", "127.0.0.1:0").env("TMPDIR", home.path());
    let demo = Process::of(demo);
    let url = demo.said("Tetherboard is at ").await;
    let password = demo.said("Sign in with the password ").await.trim_end_matches(" as").to_owned();
    let control = demo.said("The simulated ClientTether is at ").await.replace("/v2/api/", "/control");
    let logins: BTreeMap<String, String> = demo
        .lines()
        .iter()
        .filter_map(|line| line.strip_prefix("  ")?.split_once(' ').map(|(email, rest)| (email.to_owned(), rest.to_owned())))
        .filter(|(email, _)| email.contains('@'))
        .collect();
    assert_eq!(logins.len(), 5, "{logins:?}");
    let mut agency = None;
    for (email, of) in &logins {
        let cookie = sign_in(&url, email, &password).await.unwrap_or_else(|| panic!("{email} is not let in"));
        let tenants = read(&url, &cookie, "/api/v1/tenants").await.1;
        let slugs: Vec<&str> = tenants.as_array().unwrap().iter().map(|brand| brand["slug"].as_str().unwrap()).collect();
        for (slug, named) in [("harbor", of.contains("harbor")), ("tidewater", of.contains("tidewater"))] {
            assert_eq!(slugs.contains(&slug), named || of.contains("every brand"), "{email}: {of}");
        }
        if of.contains("agency_admin") {
            agency = Some(cookie);
        }
    }
    let agency = agency.expect("somebody of the agency");
    for (account, brand) in ["harbor", "tidewater"].into_iter().enumerate() {
        let mut held = None;
        for _ in 0..5 {
            held = sync(&url, &agency, &control, account, brand).await;
            if held.is_some() {
                break;
            }
        }
        let summary = read(&url, &agency, &format!("/api/v1/tenants/{brand}/leads/summary")).await.1;
        let pipeline = read(&url, &agency, &format!("/api/v1/tenants/{brand}/pipeline")).await.1;
        assert_eq!(as_truth(&summary, &pipeline), told_of(&held.expect("the CRM held still once")), "{brand}");
        assert!(summary["total"].as_i64().unwrap() > 100);
        assert!(pipeline["stages"].as_array().unwrap().iter().all(|stage| stage["role"] != "unconfirmed"), "{pipeline}");
    }
    assert!(demo.terminate().await.success());
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "the demo left something behind");
}
