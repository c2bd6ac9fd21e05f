//! Contacts: upserts from a sync run, counts, first responses, and filtered lists.

mod list;

use sea_orm::FromQueryResult;
use tetherboard_domain::{DAY, Dataset, EpochMs, Money, StageKey, TenantId, Window};

use crate::query::{Query, all};
use crate::records::{self, RecordMeta};
use crate::user_names::BY_PERSON;
use crate::{Conn, Result, search};

pub use list::{ContactTypes, LabelMatch, LeadFilter, LeadRow, LeadSort, count, get, ids, list};
pub(crate) use list::{by_stage, match_label};

/// A contact as a sync run writes it.
#[derive(Clone, Debug)]
pub struct LeadRecord {
    pub name: String,
    pub company: String,
    pub email: String,
    pub phone: String,
    pub market: String,
    /// Units of interest; empty unless the agency mapped a field to it.
    pub units: String,
    /// Sanitized HTML.
    pub whiteboard: String,
    pub owner: String,
    /// Name and company, by which deals without a contact ID are linked; `None` for placeholder names.
    pub link_key: Option<String>,
    /// The CRM's `contact_type`; 1 is a prospect.
    pub contact_type: Option<i64>,
    /// The source's current name, trimmed; `None` if the value was not text.
    pub source: Option<String>,
    pub source_ref: ListRef,
    /// The stage's current name, trimmed; `None` if the value was not text.
    pub stage: Option<String>,
    pub stage_ref: ListRef,
    /// When the contact entered the stage, or the earliest time it was known to be there.
    pub stage_since_ms: EpochMs,
    /// Whether a sync saw the contact enter the stage.
    pub stage_since_exact: bool,
    pub fee: Option<Money>,
    pub fee_flagged: bool,
    pub created_ms: Option<EpochMs>,
}

/// Where a record's stage or lead source comes from: the CRM's rows name it, and its lists give it an ID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRef {
    /// The ID in the CRM's list; `None` if the list does not have it, or if it is blank.
    pub id: Option<String>,
    /// The name as the row spells it, trimmed; possibly an earlier one.
    pub text: Option<String>,
}

/// The columns of `leads` after the metadata.
const COLUMNS: [&str; 24] = [
    "name",
    "company",
    "email",
    "phone",
    "market",
    "units",
    "whiteboard",
    "owner",
    "search",
    "link_key",
    "contact_type",
    "source",
    "source_key",
    "source_id",
    "source_text",
    "stage",
    "stage_key",
    "stage_id",
    "stage_text",
    "stage_since_ms",
    "stage_since_exact",
    "fee_cents",
    "fee_flagged",
    "created_ms",
];

/// Upserts contacts. Existing contacts keep their values in the columns named in `keep`.
pub async fn put<C: Conn>(conn: &C, tenant: TenantId, leads: &[(RecordMeta, LeadRecord)], keep: &[&'static str]) -> Result<()> {
    let rows = leads.iter().map(|(meta, lead)| {
        let search = search::of_lead(&lead.name, &lead.company, &lead.email, &lead.phone, &lead.market);
        let own = vec![
            lead.name.clone().into(),
            lead.company.clone().into(),
            lead.email.clone().into(),
            lead.phone.clone().into(),
            lead.market.clone().into(),
            lead.units.clone().into(),
            lead.whiteboard.clone().into(),
            lead.owner.clone().into(),
            search.into(),
            lead.link_key.clone().into(),
            lead.contact_type.into(),
            lead.source.clone().into(),
            lead.source.as_deref().map(|source| StageKey::of(source).0).into(),
            lead.source_ref.id.clone().into(),
            lead.source_ref.text.clone().into(),
            lead.stage.clone().into(),
            lead.stage.as_deref().map(|stage| StageKey::of(stage).0).into(),
            lead.stage_ref.id.clone().into(),
            lead.stage_ref.text.clone().into(),
            lead.stage_since_ms.into(),
            lead.stage_since_exact.into(),
            lead.fee.map(|fee| fee.0).into(),
            lead.fee_flagged.into(),
            lead.created_ms.into(),
        ];
        (meta, own)
    });
    records::put(conn, tenant, Dataset::Contacts, &COLUMNS, keep, rows).await
}

/// The stored state of a contact or deal, which a sync compares with the new row to find changes.
#[derive(Clone, Debug, FromQueryResult)]
pub struct PriorState {
    pub crm_id: String,
    /// The stage's current name, trimmed; `None` if the value was not text.
    pub stage: Option<String>,
    pub stage_id: Option<String>,
    pub stage_text: Option<String>,
    /// Contacts only, as the stage's columns.
    pub source: Option<String>,
    pub source_id: Option<String>,
    pub source_text: Option<String>,
    pub contact_type: Option<i64>,
    pub stage_since_ms: EpochMs,
    pub stage_since_exact: bool,
    pub fee_cents: Option<i64>,
    /// Hundredths of a percent; deals only.
    pub odds: Option<i64>,
    /// `YYYY-MM-DD`; deals only.
    pub close_date: Option<String>,
    /// Sanitized HTML; contacts only.
    pub whiteboard: Option<String>,
    /// When the record last changed, if reads have missed it since.
    pub lost_since_ms: Option<EpochMs>,
}

/// The stored state of these contacts, live or gone.
pub async fn prior_states<C: Conn>(conn: &C, tenant: TenantId, ids: &[String]) -> Result<Vec<PriorState>> {
    let own = "source, source_id, source_text, CAST(NULL AS BIGINT) AS odds, CAST(NULL AS TEXT) AS close_date, whiteboard";
    prior_states_in(conn, "leads", own, tenant, ids).await
}

/// The stored state of these records of `leads` or `pipeline_items`. `own` selects the columns that only one table has.
pub(crate) async fn prior_states_in<C: Conn>(
    conn: &C,
    table: &str,
    own: &str,
    tenant: TenantId,
    ids: &[String],
) -> Result<Vec<PriorState>> {
    let select = format!(
        "SELECT crm_id, stage, stage_id, stage_text, contact_type, stage_since_ms, stage_since_exact, fee_cents, {own}, \
         CASE WHEN missing_ms IS NULL AND gone_ms IS NULL THEN NULL ELSE changed_ms END AS lost_since_ms \
         FROM {table} WHERE tenant_id = "
    );
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new(&select);
        query.bind(tenant).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        found.extend(query.all::<_, PriorState>(conn).await?);
    }
    Ok(found)
}

// Counts -------------------------------------------------------------------------------------------------------------

/// The number of live contacts with the same source, stage, and type. Summaries add these up.
#[derive(Clone, Debug, FromQueryResult)]
pub struct LeadCell {
    pub source: Option<String>,
    pub source_key: Option<String>,
    pub stage: Option<String>,
    pub stage_key: Option<String>,
    pub contact_type: Option<i64>,
    pub contacts: i64,
}

/// Counts live contacts by source, stage, and type: all, or those created in a window.
pub async fn cells<C: Conn>(conn: &C, tenant: TenantId, created: Option<Window>) -> Result<Vec<LeadCell>> {
    let mut query = Query::new(
        "SELECT source, source_key, stage, stage_key, contact_type, COUNT(*) AS contacts FROM leads WHERE tenant_id = ",
    );
    query.bind(tenant).push(" AND gone_ms IS NULL");
    if let Some(window) = created {
        query.push(" AND created_ms >= ").bind(window.from_ms()).push(" AND created_ms < ").bind(window.until_ms());
    }
    query.push(" GROUP BY source, source_key, stage, stage_key, contact_type");
    query.all(conn).await
}

/// Live contacts with the same source, stage, type, and market, and when each was created.
#[derive(Clone, Debug)]
pub struct Cohort {
    pub source: Option<String>,
    pub source_key: Option<String>,
    pub stage: Option<String>,
    pub contact_type: Option<i64>,
    pub market: String,
    /// Includes contacts without a readable created date.
    pub contacts: i64,
    /// Unsorted.
    pub created: Vec<EpochMs>,
}

/// All live contacts as cohorts. Fifty thousand contacts make a few thousand rows.
pub async fn cohorts<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<Cohort>> {
    #[derive(FromQueryResult)]
    struct Row {
        source: Option<String>,
        source_key: Option<String>,
        stage: Option<String>,
        contact_type: Option<i64>,
        market: String,
        contacts: i64,
        created: Option<String>,
    }
    let text = "SELECT source, source_key, stage, contact_type, market, COUNT(*) AS contacts, \
                STRING_AGG(CAST(created_ms AS TEXT), ',') AS created FROM leads WHERE tenant_id = $1 AND gone_ms IS NULL \
                GROUP BY source, source_key, stage, contact_type, market";
    let found: Vec<Row> = all(conn, text, [tenant.into()]).await?;
    let cohort = |row: Row| Cohort {
        created: row.created.iter().flat_map(|all| all.split(',')).filter_map(|ms| ms.parse().ok().map(EpochMs)).collect(),
        source: row.source,
        source_key: row.source_key,
        stage: row.stage,
        contact_type: row.contact_type,
        market: row.market,
        contacts: row.contacts,
    };
    Ok(found.into_iter().map(cohort).collect())
}

/// How soon someone responded to the prospects of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstTouches {
    /// Prospects created in the window.
    pub prospects: i64,
    /// Prospects whose notes were read after they were created.
    pub read: i64,
    /// Milliseconds from creation to the first note by a person, ascending. Covers the prospects in `read` with such a note.
    pub after_ms: Vec<i64>,
}

/// The first responses to prospects created in a window. Notes written by the CRM (author blank or "System"), notes older
/// than the contact, and notes dated more than a day after they were read do not count.
pub async fn first_touches<C: Conn>(conn: &C, tenant: TenantId, created: Window) -> Result<FirstTouches> {
    #[derive(FromQueryResult)]
    struct Row {
        read: bool,
        after_ms: Option<i64>,
    }
    let mut query = Query::new(&format!(
        "SELECT COALESCE(l.notes_read_ms >= l.created_ms, 1 = 0) AS read, (SELECT MIN(n.created_ms) - l.created_ms FROM notes n \
         WHERE n.tenant_id = l.tenant_id AND n.client_id = l.crm_id AND n.gone_ms IS NULL AND n.created_ms >= l.created_ms \
         AND n.created_ms <= l.notes_read_ms + {DAY} AND {BY_PERSON}) AS after_ms \
         FROM leads l WHERE l.gone_ms IS NULL AND l.contact_type = 1 AND l.tenant_id = ",
    ));
    query.bind(tenant).push(" AND l.created_ms >= ").bind(created.from_ms());
    query.push(" AND l.created_ms < ").bind(created.until_ms());
    let rows: Vec<Row> = query.all(conn).await?;
    let count = |matches: fn(&&Row) -> bool| i64::try_from(rows.iter().filter(matches).count()).unwrap_or(i64::MAX);
    let mut after_ms: Vec<i64> = rows.iter().filter(|row| row.read).filter_map(|row| row.after_ms).collect();
    after_ms.sort_unstable();
    Ok(FirstTouches { prospects: count(|_| true), read: count(|row| row.read), after_ms })
}
