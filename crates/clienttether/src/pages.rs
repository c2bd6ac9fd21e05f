//! A list read page by page, in order, while later pages are already being fetched.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::error::{Cause, Error};
use crate::fetch::{FetchFailure, FetchResult, Fetcher, ListSpec};
use crate::page::{Page, UnreadableResponse};
use crate::pagination::{NextStep, Pagination};
use crate::result_code::ResultCode;
use crate::seen_rows::SeenRows;

/// The pages of one read. Dropping it aborts every call in flight.
pub struct Pages {
    fetcher: Fetcher,
    list: Arc<ListSpec>,
    pagination: Pagination,
    in_flight: VecDeque<PageCall>,
    seen: SeenRows,
    counts: ReadCounts,
    failure: Option<FetchFailure>,
    ended: bool,
}

struct PageCall {
    offset: usize,
    task: AbortOnDropHandle<FetchResult>,
}

#[derive(Default)]
struct ReadCounts {
    pages: usize,
    rows: usize,
    /// Rows of the list: on pages up to the last one with something new.
    listed: usize,
    /// Records that these pages contained more than once.
    repeated: usize,
    /// The same with the pages since then. They belong to the list if they are within its total and are how a list ends.
    with_last_pages: (usize, usize),
    retries: usize,
    /// Whether a page was longer than requested, so that later pages overlapped it.
    has_overlap: bool,
    /// Whether the CRM said in words that the list is empty.
    said_empty: bool,
}

/// The result of reading a list.
#[derive(Debug)]
pub struct ReadOutcome {
    /// Whether a record that was not seen is really absent: the list ended, nothing failed, and no rows are missing from the
    /// total.
    pub complete: bool,
    pub pages: usize,
    pub rows: usize,
    /// Rows with different IDs, plus rows without an ID that differ in their bytes.
    pub distinct: usize,
    /// Rows of the list as the CRM counts them, repeated ones included.
    pub listed: usize,
    /// Records that the list contains more than once.
    pub repeated: usize,
    /// Whether the last page had the requested length, but all of its rows had come before.
    pub repeats_page: bool,
    /// Whether the list is empty and the CRM said so with its result code, rather than by leaving the rows out.
    pub said_empty: bool,
    /// The largest `TotalRecord` that a page stated.
    pub total: Option<u64>,
    pub retries: usize,
    pub fault: Option<Error>,
    /// The response that failed, if there was one that could not be read.
    pub unreadable: Option<UnreadableResponse>,
    pub incomplete_reason: Option<IncompleteReason>,
}

/// Why a read is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncompleteReason {
    /// A call failed; see [`ReadOutcome::fault`].
    Fault,
    /// Fewer distinct rows than the largest total.
    ShortOfTotal { distinct: usize, total: u64 },
    /// The last page had the requested length, but all of its rows had come before.
    RepeatedPage,
    /// The caller stopped before the end.
    Abandoned,
}

impl Pages {
    pub(crate) fn new(fetcher: Fetcher, list: ListSpec) -> Self {
        Self {
            pagination: Pagination::new(list.page_size, fetcher.max_in_flight(), list.ends_at_total),
            fetcher,
            list: Arc::new(list),
            in_flight: VecDeque::new(),
            seen: SeenRows::default(),
            counts: ReadCounts::default(),
            failure: None,
            ended: false,
        }
    }

    /// The next page; `None` when the list has ended or a call failed. Cancel safe.
    pub async fn next(&mut self) -> Option<Page> {
        self.start_calls();
        let PageCall { offset, task } = self.in_flight.front_mut()?;
        let offset = *offset;
        let joined = task.await;
        self.in_flight.pop_front();
        let FetchResult { retries, page } = match joined {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => FetchResult { retries: 0, page: Err(self.failure(offset, Cause::ShuttingDown)) },
        };
        self.counts.retries += retries;
        match page {
            Ok(page) => Some(self.accept(page)),
            Err(failure) => {
                self.end();
                self.failure = Some(failure);
                None
            }
        }
    }

    /// The outcome of the read so far.
    pub fn finish(self) -> ReadOutcome {
        let ReadCounts { pages, rows, listed, repeated, with_last_pages, retries, has_overlap, said_empty } = self.counts;
        let repeats_page = self.pagination.ended_on_repeated_page();
        let (distinct, total) = (self.pagination.distinct(), self.pagination.total());
        let incomplete_reason = match total {
            _ if self.failure.is_some() => Some(IncompleteReason::Fault),
            _ if !self.ended => Some(IncompleteReason::Abandoned),
            Some(total) if self.pagination.is_short() => Some(IncompleteReason::ShortOfTotal { distinct, total }),
            _ if repeats_page => Some(IncompleteReason::RepeatedPage),
            _ => None,
        };
        let (fault, unreadable) = self.failure.map(|FetchFailure { error, unreadable }| (error, unreadable)).unzip();
        let complete = incomplete_reason.is_none();
        let unreadable = unreadable.flatten();
        // Overlapping pages repeat rows that the list contains once.
        let (listed, repeated) = match () {
            () if has_overlap => (distinct, 0),
            () if repeats_page => (listed, repeated),
            () => with_last_pages,
        };
        ReadOutcome {
            complete,
            pages,
            rows,
            distinct,
            listed,
            repeated,
            repeats_page,
            said_empty,
            total,
            retries,
            fault,
            unreadable,
            incomplete_reason,
        }
    }

    /// Marks repeated rows, counts the page, and continues from there.
    fn accept(&mut self, mut page: Page) -> Page {
        let seen_before = self.seen.len();
        for row in &mut page.rows {
            let bytes = page.body.get(row.span.clone()).unwrap_or_default();
            row.repeated = !self.seen.insert(row.id.as_deref(), bytes);
        }
        let (rows, new) = (page.rows.len(), self.seen.len() - seen_before);
        self.counts.pages += 1;
        self.counts.rows += rows;
        let end = page.offset.saturating_add(rows) as u64;
        if new > 0 || page.envelope.total.is_some_and(|total| end <= total) {
            self.counts.with_last_pages = (self.counts.with_last_pages.0 + rows, self.seen.repeated());
        }
        if new > 0 {
            (self.counts.listed, self.counts.repeated) = self.counts.with_last_pages;
        }
        self.counts.has_overlap |= rows > self.list.page_size;
        self.counts.said_empty |= page.offset == 0 && page.envelope.result_code == ResultCode::NO_RECORD_FOUND;
        match self.pagination.page_received(page.offset, rows, new, page.envelope.total) {
            NextStep::Continue => {}
            NextStep::DiscardInFlight => self.in_flight.clear(),
            NextStep::End => self.end(),
        }
        let max_pages = self.fetcher.limits().max_pages;
        if !self.ended && self.counts.pages >= max_pages {
            self.end();
            self.failure = Some(self.failure(page.offset, Cause::TooManyPages(max_pages)));
        }
        self.start_calls();
        page
    }

    fn start_calls(&mut self) {
        while !self.ended
            && let Some(offset) = self.pagination.next_offset()
        {
            let (fetcher, list) = (self.fetcher.clone(), Arc::clone(&self.list));
            let call = async move { fetcher.fetch(&list, offset).await };
            let task = AbortOnDropHandle::new(tokio::spawn(call.in_current_span()));
            self.in_flight.push_back(PageCall { offset, task });
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.in_flight.clear();
    }

    fn failure(&self, offset: usize, cause: Cause) -> FetchFailure {
        let path = (self.list.path_and_query)(offset);
        let error = Error { request: self.list.name, offset, path, attempts: 1, retry_after: None, cause };
        FetchFailure { error, unreadable: None }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("list", &self.list.name).field("pagination", &self.pagination).finish_non_exhaustive()
    }
}
