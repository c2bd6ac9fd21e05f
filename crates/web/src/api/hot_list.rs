//! `GET /tenants/{tenant}/hot-list`: the hot list.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use tetherboard_domain::Odds;
use tetherboard_metrics::{FddClock, HotListItem};
use utoipa::ToSchema;

use super::versioned::versioned;
use crate::cache::CacheKey;
use crate::http::error::HttpResult;
use crate::http::etag::IfNoneMatch;
use crate::http::viewer::BrandViewer;
use crate::parts::hot_list::HotListFormat;
use crate::read::hot_list::{self, HotListData};
use crate::state::Portal;

/// The candidates in late stages, ranked.
#[derive(Serialize, ToSchema)]
pub(crate) struct HotList {
    /// When the oldest of stages, contacts, deals, and (if it has been read) the calendar was last read in full.
    as_of: Option<String>,
    /// Closest to signing first.
    items: Vec<Item>,
}

/// One candidate of the hot list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Item {
    rank: i64,
    /// Null for a deal without a contact.
    client_id: Option<String>,
    name: String,
    market: String,
    /// As ClientTether spells it; null is a value that is not text.
    stage: Option<String>,
    /// In percent; null if unknown.
    odds: Option<f64>,
    /// The sum of all late-stage deals; null if unknown.
    fee_cents: Option<i64>,
    weighted_cents: Option<i64>,
    units: String,
    owner: String,
    /// 0 to 100: the sum of the points.
    score: i64,
    reasons: Vec<Reason>,
    /// awarded, overdue_action, appointment_booked, waiting_period, stalled, moving, quiet, or unknown (no notes read recently).
    status: &'static str,
    next_step: String,
    days_in_stage: i64,
    /// Whether `days_in_stage` is a minimum, because the move into the stage was not seen.
    at_least: bool,
    last_touch_at: Option<String>,
    /// Whether notes were read after the candidate last changed.
    notes_current: bool,
    /// When they were read, if `notes_current`.
    notes_read_at: Option<String>,
    close_date: Option<String>,
    /// While a waiting period runs: an estimate, to be confirmed against the FDD receipt.
    earliest_signing: Option<String>,
    deals: i64,
}

/// One part of a score.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reason {
    /// stage, momentum, touch, appointment, fee, or close_date.
    what: &'static str,
    points: i64,
    why: String,
}

/// The candidates in late stages, ranked by score.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/hot-list", params(("tenant" = String, Path)),
    responses((status = 200, body = HotList),
        (status = 304, description = "Unchanged since the response with the ETag in If-None-Match.")))]
pub(crate) async fn hot_list(
    brand: BrandViewer,
    State(portal): State<Portal>,
    if_none_match: IfNoneMatch,
) -> HttpResult<Response> {
    let now = portal.clock.now();
    // The JSON of 2,000 candidates takes 2 MB and does not change until the next sync, so it is cached.
    let compute = async || Ok(to_json(&brand, &*hot_list::hot_list(&portal, &brand.tenant, now).await?));
    let read = async { Ok(HotListJson(portal.cache.get(&brand.tenant, now, HotListJsonKey, compute).await?)) };
    versioned(&if_none_match, &brand, now, read).await
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct HotListJsonKey;

impl CacheKey for HotListJsonKey {
    type Value = Box<RawValue>;

    fn size(json: &Box<RawValue>) -> usize {
        json.get().len()
    }
}

/// The list as JSON.
struct HotListJson(Arc<Box<RawValue>>);

impl Serialize for HotListJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

fn to_json(brand: &BrandViewer, data: &HotListData) -> Box<RawValue> {
    let list = match data.list.as_of {
        None => HotList { as_of: None, items: Vec::new() },
        Some(as_of) => {
            let display = HotListFormat::of(as_of, &brand.tenant);
            let items = data.list.items.iter().map(|row| item(display, row)).collect();
            HotList { as_of: Some(super::text(as_of)), items }
        }
    };
    // Serializing plain fields does not fail.
    to_raw_value(&list).unwrap_or_default()
}

fn item(display: HotListFormat<'_>, item: &HotListItem) -> Item {
    let reason = |part| {
        let part: &tetherboard_domain::Points = part;
        Reason { what: part.factor.as_str(), points: part.points, why: display.why(part, item) }
    };
    Item {
        rank: item.place,
        client_id: item.contact_id.clone().map(Into::into),
        name: item.name.clone(),
        market: item.market.clone(),
        stage: item.stage.clone(),
        odds: item.odds.map(Odds::percent),
        fee_cents: item.fee.map(|fee| fee.0),
        weighted_cents: item.weighted.map(|weighted| weighted.0),
        units: item.units.clone(),
        owner: item.owner.clone(),
        score: item.score,
        reasons: item.points.iter().map(reason).collect(),
        status: item.status.as_str(),
        next_step: display.next_step(&item.next),
        days_in_stage: item.days_in_stage(display.as_of),
        at_least: !item.stage_since_exact,
        last_touch_at: item.last_touch_ms.and_then(super::text_of_ms),
        notes_current: item.notes_known_ms.is_some(),
        notes_read_at: item.notes_known_ms.and_then(super::text_of_ms),
        close_date: item.close_date.map(|day| day.to_string()),
        earliest_signing: item.fdd.map(FddClock::earliest_signing).map(|day| day.to_string()),
        deals: item.deals,
    }
}
