//! One PostgreSQL server for all tests, with a separate database for each test.
//!
//! Tests run in many processes at once. The first that needs the server starts it, under a file lock, in a folder of the
//! temporary directory named after the user; the others find it there. The server listens only on a socket in that
//! folder, does not sync its writes to disk, and keeps running for the next test run. A server that does not respond is
//! stopped and replaced. Databases left behind by killed test processes are dropped by the next process, and templates of
//! programs that no longer exist when the next template is created.
//!
//! The server uses an ICU English collation, as production servers use one of some language. A test that passes here and
//! on SQLite, which compares bytes, does not depend on the collation.
//!
//! `TETHERBOARD_TEST_POSTGRES_URL` names another server to use instead. Its user must be allowed to create databases.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use url::Url;
use uuid::Uuid;

use crate::database::Contents;
use crate::template::{ProgramBuild, migrate, user_folder};

const MISSING: &str = "PostgreSQL was not found: install the Debian package `postgresql` (15 or later), \
                       or set TETHERBOARD_TEST_POSTGRES_URL to a server";

/// A database on the shared server. Dropping this value drops the database.
pub(crate) struct PostgresDatabase {
    server: Url,
    name: String,
}

impl PostgresDatabase {
    /// Creates a database, starting the server if necessary.
    pub(crate) async fn create(contents: Contents) -> Result<Self> {
        let server = match env::var("TETHERBOARD_TEST_POSTGRES_URL") {
            Ok(url) => url.parse().context("TETHERBOARD_TEST_POSTGRES_URL is not a URL")?,
            Err(_) => Server::for_current_user()?.running().await?,
        };
        let name = new_name();
        let db = connect(&server).await?;
        let template = match contents {
            Contents::Nothing => "template1".to_owned(),
            Contents::Tables => template(&server, &db).await?,
        };
        db.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        db.close().await?;
        Ok(Self { server, name })
    }

    /// The database's URL.
    pub(crate) fn url(&self) -> Url {
        database_url(&self.server, &self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        // A drop cannot wait for the test's runtime, so this uses another. If it fails, a later sweep drops the database.
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
    Database::connect(options).await.context("the PostgreSQL server for tests did not respond")
}

fn database_url(server: &Url, name: &str) -> Url {
    let mut url = server.clone();
    url.set_path(name);
    url
}

/// The migrated database of this test program, which is created if necessary.
async fn template(server: &Url, db: &DatabaseConnection) -> Result<String> {
    let name = format!("{TEMPLATE_PREFIX}{}", ProgramBuild::current()?.name());
    if exists(db, &name).await? {
        return Ok(name);
    }
    // The connection pool has one connection, so the lock is held until it is released here or the connection closes.
    db.execute_unprepared("SELECT pg_advisory_lock(7305816292)").await?;
    let created = create_template(server, db, &name).await;
    db.execute_unprepared("SELECT pg_advisory_unlock(7305816292)").await?;
    created.map(|()| name)
}

async fn create_template(server: &Url, db: &DatabaseConnection, name: &str) -> Result<()> {
    // The previous holder of the lock may have created it.
    if exists(db, name).await? {
        return Ok(());
    }
    drop_outdated_templates(db).await;
    // Renamed only when it is complete. A killed process leaves it to the sweep.
    let building = new_name();
    db.execute_unprepared(&format!("CREATE DATABASE {building}")).await?;
    migrate(database_url(server, &building).as_str()).await?;
    let program = env::current_exe()?.display().to_string().replace('\'', "''");
    db.execute_unprepared(&format!("COMMENT ON DATABASE {building} IS '{program}'")).await?;
    db.execute_unprepared(&format!("ALTER DATABASE {building} RENAME TO {name}")).await?;
    Ok(())
}

/// Drops the templates of programs that have been deleted or rebuilt.
async fn drop_outdated_templates(db: &DatabaseConnection) {
    let text = format!(
        "SELECT datname::text, COALESCE(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname LIKE '{TEMPLATE_PREFIX}%'"
    );
    let found = db.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await.unwrap_or_default();
    for row in found {
        let (Ok(name), Ok(program)) = (row.try_get_by_index::<String>(0), row.try_get_by_index::<String>(1)) else { continue };
        let current = ProgramBuild::of(Path::new(&program)).map(|build| format!("{TEMPLATE_PREFIX}{}", build.name()));
        if current.ok().as_ref() != Some(&name) {
            let _ = drop_database(db, &name).await;
        }
    }
}

async fn exists(db: &DatabaseConnection, name: &str) -> Result<bool> {
    let text = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
    Ok(db.query_one_raw(Statement::from_string(DbBackend::Postgres, text)).await?.is_some())
}

async fn drop_database(db: &DatabaseConnection, name: &str) -> Result<()> {
    db.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    Ok(())
}

/// How the name of a test database begins. The ID of the process that owns it follows.
const PREFIX: &str = "tetherboard_test_";

/// How the name of a template begins. The test program's build follows.
const TEMPLATE_PREFIX: &str = "tetherboard_template_";

fn new_name() -> String {
    format!("{PREFIX}{}_{}", std::process::id(), Uuid::now_v7().simple())
}

/// Drops the databases of processes that have exited. Ignores errors, since another process may be doing the same.
async fn sweep(db: &DatabaseConnection) {
    let text = format!("SELECT datname::text FROM pg_database WHERE datname LIKE '{PREFIX}%'");
    let found = db.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await.unwrap_or_default();
    let names = found.iter().filter_map(|row| row.try_get_by_index::<String>(0).ok());
    for name in names.filter(|name| !owner_is_running(name)) {
        let _ = drop_database(db, &name).await;
    }
}

/// Whether the process that owns a database is running, or might be.
fn owner_is_running(name: &str) -> bool {
    let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()).unwrap_or_default();
    !Path::new("/proc/self").exists() || Path::new("/proc").join(process).exists()
}

/// The shared server.
struct Server {
    folder: PathBuf,
    /// PostgreSQL refuses to run as root.
    as_root: bool,
}

impl Server {
    fn for_current_user() -> Result<Self> {
        let (folder, uid) = user_folder("tetherboard-postgres", 0o755)?;
        Ok(Self { folder, as_root: uid == 0 })
    }

    /// The URL of the server, which is started if it does not respond.
    async fn running(&self) -> Result<Url> {
        if !self.responds().await {
            let lock = File::create(self.folder.join("lock"))?;
            lock.lock()?;
            // The previous holder of the lock may have started it.
            if !self.responds().await {
                self.replace()?;
            }
        }
        Ok(self.url()?)
    }

    /// Whether the server responds. Also drops the databases of processes that have exited.
    async fn responds(&self) -> bool {
        // Checked first because a connection pool would wait for a missing server to start.
        if !self.data().join("PG_VERSION").exists() || !self.listens() {
            return false;
        }
        let Ok(url) = self.url() else { return false };
        let Ok(db) = connect(&url).await else { return false };
        sweep(&db).await;
        db.close().await.is_ok()
    }

    /// Stops the server, if there is one, and starts a new one with an empty data directory.
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
                self.run_directly(Command::new("chown").arg("postgres").arg(folder)).context(MISSING)?;
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

    /// Stops a running server: through its data directory or, if that was deleted, through the lock file of its socket.
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

    /// Runs a PostgreSQL program. If the tests run as root, it runs as Debian's `postgres` user.
    fn run(&self, program: &mut Command) -> Result<()> {
        if !self.as_root {
            return self.run_directly(program);
        }
        let mut wrapped = Command::new("runuser");
        wrapped.args(["-u", "postgres", "--"]).arg(program.get_program()).args(program.get_args());
        self.run_directly(&mut wrapped)
    }

    /// Runs a program with its output in a file. The server inherits the output, and must not keep a test's pipe open.
    fn run_directly(&self, program: &mut Command) -> Result<()> {
        let output = self.folder.join("output");
        let file = File::create(&output)?;
        let status = program.current_dir("/").stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).status();
        let status = status.with_context(|| format!("could not start {:?}", program.get_program()))?;
        if !status.success() {
            bail!("{:?} failed with {status}: {}", program.get_program(), fs::read_to_string(output).unwrap_or_default());
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

/// The folder with `initdb` and `pg_ctl`: the first in PATH, or else the newest that Debian installed.
fn programs() -> Result<PathBuf> {
    let in_path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let mut installed: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin")).collect();
    installed.sort_by_key(|folder| folder.parent().and_then(|version| version.file_name()?.to_str()?.parse::<u32>().ok()));
    let mut folders = in_path.into_iter().chain(installed.into_iter().rev());
    folders.find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file()).context(MISSING)
}
