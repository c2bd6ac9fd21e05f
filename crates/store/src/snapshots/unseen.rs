//! Records that a read did not return.

use std::collections::HashSet;

use tetherboard_domain::{ContactId, Dataset, EpochMs, RunId, TenantId};

use super::{RowNo, pages, row_nos};
use crate::query::Query;
use crate::{Conn, Result, records};

/// A live record that a read did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnseenRecord {
    pub crm_id: String,
    pub name: String,
    pub stage: Option<String>,
}

/// The live records of a dataset whose raw row is in none of a run's responses. For a held read these are the records that
/// it would remove: it marks nothing as missing, but applies every row that it returned.
///
/// `in_scope` gets a record's start (appointments) and contact (notes). It must return false for records that the read
/// does not cover.
pub async fn unseen_records<C: Conn>(
    conn: &C,
    tenant: TenantId,
    run: &RunId,
    dataset: Dataset,
    in_scope: impl Fn(Option<EpochMs>, Option<&ContactId>) -> bool,
) -> Result<Vec<UnseenRecord>> {
    let mut returned = HashSet::new();
    for page in pages(conn, tenant, run, dataset).await? {
        returned.extend(row_nos(conn, tenant, &page).await?);
    }
    let columns = match dataset {
        Dataset::Stages | Dataset::Sources | Dataset::Users => "name, NULL, NULL, NULL",
        Dataset::Contacts => "name, stage, NULL, NULL",
        Dataset::Deals => "CASE WHEN title = '' THEN name ELSE title END, stage, NULL, NULL",
        Dataset::Events => "CASE WHEN title = '' THEN name ELSE title END, NULL, starts_ms, NULL",
        Dataset::Notes => "kind, NULL, NULL, client_id",
    };
    let mut query = Query::new(&format!(
        "SELECT crm_id, row_no, {columns} FROM {} WHERE gone_ms IS NULL AND tenant_id = ",
        records::table(dataset)
    ));
    query.bind(tenant).push(" ORDER BY crm_id");
    let mut unseen = Vec::new();
    for row in query.rows(conn).await? {
        let row_no: RowNo = row.try_get_by_index(1)?;
        let (starts_ms, contact) = match dataset {
            Dataset::Events => (row.try_get_by_index(4)?, None),
            Dataset::Notes => (None, row.try_get_by_index::<Option<ContactId>>(5)?),
            _ => (None, None),
        };
        if !returned.contains(&row_no) && in_scope(starts_ms, contact.as_ref()) {
            let stage = match dataset {
                Dataset::Contacts | Dataset::Deals => row.try_get_by_index(3)?,
                _ => None,
            };
            unseen.push(UnseenRecord { crm_id: row.try_get_by_index(0)?, name: row.try_get_by_index(2)?, stage });
        }
    }
    Ok(unseen)
}
