//! Reading one list to its end and keeping every answer of it, before anything is decoded.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use tetherboard_clienttether::{IncompleteReason, ListRequest, Page, Pages, ReadOutcome, UnreadableResponse};
use tetherboard_domain::{Clock, DatasetStatus, FaultClass, RunId};
use tetherboard_store::leases::{self, SyncLease};
use tetherboard_store::runs::{self, DatasetReport, RunError};
use tetherboard_store::snapshots::{RawResponse, Recorder, RowNo};
use tetherboard_store::{Store, Tx};

use crate::report::chain;
use crate::run::SyncError;
use crate::winners::{Fingerprints, ReadRows};

/// One dataset's answers, kept under a lease.
pub(crate) struct Capture<'a> {
    pub(crate) store: &'a Store,
    pub(crate) clock: &'a Clock,
    pub(crate) lease: &'a SyncLease,
    pub(crate) run: &'a RunId,
    pub(crate) fingerprints: &'a Fingerprints,
}

/// What was read: the rows in order, and whether the list is whole.
pub(crate) struct Captured {
    pub(crate) rows: ReadRows,
    pub(crate) whole: bool,
}

const PROGRESS_EVERY: Duration = Duration::from_millis(500);

impl Capture<'_> {
    /// Reads to the end, or as far as the list goes. Figures and faults go into `report`.
    pub(crate) async fn read(&self, mut pages: Pages, report: &mut DatasetReport) -> Result<Captured, SyncError> {
        let tenant = self.lease.tenant();
        let mut recorder = Recorder::new(self.store.conn(), tenant, self.run.clone(), report.dataset).await?;
        let mut rows = ReadRows::default();
        let mut told = Instant::now();
        let mut odd_page = false;
        while let Some(page) = pages.next().await {
            let row_nos = keep_page(self.store, &mut recorder, &page).await?;
            for (row, row_no) in page.rows.iter().zip(row_nos) {
                rows.push(row_no, row.id.as_deref().map(|id| self.fingerprints.of(id)));
            }
            odd_page |= is_odd(&page);
            report.pages += 1;
            report.read += count(page.rows.len());
            report.expected = page.envelope.total.map(|total| i64::try_from(total).unwrap_or(i64::MAX)).max(report.expected);
            if recorder.is_full() {
                flush(self.store, self.lease, &mut recorder).await?;
            }
            if told.elapsed() >= PROGRESS_EVERY {
                told = Instant::now();
                runs::report(self.store.conn(), tenant, self.run, report, self.clock.now_ms()).await?;
            }
        }
        let outcome = pages.finish();
        keep_unread(self.store, &mut recorder, outcome.unreadable.as_ref()).await?;
        flush(self.store, self.lease, &mut recorder).await?;
        Ok(Captured { whole: self.judge(outcome, odd_page, report), rows })
    }

    /// Whether what the list does not show can be taken for gone, and what to say when not.
    fn judge(&self, outcome: ReadOutcome, odd_page: bool, report: &mut DatasetReport) -> bool {
        report.retries += count(outcome.retries);
        if let Some(error) = outcome.fault {
            report.status = if report.read == 0 { DatasetStatus::Failed } else { DatasetStatus::Partial };
            report.error = Some(told_of(&error));
            return false;
        }
        if odd_page {
            report.status = DatasetStatus::Partial;
            report.error = Some(RunError {
                class: FaultClass::Body,
                message: "a page held rows that are no records; its good rows were kept".to_owned(),
                request: None,
                trace: new_trace(),
                retry_after: None,
            });
            return false;
        }
        report.status = if outcome.complete { DatasetStatus::Succeeded } else { DatasetStatus::Partial };
        if !outcome.complete {
            report.error = Some(RunError {
                class: FaultClass::Body,
                message: match outcome.incomplete_reason {
                    Some(IncompleteReason::RepeatedPage) => {
                        format!("the list shows the same page again and again: {} records", outcome.distinct)
                    }
                    _ => format!("the list ended after {} records of {}", outcome.distinct, outcome.total.unwrap_or_default()),
                },
                request: None,
                trace: new_trace(),
                retry_after: None,
            });
        }
        outcome.complete
    }
}

/// What came in place of a page is kept as well.
pub(crate) async fn keep_unread(
    store: &Store,
    recorder: &mut Recorder,
    unread: Option<&UnreadableResponse>,
) -> Result<(), SyncError> {
    if let Some(unread) = unread {
        let answer = RawResponse {
            request: &unread.request,
            offset: unread.offset,
            at_ms: unread.received_at.into(),
            http_status: unread.status,
            body: &unread.body,
            rows: &[],
        };
        recorder.record(store.conn(), &answer).await?;
    }
    Ok(())
}

/// Keeps a page; the places of its rows, in order.
pub(crate) async fn keep_page(store: &Store, recorder: &mut Recorder, page: &Page) -> Result<Vec<RowNo>, SyncError> {
    let spans: Vec<_> = page.rows.iter().map(|row| row.span.clone()).collect();
    let answer = RawResponse {
        request: &page.request,
        offset: page.offset,
        at_ms: page.received_at.into(),
        http_status: page.status,
        body: &page.body,
        rows: &spans,
    };
    Ok(recorder.record(store.conn(), &answer).await?)
}

pub(crate) async fn flush(store: &Store, lease: &SyncLease, recorder: &mut Recorder) -> Result<(), SyncError> {
    let tx = begin(store, lease).await?;
    recorder.flush(&tx).await?;
    Ok(Store::commit(tx).await?)
}

/// A write transaction that proves the lease, and keeps it until it ends.
pub(crate) async fn begin(store: &Store, lease: &SyncLease) -> Result<Tx, SyncError> {
    let tx = store.begin().await?;
    if leases::holds(&tx, lease).await? { Ok(tx) } else { Err(SyncError::LeaseLost) }
}

/// A page with a row that is no object, or with more than half of its rows without an id, is a fault of its own.
fn is_odd(page: &Page) -> bool {
    let no_object = page.rows.iter().any(|row| page.row(row).first() != Some(&b'{'));
    let no_id = page.rows.iter().filter(|row| row.id.is_none()).count();
    no_object || no_id * 2 > page.rows.len()
}

pub(crate) fn told_of(error: &tetherboard_clienttether::Error) -> RunError {
    RunError {
        class: error.class(),
        message: chain(error),
        request: Some(error.path.clone()),
        trace: new_trace(),
        retry_after: error.retry_after(),
    }
}

/// Names one error for whoever looks for it in the log.
pub(crate) fn new_trace() -> String {
    format!("{:016x}", RandomState::new().hash_one(0))
}

pub(crate) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// For the lists that are only asked once: whether they answer at all.
pub(crate) async fn answers<R: ListRequest>(client: &tetherboard_clienttether::Client, request: R) -> Result<(), RunError> {
    client.single_try().page(request, 0).await.map(|_| ()).map_err(|error| told_of(&error))
}
