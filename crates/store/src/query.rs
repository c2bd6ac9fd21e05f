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
    text: String,
    values: Vec<Value>,
    /// Values that the text it began with names by number itself.
    numbered: usize,
}

/// Stands for the next parameter until the database is known; no SQL of ours holds it.
const MARK: char = '\u{1}';

impl Query {
    pub(crate) fn new(text: &str) -> Self {
        Self::numbered(text, [])
    }

    /// Text that names its first values `$1` to `$n`.
    pub(crate) fn numbered(text: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let values: Vec<Value> = values.into_iter().collect();
        Self { text: text.to_owned(), numbered: values.len(), values }
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a parameter for a value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push(MARK);
        self
    }

    /// PostgreSQL wants numbers. SQLite looks each number up in a list of all, which makes a thousand of them slow, so
    /// it gets bare marks where their order is the values'.
    fn finished<C: Conn>(self, conn: &C) -> Statement {
        let bare = is_sqlite(conn) && self.numbered == 0;
        let mut number = self.numbered;
        let mut text = String::with_capacity(self.text.len() + 5 * self.values.len());
        for part in self.text.split_inclusive(MARK) {
            match part.strip_suffix(MARK) {
                None => text.push_str(part),
                Some(before) => {
                    number += 1;
                    text.push_str(before);
                    text.push_str(&if bare { "?".to_owned() } else { format!("${number}") });
                }
            }
        }
        Statement::from_sql_and_values(conn.get_database_backend(), text, self.values)
    }

    /// Appends `(…)` with a parameter for each value; `(NULL)`, which nothing equals, for an empty list.
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
        self.rows(conn).await?.iter().map(|row| Ok(R::from_query_result(row, "")?)).collect()
    }

    pub(crate) async fn rows<C: Conn>(self, conn: &C) -> Result<Vec<QueryResult>> {
        Ok(conn.query_all_raw(self.finished(conn)).await?)
    }

    pub(crate) async fn number<C: Conn>(self, conn: &C) -> Result<i64> {
        let row = conn.query_one_raw(self.finished(conn)).await?;
        Ok(row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten().unwrap_or(0))
    }

    pub(crate) async fn execute<C: Conn>(self, conn: &C) -> Result<ExecResult> {
        Ok(conn.execute_raw(self.finished(conn)).await?)
    }
}

/// How a table is written in bulk: its columns, and how many of the first of them are its key.
pub(crate) struct Bulk<'a> {
    pub(crate) table: &'a str,
    pub(crate) columns: &'a [&'a str],
    pub(crate) key: usize,
    /// Columns that a row keeps from its first insert.
    pub(crate) keep: &'a [&'a str],
}

/// Rows to a statement: enough to spread its cost, few enough that the prepared statement stays small.
const ROWS_A_STATEMENT: usize = 50;

/// Inserts rows, or updates those whose key is there. Keys must not repeat within `rows`.
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
        for (i, row) in rows.by_ref().take(ROWS_A_STATEMENT).enumerate() {
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
