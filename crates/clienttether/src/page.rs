//! One response as received: its body byte for byte, and where the rows are.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use tokio_util::bytes::Bytes;

use crate::envelope::Envelope;

/// One page of a list.
#[derive(Clone)]
pub struct Page {
    pub offset: usize,
    /// Path and query, without credentials.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    pub received_at: Timestamp,
    /// The CRM's own clock, from the `Date` header.
    pub server_date: Option<Timestamp>,
    /// Decompressed, otherwise as received.
    pub body: Bytes,
    pub envelope: Envelope,
    /// In the order of the body.
    pub rows: Vec<RawRow>,
}

/// One row of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRow {
    /// Byte range in the body.
    pub span: Range<usize>,
    /// The row's own ID as text: "1000007", whether the CRM wrote text or a number. `None` if it has no readable ID.
    pub id: Option<String>,
    /// Whether an earlier row of the same read had the same ID or, for a row without an ID, the same bytes.
    pub repeated: bool,
}

/// A response that is not a page. It is stored anyway.
#[derive(Clone)]
pub struct UnreadableResponse {
    pub offset: usize,
    /// Path and query, without credentials.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    pub received_at: Timestamp,
    /// Decompressed, otherwise as received.
    pub body: Bytes,
}

impl Page {
    /// A row's bytes.
    pub fn row(&self, row: &RawRow) -> &[u8] {
        self.body.get(row.span.clone()).unwrap_or_default()
    }

    /// A row's bytes, sharing the body's memory.
    pub fn row_bytes(&self, row: &RawRow) -> Bytes {
        self.body.slice(row.span.clone())
    }

    /// The byte range from the first row to the last. Without rows, the empty range at the end of the body.
    pub fn rows_span(&self) -> Range<usize> {
        match (self.rows.first(), self.rows.last()) {
            (Some(first), Some(last)) => first.span.start..last.span.end,
            _ => self.body.len()..self.body.len(),
        }
    }

    /// The body without its rows: the bytes before the first row, between rows, and after the last, so always one more than there
    /// are rows. Gaps and rows in alternation reproduce the body.
    pub fn gaps(&self) -> impl Iterator<Item = &[u8]> {
        let ends = std::iter::once(0).chain(self.rows.iter().map(|row| row.span.end));
        let starts = self.rows.iter().map(|row| row.span.start).chain(std::iter::once(self.body.len()));
        ends.zip(starts).map(|(from, to)| self.body.get(from..to).unwrap_or_default())
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("request", &self.request)
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .field("rows", &self.rows.len())
            .field("total", &self.envelope.total)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for UnreadableResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableResponse")
            .field("request", &self.request)
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
