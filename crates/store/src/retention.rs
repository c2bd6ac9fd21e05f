//! Letting old answers go: first whole runs' lists of answers, then the bodies and rows that nothing names any more.
//!
//! A sync never waits for it. What is in use is found out without a lock; each small part is then taken away in a
//! transaction which proves that no run began meanwhile, and gives up if one did.

use std::collections::{HashMap, HashSet};

use tetherboard_domain::{Dataset, EpochMs, RunId, TenantId};

use crate::packing::{Frame, Layout, unpack_pages};
use crate::query::{Query, execute, number, rows};
use crate::records::table;
use crate::snapshots::{PLACES, RowNo, row_hash};
use crate::{Conn, Result, Store, Tx};

/// The runs whose answers are kept, oldest first, with when each began.
pub async fn kept_runs<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<(RunId, EpochMs)>> {
    let text = "SELECT id, COALESCE(started_ms, requested_ms) FROM sync_runs r WHERE tenant_id = $1 AND EXISTS (\
                SELECT 1 FROM snapshot_pages p WHERE p.tenant_id = r.tenant_id AND p.run_id = r.id) ORDER BY id";
    let found = rows(conn, text, [tenant.into()]).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Forgets a run's answers; what it set aside can then not be shown either.
pub async fn forget<C: Conn>(conn: &C, tenant: TenantId, run: &RunId) -> Result<()> {
    for table in ["snapshot_pages", "set_aside_rows"] {
        let text = format!("DELETE FROM {table} WHERE tenant_id = $1 AND run_id = $2");
        execute(conn, &text, [tenant.into(), run.clone().into()]).await?;
    }
    Ok(())
}

/// Whether a brand's answers were thinned out on this local day already; if not, it is now this caller's to do.
pub async fn claim_day<C: Conn>(conn: &C, tenant: TenantId, day: &str) -> Result<bool> {
    let text =
        "UPDATE tenants SET snapshots_thinned = $2 WHERE id = $1 AND (snapshots_thinned IS NULL OR snapshots_thinned <> $2)";
    Ok(execute(conn, text, [tenant.into(), day.into()]).await?.rows_affected() == 1)
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    /// What nothing names is gone: so many bodies, and so many rows.
    Done { bodies: usize, rows: usize },
    /// A run is under way, or began meanwhile. What was taken away until then was right to go.
    Disturbed,
}

const BODIES_AT_ONCE: usize = 500;

/// Takes away bodies that no run's answers name, and rows that no body, no record and no set-aside row stands on.
pub async fn sweep(store: &Store, tenant: TenantId, machine_ms: EpochMs) -> Result<Swept> {
    let conn = store.conn();
    let Some(quiet) = Quiet::find(conn, tenant, machine_ms).await? else { return Ok(Swept::Disturbed) };
    let named = named_bodies(conn, tenant).await?;
    let (mut dead_bodies, mut live) = (Vec::new(), LiveRows::default());
    let mut after = i64::MIN;
    loop {
        let text = "SELECT body_no, layout FROM snapshot_bodies WHERE tenant_id = $1 AND body_no > $2 ORDER BY body_no LIMIT 500";
        let part = rows(conn, text, [tenant.into(), after.into()]).await?;
        let Some(last) = part.last() else { break };
        after = last.try_get_by_index(0)?;
        for row in &part {
            let body_no: i64 = row.try_get_by_index(0)?;
            if named.contains(&body_no) {
                let layout: Vec<u8> = row.try_get_by_index(1)?;
                live.add(Layout::decode(&layout)?.row_nos());
            } else {
                dead_bodies.push(body_no);
            }
        }
    }
    for dataset in Dataset::ALL {
        let text = format!("SELECT row_no FROM {} WHERE tenant_id = $1", table(*dataset));
        live.add(row_nos(conn, &text, tenant).await?);
    }
    live.add(row_nos(conn, "SELECT row_no FROM set_aside_rows WHERE tenant_id = $1", tenant).await?);

    for part in dead_bodies.chunks(BODIES_AT_ONCE) {
        let Some(tx) = quiet.begin(store).await? else { return Ok(Swept::Disturbed) };
        let mut query = Query::new("DELETE FROM snapshot_bodies WHERE tenant_id = ");
        query.bind(tenant).push(" AND body_no IN ").bind_list(part.iter().copied());
        query.execute(&tx).await?;
        Store::commit(tx).await?;
    }
    let mut dropped = 0;
    for frame_no in row_nos(conn, "SELECT frame_no FROM raw_frames WHERE tenant_id = $1", tenant).await? {
        let Some(tx) = quiet.begin(store).await? else { return Ok(Swept::Disturbed) };
        dropped += thin_frame(&tx, tenant, frame_no, live.of_frame(frame_no)).await?;
        Store::commit(tx).await?;
    }
    Ok(Swept::Done { bodies: dead_bodies.len(), rows: dropped })
}

/// That nobody held the tenant's lease, and that whoever takes it next is not the last who had it.
struct Quiet {
    tenant: TenantId,
    fence: i64,
    machine_ms: EpochMs,
}

impl Quiet {
    async fn find<C: Conn>(conn: &C, tenant: TenantId, machine_ms: EpochMs) -> Result<Option<Self>> {
        // Whoever slept through the end of the lease could wake with rows in hand that are gone by then.
        let text = "UPDATE sync_leases SET fence = fence + 1 WHERE tenant_id = $1 AND expires_ms <= $2 RETURNING fence";
        let found = rows(conn, text, [tenant.into(), machine_ms.into()]).await?;
        let fence = found.first().map(|row| row.try_get_by_index(0)).transpose()?;
        Ok(fence.map(|fence| Self { tenant, fence, machine_ms }))
    }

    /// A transaction during which no run can begin; `None` when one has.
    async fn begin(&self, store: &Store) -> Result<Option<Tx>> {
        let tx = store.begin().await?;
        let text = "UPDATE sync_leases SET fence = fence WHERE tenant_id = $1 AND fence = $2 AND expires_ms <= $3";
        let values = [self.tenant.into(), self.fence.into(), self.machine_ms.into()];
        Ok((execute(&tx, text, values).await?.rows_affected() == 1).then_some(tx))
    }
}

/// The numbers of all bodies that a kept run's answers name.
async fn named_bodies<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashSet<i64>> {
    let mut named = HashSet::new();
    for (run, _) in kept_runs(conn, tenant).await? {
        let text = "SELECT packed FROM snapshot_pages WHERE tenant_id = $1 AND run_id = $2";
        for row in rows(conn, text, [tenant.into(), run.clone().into()]).await? {
            let packed: Vec<u8> = row.try_get_by_index(0)?;
            named.extend(unpack_pages(&packed, 0)?.into_iter().map(|page| page.body_no));
        }
    }
    Ok(named)
}

async fn row_nos<C: Conn>(conn: &C, text: &str, tenant: TenantId) -> Result<Vec<i64>> {
    rows(conn, text, [tenant.into()]).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Places that are in use, frame by frame, a bit each.
#[derive(Default)]
struct LiveRows {
    frames: HashMap<i64, Vec<u64>>,
}

impl LiveRows {
    fn add(&mut self, row_nos: Vec<RowNo>) {
        for row_no in row_nos {
            let place = usize::try_from(row_no % PLACES).unwrap_or(0);
            let bits = self.frames.entry(row_no / PLACES).or_default();
            if bits.len() <= place / 64 {
                bits.resize(place / 64 + 1, 0);
            }
            bits[place / 64] |= 1 << (place % 64);
        }
    }

    fn of_frame(&self, frame_no: i64) -> impl Fn(usize) -> bool {
        let bits = self.frames.get(&frame_no).map(Vec::as_slice).unwrap_or_default();
        move |place| bits.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }
}

/// Drops a frame that nothing stands on; empties dead places of one that is half dead, so that live rows keep theirs.
async fn thin_frame(tx: &Tx, tenant: TenantId, frame_no: i64, is_live: impl Fn(usize) -> bool) -> Result<usize> {
    let text = "SELECT bytes FROM raw_frames WHERE tenant_id = $1 AND frame_no = $2";
    let found = rows(tx, text, [tenant.into(), frame_no.into()]).await?;
    let Some(row) = found.first() else { return Ok(0) };
    let packed: Vec<u8> = row.try_get_by_index(0)?;
    let frame = Frame::unpack(&packed)?;
    let dead: Vec<usize> =
        (0..frame.rows()).filter(|place| !is_live(*place) && frame.get(*place).is_some_and(|row| !row.is_empty())).collect();
    let dead_bytes: usize = dead.iter().filter_map(|place| frame.get(*place)).map(<[u8]>::len).sum();
    let all_dead = (0..frame.rows()).all(|place| !is_live(place));
    if !all_dead && dead_bytes * 2 < frame.bytes().max(1) {
        return Ok(0);
    }
    let mut hashes: Vec<[u8; 16]> = dead.iter().filter_map(|place| frame.get(*place)).map(row_hash).collect();
    if all_dead {
        // A row of no bytes looks like an emptied place, but it has a name, which must not outlive the frame.
        hashes.push(row_hash(b""));
    }
    for part in hashes.chunks(1_000) {
        let mut query = Query::new("DELETE FROM raw_rows WHERE tenant_id = ");
        query.bind(tenant).push(" AND row_no >= ").bind(frame_no * PLACES).push(" AND row_no < ").bind((frame_no + 1) * PLACES);
        query.push(" AND hash IN ").bind_list(part.iter().map(|hash| hash.to_vec()));
        query.execute(tx).await?;
    }
    if all_dead {
        let text = "DELETE FROM raw_frames WHERE tenant_id = $1 AND frame_no = $2";
        execute(tx, text, [tenant.into(), frame_no.into()]).await?;
    } else {
        let mut thinned = Frame::default();
        for place in 0..frame.rows() {
            thinned.push(frame.get(place).filter(|_| is_live(place)).unwrap_or_default());
        }
        let text = "UPDATE raw_frames SET bytes = $3 WHERE tenant_id = $1 AND frame_no = $2";
        execute(tx, text, [tenant.into(), frame_no.into(), thinned.pack()?.into()]).await?;
    }
    Ok(dead.len())
}

/// The bytes that a tenant's answers take, packed.
pub async fn bytes_kept<C: Conn>(conn: &C, tenant: TenantId) -> Result<i64> {
    let text = "SELECT CAST(COALESCE(SUM(LENGTH(bytes)), 0) AS BIGINT) FROM raw_frames WHERE tenant_id = $1";
    let frames = number(conn, text, [tenant.into()]).await?;
    let text = "SELECT CAST(COALESCE(SUM(LENGTH(layout)), 0) AS BIGINT) FROM snapshot_bodies WHERE tenant_id = $1";
    let layouts = number(conn, text, [tenant.into()]).await?;
    let text = "SELECT CAST(COALESCE(SUM(LENGTH(packed)), 0) AS BIGINT) FROM snapshot_pages WHERE tenant_id = $1";
    Ok(frames + layouts + number(conn, text, [tenant.into()]).await?)
}
