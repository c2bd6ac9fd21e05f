use std::io::Write;
use std::time::{Duration, Instant};

use rstest::rstest;
use tetherboard_clienttether::{Client, IncompleteReason, Limits, ReadContacts};
use tetherboard_domain::FaultClass;

use crate::crm::{Crm, KEY, Reply, TOKEN, contacts, ids, page_of, quick, read_all};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn status(status: u16) -> Reply {
    Reply::Status { status, header: "x-a: b".into() }
}

fn code(code: &str) -> Reply {
    Reply::Json(format!(r#"{{"ResultCode":"{code}","Message":"reason"}}"#))
}

fn json(body: &str) -> Reply {
    Reply::Json(body.into())
}

fn deeply_nested() -> String {
    format!(r#"{{"ResultCode":200,"data":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000))
}

#[rstest]
#[case::unavailable(|| status(503), FaultClass::HttpStatus)]
#[case::too_many(|| status(429), FaultClass::Budget)]
#[case::unknown_error(|| code("CT_500"), FaultClass::ResultCode)]
#[case::cut_off(|| Reply::CutOff(contacts(0..100, "1")), FaultClass::Body)]
#[case::truncated_json(|| json(r#"{"ResultCode":"CT_200","data":[{"client_id""#), FaultClass::Body)]
#[case::html(|| json("<html>down</html>"), FaultClass::Body)]
#[case::empty(|| json(""), FaultClass::Body)]
#[case::no_result_code(|| json(r#"{"error":"maintenance"}"#), FaultClass::Body)]
#[case::broken_gzip(|| Reply::Bytes(gzip("{}")[..12].to_vec()), FaultClass::Body)]
#[case::reset(|| Reply::Reset, FaultClass::Network)]
#[case::hang(|| Reply::Hang, FaultClass::Timeout)]
#[case::drip(|| Reply::Drip(Duration::from_millis(20)), FaultClass::Timeout)]
#[tokio::test]
async fn a_transient_fault_is_retried(#[case] reply: fn() -> Reply, #[case] class: FaultClass) {
    let fails = move |times: usize| {
        Crm::start(move |call| if call.number < times { reply() } else { Reply::Json(page_of(call, 30, "30")) })
    };
    let limits = || Limits { total: Duration::from_millis(900), ..quick() };

    let crm = fails(2).await;
    let (pages, outcome) = read_all(&crm.client(limits()), ReadContacts::new()).await;
    assert_eq!((ids(&pages).len(), outcome.retries, outcome.complete), (30, 2, true), "{outcome:?}");

    let crm = fails(usize::MAX).await;
    let (pages, outcome) = read_all(&crm.client(limits()), ReadContacts::new()).await;
    let fault = outcome.fault.unwrap();
    assert_eq!((pages.len(), fault.class(), fault.is_permanent(), fault.attempts), (0, class, false, 4), "{fault:?}");
    assert_eq!((outcome.retries, outcome.incomplete_reason), (3, Some(IncompleteReason::Fault)));
    assert_eq!(fault.to_string(), "could not read contacts at offset 0");
    assert!(std::error::Error::source(&fault).is_some());
}

#[rstest]
#[case::not_found(|| status(404), FaultClass::HttpStatus)]
#[case::not_implemented(|| status(501), FaultClass::HttpStatus)]
#[case::refused(|| status(401), FaultClass::Credentials)]
#[case::forbidden(|| status(403), FaultClass::Credentials)]
#[case::bad_request_inside(|| code("CT_400"), FaultClass::ResultCode)]
#[case::request_not_found_inside(|| code("CT_404"), FaultClass::ResultCode)]
#[case::key_missing_inside(|| code("CT501"), FaultClass::ResultCode)]
#[case::too_deep(|| Reply::Json(deeply_nested()), FaultClass::Body)]
#[case::bomb(|| Reply::Labeled { header: "content-encoding: gzip", body: gzip(&" ".repeat(4 << 20)) }, FaultClass::Body)]
#[case::too_large(|| Reply::Json(" ".repeat(2 << 20)), FaultClass::Body)]
#[tokio::test]
async fn a_permanent_fault_is_not_retried(#[case] reply: fn() -> Reply, #[case] class: FaultClass) {
    let crm = Crm::start(move |_| reply()).await;
    let client = crm.client(Limits { max_body_bytes: 1 << 20, ..quick() });
    let (pages, outcome) = read_all(&client, ReadContacts::new()).await;
    let fault = outcome.fault.unwrap();
    assert_eq!((pages.len(), fault.class(), fault.is_permanent(), outcome.retries), (0, class, true, 0), "{fault:?}");
    assert_eq!(crm.calls().len(), 1);
}

#[tokio::test]
async fn pages_before_a_fault_are_delivered() {
    let crm = Crm::start(|call| match call.offset {
        300 => Reply::Json(r#"{"ResultCode":"CT_501","Message":"required key missing"}"#.into()),
        _ => Reply::Json(page_of(call, 1000, "1000")),
    })
    .await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!(ids(&pages), (0..300).collect::<Vec<_>>());
    let fault = outcome.fault.unwrap();
    assert_eq!((fault.offset, fault.result_code().unwrap().0, fault.message()), (300, 501, Some("required key missing")));
    let unreadable = outcome.unreadable.unwrap();
    assert_eq!(unreadable.body, r#"{"ResultCode":"CT_501","Message":"required key missing"}"#);
}

#[rstest]
#[case::labeled("content-encoding: gzip")]
#[case::unlabeled("x-a: b")]
#[tokio::test]
async fn gzip_is_decompressed_whatever_the_header_says(#[case] header: &'static str) {
    let crm = Crm::start(move |call| Reply::Labeled { header, body: gzip(&page_of(call, 250, "250")) }).await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((ids(&pages).len(), outcome.complete), (250, true));
    assert_eq!(pages[0].body, contacts(0..100, "250"));
}

#[tokio::test]
async fn a_plain_body_labeled_as_gzip_is_read() {
    let header = "content-encoding: gzip";
    let crm = Crm::start(move |call| Reply::Labeled { header, body: page_of(call, 30, "30").into_bytes() }).await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((ids(&pages).len(), outcome.complete), (30, true));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_credentials_stay() {
    let elsewhere = Crm::start(|call| Reply::Json(page_of(call, 10, "10"))).await;
    let header = format!("location: {}/read_client_list", elsewhere.base_url);
    let crm = Crm::start(move |_| Reply::Status { status: 302, header: header.clone() }).await;
    let (_, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    let fault = outcome.fault.unwrap();
    assert_eq!((fault.class(), fault.status(), fault.is_permanent()), (FaultClass::HttpStatus, Some(302), true));
    assert!(elsewhere.calls().is_empty());
    assert!(crm.calls()[0].head.contains(&format!("x-access-token: {TOKEN}")));
    assert!(crm.calls()[0].head.contains(&format!("x-web-key: {KEY}")));
}

#[tokio::test]
async fn an_unreachable_crm_is_a_network_fault() {
    let mut crm = Crm::start(|_| Reply::Hang).await;
    crm.base_url = "http://127.0.0.1:1/".into();
    let fault = crm.client(quick()).page(ReadContacts::new(), 0).await.unwrap_err();
    assert_eq!((fault.class(), fault.attempts), (FaultClass::Network, 4));
}

#[tokio::test]
async fn a_slow_response_is_read_as_long_as_bytes_arrive() {
    let crm = Crm::start(|_| Reply::Drip(Duration::from_millis(50))).await;
    let client = crm.client(Limits { attempts: 1, idle: Duration::from_millis(500), ..quick() });
    let began = Instant::now();
    let fault = client.page(ReadContacts::new(), 0).await.unwrap_err();
    assert_eq!(fault.class(), FaultClass::Timeout);
    assert!(began.elapsed() >= Duration::from_secs(1), "the total timeout ends it, not the idle one");
}

#[tokio::test]
async fn an_unreadable_row_does_not_cost_its_page() {
    let body =
        b"{\"ResultCode\":200,\"data\":[{\"client_id\":\"1\",\"note\":\"Ren\xe9\"},{\"client_id\":\"2\",\"x\":\"\\ud800\"},7]}";
    let crm = Crm::start(|call| if call.offset == 0 { Reply::Bytes(body.to_vec()) } else { code("CT_515") }).await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((ids(&pages), outcome.rows, outcome.complete), (vec![1, 2], 3, true));
    assert_eq!(pages[0].body.as_ref(), body);
}

#[tokio::test]
async fn a_client_can_move_to_another_task() {
    fn movable<T: Clone + Send + Sync + 'static>(_: &T) {}
    let crm = Crm::start(|call| Reply::Json(page_of(call, 30, "30"))).await;
    let client: Client = crm.client(quick());
    movable(&client);
    let read = tokio::spawn(async move { read_all(&client, ReadContacts::new()).await.1.complete });
    assert!(read.await.unwrap());
}
