//! Addresses by which calendar programs read a person's appointments of a brand: shown once, kept as a hash.

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{EpochMs, TenantId, UserId, UserRole};

use crate::query::{execute, one};
use crate::{Conn, Result, Tx};

/// A person's address that is in force.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct CalendarFeed {
    pub created_ms: EpochMs,
    /// When a program last asked for it, to the hour; `None`: never.
    pub used_ms: Option<EpochMs>,
}

pub async fn of<C: Conn>(conn: &C, user: UserId, tenant: TenantId) -> Result<Option<CalendarFeed>> {
    let text = "SELECT created_ms, used_ms FROM calendar_feeds WHERE tenant_id = $1 AND user_id = $2 AND revoked_ms IS NULL";
    one(conn, text, [tenant.into(), user.into()]).await
}

/// Makes an address, in the place of the one in force; whether there was one.
pub async fn replace(tx: &Tx, user: UserId, tenant: TenantId, secret_hash: &[u8], now_ms: EpochMs) -> Result<bool> {
    let replaced = revoke(tx, user, tenant, now_ms).await?;
    let text = "INSERT INTO calendar_feeds (user_id, tenant_id, secret_hash, created_ms) VALUES ($1, $2, $3, $4)";
    let values: [Value; 4] = [user.into(), tenant.into(), secret_hash.into(), now_ms.into()];
    execute(tx, text, values).await?;
    Ok(replaced)
}

/// Whether there was one in force.
pub async fn revoke<C: Conn>(conn: &C, user: UserId, tenant: TenantId, now_ms: EpochMs) -> Result<bool> {
    let text = "UPDATE calendar_feeds SET revoked_ms = $3 WHERE tenant_id = $1 AND user_id = $2 AND revoked_ms IS NULL";
    Ok(execute(conn, text, [tenant.into(), user.into(), now_ms.into()]).await?.rows_affected() > 0)
}

/// A program asked for it.
pub async fn used<C: Conn>(conn: &C, feed: i64, now_ms: EpochMs) -> Result<()> {
    execute(conn, "UPDATE calendar_feeds SET used_ms = $2 WHERE id = $1", [feed.into(), now_ms.into()]).await?;
    Ok(())
}

/// What a secret opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    pub tenant: TenantId,
    /// For [`used`], when that was not written down for an hour.
    pub feed: Option<i64>,
}

/// The brand that a secret opens; `None` when it opens none, or the person may not see that brand any more.
pub async fn opens<C: Conn>(conn: &C, secret_hash: &[u8], now_ms: EpochMs) -> Result<Option<Opened>> {
    #[derive(FromQueryResult)]
    struct Row {
        id: i64,
        tenant_id: TenantId,
        used_ms: Option<EpochMs>,
    }
    const HOUR_MS: i64 = 3_600_000;
    let text = "SELECT f.id, f.tenant_id, f.used_ms FROM calendar_feeds f JOIN users u ON u.id = f.user_id \
                WHERE f.secret_hash = $1 AND f.revoked_ms IS NULL AND u.disabled_ms IS NULL AND (u.role = $2 OR EXISTS \
                (SELECT 1 FROM memberships m WHERE m.user_id = f.user_id AND m.tenant_id = f.tenant_id))";
    let agency = UserRole::AgencyAdmin.as_str();
    let Some(row): Option<Row> = one(conn, text, [secret_hash.into(), agency.into()]).await? else { return Ok(None) };
    // Programs ask every few minutes, and each would wait for the write lock.
    let is_due = row.used_ms.is_none_or(|used_ms| (now_ms - used_ms).abs() >= HOUR_MS);
    Ok(Some(Opened { tenant: row.tenant_id, feed: is_due.then_some(row.id) }))
}
