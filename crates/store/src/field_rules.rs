//! A brand's field mapping rules, and how many rows of the last read had each field.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use tetherboard_domain::{Dataset, EpochMs, TenantId};

use crate::query::{Bulk, all, execute, upsert};
use crate::{Conn, Result};

/// A brand's own mapping rules as (dataset, field, JSON rule). Other fields use the built-in mapping.
pub async fn rules<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<(Dataset, String, String)>> {
    #[derive(FromQueryResult)]
    struct Row {
        dataset: String,
        field: String,
        rule: String,
    }
    let text = "SELECT dataset, field, rule FROM field_rules WHERE tenant_id = $1 ORDER BY dataset, field";
    let found: Vec<Row> = all(conn, text, [tenant.into()]).await?;
    Ok(found.into_iter().filter_map(|row| Some((row.dataset.parse().ok()?, row.field, row.rule))).collect())
}

/// Sets the rule of a field; `None` restores the built-in mapping. Increments the mapping version, so that the next run
/// decodes every row again.
pub async fn set<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, field: &str, rule: Option<&str>) -> Result<()> {
    match rule {
        Some(rule) => {
            let text = "INSERT INTO field_rules (tenant_id, dataset, field, rule) VALUES ($1, $2, $3, $4) \
                        ON CONFLICT (tenant_id, dataset, field) DO UPDATE SET rule = excluded.rule";
            execute(conn, text, [tenant.into(), dataset.as_str().into(), field.into(), rule.into()]).await?;
        }
        None => {
            let text = "DELETE FROM field_rules WHERE tenant_id = $1 AND dataset = $2 AND field = $3";
            execute(conn, text, [tenant.into(), dataset.as_str().into(), field.into()]).await?;
        }
    }
    execute(conn, "UPDATE tenants SET mapping_version = mapping_version + 1 WHERE id = $1", [tenant.into()]).await?;
    Ok(())
}

/// How many rows of a dataset's last read had a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldCoverage {
    pub rows: i64,
    pub filled: i64,
    /// Since when no row has the field although many did before. The stored values are kept.
    pub vanished_ms: Option<EpochMs>,
}

/// The coverage of a dataset's fields, by field.
pub async fn coverage<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<HashMap<String, FieldCoverage>> {
    #[derive(FromQueryResult)]
    struct Row {
        field: String,
        rows_read: i64,
        filled: i64,
        vanished_ms: Option<EpochMs>,
    }
    let text = "SELECT field, rows_read, filled, vanished_ms FROM dataset_fields WHERE tenant_id = $1 AND dataset = $2";
    let found: Vec<Row> = all(conn, text, [tenant.into(), dataset.as_str().into()]).await?;
    let coverage = |row: &Row| FieldCoverage { rows: row.rows_read, filled: row.filled, vanished_ms: row.vanished_ms };
    Ok(found.iter().map(|row| (row.field.clone(), coverage(row))).collect())
}

/// Stores the coverage of a dataset's fields.
pub async fn set_coverage<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, fields: &[(&str, FieldCoverage)]) -> Result<()> {
    const FIELDS: Bulk<'_> = Bulk {
        table: "dataset_fields",
        columns: &["tenant_id", "dataset", "field", "rows_read", "filled", "vanished_ms"],
        key: 3,
        keep: &[],
    };
    let rows = fields.iter().map(|(field, coverage)| {
        vec![
            tenant.into(),
            dataset.as_str().into(),
            (*field).into(),
            coverage.rows.into(),
            coverage.filled.into(),
            coverage.vanished_ms.into(),
        ]
    });
    upsert(conn, &FIELDS, rows.collect()).await
}

/// The vanished fields of all datasets.
pub async fn vanished<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<(Dataset, String)>> {
    #[derive(FromQueryResult)]
    struct Row {
        dataset: String,
        field: String,
    }
    let text =
        "SELECT dataset, field FROM dataset_fields WHERE tenant_id = $1 AND vanished_ms IS NOT NULL ORDER BY dataset, field";
    let found: Vec<Row> = all(conn, text, [tenant.into()]).await?;
    Ok(found.into_iter().filter_map(|row| Some((row.dataset.parse().ok()?, row.field))).collect())
}
