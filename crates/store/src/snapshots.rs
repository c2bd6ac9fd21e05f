//! What the CRM answered, byte for byte, each row of it stored once.
//!
//! An answer is kept as a *layout*: the text around its rows, and the places of the rows in *frames*, which hold about
//! 500 KB of new rows compressed together. A row that comes again, wherever in the pages, is only named again; an
//! answer that comes again is only counted. A body that could not be split into rows is its own layout.

use std::collections::HashMap;
use std::ops::Range;

use sea_orm::Value;
use tetherboard_domain::{Dataset, RunId, TenantId};

use crate::query::{Bulk, Query, execute, number, rows, upsert};
use crate::{Conn, Result, StoreError, Tx};

/// Where a raw row's bytes are: frame × 65,536 + place in it.
pub type RowNo = i64;

const PLACES: i64 = 1 << 16;
const FRAME_BYTES: usize = 500_000;
const PAGES_A_FLUSH: usize = 100;
const LEVEL: i32 = 1;

/// One answer as it came.
pub struct Answer<'a> {
    pub request: &'a str,
    pub offset: usize,
    pub at_ms: i64,
    pub http_status: u16,
    pub body: &'a [u8],
    /// Where in the body its rows stand, in order; empty when it could not be split.
    pub rows: &'a [Range<usize>],
}

/// Keeps the answers of one dataset of one run. Call [`Recorder::is_full`] after each answer and [`Recorder::flush`]
/// when it says so, and once at the end.
pub struct Recorder {
    tenant: TenantId,
    run: RunId,
    dataset: Dataset,
    frame_no: i64,
    frame: Frame,
    /// Frames that an answer of very many rows filled before it was flushed.
    full: Vec<(i64, Frame)>,
    new_rows: HashMap<[u8; 16], RowNo>,
    pages: Vec<Vec<Value>>,
    layouts: HashMap<[u8; 32], Vec<u8>>,
    page_no: i64,
}

impl Recorder {
    pub async fn new<C: Conn>(conn: &C, tenant: TenantId, run: RunId, dataset: Dataset) -> Result<Self> {
        let text = "SELECT COALESCE(MAX(frame_no), 0) + 1 FROM raw_frames WHERE tenant_id = $1";
        let frame_no = number(conn, text, [tenant.0.into()]).await?;
        Ok(Self {
            tenant,
            run,
            dataset,
            frame_no,
            frame: Frame::default(),
            full: Vec::new(),
            new_rows: HashMap::new(),
            pages: Vec::new(),
            layouts: HashMap::new(),
            page_no: 0,
        })
    }

    /// Takes an answer in; the places of its rows, in order.
    pub async fn keep<C: Conn>(&mut self, conn: &C, answer: &Answer<'_>) -> Result<Vec<RowNo>> {
        let body_hash: [u8; 32] = blake3::hash(answer.body).into();
        let known = match self.layouts.get(&body_hash) {
            Some(layout) => Some(layout.clone()),
            None => stored_layout(conn, self.tenant, &body_hash).await?,
        };
        let known = known.map(|layout| Ok::<_, StoreError>(Layout::decode(&layout)?.row_nos())).transpose()?;
        // A body that could not be split when it was first kept has rows once we know how to read it.
        let row_nos = match known.filter(|row_nos| row_nos.len() == answer.rows.len()) {
            Some(row_nos) => row_nos,
            None => {
                let row_nos = self.place_rows(conn, answer).await?;
                self.layouts.insert(body_hash, Layout::of(answer, &row_nos).encode()?);
                row_nos
            }
        };
        self.pages.push(vec![
            self.tenant.0.into(),
            self.run.0.clone().into(),
            self.dataset.as_str().into(),
            self.page_no.into(),
            answer.request.into(),
            i64::try_from(answer.offset).unwrap_or(i64::MAX).into(),
            answer.at_ms.into(),
            i64::from(answer.http_status).into(),
            body_hash.to_vec().into(),
        ]);
        self.page_no += 1;
        Ok(row_nos)
    }

    pub fn is_full(&self) -> bool {
        self.frame.bytes.len() >= FRAME_BYTES || self.pages.len() >= PAGES_A_FLUSH
    }

    /// Writes what was taken in, whole or not at all.
    pub async fn flush(&mut self, tx: &Tx) -> Result<()> {
        if !self.frame.lengths.is_empty() {
            self.seal();
        }
        if !self.full.is_empty() {
            for (frame_no, frame) in self.full.drain(..) {
                let text = "INSERT INTO raw_frames (tenant_id, frame_no, bytes) VALUES ($1, $2, $3)";
                execute(tx, text, [self.tenant.0.into(), frame_no.into(), frame.pack()?.into()]).await?;
            }
            let rows =
                self.new_rows.drain().map(|(hash, row_no)| vec![self.tenant.0.into(), hash.to_vec().into(), row_no.into()]);
            upsert(tx, &RAW_ROWS, rows.collect()).await?;
        }
        let layouts = self.layouts.drain().map(|(hash, layout)| vec![self.tenant.0.into(), hash.to_vec().into(), layout.into()]);
        upsert(tx, &BODIES, layouts.collect()).await?;
        upsert(tx, &SNAPSHOTS, std::mem::take(&mut self.pages)).await
    }

    fn seal(&mut self) {
        self.full.push((self.frame_no, std::mem::take(&mut self.frame)));
        self.frame_no += 1;
    }

    async fn place_rows<C: Conn>(&mut self, conn: &C, answer: &Answer<'_>) -> Result<Vec<RowNo>> {
        let hashes: Vec<[u8; 16]> = answer.rows.iter().map(|range| row_hash(&answer.body[range.clone()])).collect();
        let stored = stored_rows(conn, self.tenant, &hashes).await?;
        let mut row_nos = Vec::with_capacity(hashes.len());
        for (range, hash) in answer.rows.iter().zip(hashes) {
            let row_no = match stored.get(&hash).or_else(|| self.new_rows.get(&hash)) {
                Some(row_no) => *row_no,
                None => {
                    if self.frame.lengths.len() as i64 == PLACES {
                        self.seal();
                    }
                    let row_no = self.frame_no * PLACES + self.frame.push(&answer.body[range.clone()]);
                    self.new_rows.insert(hash, row_no);
                    row_no
                }
            };
            row_nos.push(row_no);
        }
        Ok(row_nos)
    }
}

const RAW_ROWS: Bulk = Bulk { table: "raw_rows", columns: &["tenant_id", "hash", "row_no"], key: 2, keep: &["row_no"] };
const BODIES: Bulk = Bulk { table: "snapshot_bodies", columns: &["tenant_id", "body_hash", "layout"], key: 2, keep: &[] };
const SNAPSHOTS: Bulk = Bulk {
    table: "snapshots",
    columns: &["tenant_id", "run_id", "dataset", "page_no", "request", "page_offset", "at_ms", "http_status", "body_hash"],
    key: 4,
    keep: &[],
};

/// 128 bits of BLAKE3: nobody who writes into the CRM can make two rows look alike.
fn row_hash(row: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(row).as_bytes()[..16]);
    short
}

async fn stored_rows<C: Conn>(conn: &C, tenant: TenantId, hashes: &[[u8; 16]]) -> Result<HashMap<[u8; 16], RowNo>> {
    let mut found = HashMap::with_capacity(hashes.len());
    for chunk in hashes.chunks(1_000) {
        let mut query = Query::new("SELECT hash, row_no FROM raw_rows WHERE tenant_id = ");
        query.bind(tenant.0).push(" AND hash IN ").bind_list(chunk.iter().map(|hash| hash.to_vec()));
        for row in query.rows(conn).await? {
            let hash: Vec<u8> = row.try_get_by_index(0)?;
            if let Ok(hash) = hash.try_into() {
                found.insert(hash, row.try_get_by_index(1)?);
            }
        }
    }
    Ok(found)
}

async fn stored_layout<C: Conn>(conn: &C, tenant: TenantId, body_hash: &[u8; 32]) -> Result<Option<Vec<u8>>> {
    let text = "SELECT layout FROM snapshot_bodies WHERE tenant_id = $1 AND body_hash = $2";
    let found = rows(conn, text, [tenant.0.into(), body_hash.to_vec().into()]).await?;
    Ok(found.first().map(|row| row.try_get_by_index(0)).transpose()?)
}

// Reading back ---------------------------------------------------------------------------------------------------------

/// The body of one answer, as it came.
pub async fn body<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset, page_no: i64) -> Result<Option<Vec<u8>>> {
    let text = "SELECT b.layout FROM snapshots s JOIN snapshot_bodies b ON b.tenant_id = s.tenant_id AND b.body_hash = s.body_hash \
                WHERE s.tenant_id = $1 AND s.run_id = $2 AND s.dataset = $3 AND s.page_no = $4";
    let values = [tenant.0.into(), run.0.clone().into(), dataset.as_str().into(), page_no.into()];
    let found = rows(conn, text, values).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let layout: Vec<u8> = row.try_get_by_index(0)?;
    let mut reader = RowReader::new(tenant);
    let mut body = Vec::new();
    for piece in Layout::decode(&layout)?.pieces {
        match piece {
            Piece::Text(text) => body.extend_from_slice(&text),
            Piece::Row(row_no) => body.extend_from_slice(reader.row(conn, row_no).await?),
        }
    }
    Ok(Some(body))
}

/// Reads raw rows back, holding the frames last used.
pub struct RowReader {
    tenant: TenantId,
    frames: Vec<(i64, Frame)>,
}

const FRAMES_HELD: usize = 4;

impl RowReader {
    pub fn new(tenant: TenantId) -> Self {
        Self { tenant, frames: Vec::new() }
    }

    /// The bytes of one raw row.
    ///
    /// # Errors
    /// When the row is not stored or its frame cannot be unpacked.
    pub async fn row<C: Conn>(&mut self, conn: &C, row_no: RowNo) -> Result<&[u8]> {
        let frame_no = row_no / PLACES;
        let place = match self.frames.iter().position(|(held, _)| *held == frame_no) {
            Some(place) => place,
            None => {
                let text = "SELECT bytes FROM raw_frames WHERE tenant_id = $1 AND frame_no = $2";
                let found = rows(conn, text, [self.tenant.0.into(), frame_no.into()]).await?;
                let packed: Vec<u8> = match found.first() {
                    Some(row) => row.try_get_by_index(0)?,
                    None => return Err(broken("a frame of raw rows is missing")),
                };
                if self.frames.len() == FRAMES_HELD {
                    self.frames.remove(0);
                }
                self.frames.push((frame_no, Frame::unpack(&packed)?));
                self.frames.len() - 1
            }
        };
        let index = usize::try_from(row_no % PLACES).unwrap_or(usize::MAX);
        self.frames[place].1.get(index).ok_or_else(|| broken("a raw row is missing from its frame"))
    }
}

fn broken(what: &str) -> StoreError {
    StoreError(sea_orm::DbErr::Custom(what.to_owned()))
}

// Packing --------------------------------------------------------------------------------------------------------------

/// Rows packed together: their lengths, then their bytes.
#[derive(Default)]
struct Frame {
    lengths: Vec<u32>,
    starts: Vec<usize>,
    bytes: Vec<u8>,
}

impl Frame {
    fn push(&mut self, row: &[u8]) -> i64 {
        let place = self.lengths.len();
        self.lengths.push(u32::try_from(row.len()).unwrap_or(u32::MAX));
        self.starts.push(self.bytes.len());
        self.bytes.extend_from_slice(row);
        i64::try_from(place).unwrap_or(i64::MAX)
    }

    fn get(&self, place: usize) -> Option<&[u8]> {
        let start = *self.starts.get(place)?;
        self.bytes.get(start..start + self.lengths[place] as usize)
    }

    fn pack(self) -> Result<Vec<u8>> {
        let mut plain = Vec::with_capacity(self.bytes.len() + 2 * self.lengths.len() + 4);
        put_number(&mut plain, self.lengths.len() as u64);
        for length in &self.lengths {
            put_number(&mut plain, u64::from(*length));
        }
        plain.extend_from_slice(&self.bytes);
        compress(&plain)
    }

    fn unpack(packed: &[u8]) -> Result<Self> {
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

/// An answer as pieces: the text around its rows, and its rows by their places.
struct Layout {
    pieces: Vec<Piece>,
}

enum Piece {
    Text(Vec<u8>),
    Row(RowNo),
}

impl Layout {
    fn of(answer: &Answer<'_>, row_nos: &[RowNo]) -> Self {
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

    fn row_nos(&self) -> Vec<RowNo> {
        let rows = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Row(row_no) => Some(*row_no),
            Piece::Text(_) => None,
        });
        rows.collect()
    }

    /// Text and rows take turns. Rows are written as steps from the row before, mostly 1, so that they pack to almost nothing.
    fn encode(&self) -> Result<Vec<u8>> {
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
        compress(&plain)
    }

    fn decode(packed: &[u8]) -> Result<Self> {
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

fn compress(plain: &[u8]) -> Result<Vec<u8>> {
    zstd::encode_all(plain, LEVEL).map_err(|error| broken(&format!("rows could not be packed: {error}")))
}

fn decompress(packed: &[u8]) -> Result<Vec<u8>> {
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
    use super::*;

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
        let answer = Answer { request: "r", offset: 0, at_ms: 0, http_status: 200, body: body.as_bytes(), rows: &ranges };
        let places: Vec<RowNo> = (65_536..65_636).collect();
        let packed = Layout::of(&answer, &places).encode().unwrap();
        assert!(packed.len() < 60, "{}", packed.len());
        assert_eq!(Layout::decode(&packed).unwrap().row_nos(), places);
    }
}
