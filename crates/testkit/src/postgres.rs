//! One PostgreSQL server for all tests, a database for each.
//!
//! Tests run in many processes at once, so the first that needs the server starts it, under a file lock, in a folder of
//! the temporary directory named after the user; the others find it there. It listens on a socket in that folder alone,
//! writes carelessly (a crash may lose everything), and is left running for the next test run. One that does not answer
//! is stopped and made anew. Databases of test processes that were killed are dropped by the next that comes.
//!
//! It sorts and folds text by ICU's English, as most servers in use do by one language or another: what holds here and on
//! SQLite, which compares bytes, does not depend on the order of letters.
//!
//! `TETHERBOARD_TEST_POSTGRES_URL` names another server to use instead. Its user must be allowed to create databases.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use url::Url;
use uuid::Uuid;

const MISSING: &str = "PostgreSQL was not found: install the Debian package `postgresql` (15 or later), \
                       or name a server in TETHERBOARD_TEST_POSTGRES_URL";

/// A database on the shared server, dropped with this value.
pub(crate) struct PostgresDatabase {
    server: Url,
    name: String,
}

impl PostgresDatabase {
    pub(crate) async fn create() -> Result<Self> {
        let server = match env::var("TETHERBOARD_TEST_POSTGRES_URL") {
            Ok(url) => url.parse().context("TETHERBOARD_TEST_POSTGRES_URL is not an address")?,
            Err(_) => Server::of_this_user()?.running().await?,
        };
        let name = format!("{PREFIX}{}_{}", std::process::id(), Uuid::now_v7().simple());
        let db = connect(&server).await?;
        db.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
        db.close().await?;
        Ok(Self { server, name })
    }

    pub(crate) fn url(&self) -> Url {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        // The test's runtime cannot be waited for from here; one that fails to drop its database leaves it to be swept.
        let dropping = thread::spawn(move || -> Result<()> {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
                let db = connect(&server).await?;
                drop_database(&db, &name).await?;
                Ok(db.close().await?)
            })
        });
        let _ = dropping.join();
    }
}

async fn connect(server: &Url) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(server.as_str());
    options.max_connections(1).acquire_timeout(Duration::from_secs(20)).sqlx_logging(false).test_before_acquire(false);
    Database::connect(options).await.context("the PostgreSQL server for tests did not answer")
}

async fn drop_database(db: &DatabaseConnection, name: &str) -> Result<()> {
    db.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    Ok(())
}

/// Then comes the number of the process that the database belongs to.
const PREFIX: &str = "tetherboard_test_";

/// Drops the databases whose processes have ended. Another may be sweeping too, so no failure counts.
async fn sweep(db: &DatabaseConnection) {
    let text = format!("SELECT datname::text FROM pg_database WHERE datname LIKE '{PREFIX}%'");
    let found = db.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await.unwrap_or_default();
    let names = found.iter().filter_map(|row| row.try_get_by_index::<String>(0).ok());
    for name in names.filter(|name| !owner_lives(name)) {
        let _ = drop_database(db, &name).await;
    }
}

fn owner_lives(name: &str) -> bool {
    let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()).unwrap_or_default();
    !Path::new("/proc/self").exists() || Path::new("/proc").join(process).exists()
}

/// The server's folder, and who runs it.
struct Server {
    folder: PathBuf,
    /// PostgreSQL refuses to run as root.
    as_root: bool,
}

impl Server {
    fn of_this_user() -> Result<Self> {
        let uid = tempfile::tempfile()?.metadata()?.uid();
        let folder = env::temp_dir().join(format!("tetherboard-postgres-{uid}"));
        DirBuilder::new().recursive(true).mode(0o755).create(&folder)?;
        let owner = fs::symlink_metadata(&folder)?;
        ensure!(owner.is_dir() && owner.uid() == uid, "{} belongs to somebody else", folder.display());
        Ok(Self { folder, as_root: uid == 0 })
    }

    async fn running(&self) -> Result<Url> {
        if !self.answers().await {
            let lock = File::create(self.folder.join("lock"))?;
            lock.lock()?;
            // Whoever held the lock before may have started it.
            if !self.answers().await {
                self.replace()?;
            }
        }
        Ok(self.url()?)
    }

    async fn answers(&self) -> bool {
        // A pool would wait for a server that is not there to come up.
        if !self.data().join("PG_VERSION").exists() || !self.listens() {
            return false;
        }
        let Ok(url) = self.url() else { return false };
        let Ok(db) = connect(&url).await else { return false };
        sweep(&db).await;
        db.close().await.is_ok()
    }

    fn replace(&self) -> Result<()> {
        let programs = programs()?;
        let data = self.data();
        self.stop(&programs);
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        for folder in [&data, &self.socket()] {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            if self.as_root {
                self.run_as_is(Command::new("chown").arg("postgres").arg(folder)).context(MISSING)?;
            }
        }
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"]);
        initdb.args(["--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--pgdata"]).arg(&data);
        self.run(&mut initdb)?;
        let mut settings = OpenOptions::new().append(true).open(data.join("postgresql.conf"))?;
        writeln!(settings, "{SETTINGS}unix_socket_directories = '{}'", self.socket().display())?;
        let mut start = Command::new(programs.join("pg_ctl"));
        start.args(["start", "--wait", "--timeout=60", "--log"]).arg(data.join("log")).arg("--pgdata").arg(&data);
        self.run(&mut start)
    }

    /// Stops what is left of a server, if anything is: by its files, or, where they were removed under it, by its socket.
    fn stop(&self, programs: &Path) {
        let _ = self.run(Command::new(programs.join("pg_ctl")).args(["stop", "--mode=immediate", "--pgdata"]).arg(self.data()));
        let lock = fs::read_to_string(self.socket().join(".s.PGSQL.5432.lock")).unwrap_or_default();
        if let (true, Some(process)) = (self.listens(), lock.lines().next()) {
            let _ = self.run(Command::new("kill").args(["-QUIT", process]));
            for _ in 0..100 {
                if !self.listens() {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
    }

    fn listens(&self) -> bool {
        UnixStream::connect(self.socket().join(".s.PGSQL.5432")).is_ok()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    fn url(&self) -> Result<Url, url::ParseError> {
        let socket = self.socket();
        Url::parse_with_params("postgres://postgres@localhost/postgres", [("host", socket.to_string_lossy())])
    }

    /// Runs a program of PostgreSQL's, as the user that Debian makes for it where this is root.
    fn run(&self, program: &mut Command) -> Result<()> {
        if !self.as_root {
            return self.run_as_is(program);
        }
        let mut wrapped = Command::new("runuser");
        wrapped.args(["-u", "postgres", "--"]).arg(program.get_program()).args(program.get_args());
        self.run_as_is(&mut wrapped)
    }

    /// What it says goes to a file: the server inherits it, and a test must not leave an open pipe behind.
    fn run_as_is(&self, program: &mut Command) -> Result<()> {
        let said = self.folder.join("said");
        let file = File::create(&said)?;
        let status = program.current_dir("/").stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).status();
        let status = status.with_context(|| format!("{:?} could not be started", program.get_program()))?;
        if !status.success() {
            bail!("{:?} failed with {status}: {}", program.get_program(), fs::read_to_string(said).unwrap_or_default());
        }
        Ok(())
    }
}

const SETTINGS: &str = "\
listen_addresses = ''
max_connections = 400
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
";

/// The folder of `initdb` and its like: in the path, else Debian's newest.
fn programs() -> Result<PathBuf> {
    let in_path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let mut installed: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin")).collect();
    installed.sort_by_key(|folder| folder.parent().and_then(|version| version.file_name()?.to_str()?.parse::<u32>().ok()));
    let mut folders = in_path.into_iter().chain(installed.into_iter().rev());
    folders.find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file()).context(MISSING)
}
