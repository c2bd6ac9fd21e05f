//! Deletes old snapshots: first the response lists of entire runs, then the bodies and rows that are no longer used.
//!
//! A sync never waits for this. It determines what is in use without a lock, then deletes in small transactions. Each
//! transaction checks that no run has started in the meantime, and gives up if one has.

use std::collections::{HashMap, HashSet};

use tetherboard_domain::{Dataset, EpochMs, RunId, TenantId};

use crate::query::{Query, execute, number, rows};
use crate::records::table;
use crate::snapshots::frames::{Frame, Layout, unpack_pages};
use crate::snapshots::{ROWS_PER_FRAME, RowNo, row_hash};
use crate::{Conn, Result, Store, Tx};

/// The runs with stored responses, oldest first, and when each started.
pub async fn runs_with_snapshots<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<(RunId, EpochMs)>> {
    let text = "SELECT id, COALESCE(started_ms, requested_ms) FROM sync_runs r WHERE tenant_id = $1 AND EXISTS (\
                SELECT 1 FROM snapshot_pages p WHERE p.tenant_id = r.tenant_id AND p.run_id = r.id) ORDER BY id";
    let found = rows(conn, text, [tenant.into()]).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Deletes a run's responses, together with its list of skipped rows, which refer to them.
pub async fn delete_snapshots<C: Conn>(conn: &C, tenant: TenantId, run: &RunId) -> Result<()> {
    for table in ["snapshot_pages", "set_aside_rows"] {
        let text = format!("DELETE FROM {table} WHERE tenant_id = $1 AND run_id = $2");
        execute(conn, &text, [tenant.into(), run.clone().into()]).await?;
    }
    Ok(())
}

/// Claims the cleanup of a local day. Returns true for the first caller only.
pub async fn claim_daily_cleanup<C: Conn>(conn: &C, tenant: TenantId, day: &str) -> Result<bool> {
    let text =
        "UPDATE tenants SET snapshots_thinned = $2 WHERE id = $1 AND (snapshots_thinned IS NULL OR snapshots_thinned <> $2)";
    Ok(execute(conn, text, [tenant.into(), day.into()]).await?.rows_affected() == 1)
}

/// How a [`sweep`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepOutcome {
    /// Deleted this many unused bodies and rows.
    Done { bodies: usize, rows: usize },
    /// A run was active or started in the meantime. Everything deleted until then was unused.
    Interrupted,
}

/// Bodies per transaction.
const BODIES_PER_DELETE: usize = 500;

/// Deletes bodies that no run's responses refer to, and rows that no body, record, or skipped row refers to.
pub async fn sweep(store: &Store, tenant: TenantId, machine_ms: EpochMs) -> Result<SweepOutcome> {
    let conn = store.conn();
    let Some(idle) = IdleTenant::find(conn, tenant, machine_ms).await? else { return Ok(SweepOutcome::Interrupted) };
    let (unused_bodies, live) = find_unused(conn, tenant).await?;
    for chunk in unused_bodies.chunks(BODIES_PER_DELETE) {
        let Some(tx) = idle.begin(store).await? else { return Ok(SweepOutcome::Interrupted) };
        let mut query = Query::new("DELETE FROM snapshot_bodies WHERE tenant_id = ");
        query.bind(tenant).push(" AND body_no IN ").bind_list(chunk.iter().copied());
        query.execute(&tx).await?;
        Store::commit(tx).await?;
    }
    let mut deleted_rows = 0;
    for frame_no in row_nos(conn, "SELECT frame_no FROM raw_frames WHERE tenant_id = $1", tenant).await? {
        let Some(tx) = idle.begin(store).await? else { return Ok(SweepOutcome::Interrupted) };
        deleted_rows += compact_frame(&tx, tenant, frame_no, live.of_frame(frame_no)).await?;
        Store::commit(tx).await?;
    }
    Ok(SweepOutcome::Done { bodies: unused_bodies.len(), rows: deleted_rows })
}

/// The numbers of the unused bodies, and the rows that are in use.
async fn find_unused<C: Conn>(conn: &C, tenant: TenantId) -> Result<(Vec<i64>, LiveRowBits)> {
    let used_bodies = used_bodies(conn, tenant).await?;
    let (mut unused_bodies, mut live) = (Vec::new(), LiveRowBits::default());
    let mut after = i64::MIN;
    loop {
        let text = "SELECT body_no, layout FROM snapshot_bodies WHERE tenant_id = $1 AND body_no > $2 ORDER BY body_no LIMIT 500";
        let batch = rows(conn, text, [tenant.into(), after.into()]).await?;
        let Some(last) = batch.last() else { break };
        after = last.try_get_by_index(0)?;
        for row in &batch {
            let body_no: i64 = row.try_get_by_index(0)?;
            if used_bodies.contains(&body_no) {
                let layout: Vec<u8> = row.try_get_by_index(1)?;
                live.add(Layout::decode(&layout)?.row_nos());
            } else {
                unused_bodies.push(body_no);
            }
        }
    }
    for dataset in Dataset::ALL {
        let text = format!("SELECT row_no FROM {} WHERE tenant_id = $1", table(*dataset));
        live.add(row_nos(conn, &text, tenant).await?);
    }
    for table in ["set_aside_rows", "skipped_rows"] {
        live.add(row_nos(conn, &format!("SELECT row_no FROM {table} WHERE tenant_id = $1"), tenant).await?);
    }
    Ok((unused_bodies, live))
}

/// Evidence that no process held the tenant's lease at some time. The fencing token shows whether one has claimed it since.
struct IdleTenant {
    tenant: TenantId,
    fence: i64,
    machine_ms: EpochMs,
}

impl IdleTenant {
    async fn find<C: Conn>(conn: &C, tenant: TenantId, machine_ms: EpochMs) -> Result<Option<Self>> {
        // A holder that slept past the end of its lease could still write references to rows deleted here. A new fencing
        // token stops it.
        let text = "UPDATE sync_leases SET fence = fence + 1 WHERE tenant_id = $1 AND expires_ms <= $2 RETURNING fence";
        let found = rows(conn, text, [tenant.into(), machine_ms.into()]).await?;
        let fence = found.first().map(|row| row.try_get_by_index(0)).transpose()?;
        Ok(fence.map(|fence| Self { tenant, fence, machine_ms }))
    }

    /// A transaction during which no run can start; `None` if one has started.
    async fn begin(&self, store: &Store) -> Result<Option<Tx>> {
        let tx = store.begin().await?;
        let text = "UPDATE sync_leases SET fence = fence WHERE tenant_id = $1 AND fence = $2 AND expires_ms <= $3";
        let values = [self.tenant.into(), self.fence.into(), self.machine_ms.into()];
        Ok((execute(&tx, text, values).await?.rows_affected() == 1).then_some(tx))
    }
}

/// The numbers of the bodies that stored responses refer to.
async fn used_bodies<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashSet<i64>> {
    let mut used = HashSet::new();
    for (run, _) in runs_with_snapshots(conn, tenant).await? {
        let text = "SELECT packed FROM snapshot_pages WHERE tenant_id = $1 AND run_id = $2";
        for row in rows(conn, text, [tenant.into(), run.clone().into()]).await? {
            let packed: Vec<u8> = row.try_get_by_index(0)?;
            used.extend(unpack_pages(&packed, 0)?.into_iter().map(|page| page.body_no));
        }
    }
    Ok(used)
}

async fn row_nos<C: Conn>(conn: &C, text: &str, tenant: TenantId) -> Result<Vec<i64>> {
    rows(conn, text, [tenant.into()]).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// The rows that are in use, as a bit set per frame.
#[derive(Default)]
struct LiveRowBits {
    frames: HashMap<i64, Vec<u64>>,
}

impl LiveRowBits {
    /// Marks rows as in use.
    fn add(&mut self, row_nos: Vec<RowNo>) {
        for row_no in row_nos {
            let position = usize::try_from(row_no % ROWS_PER_FRAME).unwrap_or(0);
            let bits = self.frames.entry(row_no / ROWS_PER_FRAME).or_default();
            if bits.len() <= position / 64 {
                bits.resize(position / 64 + 1, 0);
            }
            bits[position / 64] |= 1 << (position % 64);
        }
    }

    /// Whether the row at a position of a frame is in use.
    fn of_frame(&self, frame_no: i64) -> impl Fn(usize) -> bool {
        let bits = self.frames.get(&frame_no).map(Vec::as_slice).unwrap_or_default();
        move |position| bits.get(position / 64).is_some_and(|bits| bits >> (position % 64) & 1 == 1)
    }
}

/// Deletes a frame without live rows. Empties the dead rows of a frame of which at least half the bytes are dead; live rows
/// keep their positions. Returns the number of deleted rows.
async fn compact_frame(tx: &Tx, tenant: TenantId, frame_no: i64, is_live: impl Fn(usize) -> bool) -> Result<usize> {
    let text = "SELECT bytes FROM raw_frames WHERE tenant_id = $1 AND frame_no = $2";
    let found = rows(tx, text, [tenant.into(), frame_no.into()]).await?;
    let Some(row) = found.first() else { return Ok(0) };
    let packed: Vec<u8> = row.try_get_by_index(0)?;
    let frame = Frame::unpack(&packed)?;
    let dead: Vec<&[u8]> = (0..frame.rows())
        .filter(|position| !is_live(*position))
        .filter_map(|position| frame.get(position))
        .filter(|row| !row.is_empty())
        .collect();
    let dead_bytes: usize = dead.iter().map(|row| row.len()).sum();
    let all_dead = (0..frame.rows()).all(|position| !is_live(position));
    if !all_dead && dead_bytes * 2 < frame.bytes().max(1) {
        return Ok(0);
    }
    let mut hashes: Vec<[u8; 16]> = dead.iter().map(|row| row_hash(row)).collect();
    if all_dead {
        // An empty row looks like an emptied one, but its hash is stored and must not outlive the frame.
        hashes.push(row_hash(b""));
    }
    delete_hashes(tx, tenant, frame_no, &hashes).await?;
    if all_dead {
        let text = "DELETE FROM raw_frames WHERE tenant_id = $1 AND frame_no = $2";
        execute(tx, text, [tenant.into(), frame_no.into()]).await?;
    } else {
        let mut compacted = Frame::default();
        for position in 0..frame.rows() {
            compacted.push(frame.get(position).filter(|_| is_live(position)).unwrap_or_default());
        }
        let text = "UPDATE raw_frames SET bytes = $3 WHERE tenant_id = $1 AND frame_no = $2";
        execute(tx, text, [tenant.into(), frame_no.into(), compacted.pack()?.into()]).await?;
    }
    Ok(dead.len())
}

/// Deletes the hashes of rows of a frame.
async fn delete_hashes(tx: &Tx, tenant: TenantId, frame_no: i64, hashes: &[[u8; 16]]) -> Result<()> {
    let (first, end) = (frame_no * ROWS_PER_FRAME, (frame_no + 1) * ROWS_PER_FRAME);
    for chunk in hashes.chunks(1_000) {
        let mut query = Query::new("DELETE FROM raw_rows WHERE tenant_id = ");
        query.bind(tenant).push(" AND row_no >= ").bind(first).push(" AND row_no < ").bind(end);
        query.push(" AND hash IN ").bind_list(chunk.iter().map(|hash| hash.to_vec()));
        query.execute(tx).await?;
    }
    Ok(())
}

/// The compressed size of a tenant's snapshots, in bytes.
pub async fn stored_bytes<C: Conn>(conn: &C, tenant: TenantId) -> Result<i64> {
    let text = "SELECT CAST(COALESCE(SUM(LENGTH(bytes)), 0) AS BIGINT) FROM raw_frames WHERE tenant_id = $1";
    let frames = number(conn, text, [tenant.into()]).await?;
    let text = "SELECT CAST(COALESCE(SUM(LENGTH(layout)), 0) AS BIGINT) FROM snapshot_bodies WHERE tenant_id = $1";
    let layouts = number(conn, text, [tenant.into()]).await?;
    let text = "SELECT CAST(COALESCE(SUM(LENGTH(packed)), 0) AS BIGINT) FROM snapshot_pages WHERE tenant_id = $1";
    Ok(frames + layouts + number(conn, text, [tenant.into()]).await?)
}
