//! Opening either database, and beginning transactions that cannot starve each other.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::{Cipher, Result, Tx, migrations};

/// The database with the key that opens its secrets. Clones share one pool.
#[derive(Clone)]
pub struct Store {
    db: DatabaseConnection,
    cipher: Cipher,
}

impl Store {
    /// Opens the database; a missing SQLite file and its folder are made.
    ///
    /// # Errors
    /// When it cannot be reached or opened.
    pub async fn open(url: &DatabaseUrl, cipher: Cipher) -> Result<Self> {
        let db = match url {
            DatabaseUrl::Sqlite(path) => open_sqlite(path).await?,
            DatabaseUrl::Postgres(url) => open_postgres(url).await?,
        };
        Ok(Self { db, cipher })
    }

    /// Brings the tables up to this version; safe to call from several processes at once.
    ///
    /// # Errors
    /// When a migration fails; the ones before it stay.
    pub async fn migrate(&self) -> Result<()> {
        migrations::run(&self.db).await
    }

    /// Whether every migration of this version has been applied.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_migrated(&self) -> Result<bool> {
        migrations::are_applied(&self.db).await
    }

    /// For questions.
    pub fn conn(&self) -> &DatabaseConnection {
        &self.db
    }

    /// For writing. On SQLite it takes the write lock at once: one that read first and wrote later could be refused in the middle.
    ///
    /// Whoever stops waiting for it leaves no trace: a beginning that was cut would leave a connection of the pool in a transaction
    /// that nobody knows of, and what is written on it next would neither be kept nor let go. So it goes on by itself, and what
    /// nobody takes is rolled back.
    ///
    /// # Errors
    /// When the lock is not to be had in time.
    pub async fn begin(&self) -> Result<Tx> {
        let options =
            TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        let db = self.db.clone();
        let begun = tokio::spawn(async move { db.begin_with_options(options).await });
        Ok(begun.await.map_err(|stopped| DbErr::Custom(stopped.to_string()))??)
    }

    /// # Errors
    /// When the database could not make it last; nothing of it is written then.
    pub async fn commit(tx: Tx) -> Result<()> {
        Ok(tx.commit().await?)
    }

    pub fn cipher(&self) -> &Cipher {
        &self.cipher
    }

    pub async fn close(self) {
        // What is lost by an unclean close is nothing that was committed.
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
        // If this fails, opening the file says so more clearly.
        let _ = std::fs::create_dir_all(folder);
    }
    // The address is taken for a URL, in which a percent sign begins a code.
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
                // A bulk statement weighs hundreds of kilobytes, and lists of every length make ever new ones.
                .statement_cache_capacity(24)
        });
    Ok(Database::connect(options).await?)
}

async fn open_postgres(url: &str) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(16).acquire_timeout(Duration::from_secs(30)).sqlx_logging(false).test_before_acquire(false);
    Ok(Database::connect(options).await?)
}

/// Where the data lives: `sqlite:PATH` or `postgres://…`. Its `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(String),
    Postgres(String),
}

#[derive(Debug, thiserror::Error)]
#[error("write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
pub struct DatabaseUrlError;

impl DatabaseUrl {
    /// The file of a SQLite database.
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
