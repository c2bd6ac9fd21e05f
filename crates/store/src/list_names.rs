//! Keeps the names of stages and lead sources on records and in the history the same as in the CRM's lists.
//!
//! Rows of the CRM name their stage and source. A record stores the current name and, once the list is known, the ID, so that
//! a new name is one update of everything that has the ID.

use sea_orm::FromQueryResult;
use tetherboard_domain::{Dataset, DatasetStatus, EpochMs, StageKey, TenantId};

use crate::query::{Query, all, execute, number, one, rows};
use crate::{Conn, Result};

/// The tables of the records that have a stage, by the subject of their moves.
const SUBJECTS: [(&str, &str); 2] = [("contacts", "leads"), ("deals", "pipeline_items")];

/// Sets the name of a stage on the records and moves that have its ID.
pub async fn rename_stage<C: Conn>(conn: &C, tenant: TenantId, id: &str, name: &str) -> Result<()> {
    let key = StageKey::of(name).0;
    for (_, table) in SUBJECTS {
        let text = format!("UPDATE {table} SET stage = $3, stage_key = $4 WHERE tenant_id = $1 AND stage_id = $2");
        execute(conn, &text, [tenant.into(), id.into(), name.into(), key.clone().into()]).await?;
    }
    for end in ["from", "to"] {
        let text = format!("UPDATE stage_transitions SET {end}_stage = $3 WHERE tenant_id = $1 AND {end}_id = $2");
        execute(conn, &text, [tenant.into(), id.into(), key.clone().into()]).await?;
    }
    Ok(())
}

/// Sets the name of a lead source on the contacts that have its ID.
pub async fn rename_source<C: Conn>(conn: &C, tenant: TenantId, id: &str, name: &str) -> Result<()> {
    let text = "UPDATE leads SET source = $3, source_key = $4 WHERE tenant_id = $1 AND source_id = $2";
    execute(conn, text, [tenant.into(), id.into(), name.into(), StageKey::of(name).0.into()]).await?;
    Ok(())
}

/// A stage as records name it, without the ID of a live stage, and the type of the contacts that do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, FromQueryResult)]
pub struct UnlistedStage {
    pub stage_key: String,
    pub contact_type: Option<i64>,
}

/// A record's columns for its stage have no ID, or the ID of a stage that the CRM has removed.
const WITHOUT_ID: &str = "stage_key <> '' AND (stage_id IS NULL OR stage_id IN \
    (SELECT crm_id FROM stages WHERE tenant_id = $1 AND gone_ms IS NOT NULL))";

/// The stages that records name without the ID of a live stage.
pub async fn unlisted_stages<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<UnlistedStage>> {
    let part = |(_, table)| format!("SELECT stage_key, contact_type FROM {table} WHERE tenant_id = $1 AND {WITHOUT_ID}");
    all(conn, &SUBJECTS.map(part).join(" UNION "), [tenant.into()]).await
}

/// Gives the records that name a stage without an ID the ID and the current name of the stage meant. Pages showed them in another
/// stage until now, which the history keeps. Nobody has moved.
pub async fn identify_stage<C: Conn>(
    conn: &C,
    tenant: TenantId,
    unlisted: &UnlistedStage,
    (id, name): (&str, &str),
    now_ms: EpochMs,
) -> Result<()> {
    let moved: Vec<NamedStage> =
        records_in(conn, tenant, unlisted).await?.into_iter().filter(|record| record.moved_ms.is_some()).collect();
    let narrow = |query: &mut Query| {
        query.push("stage_key = ").bind(unlisted.stage_key.as_str()).push(" AND contact_type IS NOT DISTINCT FROM ");
        query.bind(unlisted.contact_type).push(" AND ").push(WITHOUT_ID);
    };
    for subject in SUBJECTS {
        set_stage(conn, tenant, subject, narrow, (id, name), now_ms).await?;
    }
    for record in &moved {
        correct_move(conn, tenant, record, (id, name)).await?;
    }
    Ok(())
}

/// The records that name a stage without an ID.
async fn records_in<C: Conn>(conn: &C, tenant: TenantId, unlisted: &UnlistedStage) -> Result<Vec<NamedStage>> {
    let part = |(subject, table): (&str, &str)| {
        format!(
            "{} WHERE r.tenant_id = $1 AND r.stage_key = $2 AND r.contact_type IS NOT DISTINCT FROM $3 AND {WITHOUT_ID}",
            named(subject, table)
        )
    };
    let text = SUBJECTS.map(part).join(" UNION ALL ");
    all(conn, &text, [tenant.into(), unlisted.stage_key.clone().into(), unlisted.contact_type.into()]).await
}

/// A contact or deal with the stage that its row names.
#[derive(Clone, Debug, FromQueryResult)]
pub struct NamedStage {
    /// Contacts or deals.
    pub subject: String,
    pub crm_id: String,
    pub stage: Option<String>,
    pub stage_id: Option<String>,
    /// As the row spells it.
    pub stage_text: Option<String>,
    pub contact_type: Option<i64>,
    pub stage_since_ms: EpochMs,
    pub stage_since_exact: bool,
    /// When its last move was seen; `None` if it never moved.
    pub moved_ms: Option<EpochMs>,
}

/// Selects [`NamedStage`] from a table, named `r`.
fn named(subject: &str, table: &str) -> String {
    format!(
        "SELECT '{subject}' AS subject, r.crm_id, r.stage, r.stage_id, r.stage_text, r.contact_type, r.stage_since_ms, \
         r.stage_since_exact, (SELECT MAX(t.seen_after_ms) FROM stage_transitions t WHERE t.tenant_id = $1 \
         AND t.subject = '{subject}' AND t.crm_id = r.crm_id AND NOT t.renamed) AS moved_ms FROM {table} r"
    )
}

/// The records that moved or came after the end of the last run that read the list of stages: their rows may have had names
/// that mean other stages by now.
pub async fn stale_stages<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<NamedStage>> {
    let text = "SELECT MAX(r.finished_ms) FROM sync_runs r JOIN sync_datasets d ON d.tenant_id = r.tenant_id AND d.run_id = r.id \
                WHERE r.tenant_id = $1 AND d.dataset = $2 AND d.status = $3";
    let values = [tenant.into(), Dataset::Stages.as_str().into(), DatasetStatus::Succeeded.as_str().into()];
    let since_ms = number(conn, text, values).await?;
    let part = |(subject, table): (&str, &str)| {
        format!(
            "{} WHERE r.tenant_id = $1 AND r.stage_text <> '' AND (r.first_seen_ms > $2 OR r.crm_id IN (SELECT crm_id \
             FROM stage_transitions WHERE tenant_id = $1 AND subject = '{subject}' AND seen_after_ms > $2 AND NOT renamed))",
            named(subject, table)
        )
    };
    all(conn, &SUBJECTS.map(part).join(" UNION ALL "), [tenant.into(), since_ms.into()]).await
}

/// Sets the stage that a record's row meant all along, now that the CRM's list says so. The pages of the time between showed
/// another one, which the history keeps.
pub async fn correct_stage<C: Conn>(
    conn: &C,
    tenant: TenantId,
    record: &NamedStage,
    (id, name): (&str, &str),
    now_ms: EpochMs,
) -> Result<()> {
    let narrow = |query: &mut Query| _ = query.push("crm_id = ").bind(record.crm_id.as_str());
    set_stage(conn, tenant, record.subject(), narrow, (id, name), now_ms).await?;
    correct_move(conn, tenant, record, (id, name)).await
}

/// Sets the stage of the records that `narrow` leaves over, and records that pages showed another one until now.
async fn set_stage<C: Conn>(
    conn: &C,
    tenant: TenantId,
    (subject, table): (&str, &str),
    narrow: impl Fn(&mut Query),
    (id, name): (&str, &str),
    now_ms: EpochMs,
) -> Result<()> {
    let (key, EpochMs(now)) = (StageKey::of(name), now_ms);
    let text = format!(
        "INSERT INTO stage_transitions (tenant_id, subject, crm_id, seen_after_ms, seen_before_ms, at_ms, from_stage, from_id, \
         since_ms, since_exact, renamed, to_stage, to_id) SELECT tenant_id, '{subject}', crm_id, {now}, {now}, {now}, stage, \
         stage_id, stage_since_ms, stage_since_exact, TRUE, "
    );
    let mut history = Query::numbered(&text, [tenant.into()]);
    history.bind(key.as_str()).push(", ").bind(id).push(&format!(" FROM {table} WHERE tenant_id = $1 AND "));
    narrow(&mut history);
    history.push(" ON CONFLICT DO NOTHING");
    history.execute(conn).await?;
    // Another spelling of the current name stays.
    let mut update = Query::numbered(&format!("UPDATE {table} SET stage = CASE WHEN stage_key = "), [tenant.into()]);
    update.bind(key.as_str()).push(" THEN stage ELSE ").bind(name).push(" END, stage_key = ").bind(key.as_str());
    update.push(", stage_id = ").bind(id).push(" WHERE tenant_id = $1 AND ");
    narrow(&mut update);
    update.execute(conn).await?;
    Ok(())
}

/// Corrects where a record's last move led. It was none if the record came from the same stage.
async fn correct_move<C: Conn>(conn: &C, tenant: TenantId, record: &NamedStage, (id, name): (&str, &str)) -> Result<()> {
    const LAST: &str = "tenant_id = $1 AND subject = $2 AND crm_id = $3 AND seen_after_ms = $4";
    let Some(moved_ms) = record.moved_ms else { return Ok(()) };
    let of = [tenant.into(), record.subject.clone().into(), record.crm_id.clone().into(), moved_ms.into(), id.into()];
    let text = format!("SELECT since_ms, since_exact FROM stage_transitions WHERE {LAST} AND from_id = $5");
    let Some(Since { since_ms, since_exact }) = one(conn, &text, of.clone()).await? else {
        let text = format!("UPDATE stage_transitions SET to_id = $5, to_stage = $6 WHERE {LAST} AND NOT renamed");
        execute(conn, &text, of.into_iter().chain([StageKey::of(name).0.into()])).await?;
        return Ok(());
    };
    execute(conn, &format!("UPDATE stage_transitions SET renamed = TRUE WHERE {LAST} AND from_id = $5"), of).await?;
    if let Some((since_ms, exact)) = since_ms.zip(since_exact) {
        let text = format!(
            "UPDATE {} SET stage_since_ms = $3, stage_since_exact = $4 WHERE tenant_id = $1 AND crm_id = $2",
            record.subject().1
        );
        execute(conn, &text, [tenant.into(), record.crm_id.clone().into(), since_ms.into(), exact.into()]).await?;
    }
    Ok(())
}

impl NamedStage {
    /// Its entry in [`SUBJECTS`].
    fn subject(&self) -> (&'static str, &'static str) {
        let [contacts, deals] = SUBJECTS;
        if self.subject == deals.0 { deals } else { contacts }
    }
}

#[derive(FromQueryResult)]
struct Since {
    since_ms: Option<EpochMs>,
    since_exact: Option<bool>,
}

/// The sources that contacts name without the ID of a live source, by key.
pub async fn unlisted_sources<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<String>> {
    let text = format!("SELECT DISTINCT source_key FROM leads WHERE tenant_id = $1 AND {SOURCE_WITHOUT_ID}");
    let found = rows(conn, &text, [tenant.into()]).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

const SOURCE_WITHOUT_ID: &str = "source_key <> '' AND (source_id IS NULL OR source_id IN \
    (SELECT crm_id FROM lead_sources WHERE tenant_id = $1 AND gone_ms IS NOT NULL))";

/// Gives the contacts that name a source without an ID the ID and the current name of the source meant.
pub async fn identify_source<C: Conn>(conn: &C, tenant: TenantId, source_key: &str, (id, name): (&str, &str)) -> Result<()> {
    let text = format!(
        "UPDATE leads SET source_id = $3, source = CASE WHEN source_key = $4 THEN source ELSE $5 END, source_key = $4 \
         WHERE tenant_id = $1 AND source_key = $2 AND {SOURCE_WITHOUT_ID}"
    );
    execute(conn, &text, [tenant.into(), source_key.into(), id.into(), StageKey::of(name).0.into(), name.into()]).await?;
    Ok(())
}

/// A name that a list gave an entry at a moment.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Rename {
    pub crm_id: String,
    pub old: String,
    pub new: String,
}

/// The stages or sources whose name changed at a moment, in order of ID.
pub async fn renames_at<C: Conn>(conn: &C, tenant: TenantId, list: Dataset, ms: EpochMs) -> Result<Vec<Rename>> {
    let mut query = Query::new("SELECT crm_id, old_value AS old, new_value AS new FROM value_changes WHERE tenant_id = ");
    query.bind(tenant).push(" AND subject = ").bind(list.as_str()).push(" AND seen_after_ms = ").bind(ms);
    query.push(" AND field = 'name' AND old_value IS NOT NULL AND new_value IS NOT NULL ORDER BY crm_id");
    query.all(conn).await
}
