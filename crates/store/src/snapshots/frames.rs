//! The compressed formats of snapshots: frames of rows, the layout of a response, and the list of responses of a read.

use std::collections::HashSet;

use tetherboard_domain::EpochMs;

use super::{RawResponse, RowNo};
use crate::Result;
use crate::query::corrupt;

/// The zstd level of frames and layouts.
const LEVEL: i32 = 1;
/// The zstd level of lists of responses, which are short and repetitive.
const LIST_LEVEL: i32 = 12;

/// Raw rows that are compressed together. Packed as their lengths, then their bytes.
#[derive(Default)]
pub(crate) struct Frame {
    lengths: Vec<u32>,
    starts: Vec<usize>,
    bytes: Vec<u8>,
}

impl Frame {
    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.lengths.len()
    }

    /// The total length of the rows.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends a row and returns its position.
    pub(crate) fn push(&mut self, row: &[u8]) -> i64 {
        let place = self.lengths.len();
        self.lengths.push(u32::try_from(row.len()).unwrap_or(u32::MAX));
        self.starts.push(self.bytes.len());
        self.bytes.extend_from_slice(row);
        i64::try_from(place).unwrap_or(i64::MAX)
    }

    /// The row at a position.
    pub(crate) fn get(&self, place: usize) -> Option<&[u8]> {
        let start = *self.starts.get(place)?;
        self.bytes.get(start..start + self.lengths[place] as usize)
    }

    /// Compresses the frame.
    pub(crate) fn pack(self) -> Result<Vec<u8>> {
        let mut plain = Vec::with_capacity(self.bytes.len() + 2 * self.lengths.len() + 4);
        put_number(&mut plain, self.lengths.len() as u64);
        for length in &self.lengths {
            put_number(&mut plain, u64::from(*length));
        }
        plain.extend_from_slice(&self.bytes);
        compress(&plain, LEVEL)
    }

    /// Decompresses a frame.
    pub(crate) fn unpack(packed: &[u8]) -> Result<Self> {
        let plain = decompress(packed)?;
        let mut rest = plain.as_slice();
        let count = take_number(&mut rest)?;
        let mut frame = Self::default();
        let mut start = 0;
        for _ in 0..count {
            let length = u32::try_from(take_number(&mut rest)?).map_err(|_| corrupt("a frame's lengths cannot be read"))?;
            frame.lengths.push(length);
            frame.starts.push(start);
            start += length as usize;
        }
        frame.bytes = rest.to_vec();
        Ok(frame)
    }
}

/// A stored response, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPage {
    /// The position in the read, from 0.
    pub page_no: i64,
    /// The request, without credentials.
    pub request: String,
    /// The offset that was requested.
    pub offset: usize,
    pub at_ms: EpochMs,
    pub http_status: u16,
    /// The number of its body. Bodies are numbered in order of arrival, so that repeated lists pack to a byte or less per
    /// response. Their hashes would take more space than everything else.
    pub(crate) body_no: i64,
}

/// Packs a list of responses field by field: similar values next to each other compress to almost nothing.
pub(crate) fn pack_pages(pages: &[SnapshotPage]) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    put_number(&mut plain, pages.len() as u64);
    for page in pages {
        put_number(&mut plain, page.request.len() as u64);
        plain.extend_from_slice(page.request.as_bytes());
    }
    let mut last_ms = EpochMs(0);
    for page in pages {
        put_number(&mut plain, page.offset as u64);
        put_number(&mut plain, u64::from(page.http_status));
        put_number(&mut plain, zigzag(page.at_ms - last_ms));
        last_ms = page.at_ms;
    }
    let mut order = BodyOrder::default();
    for page in pages {
        put_number(&mut plain, order.code(page.body_no));
    }
    compress(&plain, LIST_LEVEL)
}

/// Unpacks a list of responses. `first` is the `page_no` of the first.
pub(crate) fn unpack_pages(packed: &[u8], first: i64) -> Result<Vec<SnapshotPage>> {
    let plain = decompress(packed)?;
    let mut rest = plain.as_slice();
    let count = take_number(&mut rest)?;
    let mut pages = Vec::new();
    for page_no in (first..).take(usize::try_from(count).unwrap_or(0)) {
        let length = usize::try_from(take_number(&mut rest)?).unwrap_or(usize::MAX);
        let (request, after) = rest.split_at_checked(length).ok_or_else(|| corrupt("a list of responses is truncated"))?;
        rest = after;
        let request = String::from_utf8_lossy(request).into_owned();
        pages.push(SnapshotPage { page_no, request, offset: 0, at_ms: EpochMs(0), http_status: 0, body_no: 0 });
    }
    let mut last_ms = EpochMs(0);
    for page in &mut pages {
        page.offset = usize::try_from(take_number(&mut rest)?).unwrap_or(usize::MAX);
        page.http_status = u16::try_from(take_number(&mut rest)?).unwrap_or(0);
        last_ms = last_ms + unzigzag(take_number(&mut rest)?);
        page.at_ms = last_ms;
    }
    let mut order = BodyOrder::default();
    for page in &mut pages {
        page.body_no = order.body_no(take_number(&mut rest)?);
    }
    Ok(pages)
}

/// Encodes a sequence of body numbers: 0 stands for the next number, other bodies for their number plus 1. A body that was
/// used before, such as an empty response, does not move the sequence.
#[derive(Default)]
struct BodyOrder {
    last: i64,
    used: HashSet<i64>,
}

impl BodyOrder {
    fn code(&mut self, body_no: i64) -> u64 {
        let is_next = body_no == self.last + 1;
        self.advance(body_no);
        if is_next { 0 } else { body_no.cast_unsigned() + 1 }
    }

    fn body_no(&mut self, code: u64) -> i64 {
        let body_no = if code == 0 { self.last + 1 } else { (code - 1).cast_signed() };
        self.advance(body_no);
        body_no
    }

    fn advance(&mut self, body_no: i64) {
        if self.used.insert(body_no) {
            self.last = body_no;
        }
    }
}

/// A response body as pieces: the text around its rows, and the numbers of its rows.
pub(crate) struct Layout {
    pub(crate) pieces: Vec<Piece>,
}

pub(crate) enum Piece {
    Text(Vec<u8>),
    Row(RowNo),
}

impl Layout {
    /// The layout of a response with these row numbers.
    pub(crate) fn of(response: &RawResponse<'_>, row_nos: &[RowNo]) -> Self {
        let mut pieces = Vec::with_capacity(2 * row_nos.len() + 1);
        let mut at = 0;
        for (range, row_no) in response.rows.iter().zip(row_nos) {
            pieces.push(Piece::Text(response.body[at..range.start].to_vec()));
            pieces.push(Piece::Row(*row_no));
            at = range.end;
        }
        pieces.push(Piece::Text(response.body[at..].to_vec()));
        Self { pieces }
    }

    /// The numbers of the rows, in order.
    pub(crate) fn row_nos(&self) -> Vec<RowNo> {
        let rows = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Row(row_no) => Some(*row_no),
            Piece::Text(_) => None,
        });
        rows.collect()
    }

    /// Packs the layout. Text and rows alternate. Row numbers are encoded as differences, mostly 1, which compress to almost
    /// nothing.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let mut plain = Vec::new();
        put_number(&mut plain, self.pieces.len() as u64);
        let mut last = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => {
                    put_number(&mut plain, text.len() as u64);
                    plain.extend_from_slice(text);
                }
                Piece::Row(row_no) => {
                    put_number(&mut plain, zigzag(row_no - last));
                    last = *row_no;
                }
            }
        }
        compress(&plain, LEVEL)
    }

    /// Unpacks a layout.
    pub(crate) fn decode(packed: &[u8]) -> Result<Self> {
        let plain = decompress(packed)?;
        let mut rest = plain.as_slice();
        let count = take_number(&mut rest)?;
        let mut pieces = Vec::new();
        let mut last = 0;
        for index in 0..count {
            if index % 2 == 0 {
                let length = usize::try_from(take_number(&mut rest)?).unwrap_or(usize::MAX);
                let (text, after) = rest.split_at_checked(length).ok_or_else(|| corrupt("a layout is truncated"))?;
                pieces.push(Piece::Text(text.to_vec()));
                rest = after;
            } else {
                last += unzigzag(take_number(&mut rest)?);
                pieces.push(Piece::Row(last));
            }
        }
        Ok(Self { pieces })
    }
}

fn compress(plain: &[u8], level: i32) -> Result<Vec<u8>> {
    zstd::encode_all(plain, level).map_err(|error| corrupt(&format!("rows could not be packed: {error}")))
}

fn decompress(packed: &[u8]) -> Result<Vec<u8>> {
    zstd::decode_all(packed).map_err(|error| corrupt(&format!("packed rows could not be read: {error}")))
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// LEB128.
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_number(rest: &mut &[u8]) -> Result<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or_else(|| corrupt("a number is truncated"))?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(corrupt("a number is too long"))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    #[test]
    fn a_list_of_responses_round_trips_in_a_few_bytes_each() {
        let page = |page_no: i64| SnapshotPage {
            page_no,
            request: format!("read_client_history_notes/{}?limit=100&offset=0", 1_000_000 + 7 * page_no),
            offset: 0,
            at_ms: EpochMs(1_795_000_000_000 + 40 * page_no),
            http_status: 200,
            // Every other contact has no notes.
            body_no: if page_no % 2 == 0 { 17 } else { 4_000 + page_no / 2 },
        };
        let pages: Vec<SnapshotPage> = (300..400).map(page).collect();
        let packed = pack_pages(&pages).unwrap();
        assert_eq!(unpack_pages(&packed, 300).unwrap(), pages);
        assert!(packed.len() < 100 * 8, "{}", packed.len());
        assert!(unpack_pages(&packed[..packed.len() / 2], 0).is_err());
    }

    #[test]
    fn body_numbers_round_trip_in_any_order() {
        for body_nos in [&[1, 2, 3][..], &[7, 9, 9, 10, 7, 11, 8, 1, 2, 7, 3], &[0, 0, i64::MAX - 1, 0, 1], &[]] {
            let (mut encoder, mut decoder) = (BodyOrder::default(), BodyOrder::default());
            let codes: Vec<u64> = body_nos.iter().map(|body_no| encoder.code(*body_no)).collect();
            assert_eq!(codes.into_iter().map(|code| decoder.body_no(code)).collect::<Vec<_>>(), body_nos);
        }
    }

    #[test]
    fn numbers_of_every_size_round_trip() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            assert_eq!(take_number(&mut bytes.as_slice()).unwrap(), number);
        }
        for number in [0, 1, -1, 65_536, i64::MAX, i64::MIN] {
            assert_eq!(unzigzag(zigzag(number)), number);
        }
    }

    #[test]
    fn the_layout_of_a_page_of_new_rows_takes_less_than_60_bytes() {
        let body = format!("[{}]", vec!["{}"; 100].join(","));
        let ranges: Vec<Range<usize>> = (0..100).map(|i| 1 + 3 * i..3 + 3 * i).collect();
        let response =
            RawResponse { request: "r", offset: 0, at_ms: EpochMs(0), http_status: 200, body: body.as_bytes(), rows: &ranges };
        let row_nos: Vec<RowNo> = (65_536..65_636).collect();
        let packed = Layout::of(&response, &row_nos).encode().unwrap();
        assert!(packed.len() < 60, "{}", packed.len());
        assert_eq!(Layout::decode(&packed).unwrap().row_nos(), row_nos);
    }
}
