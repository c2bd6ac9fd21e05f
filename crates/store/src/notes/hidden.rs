//! What the agency keeps from a brand's people: kinds of notes, and single ones. It is kept apart from the notes, so that
//! nothing that is read again shows what was hidden.

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{EpochMs, TenantId, UserId};

use super::kind_key;
use crate::query::{Query, all, execute};
use crate::{Conn, Result};

/// For whom notes are asked for. Whoever asks for a note's text must say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Sees all, and which of them are hidden.
    Agency,
    /// The brand's people: what is hidden is not there.
    Brand,
}

/// Leaves out of a query about notes `n` what an audience may not see.
pub(crate) fn visible(query: &mut Query, audience: Audience) {
    if audience == Audience::Brand {
        query.push(&format!(" AND NOT {HIDDEN}"));
    }
}

/// Whether the note `n` is hidden.
pub(crate) const HIDDEN: &str = "(EXISTS (SELECT 1 FROM hidden_note_types t WHERE t.tenant_id = n.tenant_id AND t.kind_key = n.kind_key) \
     OR EXISTS (SELECT 1 FROM hidden_notes h WHERE h.tenant_id = n.tenant_id AND h.crm_id = n.crm_id))";

/// Whether its kind is.
pub(crate) const HIDDEN_KIND: &str =
    "EXISTS (SELECT 1 FROM hidden_note_types t WHERE t.tenant_id = n.tenant_id AND t.kind_key = n.kind_key)";

/// A kind of notes that a brand's people do not see.
#[derive(Clone, Debug, FromQueryResult, PartialEq, Eq)]
pub struct HiddenKind {
    pub kind_key: String,
    /// As the CRM spelled it when it was hidden.
    pub kind: String,
    pub hidden_ms: EpochMs,
    /// Who hid it.
    pub person: Option<String>,
}

pub async fn hidden_kinds<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<HiddenKind>> {
    let text = "SELECT t.kind_key, t.kind, t.hidden_ms, u.name AS person FROM hidden_note_types t \
                LEFT JOIN users u ON u.id = t.hidden_by WHERE t.tenant_id = $1 ORDER BY t.kind_key";
    all(conn, text, [tenant.into()]).await
}

/// Whether it was not hidden before.
pub async fn hide_kind<C: Conn>(conn: &C, tenant: TenantId, kind: &str, by: Option<UserId>, now_ms: EpochMs) -> Result<bool> {
    let text = "INSERT INTO hidden_note_types (tenant_id, kind_key, kind, hidden_ms, hidden_by) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT (tenant_id, kind_key) DO NOTHING";
    let values: [Value; 5] = [tenant.into(), kind_key(kind).into(), kind.trim().into(), now_ms.into(), by.into()];
    Ok(execute(conn, text, values).await?.rows_affected() > 0)
}

/// Whether it was hidden before.
pub async fn show_kind<C: Conn>(conn: &C, tenant: TenantId, kind: &str) -> Result<bool> {
    let text = "DELETE FROM hidden_note_types WHERE tenant_id = $1 AND kind_key = $2";
    Ok(execute(conn, text, [tenant.into(), kind_key(kind).into()]).await?.rows_affected() > 0)
}

/// Whether it was not hidden before.
pub async fn hide_note<C: Conn>(conn: &C, tenant: TenantId, crm_id: &str, by: Option<UserId>, now_ms: EpochMs) -> Result<bool> {
    let text = "INSERT INTO hidden_notes (tenant_id, crm_id, hidden_ms, hidden_by) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (tenant_id, crm_id) DO NOTHING";
    let values: [Value; 4] = [tenant.into(), crm_id.into(), now_ms.into(), by.into()];
    Ok(execute(conn, text, values).await?.rows_affected() > 0)
}

/// Whether it was hidden before.
pub async fn show_note<C: Conn>(conn: &C, tenant: TenantId, crm_id: &str) -> Result<bool> {
    let text = "DELETE FROM hidden_notes WHERE tenant_id = $1 AND crm_id = $2";
    Ok(execute(conn, text, [tenant.into(), crm_id.into()]).await?.rows_affected() > 0)
}
