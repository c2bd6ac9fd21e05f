//! A running portal, with commands run alongside it on the same database.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::installation::{Crm, Installation, PASSWORD, Portal, client, portal_counts, sign_in, truth_counts};

/// The counts that the API reports for a brand.
pub(crate) async fn counts(portal: &Portal, token: &str, brand: &str) -> Value {
    let summary = portal.json(token, &format!("/api/v1/tenants/{brand}/leads/summary")).await;
    portal_counts(&summary, &portal.json(token, &format!("/api/v1/tenants/{brand}/pipeline")).await)
}

/// Syncs until the CRM, which changes over time, did not change during a sync; returns its counts at that moment.
pub(crate) async fn sync_to_the_truth(installation: &Installation, crm: &Crm, account: usize, brand: &str) -> Value {
    for _ in 0..5 {
        let before = crm.truth(account).await;
        let done = installation.run(&["sync", "--tenant", brand], "").await;
        assert_eq!(done.code(), 0, "{done:?}");
        if crm.truth(account).await == before {
            return truth_counts(&before);
        }
    }
    panic!("the CRM changed during every sync");
}

#[rstest]
#[tokio::test]
async fn a_portal_shows_what_another_process_synced(#[values(Sqlite, Postgres)] kind: Kind) {
    let mut installation = Installation::new(kind).await;
    let crm = installation.with_crm("350,120").await;
    let portal = installation.portal().await;
    installation.add_brands_and_users(&crm).await;
    let token = installation.token("dana@northgate.example").await;
    assert!(token.starts_with("tb_"), "{token}");
    assert_eq!(portal.json(&token, "/api/v1/tenants").await[0]["sync"], json!({"state": "never", "as_of": null}));
    for (account, brand) in ["harbor", "tidewater"].into_iter().enumerate() {
        let truth = sync_to_the_truth(&installation, &crm, account, brand).await;
        assert_eq!(counts(&portal, &token, brand).await, truth);
        let state = portal.json(&token, &format!("/api/v1/tenants/{brand}/sync")).await;
        assert_eq!((&state["state"], &state["runs"][0]["status"]), (&json!("on_time"), &json!("succeeded")));
    }
    let cookie = sign_in(&portal.url, "viewer@harbor.example", PASSWORD).await.expect("the password is correct");
    assert_eq!(portal.page(&cookie, "/t/harbor/overview").await.0, 200);
    assert_eq!(portal.page(&cookie, "/t/tidewater/overview").await.0, 404);
    assert_eq!(portal.page(&cookie, "/agency").await.0, 404);
    assert_eq!(portal.page("", "/healthz").await.0, 200);
    assert_eq!(portal.page("", "/readyz").await.0, 200);
    assert_eq!(portal.page("", "/metrics").await.0, 404);
    assert!(portal.process.terminate().await.success());
}

#[rstest]
#[tokio::test]
async fn a_revoked_token_a_changed_password_and_a_disabled_user_take_effect_immediately(#[values(Sqlite, Postgres)] kind: Kind) {
    let mut installation = Installation::new(kind).await;
    let crm = installation.with_crm("20").await;
    installation.add_brands_and_users(&crm).await;
    let portal = installation.portal().await;
    let token = installation.token("dana@northgate.example").await;
    portal.json(&token, "/api/v1/tenants").await;
    let listed = installation.run_ok(&["token", "list"], "").await;
    assert!(!listed.contains(&token) && listed.contains(&token[token.len() - 4..]), "{listed}");
    installation.run_ok(&["token", "revoke", "--id", "1"], "").await;
    let refused = client().get(format!("{}/api/v1/tenants", portal.url)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(installation.run(&["token", "revoke", "--id", "1"], "").await.code(), 1);

    let viewer = "viewer@harbor.example";
    let cookie = sign_in(&portal.url, viewer, PASSWORD).await.unwrap();
    installation.run_ok(&["user", "set-password", "--email", viewer, "--password-stdin"], "another password\n").await;
    assert_eq!(portal.page(&cookie, "/t/harbor/overview").await.0, 303);
    assert_eq!(sign_in(&portal.url, viewer, PASSWORD).await, None);
    let cookie = sign_in(&portal.url, viewer, "another password").await.unwrap();
    installation.run_ok(&["user", "disable", "--email", viewer], "").await;
    assert_eq!(portal.page(&cookie, "/t/harbor/overview").await.0, 303);
    assert_eq!(sign_in(&portal.url, viewer, "another password").await, None);
    let people = installation.run_ok(&["user", "list"], "").await;
    assert!(people.lines().any(|line| line.contains(viewer) && line.contains("disabled")), "{people}");
}

#[rstest]
#[tokio::test]
async fn a_worker_alongside_the_portal_syncs_a_new_brand_and_on_request(#[values(Sqlite, Postgres)] kind: Kind) {
    let mut installation = Installation::new(kind).await;
    let crm = installation.with_crm("40").await;
    let portal = installation.portal().await;
    let worker = installation.start(&["serve", "--role", "worker"]).await;
    installation.add_brands_and_users(&crm).await;
    let token = installation.token("dana@northgate.example").await;
    let state = async || portal.json(&token, "/api/v1/tenants/harbor/sync").await;
    let wait_for_runs = async |count: usize| {
        for _ in 0..200 {
            let current = state().await;
            if current["runs"].as_array().unwrap().iter().filter(|run| run["status"] == "succeeded").count() >= count {
                return current;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("fewer than {count} runs succeeded: {}", state().await);
    };
    wait_for_runs(1).await;
    let requested = client().post(format!("{}/api/v1/tenants/harbor/sync", portal.url)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(requested.status(), 202);
    let run: Value = requested.json().await.unwrap();
    assert_eq!(wait_for_runs(2).await["runs"][0]["id"], run["run_id"]);
    assert!(worker.terminate().await.success());
}

#[rstest]
#[tokio::test]
async fn sync_json_writes_only_the_run_to_stdout(#[values(Sqlite, Postgres)] kind: Kind) {
    let mut installation = Installation::new(kind).await;
    let crm = installation.with_crm("130,20").await;
    installation.add_brands_and_users(&crm).await;
    let done = installation.run(&["sync", "--tenant", "harbor", "--json"], "").await;
    assert_eq!(done.code(), 0, "{}", done.stderr);
    let run: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(run["status"], "succeeded");
    let keys: BTreeSet<&str> = run.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(["id", "status", "started_at", "finished_at", "datasets"]));
    let all: Value = serde_json::from_str(&installation.run_ok(&["sync", "--all", "--json"], "").await).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    let portal = installation.portal().await;
    let token = installation.token("dana@northgate.example").await;
    let state = portal.json(&token, "/api/v1/tenants/harbor/sync").await;
    assert_eq!(state["runs"][0], all[0]);
    assert_eq!(state["runs"][1], run);
    let text = installation.run_ok(&["sync", "--tenant", "tidewater"], "").await;
    assert!(text.starts_with("tidewater: succeeded\n"), "{text}");
    let unknown = installation.run(&["sync", "--tenant", "atlantis", "--json"], "").await;
    assert_eq!((unknown.code(), unknown.stdout.as_str()), (1, ""));
    assert!(unknown.stderr.contains("atlantis") && unknown.stderr.contains("harbor"), "{}", unknown.stderr);
}
