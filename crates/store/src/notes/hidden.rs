//! Notes that the agency hides from a brand's users, by type or one by one. Stored apart from the notes, so that reading a
//! note again does not unhide it.

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{EpochMs, TenantId, UserId};

use super::kind_key;
use crate::query::{Query, all, execute};
use crate::{Conn, Result};

/// Who will see the notes. Every query that returns a note's text requires it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The agency sees all notes, with a mark on hidden ones.
    Agency,
    /// The brand's users do not see hidden notes.
    Brand,
}

/// Excludes the notes that an audience may not see from a query on notes `n`.
pub(crate) fn visible(query: &mut Query, audience: Audience) {
    if audience == Audience::Brand {
        query.push(&format!(" AND NOT {HIDDEN}"));
    }
}

/// SQL: whether the note `n` is hidden.
pub(crate) const HIDDEN: &str = "(EXISTS (SELECT 1 FROM hidden_note_types t WHERE t.tenant_id = n.tenant_id AND t.kind_key = n.kind_key) \
     OR EXISTS (SELECT 1 FROM hidden_notes h WHERE h.tenant_id = n.tenant_id AND h.crm_id = n.crm_id))";

/// SQL: whether the type of the note `n` is hidden.
pub(crate) const HIDDEN_KIND: &str =
    "EXISTS (SELECT 1 FROM hidden_note_types t WHERE t.tenant_id = n.tenant_id AND t.kind_key = n.kind_key)";

/// A type of note that is hidden from a brand's users.
#[derive(Clone, Debug, FromQueryResult, PartialEq, Eq)]
pub struct HiddenKind {
    pub kind_key: String,
    /// As the CRM spelled it when it was hidden.
    pub kind: String,
    pub hidden_ms: EpochMs,
    /// The name of the user who hid it.
    pub person: Option<String>,
}

/// The hidden types of notes.
pub async fn hidden_kinds<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<HiddenKind>> {
    let text = "SELECT t.kind_key, t.kind, t.hidden_ms, u.name AS person FROM hidden_note_types t \
                LEFT JOIN users u ON u.id = t.hidden_by WHERE t.tenant_id = $1 ORDER BY t.kind_key";
    all(conn, text, [tenant.into()]).await
}

/// Hides a type of note. Returns false if it was hidden already.
pub async fn hide_kind<C: Conn>(conn: &C, tenant: TenantId, kind: &str, by: Option<UserId>, now_ms: EpochMs) -> Result<bool> {
    let text = "INSERT INTO hidden_note_types (tenant_id, kind_key, kind, hidden_ms, hidden_by) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT (tenant_id, kind_key) DO NOTHING";
    let values: [Value; 5] = [tenant.into(), kind_key(kind).into(), kind.trim().into(), now_ms.into(), by.into()];
    Ok(execute(conn, text, values).await?.rows_affected() > 0)
}

/// Shows a type of note again. Returns false if it was not hidden.
pub async fn show_kind<C: Conn>(conn: &C, tenant: TenantId, kind: &str) -> Result<bool> {
    let text = "DELETE FROM hidden_note_types WHERE tenant_id = $1 AND kind_key = $2";
    Ok(execute(conn, text, [tenant.into(), kind_key(kind).into()]).await?.rows_affected() > 0)
}

/// Hides a single note. Returns false if it was hidden already.
pub async fn hide_note<C: Conn>(conn: &C, tenant: TenantId, crm_id: &str, by: Option<UserId>, now_ms: EpochMs) -> Result<bool> {
    let text = "INSERT INTO hidden_notes (tenant_id, crm_id, hidden_ms, hidden_by) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (tenant_id, crm_id) DO NOTHING";
    let values: [Value; 4] = [tenant.into(), crm_id.into(), now_ms.into(), by.into()];
    Ok(execute(conn, text, values).await?.rows_affected() > 0)
}

/// Shows a single note again. Returns false if it was not hidden.
pub async fn show_note<C: Conn>(conn: &C, tenant: TenantId, crm_id: &str) -> Result<bool> {
    let text = "DELETE FROM hidden_notes WHERE tenant_id = $1 AND crm_id = $2";
    Ok(execute(conn, text, [tenant.into(), crm_id.into()]).await?.rows_affected() > 0)
}
