//! How what is kept is packed: rows in frames, an answer as a layout, the answers of a read as a list.

use std::collections::HashSet;

use tetherboard_domain::EpochMs;

use crate::snapshots::{Answer, RowNo};
use crate::{Result, StoreError};

const LEVEL: i32 = 1;
/// For lists of answers, which are short and whose requests differ in a few digits.
const LIST_LEVEL: i32 = 12;

/// Rows packed together: their lengths, then their bytes.
#[derive(Default)]
pub(crate) struct Frame {
    lengths: Vec<u32>,
    starts: Vec<usize>,
    bytes: Vec<u8>,
}

impl Frame {
    pub(crate) fn rows(&self) -> usize {
        self.lengths.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn push(&mut self, row: &[u8]) -> i64 {
        let place = self.lengths.len();
        self.lengths.push(u32::try_from(row.len()).unwrap_or(u32::MAX));
        self.starts.push(self.bytes.len());
        self.bytes.extend_from_slice(row);
        i64::try_from(place).unwrap_or(i64::MAX)
    }

    pub(crate) fn get(&self, place: usize) -> Option<&[u8]> {
        let start = *self.starts.get(place)?;
        self.bytes.get(start..start + self.lengths[place] as usize)
    }

    pub(crate) fn pack(self) -> Result<Vec<u8>> {
        let mut plain = Vec::with_capacity(self.bytes.len() + 2 * self.lengths.len() + 4);
        put_number(&mut plain, self.lengths.len() as u64);
        for length in &self.lengths {
            put_number(&mut plain, u64::from(*length));
        }
        plain.extend_from_slice(&self.bytes);
        compress(&plain, LEVEL)
    }

    pub(crate) fn unpack(packed: &[u8]) -> Result<Self> {
        let plain = decompress(packed)?;
        let mut rest = plain.as_slice();
        let count = take_number(&mut rest)?;
        let mut frame = Self::default();
        let mut start = 0;
        for _ in 0..count {
            let length = u32::try_from(take_number(&mut rest)?).map_err(|_| broken("a frame's lengths cannot be read"))?;
            frame.lengths.push(length);
            frame.starts.push(start);
            start += length as usize;
        }
        frame.bytes = rest.to_vec();
        Ok(frame)
    }
}

/// One answer in the list of a read: what was asked, and where its body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPage {
    pub page_no: i64,
    pub request: String,
    pub offset: usize,
    pub at_ms: EpochMs,
    pub http_status: u16,
    /// The number of its body. Bodies are numbered as they first come, so that a list that comes again in its order
    /// names them in a byte each, or less; their hashes would weigh more than all the rest.
    pub(crate) body_no: i64,
}

/// Field by field, so that what is alike stands together: requests that differ in a number pack to almost nothing.
pub(crate) fn pack_pages(pages: &[KeptPage]) -> Result<Vec<u8>> {
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

/// The pages of a list, the first of which is page `first`.
pub(crate) fn unpack_pages(packed: &[u8], first: i64) -> Result<Vec<KeptPage>> {
    let plain = decompress(packed)?;
    let mut rest = plain.as_slice();
    let count = take_number(&mut rest)?;
    let mut pages = Vec::new();
    for page_no in (first..).take(usize::try_from(count).unwrap_or(0)) {
        let length = usize::try_from(take_number(&mut rest)?).unwrap_or(usize::MAX);
        let (request, after) = rest.split_at_checked(length).ok_or_else(|| broken("a list of answers is cut"))?;
        rest = after;
        let request = String::from_utf8_lossy(request).into_owned();
        pages.push(KeptPage { page_no, request, offset: 0, at_ms: EpochMs(0), http_status: 0, body_no: 0 });
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

/// Says of a body that it is the next one, as 0, or else which, as its number and 1. One that was named before, as the
/// answer "nothing" is again and again, leaves the order as it was.
#[derive(Default)]
struct BodyOrder {
    last: i64,
    named: HashSet<i64>,
}

impl BodyOrder {
    fn code(&mut self, body_no: i64) -> u64 {
        let is_next = body_no == self.last + 1;
        self.pass(body_no);
        if is_next { 0 } else { body_no.cast_unsigned() + 1 }
    }

    fn body_no(&mut self, code: u64) -> i64 {
        let body_no = if code == 0 { self.last + 1 } else { (code - 1).cast_signed() };
        self.pass(body_no);
        body_no
    }

    fn pass(&mut self, body_no: i64) {
        if self.named.insert(body_no) {
            self.last = body_no;
        }
    }
}

/// An answer as pieces: the text around its rows, and its rows by their places.
pub(crate) struct Layout {
    pub(crate) pieces: Vec<Piece>,
}

pub(crate) enum Piece {
    Text(Vec<u8>),
    Row(RowNo),
}

impl Layout {
    pub(crate) fn of(answer: &Answer<'_>, row_nos: &[RowNo]) -> Self {
        let mut pieces = Vec::with_capacity(2 * row_nos.len() + 1);
        let mut at = 0;
        for (range, row_no) in answer.rows.iter().zip(row_nos) {
            pieces.push(Piece::Text(answer.body[at..range.start].to_vec()));
            pieces.push(Piece::Row(*row_no));
            at = range.end;
        }
        pieces.push(Piece::Text(answer.body[at..].to_vec()));
        Self { pieces }
    }

    pub(crate) fn row_nos(&self) -> Vec<RowNo> {
        let rows = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Row(row_no) => Some(*row_no),
            Piece::Text(_) => None,
        });
        rows.collect()
    }

    /// Text and rows take turns. Rows are written as steps from the row before, mostly 1, so that they pack to almost nothing.
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

    pub(crate) fn decode(packed: &[u8]) -> Result<Self> {
        let plain = decompress(packed)?;
        let mut rest = plain.as_slice();
        let count = take_number(&mut rest)?;
        let mut pieces = Vec::new();
        let mut last = 0;
        for turn in 0..count {
            if turn % 2 == 0 {
                let length = usize::try_from(take_number(&mut rest)?).unwrap_or(usize::MAX);
                let (text, after) = rest.split_at_checked(length).ok_or_else(|| broken("a layout is cut"))?;
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

pub(crate) fn broken(what: &str) -> StoreError {
    StoreError(sea_orm::DbErr::Custom(what.to_owned()))
}

fn compress(plain: &[u8], level: i32) -> Result<Vec<u8>> {
    zstd::encode_all(plain, level).map_err(|error| broken(&format!("rows could not be packed: {error}")))
}

pub(crate) fn decompress(packed: &[u8]) -> Result<Vec<u8>> {
    zstd::decode_all(packed).map_err(|error| broken(&format!("packed rows could not be read: {error}")))
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
        let (byte, after) = rest.split_first().ok_or_else(|| broken("a number is cut"))?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(broken("a number is too long"))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    #[test]
    fn a_list_of_answers_comes_back_and_takes_a_few_bytes_each() {
        let page = |page_no: i64| KeptPage {
            page_no,
            request: format!("read_client_history_notes/{}?limit=100&offset=0", 1_000_000 + 7 * page_no),
            offset: 0,
            at_ms: EpochMs(1_795_000_000_000 + 40 * page_no),
            http_status: 200,
            // Every other contact has no notes.
            body_no: if page_no % 2 == 0 { 17 } else { 4_000 + page_no / 2 },
        };
        let pages: Vec<KeptPage> = (300..400).map(page).collect();
        let packed = pack_pages(&pages).unwrap();
        assert_eq!(unpack_pages(&packed, 300).unwrap(), pages);
        assert!(packed.len() < 100 * 8, "{}", packed.len());
        assert!(unpack_pages(&packed[..packed.len() / 2], 0).is_err());
    }

    #[test]
    fn bodies_come_back_in_whatever_order_they_were_named() {
        for body_nos in [&[1, 2, 3][..], &[7, 9, 9, 10, 7, 11, 8, 1, 2, 7, 3], &[0, 0, i64::MAX - 1, 0, 1], &[]] {
            let (mut there, mut back) = (BodyOrder::default(), BodyOrder::default());
            let codes: Vec<u64> = body_nos.iter().map(|body_no| there.code(*body_no)).collect();
            assert_eq!(codes.into_iter().map(|code| back.body_no(code)).collect::<Vec<_>>(), body_nos);
        }
    }

    #[test]
    fn numbers_of_every_size_come_back() {
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
    fn a_page_of_new_rows_has_a_layout_of_a_few_bytes_a_page() {
        let body = format!("[{}]", vec!["{}"; 100].join(","));
        let ranges: Vec<Range<usize>> = (0..100).map(|i| 1 + 3 * i..3 + 3 * i).collect();
        let answer =
            Answer { request: "r", offset: 0, at_ms: EpochMs(0), http_status: 200, body: body.as_bytes(), rows: &ranges };
        let places: Vec<RowNo> = (65_536..65_636).collect();
        let packed = Layout::of(&answer, &places).encode().unwrap();
        assert!(packed.len() < 60, "{}", packed.len());
        assert_eq!(Layout::decode(&packed).unwrap().row_nos(), places);
    }
}
