//! Reads one list to its end and saves every response before anything is decoded.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tetherboard_clienttether::{Client, ListRequest, Page, Pages, RawRow, ReadOutcome, UnreadableResponse};
use tetherboard_domain::{Clock, DatasetStatus, FaultClass, RunId};
use tetherboard_store::leases::{self, SyncLease};
use tetherboard_store::runs::{self, DatasetReport, RunError};
use tetherboard_store::snapshots::{RawResponse, Recorder, RowNo};
use tetherboard_store::{Store, Tx, data_quality};

use crate::completeness::{SecondPass, needs_second_pass, problem};
use crate::data_quality::Oddities;
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

/// The rows of a read in order, and what the read proves.
pub(crate) struct CapturedList<P> {
    pub(crate) rows: ReadRows<P>,
    /// Whether the read was complete, so that a missing record may be gone.
    pub(crate) complete: bool,
    /// Whether the read was complete except for a page of which more than half was skipped.
    pub(crate) has_bad_page: bool,
    /// What the read showed to be odd about the list; `None` if it says nothing about that.
    pub(crate) oddities: Option<Oddities>,
}

/// One pass over a list.
struct Pass {
    rows: ReadRows<()>,
    outcome: ReadOutcome,
    has_bad_page: bool,
}

const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

impl ListCapture<'_> {
    /// Reads until the list ends or fails, and once more if its total or its end says that rows are missing. Counts and faults go
    /// into `report`.
    ///
    /// # Errors
    /// If the lease is lost. A fault of the CRM is not an error.
    pub(crate) async fn read<R: ListRequest>(
        &self,
        client: &Client,
        request: R,
        report: &mut DatasetReport,
    ) -> Result<CapturedList<()>, SyncError> {
        let (conn, tenant, dataset) = (self.store.conn(), self.lease.tenant(), report.dataset);
        let accepted = data_quality::accepted_shortfall(conn, tenant, dataset).await?;
        let skipped = data_quality::skipped_rows(conn, tenant, dataset).await?;
        let known_skipped = skipped.iter().filter(|(_, row)| row.accepted).map(|((_, row_no), _)| *row_no).collect();
        let mut recorder = Recorder::new(conn, tenant, self.run.clone(), dataset).await?;
        let mut first = self.pass(client.pages(request.clone()), &mut recorder, &known_skipped, report).await?;
        let mut second = None;
        if needs_second_pass(&first.outcome, accepted) {
            report.read = 0;
            second = Some(self.pass(client.pages_again(request), &mut recorder, &known_skipped, report).await?);
            report.read = report.read.max(count(first.outcome.rows));
        }
        flush(self.store, self.lease, &mut recorder).await?;
        let is_fault = first.outcome.fault.is_some();
        let problem = {
            let compared = second.as_ref().map(|pass| SecondPass::of(&pass.outcome, &first.rows.ids(), &pass.rows.ids()));
            problem(&first.outcome, compared.as_ref(), accepted)
        };
        let oddities = Oddities::of(&first.outcome, second.is_some());
        let mut has_bad_page = first.has_bad_page;
        if let Some(second) = second {
            first.rows.append(second.rows);
            has_bad_page |= second.has_bad_page;
        }
        let complete = problem.is_none() && !has_bad_page;
        has_bad_page &= problem.is_none();
        set_status(problem, is_fault, has_bad_page, report);
        Ok(CapturedList { rows: first.rows, complete, has_bad_page, oddities: Some(oddities) })
    }

    /// Reads until the list ends or fails, and saves every response. Counts go into `report`.
    async fn pass(
        &self,
        mut pages: Pages,
        recorder: &mut Recorder,
        known_skipped: &HashSet<RowNo>,
        report: &mut DatasetReport,
    ) -> Result<Pass, SyncError> {
        let mut rows = ReadRows::default();
        let mut last_progress = Instant::now();
        let mut has_bad_page = false;
        while let Some(page) = pages.next().await {
            let row_nos = save_page(self.store, recorder, &page).await?;
            has_bad_page |= is_bad(&page, &row_nos, known_skipped);
            for (row, row_no) in page.rows.iter().zip(row_nos) {
                rows.push(row_no, (), row.id.as_deref().map(|id| self.fingerprints.of(id)));
            }
            report.pages += 1;
            report.read += count(page.rows.len());
            report.expected = page.envelope.total.map(|total| i64::try_from(total).unwrap_or(i64::MAX)).max(report.expected);
            if recorder.is_full() {
                flush(self.store, self.lease, recorder).await?;
            }
            if last_progress.elapsed() >= PROGRESS_INTERVAL {
                last_progress = Instant::now();
                runs::report(self.store.conn(), self.lease.tenant(), self.run, report, self.clock.now_ms()).await?;
            }
        }
        let outcome = pages.finish();
        save_unreadable(self.store, recorder, outcome.unreadable.as_ref()).await?;
        report.retries += count(outcome.retries);
        Ok(Pass { rows, outcome, has_bad_page })
    }
}

/// Sets the status and error of a read.
fn set_status(problem: Option<RunError>, is_fault: bool, has_bad_page: bool, report: &mut DatasetReport) {
    const BAD_PAGE: &str = "more than half of the rows of a page are not records; its other rows were saved";
    let bad_page = has_bad_page.then(|| RunError::new(FaultClass::Body, BAD_PAGE));
    report.error = problem.or(bad_page);
    report.status = match &report.error {
        None => DatasetStatus::Succeeded,
        Some(_) if is_fault && report.read == 0 => DatasetStatus::Failed,
        Some(_) => DatasetStatus::Partial,
    };
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

/// Whether more than half of a page's rows must be skipped, not counting those that a complete read has shown before.
fn is_bad(page: &Page, row_nos: &[RowNo], known_skipped: &HashSet<RowNo>) -> bool {
    let is_new = |(row, row_no): &(&RawRow, &RowNo)| row.id.is_none() && !known_skipped.contains(row_no);
    page.rows.iter().zip(row_nos).filter(is_new).count() * 2 > page.rows.len()
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
