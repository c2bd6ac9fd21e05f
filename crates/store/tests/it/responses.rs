//! Responses in the CRM's format: builders, storing them as a run does, and reading them back.

use std::ops::Range;

use sea_orm::{ConnectionTrait, Statement};
use tetherboard_domain::{Dataset, EpochMs, RunId, TenantId, Trigger};
use tetherboard_store::runs;
use tetherboard_store::snapshots::{self, RawResponse, Recorder, RowNo};
use tetherboard_testkit::TestDatabase;

use crate::rows::NOW_MS;

/// A body and the byte ranges of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: Vec<Range<usize>>,
}

/// A page in the CRM's format.
pub(crate) fn page(rows: &[String]) -> Body {
    let mut body = Body { bytes: br#"{"status":"ok","data":["#.to_vec(), rows: Vec::new() };
    for (i, row) in rows.iter().enumerate() {
        body.bytes.extend_from_slice(if i == 0 { b"" } else { b",\n" });
        let start = body.bytes.len();
        body.bytes.extend_from_slice(row.as_bytes());
        body.rows.push(start..body.bytes.len());
    }
    body.bytes.extend_from_slice(b"]}\n");
    body
}

pub(crate) fn pages(rows: &[String]) -> Vec<Body> {
    rows.chunks(100).map(page).collect()
}

pub(crate) fn contacts(numbers: Range<usize>) -> Vec<String> {
    numbers
        .map(|i| format!(r#"{{"client_id":"{i}","first_name":"Nobody {}","note":"{:x}"}}"#, i % 17, i * 2_654_435_761))
        .collect()
}

pub(crate) fn unsplit(bytes: &[u8]) -> Body {
    Body { bytes: bytes.to_vec(), rows: Vec::new() }
}

/// A response with its metadata.
#[derive(Clone, Debug)]
pub(crate) struct SampleResponse {
    pub(crate) request: String,
    pub(crate) offset: usize,
    pub(crate) at_ms: EpochMs,
    pub(crate) http_status: u16,
    pub(crate) body: Body,
}

impl SampleResponse {
    pub(crate) fn response(&self) -> RawResponse<'_> {
        let Self { request, offset, at_ms, http_status, body } = self;
        RawResponse { request, offset: *offset, at_ms: *at_ms, http_status: *http_status, body: &body.bytes, rows: &body.rows }
    }
}

pub(crate) fn sample_responses(bodies: &[Body]) -> Vec<SampleResponse> {
    let sample = |(i, body): (usize, &Body)| SampleResponse {
        request: "contacts".to_owned(),
        offset: i * 100,
        at_ms: NOW_MS,
        http_status: 200,
        body: body.clone(),
    };
    bodies.iter().enumerate().map(sample).collect()
}

/// Stores bodies as the contacts of a new run. Returns the row numbers of each body.
pub(crate) async fn keep(db: &TestDatabase, tenant: TenantId, bodies: &[Body]) -> (RunId, Vec<Vec<RowNo>>) {
    let run = runs::start(db.store.conn(), tenant, Trigger::Schedule, NOW_MS).await.unwrap().id;
    let places = store_responses(db, tenant, &run, Dataset::Contacts, &sample_responses(bodies)).await;
    (run, places)
}

/// Stores responses as a dataset of a run. Returns the row numbers of each body.
pub(crate) async fn store_responses(
    db: &TestDatabase,
    tenant: TenantId,
    run: &RunId,
    dataset: Dataset,
    sample: &[SampleResponse],
) -> Vec<Vec<RowNo>> {
    let conn = db.store.conn();
    let mut recorder = Recorder::new(conn, tenant, run.clone(), dataset).await.unwrap();
    let mut places = Vec::new();
    for sample in sample {
        places.push(recorder.record(conn, &sample.response()).await.unwrap());
        if recorder.is_full() {
            flush(db, &mut recorder).await;
        }
    }
    flush(db, &mut recorder).await;
    places
}

pub(crate) async fn flush(db: &TestDatabase, recorder: &mut Recorder) {
    let tx = db.store.begin().await.unwrap();
    recorder.flush(&tx).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn body(db: &TestDatabase, tenant: TenantId, run: &RunId, page_no: usize) -> Option<Vec<u8>> {
    let page_no = i64::try_from(page_no).unwrap();
    snapshots::body(db.store.conn(), tenant, run, Dataset::Contacts, page_no).await.unwrap()
}

pub(crate) async fn assert_all_come_back(db: &TestDatabase, tenant: TenantId, run: &RunId, bodies: &[Body]) {
    for (i, kept) in bodies.iter().enumerate() {
        assert!(body(db, tenant, run, i).await.unwrap() == kept.bytes, "body {i} was stored differently");
    }
    assert_eq!(body(db, tenant, run, bodies.len()).await, None);
}

/// The number of frames and raw rows, and the bytes of frames and layouts.
pub(crate) async fn stored(db: &TestDatabase) -> [i64; 3] {
    let mut found = [0; 3];
    let questions = [
        "SELECT COUNT(*) FROM raw_frames",
        "SELECT COUNT(*) FROM raw_rows",
        "SELECT CAST(COALESCE((SELECT SUM(LENGTH(bytes)) FROM raw_frames), 0) + COALESCE((SELECT SUM(LENGTH(layout)) FROM snapshot_bodies), 0) AS BIGINT)",
    ];
    for (number, text) in found.iter_mut().zip(questions) {
        let conn = db.store.conn();
        let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), text)).await.unwrap().unwrap();
        *number = row.try_get_by_index(0).unwrap();
    }
    found
}
