//! A sample of a dataset's rows, as the CRM sent them.

use std::collections::HashSet;

use jiff::Timestamp;
use tetherboard_domain::Dataset;
use tetherboard_store::snapshots::{self, RowNo, RowReader};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{records, runs};

use crate::http::error::HttpResult;
use crate::parts::time;
use crate::state::Portal;

const MAX_ROWS: usize = 500;

/// Rows to try a rule on.
pub(super) struct Sample {
    /// When the last read started.
    pub(super) read_at: Option<Timestamp>,
    pub(super) rows: Vec<Vec<u8>>,
}

impl Sample {
    /// Rows of the last read. If it returned few, as a read of notes can, rows of stored records are added.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn load(portal: &Portal, tenant: &Tenant, dataset: Dataset) -> HttpResult<Self> {
        let conn = portal.store.conn();
        let run = runs::last_applied_run(conn, tenant.id, dataset).await?;
        let mut row_nos = HashSet::new();
        let mut read_at = None;
        if let Some(run) = run {
            read_at = runs::get(conn, tenant.id, &run).await?.and_then(|run| run.started_ms);
            for page in snapshots::pages(conn, tenant.id, &run, dataset).await? {
                if row_nos.len() >= MAX_ROWS {
                    break;
                }
                row_nos.extend(snapshots::row_nos(conn, tenant.id, &page).await?);
            }
        }
        if row_nos.len() < MAX_ROWS {
            row_nos.extend(records::sample_rows(conn, tenant.id, dataset, MAX_ROWS as i64).await?);
        }
        // In storage order, so that each frame is decompressed once.
        let mut row_nos: Vec<RowNo> = row_nos.into_iter().collect();
        row_nos.sort_unstable();
        let mut reader = RowReader::new(tenant.id);
        let mut rows = Vec::new();
        for row_no in row_nos.into_iter().rev().take(MAX_ROWS) {
            rows.push(reader.row(conn, row_no).await?.to_vec());
        }
        Ok(Self { read_at: read_at.and_then(time::moment), rows })
    }
}
