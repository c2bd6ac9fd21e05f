//! The hot list.

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
use crate::http::error::{HttpResult, Problem};
use crate::http::etag::Known;
use crate::http::viewer::BrandViewer;
use crate::parts::hot_list::HotListFormat;
use crate::read::hot_list::{self, HotListData};
use crate::state::Portal;

#[derive(Serialize, ToSchema)]
pub(crate) struct HotList {
    /// The oldest start of the last whole reads of stages, contacts, deals and, where it was read, the calendar.
    as_of: Option<String>,
    /// Ranked: the nearest to a signature first.
    items: Vec<Item>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Item {
    rank: i64,
    /// Null is a deal that is joined to no contact.
    client_id: Option<String>,
    name: String,
    market: String,
    /// As the CRM spells it; null is a value that is no text.
    stage: Option<String>,
    /// Percent; null: not known.
    odds: Option<f64>,
    /// Of all late deals together; null: not known.
    fee_cents: Option<i64>,
    weighted_cents: Option<i64>,
    units: String,
    owner: String,
    /// 0 to 100: the sum of the points.
    score: i64,
    reasons: Vec<Reason>,
    /// awarded, overdue_action, appointment_booked, waiting_period, stalled, moving or quiet.
    status: &'static str,
    next_step: String,
    days_in_stage: i64,
    /// The move into the stage was not seen, so the days are the fewest that it can be.
    at_least: bool,
    last_touch_at: Option<String>,
    /// Whether the notes were read since the candidate last changed.
    notes_current: bool,
    close_date: Option<String>,
    /// Of a waiting period that runs: an estimate, to be confirmed on the receipt.
    earliest_signing: Option<String>,
    deals: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Reason {
    /// stage, momentum, touch, appointment, fee or close_date.
    what: &'static str,
    points: i64,
    why: String,
}

/// The candidates of late stages by their scores.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/hot-list", params(("tenant" = String, Path)),
    responses((status = 200, body = HotList), (status = 404, body = Problem)))]
pub(crate) async fn hot_list(brand: BrandViewer, State(portal): State<Portal>, known: Known) -> HttpResult<Response> {
    let now = portal.clock.now();
    // Two thousand candidates with their reasons are two megabytes of JSON, which stay the same until the next sync.
    let write = async || Ok(written(&brand, &*hot_list::hot_list(&portal, &brand.tenant, now).await?));
    let read = async { Ok(Written(portal.cache.get(&brand.tenant, now, HotListJsonKey, write).await?)) };
    versioned(&known, &brand, now, read).await
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct HotListJsonKey;

impl CacheKey for HotListJsonKey {
    type Value = Box<RawValue>;

    fn size(json: &Box<RawValue>) -> usize {
        json.get().len()
    }
}

/// The whole list as JSON.
struct Written(Arc<Box<RawValue>>);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

fn written(brand: &BrandViewer, board: &HotListData) -> Box<RawValue> {
    let list = match board.list.as_of {
        None => HotList { as_of: None, items: Vec::new() },
        Some(as_of) => {
            let display = HotListFormat::of(as_of, &brand.tenant);
            let items = board.list.items.iter().map(|row| item(display, row)).collect();
            HotList { as_of: Some(super::text(as_of)), items }
        }
    };
    // Its keys are names and its values texts, numbers and lists, so it can be written.
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
        close_date: item.close_date.map(|day| day.to_string()),
        earliest_signing: item.fdd.map(FddClock::earliest_signing).map(|day| day.to_string()),
        deals: item.deals,
    }
}
