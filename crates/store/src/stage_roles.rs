//! The roles and milestones that the agency assigned to a brand's stages.
//!
//! A decision about a name is one about every stage that has it, or had it last. Such a stage keeps the decision, whatever it is
//! called later. The name keeps it too, for records in a stage that the CRM's list does not have.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use tetherboard_domain::{EpochMs, Milestone, Role, StageKey, TenantId};

use crate::query::{all, execute};
use crate::{Conn, Result};

/// Sets the role of a stage.
pub async fn confirm<C: Conn>(conn: &C, tenant: TenantId, stage: &StageKey, role: Role, now_ms: EpochMs) -> Result<()> {
    set_on_stages(conn, tenant, stage, "role", Some(role.as_str())).await?;
    let text = "INSERT INTO stage_roles (tenant_id, stage_key, role, confirmed_ms) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (tenant_id, stage_key) DO UPDATE SET role = excluded.role, confirmed_ms = excluded.confirmed_ms";
    execute(conn, text, [tenant.into(), stage.as_str().into(), role.as_str().into(), now_ms.into()]).await?;
    Ok(())
}

/// The roles that names have where the CRM's list has no stage of that name.
pub async fn by_name<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashMap<StageKey, Role>> {
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
    set_on_stages(conn, tenant, stage, "role", None).await?;
    let text = "DELETE FROM stage_roles WHERE tenant_id = $1 AND stage_key = $2";
    execute(conn, text, [tenant.into(), stage.as_str().into()]).await?;
    Ok(())
}

/// Sets a decision on the stages with a name.
async fn set_on_stages<C: Conn>(conn: &C, tenant: TenantId, stage: &StageKey, column: &str, value: Option<&str>) -> Result<()> {
    let text = format!("UPDATE stages SET {column} = $3 WHERE tenant_id = $1 AND stage_key = $2");
    let value = Value::from(value.map(str::to_owned));
    execute(conn, &text, [tenant.into(), stage.as_str().into(), value]).await?;
    Ok(())
}

/// Sets what is decided about one stage, by its ID; `None` if nothing is.
pub async fn decide<C: Conn>(
    conn: &C,
    tenant: TenantId,
    id: &str,
    role: Option<Role>,
    milestone: Option<Option<Milestone>>,
) -> Result<()> {
    let text = "UPDATE stages SET role = $3, milestone = $4 WHERE tenant_id = $1 AND crm_id = $2";
    let role = role.map(|role| role.as_str().to_owned());
    let milestone = milestone.map(|milestone| spell_milestone(milestone).to_owned());
    execute(conn, text, [tenant.into(), id.into(), role.into(), milestone.into()]).await?;
    Ok(())
}

// Milestones -----------------------------------------------------------------------------------------------------------

/// How the tables spell that a stage has no milestone.
const NONE: &str = "none";

fn spell_milestone(milestone: Option<Milestone>) -> &'static str {
    milestone.map_or(NONE, Milestone::as_str)
}

/// The milestone that a table spells; `None` for one that this version does not know.
pub(crate) fn parse_milestone(text: &str) -> Option<Option<Milestone>> {
    if text == NONE { Some(None) } else { text.parse().ok().map(Some) }
}

/// Sets the milestone of a stage; `None` means that it has none.
pub async fn confirm_milestone<C: Conn>(
    conn: &C,
    tenant: TenantId,
    stage: &StageKey,
    milestone: Option<Milestone>,
    now_ms: EpochMs,
) -> Result<()> {
    set_on_stages(conn, tenant, stage, "milestone", Some(spell_milestone(milestone))).await?;
    let text = "INSERT INTO stage_milestones (tenant_id, stage_key, milestone, confirmed_ms) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (tenant_id, stage_key) DO UPDATE SET milestone = excluded.milestone, \
                confirmed_ms = excluded.confirmed_ms";
    let milestone = milestone.map(|milestone| milestone.as_str().to_owned());
    execute(conn, text, [tenant.into(), stage.as_str().into(), milestone.into(), now_ms.into()]).await?;
    Ok(())
}

/// Removes the milestone set for a stage, so that it is guessed from the name again.
pub async fn clear_milestone<C: Conn>(conn: &C, tenant: TenantId, stage: &StageKey) -> Result<()> {
    set_on_stages(conn, tenant, stage, "milestone", None).await?;
    let text = "DELETE FROM stage_milestones WHERE tenant_id = $1 AND stage_key = $2";
    execute(conn, text, [tenant.into(), stage.as_str().into()]).await?;
    Ok(())
}

/// The milestones that names have, as [`by_name`]; a value of `None` means no milestone.
pub async fn milestones_by_name<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashMap<StageKey, Option<Milestone>>> {
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
