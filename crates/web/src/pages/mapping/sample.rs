//! Rows as the CRM sent them, for a rule to be tried on.

use std::collections::HashSet;

use jiff::Timestamp;
use tetherboard_domain::Dataset;
use tetherboard_store::snapshots::{self, RowNo, RowReader};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{records, runs};

use crate::http::error::HttpResult;
use crate::parts::time;
use crate::state::Portal;

const MOST: usize = 500;

pub(super) struct Sample {
    /// When the read began that brought the first of them.
    pub(super) read_at: Option<Timestamp>,
    pub(super) rows: Vec<Vec<u8>>,
}

impl Sample {
    /// Of the last read of a data set; where that brought few, as one of notes may, those of live records besides.
    pub(super) async fn load(portal: &Portal, tenant: &Tenant, dataset: Dataset) -> HttpResult<Self> {
        let conn = portal.store.conn();
        let run = runs::last_applied_run(conn, tenant.id, dataset).await?;
        let mut row_nos = HashSet::new();
        let mut read_at = None;
        if let Some(run) = run {
            read_at = runs::get(conn, tenant.id, &run).await?.and_then(|run| run.started_ms);
            for page in snapshots::pages(conn, tenant.id, &run, dataset).await? {
                if row_nos.len() >= MOST {
                    break;
                }
                row_nos.extend(snapshots::row_nos(conn, tenant.id, &page).await?);
            }
        }
        if row_nos.len() < MOST {
            row_nos.extend(records::sample_rows(conn, tenant.id, dataset, MOST as i64).await?);
        }
        // In the order in which they are kept, so that each frame is unpacked once.
        let mut row_nos: Vec<RowNo> = row_nos.into_iter().collect();
        row_nos.sort_unstable();
        let mut reader = RowReader::new(tenant.id);
        let mut rows = Vec::new();
        for row_no in row_nos.into_iter().rev().take(MOST) {
            rows.push(reader.row(conn, row_no).await?.to_vec());
        }
        Ok(Self { read_at: read_at.and_then(time::moment), rows })
    }
}
