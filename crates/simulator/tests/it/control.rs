//! The control endpoints.

use tetherboard_simulator::{Config, Fault};

use crate::Harness;

#[tokio::test]
async fn the_endpoints_set_and_remove_faults_and_revoke_keys() {
    let harness = Harness::with(Config::plain(1, &[5])).await;
    let client = harness.client(0);
    let post = async |path: &str, body: &str| client.send("POST", path, body).await.unwrap();

    let response = post("/control/fault", r#"{"account":0,"request":"contacts","fault":"status:503"}"#).await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(harness.get("read_client_list").await.status, 503);
    assert_eq!(harness.get("read_user_list").await.status, 200);

    post("/control/fault", r#"{"account":0,"request":"all","fault":"times:1:429:30"}"#).await;
    assert_eq!(harness.get("read_user_list").await.header("retry-after"), Some("30"));

    post("/control/heal", r#"{"account":0}"#).await;
    assert_eq!(harness.get("read_client_list").await.status, 200);

    post("/control/revoke", r#"{"account":0}"#).await;
    assert_eq!(harness.get("read_client_list").await.status, 401);
    post("/control/restore", r#"{"account":0}"#).await;
    assert_eq!(harness.get("read_client_list").await.status, 200);
}

#[tokio::test]
async fn invalid_input_gets_an_error_that_says_what_is_expected() {
    let harness = Harness::with(Config::plain(1, &[5])).await;
    for (path, body, expected) in [
        ("/control/fault", "what?", "expected: {\"account\": 0"),
        ("/control/fault", r#"{"account":0,"request":"contacts","fault":"explode"}"#, "unknown fault \"explode\""),
        ("/control/fault", r#"{"account":0,"request":"minds","fault":"hang"}"#, "one of: stages, sources"),
        (
            "/control/fault",
            r#"{"account":9,"request":"all","fault":"hang"}"#,
            "account 9 does not exist\nexpected: an account below 1",
        ),
        ("/control/heal", "{}", "expected: {\"account\": 0}"),
    ] {
        let response = harness.client(0).send("POST", path, body).await.unwrap();
        assert_eq!(response.status, 400, "{body}");
        assert!(response.text().contains(expected), "{}", response.text());
    }
    let response = harness.client(0).send("GET", "/control/truth", "").await.unwrap();
    assert_eq!(response.status, 400);
}

#[tokio::test]
async fn the_endpoints_return_the_truth_and_the_list_of_faults() {
    let harness = Harness::with(Config::plain(1, &[5])).await;
    let truth = harness.client(0).send("GET", "/control/truth?account=0", "").await.unwrap().json();
    assert_eq!(truth["contacts"], 5);
    assert_eq!(truth, serde_json::to_value(harness.simulator.truth(0)).unwrap());
    let spellings = harness.client(0).send("GET", "/control/faults", "").await.unwrap().text();
    assert_eq!(spellings.lines().count(), Fault::SPELLINGS.len());
}
