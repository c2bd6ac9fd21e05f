//! Contacts: written by a sync run, counted and listed for the pages.

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, Dataset, EpochMs, Money, StageKey, TenantId, UsState, Window};

use crate::query::{Query, all, one, rows};
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
    pub stage_since_ms: EpochMs,
    /// Whether the move into the stage was seen.
    pub stage_since_exact: bool,
    pub fee: Option<Money>,
    pub fee_flagged: bool,
    pub created_ms: Option<EpochMs>,
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
    pub stage_since_ms: EpochMs,
    pub stage_since_exact: bool,
    pub fee_cents: Option<i64>,
    /// Of a deal.
    pub odds: Option<i64>,
    pub close_date: Option<String>,
    /// Of a contact, sanitised.
    pub whiteboard: Option<String>,
    /// When it was last written, of one that reads have missed since.
    pub lost_since_ms: Option<EpochMs>,
}

pub async fn standings<C: Conn>(conn: &C, tenant: TenantId, ids: &[String]) -> Result<Vec<Standing>> {
    standings_in(conn, "leads", "CAST(NULL AS BIGINT) AS odds, CAST(NULL AS TEXT) AS close_date, whiteboard", tenant, ids).await
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
        query.bind(tenant).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
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
    query.bind(tenant).push(" AND gone_ms IS NULL");
    if let Some(window) = created {
        query.push(" AND created_ms >= ").bind(window.from_ms()).push(" AND created_ms < ").bind(window.until_ms());
    }
    query.push(" GROUP BY source, source_key, stage, stage_key, contact_type");
    query.all(conn).await
}

/// Live contacts that share a source, a stage, a type and a market, with the moments at which they were created.
#[derive(Clone, Debug)]
pub struct Cohort {
    pub source: Option<String>,
    pub source_key: Option<String>,
    pub stage: Option<String>,
    pub contact_type: Option<i64>,
    pub market: String,
    /// Those without a readable created date included.
    pub contacts: i64,
    /// Milliseconds, in no order.
    pub created: Vec<EpochMs>,
}

/// All live contacts. A brand's fifty thousand come as some thousand rows.
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

/// How soon somebody wrote to the prospects of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstTouches {
    /// Prospects created in the window.
    pub prospects: i64,
    /// Of them, those whose notes were read after they were created.
    pub read: i64,
    /// For each of those with a note of a person's, the milliseconds from created to the first, in ascending order.
    pub after_ms: Vec<i64>,
}

/// A note of the CRM's own (author blank or "System") is nobody's touch, nor is one from before the contact was created.
pub async fn first_touches<C: Conn>(conn: &C, tenant: TenantId, created: Window) -> Result<FirstTouches> {
    #[derive(FromQueryResult)]
    struct Row {
        read: bool,
        after_ms: Option<i64>,
    }
    let mut query = Query::new(
        "SELECT COALESCE(l.notes_read_ms >= l.created_ms, 1 = 0) AS read, (SELECT MIN(n.created_ms) - l.created_ms FROM notes n \
         WHERE n.tenant_id = l.tenant_id AND n.client_id = l.crm_id AND n.gone_ms IS NULL AND n.created_ms >= l.created_ms \
         AND LOWER(TRIM(n.author)) NOT IN ('', 'system')) AS after_ms \
         FROM leads l WHERE l.gone_ms IS NULL AND l.contact_type = 1 AND l.tenant_id = ",
    );
    query.bind(tenant).push(" AND l.created_ms >= ").bind(created.from_ms());
    query.push(" AND l.created_ms < ").bind(created.until_ms());
    let rows: Vec<Row> = query.all(conn).await?;
    let count = |wanted: fn(&&Row) -> bool| i64::try_from(rows.iter().filter(wanted).count()).unwrap_or(i64::MAX);
    let mut after_ms: Vec<i64> = rows.iter().filter(|row| row.read).filter_map(|row| row.after_ms).collect();
    after_ms.sort_unstable();
    Ok(FirstTouches { prospects: count(|_| true), read: count(|row| row.read), after_ms })
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
    pub types: Option<Types>,
    pub state: Option<UsState>,
    /// Words to find in name, company, email, phone or market, all of which must occur; or a phone number.
    pub text: Option<String>,
    /// Only these, by the CRM's ids; some ten thousand at most.
    pub ids: Option<Vec<ContactId>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Types {
    /// Contact type 1.
    Prospects,
    /// Any other, none and unreadable ones included.
    Others,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    one(conn, &text, [tenant.into(), contact.as_str().into()]).await
}

/// Every live contact's id and name in the order of ids: for comparing with what the CRM holds.
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
        Some(Types::Prospects) => " AND contact_type = 1",
        Some(Types::Others) => " AND (contact_type IS NULL OR contact_type <> 1)",
    });
    if let Some(state) = filter.state {
        // As `UsState::of_market` reads it.
        query.push(" AND (");
        for (i, name) in [state.code(), state.name()].map(str::to_lowercase).into_iter().enumerate() {
            query.push(if i == 0 { "" } else { " OR " }).push("TRIM(LOWER(market)) = ").bind(name.clone());
            query.push(" OR RTRIM(LOWER(market)) LIKE ").bind(format!("%, {name}"));
        }
        query.push(")");
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
