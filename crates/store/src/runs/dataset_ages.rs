//! How old each dataset is.

use sea_orm::FromQueryResult;
use tetherboard_domain::{Dataset, EpochMs, TenantId};

use crate::query::{all, execute};
use crate::{Conn, Result};

/// When the last reads of each dataset started.
#[derive(Clone, Debug, Default)]
pub struct DatasetAges {
    ages: Vec<DatasetAge>,
}

#[derive(Clone, Debug)]
struct DatasetAge {
    dataset: Dataset,
    complete_read_ms: Option<EpochMs>,
    last_read_ms: Option<EpochMs>,
}

impl DatasetAges {
    /// When the last complete read started.
    pub fn complete_read_ms(&self, dataset: Dataset) -> Option<EpochMs> {
        self.get(dataset)?.complete_read_ms
    }

    /// When the last read of which at least part was applied started.
    pub fn last_read_ms(&self, dataset: Dataset) -> Option<EpochMs> {
        self.get(dataset)?.last_read_ms
    }

    /// The oldest of the last complete reads of several datasets; `None` if one of them never had one.
    pub fn as_of_ms(&self, datasets: &[Dataset]) -> Option<EpochMs> {
        datasets.iter().map(|dataset| self.complete_read_ms(*dataset)).min().flatten()
    }

    fn get(&self, dataset: Dataset) -> Option<&DatasetAge> {
        self.ages.iter().find(|age| age.dataset == dataset)
    }
}

/// When the last reads of each dataset started.
pub async fn dataset_ages<C: Conn>(conn: &C, tenant: TenantId) -> Result<DatasetAges> {
    #[derive(FromQueryResult)]
    struct Row {
        dataset: String,
        whole_started_ms: Option<EpochMs>,
        read_started_ms: Option<EpochMs>,
    }
    let text = "SELECT dataset, whole_started_ms, read_started_ms FROM dataset_states WHERE tenant_id = $1";
    let found: Vec<Row> = all(conn, text, [tenant.into()]).await?;
    let age = |row: Row| {
        Some(DatasetAge {
            dataset: row.dataset.parse().ok()?,
            complete_read_ms: row.whole_started_ms,
            last_read_ms: row.read_started_ms,
        })
    };
    Ok(DatasetAges { ages: found.into_iter().filter_map(age).collect() })
}

/// Records a read that was just applied: when it started, and whether it was complete.
pub async fn set_dataset_age<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    started_ms: EpochMs,
    complete: bool,
) -> Result<()> {
    let text = "INSERT INTO dataset_states (tenant_id, dataset, read_started_ms, whole_started_ms) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (tenant_id, dataset) DO UPDATE SET read_started_ms = excluded.read_started_ms, \
                whole_started_ms = COALESCE(excluded.whole_started_ms, dataset_states.whole_started_ms)";
    let complete_ms = complete.then_some(started_ms);
    execute(conn, text, [tenant.into(), dataset.as_str().into(), started_ms.into(), complete_ms.into()]).await?;
    Ok(())
}
