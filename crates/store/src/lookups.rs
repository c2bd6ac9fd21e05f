//! The CRM's lookup lists: stages, lead sources, and users.

use sea_orm::{DbErr, FromQueryResult, QueryResult};
use tetherboard_domain::{Dataset, EpochMs, Milestone, Odds, Role, StageKey, TenantId};

use crate::query::all;
use crate::records::{self, RecordMeta};
use crate::{Conn, Result, stage_roles};

/// A stage in the CRM's list.
#[derive(Clone, Debug)]
pub struct Stage {
    pub crm_id: String,
    pub name: String,
    pub key: StageKey,
    /// The CRM's active flag.
    pub active: bool,
    /// The position in the CRM's list; `None` if it is not readable.
    pub order: Option<i64>,
    pub odds: Option<Odds>,
    pub contact_type: Option<i64>,
    /// What the agency decided about it, under whatever name. A read of the list does not change it.
    pub role: Option<Role>,
    /// `Some(None)`: it has no milestone.
    pub milestone: Option<Option<Milestone>>,
}

/// Upserts stages. Existing ones keep their values in the columns named in `keep`.
pub async fn put_stages<C: Conn>(
    conn: &C,
    tenant: TenantId,
    stages: &[(RecordMeta, Stage)],
    keep: &[&'static str],
) -> Result<()> {
    const STAGES: [&str; 6] = ["name", "stage_key", "active", "sort_order", "odds", "contact_type"];
    let rows = stages.iter().map(|(meta, stage)| {
        let own = vec![
            stage.name.clone().into(),
            stage.key.as_str().into(),
            stage.active.into(),
            stage.order.into(),
            stage.odds.map(Odds::hundredths).into(),
            stage.contact_type.into(),
        ];
        (meta, own)
    });
    records::put(conn, tenant, Dataset::Stages, &STAGES, keep, rows).await
}

/// The live stages in the CRM's order, those without a readable order last.
pub async fn stages<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<Stage>> {
    let text = format!("{STAGES_OF} AND gone_ms IS NULL ORDER BY COALESCE(sort_order, 9223372036854775807), crm_id");
    let found: Vec<StageRow> = all(conn, &text, [tenant.into()]).await?;
    Ok(found.into_iter().map(|row| row.stage).collect())
}

/// A stage, live or gone, and when it was in the CRM's list.
#[derive(Clone, Debug)]
pub struct StageRow {
    pub stage: Stage,
    pub first_seen_ms: EpochMs,
    pub gone_ms: Option<EpochMs>,
}

impl StageRow {
    /// Whether the CRM's list has it now.
    pub fn is_listed(&self) -> bool {
        self.gone_ms.is_none()
    }
}

/// Every stage that the CRM's list has or had, in the order of [`stages`].
pub async fn all_stages<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<StageRow>> {
    let text = format!("{STAGES_OF} ORDER BY COALESCE(sort_order, 9223372036854775807), crm_id");
    all(conn, &text, [tenant.into()]).await
}

const STAGES_OF: &str = "SELECT crm_id, name, stage_key, active, sort_order, odds, contact_type, role, milestone, \
    first_seen_ms, gone_ms FROM stages WHERE tenant_id = $1";

impl FromQueryResult for StageRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> std::result::Result<Self, DbErr> {
        let odds: Option<i64> = row.try_get(prefix, "odds")?;
        let (role, milestone): (Option<String>, Option<String>) =
            (row.try_get(prefix, "role")?, row.try_get(prefix, "milestone")?);
        let stage = Stage {
            crm_id: row.try_get(prefix, "crm_id")?,
            name: row.try_get(prefix, "name")?,
            key: StageKey(row.try_get(prefix, "stage_key")?),
            active: row.try_get(prefix, "active")?,
            order: row.try_get(prefix, "sort_order")?,
            odds: odds.and_then(Odds::from_hundredths),
            contact_type: row.try_get(prefix, "contact_type")?,
            role: role.and_then(|role| role.parse().ok()),
            milestone: milestone.and_then(|milestone| stage_roles::parse_milestone(&milestone)),
        };
        Ok(Self { stage, first_seen_ms: row.try_get(prefix, "first_seen_ms")?, gone_ms: row.try_get(prefix, "gone_ms")? })
    }
}

/// A name that an entry of a list had before it was renamed.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct FormerName {
    pub crm_id: String,
    /// In the CRM's spelling.
    pub name: String,
    /// When it was renamed.
    pub until_ms: EpochMs,
}

/// A name that a removed entry had last.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct RemovedName {
    pub name: String,
    pub gone_ms: EpochMs,
}

/// The earlier names of the stages or lead sources, latest first, without those that a removed entry had later.
pub async fn former_names<C: Conn>(conn: &C, tenant: TenantId, list: Dataset) -> Result<Vec<FormerName>> {
    let text = "SELECT crm_id, old_value AS name, seen_after_ms AS until_ms FROM value_changes \
                WHERE tenant_id = $1 AND subject = $2 AND field = 'name' AND old_value IS NOT NULL ORDER BY seen_after_ms DESC, crm_id";
    let names: Vec<FormerName> = all(conn, text, [tenant.into(), list.as_str().into()]).await?;
    let text = format!("SELECT name, gone_ms FROM {} WHERE tenant_id = $1 AND gone_ms IS NOT NULL", records::table(list));
    let removed: Vec<RemovedName> = all(conn, &text, [tenant.into()]).await?;
    Ok(names.into_iter().filter(|name| !belongs_to_removed(name, &removed)).collect())
}

/// Whether a removed entry had the name after this one: records that have it mean the removed one.
pub fn belongs_to_removed(name: &FormerName, removed: &[RemovedName]) -> bool {
    let key = StageKey::of(&name.name);
    removed.iter().any(|removed| removed.gone_ms > name.until_ms && StageKey::of(&removed.name) == key)
}

/// A lead source in the CRM's list.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Source {
    pub crm_id: String,
    pub name: String,
    /// The name, trimmed and lowercased.
    pub source_key: String,
}

/// Upserts lead sources. Existing ones keep their values in the columns named in `keep`.
pub async fn put_sources<C: Conn>(
    conn: &C,
    tenant: TenantId,
    sources: &[(RecordMeta, Source)],
    keep: &[&'static str],
) -> Result<()> {
    const SOURCES: [&str; 2] = ["name", "source_key"];
    let rows = sources.iter().map(|(meta, source)| {
        let own = vec![source.name.clone().into(), source.source_key.clone().into()];
        (meta, own)
    });
    records::put(conn, tenant, Dataset::Sources, &SOURCES, keep, rows).await
}

/// Every lead source that the CRM's list has or had, by CRM ID.
pub async fn all_sources<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<Source>> {
    all(conn, "SELECT crm_id, name, source_key FROM lead_sources WHERE tenant_id = $1 ORDER BY crm_id", [tenant.into()]).await
}

/// The live lead sources, by CRM ID.
pub async fn sources<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<Source>> {
    let text = "SELECT crm_id, name, source_key FROM lead_sources WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY crm_id";
    all(conn, text, [tenant.into()]).await
}

/// A user of the CRM account, to whom leads are assigned.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CrmUser {
    pub crm_id: String,
    pub name: String,
    pub email: String,
}

/// Upserts CRM users. Existing ones keep their values in the columns named in `keep`.
pub async fn put_crm_users<C: Conn>(
    conn: &C,
    tenant: TenantId,
    users: &[(RecordMeta, CrmUser)],
    keep: &[&'static str],
) -> Result<()> {
    const USERS: [&str; 2] = ["name", "email"];
    let rows = users.iter().map(|(meta, user)| {
        let own = vec![user.name.clone().into(), user.email.clone().into()];
        (meta, own)
    });
    records::put(conn, tenant, Dataset::Users, &USERS, keep, rows).await
}

/// The live CRM users, by CRM ID.
pub async fn crm_users<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<CrmUser>> {
    let text = "SELECT crm_id, name, email FROM crm_users WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY crm_id";
    all(conn, text, [tenant.into()]).await
}
