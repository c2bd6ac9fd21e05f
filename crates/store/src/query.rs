//! The small layer between our SQL text and the two databases.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, ExecResult, FromQueryResult, QueryResult, Statement,
    Value,
};

use crate::Result;

/// What a question is asked of: the pool, or a transaction.
pub trait Conn: ConnectionTrait {}
impl Conn for DatabaseConnection {}
impl Conn for DatabaseTransaction {}

/// A write transaction. It is rolled back unless it is committed.
pub type Tx = DatabaseTransaction;

pub(crate) async fn execute<C: Conn>(conn: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Result<ExecResult> {
    Ok(conn.execute_raw(statement(conn, text, values)).await?)
}

pub(crate) async fn all<C: Conn, R: FromQueryResult>(
    conn: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<R>> {
    let rows = conn.query_all_raw(statement(conn, text, values)).await?;
    rows.iter().map(|row| Ok(R::from_query_result(row, "")?)).collect()
}

pub(crate) async fn one<C: Conn, R: FromQueryResult>(
    conn: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<R>> {
    match conn.query_one_raw(statement(conn, text, values)).await? {
        Some(row) => Ok(Some(R::from_query_result(&row, "")?)),
        None => Ok(None),
    }
}

/// The rows as they come, read by position: for the hot paths.
pub(crate) async fn rows<C: Conn>(conn: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<QueryResult>> {
    Ok(conn.query_all_raw(statement(conn, text, values)).await?)
}

/// One BIGINT, 0 when there is no row or it is NULL.
pub(crate) async fn number<C: Conn>(conn: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Result<i64> {
    match conn.query_one_raw(statement(conn, text, values)).await? {
        Some(row) => Ok(row.try_get_by_index::<Option<i64>>(0)?.unwrap_or(0)),
        None => Ok(0),
    }
}

fn statement<C: Conn>(conn: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), text, values)
}

pub(crate) fn is_sqlite<C: Conn>(conn: &C) -> bool {
    conn.get_database_backend() == DbBackend::Sqlite
}

/// SQL text that grows together with its parameters.
pub(crate) struct Query {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Query {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends `$n` for a value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Appends `($a, $b, …)`; `(NULL)`, which nothing equals, for an empty list.
    pub(crate) fn bind_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        self.push("(");
        let mut first = true;
        for value in values {
            if !first {
                self.push(", ");
            }
            first = false;
            self.bind(value);
        }
        if first {
            self.push("NULL");
        }
        self.push(")")
    }

    pub(crate) async fn all<C: Conn, R: FromQueryResult>(self, conn: &C) -> Result<Vec<R>> {
        all(conn, &self.text, self.values).await
    }

    pub(crate) async fn rows<C: Conn>(self, conn: &C) -> Result<Vec<QueryResult>> {
        rows(conn, &self.text, self.values).await
    }

    pub(crate) async fn number<C: Conn>(self, conn: &C) -> Result<i64> {
        number(conn, &self.text, self.values).await
    }

    pub(crate) async fn execute<C: Conn>(self, conn: &C) -> Result<ExecResult> {
        execute(conn, &self.text, self.values).await
    }
}

/// How a table is written in bulk: its columns, and how many of the first of them are its key.
pub(crate) struct Bulk {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) key: usize,
    /// Columns that a row keeps from its first insert.
    pub(crate) keep: &'static [&'static str],
}

/// SQLite takes 32,766 parameters a statement, PostgreSQL 65,535.
const MAX_PARAMETERS: usize = 30_000;

/// Inserts rows, or updates those whose key is there. Keys must not repeat within `rows`.
pub(crate) async fn upsert<C: Conn>(conn: &C, bulk: &Bulk, rows: Vec<Vec<Value>>) -> Result<()> {
    let key = bulk.columns[..bulk.key].join(", ");
    let updates: Vec<String> = bulk.columns[bulk.key..]
        .iter()
        .filter(|column| !bulk.keep.contains(*column))
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    let on_conflict = match updates.is_empty() {
        true => format!(" ON CONFLICT ({key}) DO NOTHING"),
        false => format!(" ON CONFLICT ({key}) DO UPDATE SET {}", updates.join(", ")),
    };
    let chunk = (MAX_PARAMETERS / bulk.columns.len()).min(200);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut query = Query::new(&format!("INSERT INTO {} ({}) VALUES ", bulk.table, bulk.columns.join(", ")));
        for (i, row) in rows.by_ref().take(chunk).enumerate() {
            if i > 0 {
                query.push(", ");
            }
            query.bind_list(row);
        }
        query.push(&on_conflict);
        query.execute(conn).await?;
    }
    Ok(())
}
