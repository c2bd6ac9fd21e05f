//! The books that every list of the CRM keeps alike: what is current, what is missing, what is gone.

use std::collections::HashMap;
use std::hash::Hash;

use sea_orm::{FromQueryResult, TryGetable, Value};
use tetherboard_domain::{ContactId, Dataset, DealId, EpochMs, TenantId};

use crate::query::{Bulk, Query, execute, is_sqlite, rows, upsert};
use crate::snapshots::RowNo;
use crate::{Conn, Result};

pub(crate) fn table(dataset: Dataset) -> &'static str {
    match dataset {
        Dataset::Stages => "stages",
        Dataset::Sources => "lead_sources",
        Dataset::Users => "crm_users",
        Dataset::Contacts => "leads",
        Dataset::Deals => "pipeline_items",
        Dataset::Events => "scheduled_activities",
        Dataset::Notes => "notes",
    }
}

/// The id of a contact or of a deal: whose history is asked for is in its type.
pub trait SubjectId: Clone + Eq + Hash + Into<Value> + TryGetable {
    /// The list that it is an id of.
    const SUBJECT: Dataset;
}

impl SubjectId for ContactId {
    const SUBJECT: Dataset = Dataset::Contacts;
}

impl SubjectId for DealId {
    const SUBJECT: Dataset = Dataset::Deals;
}

/// What every record is written with.
#[derive(Clone, Debug)]
pub struct Book {
    pub crm_id: String,
    pub row_no: RowNo,
    pub mapping_version: i64,
    /// When this very row was first seen; of a record that was gone, when it was back.
    pub changed_ms: EpochMs,
    /// The CRM's `last_modified_date`.
    pub modified_ms: Option<EpochMs>,
    /// Which of the list's fields the row gave, a bit each.
    pub filled: i64,
}

/// The first columns of every list's table.
const BOOK: [&str; 10] = [
    "tenant_id",
    "crm_id",
    "row_no",
    "mapping_version",
    "first_seen_ms",
    "changed_ms",
    "missing_ms",
    "gone_ms",
    "modified_ms",
    "filled",
];

/// Writes records of a list: their books, and the columns of the list's own. Columns to `keep` stay as they are in
/// records that are there already.
pub(crate) async fn put<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    columns: &[&'static str],
    keep: &[&'static str],
    records: impl Iterator<Item = (&Book, Vec<Value>)>,
) -> Result<()> {
    let columns: Vec<&str> = BOOK.iter().chain(columns).copied().collect();
    let keep: Vec<&str> = ["first_seen_ms"].iter().chain(keep).copied().collect();
    let rows = records.map(|(book, own)| {
        let mut values: Vec<Value> = vec![
            tenant.into(),
            book.crm_id.clone().into(),
            book.row_no.into(),
            book.mapping_version.into(),
            book.changed_ms.into(),
            book.changed_ms.into(),
            None::<i64>.into(),
            None::<i64>.into(),
            book.modified_ms.into(),
            book.filled.into(),
        ];
        values.extend(own);
        values
    });
    upsert(conn, &Bulk { table: table(dataset), columns: &columns, key: 2, keep: &keep }, rows.collect()).await
}

/// PostgreSQL takes a tenant of a table that it has no figures of for a handful of rows, and goes through all of them for each part
/// of a long first read. It gathers them itself only when that is committed; this is for as soon as the first part is written. It
/// waits for nobody who does the same. SQLite has its figures with its tables.
///
/// # Errors
/// When the database does not answer.
pub async fn gather_figures<C: Conn>(conn: &C, dataset: Dataset) -> Result<()> {
    let (table, text) = (table(dataset), "SELECT 1 FROM pg_stats WHERE schemaname = CURRENT_SCHEMA AND tablename = $1 LIMIT 1");
    if !is_sqlite(conn) && rows(conn, text, [table.into()]).await?.is_empty() {
        conn.execute_unprepared(&format!("ANALYZE (SKIP_LOCKED) {table}")).await?;
    }
    Ok(())
}

/// A live record that a raw row was decoded to before.
#[derive(Clone, Debug)]
pub struct Current {
    pub crm_id: String,
    /// Which of the list's fields the row gave, a bit each.
    pub filled: i64,
}

/// Of these raw rows, those that a live record was decoded from by this mapping: nothing to do for them.
pub async fn current<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    mapping_version: i64,
    row_nos: &[RowNo],
) -> Result<HashMap<RowNo, Current>> {
    let mut found = HashMap::with_capacity(row_nos.len());
    for chunk in row_nos.chunks(1_000) {
        let mut query = Query::new(&format!("SELECT row_no, crm_id, filled FROM {} WHERE tenant_id = ", table(dataset)));
        query.bind(tenant).push(" AND gone_ms IS NULL AND mapping_version = ").bind(mapping_version);
        query.push(" AND row_no IN ").bind_list(chunk.iter().copied());
        for row in query.rows(conn).await? {
            let current = Current { crm_id: row.try_get_by_index(1)?, filled: row.try_get_by_index(2)? };
            found.insert(row.try_get_by_index(0)?, current);
        }
    }
    Ok(found)
}

/// How a record stood before.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Known {
    pub crm_id: String,
    pub row_no: RowNo,
    pub mapping_version: i64,
    pub changed_ms: EpochMs,
    pub gone_ms: Option<EpochMs>,
}

pub async fn known<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, ids: &[String]) -> Result<HashMap<String, Known>> {
    let select =
        format!("SELECT crm_id, row_no, mapping_version, changed_ms, gone_ms FROM {} WHERE tenant_id = ", table(dataset));
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new(&select);
        query.bind(tenant).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        for known in query.all::<_, Known>(conn).await? {
            found.insert(known.crm_id.clone(), known);
        }
    }
    Ok(found)
}

/// The raw rows that live records stand on, in order.
pub async fn live_rows<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Vec<(RowNo, String)>> {
    let text = format!("SELECT row_no, crm_id FROM {} WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY row_no", table(dataset));
    let found = rows(conn, &text, [tenant.into()]).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// The rows that a list's live records stand on, all of them, if they are just those of its last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    hash: [u8; 32],
    decoded_by: i64,
}

impl Ground {
    /// `row_nos` in order.
    pub fn of(row_nos: &[RowNo], decoded_by: i64) -> Self {
        let mut hasher = blake3::Hasher::new();
        for row_no in row_nos {
            hasher.update(&row_no.to_le_bytes());
        }
        Self { hash: hasher.finalize().into(), decoded_by }
    }
}

pub async fn ground<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Option<Ground>> {
    let text = "SELECT rows_hash, decoded_by FROM dataset_states WHERE tenant_id = $1 AND dataset = $2";
    let found = rows(conn, text, [tenant.into(), dataset.as_str().into()]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let (hash, decoded_by): (Option<Vec<u8>>, Option<i64>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let hash = hash.and_then(|hash| hash.try_into().ok());
    Ok(hash.zip(decoded_by).map(|(hash, decoded_by)| Ground { hash, decoded_by }))
}

/// To be told with every change of a list's records; `None` where some stand on other rows.
pub async fn set_ground<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, ground: Option<Ground>) -> Result<()> {
    let text = "UPDATE dataset_states SET rows_hash = $3, decoded_by = $4 WHERE tenant_id = $1 AND dataset = $2";
    let values: [Value; 4] = [
        tenant.into(),
        dataset.as_str().into(),
        ground.map(|ground| ground.hash.to_vec()).into(),
        ground.map(|ground| ground.decoded_by).into(),
    ];
    execute(conn, text, values).await?;
    Ok(())
}

/// The raw rows of so many live records, the last kept first.
pub async fn some_rows<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, limit: i64) -> Result<Vec<RowNo>> {
    let text =
        format!("SELECT row_no FROM {} WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY row_no DESC LIMIT $2", table(dataset));
    let found = rows(conn, &text, [tenant.into(), limit.into()]).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// What a read of a list could show: only of that can it say what is not there.
#[derive(Clone, Debug)]
pub enum Scope {
    All,
    /// Appointments that start between two moments, the first included, and those whose start nobody can read: the CRM
    /// knows it, and shows them while they are near.
    Starting {
        from_ms: EpochMs,
        until_ms: EpochMs,
    },
    /// The notes of these contacts.
    Of {
        contacts: Vec<ContactId>,
    },
}

impl Scope {
    fn narrow(&self, query: &mut Query) {
        match self {
            Self::All => {}
            Self::Starting { from_ms, until_ms } => {
                query.push(" AND (starts_ms IS NULL OR (starts_ms >= ").bind(*from_ms).push(" AND starts_ms < ").bind(*until_ms);
                query.push("))");
            }
            Self::Of { contacts } => {
                query.push(" AND client_id IN ").bind_list(contacts.iter().cloned());
            }
        }
    }

    /// In parts that a database takes in one statement.
    fn parts(&self) -> Vec<Self> {
        match self {
            Self::Of { contacts } => contacts.chunks(1_000).map(|part| Self::Of { contacts: part.to_vec() }).collect(),
            other => vec![other.clone()],
        }
    }
}

/// How many records of a scope are not gone.
pub async fn live_count<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, scope: &Scope) -> Result<i64> {
    let mut count = 0;
    for part in scope.parts() {
        let mut query = Query::new(&format!("SELECT COUNT(*) FROM {} WHERE gone_ms IS NULL AND tenant_id = ", table(dataset)));
        part.narrow(query.bind(tenant));
        count += query.number(conn).await?;
    }
    Ok(count)
}

/// The ids of a scope's records that are not gone, with when each was first missed.
pub async fn live_ids<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    scope: &Scope,
) -> Result<Vec<(String, Option<EpochMs>)>> {
    let mut ids = Vec::new();
    for part in scope.parts() {
        let mut query =
            Query::new(&format!("SELECT crm_id, missing_ms FROM {} WHERE gone_ms IS NULL AND tenant_id = ", table(dataset)));
        part.narrow(query.bind(tenant));
        for row in query.rows(conn).await? {
            ids.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
    }
    Ok(ids)
}

/// The live records that a read has missed already.
pub async fn missing_ids<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Vec<String>> {
    let text =
        format!("SELECT crm_id FROM {} WHERE tenant_id = $1 AND gone_ms IS NULL AND missing_ms IS NOT NULL", table(dataset));
    let found = rows(conn, &text, [tenant.into()]).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// How an absence is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It is there again.
    Back,
    /// One whole read missed it.
    Missing(EpochMs),
    /// It is taken for gone.
    Gone(EpochMs),
}

pub async fn set_absence<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, ids: &[String], absence: Absence) -> Result<()> {
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new(&format!("UPDATE {} SET ", table(dataset)));
        match absence {
            Absence::Back => query.push("missing_ms = NULL"),
            Absence::Missing(now_ms) => query.push("missing_ms = ").bind(now_ms),
            Absence::Gone(now_ms) => query.push("gone_ms = ").bind(now_ms),
        };
        query.push(" WHERE tenant_id = ").bind(tenant).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        query.execute(conn).await?;
    }
    Ok(())
}
