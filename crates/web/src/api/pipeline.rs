//! The pipeline, stage by stage.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tetherboard_metrics::{self as metrics, pipeline_at};
use utoipa::ToSchema;

use super::versioned::versioned;
use crate::Portal;
use crate::asof::{AsOf, Asked};
use crate::error::{Answer, Problem, Refusal, Wants};
use crate::etag::Known;
use crate::query::Pairs;
use crate::viewer::BrandViewer;

#[derive(Serialize, ToSchema)]
pub(crate) struct Pipeline {
    /// The oldest start of the last whole reads of stages, contacts and deals.
    as_of: Option<String>,
    leads_in_pipeline: i64,
    qualified: i64,
    /// The CRM's deals, of every stage and type.
    deals: i64,
    /// The deals that value and coverage speak of, implicit ones included.
    open_deals: i64,
    fees_known: i64,
    value_cents: i64,
    weighted_cents: i64,
    stages: Vec<Stage>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Stage {
    /// Null is a value that is no text.
    stage: Option<String>,
    order: Option<i64>,
    role: &'static str,
    /// What a rule suggests, where nobody confirmed a role.
    suggested_role: Option<&'static str>,
    active: Option<bool>,
    /// Percent; null: not known.
    odds: Option<f64>,
    contacts: i64,
    deals: i64,
    value_cents: i64,
    weighted_cents: i64,
}

/// Of a past day, as its reads left it: stages, roles and odds of stages are today's, and `as_of` is the day's end.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/pipeline",
    params(("tenant" = String, Path), ("asof" = Option<String>, Query, description = "A day since the first complete read, YYYY-MM-DD")),
    responses((status = 200, body = Pipeline), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn pipeline(brand: BrandViewer, State(portal): State<Portal>, pairs: Pairs, known: Known) -> Answer<Response> {
    versioned(&known, &brand, portal.clock.now(), read(&portal, &brand, &pairs)).await
}

async fn read(portal: &Portal, brand: &BrandViewer, pairs: &Pairs) -> Answer<Pipeline> {
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    let numbers = portal.numbers.of(&portal.store, tenant, now).await?;
    if pairs.filled("asof").is_none() {
        return Ok(told(&numbers.pipeline));
    }
    let bad = |sentence: String| Refusal::bad_request(Wants::Problem, sentence);
    let history = portal.history(tenant, &numbers.board).await?;
    match AsOf::asked(pairs, tenant, now, &history).map_err(bad)? {
        Asked::Now => Ok(told(&numbers.pipeline)),
        Asked::Before(sentence) => Err(bad(sentence)),
        Asked::Day(asof) => {
            let mut then = pipeline_at(&history, &numbers.board, asof.before_ms);
            then.as_of = asof.ends();
            Ok(told(&then))
        }
    }
}

fn told(pipeline: &metrics::Pipeline) -> Pipeline {
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
