//! Contacts: their counts, and the list behind them.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_metrics::{Board, LEADS_REST_ON};
use tetherboard_store::leads::LeadRow;
use tetherboard_store::{leads, runs};
use utoipa::ToSchema;

use super::cursor;
use super::versioned::versioned;
use crate::Portal;
use crate::error::{Answer, Problem, Refusal, Wants};
use crate::etag::Known;
use crate::parts::time;
use crate::query::{LeadQuery, Pairs};
use crate::those;
use crate::viewer::BrandViewer;

/// All contacts that are not gone, of every type and stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct Summary {
    /// The start of the last whole read of the contacts.
    as_of: Option<String>,
    zone: String,
    total: i64,
    /// Contact type 1.
    prospects: i64,
    /// Without a created date in a form that is known.
    undated: i64,
    by_source: Vec<SourceCount>,
    by_stage: Vec<StageCount>,
    /// Twelve weeks from Monday, the current last.
    new_by_week: Vec<WeekCount>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SourceCount {
    /// As the CRM's list spells it; "" is blank, null a value that is no text.
    source: Option<String>,
    count: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct StageCount {
    /// As the CRM's list spells it; null is a value that is no text.
    stage: Option<String>,
    /// new, working, qualified, late, awarded, parked or inactive where that is confirmed; else unconfirmed or unlisted.
    role: &'static str,
    /// The CRM's flag; null when its list does not name the stage.
    active: Option<bool>,
    count: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct WeekCount {
    /// ISO week, such as 2026-W47.
    week: String,
    /// Its Monday.
    starts: String,
    /// Contacts created in it; null when the data is from before it began.
    count: Option<i64>,
    prospects: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/leads/summary", params(("tenant" = String, Path)),
    responses((status = 200, body = Summary), (status = 404, body = Problem)))]
pub(crate) async fn summary(brand: BrandViewer, State(portal): State<Portal>, known: Known) -> Answer<Response> {
    versioned(&known, &brand, portal.clock.now(), sum_up(&portal, &brand)).await
}

async fn sum_up(portal: &Portal, brand: &BrandViewer) -> Answer<Summary> {
    let numbers = portal.numbers.of(&portal.store, &brand.tenant, portal.clock.now()).await?;
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

#[derive(Serialize, ToSchema)]
pub(crate) struct Leads {
    /// How many fit the filter.
    total: i64,
    leads: Vec<Lead>,
    /// The cursor of the next part; null at the end.
    next: Option<String>,
}

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
    /// Null: not known.
    fee_cents: Option<i64>,
    created_at: Option<String>,
    last_modified_at: Option<String>,
    /// Since when it has been in its stage; at least, where that move was not seen.
    stage_since: Option<String>,
    stage_since_exact: bool,
}

#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/leads", params(
        ("tenant" = String, Path),
        ("stage" = Option<String>, Query, description = "absent: all; empty: blank"),
        ("source" = Option<String>, Query, description = "absent: all; empty: blank"),
        ("in" = Option<String>, Query, description = "pipeline, qualified, open or inactive"),
        ("role" = Option<String>, Query), ("type" = Option<String>, Query, description = "prospects or others"),
        ("state" = Option<String>, Query, description = "two letters, such as CO: the state of the USA that the market names"),
        ("those" = Option<String>, Query, description = "attention; or became-inactive or discovery-day, since a day"),
        ("since" = Option<String>, Query, description = "a date like 2026-03-09, of `those`"),
        ("created" = Option<String>, Query, description = "unknown: without a readable created date"),
        ("q" = Option<String>, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query, description = "a day is included"),
        ("sort" = Option<String>, Query, description = "created, name, source, market, stage, owner; - before it for the other way round"),
        ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Leads), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(brand: BrandViewer, State(portal): State<Portal>, pairs: Pairs, known: Known) -> Answer<Response> {
    let bad = |detail: String| Refusal::bad_request(Wants::Problem, detail);
    let query = LeadQuery::parse(&pairs).map_err(bad)?;
    let offset = cursor::offset(&pairs).map_err(bad)?;
    versioned(&known, &brand, portal.clock.now(), read(&portal, &brand, &query, offset)).await
}

async fn read(portal: &Portal, brand: &BrandViewer, query: &LeadQuery, offset: i64) -> Answer<Leads> {
    let (conn, tenant) = (portal.store.conn(), &brand.tenant);
    let board = Board::load(conn, tenant.id).await?;
    let as_of = runs::dataset_ages(conn, tenant.id).await?.as_of_ms(&LEADS_REST_ON);
    let as_of = as_of.and_then(time::moment);
    let mut filter = query.filter(conn, tenant.id, &board, &tenant.zone, as_of).await?;
    those::narrow(portal, tenant, &board, query.those, &mut filter).await?;
    let total = leads::count(conn, tenant.id, &filter).await?;
    let (sort, descending) = query.order();
    let rows = leads::list(conn, tenant.id, &filter, sort, descending, &board.key_order(), (offset, cursor::PART)).await?;
    Ok(Leads {
        total,
        next: cursor::next(offset, rows.len(), total),
        leads: rows.into_iter().map(|row| lead(&board, row)).collect(),
    })
}

fn lead(board: &Board, row: LeadRow) -> Lead {
    let place = board.place(row.stage.as_deref());
    Lead {
        stage: board.label(&place).map(str::to_owned),
        role: board.role(&place).as_str(),
        client_id: row.crm_id.into(),
        name: row.name,
        company: row.company,
        email: row.email,
        phone: row.phone,
        market: row.market,
        source: row.source,
        contact_type: row.contact_type,
        owner: row.owner,
        fee_cents: row.fee_cents,
        created_at: row.created_ms.and_then(super::text_of_ms),
        last_modified_at: row.modified_ms.and_then(super::text_of_ms),
        stage_since: super::text_of_ms(row.stage_since_ms),
        stage_since_exact: row.stage_since_exact,
    }
}
