//! Every fault does on the wire what its name says.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_simulator::{Config, Fault, Request};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::Stage;
use crate::wire::Answer;

async fn under(fault: Fault) -> Stage {
    let stage = Stage::with(Config::plain(21, &[250, 3])).await;
    stage.simulator.fault(0, Request::Contacts, fault);
    stage
}

async fn page(fault: Fault, query: &str) -> Answer {
    under(fault).await.get(&format!("read_client_list{query}")).await
}

#[rstest]
#[case::status(Fault::Status(503), 503, "<h1>")]
#[case::html(Fault::Html, 200, "<h1>")]
#[case::not_json(Fault::NotJson, 200, "<br />")]
#[case::redirect(Fault::Redirect("https://elsewhere.example/".into()), 302, "Moved")]
#[case::bare_code(Fault::ResultCode("500"), 200, "\"CT_500\"")]
#[case::spelled_code(Fault::ResultCode("CT501"), 200, "\"CT501\"")]
#[case::empty(Fault::Empty, 200, "\"CT_515\"")]
#[tokio::test]
async fn an_answer_can_be_no_answer(#[case] fault: Fault, #[case] status: u16, #[case] holds: &str) {
    let answer = page(fault, "").await;
    assert_eq!(answer.status, status);
    assert!(answer.text().contains(holds), "{}", answer.text());
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back_verbatim() {
    let when = "Fri, 20 Nov 2026 10:00:00 GMT";
    let answer = page(Fault::TooManyRequests { retry_after: Some(when.into()) }, "").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some(when)));
    let answer = page(Fault::TooManyRequests { retry_after: None }, "").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, None));
}

#[tokio::test]
async fn a_redirect_says_where_to() {
    let answer = page(Fault::Redirect("https://elsewhere.example/".into()), "").await;
    assert_eq!(answer.header("location"), Some("https://elsewhere.example/"));
}

#[tokio::test]
async fn a_cut_body_is_shorter_than_promised() {
    let answer = page(Fault::CutBody, "").await;
    let promised: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() < promised && answer.body.len() > promised / 2, "{} of {promised}", answer.body.len());
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let stage = under(Fault::Reset).await;
    let error = stage.caller(0).try_get("read_client_list").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(stage.simulator.calls(0)[0].status, 0);
}

#[tokio::test]
async fn a_hanging_call_gets_nothing_until_the_server_stops() {
    let stage = under(Fault::Hang).await;
    let mut socket = stage.caller(0).open("GET", "/v2/api/read_client_list", "").await.unwrap();
    let mut bytes = [0; 64];
    assert!(timeout(Duration::from_millis(300), socket.read(&mut bytes)).await.is_err());
    stage.server.stop().await;
    let after = timeout(Duration::from_secs(2), socket.read(&mut bytes)).await.unwrap();
    assert!(matches!(after, Ok(0) | Err(_)), "{after:?}");
}

#[tokio::test]
async fn a_dripping_body_comes_a_byte_at_a_time() {
    let stage = under(Fault::Drip).await;
    let mut socket = stage.caller(0).open("GET", "/v2/api/read_client_list", "").await.unwrap();
    let mut bytes = Vec::new();
    let _ = timeout(Duration::from_millis(900), socket.read_to_end(&mut bytes)).await;
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    assert!((4..=10).contains(&(bytes.len() - head)), "{} bytes", bytes.len() - head);
}

#[tokio::test]
async fn a_slow_answer_is_right_and_late() {
    let asked = Instant::now();
    let answer = page(Fault::SlowMs(300), "").await;
    assert!(asked.elapsed() >= Duration::from_millis(300));
    assert_eq!(answer.rows().len(), 100);
}

#[tokio::test]
async fn a_fault_can_wait_for_a_page_and_heal_after_some() {
    let stage = under(Fault::FromOffset(200, Box::new(Fault::Times(2, Box::new(Fault::Status(500)))))).await;
    let mut statuses = Vec::new();
    for offset in [0, 200, 100, 200, 200] {
        statuses.push(stage.get(&format!("read_client_list?offset={offset}")).await.status);
    }
    assert_eq!(statuses, [200, 500, 200, 500, 200]);
}

#[tokio::test]
async fn a_fault_harms_its_own_request_and_account_until_healed() {
    let stage = under(Fault::Status(500)).await;
    assert_eq!(stage.get("read_opportunity_list").await.status, 200);
    assert_eq!(stage.caller(1).get("read_client_list").await.status, 200);
    stage.simulator.fault_everything(0, Fault::Status(502));
    for list in ["read_client_list", "read_opportunity_list", "read_client_history_notes/1"] {
        assert_eq!(stage.get(list).await.status, 502);
    }
    stage.simulator.heal(0);
    assert_eq!(stage.get("read_client_list").await.status, 200);
}

#[rstest]
#[case::total_missing(Fault::TotalMissing, "TotalRecord", None)]
#[case::total_wrong(Fault::TotalWrong(-4), "TotalRecord", Some(json!(-4)))]
#[case::total_text(Fault::TotalText("many".into()), "TotalRecord", Some(json!("many")))]
#[case::data_missing(Fault::DataMissing, "data", None)]
#[case::data_null(Fault::DataNull, "data", Some(Value::Null))]
#[case::data_empty_text(Fault::DataEmptyText, "data", Some(json!("")))]
#[case::data_empty_object(Fault::DataEmptyObject, "data", Some(json!({})))]
#[tokio::test]
async fn an_envelope_can_be_wrong(#[case] fault: Fault, #[case] key: &str, #[case] holds: Option<Value>) {
    let answer = page(fault, "").await.json();
    assert_eq!(answer["ResultCode"], "CT_200");
    assert_eq!(answer.get(key), holds.as_ref());
}

#[tokio::test]
async fn a_list_can_come_as_an_object_with_numbers_for_keys() {
    let answer = page(Fault::DataKeyedObject, "?limit=3&offset=100").await.json();
    let keys: Vec<&String> = answer["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["0", "1", "2"]);
}

#[rstest]
#[case::shifting(Fault::ShiftingPages, 251, 250)]
#[case::hole(Fault::PageHole, 249, 249)]
#[case::duplicates(Fault::DuplicateIds, 253, 250)]
#[tokio::test]
async fn a_list_can_repeat_or_skip(#[case] fault: Fault, #[case] rows: usize, #[case] contacts: usize) {
    let stage = under(fault).await;
    let (mut ids, mut offset) = (Vec::new(), 0);
    while let page = stage.get(&format!("read_client_list?limit=100&offset={offset}")).await.ids()
        && !page.is_empty()
    {
        ids.extend(page);
        offset += 100;
    }
    assert_eq!(ids.len(), rows);
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), contacts);
}

#[tokio::test]
async fn of_rows_with_one_id_the_copy_is_the_older() {
    let stage = under(Fault::DuplicateIds).await;
    let first = stage.get("read_client_list?limit=1").await.rows().remove(0);
    let copy = stage.get("read_client_list?limit=100&offset=200").await.rows().remove(50);
    assert_eq!(first["client_id"], copy["client_id"]);
    assert!(copy["last_modified_date"].as_str() < first["last_modified_date"].as_str());
}

#[tokio::test]
async fn pages_can_be_shorter_than_asked() {
    assert_eq!(page(Fault::ShortPages(7), "?limit=50").await.rows().len(), 7);
}

#[tokio::test]
async fn numbers_can_stand_for_texts() {
    let row = page(Fault::NumbersForText, "").await.rows().remove(0);
    assert!(row["client_id"].is_number() && row["contact_type"].is_number() && row["city"].is_string());
}

#[tokio::test]
async fn rows_can_be_no_objects_or_lack_their_id() {
    let rows = page(Fault::RowsNotObjects, "").await.rows();
    assert_eq!(rows.iter().filter(|row| !row.is_object()).count(), 33);
    let rows = page(Fault::RowsWithoutId(60), "").await.rows();
    assert_eq!(rows.iter().filter(|row| row.get("client_id").is_none()).count(), 60);
    let second = page(Fault::RowsWithoutId(130), "?offset=100").await.rows();
    assert_eq!(second.iter().filter(|row| row.get("client_id").is_none()).count(), 30);
}

#[rstest]
#[case::labelled(Fault::Gzip, Some("gzip"))]
#[case::unlabelled(Fault::GzipUnlabelled, None)]
#[tokio::test]
async fn an_answer_can_be_packed(#[case] fault: Fault, #[case] label: Option<&str>) {
    let answer = page(fault, "").await;
    assert_eq!(answer.header("content-encoding"), label);
    let mut body = String::new();
    GzDecoder::new(&answer.body[..]).read_to_string(&mut body).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["data"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_bomb_is_small_on_the_wire() {
    let answer = page(Fault::GzipBomb, "").await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.len() < 3 << 20);
}

#[tokio::test]
async fn a_field_can_be_huge_deep_or_not_utf8() {
    let huge = page(Fault::HugeField(3_000_000), "?limit=2").await;
    assert_eq!(huge.rows()[0]["whiteboard"].as_str().unwrap().len(), 3_000_000);
    let deep = page(Fault::DeepJson(9_000), "?limit=2").await.text();
    assert!(deep.contains(&"[".repeat(9_000)) && deep.contains(&"]".repeat(9_000)));
    let torn = page(Fault::InvalidUtf8, "?limit=2").await;
    assert!(std::str::from_utf8(&torn.body).is_err());
    assert!(torn.text().contains("caf\u{FFFD}"));
}

#[tokio::test]
async fn a_stopped_server_is_gone_and_can_come_back_at_its_address() {
    let stage = under(Fault::Html).await;
    let (caller, addr) = (stage.caller(0), stage.server.addr());
    let mut idle = caller.open("GET", "/v2/api/read_user_list", "").await.unwrap();
    stage.server.stop().await;
    let mut bytes = Vec::new();
    let _ = timeout(Duration::from_secs(2), idle.read_to_end(&mut bytes)).await.unwrap();
    assert_eq!(caller.try_get("read_user_list").await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let again = stage.simulator.listen(addr).await.unwrap();
    assert_eq!(caller.get("read_user_list").await.status, 200);
    drop(again);
}
