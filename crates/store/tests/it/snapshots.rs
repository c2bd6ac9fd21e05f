use proptest::collection::vec;
use proptest::prelude::*;
use rstest::rstest;
use tetherboard_domain::{Dataset, EpochMs, RunId, Trigger};
use tetherboard_store::runs;
use tetherboard_store::snapshots::{self, RawResponse, Recorder, RowReader};
use tetherboard_testkit::Kind::{self, *};

use crate::responses::{
    Body, SampleResponse, assert_all_come_back, body, contacts, keep, page, pages, store_responses, stored, unsplit,
};
use crate::rows::{NOW_MS, harbor};

#[rstest]
#[tokio::test]
async fn every_body_is_stored_byte_for_byte(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let mut bodies = pages(&contacts(0..950));
    bodies.extend([
        unsplit(b"<html>502 Bad Gateway</html>"),
        unsplit(b""),
        unsplit(&[0, 159, 146, 150, 0]),
        page(&[]),
        page(&["{}".to_owned(), "{}".to_owned(), " ".to_owned(), String::new(), "{}".to_owned()]),
        Body { bytes: b"{}".to_vec(), rows: std::iter::once(0..2).collect() },
    ]);
    let (run, _) = keep(&db, tenant, &bodies).await;
    assert_all_come_back(&db, tenant, &run, &bodies).await;
}

#[rstest]
#[tokio::test]
async fn responses_are_read_in_order_with_their_metadata(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    // Three full flushes, one with a single response, and two whose frames fill up early.
    let small = (0..301).map(|i| page(&contacts(i..i + i % 3)));
    let large = (0..3).map(|i| page(&[format!("{{\"id\":{i},\"text\":\"{}\"}}", "x".repeat(300_000))]));
    let bodies: Vec<Body> = small.chain(large).chain([unsplit(b"\xff<html>")]).collect();
    let requests = ["", "contacts?limit=100", "notes/%C3%89?limit=50&offset=0", "é\n\"'\\ 𝔽"];
    let times = [EpochMs(0), NOW_MS, NOW_MS + 40, NOW_MS - 3_600_000, EpochMs(-1), EpochMs(i64::MAX / 2), EpochMs(i64::MIN / 2)];
    let sample: Vec<SampleResponse> = (bodies.into_iter().enumerate())
        .map(|(i, body)| SampleResponse {
            request: if i % 5 == 4 { format!("notes/{}", i * 7) } else { requests[i % requests.len()].to_owned() },
            offset: [0, 100, i, 4_294_967_296][i % 4],
            at_ms: times[i % times.len()],
            http_status: [200, 502, 0, u16::MAX][i % 4],
            body,
        })
        .collect();
    let run = runs::start(conn, tenant, Trigger::Schedule, NOW_MS).await.unwrap().id;
    let places = store_responses(&db, tenant, &run, Dataset::Notes, &sample).await;

    let kept = snapshots::pages(conn, tenant, &run, Dataset::Notes).await.unwrap();
    assert_eq!(kept.len(), sample.len());
    for (i, (page, sample)) in kept.iter().zip(&sample).enumerate() {
        let page_no = i64::try_from(i).unwrap();
        let actual = (page.page_no, &page.request, page.offset, page.at_ms, page.http_status);
        assert_eq!(actual, (page_no, &sample.request, sample.offset, sample.at_ms, sample.http_status));
        assert_eq!(snapshots::page(conn, tenant, &run, Dataset::Notes, page_no).await.unwrap().as_ref(), Some(page));
        assert_eq!(snapshots::row_nos(conn, tenant, page).await.unwrap(), places[i]);
        let bytes = snapshots::body(conn, tenant, &run, Dataset::Notes, page_no).await.unwrap();
        assert!(bytes.as_deref() == Some(&*sample.body.bytes), "body {i} was stored differently");
    }
    for page_no in [-1, i64::try_from(sample.len()).unwrap(), i64::MAX] {
        assert_eq!(snapshots::page(conn, tenant, &run, Dataset::Notes, page_no).await.unwrap(), None);
        assert_eq!(snapshots::body(conn, tenant, &run, Dataset::Notes, page_no).await.unwrap(), None);
    }
    assert!(snapshots::pages(conn, tenant, &run, Dataset::Contacts).await.unwrap().is_empty());
    let other = RunId("another".to_owned());
    assert!(snapshots::pages(conn, tenant, &other, Dataset::Notes).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn rows_in_several_frames_can_be_read_one_by_one(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let long: Vec<String> = (0..2_000).map(|i| format!("{{\"id\":{i},\"text\":\"{}\"}}", "x".repeat(1_000))).collect();
    let bodies = pages(&long);
    let (run, places) = keep(&db, tenant, &bodies).await;
    let [frames, rows, _] = stored(&db).await;
    assert!((4..=5).contains(&frames) && rows == 2_000, "{frames} frames, {rows} rows");
    assert_all_come_back(&db, tenant, &run, &bodies).await;
    let mut reader = RowReader::new(tenant);
    // Backward and twice, with more frames than the reader caches.
    for (place, row) in places.concat().iter().zip(&long).rev().step_by(97).chain(places.concat().iter().zip(&long).step_by(97)) {
        assert_eq!(reader.row(db.store.conn(), *place).await.unwrap(), row.as_bytes());
    }
}

#[rstest]
#[tokio::test]
async fn an_identical_run_adds_no_frame_and_no_byte_of_a_body(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let bodies = pages(&contacts(0..1_000));
    let (_, places) = keep(&db, tenant, &bodies).await;
    let before = stored(&db).await;
    let (run, again) = keep(&db, tenant, &bodies).await;
    assert_eq!(stored(&db).await, before);
    assert_eq!(again, places);
    assert_all_come_back(&db, tenant, &run, &bodies).await;
}

#[rstest]
#[tokio::test]
async fn a_list_shifted_by_one_new_lead_stores_only_that_lead_and_small_layouts(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let mut rows = contacts(0..3_000);
    let (first_run, places) = keep(&db, tenant, &pages(&rows)).await;
    let [frames, raw_rows, bytes] = stored(&db).await;
    rows.insert(0, r#"{"client_id":"9999","first_name":"New"}"#.to_owned());
    let shifted = pages(&rows);
    let (run, shifted_places) = keep(&db, tenant, &shifted).await;
    let [frames_after, raw_rows_after, bytes_after] = stored(&db).await;
    assert_eq!((frames_after - frames, raw_rows_after - raw_rows), (1, 1));
    let added = bytes_after - bytes;
    assert!(added < 31 * 80, "31 shifted pages added {added} bytes to {bytes}");
    assert_eq!(shifted_places.concat()[1..], places.concat());
    assert_all_come_back(&db, tenant, &run, &shifted).await;
    assert_all_come_back(&db, tenant, &first_run, &pages(&rows[1..])).await;
}

#[rstest]
#[tokio::test]
async fn a_row_repeated_within_a_run_is_stored_once(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let one = contacts(7..8).remove(0);
    let bodies = [page(&[one.clone(), one.clone()]), page(std::slice::from_ref(&one))];
    let (run, places) = keep(&db, tenant, &bodies).await;
    let [_, raw_rows, _] = stored(&db).await;
    assert_eq!(raw_rows, 1);
    assert_eq!(places, [vec![places[0][0]; 2], vec![places[0][0]]]);
    assert_all_come_back(&db, tenant, &run, &bodies).await;
}

#[rstest]
#[tokio::test]
async fn equal_rows_of_two_tenants_are_stored_separately(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    let bodies = pages(&contacts(0..10));
    let (run, _) = keep(&db, harbor, &bodies).await;
    let (other_run, _) = keep(&db, tidewater, &bodies).await;
    assert_eq!(stored(&db).await[1], 20);
    assert_all_come_back(&db, tidewater, &other_run, &bodies).await;
    assert_eq!(body(&db, tidewater, &run, 0).await, None);
}

#[rstest]
#[tokio::test]
async fn a_rolled_back_flush_stores_nothing(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let run = runs::start(conn, tenant, Trigger::Schedule, NOW_MS).await.unwrap().id;
    let mut recorder = Recorder::new(conn, tenant, run.clone(), Dataset::Contacts).await.unwrap();
    let body = page(&contacts(0..10));
    let response =
        RawResponse { request: "contacts", offset: 0, at_ms: NOW_MS, http_status: 200, body: &body.bytes, rows: &body.rows };
    recorder.record(conn, &response).await.unwrap();
    let tx = db.store.begin().await.unwrap();
    recorder.flush(&tx).await.unwrap();
    drop(tx);
    assert_eq!(stored(&db).await, [0, 0, 0]);
    assert_eq!(snapshots::body(conn, tenant, &run, Dataset::Contacts, 0).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_missing_row_is_an_error_and_not_another_row(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let (_, places) = keep(&db, tenant, &pages(&contacts(0..10))).await;
    let last = *places.concat().iter().max().unwrap();
    let mut reader = RowReader::new(tenant);
    assert!(reader.row(db.store.conn(), last + 1).await.is_err());
    assert!(reader.row(db.store.conn(), last + (1 << 16)).await.is_err());
}

/// A body that could not be split when it first arrived, but can be when it arrives again.
#[rstest]
#[tokio::test]
async fn a_body_first_stored_as_text_is_split_when_it_arrives_with_rows(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let split = page(&contacts(0..3));
    keep(&db, tenant, &[unsplit(&split.bytes)]).await;
    let (run, places) = keep(&db, tenant, std::slice::from_ref(&split)).await;
    assert_eq!(places[0].len(), 3);
    assert_all_come_back(&db, tenant, &run, &[split]).await;
}

#[rstest]
#[tokio::test]
async fn a_page_with_more_rows_than_a_frame_holds_can_be_stored(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let numbers: Vec<String> = (100_000..170_000).map(|number: u32| number.to_string()).collect();
    let bodies = [page(&numbers), page(&contacts(0..10))];
    let (run, _) = keep(&db, tenant, &bodies).await;
    assert_all_come_back(&db, tenant, &run, &bodies).await;
}

/// Alternating text and rows, with repeats, empty ones, and arbitrary bytes.
fn any_body() -> impl Strategy<Value = Body> {
    let piece = || prop_oneof![vec(any::<u8>(), 0..20), Just(b"{}".to_vec()), Just(b",".to_vec()), Just(Vec::new())];
    (vec((piece(), piece()), 0..12), piece()).prop_map(|(pairs, end)| {
        let mut body = Body { bytes: Vec::new(), rows: Vec::new() };
        for (text, row) in pairs {
            body.bytes.extend(text);
            let start = body.bytes.len();
            body.bytes.extend(row);
            body.rows.push(start..body.bytes.len());
        }
        body.bytes.extend(end);
        body
    })
}

#[test]
fn any_bodies_with_rows_anywhere_round_trip() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (db, tenant) = runtime.block_on(harbor(Sqlite));
    proptest!(ProptestConfig::with_cases(60), |(bodies in vec(any_body(), 1..6))| {
        // The same bytes split differently are tested above.
        let mut bodies = bodies;
        bodies.sort_by(|a, b| a.bytes.cmp(&b.bytes));
        bodies.dedup_by(|a, b| a.bytes == b.bytes);
        runtime.block_on(async {
            let (run, _) = keep(&db, tenant, &bodies).await;
            assert_all_come_back(&db, tenant, &run, &bodies).await;
        });
    });
}
