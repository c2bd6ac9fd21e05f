//! A list, page by page, in order, while pages behind it are asked already.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::client::{Called, Client, Fault, List};
use crate::course::{Course, Then};
use crate::error::{Cause, Error};
use crate::page::Page;
use crate::seen::Seen;

/// The pages of one read. Dropping it ends every call it has open.
pub struct Pages {
    client: Client,
    list: Arc<List>,
    max_pages: usize,
    course: Course,
    open: VecDeque<Open>,
    seen: Seen,
    tally: Tally,
    fault: Option<Fault>,
    ended: bool,
}

struct Open {
    offset: usize,
    call: AbortOnDropHandle<Called>,
}

#[derive(Default)]
struct Tally {
    pages: usize,
    rows: usize,
    retries: usize,
}

/// What a read came to.
#[derive(Debug)]
pub struct ReadOutcome {
    /// Whether what was not seen is not there: the list ended, nothing failed, nothing is short of its total.
    pub whole: bool,
    pub pages: usize,
    pub rows: usize,
    /// Rows of different ids, and rows without one that differ in their bytes.
    pub distinct: usize,
    /// The largest total that a page named.
    pub total: Option<u64>,
    pub retries: usize,
    pub fault: Option<Error>,
    /// What was received in place of the page that failed, where that could not be read.
    pub unread: Option<Unread>,
    pub why_not_whole: Option<NotWhole>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotWhole {
    Fault,
    ShortOfTotal {
        distinct: usize,
        total: u64,
    },
    /// The last page was full, of rows that had come before.
    Repeats,
    /// The reader left before the end.
    Unfinished,
}

/// An answer that is no page, to be kept all the same.
#[derive(Clone)]
pub struct Unread {
    pub offset: usize,
    pub request: String,
    pub status: u16,
    pub received_at: Timestamp,
    pub body: Bytes,
}

impl Pages {
    pub(crate) fn new(client: Client, list: List, window: usize, max_pages: usize) -> Self {
        Self {
            client,
            course: Course::new(list.page_size, window, list.ends_at_total),
            list: Arc::new(list),
            max_pages,
            open: VecDeque::new(),
            seen: Seen::default(),
            tally: Tally::default(),
            fault: None,
            ended: false,
        }
    }

    /// The next page; `None` when the list has ended or a page failed. May be dropped half way and called again.
    pub async fn next(&mut self) -> Option<Page> {
        self.ask();
        let Open { offset, call } = self.open.front_mut()?;
        let offset = *offset;
        let called = call.await;
        self.open.pop_front();
        let Called { retries, page } = match called {
            Ok(called) => called,
            Err(died) if died.is_panic() => std::panic::resume_unwind(died.into_panic()),
            Err(_) => self.shut_down(offset),
        };
        self.tally.retries += retries;
        match page {
            Ok(page) => Some(self.take(page)),
            Err(fault) => {
                self.end();
                self.fault = Some(fault);
                None
            }
        }
    }

    /// What the read came to, as far as it went.
    pub fn finish(self) -> ReadOutcome {
        let Tally { pages, rows, retries } = self.tally;
        let (distinct, total) = (self.course.distinct(), self.course.total());
        let why_not_whole = match total {
            _ if self.fault.is_some() => Some(NotWhole::Fault),
            _ if !self.ended => Some(NotWhole::Unfinished),
            Some(total) if self.course.is_short() => Some(NotWhole::ShortOfTotal { distinct, total }),
            _ if self.course.repeats() => Some(NotWhole::Repeats),
            _ => None,
        };
        let (fault, unread) = self.fault.map(|Fault { error, unread }| (error, unread)).unzip();
        let whole = why_not_whole.is_none();
        ReadOutcome { whole, pages, rows, distinct, total, retries, fault, unread: unread.flatten(), why_not_whole }
    }

    /// Marks the rows that came before and goes on from there.
    fn take(&mut self, mut page: Page) -> Page {
        let before = self.seen.len();
        for row in &mut page.rows {
            let bytes = page.body.get(row.span.clone()).unwrap_or_default();
            row.repeated = !self.seen.is_new(row.id.as_deref(), bytes);
        }
        let (rows, new) = (page.rows.len(), self.seen.len() - before);
        self.tally.pages += 1;
        self.tally.rows += rows;
        match self.course.take(page.offset, rows, new, page.envelope.total) {
            Then::GoOn => {}
            Then::Drop => self.open.clear(),
            Then::End => self.end(),
        }
        if !self.ended && self.tally.pages >= self.max_pages {
            self.end();
            self.fault = Some(self.endless(page.offset));
        }
        self.ask();
        page
    }

    fn ask(&mut self) {
        while !self.ended
            && let Some(offset) = self.course.ask()
        {
            let (client, list) = (self.client.clone(), Arc::clone(&self.list));
            let call = async move { client.call(&list, offset).await };
            let call = AbortOnDropHandle::new(tokio::spawn(call.in_current_span()));
            self.open.push_back(Open { offset, call });
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.open.clear();
    }

    fn endless(&self, offset: usize) -> Fault {
        self.fault_of(offset, Cause::Endless(self.max_pages))
    }

    fn shut_down(&self, offset: usize) -> Called {
        Called { retries: 0, page: Err(self.fault_of(offset, Cause::ShuttingDown)) }
    }

    fn fault_of(&self, offset: usize, cause: Cause) -> Fault {
        let error = Error {
            request: self.list.name,
            offset,
            path: (self.list.path_and_query)(offset),
            attempts: 1,
            retry_after: None,
            cause,
        };
        Fault { error, unread: None }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("list", &self.list.name).field("course", &self.course).finish_non_exhaustive()
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unread")
            .field("request", &self.request)
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
