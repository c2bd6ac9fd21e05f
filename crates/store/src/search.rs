//! The stored texts that searches read, and their preparation after an update that compares letters in a new way.

use sea_orm::{FromQueryResult, Value};
use tetherboard_domain::{FragmentSearch, SEARCH_VERSION, TenantId, phone_fragments, search_fragments, search_words};

use crate::query::{Query, execute, number};
use crate::{Conn, Result, Store};

/// What a contact is found by.
pub(crate) fn of_lead(name: &str, company: &str, email: &str, phone: &str, market: &str) -> String {
    // The name comes first, so that matches at its beginning can be listed first.
    [search_fragments([name, company, email]), phone_fragments(phone), search_fragments([market])].join("\n")
}

/// What a deal is found by, apart from its contact.
pub(crate) fn of_deal(name: &str, title: &str) -> String {
    search_fragments([name, title])
}

/// Requires a row's `search` to contain every word and phone number of `text`. Text with neither matches nothing; a blank one
/// does not restrict.
pub(crate) fn find(query: &mut Query, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    let search = FragmentSearch::parse(text);
    if search.is_empty() {
        query.push(" AND 1 = 0");
    }
    for ways in search.all() {
        query.push(" AND (");
        for (way_no, way) in ways.iter().enumerate() {
            query.push(if way_no == 0 { "(" } else { " OR (" });
            for (at, fragment) in way.iter().enumerate() {
                query.push(if at == 0 { "" } else { " AND " });
                query.push("search LIKE ").bind(format!("%{fragment}%"));
            }
            query.push(")");
        }
        query.push(")");
    }
}

/// Whether the stored texts are of this version, or of a newer one that shares the database.
pub(crate) async fn is_prepared<C: Conn>(conn: &C) -> Result<bool> {
    Ok(number(conn, "SELECT version FROM search_versions", []).await? >= SEARCH_VERSION)
}

/// Prepares the texts of another version again, in one transaction. Does nothing if another process did so first.
pub(crate) async fn prepare(store: &Store) -> Result<()> {
    if is_prepared(store.conn()).await? {
        return Ok(());
    }
    let tx = store.begin().await?;
    // Locks the row on PostgreSQL; on SQLite the transaction has the write lock.
    execute(&tx, "UPDATE search_versions SET version = version", []).await?;
    if !is_prepared(&tx).await? {
        for texts in [&LEADS, &DEALS, &NOTES] {
            texts.prepare(&tx).await?;
        }
        execute(&tx, "UPDATE search_versions SET version = $1", [SEARCH_VERSION.into()]).await?;
    }
    Store::commit(tx).await
}

/// A table with a `search` column.
struct Texts {
    table: &'static str,
    /// The columns that it is made of, as five texts.
    columns: &'static str,
    search: fn([&str; 5]) -> String,
    /// Rows per query. A note can be a megabyte long.
    batch: i64,
}

const LEADS: Texts = Texts {
    table: "leads",
    columns: "name AS a, company AS b, email AS c, phone AS d, market AS e",
    search: |[name, company, email, phone, market]| of_lead(name, company, email, phone, market),
    batch: 1_000,
};

const DEALS: Texts = Texts {
    table: "pipeline_items",
    columns: "name AS a, title AS b, '' AS c, '' AS d, '' AS e",
    search: |[name, title, ..]| of_deal(name, title),
    batch: 1_000,
};

const NOTES: Texts = Texts {
    table: "notes",
    columns: "body AS a, '' AS b, '' AS c, '' AS d, '' AS e",
    search: |[body, ..]| search_words(body),
    batch: 32,
};

#[derive(FromQueryResult)]
struct Row {
    tenant_id: TenantId,
    crm_id: String,
    search: String,
    a: String,
    b: String,
    c: String,
    d: String,
    e: String,
}

impl Texts {
    async fn prepare<C: Conn>(&self, conn: &C) -> Result<()> {
        let Self { table, columns, .. } = self;
        let select = format!(
            "SELECT tenant_id, crm_id, search, {columns} FROM {table} WHERE (tenant_id, crm_id) > ($1, $2) \
             ORDER BY tenant_id, crm_id LIMIT $3"
        );
        let update = format!("UPDATE {table} SET search = $3 WHERE tenant_id = $1 AND crm_id = $2");
        let mut after = (TenantId(i64::MIN), String::new());
        loop {
            let values: [Value; 3] = [after.0.into(), after.1.clone().into(), self.batch.into()];
            let rows: Vec<Row> = crate::query::all(conn, &select, values).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = (last.tenant_id, last.crm_id.clone());
            for row in rows {
                let search = (self.search)([&row.a, &row.b, &row.c, &row.d, &row.e]);
                // Most texts stay the same, and each change updates the full-text index.
                if search != row.search {
                    execute(conn, &update, [row.tenant_id.into(), row.crm_id.into(), search.into()]).await?;
                }
            }
        }
    }
}
