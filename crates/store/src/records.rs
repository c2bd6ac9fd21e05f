//! What the tables of all CRM datasets have in common: record metadata, the raw row behind each record, and absences.

use std::collections::HashMap;
use std::hash::Hash;

use sea_orm::{FromQueryResult, TryGetable, Value};
use tetherboard_domain::{ContactId, Dataset, DealId, EpochMs, TenantId};

use crate::query::{Bulk, Query, execute, is_sqlite, rows, upsert};
use crate::snapshots::RowNo;
use crate::{Conn, Result};

/// The table of a dataset.
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

/// An ID with a stage history: a contact's or a deal's. The type selects which history a query reads.
pub trait SubjectId: Clone + Eq + Hash + Into<Value> + TryGetable {
    /// Contacts or deals.
    const SUBJECT: Dataset;
}

impl SubjectId for ContactId {
    const SUBJECT: Dataset = Dataset::Contacts;
}

impl SubjectId for DealId {
    const SUBJECT: Dataset = Dataset::Deals;
}

/// The metadata that is written with every record.
#[derive(Clone, Debug)]
pub struct RecordMeta {
    /// The CRM's ID.
    pub crm_id: String,
    /// The raw row that the record was decoded from.
    pub row_no: RowNo,
    /// The version of the field mapping that decoded it.
    pub mapping_version: i64,
    /// When this exact row was first seen, or when a gone record came back.
    pub changed_ms: EpochMs,
    /// The CRM's `last_modified_date`.
    pub modified_ms: Option<EpochMs>,
    /// A bit for each field of the dataset that the row has a value for.
    pub filled: i64,
}

/// The first columns of every dataset's table.
const META_COLUMNS: [&str; 10] = [
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

/// Upserts records of a dataset: their metadata and the dataset's own columns. Existing records keep their values in the
/// columns named in `keep`.
pub(crate) async fn put<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    columns: &[&'static str],
    keep: &[&'static str],
    records: impl Iterator<Item = (&RecordMeta, Vec<Value>)>,
) -> Result<()> {
    let columns: Vec<&str> = META_COLUMNS.iter().chain(columns).copied().collect();
    let keep: Vec<&str> = ["first_seen_ms"].iter().chain(keep).copied().collect();
    let rows = records.map(|(meta, own)| {
        let mut values: Vec<Value> = vec![
            tenant.into(),
            meta.crm_id.clone().into(),
            meta.row_no.into(),
            meta.mapping_version.into(),
            meta.changed_ms.into(),
            meta.changed_ms.into(),
            None::<i64>.into(),
            None::<i64>.into(),
            meta.modified_ms.into(),
            meta.filled.into(),
        ];
        values.extend(own);
        values
    });
    upsert(conn, &Bulk { table: table(dataset), columns: &columns, key: 2, keep: &keep }, rows.collect()).await
}

/// Collects planner statistics for a dataset's table on PostgreSQL if it has none.
///
/// Without statistics the planner assumes a few rows per tenant and scans the table for each batch of a long first read.
/// Autovacuum would collect them only after that read commits. Does not wait for another session that is analyzing the
/// table. SQLite needs nothing: its statistics are set by the migrations.
pub async fn analyze_if_new<C: Conn>(conn: &C, dataset: Dataset) -> Result<()> {
    let (table, text) = (table(dataset), "SELECT 1 FROM pg_stats WHERE schemaname = CURRENT_SCHEMA AND tablename = $1 LIMIT 1");
    if !is_sqlite(conn) && rows(conn, text, [table.into()]).await?.is_empty() {
        conn.execute_unprepared(&format!("ANALYZE (SKIP_LOCKED) {table}")).await?;
    }
    Ok(())
}

/// A live record that was decoded from a raw row earlier.
#[derive(Clone, Debug)]
pub struct DecodedRecord {
    pub crm_id: String,
    /// A bit for each field of the dataset that the row has a value for.
    pub filled: i64,
}

/// Which of these raw rows a live record was already decoded from with this mapping version. They need no work.
pub async fn already_decoded<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    mapping_version: i64,
    row_nos: &[RowNo],
) -> Result<HashMap<RowNo, DecodedRecord>> {
    let mut found = HashMap::with_capacity(row_nos.len());
    for chunk in row_nos.chunks(1_000) {
        let mut query = Query::new(&format!("SELECT row_no, crm_id, filled FROM {} WHERE tenant_id = ", table(dataset)));
        query.bind(tenant).push(" AND gone_ms IS NULL AND mapping_version = ").bind(mapping_version);
        query.push(" AND row_no IN ").bind_list(chunk.iter().copied());
        for row in query.rows(conn).await? {
            let current = DecodedRecord { crm_id: row.try_get_by_index(1)?, filled: row.try_get_by_index(2)? };
            found.insert(row.try_get_by_index(0)?, current);
        }
    }
    Ok(found)
}

/// The metadata of a record as stored.
#[derive(Clone, Debug, FromQueryResult)]
pub struct StoredRecord {
    pub crm_id: String,
    pub row_no: RowNo,
    pub mapping_version: i64,
    pub changed_ms: EpochMs,
    pub gone_ms: Option<EpochMs>,
}

/// The stored metadata of these records, live or gone, by CRM ID.
pub async fn stored<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    ids: &[String],
) -> Result<HashMap<String, StoredRecord>> {
    let select =
        format!("SELECT crm_id, row_no, mapping_version, changed_ms, gone_ms FROM {} WHERE tenant_id = ", table(dataset));
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new(&select);
        query.bind(tenant).push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        for known in query.all::<_, StoredRecord>(conn).await? {
            found.insert(known.crm_id.clone(), known);
        }
    }
    Ok(found)
}

/// The raw rows of the live records with their CRM IDs, in row order.
pub async fn live_rows<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Vec<(RowNo, String)>> {
    let text = format!("SELECT row_no, crm_id FROM {} WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY row_no", table(dataset));
    let found = rows(conn, &text, [tenant.into()]).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// A hash of the raw rows behind a dataset's live records, set when they are exactly the rows of its last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSetHash {
    hash: [u8; 32],
    decoded_by: i64,
}

impl RowSetHash {
    /// Hashes the numbers of the records' rows and of the rows that are not records, each of which must be sorted. `decoded_by`
    /// is the mapping version.
    pub fn of(row_nos: &[RowNo], skipped: &[RowNo], decoded_by: i64) -> Self {
        // Without skipped rows nothing is added, so that the hashes stored by earlier versions stay valid.
        const END_OF_RECORDS: RowNo = -1;
        let mut hasher = blake3::Hasher::new();
        let end = (!skipped.is_empty()).then_some(&END_OF_RECORDS);
        for row_no in row_nos.iter().chain(end).chain(skipped) {
            hasher.update(&row_no.to_le_bytes());
        }
        Self { hash: hasher.finalize().into(), decoded_by }
    }
}

/// The stored hash; `None` if the records are not exactly those of the last read.
pub async fn row_set_hash<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Option<RowSetHash>> {
    let text = "SELECT rows_hash, decoded_by FROM dataset_states WHERE tenant_id = $1 AND dataset = $2";
    let found = rows(conn, text, [tenant.into(), dataset.as_str().into()]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let (hash, decoded_by): (Option<Vec<u8>>, Option<i64>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let hash = hash.and_then(|hash| hash.try_into().ok());
    Ok(hash.zip(decoded_by).map(|(hash, decoded_by)| RowSetHash { hash, decoded_by }))
}

/// Stores the hash. Must be called whenever the records change; `None` if they are not exactly those of the last read. The
/// version that decoded all of them stays.
pub async fn set_row_set_hash<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, row_set: Option<RowSetHash>) -> Result<()> {
    let text =
        "UPDATE dataset_states SET rows_hash = $3, decoded_by = COALESCE($4, decoded_by) WHERE tenant_id = $1 AND dataset = $2";
    let values: [Value; 4] = [
        tenant.into(),
        dataset.as_str().into(),
        row_set.map(|row_set| row_set.hash.to_vec()).into(),
        row_set.map(|row_set| row_set.decoded_by).into(),
    ];
    execute(conn, text, values).await?;
    Ok(())
}

/// A version that every live record of a dataset was decoded by, or by a newer one; `None` if there is no such version.
pub async fn decoded_by<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Option<i64>> {
    let text = "SELECT decoded_by FROM dataset_states WHERE tenant_id = $1 AND dataset = $2";
    let found = rows(conn, text, [tenant.into(), dataset.as_str().into()]).await?;
    found.first().map_or(Ok(None), |row| Ok(row.try_get_by_index(0)?))
}

/// Stores that every live record of a dataset was decoded by a version, or by a newer one.
pub async fn set_decoded_by<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, version: i64) -> Result<()> {
    let text = "UPDATE dataset_states SET decoded_by = $3 WHERE tenant_id = $1 AND dataset = $2";
    execute(conn, text, [tenant.into(), dataset.as_str().into(), version.into()]).await?;
    Ok(())
}

/// A live note or appointment that an older version decoded.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OutdatedRecord {
    pub row_no: RowNo,
    pub crm_id: String,
    pub client_id: Option<ContactId>,
}

/// Live notes or appointments that a version before `version` decoded: at most `limit`, by ID, after the ID `after`.
pub async fn decoded_before<C: Conn>(
    conn: &C,
    tenant: TenantId,
    dataset: Dataset,
    version: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<OutdatedRecord>> {
    let mut query = Query::new(&format!("SELECT row_no, crm_id, client_id FROM {} WHERE tenant_id = ", table(dataset)));
    query.bind(tenant).push(" AND gone_ms IS NULL AND mapping_version < ").bind(version);
    query.push(" AND crm_id > ").bind(after).push(" ORDER BY crm_id LIMIT ").bind(limit);
    query.all(conn).await
}

/// Raw rows of at most `limit` live records, newest rows first.
pub async fn sample_rows<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, limit: i64) -> Result<Vec<RowNo>> {
    let text =
        format!("SELECT row_no FROM {} WHERE tenant_id = $1 AND gone_ms IS NULL ORDER BY row_no DESC LIMIT $2", table(dataset));
    let found = rows(conn, &text, [tenant.into(), limit.into()]).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// The part of a dataset that a read covers. Only records in it can be found missing.
#[derive(Clone, Debug)]
pub enum Scope {
    /// The whole dataset.
    All,
    /// Appointments that start at or after `from_ms` and before `until_ms`, and those without a readable start, which the
    /// CRM returns while they are near.
    Starting { from_ms: EpochMs, until_ms: EpochMs },
    /// The notes of these contacts.
    Of { contacts: Vec<ContactId> },
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

    /// Splits the scope into parts that fit into one statement each.
    fn parts(&self) -> Vec<Self> {
        match self {
            Self::Of { contacts } => contacts.chunks(1_000).map(|part| Self::Of { contacts: part.to_vec() }).collect(),
            other => vec![other.clone()],
        }
    }
}

/// The number of live records in a scope.
pub async fn live_count<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset, scope: &Scope) -> Result<i64> {
    let mut count = 0;
    for part in scope.parts() {
        let mut query = Query::new(&format!("SELECT COUNT(*) FROM {} WHERE gone_ms IS NULL AND tenant_id = ", table(dataset)));
        part.narrow(query.bind(tenant));
        count += query.number(conn).await?;
    }
    Ok(count)
}

/// The CRM IDs of the live records in a scope, each with the time of the first read that missed it.
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

/// The CRM IDs of live records that one read has already missed.
pub async fn missing_ids<C: Conn>(conn: &C, tenant: TenantId, dataset: Dataset) -> Result<Vec<String>> {
    let text =
        format!("SELECT crm_id FROM {} WHERE tenant_id = $1 AND gone_ms IS NULL AND missing_ms IS NOT NULL", table(dataset));
    let found = rows(conn, &text, [tenant.into()]).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// A change in whether the CRM has a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// A read found it again.
    Back,
    /// One complete read missed it, at this time.
    Missing(EpochMs),
    /// It counts as removed from the CRM, since this time.
    Gone(EpochMs),
}

/// Sets whether the CRM has these records.
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
