//! Opens either database and begins write transactions.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::{Cipher, Result, Tx, migrations, search};

/// An open database and the cipher for its secrets. Clones share one connection pool.
#[derive(Clone)]
pub struct Store {
    db: DatabaseConnection,
    cipher: Cipher,
}

impl Store {
    /// Opens the database. Creates a missing SQLite file and its folder.
    pub async fn open(url: &DatabaseUrl, cipher: Cipher) -> Result<Self> {
        let db = match url {
            DatabaseUrl::Sqlite(path) => open_sqlite(path).await?,
            DatabaseUrl::Postgres(url) => open_postgres(url).await?,
        };
        Ok(Self { db, cipher })
    }

    /// Applies the pending migrations in one transaction, and prepares stored texts for search if that has changed. Several
    /// processes may call it at once.
    pub async fn migrate(&self) -> Result<()> {
        migrations::run(&self.db).await?;
        search::prepare(self).await
    }

    /// Whether every migration of this version has been applied, and stored texts are prepared for its searches.
    pub async fn is_migrated(&self) -> Result<bool> {
        Ok(migrations::are_applied(&self.db).await? && search::is_prepared(&self.db).await?)
    }

    /// The connection pool, for queries outside a transaction.
    pub fn conn(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Begins a write transaction. On SQLite it takes the write lock at once, since upgrading a read lock later can fail.
    ///
    /// The transaction begins in its own task, so that dropping this future is safe: if it was dropped halfway, a pooled
    /// connection would stay inside an unknown transaction, and later writes on it would be neither committed nor rolled
    /// back. A transaction that nobody receives is rolled back.
    ///
    /// # Errors
    /// Also fails if the write lock is not free within 30 seconds.
    pub async fn begin(&self) -> Result<Tx> {
        let options =
            TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        let db = self.db.clone();
        let begun = tokio::spawn(async move { db.begin_with_options(options).await });
        Ok(begun.await.map_err(|stopped| DbErr::Custom(stopped.to_string()))??)
    }

    /// Commits a transaction. If that fails, nothing is written.
    pub async fn commit(tx: Tx) -> Result<()> {
        Ok(tx.commit().await?)
    }

    /// The cipher for the secrets in the database.
    pub fn cipher(&self) -> &Cipher {
        &self.cipher
    }

    /// Closes the connection pool.
    pub async fn close(self) {
        // A failure is harmless: everything committed is already on disk.
        let _ = self.db.close().await;
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({:?})", self.db.get_database_backend())
    }
}

async fn open_sqlite(path: &str) -> Result<DatabaseConnection> {
    if let Some(folder) = PathBuf::from(path).parent() {
        // If this fails, opening the file gives the clearer error.
        let _ = std::fs::create_dir_all(folder);
    }
    // The path is parsed as part of a URL, where a percent sign starts an escape.
    let mut options = ConnectOptions::new(format!("sqlite:{}?mode=rwc", path.replace('%', "%25")));
    options
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(30))
        .sqlx_logging(false)
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "NORMAL")
                .pragma("foreign_keys", "ON")
                .pragma("temp_store", "MEMORY")
                .pragma("cache_size", "-2000")
                .busy_timeout(Duration::from_secs(30))
                // A bulk statement takes hundreds of kilobytes, and each list length makes a different one.
                .statement_cache_capacity(24)
        });
    Ok(Database::connect(options).await?)
}

async fn open_postgres(url: &str) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(16).acquire_timeout(Duration::from_secs(30)).sqlx_logging(false).test_before_acquire(false);
    Ok(Database::connect(options).await?)
}

/// The database's address: `sqlite:PATH` or `postgres://…`. `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The path of a SQLite file.
    Sqlite(String),
    /// A PostgreSQL URL, password included.
    Postgres(String),
}

/// The text is not a database URL.
#[derive(Debug, thiserror::Error)]
#[error("write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
pub struct DatabaseUrlError;

impl DatabaseUrl {
    /// The file of a SQLite database; `None` for PostgreSQL.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) => Some(PathBuf::from(path)),
            Self::Postgres(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> std::result::Result<Self, DatabaseUrlError> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            let path = path.split('?').next().unwrap_or(path);
            return if path.is_empty() || path.contains(":memory:") {
                Err(DatabaseUrlError)
            } else {
                Ok(Self::Sqlite(path.to_owned()))
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(DatabaseUrlError)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{path}"),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}
