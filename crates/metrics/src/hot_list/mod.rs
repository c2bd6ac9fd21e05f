//! The hot list: candidates in a late stage, ranked by how close they are to a signature.
//!
//! There is one row per candidate, which is a contact. Of several late deals, the one closest to a signature gives the stage,
//! odds, and dates; their fees are added up, so the list's sums equal those of the pipeline's late stages. A deal without a
//! contact has its own row. A stage is late by its confirmed role, or else by the suggested one, so nobody disappears.
//!
//! The list is stored, and rebuilt when a run ends. A transaction that changes what the list depends on marks the stored list
//! as outdated, and it is then computed from the tables instead. So it is never older than its facts, however a run ends.

mod item;
mod next_change;
mod rebuild;

use std::cmp::Reverse;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tetherboard_domain::{ContactId, DAY, EpochMs, Money, Odds, Points, TenantId};
use tetherboard_store::hot_list::{self, HotListHead, HotListRow};
use tetherboard_store::{Conn, Result, runs, tenants};

pub use rebuild::{RebuildReason, hot_list_at, rebuild_hot_list};

use crate::candidate_facts::as_of;
use crate::status::{FddClock, Status};

/// The definition of the list, shown on pages.
pub const HOT_LIST: &str = "Candidates in a late stage, by their open deals or, without any deal, by their own stage. For \
    several late deals, the one closest to a signature gives the stage, odds, and dates, and the fees are added up. The score \
    is the sum of the points shown, from 0 to 100. Ties are ordered by odds, fee, fewest days in stage, and name.";

/// The version of the stored items. Increase it when an item's format or meaning changes.
const FORMAT: i64 = 3;

/// The hot list as of one moment.
#[derive(Clone, Debug, Default)]
pub struct HotList {
    /// The oldest start of the last complete reads of what it depends on; `None` before the first.
    pub as_of: Option<Timestamp>,
    /// Whether the calendar was ever read completely.
    pub calendar_read: bool,
    /// Closest to a signature first.
    pub items: Vec<HotListItem>,
}

/// One candidate of the hot list.
#[derive(Clone, Debug, PartialEq)]
pub struct HotListItem {
    /// The contact's ID, or `deal/` and the deal's ID for a deal without a contact.
    pub key: String,
    /// The rank, from 1.
    pub place: i64,
    pub contact_id: Option<ContactId>,
    pub name: String,
    /// The contact's market, number of franchise units, owner, and source, in the CRM's words.
    pub market: String,
    pub units: String,
    pub owner: String,
    pub source: Option<String>,
    pub phone: String,
    /// How many late deals the candidate has.
    pub deals: i64,
    /// In the CRM's spelling; `None` for a value that is not text.
    pub stage: Option<String>,
    pub stage_since_ms: EpochMs,
    /// Whether the move into the stage was seen. If not, the stay began at `stage_since_ms` or earlier.
    pub stage_since_exact: bool,
    /// The deal's own, or its stage's.
    pub odds: Option<Odds>,
    /// The sum of the late deals' known fees.
    pub fee: Option<Money>,
    /// The sum of fee × odds; `None` while no fee is known.
    pub weighted: Option<Money>,
    pub close_date: Option<Date>,
    /// From 0 to 100.
    pub score: i64,
    pub points: Vec<Points>,
    pub status: Status,
    pub next: NextStep,
    /// When somebody last contacted the candidate.
    pub last_touch_ms: Option<EpochMs>,
    /// The moment until which silence is certain; `None` when the notes were not read since the candidate last changed.
    pub notes_known_ms: Option<EpochMs>,
    /// Set while the FDD waiting period runs.
    pub fdd: Option<FddClock>,
}

/// A candidate's next step, by the rules of their status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum NextStep {
    /// Record the outcome of a past appointment.
    Outcome {
        title: String,
        starts_ms: EpochMs,
    },
    CloseDatePassed {
        day: Date,
    },
    Appointment {
        title: String,
        starts_ms: EpochMs,
        all_day: bool,
    },
    /// The first day an agreement can be signed.
    Signing {
        day: Date,
    },
    NothingBooked,
    /// The calendar was never read, so bookings are unknown.
    NotKnown,
}

impl HotListItem {
    /// Whole days in the stage.
    pub fn days_in_stage(&self, as_of: Timestamp) -> i64 {
        (EpochMs::from(as_of) - self.stage_since_ms).max(0) / DAY
    }

    /// The weighted fee as a row shows it: also `None` while the odds are unknown, which add nothing to a sum.
    pub fn weighted_shown(&self) -> Option<Money> {
        self.weighted.filter(|weighted| self.odds.is_some() || weighted.0 != 0)
    }

    fn into_row(self) -> HotListRow {
        HotListRow {
            item_key: self.key,
            place: self.place,
            contact_id: self.contact_id,
            name: self.name,
            market: self.market,
            units: self.units,
            owner: self.owner,
            source: self.source,
            phone: self.phone,
            deals: self.deals,
            stage: self.stage,
            stage_since_ms: self.stage_since_ms,
            stage_since_exact: self.stage_since_exact,
            odds: self.odds.map(Odds::hundredths),
            fee_cents: self.fee.map(|fee| fee.0),
            weighted_cents: self.weighted.map(|weighted| weighted.0),
            close_date: self.close_date.map(|day| day.to_string()),
            score: self.score,
            reasons: json(&self.points),
            status: self.status.as_str().to_owned(),
            next_step: json(&self.next),
            last_touch_ms: self.last_touch_ms,
            notes_known_ms: self.notes_known_ms,
            fdd: self.fdd.as_ref().map(json),
        }
    }

    /// `None` for a row in another version's format.
    fn of(row: HotListRow) -> Option<Self> {
        Some(Self {
            points: serde_json::from_str(&row.reasons).ok()?,
            status: Status::ALL.into_iter().find(|status| status.as_str() == row.status)?,
            next: serde_json::from_str(&row.next_step).ok()?,
            fdd: row.fdd.as_deref().map(serde_json::from_str).transpose().ok()?,
            key: row.item_key,
            place: row.place,
            contact_id: row.contact_id,
            name: row.name,
            market: row.market,
            units: row.units,
            owner: row.owner,
            source: row.source,
            phone: row.phone,
            deals: row.deals,
            stage: row.stage,
            stage_since_ms: row.stage_since_ms,
            stage_since_exact: row.stage_since_exact,
            odds: row.odds.and_then(Odds::from_hundredths),
            fee: row.fee_cents.map(Money),
            weighted: row.weighted_cents.map(Money),
            close_date: row.close_date.and_then(|day| day.parse().ok()),
            score: row.score,
            last_touch_ms: row.last_touch_ms,
            notes_known_ms: row.notes_known_ms,
        })
    }

    /// The sort key of the list. Names compare case-insensitively.
    fn rank(&self) -> impl Ord + use<> {
        let (odds, fee) = (Reverse(self.odds.map(Odds::hundredths)), Reverse(self.fee.map(|fee| fee.0)));
        (Reverse(self.score), odds, fee, Reverse(self.stage_since_ms), self.name.to_lowercase(), self.key.clone())
    }
}

/// Serializes our own types, which always succeeds.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Loads the stored list, or computes it from the tables when the stored one is outdated or in another version's format.
///
/// # Errors
/// When the database fails.
pub async fn hot_list<C: Conn>(conn: &C, tenant: TenantId) -> Result<HotList> {
    let Some(head) = hot_list::head(conn, tenant).await? else { return Ok(HotList::default()) };
    match head.format {
        FORMAT => stored_list(conn, tenant, head).await,
        _ => computed_list(conn, tenant).await,
    }
}

async fn stored_list<C: Conn>(conn: &C, tenant: TenantId, head: HotListHead) -> Result<HotList> {
    let (mut items, mut all_read) = (Vec::new(), true);
    hot_list::each_item(conn, tenant, |row| match HotListItem::of(row) {
        Some(item) => items.push(item),
        None => all_read = false,
    })
    .await?;
    if !all_read {
        return computed_list(conn, tenant).await;
    }
    items.sort_by_key(|item| item.place);
    let as_of = head.as_of_ms.and_then(EpochMs::timestamp);
    Ok(HotList { as_of, calendar_read: head.calendar_read, items })
}

async fn computed_list<C: Conn>(conn: &C, tenant: TenantId) -> Result<HotList> {
    let Some(tenant) = tenants::by_id(conn, tenant).await? else { return Ok(HotList::default()) };
    let (as_of, calendar_read) = as_of(&runs::dataset_ages(conn, tenant.id).await?);
    let items = match as_of {
        Some(at) => hot_list_at(conn, &tenant, at, calendar_read).await?.0,
        None => Vec::new(),
    };
    Ok(HotList { as_of, calendar_read, items })
}
