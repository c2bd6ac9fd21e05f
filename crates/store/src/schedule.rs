//! Appointments: upserts from a sync run, the calendar, and the calendar feeds.

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{ContactId, Dataset, EpochMs, TenantId};

use crate::query::{Query, all};
use crate::records::{self, RecordMeta};
use crate::user_names::with_names;
use crate::{Conn, Result};

/// An appointment as a sync run writes it.
#[derive(Clone, Debug)]
pub struct ActivityRecord {
    pub client_id: Option<ContactId>,
    pub name: String,
    pub kind: String,
    pub title: String,
    /// Plain text.
    pub description: String,
    pub place: String,
    pub owner: String,
    /// As the CRM spells it.
    pub status: String,
    pub cancelled: bool,
    pub all_day: bool,
    /// `None` if the CRM's value is not readable.
    pub starts_ms: Option<EpochMs>,
    pub ends_ms: Option<EpochMs>,
    /// The start before it was last rescheduled.
    pub moved_from_ms: Option<EpochMs>,
}

/// Upserts appointments. Existing ones keep their values in the columns named in `keep`.
pub async fn put<C: Conn>(
    conn: &C,
    tenant: TenantId,
    activities: &[(RecordMeta, ActivityRecord)],
    keep: &[&'static str],
) -> Result<()> {
    const ACTIVITIES: [&str; 13] = [
        "client_id",
        "name",
        "kind",
        "title",
        "description",
        "place",
        "owner",
        "status",
        "cancelled",
        "all_day",
        "starts_ms",
        "ends_ms",
        "moved_from_ms",
    ];
    let rows = activities.iter().map(|(meta, activity)| {
        let own: Vec<Value> = vec![
            activity.client_id.clone().into(),
            activity.name.clone().into(),
            activity.kind.clone().into(),
            activity.title.clone().into(),
            activity.description.clone().into(),
            activity.place.clone().into(),
            activity.owner.clone().into(),
            activity.status.clone().into(),
            activity.cancelled.into(),
            activity.all_day.into(),
            activity.starts_ms.into(),
            activity.ends_ms.into(),
            activity.moved_from_ms.into(),
        ];
        (meta, own)
    });
    records::put(conn, tenant, Dataset::Events, &ACTIVITIES, keep, rows).await
}

/// The stored start of an appointment, which a sync compares with the new row to detect rescheduling.
#[derive(Clone, Debug, FromQueryResult)]
pub struct PriorTimes {
    pub crm_id: String,
    pub starts_ms: Option<EpochMs>,
    pub moved_from_ms: Option<EpochMs>,
}

/// The stored starts of these appointments, live or gone.
pub async fn prior_times<C: Conn>(conn: &C, tenant: TenantId, ids: &[String]) -> Result<Vec<PriorTimes>> {
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(1_000) {
        let mut query = Query::new("SELECT crm_id, starts_ms, moved_from_ms FROM scheduled_activities WHERE tenant_id = ");
        query.bind(tenant).push(" AND crm_id IN ").bind_list(part.iter().cloned());
        found.extend(query.all::<_, PriorTimes>(conn).await?);
    }
    Ok(found)
}

/// An appointment in a list.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ActivityRow {
    pub crm_id: String,
    pub client_id: Option<ContactId>,
    pub name: String,
    pub stage: Option<String>,
    pub kind: String,
    pub title: String,
    pub description: String,
    pub place: String,
    pub owner: String,
    pub status: String,
    pub cancelled: bool,
    pub all_day: bool,
    pub starts_ms: Option<EpochMs>,
    pub ends_ms: Option<EpochMs>,
    pub moved_from_ms: Option<EpochMs>,
}

/// The live appointments that start at or after `from_ms` and before `until_ms`, by start.
pub async fn between<C: Conn>(conn: &C, tenant: TenantId, from_ms: EpochMs, until_ms: EpochMs) -> Result<Vec<ActivityRow>> {
    let text = "SELECT a.crm_id, a.client_id, COALESCE(l.name, a.name) AS name, l.stage, a.kind, a.title, a.description, a.place, \
                a.owner, a.status, a.cancelled, a.all_day, a.starts_ms, a.ends_ms, a.moved_from_ms FROM scheduled_activities a \
                LEFT JOIN leads l ON l.tenant_id = a.tenant_id AND l.crm_id = a.client_id AND l.gone_ms IS NULL \
                WHERE a.tenant_id = $1 AND a.gone_ms IS NULL AND a.starts_ms >= $2 AND a.starts_ms < $3 \
                ORDER BY a.starts_ms, a.crm_id";
    with_names(conn, tenant, all(conn, text, [tenant.into(), from_ms.into(), until_ms.into()]).await?).await
}

/// The attributes that schedule filters apply to.
#[derive(Clone, Debug, FromQueryResult)]
pub struct EventAttributes {
    pub kind: String,
    pub title: String,
    pub place: String,
    pub owner: String,
    /// As the CRM spells it.
    pub status: String,
}

/// The live appointments without a readable start.
pub async fn undated<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<EventAttributes>> {
    let text = "SELECT kind, title, place, owner, status FROM scheduled_activities \
                WHERE tenant_id = $1 AND gone_ms IS NULL AND starts_ms IS NULL";
    with_names(conn, tenant, all(conn, text, [tenant.into()]).await?).await
}

/// An appointment as the calendar page shows it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CalendarRow {
    pub crm_id: String,
    /// The live contact; `None` without one.
    pub client_id: Option<ContactId>,
    /// The live contact's name, or else the name in the appointment.
    pub name: String,
    /// Whether the contact is a live prospect.
    pub of_prospect: bool,
    /// The live contact's stage, trimmed; `None` without one or if the value was not text.
    pub stage: Option<String>,
    pub kind: String,
    pub title: String,
    pub place: String,
    pub owner: String,
    /// As the CRM spells it.
    pub status: String,
    pub cancelled: bool,
    pub all_day: bool,
    pub starts_ms: Option<EpochMs>,
    pub ends_ms: Option<EpochMs>,
    pub moved_from_ms: Option<EpochMs>,
}

/// All live appointments by start, those without a readable start last.
pub async fn calendar<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<CalendarRow>> {
    let text = "SELECT a.crm_id, l.crm_id AS client_id, COALESCE(l.name, a.name) AS name, \
                COALESCE(l.contact_type = 1, 1 = 0) AS of_prospect, l.stage, a.kind, a.title, a.place, a.owner, a.status, \
                a.cancelled, a.all_day, a.starts_ms, a.ends_ms, a.moved_from_ms FROM scheduled_activities a \
                LEFT JOIN leads l ON l.tenant_id = a.tenant_id AND l.crm_id = a.client_id AND l.gone_ms IS NULL \
                WHERE a.tenant_id = $1 AND a.gone_ms IS NULL \
                ORDER BY CASE WHEN a.starts_ms IS NULL THEN 1 ELSE 0 END, a.starts_ms, a.crm_id";
    with_names(conn, tenant, all(conn, text, [tenant.into()]).await?).await
}

/// The stage of each live deal of these contacts.
pub async fn deal_stages<C: Conn>(
    conn: &C,
    tenant: TenantId,
    contacts: &[ContactId],
) -> Result<Vec<(ContactId, Option<String>)>> {
    let mut found = Vec::new();
    for part in contacts.chunks(1_000) {
        let mut query = Query::new("SELECT contact_id, stage FROM pipeline_items WHERE gone_ms IS NULL AND tenant_id = ");
        query.bind(tenant).push(" AND contact_id IN ").bind_list(part.iter().cloned());
        for row in query.rows(conn).await? {
            found.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
    }
    Ok(found)
}

/// An appointment in a calendar feed, which includes gone ones.
#[derive(Clone, Debug, FromQueryResult)]
pub struct FeedRow {
    pub crm_id: String,
    /// The live contact; `None` without one.
    pub client_id: Option<ContactId>,
    pub name: String,
    pub stage: Option<String>,
    pub kind: String,
    pub title: String,
    /// Plain text, at most 2,000 characters.
    pub description: String,
    pub place: String,
    pub owner: String,
    pub status: String,
    pub cancelled: bool,
    pub gone: bool,
    pub all_day: bool,
    pub starts_ms: EpochMs,
    pub ends_ms: Option<EpochMs>,
    /// When the appointment, its contact, or the user who owns it last changed.
    pub changed_ms: EpochMs,
    /// The mapping version, with the decoder version in the upper 32 bits.
    pub mapping_version: i64,
}

/// At most `most` appointments that start at or after `from_ms` and before `until_ms`, by start.
pub async fn feed<C: Conn>(
    conn: &C,
    tenant: TenantId,
    (from_ms, until_ms): (EpochMs, EpochMs),
    most: i64,
) -> Result<Vec<FeedRow>> {
    const GREATER: &str = "CASE WHEN COALESCE(l.changed_ms, 0) > COALESCE(l.gone_ms, 0) THEN COALESCE(l.changed_ms, 0) \
                           ELSE COALESCE(l.gone_ms, 0) END";
    let text = format!(
        "SELECT crm_id, client_id, name, stage, kind, title, description, place, owner, status, cancelled, gone, all_day, \
         starts_ms, ends_ms, CASE WHEN own_ms >= contact_ms AND own_ms >= user_ms THEN own_ms \
         WHEN contact_ms >= user_ms THEN contact_ms ELSE user_ms END AS changed_ms, mapping_version FROM ( \
         SELECT a.crm_id, CASE WHEN l.gone_ms IS NULL THEN l.crm_id END AS client_id, \
         CASE WHEN l.gone_ms IS NULL AND l.name IS NOT NULL THEN l.name ELSE a.name END AS name, \
         CASE WHEN l.gone_ms IS NULL THEN l.stage END AS stage, SUBSTR(a.kind, 1, 300) AS kind, SUBSTR(a.title, 1, 300) AS title, \
         SUBSTR(a.description, 1, 2000) AS description, SUBSTR(a.place, 1, 400) AS place, a.owner, a.status, \
         a.cancelled, a.gone_ms IS NOT NULL AS gone, a.all_day, a.starts_ms, a.ends_ms, \
         CASE WHEN a.changed_ms > COALESCE(a.gone_ms, 0) THEN a.changed_ms ELSE a.gone_ms END AS own_ms, \
         {GREATER} AS contact_ms, COALESCE(u.changed_ms, 0) AS user_ms, a.mapping_version FROM scheduled_activities a \
         LEFT JOIN leads l ON l.tenant_id = a.tenant_id AND l.crm_id = a.client_id \
         LEFT JOIN crm_users u ON u.tenant_id = a.tenant_id AND u.crm_id = a.owner \
         WHERE a.tenant_id = $1 AND a.starts_ms >= $2 AND a.starts_ms < $3 ORDER BY a.starts_ms, a.crm_id LIMIT $4) AS activity ORDER BY starts_ms, crm_id"
    );
    let found = all(conn, &text, [tenant.into(), from_ms.into(), until_ms.into(), most.into()]).await?;
    with_names(conn, tenant, found).await
}

/// An appointment as the notes feed shows it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct EventSummary {
    pub client_id: ContactId,
    pub kind: String,
    /// At most 200 characters.
    pub title: String,
    pub owner: String,
    pub cancelled: bool,
    pub starts_ms: EpochMs,
}

/// The live appointments with a contact and a readable start.
pub async fn event_summaries<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<EventSummary>> {
    let text = "SELECT client_id, kind, SUBSTR(title, 1, 200) AS title, owner, cancelled, starts_ms FROM scheduled_activities \
                WHERE tenant_id = $1 AND gone_ms IS NULL AND client_id IS NOT NULL AND starts_ms IS NOT NULL";
    with_names(conn, tenant, all(conn, text, [tenant.into()]).await?).await
}
