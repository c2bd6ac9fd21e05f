//! Reads stored responses and raw rows.

use tetherboard_domain::{Dataset, RunId, TenantId};

use super::frames::{Frame, Layout, Piece, unpack_pages};
use super::{ROWS_PER_FRAME, RowNo, SnapshotPage};
use crate::query::{corrupt, rows};
use crate::{Conn, Result};

/// The responses of one dataset in one run, in order of arrival.
pub async fn pages<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset) -> Result<Vec<SnapshotPage>> {
    let text = "SELECT first_page, packed FROM snapshot_pages \
                WHERE tenant_id = $1 AND run_id = $2 AND dataset = $3 ORDER BY first_page";
    let mut pages = Vec::new();
    for row in rows(conn, text, [tenant.into(), run.clone().into(), dataset.as_str().into()]).await? {
        let packed: Vec<u8> = row.try_get_by_index(1)?;
        pages.extend(unpack_pages(&packed, row.try_get_by_index(0)?)?);
    }
    Ok(pages)
}

/// One response of a run; `None` if it does not exist or has been deleted.
pub async fn page<C: Conn>(
    conn: &C,
    tenant: TenantId,
    run: &RunId,
    dataset: Dataset,
    page_no: i64,
) -> Result<Option<SnapshotPage>> {
    let text = "SELECT first_page, packed FROM snapshot_pages \
                WHERE tenant_id = $1 AND run_id = $2 AND dataset = $3 AND first_page <= $4 ORDER BY first_page DESC LIMIT 1";
    let values = [tenant.into(), run.clone().into(), dataset.as_str().into(), page_no.into()];
    let found = rows(conn, text, values).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let packed: Vec<u8> = row.try_get_by_index(1)?;
    Ok(unpack_pages(&packed, row.try_get_by_index(0)?)?.into_iter().find(|page| page.page_no == page_no))
}

/// The body of one response.
pub async fn body<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset, page_no: i64) -> Result<Option<Vec<u8>>> {
    let Some(page) = page(conn, tenant, run, dataset, page_no).await? else { return Ok(None) };
    Ok(Some(page_body(conn, &page, &mut RowReader::new(tenant)).await?))
}

/// The numbers of a response's rows, in order; empty if its body could not be split.
pub async fn row_nos<C: Conn>(conn: &C, tenant: TenantId, page: &SnapshotPage) -> Result<Vec<RowNo>> {
    Ok(layout(conn, tenant, page).await?.row_nos())
}

async fn layout<C: Conn>(conn: &C, tenant: TenantId, page: &SnapshotPage) -> Result<Layout> {
    let text = "SELECT layout FROM snapshot_bodies WHERE tenant_id = $1 AND body_no = $2";
    let found = rows(conn, text, [tenant.into(), page.body_no.into()]).await?;
    let layout: Vec<u8> = found.first().ok_or_else(|| corrupt("the body of a response is missing"))?.try_get_by_index(0)?;
    Layout::decode(&layout)
}

/// Reads raw rows. Keeps the last few frames in memory.
pub struct RowReader {
    tenant: TenantId,
    frames: Vec<(i64, Frame)>,
}

const CACHED_FRAMES: usize = 4;

impl RowReader {
    /// A reader of a tenant's rows.
    pub fn new(tenant: TenantId) -> Self {
        Self { tenant, frames: Vec::new() }
    }

    /// The bytes of one raw row.
    ///
    /// # Errors
    /// Also fails if the row does not exist or its frame is damaged.
    pub async fn row<C: Conn>(&mut self, conn: &C, row_no: RowNo) -> Result<&[u8]> {
        let frame_no = row_no / ROWS_PER_FRAME;
        let slot = match self.frames.iter().position(|(cached, _)| *cached == frame_no) {
            Some(slot) => slot,
            None => {
                let text = "SELECT bytes FROM raw_frames WHERE tenant_id = $1 AND frame_no = $2";
                let found = rows(conn, text, [self.tenant.into(), frame_no.into()]).await?;
                let packed: Vec<u8> = match found.first() {
                    Some(row) => row.try_get_by_index(0)?,
                    None => return Err(corrupt("a frame of raw rows is missing")),
                };
                if self.frames.len() == CACHED_FRAMES {
                    self.frames.remove(0);
                }
                self.frames.push((frame_no, Frame::unpack(&packed)?));
                self.frames.len() - 1
            }
        };
        let index = usize::try_from(row_no % ROWS_PER_FRAME).unwrap_or(usize::MAX);
        self.frames[slot].1.get(index).ok_or_else(|| corrupt("a raw row is missing from its frame"))
    }
}

/// The body of a response. Pass the same reader for several responses, so that its cached frames are reused.
pub async fn page_body<C: Conn>(conn: &C, page: &SnapshotPage, reader: &mut RowReader) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    for piece in layout(conn, reader.tenant, page).await?.pieces {
        match piece {
            Piece::Text(text) => body.extend_from_slice(&text),
            Piece::Row(row_no) => body.extend_from_slice(reader.row(conn, row_no).await?),
        }
    }
    Ok(body)
}

/// The runs with stored responses of a dataset: at most `limit` before a run and as many after it, oldest first.
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
