//! Stores the responses of a run.

use std::collections::HashMap;

use tetherboard_domain::{Dataset, RunId, TenantId};

use super::frames::{Frame, Layout, pack_pages};
use super::{ROWS_PER_FRAME, RawResponse, RowNo, SnapshotPage, row_hash};
use crate::query::{Bulk, Query, execute, number, rows, upsert};
use crate::{Conn, Result, StoreError, Tx};

/// A frame is written once it has this many bytes.
const FRAME_BYTES: usize = 500_000;

/// Responses per packed list.
const PAGES_PER_LIST: usize = 100;

/// Stores the responses of one dataset in one run. After each [`record`](Self::record), call [`flush`](Self::flush) if
/// [`is_full`](Self::is_full), and once more at the end.
pub struct Recorder {
    tenant: TenantId,
    run: RunId,
    dataset: Dataset,
    frame_no: i64,
    frame: Frame,
    /// Frames that a response with very many rows filled before a flush.
    full_frames: Vec<(i64, Frame)>,
    new_rows: HashMap<[u8; 16], RowNo>,
    pages: Vec<SnapshotPage>,
    /// New layouts with their body numbers, by body hash.
    layouts: HashMap<[u8; 32], (i64, Vec<u8>)>,
    next_body_no: i64,
    page_no: i64,
}

impl Recorder {
    /// Starts recording. The caller must hold the tenant's lease, since row and body numbers continue from the stored ones.
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
            full_frames: Vec::new(),
            new_rows: HashMap::new(),
            pages: Vec::new(),
            layouts: HashMap::new(),
            next_body_no,
            page_no: 0,
        })
    }

    /// Adds a response. Returns the numbers of its rows, in order.
    pub async fn record<C: Conn>(&mut self, conn: &C, response: &RawResponse<'_>) -> Result<Vec<RowNo>> {
        let body_hash: [u8; 32] = blake3::hash(response.body).into();
        let stored = match self.layouts.get(&body_hash) {
            Some(stored) => Some(stored.clone()),
            None => stored_layout(conn, self.tenant, &body_hash).await?,
        };
        let body_no = stored.as_ref().map_or(self.next_body_no, |(body_no, _)| *body_no);
        let stored_row_nos = stored.map(|(_, layout)| Ok::<_, StoreError>(Layout::decode(&layout)?.row_nos())).transpose()?;
        // A body that could not be split when it was first stored has rows once the decoder can read it.
        let row_nos = match stored_row_nos.filter(|row_nos| row_nos.len() == response.rows.len()) {
            Some(row_nos) => row_nos,
            None => {
                let row_nos = self.assign_row_nos(conn, response).await?;
                self.layouts.insert(body_hash, (body_no, Layout::of(response, &row_nos).encode()?));
                self.next_body_no = self.next_body_no.max(body_no + 1);
                row_nos
            }
        };
        self.pages.push(SnapshotPage {
            page_no: self.page_no,
            request: response.request.to_owned(),
            offset: response.offset,
            at_ms: response.at_ms,
            http_status: response.http_status,
            body_no,
        });
        self.page_no += 1;
        Ok(row_nos)
    }

    /// Whether it is time to flush.
    pub fn is_full(&self) -> bool {
        self.frame.bytes() >= FRAME_BYTES || self.pages.len() >= PAGES_PER_LIST
    }

    /// Writes the responses added since the last flush.
    pub async fn flush(&mut self, tx: &Tx) -> Result<()> {
        if self.frame.rows() > 0 {
            self.close_frame();
        }
        if !self.full_frames.is_empty() {
            for (frame_no, frame) in self.full_frames.drain(..) {
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

    fn close_frame(&mut self) {
        self.full_frames.push((self.frame_no, std::mem::take(&mut self.frame)));
        self.frame_no += 1;
    }

    /// Assigns numbers to the rows of a response. New rows are added to the open frame.
    async fn assign_row_nos<C: Conn>(&mut self, conn: &C, response: &RawResponse<'_>) -> Result<Vec<RowNo>> {
        let hashes: Vec<[u8; 16]> = response.rows.iter().map(|range| row_hash(&response.body[range.clone()])).collect();
        let stored = stored_row_nos(conn, self.tenant, &hashes).await?;
        let mut row_nos = Vec::with_capacity(hashes.len());
        for (range, hash) in response.rows.iter().zip(hashes) {
            let row_no = match stored.get(&hash).or_else(|| self.new_rows.get(&hash)) {
                Some(row_no) => *row_no,
                None => {
                    if self.frame.rows() as i64 == ROWS_PER_FRAME {
                        self.close_frame();
                    }
                    let row_no = self.frame_no * ROWS_PER_FRAME + self.frame.push(&response.body[range.clone()]);
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

async fn put_pages<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset, pages: &[SnapshotPage]) -> Result<()> {
    let Some(first) = pages.first() else { return Ok(()) };
    let text = "INSERT INTO snapshot_pages (tenant_id, run_id, dataset, first_page, packed) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT DO NOTHING";
    let values = [tenant.into(), run.clone().into(), dataset.as_str().into(), first.page_no.into(), pack_pages(pages)?.into()];
    execute(conn, text, values).await?;
    Ok(())
}

/// The numbers of those rows that are stored already, by hash.
async fn stored_row_nos<C: Conn>(conn: &C, tenant: TenantId, hashes: &[[u8; 16]]) -> Result<HashMap<[u8; 16], RowNo>> {
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

/// The number and layout of a stored body.
async fn stored_layout<C: Conn>(conn: &C, tenant: TenantId, body_hash: &[u8; 32]) -> Result<Option<(i64, Vec<u8>)>> {
    let text = "SELECT body_no, layout FROM snapshot_bodies WHERE tenant_id = $1 AND body_hash = $2";
    let found = rows(conn, text, [tenant.into(), body_hash.to_vec().into()]).await?;
    found.first().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).transpose()
}
