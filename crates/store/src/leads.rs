//! Contacts: written by a sync run, counted and listed for the pages.

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, Dataset, Money, StageKey, TenantId, Window};

use crate::query::{Query, one, rows};
use crate::records::{self, Book};
use crate::{Conn, Result, candidates};

/// A contact as a run writes it.
#[derive(Clone, Debug)]
pub struct LeadRecord {
    pub name: String,
    pub company: String,
    pub email: String,
    pub phone: String,
    pub market: String,
    /// Units of interest, as the agency mapped them; "" where not.
    pub units: String,
    /// Sanitised HTML.
    pub whiteboard: String,
    pub owner: String,
    /// Name and company, to find a deal's contact by; `None` for a placeholder.
    pub link_key: Option<String>,
    pub contact_type: Option<i64>,
    /// Trimmed; `None` is a value that was no text.
    pub source: Option<String>,
    pub stage: Option<String>,
    pub stage_since_ms: i64,
    /// Whether the move into the stage was seen.
    pub stage_since_exact: bool,
    pub fee: Option<Money>,
    pub fee_flagged: bool,
    pub created_ms: Option<i64>,
}

pub async fn put<C: Conn>(conn: &C, tenant: TenantId, leads: &[(Book, LeadRecord)], keep: &[&'static str]) -> Result<()> {
    const LEADS: [&str; 20] = [
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
        "stage",
        "stage_key",
        "stage_since_ms",
        "stage_since_exact",
        "fee_cents",
        "fee_flagged",
        "created_ms",
    ];
    let rows = leads.iter().map(|(book, lead)| {
        let search =
            [&lead.name, &lead.company, &lead.email, &lead.phone, &lead.market].map(|text| text.to_lowercase()).join("\n");
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
            lead.stage.clone().into(),
            lead.stage.as_deref().map(|stage| StageKey::of(stage).0).into(),
            lead.stage_since_ms.into(),
            lead.stage_since_exact.into(),
            lead.fee.map(|fee| fee.0).into(),
            lead.fee_flagged.into(),
            lead.created_ms.into(),
        ];
        (book, own)
    });
    records::put(conn, tenant, Dataset::Contacts, &LEADS, keep, rows).await
}

/// Where a contact or deal stood, for the next move to be told from it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Standing {
    pub crm_id: String,
    pub stage: Option<String>,
    pub stage_since_ms: i64,
    pub stage_since_exact: bool,
    pub fee_cents: Option<i64>,
    /// Of a deal.
    pub odds: Option<i64>,
    pub close_date: Option<String>,
    /// When it was last written, of one that reads have missed since.
    pub lost_since_ms: Option<i64>,
}

pub async fn standings<C: Conn>(conn: &C, tenant: TenantId, ids: &[String]) -> Result<Vec<Standing>> {
    standings_in(conn, "leads", "CAST(NULL AS BIGINT) AS odds, CAST(NULL AS TEXT) AS close_date", tenant, ids).await
}

pub(crate) async fn standings_in<C: Conn>(
    conn: &C,
    table: &str,
    deal: &str,
    tenant: TenantId,
    ids: &[String],
) -> Result<Vec<Standing>> {
    let select = format!(
        "SELECT crm_id, stage, stage_since_ms, stage_since_exact, fee_cents, {deal}, \
         CASE WHEN missing_ms IS NULL AND gone_ms IS NULL THEN NULL ELSE changed_ms END AS lost_since_ms \
         FROM {table} WHERE tenant_id = "
    );
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new(&select);
        query.bind(tenant.0).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        found.extend(query.all::<_, Standing>(conn).await?);
    }
    Ok(found)
}

// Counting -------------------------------------------------------------------------------------------------------------

/// How many live contacts share a source, a stage and a type. The finest count that the summaries are sums of.
#[derive(Clone, Debug, FromQueryResult)]
pub struct LeadCell {
    pub source: Option<String>,
    pub source_key: Option<String>,
    pub stage: Option<String>,
    pub stage_key: Option<String>,
    pub contact_type: Option<i64>,
    pub contacts: i64,
}

/// The live contacts, all or those created in a window.
pub async fn cells<C: Conn>(conn: &C, tenant: TenantId, created: Option<Window>) -> Result<Vec<LeadCell>> {
    let mut query = Query::new(
        "SELECT source, source_key, stage, stage_key, contact_type, COUNT(*) AS contacts FROM leads WHERE tenant_id = ",
    );
    query.bind(tenant.0).push(" AND gone_ms IS NULL");
    if let Some(window) = created {
        query.push(" AND created_ms >= ").bind(window.from_ms()).push(" AND created_ms < ").bind(window.until_ms());
    }
    query.push(" GROUP BY source, source_key, stage, stage_key, contact_type");
    query.all(conn).await
}

/// How many contacts were created in a window, and how many of them are prospects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewLeads {
    pub contacts: i64,
    pub prospects: i64,
}

pub async fn new_leads_in<C: Conn>(conn: &C, tenant: TenantId, windows: &[Window]) -> Result<Vec<NewLeads>> {
    let (Some(from), Some(until)) = (windows.iter().map(|w| w.from_ms()).min(), windows.iter().map(|w| w.until_ms()).max())
    else {
        return Ok(Vec::new());
    };
    let mut query = Query::new("SELECT ");
    for (i, window) in windows.iter().enumerate() {
        for condition in ["", " AND contact_type = 1"] {
            query.push(if i == 0 && condition.is_empty() { "" } else { ", " });
            query.push("COALESCE(SUM(CASE WHEN created_ms >= ").bind(window.from_ms());
            query.push(" AND created_ms < ").bind(window.until_ms()).push(condition).push(" THEN 1 ELSE 0 END), 0)");
        }
    }
    query.push(" FROM leads WHERE tenant_id = ").bind(tenant.0).push(" AND gone_ms IS NULL AND created_ms >= ").bind(from);
    query.push(" AND created_ms < ").bind(until);
    let found = query.rows(conn).await?;
    let Some(row) = found.first() else { return Ok(Vec::new()) };
    (0..windows.len())
        .map(|i| Ok(NewLeads { contacts: row.try_get_by_index(2 * i)?, prospects: row.try_get_by_index(2 * i + 1)? }))
        .collect()
}

/// Live contacts without a readable created date.
pub async fn undated<C: Conn>(conn: &C, tenant: TenantId) -> Result<i64> {
    let text = "SELECT COUNT(*) FROM leads WHERE tenant_id = $1 AND gone_ms IS NULL AND created_ms IS NULL";
    crate::query::number(conn, text, [tenant.0.into()]).await
}

// Listing --------------------------------------------------------------------------------------------------------------

/// Which live contacts are meant. What is `None`, empty or false does not narrow.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    /// All of them must fit.
    pub stages: Vec<LabelMatch>,
    pub source: Option<LabelMatch>,
    pub created: Option<Window>,
    pub undated: bool,
    pub prospects: bool,
    /// Words to find in name, company, email, phone or market, all of which must occur; or a phone number.
    pub text: Option<String>,
}

/// How a stage or source is matched.
#[derive(Clone, Debug)]
pub enum LabelMatch {
    /// One of these, whatever the case and the space around it.
    Keys(Vec<String>),
    /// None of these; what is no text is matched too.
    NotKeys(Vec<String>),
    /// Exactly this text: for what the CRM's list does not name.
    Text(String),
    /// A value that is no text.
    NotText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadSort {
    Created,
    Name,
    Source,
    Market,
    Stage,
    Owner,
}

#[derive(Clone, Debug, FromQueryResult)]
pub struct LeadRow {
    pub crm_id: String,
    pub name: String,
    pub company: String,
    pub email: String,
    pub phone: String,
    pub market: String,
    pub owner: String,
    pub source: Option<String>,
    pub source_key: Option<String>,
    pub stage: Option<String>,
    pub stage_key: Option<String>,
    pub stage_since_ms: i64,
    pub stage_since_exact: bool,
    pub contact_type: Option<i64>,
    pub fee_cents: Option<i64>,
    pub fee_flagged: bool,
    pub created_ms: Option<i64>,
    pub modified_ms: Option<i64>,
    pub first_seen_ms: i64,
}

const COLUMNS: &str = "crm_id, name, company, email, phone, market, owner, source, source_key, stage, stage_key, stage_since_ms, \
    stage_since_exact, contact_type, fee_cents, fee_flagged, created_ms, modified_ms, first_seen_ms";

pub async fn count<C: Conn>(conn: &C, tenant: TenantId, filter: &LeadFilter) -> Result<i64> {
    let mut query = Query::new("SELECT COUNT(*) FROM leads");
    narrow(&mut query, tenant, filter);
    query.number(conn).await
}

/// One page of a list. `stage_order` are stage keys in the CRM's order, for sorting by stage.
pub async fn list<C: Conn>(
    conn: &C,
    tenant: TenantId,
    filter: &LeadFilter,
    sort: LeadSort,
    descending: bool,
    stage_order: &[StageKey],
    page: (i64, i64),
) -> Result<Vec<LeadRow>> {
    let (offset, limit) = page;
    let mut query = Query::new(&format!("SELECT {COLUMNS} FROM leads"));
    narrow(&mut query, tenant, filter);
    query.push(" ORDER BY ");
    match sort {
        // What is not known comes last, whichever way the rest is sorted.
        LeadSort::Created => query.push("CASE WHEN created_ms IS NULL THEN 1 ELSE 0 END, created_ms"),
        LeadSort::Name => query.push("LOWER(name)"),
        LeadSort::Source => query.push("COALESCE(source_key, '')"),
        LeadSort::Market => query.push("CASE WHEN market = '' THEN 1 ELSE 0 END, LOWER(market)"),
        LeadSort::Owner => query.push("CASE WHEN owner = '' THEN 1 ELSE 0 END, LOWER(owner)"),
        LeadSort::Stage => by_stage(&mut query, stage_order),
    };
    query.push(if descending { " DESC, crm_id" } else { ", crm_id" });
    query.push(" LIMIT ").bind(limit).push(" OFFSET ").bind(offset);
    query.all(conn).await
}

pub(crate) fn by_stage<'a>(query: &'a mut Query, stage_order: &[StageKey]) -> &'a mut Query {
    if stage_order.is_empty() {
        return query.push("COALESCE(stage_key, '')");
    }
    query.push("CASE stage_key");
    for (place, key) in (0_i64..).zip(stage_order) {
        query.push(" WHEN ").bind(key.as_str()).push(&format!(" THEN {place}"));
    }
    query.push(&format!(" ELSE {} END", stage_order.len()))
}

pub async fn get<C: Conn>(conn: &C, tenant: TenantId, contact: &ContactId) -> Result<Option<LeadRow>> {
    let text = format!("SELECT {COLUMNS} FROM leads WHERE tenant_id = $1 AND crm_id = $2 AND gone_ms IS NULL");
    one(conn, &text, [tenant.0.into(), contact.as_str().into()]).await
}

/// Every live contact's id and name in the order of ids: for comparing with what the CRM holds.
pub async fn ids<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<String>> {
    let found =
        rows(conn, "SELECT crm_id FROM leads WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY crm_id", [tenant.0.into()])
            .await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

fn narrow(query: &mut Query, tenant: TenantId, filter: &LeadFilter) {
    query.push(" WHERE tenant_id = ").bind(tenant.0).push(" AND gone_ms IS NULL");
    for stage in &filter.stages {
        match_label(query, "stage", stage);
    }
    if let Some(source) = &filter.source {
        match_label(query, "source", source);
    }
    if let Some(window) = filter.created {
        query.push(" AND created_ms >= ").bind(window.from_ms()).push(" AND created_ms < ").bind(window.until_ms());
    }
    if filter.undated {
        query.push(" AND created_ms IS NULL");
    }
    if filter.prospects {
        query.push(" AND contact_type = 1");
    }
    if let Some(text) = &filter.text {
        candidates::find(query, text);
    }
}

/// Each word must occur somewhere in the column, which holds lower case.
pub(crate) fn find_words(query: &mut Query, column: &str, text: &str) {
    // Nobody's name is longer, and SQLite refuses patterns of fifty thousand bytes.
    let text: String = text.chars().take(200).collect();
    for word in text.to_lowercase().split_whitespace().take(12) {
        let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query.push(&format!(" AND {column} LIKE ")).bind(format!("%{escaped}%")).push(" ESCAPE '\\'");
    }
}

pub(crate) fn match_label(query: &mut Query, column: &str, label: &LabelMatch) {
    match label {
        LabelMatch::Keys(keys) => query.push(&format!(" AND {column}_key IN ")).bind_list(keys.iter().cloned()),
        LabelMatch::NotKeys(keys) if keys.is_empty() => query,
        LabelMatch::NotKeys(keys) => {
            query.push(&format!(" AND ({column}_key IS NULL OR {column}_key NOT IN ")).bind_list(keys.iter().cloned()).push(")")
        }
        LabelMatch::Text(text) => query.push(&format!(" AND {column} = ")).bind(text.clone()),
        LabelMatch::NotText => query.push(&format!(" AND {column} IS NULL")),
    };
}
