//! The audit trail: who changed what.

use sea_orm::FromQueryResult;
use tetherboard_domain::{EpochMs, TenantId, UserId};

use crate::query::{all, execute};
use crate::{Conn, Result};

/// An entry of the audit trail.
#[derive(Clone, Debug, FromQueryResult)]
pub struct AuditEvent {
    pub at_ms: EpochMs,
    /// The user's name; `None` for a command on the server.
    pub person: Option<String>,
    pub brand: Option<String>,
    pub what: String,
    pub detail: String,
}

/// Records an action. `what` and `detail` must not contain secrets.
pub async fn record<C: Conn>(
    conn: &C,
    user: Option<UserId>,
    tenant: Option<TenantId>,
    what: &str,
    detail: &str,
    now_ms: EpochMs,
) -> Result<()> {
    let text = "INSERT INTO audit_events (at_ms, user_id, tenant_id, what, detail) VALUES ($1, $2, $3, $4, $5)";
    let values = [now_ms.into(), user.into(), tenant.into(), what.into(), detail.into()];
    execute(conn, text, values).await?;
    Ok(())
}

/// The newest entries, newest first.
pub async fn newest<C: Conn>(conn: &C, limit: i64) -> Result<Vec<AuditEvent>> {
    let text = "SELECT a.at_ms, u.name AS person, t.name AS brand, a.what, a.detail FROM audit_events a \
                LEFT JOIN users u ON u.id = a.user_id LEFT JOIN tenants t ON t.id = a.tenant_id \
                ORDER BY a.at_ms DESC, a.id DESC LIMIT $1";
    all(conn, text, [limit.into()]).await
}
