//! What the CRM answered, byte for byte, each row of it stored once.
//!
//! An answer is kept as a *layout*: the text around its rows, and the places of the rows in *frames*, which hold about
//! 500 KB of new rows compressed together. A row that comes again, wherever in the pages, is only named again; an
//! answer that comes again is only counted. A body that could not be split into rows is its own layout.

use std::collections::HashMap;
use std::ops::Range;

use tetherboard_domain::{ContactId, Dataset, EpochMs, RunId, TenantId};

use crate::packing::{Frame, Layout, Piece, broken, pack_pages, unpack_pages};
use crate::query::{Bulk, Query, execute, number, rows, upsert};
use crate::{Conn, Result, StoreError, Tx};

pub use crate::packing::KeptPage;

/// Where a raw row's bytes are: frame × 65,536 + place in it.
pub type RowNo = i64;

pub(crate) const PLACES: i64 = 1 << 16;
const FRAME_BYTES: usize = 500_000;
const PAGES_A_FLUSH: usize = 100;

/// One answer as it came.
pub struct Answer<'a> {
    pub request: &'a str,
    pub offset: usize,
    pub at_ms: EpochMs,
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
    pages: Vec<KeptPage>,
    /// With the body's number.
    layouts: HashMap<[u8; 32], (i64, Vec<u8>)>,
    next_body_no: i64,
    page_no: i64,
}

impl Recorder {
    pub async fn new<C: Conn>(conn: &C, tenant: TenantId, run: RunId, dataset: Dataset) -> Result<Self> {
        let text = "SELECT COALESCE(MAX(frame_no), 0) + 1 FROM raw_frames WHERE tenant_id = $1";
        let frame_no = number(conn, text, [tenant.into()]).await?;
        let text = "SELECT COALESCE(MAX(body_no), 0) + 1 FROM snapshot_bodies WHERE tenant_id = $1";
        let next_body_no = number(conn, text, [tenant.into()]).await?;
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
            next_body_no,
            page_no: 0,
        })
    }

    /// Takes an answer in; the places of its rows, in order.
    pub async fn keep<C: Conn>(&mut self, conn: &C, answer: &Answer<'_>) -> Result<Vec<RowNo>> {
        let body_hash: [u8; 32] = blake3::hash(answer.body).into();
        let known = match self.layouts.get(&body_hash) {
            Some(known) => Some(known.clone()),
            None => stored_layout(conn, self.tenant, &body_hash).await?,
        };
        let body_no = known.as_ref().map_or(self.next_body_no, |(body_no, _)| *body_no);
        let known = known.map(|(_, layout)| Ok::<_, StoreError>(Layout::decode(&layout)?.row_nos())).transpose()?;
        // A body that could not be split when it was first kept has rows once we know how to read it.
        let row_nos = match known.filter(|row_nos| row_nos.len() == answer.rows.len()) {
            Some(row_nos) => row_nos,
            None => {
                let row_nos = self.place_rows(conn, answer).await?;
                self.layouts.insert(body_hash, (body_no, Layout::of(answer, &row_nos).encode()?));
                self.next_body_no = self.next_body_no.max(body_no + 1);
                row_nos
            }
        };
        self.pages.push(KeptPage {
            page_no: self.page_no,
            request: answer.request.to_owned(),
            offset: answer.offset,
            at_ms: answer.at_ms,
            http_status: answer.http_status,
            body_no,
        });
        self.page_no += 1;
        Ok(row_nos)
    }

    pub fn is_full(&self) -> bool {
        self.frame.bytes() >= FRAME_BYTES || self.pages.len() >= PAGES_A_FLUSH
    }

    /// Writes what was taken in, whole or not at all.
    pub async fn flush(&mut self, tx: &Tx) -> Result<()> {
        if self.frame.rows() > 0 {
            self.seal();
        }
        if !self.full.is_empty() {
            for (frame_no, frame) in self.full.drain(..) {
                let text = "INSERT INTO raw_frames (tenant_id, frame_no, bytes) VALUES ($1, $2, $3)";
                execute(tx, text, [self.tenant.into(), frame_no.into(), frame.pack()?.into()]).await?;
            }
            let rows = self.new_rows.drain().map(|(hash, row_no)| vec![self.tenant.into(), hash.to_vec().into(), row_no.into()]);
            upsert(tx, &RAW_ROWS, rows.collect()).await?;
        }
        let layouts = (self.layouts.drain())
            .map(|(hash, (body_no, layout))| vec![self.tenant.into(), hash.to_vec().into(), body_no.into(), layout.into()]);
        upsert(tx, &BODIES, layouts.collect()).await?;
        put_pages(tx, self.tenant, &self.run, self.dataset, &std::mem::take(&mut self.pages)).await
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
                    if self.frame.rows() as i64 == PLACES {
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

const RAW_ROWS: Bulk<'_> = Bulk { table: "raw_rows", columns: &["tenant_id", "hash", "row_no"], key: 2, keep: &["row_no"] };
const BODIES: Bulk<'_> =
    Bulk { table: "snapshot_bodies", columns: &["tenant_id", "body_hash", "body_no", "layout"], key: 2, keep: &["body_no"] };

async fn put_pages<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset, pages: &[KeptPage]) -> Result<()> {
    let Some(first) = pages.first() else { return Ok(()) };
    let text = "INSERT INTO snapshot_pages (tenant_id, run_id, dataset, first_page, packed) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT DO NOTHING";
    let values = [tenant.into(), run.clone().into(), dataset.as_str().into(), first.page_no.into(), pack_pages(pages)?.into()];
    execute(conn, text, values).await?;
    Ok(())
}

/// 128 bits of BLAKE3: nobody who writes into the CRM can make two rows look alike.
pub(crate) fn row_hash(row: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(row).as_bytes()[..16]);
    short
}

async fn stored_rows<C: Conn>(conn: &C, tenant: TenantId, hashes: &[[u8; 16]]) -> Result<HashMap<[u8; 16], RowNo>> {
    let mut found = HashMap::with_capacity(hashes.len());
    for chunk in hashes.chunks(1_000) {
        let mut query = Query::new("SELECT hash, row_no FROM raw_rows WHERE tenant_id = ");
        query.bind(tenant).push(" AND hash IN ").bind_list(chunk.iter().map(|hash| hash.to_vec()));
        for row in query.rows(conn).await? {
            let hash: Vec<u8> = row.try_get_by_index(0)?;
            if let Ok(hash) = hash.try_into() {
                found.insert(hash, row.try_get_by_index(1)?);
            }
        }
    }
    Ok(found)
}

/// A body's number and its layout.
async fn stored_layout<C: Conn>(conn: &C, tenant: TenantId, body_hash: &[u8; 32]) -> Result<Option<(i64, Vec<u8>)>> {
    let text = "SELECT body_no, layout FROM snapshot_bodies WHERE tenant_id = $1 AND body_hash = $2";
    let found = rows(conn, text, [tenant.into(), body_hash.to_vec().into()]).await?;
    found.first().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).transpose()
}

// Reading back ---------------------------------------------------------------------------------------------------------

/// The answers of one dataset of one run, in the order in which they came.
pub async fn pages<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset) -> Result<Vec<KeptPage>> {
    let text = "SELECT first_page, packed FROM snapshot_pages \
                WHERE tenant_id = $1 AND run_id = $2 AND dataset = $3 ORDER BY first_page";
    let mut pages = Vec::new();
    for row in rows(conn, text, [tenant.into(), run.clone().into(), dataset.as_str().into()]).await? {
        let packed: Vec<u8> = row.try_get_by_index(1)?;
        pages.extend(unpack_pages(&packed, row.try_get_by_index(0)?)?);
    }
    Ok(pages)
}

/// One answer of a run; `None` when it has no such page, or is not kept any more.
pub async fn page<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset, page_no: i64) -> Result<Option<KeptPage>> {
    let text = "SELECT first_page, packed FROM snapshot_pages \
                WHERE tenant_id = $1 AND run_id = $2 AND dataset = $3 AND first_page <= $4 ORDER BY first_page DESC LIMIT 1";
    let values = [tenant.into(), run.clone().into(), dataset.as_str().into(), page_no.into()];
    let found = rows(conn, text, values).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let packed: Vec<u8> = row.try_get_by_index(1)?;
    Ok(unpack_pages(&packed, row.try_get_by_index(0)?)?.into_iter().find(|page| page.page_no == page_no))
}

/// The body of one answer, as it came.
pub async fn body<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset, page_no: i64) -> Result<Option<Vec<u8>>> {
    let Some(page) = page(conn, tenant, run, dataset, page_no).await? else { return Ok(None) };
    Ok(Some(body_of(conn, &page, &mut RowReader::new(tenant)).await?))
}

/// The places of an answer's rows, in the answer's order; none for a body that could not be split.
pub async fn row_nos<C: Conn>(conn: &C, tenant: TenantId, page: &KeptPage) -> Result<Vec<RowNo>> {
    Ok(layout(conn, tenant, page).await?.row_nos())
}

async fn layout<C: Conn>(conn: &C, tenant: TenantId, page: &KeptPage) -> Result<Layout> {
    let text = "SELECT layout FROM snapshot_bodies WHERE tenant_id = $1 AND body_no = $2";
    let found = rows(conn, text, [tenant.into(), page.body_no.into()]).await?;
    let layout: Vec<u8> = found.first().ok_or_else(|| broken("an answer's body is missing"))?.try_get_by_index(0)?;
    Layout::decode(&layout)
}

/// Packs what an older version kept in a row for each answer.
pub(crate) async fn pack_old<C: sea_orm::ConnectionTrait>(conn: &C) -> std::result::Result<(), sea_orm::DbErr> {
    let statement = |text: &str, values: Vec<sea_orm::Value>| {
        sea_orm::Statement::from_sql_and_values(conn.get_database_backend(), text, values)
    };
    let reads = conn.query_all_raw(statement("SELECT DISTINCT tenant_id, run_id, dataset FROM snapshots", vec![])).await?;
    for read in reads {
        let (tenant, run, dataset): (i64, String, String) =
            (read.try_get_by_index(0)?, read.try_get_by_index(1)?, read.try_get_by_index(2)?);
        let text = "SELECT s.page_no, s.request, s.page_offset, s.at_ms, s.http_status, COALESCE(b.body_no, 0) FROM snapshots s \
                    LEFT JOIN snapshot_bodies b ON b.tenant_id = s.tenant_id AND b.body_hash = s.body_hash \
                    WHERE s.tenant_id = $1 AND s.run_id = $2 AND s.dataset = $3 ORDER BY s.page_no";
        let values = vec![tenant.into(), run.clone().into(), dataset.clone().into()];
        let mut pages = Vec::new();
        for row in conn.query_all_raw(statement(text, values)).await? {
            let (offset, http_status): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(4)?);
            pages.push(KeptPage {
                page_no: row.try_get_by_index(0)?,
                request: row.try_get_by_index(1)?,
                offset: usize::try_from(offset).unwrap_or(0),
                at_ms: row.try_get_by_index(3)?,
                http_status: u16::try_from(http_status).unwrap_or(0),
                body_no: row.try_get_by_index(5)?,
            });
        }
        for list in pages.chunks(PAGES_A_FLUSH) {
            let text = "INSERT INTO snapshot_pages (tenant_id, run_id, dataset, first_page, packed) VALUES ($1, $2, $3, $4, $5)";
            let packed = pack_pages(list).map_err(|error| error.0)?;
            let values = vec![
                tenant.into(),
                run.clone().into(),
                dataset.clone().into(),
                list.first().map_or(0, |page| page.page_no).into(),
                packed.into(),
            ];
            conn.execute_raw(statement(text, values)).await?;
        }
    }
    Ok(())
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
                let found = rows(conn, text, [self.tenant.into(), frame_no.into()]).await?;
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

/// The body of an answer, as it came; the reader's frames serve the answers after it.
pub async fn body_of<C: Conn>(conn: &C, page: &KeptPage, reader: &mut RowReader) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    for piece in layout(conn, reader.tenant, page).await?.pieces {
        match piece {
            Piece::Text(text) => body.extend_from_slice(&text),
            Piece::Row(row_no) => body.extend_from_slice(reader.row(conn, row_no).await?),
        }
    }
    Ok(body)
}

/// Runs that answers of a dataset are kept of: so many before a run and so many after it, in their order.
pub async fn runs_around<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset, limit: i64) -> Result<Vec<RunId>> {
    let mut around = Vec::new();
    for (side, order) in [("<", "DESC"), (">", "ASC")] {
        let text = format!(
            "SELECT DISTINCT run_id FROM snapshot_pages WHERE tenant_id = $1 AND dataset = $2 AND run_id {side} $3 \
             ORDER BY run_id {order} LIMIT $4"
        );
        let values = [tenant.into(), dataset.as_str().into(), run.clone().into(), limit.into()];
        for row in rows(conn, &text, values).await? {
            around.push(row.try_get_by_index(0)?);
        }
    }
    around.sort();
    Ok(around)
}

/// A live record that a read did not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    pub crm_id: String,
    pub name: String,
    pub stage: Option<String>,
}

/// The live records of a dataset whose raw row is in none of a run's answers: what a read that is held would remove.
/// A read marks nothing as missing while it is held, but it writes down every row that it did show, so what is left
/// over is exactly what it did not. Records outside what the read could show are for the caller to leave out by
/// `within`, which gets a record's start (appointments) and contact (notes).
pub async fn unseen<C: Conn>(
    conn: &C,
    tenant: TenantId,
    run: &RunId,
    dataset: Dataset,
    within: impl Fn(Option<EpochMs>, Option<&ContactId>) -> bool,
) -> Result<Vec<Unseen>> {
    let mut shown = std::collections::HashSet::new();
    for page in pages(conn, tenant, run, dataset).await? {
        shown.extend(row_nos(conn, tenant, &page).await?);
    }
    let columns = match dataset {
        Dataset::Stages | Dataset::Sources | Dataset::Users => "name, NULL, NULL, NULL",
        Dataset::Contacts => "name, stage, NULL, NULL",
        Dataset::Deals => "CASE WHEN title = '' THEN name ELSE title END, stage, NULL, NULL",
        Dataset::Events => "CASE WHEN title = '' THEN name ELSE title END, NULL, starts_ms, NULL",
        Dataset::Notes => "kind, NULL, NULL, client_id",
    };
    let mut query = Query::new(&format!(
        "SELECT crm_id, row_no, {columns} FROM {} WHERE gone_ms IS NULL AND tenant_id = ",
        crate::records::table(dataset)
    ));
    query.bind(tenant).push(" ORDER BY crm_id");
    let mut unseen = Vec::new();
    for row in query.rows(conn).await? {
        let row_no: RowNo = row.try_get_by_index(1)?;
        let (starts_ms, contact) = match dataset {
            Dataset::Events => (row.try_get_by_index(4)?, None),
            Dataset::Notes => (None, row.try_get_by_index::<Option<ContactId>>(5)?),
            _ => (None, None),
        };
        if !shown.contains(&row_no) && within(starts_ms, contact.as_ref()) {
            let stage = match dataset {
                Dataset::Contacts | Dataset::Deals => row.try_get_by_index(3)?,
                _ => None,
            };
            unseen.push(Unseen { crm_id: row.try_get_by_index(0)?, name: row.try_get_by_index(2)?, stage });
        }
    }
    Ok(unseen)
}
