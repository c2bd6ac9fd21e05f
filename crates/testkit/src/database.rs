//! A database for one test alone.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;
use secrecy::SecretString;
use tempfile::TempDir;
use tetherboard_store::{Cipher, DatabaseUrl, Store};

use crate::postgres::PostgresDatabase;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A database that ends with the test, with all that a child process needs to be started on it.
pub struct TestDatabase {
    pub store: Store,
    url: String,
    key: String,
    // Dropped after the store that is open on it.
    _home: Home,
}

#[expect(dead_code, reason = "held to be dropped")]
enum Home {
    Folder(TempDir),
    Server(PostgresDatabase),
}

/// A database with all its tables.
///
/// # Panics
/// When it cannot be had. That PostgreSQL is not installed is a failure, not a reason to skip a test.
pub async fn fresh(kind: Kind) -> TestDatabase {
    let db = empty(kind).await;
    db.store.migrate().await.expect("the tables can be made");
    db
}

/// A database without tables.
///
/// # Panics
/// As [`fresh`].
pub async fn empty(kind: Kind) -> TestDatabase {
    TestDatabase::open(kind).await.unwrap_or_else(|error| panic!("{error:#}"))
}

impl TestDatabase {
    async fn open(kind: Kind) -> Result<Self> {
        let (url, home) = match kind {
            Kind::Sqlite => {
                let folder = TempDir::new()?;
                let file = folder.path().join("tetherboard.db");
                (format!("sqlite:{}", file.display()), Home::Folder(folder))
            }
            Kind::Postgres => {
                let database = PostgresDatabase::create().await?;
                (database.url().to_string(), Home::Server(database))
            }
        };
        let key = STANDARD.encode(rand::rng().random::<[u8; 32]>());
        let store = open(&url, &key).await.with_context(|| format!("the {kind:?} database could not be opened"))?;
        Ok(Self { store, url, key, _home: home })
    }

    /// As in `TETHERBOARD_DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// As in `TETHERBOARD_SECRET_KEY`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The same database through connections of its own, as another process has it.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn reopen(&self) -> Store {
        open(&self.url, &self.key).await.expect("the database can be opened again")
    }
}

async fn open(url: &str, key: &str) -> Result<Store> {
    let url: DatabaseUrl = url.parse()?;
    Ok(Store::open(&url, Cipher::from_base64(&SecretString::from(key))?).await?)
}
