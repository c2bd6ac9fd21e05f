//! Migrated databases that tests copy, since copying takes less time than migrating.
//!
//! Every test runs in a process of its own, so templates are shared between processes: one of each kind per test program.
//! The first test that needs a template creates it under a lock. Its name contains the program's modification time, so a
//! rebuilt program, which may contain other migrations, makes its own.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use sea_orm::ConnectionTrait;
use secrecy::SecretString;
use tempfile::TempDir;
use tetherboard_store::{Cipher, DatabaseUrl, Store};

/// Identifies a build of a test program.
pub(crate) struct ProgramBuild {
    program: u64,
    build: u64,
}

impl ProgramBuild {
    /// The running program.
    pub(crate) fn current() -> Result<Self> {
        Self::of(&env::current_exe()?)
    }

    /// The program in a file.
    pub(crate) fn of(file: &Path) -> Result<Self> {
        let metadata = fs::metadata(file)?;
        Ok(Self { program: hash(file), build: hash((metadata.mtime(), metadata.mtime_nsec(), metadata.len())) })
    }

    /// A name without special characters.
    pub(crate) fn name(&self) -> String {
        format!("{}{:016x}", self.prefix(), self.build)
    }

    /// How the names of all builds of this program begin.
    fn prefix(&self) -> String {
        format!("{:016x}_", self.program)
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A folder of the temporary directory that belongs to the current user.
pub(crate) fn user_folder(name: &str, mode: u32) -> Result<(PathBuf, u32)> {
    let uid = tempfile::tempfile()?.metadata()?.uid();
    let folder = env::temp_dir().join(format!("{name}-{uid}"));
    DirBuilder::new().recursive(true).mode(mode).create(&folder)?;
    let owner = fs::symlink_metadata(&folder)?;
    ensure!(owner.is_dir() && owner.uid() == uid, "{} belongs to another user", folder.display());
    Ok((folder, uid))
}

/// The migrated SQLite file of this test program.
pub(crate) async fn sqlite_file() -> Result<PathBuf> {
    let build = ProgramBuild::current()?;
    let (folder, _) = user_folder("tetherboard-templates", 0o700)?;
    let file = folder.join(format!("{}.db", build.name()));
    if file.exists() {
        return Ok(file);
    }
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    // The previous holder of the lock may have created it.
    if !file.exists() {
        remove_older_builds(&folder, &build)?;
        let building = TempDir::new_in(&folder)?;
        let path = building.path().join("template.db");
        migrate(&format!("sqlite:{}", path.display())).await?;
        fs::rename(path, &file)?;
    }
    Ok(file)
}

fn remove_older_builds(folder: &Path, build: &ProgramBuild) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&build.prefix()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Migrates a database and closes it.
pub(crate) async fn migrate(url: &str) -> Result<()> {
    let url: DatabaseUrl = url.parse()?;
    // The migrations encrypt nothing, so any key will do.
    let cipher = Cipher::from_base64(&SecretString::from("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))?;
    let store = Store::open(&url, cipher).await?;
    store.migrate().await?;
    if let Some(file) = url.file() {
        // The copy consists of the database file alone.
        store.conn().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        let unwritten = fs::metadata(format!("{}-wal", file.display())).map_or(0, |log| log.len());
        ensure!(unwritten == 0, "the template's write-ahead log could not be emptied");
    }
    store.close().await;
    Ok(())
}
