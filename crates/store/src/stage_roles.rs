//! The roles and milestones that the agency assigned to a brand's stages.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use tetherboard_domain::{EpochMs, Milestone, Role, StageKey, TenantId};

use crate::query::{all, execute};
use crate::{Conn, Result};

/// Sets the role of a stage.
pub async fn confirm<C: Conn>(conn: &C, tenant: TenantId, stage: &StageKey, role: Role, now_ms: EpochMs) -> Result<()> {
    let text = "INSERT INTO stage_roles (tenant_id, stage_key, role, confirmed_ms) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (tenant_id, stage_key) DO UPDATE SET role = excluded.role, confirmed_ms = excluded.confirmed_ms";
    execute(conn, text, [tenant.into(), stage.as_str().into(), role.as_str().into(), now_ms.into()]).await?;
    Ok(())
}

/// The roles set by the agency, by stage.
pub async fn confirmed<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashMap<StageKey, Role>> {
    #[derive(FromQueryResult)]
    struct Row {
        stage_key: String,
        role: String,
    }
    let rows: Vec<Row> = all(conn, "SELECT stage_key, role FROM stage_roles WHERE tenant_id = $1", [tenant.into()]).await?;
    // A role that this version does not know counts as not set.
    Ok(rows.into_iter().filter_map(|row| Some((StageKey(row.stage_key), row.role.parse().ok()?))).collect())
}

/// Removes the role set for a stage, so that it is guessed from the name again.
pub async fn clear<C: Conn>(conn: &C, tenant: TenantId, stage: &StageKey) -> Result<()> {
    execute(conn, "DELETE FROM stage_roles WHERE tenant_id = $1 AND stage_key = $2", [tenant.into(), stage.as_str().into()])
        .await?;
    Ok(())
}

// Milestones -----------------------------------------------------------------------------------------------------------

/// Sets the milestone of a stage; `None` means that it has none.
pub async fn confirm_milestone<C: Conn>(
    conn: &C,
    tenant: TenantId,
    stage: &StageKey,
    milestone: Option<Milestone>,
    now_ms: EpochMs,
) -> Result<()> {
    let text = "INSERT INTO stage_milestones (tenant_id, stage_key, milestone, confirmed_ms) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (tenant_id, stage_key) DO UPDATE SET milestone = excluded.milestone, \
                confirmed_ms = excluded.confirmed_ms";
    let milestone = milestone.map(|milestone| milestone.as_str().to_owned());
    execute(conn, text, [tenant.into(), stage.as_str().into(), milestone.into(), now_ms.into()]).await?;
    Ok(())
}

/// Removes the milestone set for a stage, so that it is guessed from the name again.
pub async fn clear_milestone<C: Conn>(conn: &C, tenant: TenantId, stage: &StageKey) -> Result<()> {
    let text = "DELETE FROM stage_milestones WHERE tenant_id = $1 AND stage_key = $2";
    execute(conn, text, [tenant.into(), stage.as_str().into()]).await?;
    Ok(())
}

/// The milestones set by the agency, by stage; a value of `None` means no milestone.
pub async fn milestones<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashMap<StageKey, Option<Milestone>>> {
    #[derive(FromQueryResult)]
    struct Row {
        stage_key: String,
        milestone: Option<String>,
    }
    let text = "SELECT stage_key, milestone FROM stage_milestones WHERE tenant_id = $1";
    let rows: Vec<Row> = all(conn, text, [tenant.into()]).await?;
    // A milestone that this version does not know counts as not set.
    let known = |row: Row| match row.milestone {
        None => Some((StageKey(row.stage_key), None)),
        Some(milestone) => Some((StageKey(row.stage_key), Some(milestone.parse().ok()?))),
    };
    Ok(rows.into_iter().filter_map(known).collect())
}
