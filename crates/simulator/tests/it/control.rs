//! The addresses for people.

use tetherboard_simulator::{Config, Fault};

use crate::Stage;

#[tokio::test]
async fn a_fault_can_be_made_and_healed_by_hand() {
    let stage = Stage::with(Config::plain(1, &[5])).await;
    let caller = stage.caller(0);
    let post = async |path: &str, body: &str| caller.send("POST", path, body).await.unwrap();

    let made = post("/control/fault", r#"{"account":0,"request":"contacts","fault":"status:503"}"#).await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(stage.get("read_client_list").await.status, 503);
    assert_eq!(stage.get("read_user_list").await.status, 200);

    post("/control/fault", r#"{"account":0,"request":"all","fault":"times:1:429:30"}"#).await;
    assert_eq!(stage.get("read_user_list").await.header("retry-after"), Some("30"));

    post("/control/heal", r#"{"account":0}"#).await;
    assert_eq!(stage.get("read_client_list").await.status, 200);

    post("/control/revoke", r#"{"account":0}"#).await;
    assert_eq!(stage.get("read_client_list").await.status, 401);
    post("/control/restore", r#"{"account":0}"#).await;
    assert_eq!(stage.get("read_client_list").await.status, 200);
}

#[tokio::test]
async fn bad_input_is_told_what_is_accepted() {
    let stage = Stage::with(Config::plain(1, &[5])).await;
    for (path, body, told) in [
        ("/control/fault", "what?", "accepted: {\"account\": 0"),
        ("/control/fault", r#"{"account":0,"request":"contacts","fault":"explode"}"#, "no fault is spelled \"explode\""),
        ("/control/fault", r#"{"account":0,"request":"minds","fault":"hang"}"#, "one of: stages, sources"),
        ("/control/fault", r#"{"account":9,"request":"all","fault":"hang"}"#, "an account below 1, not 9"),
        ("/control/heal", "{}", "accepted: {\"account\": 0}"),
    ] {
        let answer = stage.caller(0).send("POST", path, body).await.unwrap();
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().contains(told), "{}", answer.text());
    }
    let answer = stage.caller(0).send("GET", "/control/truth", "").await.unwrap();
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn the_truth_and_the_spellings_can_be_asked_for() {
    let stage = Stage::with(Config::plain(1, &[5])).await;
    let truth = stage.caller(0).send("GET", "/control/truth?account=0", "").await.unwrap().json();
    assert_eq!(truth["contacts"], 5);
    assert_eq!(truth, serde_json::to_value(stage.simulator.truth(0)).unwrap());
    let spellings = stage.caller(0).send("GET", "/control/faults", "").await.unwrap().text();
    assert_eq!(spellings.lines().count(), Fault::SPELLINGS.len());
}
