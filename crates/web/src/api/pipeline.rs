//! `GET /tenants/{tenant}/pipeline`: the pipeline, stage by stage.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_metrics as metrics;
use tetherboard_store::tenants::Tenant;
use utoipa::ToSchema;

use super::versioned::versioned;
use crate::address::as_of::{AsOfQuery, AsOfView};
use crate::http::error::{HttpError, HttpResult};
use crate::http::etag::IfNoneMatch;
use crate::http::viewer::BrandViewer;
use crate::read::numbers::numbers;
use crate::read::pipeline_history::{history, pipeline_as_of};
use crate::state::Portal;

/// The pipeline at one moment.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pipeline {
    /// When the oldest of stages, contacts, and deals was last read in full; for a past day, its end.
    as_of: Option<String>,
    leads_in_pipeline: i64,
    qualified: i64,
    /// Distinct deals in ClientTether, of every stage and type.
    deals: i64,
    /// Deals that `value_cents` and `fees_known` cover, including contacts that count as a deal.
    open_deals: i64,
    fees_known: i64,
    value_cents: i64,
    weighted_cents: i64,
    stages: Vec<Stage>,
}

/// One stage of the pipeline.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stage {
    /// Null is a value that is not text.
    stage: Option<String>,
    order: Option<i64>,
    role: &'static str,
    /// The suggested role, if none is confirmed.
    suggested_role: Option<&'static str>,
    active: Option<bool>,
    /// In percent; null if unknown.
    odds: Option<f64>,
    contacts: i64,
    deals: i64,
    value_cents: i64,
    weighted_cents: i64,
}

/// The pipeline now, or at the end of a past day, as it was shown that day. The roles of stages are today's.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/pipeline", params(("tenant" = String, Path), AsOfQuery),
    responses((status = 200, body = Pipeline),
        (status = 304, description = "Unchanged since the response with the ETag in If-None-Match.")))]
pub(crate) async fn pipeline(
    brand: BrandViewer,
    State(portal): State<Portal>,
    as_of: AsOfQuery,
    if_none_match: IfNoneMatch,
) -> HttpResult<Response> {
    versioned(&if_none_match, &brand, portal.clock.now(), read(&portal, &brand.tenant, &as_of)).await
}

async fn read(portal: &Portal, tenant: &Tenant, as_of: &AsOfQuery) -> HttpResult<Pipeline> {
    let now = portal.clock.now();
    let numbers = numbers(portal, tenant, now).await?;
    if !as_of.is_set() {
        return Ok(to_json(&numbers.pipeline));
    }
    let history = history(portal, tenant, &numbers.board, now).await?;
    match as_of.resolve(tenant, now, &history)? {
        AsOfView::Now => Ok(to_json(&numbers.pipeline)),
        AsOfView::Unknown(why) => Err(HttpError::bad_request(why)),
        AsOfView::Day(day) => Ok(to_json(&*pipeline_as_of(portal, tenant, &history, day, now).await?)),
    }
}

fn to_json(pipeline: &metrics::Pipeline) -> Pipeline {
    let stages = pipeline.stages.iter().map(|line| Stage {
        suggested_role: line
            .role
            .confirmed()
            .is_none()
            .then(|| line.role.likely().map(tetherboard_domain::Role::as_str))
            .flatten(),
        stage: line.stage.clone(),
        order: line.order,
        role: line.role.as_str(),
        active: line.active,
        odds: line.odds.map(tetherboard_domain::Odds::percent),
        contacts: line.contacts,
        deals: line.deals,
        value_cents: line.value.0,
        weighted_cents: line.weighted.0,
    });
    Pipeline {
        as_of: pipeline.as_of.map(super::text),
        leads_in_pipeline: pipeline.leads_in_pipeline,
        qualified: pipeline.qualified,
        deals: pipeline.crm_deals,
        open_deals: pipeline.open_deals,
        fees_known: pipeline.fees_known,
        value_cents: pipeline.value.0,
        weighted_cents: pipeline.weighted.0,
        stages: stages.collect(),
    }
}
