//! Deals: the CRM's own, and an implicit deal for each prospect who never had one.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, Dataset, DealId, EpochMs, Money, Odds, StageKey, TenantId};

use crate::leads::{LabelMatch, ListRef, PriorState, by_stage, match_label, prior_states_in};
use crate::query::Query;
use crate::records::{self, RecordMeta, SubjectId};
use crate::user_names::{by_owner, with_names};
use crate::{Conn, Result, search};

/// A deal as a sync run writes it. [`crate::deal_links::relink`] links it to a contact.
#[derive(Clone, Debug)]
pub struct DealRecord {
    /// The CRM's `client_id`.
    pub client_id: Option<ContactId>,
    pub title: String,
    pub name: String,
    /// Name and company, by which a deal without `client_id` is linked to a contact.
    pub link_key: Option<String>,
    pub contact_type: Option<i64>,
    /// The stage's current name, trimmed; `None` if the value was not text.
    pub stage: Option<String>,
    pub stage_ref: ListRef,
    pub stage_since_ms: EpochMs,
    pub stage_since_exact: bool,
    pub fee: Option<Money>,
    pub fee_flagged: bool,
    pub odds: Option<Odds>,
    /// `YYYY-MM-DD`, a calendar date without a time zone.
    pub close_date: Option<String>,
    pub owner: String,
    pub created_ms: Option<EpochMs>,
}

/// Upserts deals. Existing deals keep their values in the columns named in `keep`.
pub async fn put<C: Conn>(conn: &C, tenant: TenantId, deals: &[(RecordMeta, DealRecord)], keep: &[&'static str]) -> Result<()> {
    const DEALS: [&str; 18] = [
        "client_id",
        "title",
        "name",
        "search",
        "link_key",
        "contact_type",
        "stage",
        "stage_key",
        "stage_id",
        "stage_text",
        "stage_since_ms",
        "stage_since_exact",
        "fee_cents",
        "fee_flagged",
        "odds",
        "close_date",
        "owner",
        "created_ms",
    ];
    let rows = deals.iter().map(|(meta, deal)| {
        let own = vec![
            deal.client_id.clone().into(),
            deal.title.clone().into(),
            deal.name.clone().into(),
            search::of_deal(&deal.name, &deal.title).into(),
            deal.link_key.clone().into(),
            deal.contact_type.into(),
            deal.stage.clone().into(),
            deal.stage.as_deref().map(|stage| StageKey::of(stage).0).into(),
            deal.stage_ref.id.clone().into(),
            deal.stage_ref.text.clone().into(),
            deal.stage_since_ms.into(),
            deal.stage_since_exact.into(),
            deal.fee.map(|fee| fee.0).into(),
            deal.fee_flagged.into(),
            deal.odds.map(Odds::hundredths).into(),
            deal.close_date.clone().into(),
            deal.owner.clone().into(),
            deal.created_ms.into(),
        ];
        (meta, own)
    });
    records::put(conn, tenant, Dataset::Deals, &DEALS, keep, rows).await
}

/// The stored state of these deals, live or gone.
pub async fn prior_states<C: Conn>(conn: &C, tenant: TenantId, ids: &[String]) -> Result<Vec<PriorState>> {
    let own = "CAST(NULL AS TEXT) AS source, CAST(NULL AS TEXT) AS source_id, CAST(NULL AS TEXT) AS source_text, odds, close_date, \
               CAST(NULL AS TEXT) AS whiteboard";
    prior_states_in(conn, "pipeline_items", own, tenant, ids).await
}

/// The deals of prospects, including an implicit deal for each prospect who never had one. A deal counts if its live contact is
/// a prospect; without a live contact, the deal's own contact type decides, and an unknown type counts.
const DEAL: &str = "WITH deal AS (\
    SELECT d.tenant_id, d.crm_id AS deal_id, c.crm_id AS contact_id, d.title, COALESCE(c.name, d.name) AS name, COALESCE(c.market, '') AS market, \
        d.owner, d.stage, d.stage_key, d.stage_since_ms, d.stage_since_exact, d.fee_cents, d.odds, d.close_date, \
        d.search || '\n' || COALESCE(c.search, '') AS search \
    FROM pipeline_items d LEFT JOIN leads c ON c.tenant_id = d.tenant_id AND c.crm_id = d.contact_id AND c.gone_ms IS NULL \
    WHERE d.tenant_id = $1 AND d.gone_ms IS NULL AND COALESCE(c.contact_type, d.contact_type, 1) = 1 \
    UNION ALL \
    SELECT l.tenant_id, '' AS deal_id, l.crm_id, '', l.name, l.market, l.owner, l.stage, l.stage_key, l.stage_since_ms, l.stage_since_exact, \
        l.fee_cents, CAST(NULL AS BIGINT), CAST(NULL AS TEXT), l.search \
    FROM leads l WHERE l.tenant_id = $1 AND l.gone_ms IS NULL AND l.contact_type = 1 AND l.had_deal_ms IS NULL) ";

/// The number of deals with the same stage, fee, and odds. Pipeline values add these up.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DealCell {
    pub stage: Option<String>,
    pub stage_key: Option<String>,
    pub fee_cents: Option<i64>,
    /// The deal's own, in hundredths of a percent.
    pub odds: Option<i64>,
    pub deals: i64,
}

/// Counts prospects' deals by stage, fee, and odds.
pub async fn cells<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<DealCell>> {
    let mut query = from_deals("SELECT stage, stage_key, fee_cents, odds, COUNT(*) AS deals", tenant);
    query.push(" GROUP BY stage, stage_key, fee_cents, odds");
    query.all(conn).await
}

/// The number of deals with the same stage, known fee, odds, and close date. Forecasts add these up.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CloseCell {
    pub stage: Option<String>,
    pub fee_cents: i64,
    pub odds: Option<i64>,
    /// `YYYY-MM-DD`.
    pub close_date: Option<String>,
    pub deals: i64,
}

/// Counts prospects' deals with a known fee by stage, fee, odds, and close date.
pub async fn close_cells<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<CloseCell>> {
    let mut query = from_deals("SELECT stage, fee_cents, odds, close_date, COUNT(*) AS deals", tenant);
    query.push(" AND fee_cents IS NOT NULL GROUP BY stage, fee_cents, odds, close_date");
    query.all(conn).await
}

/// The known fees (cents) of the deals in these stages, ascending, each with its number of deals.
pub async fn fees<C: Conn>(conn: &C, tenant: TenantId, stages: &LabelMatch) -> Result<Vec<(i64, i64)>> {
    let mut query = from_deals("SELECT fee_cents, COUNT(*) AS deals", tenant);
    match_label(&mut query, "stage", stages);
    query.push(" AND fee_cents IS NOT NULL GROUP BY fee_cents ORDER BY fee_cents");
    let found = query.rows(conn).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// A filter on the expected close date, as calendar dates `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseDates {
    /// No close date.
    Unknown,
    /// Before this date.
    Before(String),
    /// On or after the first date and before the second.
    Within(String, String),
}

/// A filter on prospects' deals. Fields that are `None`, empty, or false do not restrict.
#[derive(Clone, Debug, Default)]
pub struct DealFilter {
    /// The stage must match every entry.
    pub stages: Vec<LabelMatch>,
    pub fee_known: bool,
    pub close: Option<CloseDates>,
    /// Words that must all occur in the deal's name or title or in its contact's name, company, email, phone, or market.
    pub text: Option<String>,
}

/// The column to sort deals by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DealSort {
    Stage,
    Name,
    Fee,
    Owner,
    CloseDate,
    Since,
}

/// A deal in a list.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DealRow {
    /// Blank for an implicit deal.
    pub deal_id: DealId,
    /// `None` if the deal is not linked to a live contact.
    pub contact_id: Option<ContactId>,
    pub title: String,
    pub name: String,
    pub market: String,
    pub owner: String,
    pub stage: Option<String>,
    pub stage_key: Option<String>,
    pub stage_since_ms: EpochMs,
    pub stage_since_exact: bool,
    pub fee_cents: Option<i64>,
    pub odds: Option<i64>,
    pub close_date: Option<String>,
}

/// The number of deals that match a filter.
pub async fn count<C: Conn>(conn: &C, tenant: TenantId, filter: &DealFilter) -> Result<i64> {
    let mut query = from_deals("SELECT COUNT(*)", tenant);
    narrow(&mut query, filter);
    query.number(conn).await
}

/// One page (offset, limit) of the deals that match a filter. `stage_order` lists stage keys in the CRM's order.
pub async fn list<C: Conn>(
    conn: &C,
    tenant: TenantId,
    filter: &DealFilter,
    sort: DealSort,
    descending: bool,
    stage_order: &[StageKey],
    page: (i64, i64),
) -> Result<Vec<DealRow>> {
    let (offset, limit) = page;
    let columns = "SELECT deal_id, contact_id, title, name, market, owner, stage, stage_key, stage_since_ms, stage_since_exact, \
                   fee_cents, odds, close_date";
    let mut query = from_deals(columns, tenant);
    narrow(&mut query, filter);
    query.push(" ORDER BY ");
    match sort {
        DealSort::Stage => by_stage(&mut query, stage_order),
        DealSort::Name => query.push("LOWER(name)"),
        DealSort::Fee => query.push("CASE WHEN fee_cents IS NULL THEN 1 ELSE 0 END, fee_cents"),
        DealSort::Owner => query.push(&by_owner("deal")),
        DealSort::CloseDate => query.push("CASE WHEN close_date IS NULL THEN 1 ELSE 0 END, close_date"),
        DealSort::Since => query.push("stage_since_ms"),
    };
    query.push(if descending { " DESC" } else { "" }).push(", LOWER(name), deal_id, contact_id");
    query.push(" LIMIT ").bind(limit).push(" OFFSET ").bind(offset);
    with_names(conn, tenant, query.all(conn).await?).await
}

/// The top `most` deals of every stage: highest fees first, then the most recent arrivals.
pub async fn top_by_stage<C: Conn>(conn: &C, tenant: TenantId, most: i64) -> Result<Vec<DealRow>> {
    let mut query = Query::numbered(
        &format!(
            "{DEAL}SELECT deal_id, contact_id, title, name, market, owner, stage, stage_key, stage_since_ms, stage_since_exact, \
             fee_cents, odds, close_date FROM (SELECT deal.*, ROW_NUMBER() OVER (PARTITION BY stage_key \
             ORDER BY COALESCE(fee_cents, -1) DESC, stage_since_ms DESC, name, deal_id, contact_id) AS place FROM deal) AS placed \
             WHERE place <= "
        ),
        [tenant.into()],
    );
    query.bind(most).push(" ORDER BY stage_key, place");
    with_names(conn, tenant, query.all(conn).await?).await
}

/// The display name of a deal or contact.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DealName {
    pub name: String,
    pub title: String,
    pub market: String,
    pub owner: String,
}

/// The names of these contacts or deals, live or gone, by ID.
pub async fn names<C: Conn, Id: SubjectId>(conn: &C, tenant: TenantId, ids: &[Id]) -> Result<HashMap<Id, DealName>> {
    let select = match Id::SUBJECT {
        Dataset::Deals => "SELECT crm_id, name, title, '' AS market, owner FROM pipeline_items WHERE tenant_id = ",
        _ => "SELECT crm_id, name, '' AS title, market, owner FROM leads WHERE tenant_id = ",
    };
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new(select);
        query.bind(tenant).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        let rows = query.rows(conn).await?;
        let names = rows.iter().map(|row| Ok(DealName::from_query_result(row, "")?)).collect::<Result<_>>()?;
        for (row, name) in rows.iter().zip(with_names(conn, tenant, names).await?) {
            found.insert(row.try_get("", "crm_id")?, name);
        }
    }
    Ok(found)
}

/// The stage of each prospect's deal and when the deal entered it, earliest first.
pub async fn stage_starts<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<(Option<String>, EpochMs)>> {
    let mut query = from_deals("SELECT stage, stage_since_ms", tenant);
    query.push(" ORDER BY stage_since_ms");
    let found = query.rows(conn).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// The number of live deals that are not linked to a live contact.
pub async fn unlinked<C: Conn>(conn: &C, tenant: TenantId) -> Result<i64> {
    let text = "SELECT COUNT(*) FROM pipeline_items d WHERE d.tenant_id = $1 AND d.gone_ms IS NULL AND NOT EXISTS \
                (SELECT 1 FROM leads l WHERE l.tenant_id = d.tenant_id AND l.crm_id = d.contact_id AND l.gone_ms IS NULL)";
    crate::query::number(conn, text, [tenant.into()]).await
}

fn from_deals(select: &str, tenant: TenantId) -> Query {
    Query::numbered(&format!("{DEAL}{select} FROM deal WHERE 1 = 1"), [tenant.into()])
}

fn narrow(query: &mut Query, filter: &DealFilter) {
    for label in &filter.stages {
        match_label(query, "stage", label);
    }
    if filter.fee_known {
        query.push(" AND fee_cents IS NOT NULL");
    }
    match &filter.close {
        None => {}
        Some(CloseDates::Unknown) => _ = query.push(" AND close_date IS NULL"),
        Some(CloseDates::Before(day)) => _ = query.push(" AND close_date < ").bind(day.clone()),
        Some(CloseDates::Within(first, end)) => {
            query.push(" AND close_date >= ").bind(first.clone()).push(" AND close_date < ").bind(end.clone());
        }
    }
    if let Some(text) = &filter.text {
        search::find(query, text);
    }
}
