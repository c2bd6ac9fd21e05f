//! Calendar feeds: secret URLs by which calendar apps read a brand's appointments for a user. Secrets are stored as hashes.

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{EpochMs, TenantId, UserId, UserRole};

use crate::query::{execute, one};
use crate::{Conn, Result, Tx};

/// A user's active feed of a brand.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct CalendarFeed {
    pub created_ms: EpochMs,
    /// When a calendar app last read it, to the hour; `None` if never.
    pub used_ms: Option<EpochMs>,
}

/// The user's active feed of a brand.
pub async fn get<C: Conn>(conn: &C, user: UserId, tenant: TenantId) -> Result<Option<CalendarFeed>> {
    let text = "SELECT created_ms, used_ms FROM calendar_feeds WHERE tenant_id = $1 AND user_id = $2 AND revoked_ms IS NULL";
    one(conn, text, [tenant.into(), user.into()]).await
}

/// Creates a feed and revokes the user's active one. Returns whether there was one.
pub async fn replace(tx: &Tx, user: UserId, tenant: TenantId, secret_hash: &[u8], now_ms: EpochMs) -> Result<bool> {
    let replaced = revoke(tx, user, tenant, now_ms).await?;
    let text = "INSERT INTO calendar_feeds (user_id, tenant_id, secret_hash, created_ms) VALUES ($1, $2, $3, $4)";
    let values: [Value; 4] = [user.into(), tenant.into(), secret_hash.into(), now_ms.into()];
    execute(tx, text, values).await?;
    Ok(replaced)
}

/// Revokes the user's active feed. Returns whether there was one.
pub async fn revoke<C: Conn>(conn: &C, user: UserId, tenant: TenantId, now_ms: EpochMs) -> Result<bool> {
    let text = "UPDATE calendar_feeds SET revoked_ms = $3 WHERE tenant_id = $1 AND user_id = $2 AND revoked_ms IS NULL";
    Ok(execute(conn, text, [tenant.into(), user.into(), now_ms.into()]).await?.rows_affected() > 0)
}

/// Records that a calendar app read the feed.
pub async fn mark_used<C: Conn>(conn: &C, feed: i64, now_ms: EpochMs) -> Result<()> {
    execute(conn, "UPDATE calendar_feeds SET used_ms = $2 WHERE id = $1", [feed.into(), now_ms.into()]).await?;
    Ok(())
}

/// The access that a feed secret grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedAccess {
    pub tenant: TenantId,
    /// The feed to pass to [`mark_used`]; `None` if that was done within the last hour.
    pub feed: Option<i64>,
}

/// The brand whose appointments a secret gives access to; `None` if the secret is unknown or revoked, or if its user has
/// lost access to the brand.
pub async fn by_secret<C: Conn>(conn: &C, secret_hash: &[u8], now_ms: EpochMs) -> Result<Option<FeedAccess>> {
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
    // Calendar apps poll every few minutes, and each write waits for the write lock.
    let is_due = row.used_ms.is_none_or(|used_ms| (now_ms - used_ms).abs() >= HOUR_MS);
    Ok(Some(FeedAccess { tenant: row.tenant_id, feed: is_due.then_some(row.id) }))
}
