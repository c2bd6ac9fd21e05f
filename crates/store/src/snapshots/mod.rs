//! Snapshots: the CRM's responses, byte for byte, with each row stored once.
//!
//! A response is stored as a *layout*: the text around its rows, and the numbers of the rows. The rows' bytes are in
//! *frames* of about 500 KB, each compressed as a whole. A row that was stored before, on whatever page, is only referred
//! to; a body that was stored before is only listed again. A body that could not be split into rows is stored as text.

pub(crate) mod frames;
mod reader;
mod recorder;
mod unseen;

use std::ops::Range;

use tetherboard_domain::EpochMs;

pub use frames::SnapshotPage;
pub use reader::{RowReader, body, page, page_body, pages, row_nos, runs_around};
pub use recorder::Recorder;
pub use unseen::{UnseenRecord, unseen_records};

/// Identifies a raw row: its frame's number × 65,536 + its position in the frame.
pub type RowNo = i64;

/// Positions in a frame.
pub(crate) const ROWS_PER_FRAME: i64 = 1 << 16;

/// A response as received from the CRM.
pub struct RawResponse<'a> {
    /// The request, without credentials.
    pub request: &'a str,
    /// The offset that was requested.
    pub offset: usize,
    pub at_ms: EpochMs,
    pub http_status: u16,
    pub body: &'a [u8],
    /// The byte ranges of the rows in the body, in order; empty if it could not be split.
    pub rows: &'a [Range<usize>],
}

/// 128 bits of BLAKE3, so that nobody who writes into the CRM can make two different rows look the same.
pub(crate) fn row_hash(row: &[u8]) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(row).as_bytes()[..16]);
    hash
}
