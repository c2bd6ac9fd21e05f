//! Facts about many candidates at once: touches, appointments, and stage moves, for their status and the recent changes.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, EpochMs, PlausibleDates, TenantId, doubts_creation};

use crate::query::{Query, all, number, rows};
use crate::records::SubjectId;
use crate::user_names::{BY_PERSON, with_names};
use crate::{Conn, Result};

/// IDs per query, below the limit on parameters of a statement.
const CHUNK: usize = 1_000;

/// When a contact was last contacted.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ContactTouch {
    pub crm_id: ContactId,
    pub created_ms: Option<EpochMs>,
    pub first_seen_ms: EpochMs,
    /// The start of the last complete read of its notes; `None` if never, or if the contact has changed since.
    pub notes_known_ms: Option<EpochMs>,
    /// The last note by a person.
    pub last_note_ms: Option<EpochMs>,
}

impl ContactTouch {
    /// Since when touches of the contact would be known: since its creation, or since it was first read if that is not known.
    pub fn known_since_ms(&self) -> EpochMs {
        self.created_ms.filter(|_| !doubts_creation(self.created_ms, self.first_seen_ms)).unwrap_or(self.first_seen_ms)
    }
}

/// The last touches of these live contacts. Notes written by the CRM (author blank or "System") or after `until_ms`, and those
/// with an implausible date, do not count.
pub async fn touches<C: Conn>(conn: &C, tenant: TenantId, ids: &[ContactId], until_ms: EpochMs) -> Result<Vec<ContactTouch>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let mut query = Query::new(&format!(
            "SELECT l.crm_id, l.created_ms, l.first_seen_ms, \
             CASE WHEN l.notes_read_ms >= l.changed_ms THEN l.notes_read_ms END AS notes_known_ms, \
             (SELECT MAX(n.created_ms) FROM notes n WHERE n.tenant_id = l.tenant_id AND n.client_id = l.crm_id \
             AND n.gone_ms IS NULL AND {BY_PERSON} AND n.created_ms <= ",
        ));
        query
            .bind(until_ms)
            .push(" AND n.created_ms >= ")
            .bind(PlausibleDates::EARLIEST)
            .push(") AS last_note_ms FROM leads l WHERE l.gone_ms IS NULL AND l.tenant_id = ")
            .bind(tenant);
        query.push(" AND l.crm_id IN ").bind_list(chunk.iter().cloned());
        found.extend(query.all::<_, ContactTouch>(conn).await?);
    }
    Ok(found)
}

/// The time of the first note after `after_ms`, when a list computed as of that time becomes stale.
pub async fn next_note_ms<C: Conn>(conn: &C, tenant: TenantId, after_ms: EpochMs) -> Result<Option<EpochMs>> {
    let text = "SELECT MIN(created_ms) FROM notes WHERE tenant_id = $1 AND created_ms > $2 AND gone_ms IS NULL";
    let found = rows(conn, text, [tenant.into(), after_ms.into()]).await?;
    Ok(found.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}

/// Details of a contact that lists show next to its deal.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Profile {
    pub crm_id: ContactId,
    pub owner: String,
    /// Units of interest; empty unless the agency mapped a field to it.
    pub units: String,
    pub source: Option<String>,
    pub phone: String,
}

/// The details of these live contacts.
pub async fn profiles<C: Conn>(conn: &C, tenant: TenantId, ids: &[ContactId]) -> Result<Vec<Profile>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let mut query =
            Query::new("SELECT crm_id, owner, units, source, phone FROM leads WHERE gone_ms IS NULL AND tenant_id = ");
        query.bind(tenant).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        found.extend(with_names(conn, tenant, query.all::<_, Profile>(conn).await?).await?);
    }
    Ok(found)
}

/// An appointment that is not canceled.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CandidateEvent {
    pub crm_id: String,
    pub client_id: Option<ContactId>,
    /// The live contact's name, or else the name in the appointment.
    pub name: String,
    /// Whether the contact is a live prospect.
    pub of_prospect: bool,
    pub kind: String,
    pub title: String,
    pub owner: String,
    /// As the CRM spells it.
    pub status: String,
    pub all_day: bool,
    pub starts_ms: EpochMs,
    pub ends_ms: Option<EpochMs>,
    pub first_seen_ms: EpochMs,
}

/// A filter on appointments: those that start at or after `from_ms` and before `until_ms`.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter {
    pub from_ms: EpochMs,
    pub until_ms: Option<EpochMs>,
    pub limit: Option<i64>,
}

/// The live appointments that match and are not canceled, by start.
pub async fn events<C: Conn>(conn: &C, tenant: TenantId, filter: EventFilter) -> Result<Vec<CandidateEvent>> {
    let mut query = Query::new(
        "SELECT a.crm_id, l.crm_id AS client_id, COALESCE(l.name, a.name) AS name, COALESCE(l.contact_type = 1, 1 = 0) AS of_prospect, \
         a.kind, a.title, a.owner, a.status, a.all_day, a.starts_ms, a.ends_ms, a.first_seen_ms FROM scheduled_activities a \
         LEFT JOIN leads l ON l.tenant_id = a.tenant_id AND l.crm_id = a.client_id AND l.gone_ms IS NULL \
         WHERE a.gone_ms IS NULL AND NOT a.cancelled AND a.tenant_id = ",
    );
    query.bind(tenant).push(" AND a.starts_ms >= ").bind(filter.from_ms);
    if let Some(until_ms) = filter.until_ms {
        query.push(" AND a.starts_ms < ").bind(until_ms);
    }
    query.push(" ORDER BY a.starts_ms, a.crm_id");
    if let Some(limit) = filter.limit {
        query.push(" LIMIT ").bind(limit);
    }
    with_names(conn, tenant, query.all(conn).await?).await
}

/// An appointment of a contact, with the fields that the contact's status depends on.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ContactEvent {
    pub client_id: ContactId,
    pub kind: String,
    pub title: String,
    /// As the CRM spells it.
    pub status: String,
    pub all_day: bool,
    pub starts_ms: EpochMs,
    pub ends_ms: Option<EpochMs>,
}

/// The live appointments of these contacts that start at or after `from_ms` and before `until_ms` and are not canceled, by
/// start.
pub async fn events_for<C: Conn>(
    conn: &C,
    tenant: TenantId,
    contacts: &[ContactId],
    (from_ms, until_ms): (EpochMs, EpochMs),
) -> Result<Vec<ContactEvent>> {
    // No index leads from a contact to its appointments, so each query scans all of them.
    const CHUNK: usize = 10_000;
    let mut found = Vec::new();
    for chunk in contacts.chunks(CHUNK) {
        let mut query = Query::new(
            "SELECT client_id, kind, title, status, all_day, starts_ms, ends_ms FROM scheduled_activities \
             WHERE gone_ms IS NULL AND NOT cancelled AND tenant_id = ",
        );
        query.bind(tenant).push(" AND starts_ms >= ").bind(from_ms).push(" AND starts_ms < ").bind(until_ms);
        query.push(" AND client_id IN ").bind_list(chunk.iter().cloned()).push(" ORDER BY starts_ms, crm_id");
        found.extend(query.all::<_, ContactEvent>(conn).await?);
    }
    Ok(found)
}

/// Whether any of the brand's appointments has a status.
pub async fn has_event_status<C: Conn>(conn: &C, tenant: TenantId) -> Result<bool> {
    let text = "SELECT COUNT(*) FROM (SELECT 1 FROM scheduled_activities WHERE tenant_id = $1 AND gone_ms IS NULL \
                AND TRIM(status) <> '' LIMIT 1) AS found";
    Ok(number(conn, text, [tenant.into()]).await? > 0)
}

/// When the brand's appointments were first read. Those seen at that time may be older.
pub async fn first_events_ms<C: Conn>(conn: &C, tenant: TenantId) -> Result<EpochMs> {
    number(conn, "SELECT MIN(first_seen_ms) FROM scheduled_activities WHERE tenant_id = $1", [tenant.into()]).await.map(EpochMs)
}

/// A recorded change of stage. Stages are keys.
#[derive(Clone, Debug, FromQueryResult)]
pub struct StageMove {
    pub from_stage: Option<String>,
    pub to_stage: Option<String>,
    pub seen_after_ms: EpochMs,
    pub at_ms: EpochMs,
}

/// The recorded stage changes of these contacts or deals, oldest first, by ID.
pub async fn stage_moves<C: Conn, Id: SubjectId>(conn: &C, tenant: TenantId, ids: &[Id]) -> Result<HashMap<Id, Vec<StageMove>>> {
    let mut found: HashMap<Id, Vec<StageMove>> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let mut query =
            Query::new("SELECT crm_id, from_stage, to_stage, seen_after_ms, at_ms FROM stage_transitions WHERE tenant_id = ");
        query.bind(tenant).push(" AND NOT renamed AND subject = ").bind(Id::SUBJECT.as_str());
        query.push(" AND crm_id IN ").bind_list(chunk.iter().cloned()).push(" ORDER BY crm_id, seen_after_ms");
        for row in query.rows(conn).await? {
            found.entry(row.try_get("", "crm_id")?).or_default().push(StageMove::from_query_result(&row, "")?);
        }
    }
    Ok(found)
}

/// How long contacts stayed in these stages, in milliseconds, by stage. Covers stays that ended at or after `from_ms` and
/// whose start is recorded.
pub async fn completed_stays<C: Conn>(
    conn: &C,
    tenant: TenantId,
    stages: &[String],
    from_ms: EpochMs,
) -> Result<HashMap<String, Vec<i64>>> {
    #[derive(FromQueryResult)]
    struct Row {
        stage: String,
        began_ms: Option<EpochMs>,
        ended_ms: EpochMs,
    }
    let mut query = Query::new(
        "SELECT t.from_stage AS stage, t.at_ms AS ended_ms, (SELECT p.at_ms FROM stage_transitions p \
         WHERE p.tenant_id = t.tenant_id AND p.subject = t.subject AND p.crm_id = t.crm_id AND NOT p.renamed \
         AND p.seen_after_ms < t.seen_after_ms ORDER BY p.seen_after_ms DESC LIMIT 1) AS began_ms \
         FROM stage_transitions t WHERE t.subject = 'contacts' AND NOT t.renamed AND t.tenant_id = ",
    );
    query.bind(tenant).push(" AND t.at_ms >= ").bind(from_ms);
    query.push(" AND t.from_stage IN ").bind_list(stages.iter().cloned());
    let mut found: HashMap<String, Vec<i64>> = HashMap::new();
    for row in query.all::<_, Row>(conn).await? {
        if let Some(began_ms) = row.began_ms {
            found.entry(row.stage).or_default().push((row.ended_ms - began_ms).max(0));
        }
    }
    Ok(found)
}

// What changed ---------------------------------------------------------------------------------------------------------

/// A stage change of a live prospect.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ProspectMove {
    pub crm_id: ContactId,
    pub name: String,
    /// The current stage.
    pub stage: Option<String>,
    /// A stage key.
    pub from_stage: Option<String>,
    /// A stage key.
    pub to_stage: Option<String>,
    pub seen_before_ms: EpochMs,
    pub seen_after_ms: EpochMs,
    pub at_ms: EpochMs,
}

/// Live prospects' moves into these stages at or after `since_ms`, oldest first.
pub async fn moves_since<C: Conn>(conn: &C, tenant: TenantId, stages: &[String], since_ms: EpochMs) -> Result<Vec<ProspectMove>> {
    // The plus sign keeps SQLite from using the index on contact type and looking up the moves of each contact.
    let mut query = Query::new(
        "SELECT l.crm_id, l.name, l.stage, t.from_stage, t.to_stage, t.seen_before_ms, t.seen_after_ms, t.at_ms \
         FROM stage_transitions t JOIN leads l ON l.tenant_id = t.tenant_id AND l.crm_id = t.crm_id \
         WHERE l.gone_ms IS NULL AND +l.contact_type = 1 AND t.subject = 'contacts' AND NOT t.renamed AND t.tenant_id = ",
    );
    query.bind(tenant).push(" AND t.at_ms >= ").bind(since_ms);
    query.push(" AND t.to_stage IN ").bind_list(stages.iter().cloned()).push(" ORDER BY t.seen_after_ms, t.crm_id");
    query.all(conn).await
}

/// A live deal of a prospect, possibly implicit, whose fee became known.
#[derive(Clone, Debug, FromQueryResult)]
pub struct NewFee {
    pub contact_id: Option<ContactId>,
    pub name: String,
    pub stage: Option<String>,
    pub fee_cents: i64,
    /// The deal's own, in hundredths of a percent.
    pub odds: Option<i64>,
}

/// The deals whose fee became known at or after `since_ms`.
pub async fn new_fees<C: Conn>(conn: &C, tenant: TenantId, since_ms: EpochMs) -> Result<Vec<NewFee>> {
    const LEARNED: &str =
        "v.tenant_id = $1 AND v.field = 'fee' AND v.old_value IS NULL AND v.new_value IS NOT NULL AND v.at_ms >= $2";
    let text = format!(
        "SELECT DISTINCT c.crm_id AS contact_id, COALESCE(c.name, d.name) AS name, d.stage, d.fee_cents, d.odds, d.crm_id AS deal_id \
         FROM value_changes v JOIN pipeline_items d ON d.tenant_id = v.tenant_id AND d.crm_id = v.crm_id \
         LEFT JOIN leads c ON c.tenant_id = d.tenant_id AND c.crm_id = d.contact_id AND c.gone_ms IS NULL \
         WHERE {LEARNED} AND v.subject = 'deals' AND d.gone_ms IS NULL AND d.fee_cents IS NOT NULL \
         AND COALESCE(c.contact_type, d.contact_type, 1) = 1 \
         UNION ALL \
         SELECT DISTINCT l.crm_id, l.name, l.stage, l.fee_cents, CAST(NULL AS BIGINT), '' AS deal_id FROM value_changes v \
         JOIN leads l ON l.tenant_id = v.tenant_id AND l.crm_id = v.crm_id \
         WHERE {LEARNED} AND v.subject = 'contacts' AND l.gone_ms IS NULL AND l.contact_type = 1 AND l.fee_cents IS NOT NULL \
         AND l.had_deal_ms IS NULL"
    );
    all(conn, &text, [tenant.into(), since_ms.into()]).await
}
