//! Leases: which process may write a tenant's data. They use the machine's clock, not the simulated one, because they
//! are about processes.

use sea_orm::Value;
use tetherboard_domain::{EpochMs, TenantId};

use crate::query::{execute, number, rows};
use crate::{Conn, Result, Tx};

/// Proof that this process holds a tenant's lease; only [`claim`] creates one. Its fencing token grows with every claim,
/// so that a process that lost the lease cannot write after the next holder began.
#[derive(Debug)]
pub struct SyncLease {
    tenant: TenantId,
    fence: i64,
}

impl SyncLease {
    /// The tenant whose data may be written.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// Claims the lease until `expires_ms`; `None` if another process holds it.
pub async fn claim<C: Conn>(
    conn: &C,
    tenant: TenantId,
    holder: &str,
    machine_ms: EpochMs,
    expires_ms: EpochMs,
) -> Result<Option<SyncLease>> {
    let text = "INSERT INTO sync_leases (tenant_id, holder, fence, expires_ms) VALUES ($1, $2, 1, $4) \
                ON CONFLICT (tenant_id) DO UPDATE SET holder = excluded.holder, fence = sync_leases.fence + 1, \
                expires_ms = excluded.expires_ms WHERE sync_leases.expires_ms <= $3 RETURNING fence";
    let values: [Value; 4] = [tenant.into(), holder.into(), machine_ms.into(), expires_ms.into()];
    let claimed = rows(conn, text, values).await?;
    match claimed.first() {
        Some(row) => Ok(Some(SyncLease { tenant, fence: row.try_get_by_index(0)? })),
        None => Ok(None),
    }
}

/// Extends the lease. Returns false if another process has claimed it.
pub async fn renew<C: Conn>(conn: &C, lease: &SyncLease, expires_ms: EpochMs) -> Result<bool> {
    let text = "UPDATE sync_leases SET expires_ms = $3 WHERE tenant_id = $1 AND fence = $2";
    let renewed = execute(conn, text, [lease.tenant.into(), lease.fence.into(), expires_ms.into()]).await?;
    Ok(renewed.rows_affected() == 1)
}

/// Releases the lease if it is still held.
pub async fn release<C: Conn>(conn: &C, lease: &SyncLease) -> Result<()> {
    let text = "UPDATE sync_leases SET expires_ms = 0 WHERE tenant_id = $1 AND fence = $2";
    execute(conn, text, [lease.tenant.into(), lease.fence.into()]).await?;
    Ok(())
}

/// Whether the lease is still held. If so, no other process can claim it until the transaction ends.
pub async fn holds(tx: &Tx, lease: &SyncLease) -> Result<bool> {
    let text = "UPDATE sync_leases SET fence = fence WHERE tenant_id = $1 AND fence = $2";
    Ok(execute(tx, text, [lease.tenant.into(), lease.fence.into()]).await?.rows_affected() == 1)
}

/// Whether any process holds the tenant's lease.
pub async fn is_held<C: Conn>(conn: &C, tenant: TenantId, machine_ms: EpochMs) -> Result<bool> {
    let text = "SELECT COUNT(*) FROM sync_leases WHERE tenant_id = $1 AND expires_ms > $2";
    Ok(number(conn, text, [tenant.into(), machine_ms.into()]).await? > 0)
}
