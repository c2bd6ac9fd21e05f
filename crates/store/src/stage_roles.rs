//! The roles that the agency confirmed for a brand's stages.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use tetherboard_domain::{Role, StageKey, TenantId};

use crate::query::{all, execute};
use crate::{Conn, Result};

pub async fn confirm<C: Conn>(conn: &C, tenant: TenantId, stage: &StageKey, role: Role, now_ms: i64) -> Result<()> {
    let text = "INSERT INTO stage_roles (tenant_id, stage_key, role, confirmed_ms) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (tenant_id, stage_key) DO UPDATE SET role = excluded.role, confirmed_ms = excluded.confirmed_ms";
    execute(conn, text, [tenant.0.into(), stage.as_str().into(), role.as_str().into(), now_ms.into()]).await?;
    Ok(())
}

pub async fn confirmed<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashMap<StageKey, Role>> {
    #[derive(FromQueryResult)]
    struct Row {
        stage_key: String,
        role: String,
    }
    let rows: Vec<Row> = all(conn, "SELECT stage_key, role FROM stage_roles WHERE tenant_id = $1", [tenant.0.into()]).await?;
    // A role that this version does not know is as good as unconfirmed.
    Ok(rows.into_iter().filter_map(|row| Some((StageKey(row.stage_key), row.role.parse().ok()?))).collect())
}
