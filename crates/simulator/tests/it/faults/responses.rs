//! Faults of the status, headers, and body of a response.

use std::io::Read;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_simulator::Fault;

use crate::faults::{harness_with, page};

#[rstest]
#[case::status(Fault::Status(503), 503, "<h1>")]
#[case::html(Fault::Html, 200, "<h1>")]
#[case::not_json(Fault::NotJson, 200, "<br />")]
#[case::redirect(Fault::Redirect("https://elsewhere.example/".into()), 302, "Moved")]
#[case::bare_code(Fault::ResultCode("500"), 200, "\"CT_500\"")]
#[case::verbatim_code(Fault::ResultCode("CT501"), 200, "\"CT501\"")]
#[case::empty(Fault::Empty, 200, "\"CT_515\"")]
#[case::empty_body(Fault::EmptyBody, 200, "")]
#[case::no_content(Fault::Status(204), 204, "")]
#[case::not_modified(Fault::Status(304), 304, "")]
#[tokio::test]
async fn a_fault_replaces_the_status_or_the_body(#[case] fault: Fault, #[case] status: u16, #[case] expected: &str) {
    let response = page(fault, "").await;
    assert_eq!(response.status, status);
    assert!(response.text().contains(expected), "{}", response.text());
}

#[tokio::test]
async fn retry_after_is_sent_verbatim() {
    let when = "Fri, 20 Nov 2026 10:00:00 GMT";
    let response = page(Fault::TooManyRequests { retry_after: Some(when.into()) }, "").await;
    assert_eq!((response.status, response.header("retry-after")), (429, Some(when)));
    let response = page(Fault::TooManyRequests { retry_after: None }, "").await;
    assert_eq!((response.status, response.header("retry-after")), (429, None));
}

#[tokio::test]
async fn a_redirect_has_a_location() {
    let response = page(Fault::Redirect("https://elsewhere.example/".into()), "").await;
    assert_eq!(response.header("location"), Some("https://elsewhere.example/"));
}

#[tokio::test]
async fn a_redirect_chain_uses_every_status_and_then_leaves() {
    let harness = harness_with(Fault::RedirectChain { hops: 4, to: "https://elsewhere.example/".into() }).await;
    let mut walked = Vec::new();
    let mut query = "?limit=5".to_owned();
    while query.starts_with('?') {
        let response = harness.get(&format!("read_client_list{query}")).await;
        query = response.header("location").unwrap().to_owned();
        walked.push((response.status, query.clone()));
    }
    let statuses: Vec<u16> = walked.iter().map(|(status, _)| *status).collect();
    assert_eq!((statuses, query.as_str()), (vec![301, 302, 303, 307, 308], "https://elsewhere.example/"));
    assert_eq!(harness.simulator.calls(0)[4].status, 308);
}

#[tokio::test]
async fn a_warning_or_a_byte_order_mark_surrounds_the_correct_body() {
    let correct = page(Fault::SlowMs(0), "").await.text();
    let leading = page(Fault::LeadingGarbage, "").await.text();
    assert!(leading.starts_with("<br />") && leading.ends_with(&correct), "{leading:.200}");
    let trailing = page(Fault::TrailingGarbage, "").await.text();
    assert!(trailing.starts_with(&correct) && trailing.ends_with("line 214<br />\n"), "{trailing:.200}");
    let marked = page(Fault::ByteOrderMark, "").await.body;
    assert_eq!(marked, ["\u{feff}".as_bytes(), correct.as_bytes()].concat());
}

#[tokio::test]
async fn a_body_can_be_in_another_encoding() {
    let latin = page(Fault::Latin1, "").await;
    assert!(std::str::from_utf8(&latin.body).is_err() && latin.body.windows(4).any(|bytes| bytes == b"Caf\xE9"));
    assert_eq!(latin.header("content-type"), Some("application/json"));
    let wide = page(Fault::Utf16, "").await;
    assert!(wide.body.starts_with(b"\xFF\xFE{\0\"\0"));
}

#[tokio::test]
async fn a_slow_response_is_correct_and_late() {
    let asked = Instant::now();
    let response = page(Fault::SlowMs(300), "").await;
    assert!(asked.elapsed() >= Duration::from_millis(300));
    assert_eq!(response.rows().len(), 100);
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
    let response = page(fault, "").await.json();
    assert_eq!(response["ResultCode"], "CT_200");
    assert_eq!(response.get(key), holds.as_ref());
}

#[tokio::test]
async fn data_can_be_an_object_with_numeric_keys() {
    let response = page(Fault::DataKeyedObject, "?limit=3&offset=100").await.json();
    let keys: Vec<&String> = response["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["0", "1", "2"]);
}

#[tokio::test]
async fn a_body_can_be_mislabeled_or_half_compressed() {
    let plain = page(Fault::GzipMislabeled, "").await;
    assert_eq!((plain.header("content-encoding"), plain.rows().len()), (Some("gzip"), 100));
    let half = page(Fault::GzipCut, "").await;
    assert_eq!(half.header("content-encoding"), Some("gzip"));
    let mut body = Vec::new();
    assert!(GzDecoder::new(&half.body[..]).read_to_end(&mut body).is_err() && !body.is_empty());
}

#[rstest]
#[case::labeled(Fault::Gzip, Some("gzip"))]
#[case::unlabeled(Fault::GzipUnlabeled, None)]
#[tokio::test]
async fn a_body_can_be_compressed_with_or_without_a_label(#[case] fault: Fault, #[case] label: Option<&str>) {
    let response = page(fault, "").await;
    assert_eq!(response.header("content-encoding"), label);
    let mut body = String::new();
    GzDecoder::new(&response.body[..]).read_to_string(&mut body).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["data"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_gzip_bomb_is_small_on_the_wire() {
    let response = page(Fault::GzipBomb, "").await;
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert!(response.body.len() < 3 << 20);
}
