//! The stored hot list: the ranked candidates in late stages, the rules they were ranked by, and what each user last saw.

use std::collections::HashMap;

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{ContactId, EpochMs, TenantId, UserId};

use crate::query::{Bulk, Query, all, execute, number, one, upsert};
use crate::{Conn, Result, Tx};

/// The state of a tenant's hot list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct HotListHead {
    /// The oldest start among the last complete reads of the datasets it is computed from; `None` before the first.
    pub as_of_ms: Option<EpochMs>,
    /// Without new data, no item changes before this time.
    pub holds_until_ms: EpochMs,
    /// Whether appointments have ever been read completely.
    pub calendar_read: bool,
    /// The format version of the items; 0 if the data has changed since they were computed.
    pub format: i64,
}

/// A candidate on the hot list.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct HotListRow {
    /// The contact's ID, or `deal/` and the deal's ID for a deal without a contact.
    pub item_key: String,
    /// The rank, from 1.
    pub place: i64,
    pub contact_id: Option<ContactId>,
    pub name: String,
    pub market: String,
    pub units: String,
    pub owner: String,
    pub source: Option<String>,
    pub phone: String,
    /// The number of late-stage deals; 1 for an implicit deal.
    pub deals: i64,
    pub stage: Option<String>,
    pub stage_since_ms: EpochMs,
    pub stage_since_exact: bool,
    /// Hundredths of a percent.
    pub odds: Option<i64>,
    pub fee_cents: Option<i64>,
    pub weighted_cents: Option<i64>,
    pub close_date: Option<String>,
    pub score: i64,
    /// JSON.
    pub reasons: String,
    pub status: String,
    /// JSON.
    pub next_step: String,
    pub last_touch_ms: Option<EpochMs>,
    pub notes_known_ms: Option<EpochMs>,
    /// The FDD waiting period, as JSON.
    pub fdd: Option<String>,
}

const ITEMS: Bulk<'_> = Bulk {
    table: "hot_list_items",
    columns: &[
        "tenant_id",
        "item_key",
        "place",
        "contact_id",
        "name",
        "market",
        "units",
        "owner",
        "source",
        "phone",
        "deals",
        "stage",
        "stage_since_ms",
        "stage_since_exact",
        "odds",
        "fee_cents",
        "weighted_cents",
        "close_date",
        "score",
        "reasons",
        "status",
        "next_step",
        "last_touch_ms",
        "notes_known_ms",
        "fdd",
    ],
    key: 2,
    keep: &[],
};

impl HotListRow {
    fn values(&self, tenant: TenantId) -> Vec<Value> {
        vec![
            tenant.into(),
            self.item_key.clone().into(),
            self.place.into(),
            self.contact_id.clone().into(),
            self.name.clone().into(),
            self.market.clone().into(),
            self.units.clone().into(),
            self.owner.clone().into(),
            self.source.clone().into(),
            self.phone.clone().into(),
            self.deals.into(),
            self.stage.clone().into(),
            self.stage_since_ms.into(),
            self.stage_since_exact.into(),
            self.odds.into(),
            self.fee_cents.into(),
            self.weighted_cents.into(),
            self.close_date.clone().into(),
            self.score.into(),
            self.reasons.clone().into(),
            self.status.clone().into(),
            self.next_step.clone().into(),
            self.last_touch_ms.into(),
            self.notes_known_ms.into(),
            self.fdd.clone().into(),
        ]
    }
}

/// The state of the hot list; `None` before it was first computed.
pub async fn head<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<HotListHead>> {
    let text = "SELECT as_of_ms, holds_until_ms, calendar_read, format FROM hot_lists WHERE tenant_id = $1";
    one(conn, text, [tenant.into()]).await
}

/// Passes every item to `take`, by key. Reads in batches, since the database rows of a long list take more memory than the
/// items.
pub async fn each_item<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(HotListRow)) -> Result<()> {
    const PART: usize = 500;
    let columns = ITEMS.columns[1..].join(", ");
    let text =
        format!("SELECT {columns} FROM hot_list_items WHERE tenant_id = $1 AND item_key > $2 ORDER BY item_key LIMIT {PART}");
    let mut after = String::new();
    loop {
        let part: Vec<HotListRow> = all(conn, &text, [tenant.into(), after.clone().into()]).await?;
        let is_last = part.len() < PART;
        if let Some(last) = part.last() {
            after.clone_from(&last.item_key);
        }
        part.into_iter().for_each(&mut take);
        if is_last {
            return Ok(());
        }
    }
}

/// Makes other writers of this hot list wait until the transaction ends.
pub async fn lock(tx: &Tx, tenant: TenantId) -> Result<()> {
    let text = "INSERT INTO hot_lists (tenant_id, as_of_ms, holds_until_ms, calendar_read) VALUES ($1, NULL, 0, 1 = 0) \
                ON CONFLICT (tenant_id) DO UPDATE SET holds_until_ms = hot_lists.holds_until_ms";
    execute(tx, text, [tenant.into()]).await?;
    Ok(())
}

/// Stores the state of the hot list.
pub async fn set_head(tx: &Tx, tenant: TenantId, head: HotListHead) -> Result<()> {
    let text = "UPDATE hot_lists SET as_of_ms = $2, holds_until_ms = $3, calendar_read = $4, format = $5 WHERE tenant_id = $1";
    let HotListHead { as_of_ms, holds_until_ms, calendar_read, format } = head;
    execute(tx, text, [tenant.into(), as_of_ms.into(), holds_until_ms.into(), calendar_read.into(), format.into()]).await?;
    Ok(())
}

/// Marks the hot list as out of date, in the transaction that changes the data it is computed from.
pub async fn mark_stale(tx: &Tx, tenant: TenantId) -> Result<()> {
    execute(tx, "UPDATE hot_lists SET format = 0 WHERE tenant_id = $1", [tenant.into()]).await?;
    Ok(())
}

/// Replaces the items. Items that have not changed are not written.
pub async fn replace(tx: &Tx, tenant: TenantId, wanted: Vec<HotListRow>) -> Result<()> {
    const PART: usize = 500;
    let mut wanted: HashMap<String, HotListRow> = wanted.into_iter().map(|row| (row.item_key.clone(), row)).collect();
    let (mut removed, mut unchanged) = (Vec::new(), Vec::new());
    each_item(tx, tenant, |stored| match wanted.get(&stored.item_key) {
        None => removed.push(stored.item_key),
        Some(row) if *row == stored => unchanged.push(stored.item_key),
        Some(_) => {}
    })
    .await?;
    for part in removed.chunks(1_000) {
        let mut query = Query::new("DELETE FROM hot_list_items WHERE tenant_id = ");
        query.bind(tenant).push(" AND item_key IN ").bind_list(part.iter().cloned());
        query.execute(tx).await?;
    }
    for key in unchanged {
        wanted.remove(&key);
    }
    let changed: Vec<HotListRow> = wanted.into_values().collect();
    for part in changed.chunks(PART) {
        upsert(tx, &ITEMS, part.iter().map(|row| row.values(tenant)).collect()).await?;
    }
    Ok(())
}

// Rules ----------------------------------------------------------------------------------------------------------------

/// A version of the hot list rules.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct RulesVersion {
    /// From 1.
    pub version: i64,
    /// JSON.
    pub rules: String,
    pub set_ms: EpochMs,
}

/// The latest version; `None` if the built-in rules apply.
pub async fn rules<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<RulesVersion>> {
    let text = "SELECT version, rules, set_ms FROM hot_list_rules WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1";
    one(conn, text, [tenant.into()]).await
}

/// All versions, latest first.
pub async fn all_rules<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<RulesVersion>> {
    let text = "SELECT version, rules, set_ms FROM hot_list_rules WHERE tenant_id = $1 ORDER BY version DESC";
    all(conn, text, [tenant.into()]).await
}

/// Adds a version of the rules and returns its number.
pub async fn set_rules<C: Conn>(conn: &C, tenant: TenantId, rules: &str, user: Option<UserId>, now_ms: EpochMs) -> Result<i64> {
    let text = "INSERT INTO hot_list_rules (tenant_id, version, rules, user_id, set_ms) \
                SELECT $1, COALESCE(MAX(version), 0) + 1, $2, $3, $4 FROM hot_list_rules WHERE tenant_id = $1 RETURNING version";
    number(conn, text, [tenant.into(), rules.into(), user.into(), now_ms.into()]).await
}

// Visits ---------------------------------------------------------------------------------------------------------------

/// A user's last two visits to the hot list, with the items they saw as JSON.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Visit {
    pub last_ms: EpochMs,
    pub last_seen: String,
    /// `None` on the first visit.
    pub before_ms: Option<EpochMs>,
    pub before_seen: String,
}

/// A user's last visits.
pub async fn visit<C: Conn>(conn: &C, tenant: TenantId, user: UserId) -> Result<Option<Visit>> {
    let text = "SELECT last_ms, last_seen, before_ms, before_seen FROM hot_list_visits WHERE tenant_id = $1 AND user_id = $2";
    one(conn, text, [tenant.into(), user.into()]).await
}

/// Stores a user's last visits.
pub async fn set_visit<C: Conn>(conn: &C, tenant: TenantId, user: UserId, visit: &Visit) -> Result<()> {
    let text = "INSERT INTO hot_list_visits (tenant_id, user_id, last_ms, last_seen, before_ms, before_seen) \
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, user_id) DO UPDATE SET last_ms = excluded.last_ms, \
                last_seen = excluded.last_seen, before_ms = excluded.before_ms, before_seen = excluded.before_seen";
    let values = [
        tenant.into(),
        user.into(),
        visit.last_ms.into(),
        visit.last_seen.clone().into(),
        visit.before_ms.into(),
        visit.before_seen.clone().into(),
    ];
    execute(conn, text, values).await?;
    Ok(())
}
