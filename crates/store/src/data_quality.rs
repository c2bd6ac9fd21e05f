//! What is permanently odd about each list of an account, and which of its differences are accepted.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use tetherboard_domain::{DataQualityKind, Dataset, EpochMs, TenantId};

use crate::query::{Bulk, Query, all, execute, rows, upsert};
use crate::snapshots::RowNo;
use crate::{Conn, Result};

/// An oddity of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualityWarning {
    pub dataset: Dataset,
    pub kind: DataQualityKind,
    /// How many rows, records, or contacts it concerns.
    pub amount: i64,
    /// How many reads in a row showed it.
    pub sightings: i64,
    /// When the first of these reads was applied.
    pub since_ms: EpochMs,
}

impl QualityWarning {
    /// The warning as a clause whose subject is the list: "lists 18 records twice".
    pub fn clause(&self) -> String {
        self.kind.clause(self.dataset, self.amount)
    }
}

/// From this many sightings on, a warning is shown. A list that changes while it is read can look odd once.
pub const CONFIRMED: i64 = 2;

/// The confirmed warnings of an account, by list.
pub async fn warnings<C: Conn>(conn: &C, tenant: TenantId) -> Result<Vec<QualityWarning>> {
    let text = "SELECT dataset, kind, amount, sightings, since_ms FROM data_quality_warnings \
                WHERE tenant_id = $1 AND sightings >= $2";
    let found: Vec<WarningRow> = all(conn, text, [tenant.into(), CONFIRMED.into()]).await?;
    let mut warnings: Vec<QualityWarning> = found.into_iter().filter_map(WarningRow::warning).collect();
    warnings.sort_by_key(|warning| (warning.dataset, warning.kind));
    Ok(warnings)
}

/// The warnings of a list, confirmed or not.
pub async fn warnings_of<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Vec<QualityWarning>> {
    let text =
        "SELECT dataset, kind, amount, sightings, since_ms FROM data_quality_warnings WHERE tenant_id = $1 AND dataset = $2";
    let found: Vec<WarningRow> = all(conn, text, [tenant.into(), dataset.as_str().into()]).await?;
    Ok(found.into_iter().filter_map(WarningRow::warning).collect())
}

#[derive(FromQueryResult)]
struct WarningRow {
    dataset: String,
    kind: String,
    amount: i64,
    sightings: i64,
    since_ms: EpochMs,
}

impl WarningRow {
    /// `None` for a dataset or a kind that this version does not know.
    fn warning(self) -> Option<QualityWarning> {
        let Self { dataset, kind, amount, sightings, since_ms } = self;
        Some(QualityWarning { dataset: dataset.parse().ok()?, kind: kind.parse().ok()?, amount, sightings, since_ms })
    }
}

/// Replaces the warnings of a list.
pub async fn set_warnings<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, warnings: &[QualityWarning]) -> Result<()> {
    const WARNINGS: Bulk<'_> = Bulk {
        table: "data_quality_warnings",
        columns: &["tenant_id", "dataset", "kind", "amount", "sightings", "since_ms"],
        key: 3,
        keep: &[],
    };
    let text = "DELETE FROM data_quality_warnings WHERE tenant_id = $1 AND dataset = $2";
    execute(conn, text, [tenant.into(), dataset.as_str().into()]).await?;
    let values = warnings.iter().map(|warning| {
        vec![
            tenant.into(),
            dataset.as_str().into(),
            warning.kind.as_str().into(),
            warning.amount.into(),
            warning.sightings.into(),
            warning.since_ms.into(),
        ]
    });
    upsert(conn, &WARNINGS, values.collect()).await
}

/// How many records a list may fall short of its total; `None` if no difference was confirmed.
pub async fn accepted_shortfall<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Option<i64>> {
    let text = "SELECT accepted_shortfall FROM dataset_states WHERE tenant_id = $1 AND dataset = $2";
    let found = rows(conn, text, [tenant.into(), dataset.as_str().into()]).await?;
    Ok(found.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}

/// Stores the confirmed difference between a list and its total. The list must have been read before.
pub async fn accept_shortfall<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, shortfall: Option<i64>) -> Result<()> {
    let text = "UPDATE dataset_states SET accepted_shortfall = $3 WHERE tenant_id = $1 AND dataset = $2";
    execute(conn, text, [tenant.into(), dataset.as_str().into(), shortfall.into()]).await?;
    Ok(())
}

/// Identifies a skipped row within a list: what its record would belong to (for a note the contact, otherwise blank), and the raw
/// row.
pub type SkippedRowKey = (String, RowNo);

/// A row that is not a record, as of the last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkippedRow {
    /// The read that first contained it.
    pub first_ms: EpochMs,
    /// Whether a complete read contained it.
    pub accepted: bool,
}

/// The rows of a list that are not records.
pub async fn skipped_rows<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<HashMap<SkippedRowKey, SkippedRow>> {
    let text = "SELECT parent, row_no, first_ms, accepted FROM skipped_rows WHERE tenant_id = $1 AND dataset = $2";
    let found = rows(conn, text, [tenant.into(), dataset.as_str().into()]).await?;
    let row = |row: &sea_orm::QueryResult| {
        let key = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok((key, SkippedRow { first_ms: row.try_get_by_index(2)?, accepted: row.try_get_by_index(3)? }))
    };
    found.iter().map(row).collect()
}

/// Adds or updates rows that are not records.
pub async fn put_skipped_rows<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    skipped: impl IntoIterator<Item = (SkippedRowKey, SkippedRow)>,
) -> Result<()> {
    const SKIPPED: Bulk<'_> = Bulk {
        table: "skipped_rows",
        columns: &["tenant_id", "dataset", "parent", "row_no", "first_ms", "accepted"],
        key: 4,
        keep: &[],
    };
    let values = skipped.into_iter().map(|((parent, row_no), row)| {
        let SkippedRow { first_ms, accepted } = row;
        vec![tenant.into(), dataset.as_str().into(), parent.into(), row_no.into(), first_ms.into(), accepted.into()]
    });
    upsert(conn, &SKIPPED, values.collect()).await
}

/// Deletes rows that the list no longer contains.
pub async fn delete_skipped_rows<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    skipped: impl IntoIterator<Item = SkippedRowKey>,
) -> Result<()> {
    let mut by_parent: HashMap<String, Vec<RowNo>> = HashMap::new();
    for (parent, row_no) in skipped {
        by_parent.entry(parent).or_default().push(row_no);
    }
    for (parent, row_nos) in by_parent {
        for chunk in row_nos.chunks(1_000) {
            let mut query = Query::new("DELETE FROM skipped_rows WHERE tenant_id = ");
            query.bind(tenant).push(" AND dataset = ").bind(dataset.as_str()).push(" AND parent = ").bind(parent.clone());
            query.push(" AND row_no IN ").bind_list(chunk.iter().copied());
            query.execute(conn).await?;
        }
    }
    Ok(())
}
