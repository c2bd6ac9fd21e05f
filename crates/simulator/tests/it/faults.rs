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
#[case::empty_body(Fault::EmptyBody, 200, "")]
#[case::no_content(Fault::Status(204), 204, "")]
#[case::not_modified(Fault::Status(304), 304, "")]
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
async fn a_chain_of_redirects_leads_elsewhere_by_every_status() {
    let stage = under(Fault::RedirectChain { hops: 4, to: "https://elsewhere.example/".into() }).await;
    let mut walked = Vec::new();
    let mut query = "?limit=5".to_owned();
    while query.starts_with('?') {
        let answer = stage.get(&format!("read_client_list{query}")).await;
        query = answer.header("location").unwrap().to_owned();
        walked.push((answer.status, query.clone()));
    }
    let statuses: Vec<u16> = walked.iter().map(|(status, _)| *status).collect();
    assert_eq!((statuses, query.as_str()), (vec![301, 302, 303, 307, 308], "https://elsewhere.example/"));
    assert_eq!(stage.simulator.calls(0)[4].status, 308);
}

#[tokio::test]
async fn a_warning_can_stand_before_or_behind_the_right_answer() {
    let right = page(Fault::SlowMs(0), "").await.text();
    let before = page(Fault::LeadingGarbage, "").await.text();
    assert!(before.starts_with("<br />") && before.ends_with(&right), "{before:.200}");
    let behind = page(Fault::TrailingGarbage, "").await.text();
    assert!(behind.starts_with(&right) && behind.ends_with("line 214<br />\n"), "{behind:.200}");
    let marked = page(Fault::ByteOrderMark, "").await.body;
    assert_eq!(marked, ["\u{feff}".as_bytes(), right.as_bytes()].concat());
}

#[tokio::test]
async fn an_answer_can_be_in_another_encoding() {
    let latin = page(Fault::Latin1, "").await;
    assert!(std::str::from_utf8(&latin.body).is_err() && latin.body.windows(4).any(|bytes| bytes == b"Caf\xE9"));
    assert_eq!(latin.header("content-type"), Some("application/json"));
    let wide = page(Fault::Utf16, "").await;
    assert!(wide.body.starts_with(b"\xFF\xFE{\0\"\0"));
}

#[tokio::test]
async fn a_length_can_be_too_small() {
    let answer = page(Fault::ShortLength, "").await;
    let promised: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!((answer.status, answer.body.len() / promised), (200, 2));
    assert_eq!(answer.rows().len(), 100, "the rest is there");
}

#[tokio::test]
async fn a_chunk_can_end_before_it_is_complete() {
    let answer = page(Fault::CutChunks, "").await;
    let text = answer.text();
    let (size, chunk) = text.split_once("\r\n").unwrap();
    let size = usize::from_str_radix(size, 16).unwrap();
    assert_eq!((answer.status, answer.header("transfer-encoding")), (200, Some("chunked")));
    assert!(chunk.len() < size && chunk.len() > size / 2, "{} of {size}", chunk.len());
}

#[tokio::test]
async fn a_body_can_have_no_end() {
    let stage = under(Fault::EndlessBody).await;
    let mut socket = stage.caller(0).open("GET", "/v2/api/read_client_list", "").await.unwrap();
    let mut bytes = vec![0; 20 << 20];
    timeout(Duration::from_secs(20), socket.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert!(bytes[1_000..2_000].iter().all(|byte| *byte == b' '));
}

#[tokio::test]
async fn a_header_can_be_huge_and_an_answer_preceded_by_another() {
    let huge = page(Fault::HugeHeader(300_000), "").await;
    assert_eq!((huge.header("x-huge").unwrap().len(), huge.rows().len()), (300_000, 100));
    let early = page(Fault::Informational(103), "").await;
    assert_eq!(early.status, 103);
    assert!(early.text().starts_with("HTTP/1.1 200 OK\r\n") && early.text().contains("\"CT_200\""), "{:.200}", early.text());
}

#[tokio::test]
async fn another_service_can_be_there() {
    let stage = under(Fault::NotHttp).await;
    let mut socket = stage.caller(0).open("GET", "/v2/api/read_client_list", "").await.unwrap();
    let mut said = String::new();
    socket.read_to_string(&mut said).await.unwrap();
    assert_eq!((said.as_str(), stage.simulator.calls(0)[0].status), ("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", 0));
}

#[tokio::test]
async fn a_token_can_change_and_a_key_be_revoked_after_so_many_answers() {
    let stage = Stage::with(Config::plain(21, &[250, 3])).await;
    stage.simulator.fault_everything(0, Fault::rotate_token_after(2));
    let (before, other) = (stage.caller(0), stage.caller(1));
    let mut statuses = Vec::new();
    for list in ["read_user_list", "read_client_list", "read_client_list", "read_user_list"] {
        statuses.push(before.get(list).await.status);
    }
    assert_eq!(statuses, [200, 200, 401, 401]);
    assert_eq!(other.get("read_user_list").await.status, 401, "it was everybody's");
    assert_ne!(before.token, stage.simulator.access_token());
    assert_eq!(stage.get("read_user_list").await.status, 200);

    stage.simulator.fault(0, Request::Contacts, Fault::revoke_key_after(1));
    assert_eq!(stage.get("read_client_list").await.status, 200);
    assert_eq!(stage.get("read_client_list").await.status, 401);
    assert_eq!(stage.get("read_user_list").await.status, 401);
    assert_eq!(stage.caller(1).get("read_user_list").await.status, 200);
    stage.simulator.heal(0);
    stage.simulator.restore_web_key(0);
    assert_eq!(stage.get("read_client_list").await.status, 200);
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
#[case::inserted(Fault::RowsInserted, 252, 250)]
#[case::removed(Fault::RowsRemoved, 248, 248)]
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

#[rstest]
#[case::inserted(Fault::RowsInserted, [json!(250), json!(251), json!(252)])]
#[case::removed(Fault::RowsRemoved, [json!(250), json!(249), json!(248)])]
#[case::drifting(Fault::TotalDrifts(-7), [json!(250), json!(243), json!(236)])]
#[case::endless(Fault::EndlessPages, [json!(200), json!(300), json!(400)])]
#[tokio::test]
async fn a_total_can_change_from_page_to_page(#[case] fault: Fault, #[case] totals: [Value; 3]) {
    let stage = under(fault).await;
    for (page, total) in totals.into_iter().enumerate() {
        let page = stage.get(&format!("read_client_list?limit=100&offset={}", page * 100)).await.json();
        assert_eq!(page["TotalRecord"], total);
    }
}

#[tokio::test]
async fn pages_can_repeat_the_first_one_or_go_on_for_ever() {
    let stage = under(Fault::RepeatedPages).await;
    let first = stage.get("read_client_list").await.ids();
    assert_eq!(stage.get("read_client_list?offset=200").await.ids(), first);
    assert_eq!(stage.get("read_client_list?offset=100000").await.ids(), first);

    let only = page(Fault::FirstPageOnly, "?offset=100").await;
    assert_eq!((only.ids(), only.json()["TotalRecord"].clone()), (first, json!(100)));

    let stage = under(Fault::EndlessPages).await;
    let mut seen = std::collections::BTreeSet::new();
    for offset in [0, 100, 200, 250, 350, 450] {
        seen.extend(stage.get(&format!("read_client_list?offset={offset}")).await.ids());
    }
    assert_eq!(seen.len(), 550);
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

#[tokio::test]
async fn a_row_can_name_itself_twice() {
    let text = page(Fault::DuplicateKeys, "?limit=3").await.text();
    let right = page(Fault::SlowMs(0), "?limit=3").await.ids();
    let (first, second) = (format!("\"client_id\":\"{}\"", right[0]), format!("\"client_id\":\"{}\"", right[1]));
    assert!(text.find(&first) < text.find(&second), "its own id comes first");
    assert_eq!((text.matches(&second).count(), text.matches("\"firstName\":").count()), (2, 6));
}

#[rstest]
#[case::huge(Fault::HugeIds, "\"client_id\":\"9", 40)]
#[case::huge_number(Fault::HugeNumberIds, "\"client_id\":9", 40)]
#[case::number(Fault::NumberIds, "\"client_id\":", 7)]
#[case::object(Fault::ObjectIds, "\"client_id\":{\"id\":\"", 7)]
#[tokio::test]
async fn ids_can_be_written_otherwise(#[case] fault: Fault, #[case] begins: &str, #[case] digits: usize) {
    let text = page(fault, "?limit=3").await.text();
    let ids: Vec<&str> = text.match_indices("\"client_id\":").map(|(at, _)| &text[at..]).collect();
    assert_eq!(ids.len(), 3);
    for id in ids {
        assert!(id.starts_with(begins), "{id:.60}");
        let counted = id.chars().skip("\"client_id\":".len()).skip_while(|c| !c.is_ascii_digit());
        assert_eq!(counted.take_while(char::is_ascii_digit).count(), digits, "{id:.60}");
    }
}

#[rstest]
#[case::lone_surrogates(Fault::LoneSurrogates, &["\"firstName\":\"\\ud800 and \\udfff\\udc00\"", "\"whiteboard\":\"\\ud800"])]
#[case::nul(Fault::NulText, &["\"firstName\":\"nothing\\u0000nothing\""])]
#[case::control_characters(Fault::ControlCharacters, &["\"firstName\":\"one\r\ntwo\tthree\u{1}\""])]
#[case::not_a_number(Fault::BareWord("NaN".into()), &["\"deal_size\":NaN"])]
#[case::infinite(Fault::BareWord("-Infinity".into()), &["\"deal_size\":-Infinity"])]
#[case::huge_numbers(Fault::HugeNumbers, &["\"deal_size\":99999999999999999999999999"])]
#[case::far_dates(Fault::FarDates, &["\"created\":\"0001-01-01 00:00:00\"", "\"last_modified_date\":\"9999-12-31 23:59:59\""])]
#[tokio::test]
async fn the_first_row_can_hold_what_nobody_expects(#[case] fault: Fault, #[case] holds: &[&str]) {
    let text = page(fault, "").await.text();
    for words in holds {
        assert_eq!(text.matches(words).count(), 1, "{words}: {text:.900}");
    }
    assert_eq!(text.matches("\"client_id\":").count(), 100);
}

#[tokio::test]
async fn every_text_of_a_row_can_be_long() {
    let rows = page(Fault::LongTexts(3_000), "?limit=2").await.rows();
    for field in ["firstName", "email", "city", "clients_sales_cycle", "clients_lead_source"] {
        assert_eq!((rows[0][field].as_str().unwrap().len(), rows[1][field].as_str().unwrap().len() < 300), (3_000, true));
    }
    assert_eq!(rows[0]["client_id"].as_str().unwrap().len(), 7);
}

#[tokio::test]
async fn an_answer_can_be_mislabelled_or_packed_by_half() {
    let plain = page(Fault::GzipMislabelled, "").await;
    assert_eq!((plain.header("content-encoding"), plain.rows().len()), (Some("gzip"), 100));
    let half = page(Fault::GzipCut, "").await;
    assert_eq!(half.header("content-encoding"), Some("gzip"));
    let mut body = Vec::new();
    assert!(GzDecoder::new(&half.body[..]).read_to_end(&mut body).is_err() && !body.is_empty());
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
    let braces = page(Fault::DeepObjects(9_000), "?limit=2").await.text();
    assert!(braces.contains(&"{\"x\":".repeat(9_000)) && braces.contains(&"}".repeat(9_000)));
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
