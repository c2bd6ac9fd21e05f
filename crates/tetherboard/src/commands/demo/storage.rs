//! Where a demo keeps its database, and how it continues from there the next time.
//!
//! The simulated accounts are a pure function of their seed, their start, and the time, so the directory of a kept demo
//! stores no CRM data: with the start and the time, the simulator rebuilds the accounts that the database was read from.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tetherboard_domain::Clock;
use tetherboard_domain::EpochMs;
use tetherboard_simulator::{Config as World, Request, Simulator};
use tetherboard_store::{DatabaseUrl, Store, leases, runs, tenants};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::DAYS;

const PROGRESS: &str = "demo.json";
const LOCK: &str = "demo.lock";
const DATABASE: &str = "tetherboard.db";

/// The layout of a kept directory. Increase it when a directory from before can no longer be continued.
const FORMAT: u32 = 1;

/// How often a running demo saves its clock, in real time.
const SAVED_EVERY: Duration = Duration::from_secs(1);

/// The saved time is ahead of the clock by this much real time, so that a demo that was killed never goes back in time.
/// The CRM would then be older than the database, and records would seem to have been removed.
const SAVED_AHEAD: f64 = 5.0;

/// How far a demo has come; `demo.json` in the directory of a kept demo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    format: u32,
    /// A fingerprint of the simulated accounts: a version whose accounts differ must not read them into this database.
    accounts: String,
    /// When the simulated accounts start.
    pub(super) start: Timestamp,
    /// Whether the database has its brands and users.
    pub(super) is_set_up: bool,
    /// How many days of the history have been synced; all of them: `DAYS + 1`.
    pub(super) days_synced: i64,
    /// A time that the demo's clock has not passed.
    pub(super) clock: Timestamp,
}

/// The demo's database and progress.
pub(super) struct Storage {
    location: Location,
    pub(super) progress: Progress,
}

enum Location {
    /// The database that the settings name.
    Configured,
    /// A new directory, deleted when the demo ends.
    Temporary(PathBuf),
    /// The directory given with `--keep`, locked while the demo runs.
    Kept { directory: PathBuf, _lock: File },
}

impl Storage {
    /// Opens the directory to keep, or makes a temporary one unless a database is configured.
    ///
    /// # Errors
    /// When `keep` cannot be used; the message says what to do.
    pub(super) fn open(keep: Option<&Path>, has_database: bool, now: Timestamp) -> anyhow::Result<Self> {
        let start = now - SignedDuration::from_hours(24 * DAYS);
        match keep {
            Some(_) if has_database => {
                bail!("--keep stores its own database, but TETHERBOARD_DATABASE_URL is set; unset it, or leave out --keep")
            }
            Some(directory) => keep_in(directory, start),
            None if has_database => Ok(Self { location: Location::Configured, progress: Progress::new(start) }),
            None => {
                let directory = std::env::temp_dir().join(format!("tetherboard-demo-{}", std::process::id()));
                std::fs::create_dir_all(&directory).with_context(|| format!("could not create {}", directory.display()))?;
                Ok(Self { location: Location::Temporary(directory), progress: Progress::new(start) })
            }
        }
    }

    /// The demo's own database; `None`: the configured one.
    pub(super) fn database(&self) -> Option<DatabaseUrl> {
        let file = self.directory()?.join(DATABASE);
        Some(DatabaseUrl::Sqlite(file.to_string_lossy().into_owned()))
    }

    /// The directory that remains when the demo ends.
    pub(super) fn kept(&self) -> Option<&Path> {
        matches!(self.location, Location::Kept { .. }).then(|| self.directory()).flatten()
    }

    /// Whether the whole history has been synced, so that the portal can open.
    pub(super) fn has_history(&self) -> bool {
        self.progress.days_synced > DAYS
    }

    /// Prepares a database that an earlier process of this demo used.
    ///
    /// Moves the clock to the latest run, and ends the leases of a process that was killed: the directory's lock proves
    /// that it is gone, so nobody needs to wait until its leases expire.
    pub(super) async fn take_over(&mut self, store: &Store) -> anyhow::Result<()> {
        if self.kept().is_none() {
            return Ok(());
        }
        for tenant in tenants::list(store.conn()).await? {
            leases::claim(store.conn(), tenant.id, "demo", EpochMs::MAX, EpochMs(0)).await?;
            if let Some(run) = runs::newest(store.conn(), tenant.id, 1).await?.first() {
                let times = [Some(run.requested_ms), run.started_ms, run.finished_ms];
                let latest = times.into_iter().flatten().max().and_then(EpochMs::timestamp);
                self.progress.clock = self.progress.clock.max(latest.unwrap_or(Timestamp::MIN));
            }
        }
        Ok(())
    }

    /// Writes the progress of a kept demo; does nothing for any other.
    pub(super) fn save(&self) -> anyhow::Result<()> {
        self.kept().map_or(Ok(()), |directory| write(directory, &self.progress))
    }

    /// Saves a running clock until `stop`, always a little ahead.
    pub(super) fn save_clock(&self, clock: &Clock, speed: f64, stop: &CancellationToken) -> anyhow::Result<JoinHandle<()>> {
        let Some(directory) = self.kept().map(Path::to_owned) else { return Ok(tokio::spawn(async {})) };
        let (clock, stop, mut progress) = (clock.clone(), stop.clone(), self.progress.clone());
        let ahead = SignedDuration::try_from_secs_f64(SAVED_AHEAD * speed)?;
        progress.clock = clock.now() + ahead;
        write(&directory, &progress)?;
        Ok(tokio::spawn(async move {
            while tokio::time::timeout(SAVED_EVERY, stop.cancelled()).await.is_err() {
                progress.clock = clock.now() + ahead;
                if let Err(error) = write(&directory, &progress) {
                    tracing::error!(error = %crate::console::chain(&error), "the demo's clock could not be saved");
                }
            }
        }))
    }

    /// Deletes a temporary directory.
    pub(super) fn close(self) -> anyhow::Result<()> {
        match self.location {
            Location::Temporary(directory) => {
                std::fs::remove_dir_all(&directory).with_context(|| format!("{} could not be removed", directory.display()))
            }
            Location::Configured | Location::Kept { .. } => Ok(()),
        }
    }

    fn directory(&self) -> Option<&Path> {
        match &self.location {
            Location::Configured => None,
            Location::Temporary(directory) | Location::Kept { directory, .. } => Some(directory),
        }
    }
}

impl Progress {
    fn new(start: Timestamp) -> Self {
        Self { format: FORMAT, accounts: String::new(), start, is_set_up: false, days_synced: 0, clock: start }
    }
}

fn keep_in(directory: &Path, start: Timestamp) -> anyhow::Result<Storage> {
    let shown = directory.display();
    if directory.exists() && !directory.is_dir() {
        bail!("--keep: {shown} is a file; give a directory, which is created if it does not exist");
    }
    let no_access = || format!("--keep: cannot write to {shown}; choose a directory that you can write to");
    std::fs::create_dir_all(directory).with_context(no_access)?;
    let saved = match std::fs::read_to_string(directory.join(PROGRESS)) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(no_access),
    };
    if saved.is_none() && has_other_files(directory).with_context(no_access)? {
        bail!("--keep: {shown} has files that are not a demo's; choose a new or empty directory");
    }
    let lock = File::options().create(true).truncate(false).write(true).open(directory.join(LOCK)).with_context(no_access)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!("--keep: another demo is using {shown}; stop it, or choose another directory"),
        Err(TryLockError::Error(error)) => return Err(error).with_context(no_access),
    }
    let progress = match saved {
        Some(text) => continued(directory, &text)?,
        None => Progress { accounts: fingerprint(start), ..Progress::new(start) },
    };
    write(directory, &progress).with_context(no_access)?;
    Ok(Storage { location: Location::Kept { directory: directory.to_owned(), _lock: lock }, progress })
}

fn has_other_files(directory: &Path) -> std::io::Result<bool> {
    for entry in std::fs::read_dir(directory)? {
        if entry?.file_name() != LOCK {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The progress of an earlier demo, if this version can continue it.
fn continued(directory: &Path, text: &str) -> anyhow::Result<Progress> {
    let shown = directory.display();
    let saved: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    if saved["format"].as_u64().is_some_and(|format| format != u64::from(FORMAT)) {
        bail!("--keep: {shown} was made by another version of Tetherboard; delete it to start over, or choose another directory");
    }
    let Ok(progress) = serde_json::from_value::<Progress>(saved) else {
        bail!("--keep: {shown}/{PROGRESS} is damaged; delete {shown} to start over, or choose another directory");
    };
    if progress.accounts != fingerprint(progress.start) {
        bail!(
            "--keep: {shown} was made by a version of Tetherboard that simulates other accounts; delete it to start over, or \
             choose another directory"
        );
    }
    let files = [DATABASE.to_owned(), format!("{DATABASE}.key")];
    if progress.is_set_up {
        if let Some(missing) = files.iter().find(|file| !directory.join(file).exists()) {
            bail!("--keep: {shown}/{missing} is missing; restore it, or delete {shown} to start over");
        }
    } else {
        // Killed before its brands and users were all there: seconds of work, done again from the start.
        for suffix in ["", "-wal", "-shm"] {
            match std::fs::remove_file(directory.join(format!("{DATABASE}{suffix}"))) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("--keep: cannot start over in {shown}"));
                }
                _ => {}
            }
        }
    }
    Ok(progress)
}

/// Replaces the file at once: a kill leaves the old or the new one.
fn write(directory: &Path, progress: &Progress) -> anyhow::Result<()> {
    let (path, new) = (directory.join(PROGRESS), directory.join(format!("{PROGRESS}.new")));
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(progress)?)?;
        file.sync_data()?;
        std::fs::rename(&new, &path)
    };
    write().with_context(|| format!("could not write {}", path.display()))
}

/// Identifies what the simulator makes of the demo's accounts from `start` on, by their records a month after the history.
fn fingerprint(start: Timestamp) -> String {
    let clock = Clock::standing_at(start);
    let simulator = Simulator::new(World::demo(), clock.clone());
    clock.set(start + SignedDuration::from_hours(24 * (DAYS + 30)));
    let mut hash = blake3::Hasher::new();
    for account in simulator.accounts() {
        for request in Request::ALL {
            for record in simulator.records(account.index, request) {
                // The order of fields depends on how serde_json is compiled.
                let fields: BTreeMap<String, String> =
                    record.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.to_string())).collect();
                hash.update(format!("{fields:?}").as_bytes());
            }
        }
    }
    hash.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-27T15:00:00Z".parse().unwrap()
    }

    fn refused(directory: &Path) -> String {
        match Storage::open(Some(directory), false, now()) {
            Ok(_) => panic!("{} was accepted", directory.display()),
            Err(error) => crate::console::chain(&error),
        }
    }

    #[test]
    fn a_directory_that_cannot_be_kept_is_refused_with_what_to_do() {
        let home = TempDir::new().unwrap();
        let file = home.path().join("file");
        std::fs::write(&file, "x").unwrap();
        assert!(refused(&file).contains("is a file; give a directory"));
        assert!(refused(&file.join("below")).contains("choose a directory that you can write to"));
        assert!(refused(home.path()).contains("choose a new or empty directory"));
        let Err(error) = Storage::open(Some(home.path()), true, now()) else { panic!("a configured database was ignored") };
        assert!(error.to_string().contains("unset it, or leave out --keep"), "{error}");
    }

    #[test]
    fn a_directory_of_another_version_or_without_its_database_is_refused() {
        let home = TempDir::new().unwrap();
        let mut kept = Storage::open(Some(home.path()), false, now()).unwrap();
        assert!(refused(home.path()).contains("another demo is using"));
        kept.progress.is_set_up = true;
        kept.save().unwrap();
        let (saved, path) = (kept.progress.clone(), home.path().join(PROGRESS));
        drop(kept);
        assert!(refused(home.path()).contains("tetherboard.db is missing; restore it"));
        write(home.path(), &Progress { accounts: "other".to_owned(), ..saved.clone() }).unwrap();
        assert!(refused(home.path()).contains("simulates other accounts; delete it to start over"));
        write(home.path(), &Progress { format: FORMAT + 1, ..saved }).unwrap();
        assert!(refused(home.path()).contains("another version of Tetherboard; delete it to start over"));
        std::fs::write(path, "{").unwrap();
        assert!(refused(home.path()).contains("demo.json is damaged; delete"));
    }

    #[test]
    fn a_demo_killed_before_it_was_set_up_starts_with_an_empty_database() {
        let home = TempDir::new().unwrap();
        drop(Storage::open(Some(home.path()), false, now()).unwrap());
        let database = home.path().join(DATABASE);
        std::fs::write(&database, "half of it").unwrap();
        let kept = Storage::open(Some(home.path()), false, now() + SignedDuration::from_hours(1)).unwrap();
        assert!(!database.exists());
        assert_eq!(kept.progress.start, now() - SignedDuration::from_hours(24 * DAYS), "it starts when the first one did");
    }

    #[tokio::test]
    async fn the_saved_clock_is_ahead_of_the_running_one() {
        let home = TempDir::new().unwrap();
        let kept = Storage::open(Some(home.path()), false, now()).unwrap();
        let (clock, stop) = (Clock::standing_at(now()), CancellationToken::new());
        let saving = kept.save_clock(&clock, 60.0, &stop).unwrap();
        stop.cancel();
        saving.await.unwrap();
        drop(kept);
        let kept = Storage::open(Some(home.path()), false, now()).unwrap();
        assert_eq!(kept.progress.clock, now() + SignedDuration::from_secs(300));
    }
}
