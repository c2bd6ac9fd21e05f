//! The books that every list of the CRM keeps alike: what is current, what is missing, what is gone.

use std::collections::HashMap;

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{Dataset, TenantId};

use crate::query::{Query, number, rows};
use crate::snapshots::RowNo;
use crate::{Conn, Result};

pub(crate) fn table(dataset: Dataset) -> &'static str {
    match dataset {
        Dataset::Stages => "stages",
        Dataset::Sources => "lead_sources",
        Dataset::Users => "crm_users",
        Dataset::Contacts => "leads",
        Dataset::Deals => "pipeline_items",
    }
}

/// What every record is written with.
#[derive(Clone, Debug)]
pub struct Book {
    pub crm_id: String,
    pub row_no: RowNo,
    pub mapping_version: i64,
    /// The CRM's `last_modified_date`.
    pub modified_ms: Option<i64>,
    pub now_ms: i64,
}

impl Book {
    /// The values of the first columns of every list's table, in their order.
    pub(crate) fn values(&self, tenant: TenantId) -> Vec<Value> {
        vec![
            tenant.0.into(),
            self.crm_id.clone().into(),
            self.row_no.into(),
            self.mapping_version.into(),
            self.now_ms.into(),
            self.now_ms.into(),
            None::<i64>.into(),
            None::<i64>.into(),
            self.modified_ms.into(),
        ]
    }
}

/// Of these raw rows, those that a live record was decoded from by this mapping: nothing to do for them.
pub async fn current<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    mapping_version: i64,
    row_nos: &[RowNo],
) -> Result<HashMap<RowNo, String>> {
    let mut found = HashMap::with_capacity(row_nos.len());
    for chunk in row_nos.chunks(1_000) {
        let mut query = Query::new(&format!("SELECT row_no, crm_id FROM {} WHERE tenant_id = ", table(dataset)));
        query.bind(tenant.0).push(" AND gone_ms IS NULL AND mapping_version = ").bind(mapping_version);
        query.push(" AND row_no IN ").bind_list(chunk.iter().copied());
        for row in query.rows(conn).await? {
            found.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
    }
    Ok(found)
}

/// How a record stood before.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Known {
    pub crm_id: String,
    pub modified_ms: Option<i64>,
    pub gone_ms: Option<i64>,
}

pub async fn known<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, ids: &[String]) -> Result<HashMap<String, Known>> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new(&format!("SELECT crm_id, modified_ms, gone_ms FROM {} WHERE tenant_id = ", table(dataset)));
        query.bind(tenant.0).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        for known in query.all::<_, Known>(conn).await? {
            found.insert(known.crm_id.clone(), known);
        }
    }
    Ok(found)
}

/// How many records are not gone.
pub async fn live_count<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<i64> {
    let text = format!("SELECT COUNT(*) FROM {} WHERE tenant_id = $1 AND gone_ms IS NULL", table(dataset));
    number(conn, &text, [tenant.0.into()]).await
}

/// The ids of records that are not gone, in order, `limit` at a time after `after`; with when each was first missed.
pub async fn live_ids<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    after: &str,
    limit: i64,
) -> Result<Vec<(String, Option<i64>)>> {
    let text = format!(
        "SELECT crm_id, missing_ms FROM {} WHERE tenant_id = $1 AND gone_ms IS NULL AND crm_id > $2 ORDER BY crm_id LIMIT $3",
        table(dataset)
    );
    let found = rows(conn, &text, [tenant.0.into(), after.into(), limit.into()]).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// The ids of live records that the last whole read missed.
pub async fn missing_ids<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Vec<String>> {
    let text =
        format!("SELECT crm_id FROM {} WHERE tenant_id = $1 AND gone_ms IS NULL AND missing_ms IS NOT NULL", table(dataset));
    let found = rows(conn, &text, [tenant.0.into()]).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// How an absence is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It is there again.
    Back,
    /// One whole read missed it.
    Missing(i64),
    /// It is taken for gone.
    Gone(i64),
}

pub async fn set_absence<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, ids: &[String], absence: Absence) -> Result<()> {
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new(&format!("UPDATE {} SET ", table(dataset)));
        match absence {
            Absence::Back => query.push("missing_ms = NULL"),
            Absence::Missing(now_ms) => query.push("missing_ms = ").bind(now_ms),
            Absence::Gone(now_ms) => query.push("gone_ms = ").bind(now_ms),
        };
        query.push(" WHERE tenant_id = ").bind(tenant.0).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        query.execute(conn).await?;
    }
    Ok(())
}
