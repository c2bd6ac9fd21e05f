//! The candidates of late stages as they were ranked last, by which rules, and what each person saw of them.

use std::collections::HashMap;

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{ContactId, EpochMs, TenantId, UserId};

use crate::query::{Bulk, Query, all, execute, number, one, upsert};
use crate::{Conn, Result, Tx};

/// What a tenant's items were told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct HotListHead {
    /// The oldest start of the last whole reads of what it rests on; `None` before there was one.
    pub as_of_ms: Option<EpochMs>,
    /// While nothing is read anew, no item changes before then.
    pub holds_until_ms: EpochMs,
    /// Whether the calendar was ever read whole.
    pub calendar_read: bool,
    /// In which form the items are written; 0: what they rest on has changed since.
    pub format: i64,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct HotListRow {
    /// The contact's id; of a deal that is joined to none, "deal/" and its own.
    pub item_key: String,
    /// From 1.
    pub place: i64,
    pub contact_id: Option<ContactId>,
    pub name: String,
    pub market: String,
    pub units: String,
    pub owner: String,
    pub source: Option<String>,
    pub phone: String,
    /// How many late ones; 1 for a contact that stands for one.
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
    /// JSON, as are the next step and the waiting period.
    pub reasons: String,
    pub status: String,
    pub next_step: String,
    pub last_touch_ms: Option<EpochMs>,
    pub notes_known_ms: Option<EpochMs>,
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

/// `None` before it was ever made.
pub async fn head<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<HotListHead>> {
    let text = "SELECT as_of_ms, holds_until_ms, calendar_read, format FROM hot_lists WHERE tenant_id = $1";
    one(conn, text, [tenant.into()]).await
}

/// Every item, by its key. They come some at a time: a database's own rows of a long list weigh more than the list.
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

/// Makes one who would write the list wait for the other until the transaction ends.
pub async fn lock(tx: &Tx, tenant: TenantId) -> Result<()> {
    let text = "INSERT INTO hot_lists (tenant_id, as_of_ms, holds_until_ms, calendar_read) VALUES ($1, NULL, 0, 1 = 0) \
                ON CONFLICT (tenant_id) DO UPDATE SET holds_until_ms = hot_lists.holds_until_ms";
    execute(tx, text, [tenant.into()]).await?;
    Ok(())
}

pub async fn set_head(tx: &Tx, tenant: TenantId, head: HotListHead) -> Result<()> {
    let text = "UPDATE hot_lists SET as_of_ms = $2, holds_until_ms = $3, calendar_read = $4, format = $5 WHERE tenant_id = $1";
    let HotListHead { as_of_ms, holds_until_ms, calendar_read, format } = head;
    execute(tx, text, [tenant.into(), as_of_ms.into(), holds_until_ms.into(), calendar_read.into(), format.into()]).await?;
    Ok(())
}

/// What the list rests on changes in this transaction: from its end on the items are those of before.
pub async fn outdate(tx: &Tx, tenant: TenantId) -> Result<()> {
    execute(tx, "UPDATE hot_lists SET format = 0 WHERE tenant_id = $1", [tenant.into()]).await?;
    Ok(())
}

/// Makes the list just these items; those that stand already are not written again.
pub async fn replace(tx: &Tx, tenant: TenantId, wanted: Vec<HotListRow>) -> Result<()> {
    const PART: usize = 500;
    let mut wanted: HashMap<String, HotListRow> = wanted.into_iter().map(|row| (row.item_key.clone(), row)).collect();
    let (mut left, mut stand) = (Vec::new(), Vec::new());
    each_item(tx, tenant, |standing| match wanted.get(&standing.item_key) {
        None => left.push(standing.item_key),
        Some(row) if *row == standing => stand.push(standing.item_key),
        Some(_) => {}
    })
    .await?;
    for part in left.chunks(1_000) {
        let mut query = Query::new("DELETE FROM hot_list_items WHERE tenant_id = ");
        query.bind(tenant).push(" AND item_key IN ").bind_list(part.iter().cloned());
        query.execute(tx).await?;
    }
    for key in stand {
        wanted.remove(&key);
    }
    let changed: Vec<HotListRow> = wanted.into_values().collect();
    for part in changed.chunks(PART) {
        upsert(tx, &ITEMS, part.iter().map(|row| row.values(tenant)).collect()).await?;
    }
    Ok(())
}

// Rules ----------------------------------------------------------------------------------------------------------------

/// A version of the rules, as it was set.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct RulesVersion {
    /// From 1.
    pub version: i64,
    /// JSON.
    pub rules: String,
    pub set_ms: EpochMs,
}

/// The latest; `None`: as usual.
pub async fn rules<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<RulesVersion>> {
    let text = "SELECT version, rules, set_ms FROM hot_list_rules WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1";
    one(conn, text, [tenant.into()]).await
}

/// Every version, the latest first.
pub async fn all_rules<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<RulesVersion>> {
    let text = "SELECT version, rules, set_ms FROM hot_list_rules WHERE tenant_id = $1 ORDER BY version DESC";
    all(conn, text, [tenant.into()]).await
}

/// Adds a version, and says which.
pub async fn set_rules<C: Conn>(conn: &C, tenant: TenantId, rules: &str, user: Option<UserId>, now_ms: EpochMs) -> Result<i64> {
    let text = "INSERT INTO hot_list_rules (tenant_id, version, rules, user_id, set_ms) \
                SELECT $1, COALESCE(MAX(version), 0) + 1, $2, $3, $4 FROM hot_list_rules WHERE tenant_id = $1 RETURNING version";
    number(conn, text, [tenant.into(), rules.into(), user.into(), now_ms.into()]).await
}

// Visits ---------------------------------------------------------------------------------------------------------------

/// What a person saw when they last looked, and the time before. The lists are JSON.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Visit {
    pub last_ms: EpochMs,
    pub last_seen: String,
    /// `None`: this is the first visit.
    pub before_ms: Option<EpochMs>,
    pub before_seen: String,
}

pub async fn visit<C: Conn>(conn: &C, tenant: TenantId, user: UserId) -> Result<Option<Visit>> {
    let text = "SELECT last_ms, last_seen, before_ms, before_seen FROM hot_list_visits WHERE tenant_id = $1 AND user_id = $2";
    one(conn, text, [tenant.into(), user.into()]).await
}

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
