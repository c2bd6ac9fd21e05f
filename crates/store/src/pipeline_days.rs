//! End-of-day pipeline values per stage, a history that the CRM does not keep.

use sea_orm::FromQueryResult;
use tetherboard_domain::{Money, StageKey, TenantId};

use crate::query::{Bulk, all, execute, one, upsert};
use crate::{Conn, Result};

/// A stage at the end of a day: its prospects, and its deals (implicit ones included) with their value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageDay {
    pub stage: StageKey,
    pub contacts: i64,
    pub deals: i64,
    pub value: Money,
    pub weighted: Money,
}

/// Replaces the values of a local day, `YYYY-MM-DD`. `carried` marks values copied from the day before.
pub async fn put<C: Conn>(conn: &C, tenant: TenantId, day: &str, stages: &[StageDay], carried: bool) -> Result<()> {
    const DAYS: Bulk<'_> = Bulk {
        table: "pipeline_days",
        columns: &["tenant_id", "day", "stage_key", "contacts", "deals", "value_cents", "weighted_cents", "carried"],
        key: 3,
        keep: &[],
    };
    execute(conn, "DELETE FROM pipeline_days WHERE tenant_id = $1 AND day = $2", [tenant.into(), day.into()]).await?;
    let rows = stages.iter().map(|stage| {
        vec![
            tenant.into(),
            day.into(),
            stage.stage.as_str().into(),
            stage.contacts.into(),
            stage.deals.into(),
            stage.value.0.into(),
            stage.weighted.0.into(),
            carried.into(),
        ]
    });
    upsert(conn, &DAYS, rows.collect()).await
}

/// The first recorded day, `YYYY-MM-DD`.
pub async fn first_day<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<String>> {
    #[derive(FromQueryResult)]
    struct Row {
        day: Option<String>,
    }
    let row: Option<Row> = one(conn, "SELECT MIN(day) AS day FROM pipeline_days WHERE tenant_id = $1", [tenant.into()]).await?;
    Ok(row.and_then(|row| row.day))
}

/// The last recorded day, `YYYY-MM-DD`.
pub async fn last_day<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<String>> {
    #[derive(FromQueryResult)]
    struct Row {
        day: Option<String>,
    }
    let row: Option<Row> = one(conn, "SELECT MAX(day) AS day FROM pipeline_days WHERE tenant_id = $1", [tenant.into()]).await?;
    Ok(row.and_then(|row| row.day))
}

/// The days from `first` on, oldest first, each with its stages.
pub async fn since<C: Conn>(conn: &C, tenant: TenantId, first: &str) -> Result<Vec<(String, Vec<StageDay>)>> {
    let days = between(conn, tenant, first, "9999-12-31").await?;
    Ok(days.into_iter().map(|day| (day.day, day.stages)).collect())
}

/// The recorded values of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineDay {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// No run finished on that day, so the values are those of the day before.
    pub carried: bool,
    pub stages: Vec<StageDay>,
}

/// The days from `first` to `last`, both included, oldest first.
pub async fn between<C: Conn>(conn: &C, tenant: TenantId, first: &str, last: &str) -> Result<Vec<PipelineDay>> {
    #[derive(FromQueryResult)]
    struct Row {
        day: String,
        stage_key: String,
        contacts: i64,
        deals: i64,
        value_cents: i64,
        weighted_cents: i64,
        carried: bool,
    }
    let text = "SELECT day, stage_key, contacts, deals, value_cents, weighted_cents, carried FROM pipeline_days \
                WHERE tenant_id = $1 AND day >= $2 AND day <= $3 ORDER BY day, stage_key";
    let found: Vec<Row> = all(conn, text, [tenant.into(), first.into(), last.into()]).await?;
    let mut days: Vec<PipelineDay> = Vec::new();
    for row in found {
        let stage = StageDay {
            stage: StageKey(row.stage_key),
            contacts: row.contacts,
            deals: row.deals,
            value: Money(row.value_cents),
            weighted: Money(row.weighted_cents),
        };
        match days.last_mut() {
            Some(last) if last.day == row.day => last.stages.push(stage),
            _ => days.push(PipelineDay { day: row.day, carried: row.carried, stages: vec![stage] }),
        }
    }
    Ok(days)
}
