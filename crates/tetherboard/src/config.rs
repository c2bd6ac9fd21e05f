//! Settings, read from environment variables or from `tetherboard.toml` in the working directory; the environment wins. They are
//! read once and validated before anything starts.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use secrecy::SecretString;
use tetherboard_clienttether::{Budgets, Limits};
use tetherboard_domain::Clock;
use tetherboard_store::{Cipher, DatabaseUrl, Store};
use tetherboard_sync::{Crm, Retention, Syncer};
use url::Url;

/// All settings, named by their environment variables. `docs/config.md` has a section for each.
pub(crate) const NAMES: [&str; 17] = [
    DATABASE_URL,
    LISTEN,
    PUBLIC_URL,
    SECRET_KEY,
    SECRET_KEY_FILE,
    BASE_URL,
    ACCESS_TOKEN,
    ACCESS_TOKEN_FILE,
    MAX_IN_FLIGHT,
    MAX_PER_SECOND,
    NOTES_CALLS_PER_RUN,
    SNAPSHOT_DAYS,
    SNAPSHOT_DAILY_DAYS,
    METRICS_LISTEN,
    LOG,
    LOG_FORMAT,
    CONFIG_FILE,
];

const DATABASE_URL: &str = "TETHERBOARD_DATABASE_URL";
const LISTEN: &str = "TETHERBOARD_LISTEN";
const PUBLIC_URL: &str = "TETHERBOARD_PUBLIC_URL";
const SECRET_KEY: &str = "TETHERBOARD_SECRET_KEY";
const SECRET_KEY_FILE: &str = "TETHERBOARD_SECRET_KEY_FILE";
const BASE_URL: &str = "CLIENTTETHER_BASE_URL";
const ACCESS_TOKEN: &str = "CLIENTTETHER_ACCESS_TOKEN";
const ACCESS_TOKEN_FILE: &str = "CLIENTTETHER_ACCESS_TOKEN_FILE";
const MAX_IN_FLIGHT: &str = "CLIENTTETHER_MAX_IN_FLIGHT";
const MAX_PER_SECOND: &str = "CLIENTTETHER_MAX_PER_SECOND";
const NOTES_CALLS_PER_RUN: &str = "CLIENTTETHER_NOTES_CALLS_PER_RUN";
const SNAPSHOT_DAYS: &str = "TETHERBOARD_SNAPSHOT_DAYS";
const SNAPSHOT_DAILY_DAYS: &str = "TETHERBOARD_SNAPSHOT_DAILY_DAYS";
const METRICS_LISTEN: &str = "TETHERBOARD_METRICS_LISTEN";
const LOG: &str = "TETHERBOARD_LOG";
const LOG_FORMAT: &str = "TETHERBOARD_LOG_FORMAT";
const CONFIG_FILE: &str = "TETHERBOARD_CONFIG";

/// The validated settings of this process.
#[derive(Clone)]
pub(crate) struct Config {
    /// `None` when not set, so that the demo can create its own database.
    database_url: Option<DatabaseUrl>,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) public_url: Option<Url>,
    secret_key: Option<SecretString>,
    base_url: Url,
    access_token: Option<SecretString>,
    max_in_flight: usize,
    max_per_second: u32,
    notes_calls_per_run: usize,
    pub(crate) retention: Retention,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) log: Option<String>,
    pub(crate) log_json: bool,
}

/// Where the portal listens when neither `--listen` nor `TETHERBOARD_LISTEN` is set.
pub(crate) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

impl Config {
    /// Reads and validates the settings.
    ///
    /// # Errors
    /// When a setting is invalid; the error names it and says what is expected.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = std::env::var_os(CONFIG_FILE).map(PathBuf::from);
        let file = match &path {
            Some(path) => {
                std::fs::read_to_string(path).with_context(|| format!("{CONFIG_FILE}: {} cannot be read", path.display()))?
            }
            None => std::fs::read_to_string("tetherboard.toml").unwrap_or_default(),
        };
        let name = path.unwrap_or_else(|| PathBuf::from("tetherboard.toml"));
        let file: toml::Table = file.parse().map_err(|error| anyhow!("{} is not valid TOML: {error}", name.display()))?;
        if let Some(unknown) = file.keys().find(|key| !NAMES.contains(&key.as_str())) {
            bail!("{}: there is no setting `{unknown}`; docs/config.md lists all settings", name.display());
        }
        Self::from(|name| match std::env::var(name) {
            Ok(value) => Some(value),
            Err(_) => file.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        })
    }

    /// `get` returns a setting's text by name. Blank counts as not set.
    fn from(get: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        Self {
            database_url: parse_setting(
                DATABASE_URL,
                get(DATABASE_URL),
                "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
            )?,
            listen: parse_setting(LISTEN, get(LISTEN), "an address and port, like 127.0.0.1:8080")?,
            public_url: parse_http_url(PUBLIC_URL, get(PUBLIC_URL))?,
            secret_key: read_secret(SECRET_KEY, get(SECRET_KEY), get(SECRET_KEY_FILE))?,
            base_url: parse_http_url(BASE_URL, get(BASE_URL))?.map_or_else(default_base_url, Ok)?,
            access_token: read_secret(ACCESS_TOKEN, get(ACCESS_TOKEN), get(ACCESS_TOKEN_FILE))?,
            max_in_flight: parse_number(MAX_IN_FLIGHT, get(MAX_IN_FLIGHT), 1, 64)?.unwrap_or(8),
            max_per_second: u32::try_from(parse_number(MAX_PER_SECOND, get(MAX_PER_SECOND), 1, 10_000)?.unwrap_or(50))?,
            notes_calls_per_run: parse_number(NOTES_CALLS_PER_RUN, get(NOTES_CALLS_PER_RUN), 0, 1_000_000)?.unwrap_or(1_000),
            retention: Retention {
                whole_days: parse_days(SNAPSHOT_DAYS, get(SNAPSHOT_DAYS))?.unwrap_or(14),
                daily_days: parse_days(SNAPSHOT_DAILY_DAYS, get(SNAPSHOT_DAILY_DAYS))?.unwrap_or(90),
            },
            metrics_listen: parse_setting(METRICS_LISTEN, get(METRICS_LISTEN), "an address and port, like 127.0.0.1:9090")?,
            log: parse_log_filter(get(LOG))?,
            log_json: match get(LOG_FORMAT).as_deref() {
                None | Some("text") => false,
                Some("json") => true,
                Some(other) => bail!("{LOG_FORMAT} is `{other}`; use text or json"),
            },
        }
        .validate()
    }

    /// Checks what the type of a setting cannot express.
    fn validate(self) -> anyhow::Result<Self> {
        if let Some(key) = &self.secret_key {
            Cipher::from_base64(key).with_context(|| SECRET_KEY.to_owned())?;
        }
        Ok(self)
    }

    /// Whether the database is set explicitly.
    pub(crate) fn has_database(&self) -> bool {
        self.database_url.is_some()
    }

    /// The same settings with another database, whose key file is beside it.
    pub(crate) fn with_database(&self, url: DatabaseUrl) -> Self {
        Self { database_url: Some(url), secret_key: None, ..self.clone() }
    }

    /// The same settings with a simulated CRM, which needs no rate limit.
    pub(crate) fn with_crm(&self, base_url: Url, access_token: Option<SecretString>) -> Self {
        Self { base_url, access_token, max_per_second: 5_000, ..self.clone() }
    }

    /// The configured database, or the default SQLite file.
    pub(crate) fn database_url(&self) -> DatabaseUrl {
        self.database_url.clone().unwrap_or_else(|| DatabaseUrl::Sqlite("./data/tetherboard.db".to_owned()))
    }

    /// Opens the database and applies pending migrations.
    ///
    /// # Errors
    /// When the secret key is missing or invalid, or the database cannot be opened or migrated.
    pub(crate) async fn open_store(&self) -> anyhow::Result<Store> {
        let url = self.database_url();
        let cipher = match (&self.secret_key, url.file()) {
            (Some(key), _) => Cipher::from_base64(key).with_context(|| SECRET_KEY.to_owned())?,
            (None, Some(file)) => {
                let path = key_path(&file);
                Cipher::from_file_or_new(&path).with_context(|| format!("could not use the key file {}", path.display()))?
            }
            (None, None) => bail!(
                "{SECRET_KEY} is not set, and with PostgreSQL it is required to encrypt stored credentials; create one with: openssl rand -base64 32"
            ),
        };
        let store = Store::open(&url, cipher).await.with_context(|| format!("{DATABASE_URL}: could not open {url:?}"))?;
        store.migrate().await.with_context(|| format!("could not update the tables of {url:?}"))?;
        Ok(store)
    }

    /// A sync engine with these settings.
    pub(crate) fn syncer(&self, store: &Store, clock: &Clock) -> Syncer {
        let crm = Crm {
            base_url: self.base_url.clone(),
            access_token: self.access_token.clone(),
            budgets: Budgets::new(self.max_in_flight, self.max_per_second),
            limits: Limits::default(),
        };
        Syncer {
            store: store.clone(),
            crm,
            clock: clock.clone(),
            holder: format!("pid {}", std::process::id()),
            notes_calls_per_run: self.notes_calls_per_run,
        }
    }
}

/// The key file of a SQLite database: the same path with `.key` appended.
fn key_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

fn default_base_url() -> anyhow::Result<Url> {
    Ok(Url::parse("https://api.clienttether.com/v2/api/")?)
}

/// `expected` completes "use …" in the error. The error omits the value, because a URL can contain a password.
fn parse_setting<T: std::str::FromStr>(name: &str, value: Option<String>, expected: &str) -> anyhow::Result<Option<T>> {
    let parse = |value: String| value.trim().parse().map_err(|_| anyhow!("{name} is not valid; use {expected}"));
    value.map(parse).transpose()
}

fn parse_number(name: &str, value: Option<String>, min: usize, max: usize) -> anyhow::Result<Option<usize>> {
    let number: Option<usize> = parse_setting(name, value, &format!("a number from {min} to {max}"))?;
    match number {
        Some(number) if !(min..=max).contains(&number) => bail!("{name} is {number}; use a number from {min} to {max}"),
        number => Ok(number),
    }
}

fn parse_days(name: &str, value: Option<String>) -> anyhow::Result<Option<i64>> {
    Ok(parse_number(name, value, 0, 3_650)?.map(i64::try_from).transpose()?)
}

fn parse_http_url(name: &str, value: Option<String>) -> anyhow::Result<Option<Url>> {
    let url: Option<Url> = parse_setting(name, value, "a URL like https://example.com/")?;
    match url {
        Some(url) if !matches!(url.scheme(), "http" | "https") || url.host().is_none() => {
            bail!("{name} is not a web address; use a URL that starts with https:// or http://")
        }
        url => Ok(url),
    }
}

/// Reads a secret from its own setting or from the file that `{name}_FILE` names.
fn read_secret(name: &str, value: Option<String>, file: Option<String>) -> anyhow::Result<Option<SecretString>> {
    match (value, file) {
        (Some(_), Some(_)) => bail!("{name} and {name}_FILE are both set; set only one of them"),
        (Some(value), None) => Ok(Some(SecretString::from(value.trim().to_owned()))),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("{name}_FILE: {file} cannot be read"))?;
            if text.trim().is_empty() {
                bail!("{name}_FILE: {file} is empty; put the secret in it");
            }
            Ok(Some(SecretString::from(text.trim().to_owned())))
        }
        (None, None) => Ok(None),
    }
}

fn parse_log_filter(value: Option<String>) -> anyhow::Result<Option<String>> {
    if let Some(filter) = &value {
        tracing_subscriber::EnvFilter::try_new(filter).map_err(|_| {
            anyhow!(
                "{LOG} is not a valid log filter; use a level like info, or levels by module like info,tetherboard_sync=debug"
            )
        })?;
    }
    Ok(value)
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("database_url", &self.database_url)
            .field("listen", &self.listen)
            .field("base_url", &self.base_url.as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> anyhow::Result<Config> {
        Config::from(|name| pairs.iter().find(|(setting, _)| *setting == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_invalid_setting_names_its_variable_and_what_is_expected() {
        for (name, value, expected) in [
            (DATABASE_URL, "mysql://x", "sqlite:PATH"),
            (LISTEN, "8080", "127.0.0.1:8080"),
            (PUBLIC_URL, "tetherboard.example", "https://"),
            (SECRET_KEY, "c2hvcnQ=", "32 bytes"),
            (BASE_URL, "ftp://x/", "https://"),
            (MAX_IN_FLIGHT, "0", "1 to 64"),
            (MAX_PER_SECOND, "many", "1 to 10000"),
            (NOTES_CALLS_PER_RUN, "-1", "0 to 1000000"),
            (SNAPSHOT_DAYS, "forever", "0 to 3650"),
            (SNAPSHOT_DAILY_DAYS, "4000", "0 to 3650"),
            (LOG_FORMAT, "xml", "text or json"),
            (LOG, "info,=,=", "level"),
            (ACCESS_TOKEN_FILE, "/nowhere/token", "cannot be read"),
        ] {
            let error = crate::console::chain(&with(&[(name, value)]).unwrap_err());
            let variable = name.trim_end_matches("_FILE");
            assert!(error.contains(variable) && error.contains(expected), "{name}={value}: {error}");
        }
    }

    #[test]
    fn debug_output_contains_no_secret() {
        let config = with(&[(ACCESS_TOKEN, "eyJsecret"), (DATABASE_URL, "postgres://u:hunter2@h/d")]).unwrap();
        let text = format!("{config:?}");
        assert!(!text.contains("eyJsecret") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn every_setting_is_documented_and_nothing_else_is() {
        let text = include_str!("../../../docs/config.md");
        let documented: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
        for name in NAMES {
            assert!(documented.contains(&name), "{name} has no section in docs/config.md");
        }
        assert_eq!(documented.len(), NAMES.len(), "docs/config.md has a section that names no setting");
    }
}
