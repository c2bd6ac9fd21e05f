//! Filtered lists of contacts.

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, EpochMs, PlausibleDates, StageKey, TenantId, UsState, Window, doubts_creation};

use crate::query::{Query, one, rows};
use crate::search::find;
use crate::user_names::{by_owner, with_name, with_names};
use crate::{Conn, Result};

/// A filter on live contacts. Fields that are `None`, empty, or false do not restrict.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    /// The stage must match every entry.
    pub stages: Vec<LabelMatch>,
    pub source: Option<LabelMatch>,
    pub created: Option<Window>,
    /// Only contacts without a readable created date.
    pub undated: bool,
    pub types: Option<ContactTypes>,
    pub state: Option<UsState>,
    /// Words that must all occur in name, company, email, phone, or market; or a phone number.
    pub text: Option<String>,
    /// Only contacts with these CRM IDs; about ten thousand at most.
    pub ids: Option<Vec<ContactId>>,
}

/// A filter on contact type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContactTypes {
    /// Contact type 1.
    Prospects,
    /// Any other type, including missing and unreadable ones.
    Others,
}

/// A filter on a stage or source.
#[derive(Clone, Debug)]
pub enum LabelMatch {
    /// One of these keys (trimmed and lowercased).
    Keys(Vec<String>),
    /// None of these keys. Values that are not text match.
    NotKeys(Vec<String>),
    /// Exactly this text, for values that are not in the CRM's list.
    Text(String),
    /// A value that is not text.
    NotText,
}

/// The column to sort contacts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeadSort {
    Created,
    Name,
    Source,
    Market,
    Stage,
    Owner,
}

/// A contact in a list.
#[derive(Clone, Debug, FromQueryResult)]
pub struct LeadRow {
    pub crm_id: ContactId,
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
    pub stage_since_ms: EpochMs,
    pub stage_since_exact: bool,
    pub contact_type: Option<i64>,
    pub fee_cents: Option<i64>,
    pub fee_flagged: bool,
    pub created_ms: Option<EpochMs>,
    pub modified_ms: Option<EpochMs>,
    pub first_seen_ms: EpochMs,
}

impl LeadRow {
    /// Whether the date of creation is doubtful.
    pub fn has_doubtful_date(&self) -> bool {
        doubts_creation(self.created_ms, self.first_seen_ms)
    }
}

const COLUMNS: &str = "crm_id, name, company, email, phone, market, owner, source, source_key, stage, stage_key, stage_since_ms, \
    stage_since_exact, contact_type, fee_cents, fee_flagged, created_ms, modified_ms, first_seen_ms";

/// The number of contacts that match a filter.
pub async fn count<C: Conn>(conn: &C, tenant: TenantId, filter: &LeadFilter) -> Result<i64> {
    let mut query = Query::new("SELECT COUNT(*) FROM leads");
    narrow(&mut query, tenant, filter);
    query.number(conn).await
}

/// One page (offset, limit) of the contacts that match a filter. `stage_order` lists stage keys in the CRM's order.
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
        LeadSort::Created => by_creation(&mut query),
        LeadSort::Name => query.push("LOWER(name)"),
        LeadSort::Source => query.push("COALESCE(source_key, '')"),
        LeadSort::Market => query.push("CASE WHEN market = '' THEN 1 ELSE 0 END, LOWER(market)"),
        LeadSort::Owner => query.push(&by_owner("leads")),
        LeadSort::Stage => by_stage(&mut query, stage_order),
    };
    query.push(if descending { " DESC, crm_id" } else { ", crm_id" });
    query.push(" LIMIT ").bind(limit).push(" OFFSET ").bind(offset);
    with_names(conn, tenant, query.all(conn).await?).await
}

/// Appends an expression that sorts by the date of creation. Dates that [`doubts_creation`] doubts come after the others, and
/// unknown ones last.
fn by_creation(query: &mut Query) -> &mut Query {
    query.push("CASE WHEN created_ms IS NULL THEN 2 WHEN created_ms < ").bind(PlausibleDates::EARLIEST);
    query.push(" OR created_ms > first_seen_ms + ").bind(PlausibleDates::CLOCK_ERROR).push(" THEN 1 ELSE 0 END, created_ms")
}

/// Appends an expression that sorts by the order of stages. Stages not in the list come last.
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

/// A live contact.
pub async fn get<C: Conn>(conn: &C, tenant: TenantId, contact: &ContactId) -> Result<Option<LeadRow>> {
    let text = format!("SELECT {COLUMNS} FROM leads WHERE tenant_id = $1 AND crm_id = $2 AND gone_ms IS NULL");
    with_name(conn, tenant, one(conn, &text, [tenant.into(), contact.as_str().into()]).await?).await
}

/// The IDs of all live contacts, sorted, for comparison with the CRM.
pub async fn ids<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<ContactId>> {
    let found =
        rows(conn, "SELECT crm_id FROM leads WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY crm_id", [tenant.into()]).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

fn narrow(query: &mut Query, tenant: TenantId, filter: &LeadFilter) {
    query.push(" WHERE tenant_id = ").bind(tenant).push(" AND gone_ms IS NULL");
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
    if let Some(ids) = &filter.ids {
        query.push(" AND crm_id IN ").bind_list(ids.iter().cloned());
    }
    query.push(match filter.types {
        None => "",
        Some(ContactTypes::Prospects) => " AND contact_type = 1",
        Some(ContactTypes::Others) => " AND (contact_type IS NULL OR contact_type <> 1)",
    });
    if let Some(state) = filter.state {
        // Must agree with `UsState::of_market`.
        query.push(" AND (");
        for (i, name) in [state.code(), state.name()].map(str::to_lowercase).into_iter().enumerate() {
            query.push(if i == 0 { "" } else { " OR " }).push("TRIM(LOWER(market)) = ").bind(name.clone());
            query.push(" OR RTRIM(LOWER(market)) LIKE ").bind(format!("%, {name}"));
        }
        query.push(")");
    }
    if let Some(text) = &filter.text {
        find(query, text);
    }
}

/// Restricts a stage or source column.
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
