use std::time::Duration;

use rstest::rstest;
use tetherboard_clienttether::{Cause, IncompleteReason, Limits, ListRequest, ReadContacts, ReadStages};
use tetherboard_domain::FaultClass;

use crate::crm::{Crm, Reply, contacts, ids, page_of, quick, read_all};

#[tokio::test]
async fn pages_are_fetched_concurrently_and_returned_in_order() {
    // The earlier a page, the later its response.
    let late = |offset: usize| Duration::from_millis(40_u64.saturating_sub(offset as u64 / 50));
    let crm = Crm::start(move |call| Reply::Late(late(call.offset), page_of(call, 950, "950"))).await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;

    assert_eq!(ids(&pages), (0..950).collect::<Vec<_>>());
    assert!(pages.is_sorted_by_key(|page| page.offset));
    assert!(outcome.complete, "{outcome:?}");
    assert_eq!((outcome.pages, outcome.rows, outcome.distinct, outcome.total), (11, 950, 950, Some(950)));
    assert_eq!(crm.most_in_flight(), 4);
    assert_eq!(crm.calls().len(), 11, "no call is wasted");
}

#[tokio::test]
async fn a_page_holds_the_response_as_received() {
    let body = r#"{ "ResultCode" : "CT200", "TotalRecord":"3","data": [ {"sales_cycle_id":5} ,{"sales_cycle_id":"6"},
        "?"],"Message":"ok" }"#;
    let crm = Crm::start(|call| Reply::Json(if call.offset == 0 { body.into() } else { contacts([], "3") })).await;
    let mut pages = crm.client(quick()).pages(ReadStages::new().limit(40));
    let page = pages.next().await.unwrap();

    assert_eq!(page.body, body);
    assert_eq!((page.status, page.request.as_str()), (200, "read_sales_cycle_list?limit=40&offset=0"));
    assert_eq!((page.envelope.total, page.envelope.message.as_str()), (Some(3), "ok"));
    let rows: Vec<_> = page.rows.iter().map(|row| (row.id.as_deref(), page.row(row))).collect();
    let expected: [(_, &[u8]); 3] =
        [(Some("5"), br#"{"sales_cycle_id":5}"#), (Some("6"), br#"{"sales_cycle_id":"6"}"#), (None, br#""?""#)];
    assert_eq!(rows, expected);
    let between: Vec<_> = page.gaps().skip(1).take(2).collect();
    assert_eq!(between, [b" ,".as_slice(), b",\n        "]);
    assert_eq!(crm.calls()[0].path, "/v2/api/read_sales_cycle_list?limit=40&offset=0");
}

#[tokio::test]
async fn after_a_short_page_offsets_advance_by_rows_received() {
    // The third page omits twenty rows, as if they were hidden.
    let crm = Crm::start(|call| {
        let to = if call.offset == 200 { 280 } else { call.offset + 100 };
        Reply::Json(contacts(call.offset..to.min(600), "600"))
    })
    .await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;

    let offsets: Vec<_> = pages.iter().map(|page| page.offset).collect();
    assert_eq!(offsets, [0, 100, 200, 280, 380, 480, 580, 600]);
    assert_eq!(ids(&pages), (0..600).collect::<Vec<_>>());
    assert!(outcome.complete);
}

#[tokio::test]
async fn a_contact_repeated_across_pages_counts_once() {
    // A lead is added at the front after the first page, so every later page begins with a row from the page before it.
    let crm = Crm::start(|call| {
        let shift = usize::from(call.number > 0);
        let (from, to) = (call.offset.min(250 + shift), (call.offset + 100).min(250 + shift));
        Reply::Json(contacts((from..to).map(|at| (at + 1000) - shift), if shift == 0 { "250" } else { "251" }))
    })
    .await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;

    assert_eq!((outcome.rows, outcome.distinct), (251, 250));
    assert_eq!(ids(&pages), (1000..1250).collect::<Vec<_>>());
    assert!(pages[1].rows[0].repeated);
    assert_eq!(
        outcome.incomplete_reason,
        Some(IncompleteReason::ShortOfTotal { distinct: 250, total: 251 }),
        "one lead was missed"
    );
}

#[rstest]
#[case::correct("\"250\"", Some(250), true, 4)]
#[case::missing("null", None, true, 4)]
#[case::nonsense("\"many\"", None, true, 4)]
#[case::negative("-1", None, true, 4)]
#[case::too_small("3", Some(3), true, 4)]
#[case::too_large("900", Some(900), false, 5)]
#[case::far_too_large("18446744073709551615", Some(u64::MAX), false, 5)]
#[tokio::test]
async fn a_wrong_total_never_hides_rows(
    #[case] total: &'static str,
    #[case] read: Option<u64>,
    #[case] complete: bool,
    #[case] pages: usize,
) {
    let crm = Crm::start(move |call| Reply::Json(page_of(call, 250, total))).await;
    let (all, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;

    assert_eq!(ids(&all), (0..250).collect::<Vec<_>>());
    assert_eq!((outcome.total, outcome.complete, outcome.pages), (read, complete, pages));
    assert!(crm.calls().len() <= 10, "{:?}", crm.offsets());
}

#[rstest]
#[case::no_record_found(r#"{"ResultCode":"CT_515","Message":"No record found"}"#)]
#[case::with_blank_data(r#"{"ResultCode":"CT515","data":""}"#)]
#[case::success_without_data(r#"{"ResultCode":"CT_200","TotalRecord":"0"}"#)]
#[tokio::test]
async fn an_empty_list_is_complete(#[case] body: &'static str) {
    let crm = Crm::start(move |_| Reply::Json(body.into())).await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((pages.len(), outcome.rows, outcome.complete), (1, 0, true));
    assert_eq!(crm.offsets(), [0]);
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_asked_few_times() {
    let crm = Crm::start(|_| Reply::Json(contacts(0..100, "4312"))).await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((pages.len(), outcome.distinct), (3, 100), "one more page, since rows are missing");
    assert_eq!(outcome.incomplete_reason, Some(IncompleteReason::ShortOfTotal { distinct: 100, total: 4312 }));
}

#[tokio::test]
async fn a_server_that_ignores_the_limit_is_read_once() {
    let crm = Crm::start(|call| Reply::Json(contacts(call.offset..1000, "1000"))).await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((ids(&pages).len(), outcome.complete), (1000, true));
    assert_eq!(crm.offsets(), [0, 100, 1000]);
}

/// The server adds rows that are not records to each page, but its offsets count only records.
#[tokio::test]
async fn rows_that_offsets_do_not_count_hide_no_record() {
    let crm = Crm::start(|call| {
        let page = page_of(call, 750, "750");
        Reply::Json(page.replacen("\"data\":[", "\"data\":[null,7,", 1).replace(",]", "]"))
    })
    .await;
    let (pages, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!(ids(&pages), (0..750).collect::<Vec<_>>());
    assert!(outcome.complete, "{outcome:?}");
}

#[tokio::test]
async fn records_that_a_list_contains_twice_are_counted() {
    // The last thirty rows are the first thirty again.
    let crm =
        Crm::start(|call| Reply::Json(contacts((call.offset..(call.offset + 100).min(250)).map(|at| at % 220), "250"))).await;
    let (_, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((outcome.listed, outcome.distinct, outcome.repeated), (250, 220, 30));
    assert_eq!(outcome.incomplete_reason, Some(IncompleteReason::ShortOfTotal { distinct: 220, total: 250 }));
}

/// The last page contains nothing new, but is within the total.
#[tokio::test]
async fn a_last_page_of_repeated_records_belongs_to_the_list() {
    let crm =
        Crm::start(|call| Reply::Json(contacts((call.offset..(call.offset + 100).min(250)).map(|at| at % 200), "250"))).await;
    let (_, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((outcome.listed, outcome.distinct, outcome.repeated), (250, 200, 50));
}

/// Beyond its end, the CRM returns the last rows again.
#[tokio::test]
async fn rows_beyond_the_total_do_not_belong_to_the_list() {
    let crm = Crm::start(|call| {
        let from = call.offset.min(200);
        Reply::Json(contacts(from..(from + 100).min(250), "250"))
    })
    .await;
    let (_, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((outcome.listed, outcome.distinct, outcome.repeated), (250, 250, 0));
}

#[tokio::test]
async fn a_second_read_has_other_page_boundaries() {
    let crm = Crm::start(|call| Reply::Json(page_of(call, 250, "250"))).await;
    let client = crm.client(quick());
    let mut pages = client.pages_again(ReadContacts::new());
    while pages.next().await.is_some() {}
    assert!(pages.finish().complete);
    assert!(crm.calls().iter().all(|call| call.path.contains("limit=90")), "{:?}", crm.offsets());
}

#[tokio::test]
async fn repeated_rows_without_an_id_do_not_prolong_a_read() {
    let rows_from = |from: usize| (0..100).map(|n| format!(r#"{{"n":{}}}"#, n + from)).collect::<Vec<_>>().join(",");
    let crm =
        Crm::start(move |call| Reply::Json(format!(r#"{{"ResultCode":"CT_200","data":[{}]}}"#, rows_from(call.offset.min(100)))))
            .await;
    let (_, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!((outcome.pages, outcome.distinct, outcome.complete), (3, 200, false));
}

#[tokio::test]
async fn a_list_without_an_end_is_a_fault() {
    let crm = Crm::start(|call| Reply::Json(page_of(call, usize::MAX, "null"))).await;
    let limits = Limits { max_pages: 12, ..quick() };
    let (pages, outcome) = read_all(&crm.client(limits), ReadContacts::new()).await;
    assert_eq!((pages.len(), outcome.incomplete_reason), (12, Some(IncompleteReason::Fault)));
    let fault = outcome.fault.unwrap();
    assert!(matches!(fault.cause, Cause::TooManyPages(12)));
    assert_eq!((fault.class(), fault.is_permanent()), (FaultClass::Body, true));
}

#[tokio::test]
async fn an_abandoned_read_is_not_complete() {
    let crm = Crm::start(|call| Reply::Json(page_of(call, 950, "950"))).await;
    let mut pages = crm.client(quick()).pages(ReadContacts::new());
    pages.next().await.unwrap();
    assert_eq!(pages.finish().incomplete_reason, Some(IncompleteReason::Abandoned));
}

#[tokio::test]
async fn next_is_cancel_safe() {
    let crm = Crm::start(|call| Reply::Late(Duration::from_millis(60), page_of(call, 50, "50"))).await;
    let mut pages = crm.client(quick()).pages(ReadContacts::new());
    assert!(tokio::time::timeout(Duration::from_millis(10), pages.next()).await.is_err());
    assert_eq!(pages.next().await.unwrap().rows.len(), 50);
    assert_eq!(crm.offsets()[0], 0);
    assert!(pages.next().await.unwrap().rows.is_empty());
    assert!(pages.next().await.is_none());
    assert_eq!(crm.calls().len(), 2, "{}", ReadContacts::PATH);
}
