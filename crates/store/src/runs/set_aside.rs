//! The rows that a run skipped because they could not be read, with the reason.

use tetherboard_domain::{Dataset, RunId, TenantId};

use crate::query::{Bulk, number, rows, upsert};
use crate::snapshots::RowNo;
use crate::{Conn, Result};

/// Stores the raw rows that a run skipped, each with the reason.
pub async fn set_aside<C: Conn>(
    conn: &C,
    tenant: TenantId,
    run: &RunId,
    dataset: Dataset,
    found: &[(i64, String)],
) -> Result<()> {
    const SET_ASIDE: Bulk<'_> =
        Bulk { table: "set_aside_rows", columns: &["tenant_id", "run_id", "dataset", "row_no", "reason"], key: 4, keep: &[] };
    let rows = found
        .iter()
        .map(|(row_no, reason)| {
            vec![tenant.into(), run.clone().into(), dataset.as_str().into(), (*row_no).into(), reason.clone().into()]
        })
        .collect();
    upsert(conn, &SET_ASIDE, rows).await
}

/// A page of the rows that a run skipped, with the reason. `after` is the offset.
pub async fn set_aside_rows<C: Conn>(
    conn: &C,
    tenant: TenantId,
    run: &RunId,
    dataset: Dataset,
    limit: i64,
    after: i64,
) -> Result<Vec<(RowNo, String)>> {
    let text = "SELECT row_no, reason FROM set_aside_rows WHERE tenant_id = $1 AND run_id = $2 AND dataset = $3 \
                ORDER BY row_no LIMIT $4 OFFSET $5";
    let values = [tenant.into(), run.clone().into(), dataset.as_str().into(), limit.into(), after.into()];
    let found = rows(conn, text, values).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// The number of rows that a run skipped. Identical rows count once.
pub async fn set_aside_count<C: Conn>(conn: &C, tenant: TenantId, run: &RunId, dataset: Dataset) -> Result<i64> {
    let text = "SELECT COUNT(*) FROM set_aside_rows WHERE tenant_id = $1 AND run_id = $2 AND dataset = $3";
    number(conn, text, [tenant.into(), run.clone().into(), dataset.as_str().into()]).await
}
