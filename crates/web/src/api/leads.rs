//! `/tenants/{tenant}/leads`: contacts, and their counts.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_metrics::Board;
use tetherboard_store::leads::LeadRow;
use tetherboard_store::tenants::Tenant;
use utoipa::ToSchema;

use super::cursor::Cursor;
use super::versioned::versioned;
use crate::address::leads::LeadQuery;
use crate::http::error::HttpResult;
use crate::http::etag::IfNoneMatch;
use crate::http::viewer::BrandViewer;
use crate::read::lead_list::lead_page;
use crate::read::numbers::numbers;
use crate::state::Portal;

/// Counts of all contacts in ClientTether, of every type and stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct Summary {
    /// When contacts were last read in full.
    as_of: Option<String>,
    /// IANA time zone.
    zone: String,
    /// Distinct contact IDs.
    total: i64,
    /// Contacts of type 1.
    prospects: i64,
    /// Contacts without a readable created date.
    undated: i64,
    by_source: Vec<SourceCount>,
    by_stage: Vec<StageCount>,
    /// Twelve weeks that start on Monday; the current week is last.
    new_by_week: Vec<WeekCount>,
}

/// The contacts of one source.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceCount {
    /// As ClientTether's list spells it; "" is blank, null is a value that is not text.
    source: Option<String>,
    count: i64,
}

/// The contacts in one stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct StageCount {
    /// As ClientTether's list spells it; null is a value that is not text.
    stage: Option<String>,
    /// The confirmed role: new, working, qualified, late, awarded, parked, or inactive; otherwise unconfirmed or unlisted.
    role: &'static str,
    /// ClientTether's flag; null if its list does not have the stage.
    active: Option<bool>,
    count: i64,
}

/// The contacts created in one week.
#[derive(Serialize, ToSchema)]
pub(crate) struct WeekCount {
    /// ISO week, such as 2026-W47.
    week: String,
    /// The Monday it starts on.
    starts: String,
    /// Contacts created in the week; null if the data is older than the week.
    count: Option<i64>,
    prospects: Option<i64>,
}

/// How many contacts there are, by source, by stage, and by the week they were created.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/leads/summary", params(("tenant" = String, Path)),
    responses((status = 200, body = Summary),
        (status = 304, description = "Unchanged since the response with the ETag in If-None-Match.")))]
pub(crate) async fn summary(
    brand: BrandViewer,
    State(portal): State<Portal>,
    if_none_match: IfNoneMatch,
) -> HttpResult<Response> {
    versioned(&if_none_match, &brand, portal.clock.now(), load_summary(&portal, &brand)).await
}

async fn load_summary(portal: &Portal, brand: &BrandViewer) -> HttpResult<Summary> {
    let numbers = numbers(portal, &brand.tenant, portal.clock.now()).await?;
    let summary = &numbers.summary;
    Ok(Summary {
        as_of: summary.as_of.map(super::text),
        zone: brand.tenant.zone.name().to_owned(),
        total: summary.total,
        prospects: summary.prospects,
        undated: summary.undated,
        by_source: summary
            .by_source
            .iter()
            .map(|(source, count)| SourceCount { source: source.clone(), count: *count })
            .collect(),
        by_stage: summary
            .by_stage
            .iter()
            .map(|line| StageCount {
                stage: line.stage.clone(),
                role: line.role.as_str(),
                active: line.active,
                count: line.contacts,
            })
            .collect(),
        new_by_week: summary
            .new_by_week
            .iter()
            .map(|week| WeekCount {
                week: week.week.clone(),
                starts: week.starts.to_string(),
                count: week.count,
                prospects: week.prospects,
            })
            .collect(),
    })
}

/// Contacts that match the filters.
#[derive(Serialize, ToSchema)]
pub(crate) struct Leads {
    /// The number of contacts that match the filters.
    total: i64,
    leads: Vec<Lead>,
    /// The cursor of the next part; null at the end.
    next: Option<String>,
}

/// One contact.
#[derive(Serialize, ToSchema)]
pub(crate) struct Lead {
    client_id: String,
    name: String,
    company: String,
    email: String,
    phone: String,
    market: String,
    source: Option<String>,
    stage: Option<String>,
    role: &'static str,
    contact_type: Option<i64>,
    owner: String,
    /// Null if unknown.
    fee_cents: Option<i64>,
    created_at: Option<String>,
    last_modified_at: Option<String>,
    /// When the contact moved to its stage. If `stage_since_exact` is false, it was there at this moment and possibly earlier.
    stage_since: Option<String>,
    stage_since_exact: bool,
}

/// Contacts that match the filters, 100 at a time.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/leads", params(("tenant" = String, Path), LeadQuery, Cursor),
    responses((status = 200, body = Leads),
        (status = 304, description = "Unchanged since the response with the ETag in If-None-Match.")))]
pub(crate) async fn list(
    brand: BrandViewer,
    State(portal): State<Portal>,
    query: LeadQuery,
    cursor: Cursor,
    if_none_match: IfNoneMatch,
) -> HttpResult<Response> {
    versioned(&if_none_match, &brand, portal.clock.now(), read(&portal, &brand.tenant, &query, cursor)).await
}

async fn read(portal: &Portal, tenant: &Tenant, query: &LeadQuery, cursor: Cursor) -> HttpResult<Leads> {
    let now = portal.clock.now();
    let board = &numbers(portal, tenant, now).await?.board;
    let page = lead_page(portal, tenant, board, query, cursor.part(), now).await?;
    Ok(Leads {
        total: page.total,
        next: cursor.next(page.rows.len(), page.total),
        leads: page.rows.iter().map(|row| lead(board, row)).collect(),
    })
}

fn lead(board: &Board, row: &LeadRow) -> Lead {
    let place = board.place(row.stage.as_deref());
    Lead {
        stage: board.label(&place).map(str::to_owned),
        role: board.role(&place).as_str(),
        client_id: row.crm_id.to_string(),
        name: row.name.clone(),
        company: row.company.clone(),
        email: row.email.clone(),
        phone: row.phone.clone(),
        market: row.market.clone(),
        source: row.source.clone(),
        contact_type: row.contact_type,
        owner: row.owner.clone(),
        fee_cents: row.fee_cents,
        created_at: row.created_ms.and_then(super::text_of_ms),
        last_modified_at: row.modified_ms.and_then(super::text_of_ms),
        stage_since: super::text_of_ms(row.stage_since_ms),
        stage_since_exact: row.stage_since_exact,
    }
}
