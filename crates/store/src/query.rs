//! Runs SQL text on either database: helpers for fixed statements, a builder for dynamic ones, and the bulk upsert.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, ExecResult, FromQueryResult, QueryResult, Statement,
    Value,
};

use crate::{Result, StoreError};

/// A connection that can run queries: the pool or a transaction.
pub trait Conn: ConnectionTrait {}
impl Conn for DatabaseConnection {}
impl Conn for DatabaseTransaction {}

/// A write transaction. Dropping it without a commit rolls it back.
pub type Tx = DatabaseTransaction;

/// Runs a statement that returns no rows.
pub(crate) async fn execute<C: Conn>(conn: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Result<ExecResult> {
    Ok(conn.execute_raw(statement(conn, text, values)).await?)
}

/// All rows of a query.
pub(crate) async fn all<C: Conn, R: FromQueryResult>(
    conn: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<R>> {
    let rows = conn.query_all_raw(statement(conn, text, values)).await?;
    rows.iter().map(|row| Ok(R::from_query_result(row, "")?)).collect()
}

/// The first row of a query.
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

/// The raw rows, to be read by column index. Faster than [`all`].
pub(crate) async fn rows<C: Conn>(conn: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<QueryResult>> {
    Ok(conn.query_all_raw(statement(conn, text, values)).await?)
}

/// One BIGINT. Returns 0 if there is no row or the value is NULL.
pub(crate) async fn number<C: Conn>(conn: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Result<i64> {
    match conn.query_one_raw(statement(conn, text, values)).await? {
        Some(row) => Ok(row.try_get_by_index::<Option<i64>>(0)?.unwrap_or(0)),
        None => Ok(0),
    }
}

fn statement<C: Conn>(conn: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), text, values)
}

/// The error for stored data that is missing or damaged.
pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError(sea_orm::DbErr::Custom(what.to_owned()))
}

/// Whether the database is SQLite.
pub(crate) fn is_sqlite<C: Conn>(conn: &C) -> bool {
    conn.get_database_backend() == DbBackend::Sqlite
}

/// A statement that is built together with its parameters.
pub(crate) struct Query {
    text: String,
    values: Vec<Value>,
    /// How many of the values the initial text refers to by number.
    numbered: usize,
}

/// Stands for the next parameter until the database is known. It occurs in no SQL of ours.
const PLACEHOLDER: char = '\u{1}';

impl Query {
    /// Starts from text without parameters.
    pub(crate) fn new(text: &str) -> Self {
        Self::numbered(text, [])
    }

    /// Starts from text that refers to its values as `$1` to `$n`.
    pub(crate) fn numbered(text: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let values: Vec<Value> = values.into_iter().collect();
        Self { text: text.to_owned(), numbered: values.len(), values }
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a parameter for a value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push(PLACEHOLDER);
        self
    }

    /// PostgreSQL needs numbered parameters. SQLite searches a list for each numbered one, which is slow with a thousand, so
    /// it gets `?` where the parameters are in order.
    fn into_statement<C: Conn>(self, conn: &C) -> Statement {
        let unnumbered = is_sqlite(conn) && self.numbered == 0;
        let mut number = self.numbered;
        let mut text = String::with_capacity(self.text.len() + 5 * self.values.len());
        for part in self.text.split_inclusive(PLACEHOLDER) {
            match part.strip_suffix(PLACEHOLDER) {
                None => text.push_str(part),
                Some(before) => {
                    number += 1;
                    text.push_str(before);
                    text.push_str(&if unnumbered { "?".to_owned() } else { format!("${number}") });
                }
            }
        }
        Statement::from_sql_and_values(conn.get_database_backend(), text, self.values)
    }

    /// Appends `(…)` with a parameter for each value. An empty list becomes `(NULL)`, which matches nothing.
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

    /// Runs the query and returns all rows.
    pub(crate) async fn all<C: Conn, R: FromQueryResult>(self, conn: &C) -> Result<Vec<R>> {
        self.rows(conn).await?.iter().map(|row| Ok(R::from_query_result(row, "")?)).collect()
    }

    /// Runs the query and returns the raw rows, to be read by column index.
    pub(crate) async fn rows<C: Conn>(self, conn: &C) -> Result<Vec<QueryResult>> {
        Ok(conn.query_all_raw(self.into_statement(conn)).await?)
    }

    /// Runs the query and returns one BIGINT. Returns 0 if there is no row or the value is NULL.
    pub(crate) async fn number<C: Conn>(self, conn: &C) -> Result<i64> {
        let row = conn.query_one_raw(self.into_statement(conn)).await?;
        Ok(row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten().unwrap_or(0))
    }

    /// Runs the statement, which returns no rows.
    pub(crate) async fn execute<C: Conn>(self, conn: &C) -> Result<ExecResult> {
        Ok(conn.execute_raw(self.into_statement(conn)).await?)
    }
}

/// How rows of a table are upserted.
pub(crate) struct Bulk<'a> {
    pub(crate) table: &'a str,
    /// All columns, those of the key first.
    pub(crate) columns: &'a [&'a str],
    /// The number of key columns.
    pub(crate) key: usize,
    /// Columns that an existing row keeps.
    pub(crate) keep: &'a [&'a str],
}

/// Rows per statement: enough to amortize its cost, few enough to keep the prepared statement small.
const ROWS_PER_STATEMENT: usize = 50;

/// Inserts rows, and updates those whose key exists. Keys must not repeat within `rows`.
pub(crate) async fn upsert<C: Conn>(conn: &C, bulk: &Bulk<'_>, rows: Vec<Vec<Value>>) -> Result<()> {
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
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut query = Query::new(&format!("INSERT INTO {} ({}) VALUES ", bulk.table, bulk.columns.join(", ")));
        for (i, row) in rows.by_ref().take(ROWS_PER_STATEMENT).enumerate() {
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
