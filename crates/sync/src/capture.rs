//! Reads one list to its end and saves every response before anything is decoded.

use std::time::{Duration, Instant};

use tetherboard_clienttether::{Client, IncompleteReason, ListRequest, Page, Pages, ReadOutcome, UnreadableResponse};
use tetherboard_domain::{Clock, DatasetStatus, FaultClass, RunId};
use tetherboard_store::leases::{self, SyncLease};
use tetherboard_store::runs::{self, DatasetReport, RunError};
use tetherboard_store::snapshots::{RawResponse, Recorder, RowNo};
use tetherboard_store::{Store, Tx};

use crate::dedup::{Fingerprints, ReadRows};
use crate::report::chain;
use crate::run::SyncError;

/// Saves the responses of one dataset under a lease.
pub(crate) struct ListCapture<'a> {
    pub(crate) store: &'a Store,
    pub(crate) clock: &'a Clock,
    pub(crate) lease: &'a SyncLease,
    pub(crate) run: &'a RunId,
    pub(crate) fingerprints: &'a Fingerprints,
}

/// The rows of a read in order, and whether the read was complete.
pub(crate) struct CapturedList<P> {
    pub(crate) rows: ReadRows<P>,
    pub(crate) complete: bool,
}

const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

impl ListCapture<'_> {
    /// Reads until the list ends or fails. Counts and faults go into `report`.
    ///
    /// # Errors
    /// If the lease is lost. A fault of the CRM is not an error.
    pub(crate) async fn read(&self, mut pages: Pages, report: &mut DatasetReport) -> Result<CapturedList<()>, SyncError> {
        let tenant = self.lease.tenant();
        let mut recorder = Recorder::new(self.store.conn(), tenant, self.run.clone(), report.dataset).await?;
        let mut rows = ReadRows::default();
        let mut last_progress = Instant::now();
        let mut has_bad_page = false;
        while let Some(page) = pages.next().await {
            let row_nos = save_page(self.store, &mut recorder, &page).await?;
            for (row, row_no) in page.rows.iter().zip(row_nos) {
                rows.push(row_no, (), row.id.as_deref().map(|id| self.fingerprints.of(id)));
            }
            has_bad_page |= is_bad(&page);
            report.pages += 1;
            report.read += count(page.rows.len());
            report.expected = page.envelope.total.map(|total| i64::try_from(total).unwrap_or(i64::MAX)).max(report.expected);
            if recorder.is_full() {
                flush(self.store, self.lease, &mut recorder).await?;
            }
            if last_progress.elapsed() >= PROGRESS_INTERVAL {
                last_progress = Instant::now();
                runs::report(self.store.conn(), tenant, self.run, report, self.clock.now_ms()).await?;
            }
        }
        let outcome = pages.finish();
        save_unreadable(self.store, &mut recorder, outcome.unreadable.as_ref()).await?;
        flush(self.store, self.lease, &mut recorder).await?;
        Ok(CapturedList { complete: judge(outcome, has_bad_page, report), rows })
    }
}

/// Sets the status and error of a read. Returns whether the read was complete, so that a missing record may be gone.
fn judge(outcome: ReadOutcome, has_bad_page: bool, report: &mut DatasetReport) -> bool {
    report.retries += count(outcome.retries);
    if let Some(error) = &outcome.fault {
        report.status = if report.read == 0 { DatasetStatus::Failed } else { DatasetStatus::Partial };
        report.error = Some(client_error(error));
        return false;
    }
    let problem = match outcome.incomplete_reason {
        _ if has_bad_page => Some("a page contained rows that are not records; its other rows were saved".to_owned()),
        _ if outcome.complete => None,
        Some(IncompleteReason::RepeatedPage) => {
            Some(format!("the list kept returning the same page; it gave {} records", outcome.distinct))
        }
        _ => Some(format!("the list ended after {} of {} records", outcome.distinct, outcome.total.unwrap_or_default())),
    };
    report.status = if problem.is_none() { DatasetStatus::Succeeded } else { DatasetStatus::Partial };
    let is_complete = problem.is_none();
    if let Some(problem) = problem {
        report.error = Some(RunError::new(FaultClass::Body, problem));
    }
    is_complete
}

/// Saves a response that is not a page.
pub(crate) async fn save_unreadable(
    store: &Store,
    recorder: &mut Recorder,
    unreadable: Option<&UnreadableResponse>,
) -> Result<(), SyncError> {
    if let Some(response) = unreadable {
        let raw = RawResponse {
            request: &response.request,
            offset: response.offset,
            at_ms: response.received_at.into(),
            http_status: response.status,
            body: &response.body,
            rows: &[],
        };
        recorder.record(store.conn(), &raw).await?;
    }
    Ok(())
}

/// Saves a page; returns the numbers of its rows in order.
pub(crate) async fn save_page(store: &Store, recorder: &mut Recorder, page: &Page) -> Result<Vec<RowNo>, SyncError> {
    let spans: Vec<_> = page.rows.iter().map(|row| row.span.clone()).collect();
    let raw = RawResponse {
        request: &page.request,
        offset: page.offset,
        at_ms: page.received_at.into(),
        http_status: page.status,
        body: &page.body,
        rows: &spans,
    };
    Ok(recorder.record(store.conn(), &raw).await?)
}

/// Commits what the recorder holds.
///
/// # Errors
/// If the lease is lost.
pub(crate) async fn flush(store: &Store, lease: &SyncLease, recorder: &mut Recorder) -> Result<(), SyncError> {
    let tx = begin(store, lease).await?;
    recorder.flush(&tx).await?;
    Ok(Store::commit(tx).await?)
}

/// Begins a write transaction that checks the lease and keeps it until the transaction ends.
///
/// # Errors
/// If the lease is lost.
pub(crate) async fn begin(store: &Store, lease: &SyncLease) -> Result<Tx, SyncError> {
    let tx = store.begin().await?;
    if leases::holds(&tx, lease).await? { Ok(tx) } else { Err(SyncError::LeaseLost) }
}

/// Whether a page has a row that is not an object, or more than half of its rows without an ID.
fn is_bad(page: &Page) -> bool {
    let has_non_object = page.rows.iter().any(|row| page.row(row).first() != Some(&b'{'));
    let without_id = page.rows.iter().filter(|row| row.id.is_none()).count();
    has_non_object || without_id * 2 > page.rows.len()
}

/// A failed request as it is stored with the run.
pub(crate) fn client_error(error: &tetherboard_clienttether::Error) -> RunError {
    let (request, retry_after) = (Some(error.path.clone()), error.retry_after());
    RunError { request, retry_after, ..RunError::new(error.class(), chain(error)) }
}

/// A number of items as the store counts them.
pub(crate) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Requests the first page of a list once, to see whether the CRM responds.
pub(crate) async fn probe_list<R: ListRequest>(client: &Client, request: R) -> Result<(), RunError> {
    client.single_try().page(request, 0).await.map(|_| ()).map_err(|error| client_error(&error))
}
