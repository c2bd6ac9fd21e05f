//! A database for a single test.

use std::fs;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;
use secrecy::SecretString;
use tempfile::TempDir;
use tetherboard_store::{Cipher, DatabaseUrl, Store};

use crate::postgres::PostgresDatabase;
use crate::template;

/// The kind of database that a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A SQLite file in a temporary folder.
    Sqlite,
    /// A database on the shared PostgreSQL server.
    Postgres,
}

/// A database that is deleted after the test, and the settings with which a child process opens it.
pub struct TestDatabase {
    /// An open store.
    pub store: Store,
    url: String,
    key: String,
    // Dropped after the store, which has it open.
    _storage: Storage,
}

/// Where the database is. Dropping it deletes the database.
#[expect(dead_code, reason = "held only for its Drop")]
enum Storage {
    Folder(TempDir),
    Server(PostgresDatabase),
}

/// Creates a database with all tables.
///
/// # Panics
///
/// Panics if that fails. A missing PostgreSQL fails the test; it does not skip it.
pub async fn fresh(kind: Kind) -> TestDatabase {
    TestDatabase::open(kind, Contents::Tables).await.unwrap_or_else(|error| panic!("{error:#}"))
}

/// Creates a database without tables.
///
/// # Panics
///
/// Panics if that fails, as [`fresh`] does.
pub async fn empty(kind: Kind) -> TestDatabase {
    TestDatabase::open(kind, Contents::Nothing).await.unwrap_or_else(|error| panic!("{error:#}"))
}

/// What a new database contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    Nothing,
    /// All tables, copied from a template.
    Tables,
}

impl TestDatabase {
    async fn open(kind: Kind, contents: Contents) -> Result<Self> {
        let (url, storage) = match kind {
            Kind::Sqlite => {
                let folder = TempDir::new()?;
                let file = folder.path().join("tetherboard.db");
                if contents == Contents::Tables {
                    fs::copy(template::sqlite_file().await?, &file)?;
                }
                (format!("sqlite:{}", file.display()), Storage::Folder(folder))
            }
            Kind::Postgres => {
                let database = PostgresDatabase::create(contents).await?;
                (database.url().to_string(), Storage::Server(database))
            }
        };
        let key = STANDARD.encode(rand::rng().random::<[u8; 32]>());
        let store = open(&url, &key).await.with_context(|| format!("could not open the {kind:?} database"))?;
        Ok(Self { store, url, key, _storage: storage })
    }

    /// The value for `TETHERBOARD_DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The value for `TETHERBOARD_SECRET_KEY`, in base64.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Opens the database again with separate connections, as another process would.
    ///
    /// # Panics
    ///
    /// Panics if the database cannot be opened.
    pub async fn reopen(&self) -> Store {
        open(&self.url, &self.key).await.expect("the database can be opened again")
    }
}

async fn open(url: &str, key: &str) -> Result<Store> {
    let url: DatabaseUrl = url.parse()?;
    Ok(Store::open(&url, Cipher::from_base64(&SecretString::from(key))?).await?)
}
