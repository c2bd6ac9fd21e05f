//! One page as it was received: the body byte for byte, and where its rows stand in it.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use tokio_util::bytes::Bytes;

use crate::envelope::Envelope;

#[derive(Clone)]
pub struct Page {
    pub offset: usize,
    /// Path and query, without credentials.
    pub request: String,
    pub status: u16,
    pub received_at: Timestamp,
    /// The CRM's own clock, where the answer's `Date` tells it.
    pub server_date: Option<Timestamp>,
    /// Decompressed, otherwise untouched.
    pub body: Bytes,
    pub envelope: Envelope,
    /// In the order of the body.
    pub rows: Vec<RawRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRow {
    /// Where in the body it stands.
    pub span: Range<usize>,
    /// In text form: "1000007", whether the CRM wrote text or a number.
    pub id: Option<String>,
    /// Whether an earlier row of this read had the same id; for a row without one, the same bytes.
    pub repeated: bool,
}

impl Page {
    pub fn row(&self, row: &RawRow) -> &[u8] {
        self.body.get(row.span.clone()).unwrap_or_default()
    }

    /// A row's bytes, sharing the body's memory.
    pub fn row_bytes(&self, row: &RawRow) -> Bytes {
        self.body.slice(row.span.clone())
    }

    /// From the first byte of the first row to the last of the last; empty, at the body's end, without rows.
    pub fn rows_span(&self) -> Range<usize> {
        match (self.rows.first(), self.rows.last()) {
            (Some(first), Some(last)) => first.span.start..last.span.end,
            _ => self.body.len()..self.body.len(),
        }
    }

    /// The body minus its rows: what stands before the first, between each two and behind the last, so always one more
    /// than rows. Gap, row, gap, row, gap is the body again.
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
