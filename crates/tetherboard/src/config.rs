//! Settings: from the environment, else from `tetherboard.toml` in the working folder. Read once, and checked before anything starts.

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

/// Every setting, by the name of its variable. `docs/config.md` has a section for each.
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

#[derive(Clone)]
pub(crate) struct Config {
    /// `None`: not set, so that the demo may choose its own.
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

pub(crate) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

impl Config {
    /// # Errors
    /// Names the setting that cannot be used, and what it should be.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = std::env::var_os(CONFIG_FILE).map(PathBuf::from);
        let file = match &path {
            Some(path) => {
                std::fs::read_to_string(path).with_context(|| format!("{CONFIG_FILE}: {} cannot be read", path.display()))?
            }
            None => std::fs::read_to_string("tetherboard.toml").unwrap_or_default(),
        };
        let name = path.unwrap_or_else(|| PathBuf::from("tetherboard.toml"));
        let file: toml::Table = file.parse().map_err(|error| anyhow!("{} is no TOML: {error}", name.display()))?;
        if let Some(unknown) = file.keys().find(|key| !NAMES.contains(&key.as_str())) {
            bail!("{}: `{unknown}` is no setting; docs/config.md lists them", name.display());
        }
        Self::from(|name| match std::env::var(name) {
            Ok(value) => Some(value),
            Err(_) => file.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        })
    }

    fn from(get: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        Self {
            database_url: parsed(DATABASE_URL, get(DATABASE_URL), "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")?,
            listen: parsed(LISTEN, get(LISTEN), "an address and port, like 127.0.0.1:8080")?,
            public_url: web_address(PUBLIC_URL, get(PUBLIC_URL))?,
            secret_key: secret(SECRET_KEY, get(SECRET_KEY), get(SECRET_KEY_FILE))?,
            base_url: web_address(BASE_URL, get(BASE_URL))?.map_or_else(default_base_url, Ok)?,
            access_token: secret(ACCESS_TOKEN, get(ACCESS_TOKEN), get(ACCESS_TOKEN_FILE))?,
            max_in_flight: between(MAX_IN_FLIGHT, get(MAX_IN_FLIGHT), 1, 64)?.unwrap_or(8),
            max_per_second: u32::try_from(between(MAX_PER_SECOND, get(MAX_PER_SECOND), 1, 10_000)?.unwrap_or(50))?,
            notes_calls_per_run: between(NOTES_CALLS_PER_RUN, get(NOTES_CALLS_PER_RUN), 0, 1_000_000)?.unwrap_or(1_000),
            retention: Retention {
                whole_days: days(SNAPSHOT_DAYS, get(SNAPSHOT_DAYS))?.unwrap_or(14),
                daily_days: days(SNAPSHOT_DAILY_DAYS, get(SNAPSHOT_DAILY_DAYS))?.unwrap_or(90),
            },
            metrics_listen: parsed(METRICS_LISTEN, get(METRICS_LISTEN), "an address and port, like 127.0.0.1:9090")?,
            log: log_filter(get(LOG))?,
            log_json: match get(LOG_FORMAT).as_deref() {
                None | Some("text") => false,
                Some("json") => true,
                Some(other) => bail!("{LOG_FORMAT} is `{other}`; it should be text or json"),
            },
        }
        .checked()
    }

    /// What can be known to be wrong without starting anything.
    fn checked(self) -> anyhow::Result<Self> {
        if let Some(key) = &self.secret_key {
            Cipher::from_base64(key).with_context(|| SECRET_KEY.to_owned())?;
        }
        Ok(self)
    }

    pub(crate) fn has_database(&self) -> bool {
        self.database_url.is_some()
    }

    /// Uses another database, whose key file is beside it.
    pub(crate) fn with_database(&self, url: DatabaseUrl) -> Self {
        Self { database_url: Some(url), secret_key: None, ..self.clone() }
    }

    pub(crate) fn with_crm(&self, base_url: Url, access_token: Option<SecretString>) -> Self {
        Self { base_url, access_token, max_per_second: 5_000, ..self.clone() }
    }

    pub(crate) fn database_url(&self) -> DatabaseUrl {
        self.database_url.clone().unwrap_or_else(|| DatabaseUrl::Sqlite("./data/tetherboard.db".to_owned()))
    }

    /// Opens the database with its tables brought up to date.
    ///
    /// # Errors
    /// When the key or the database cannot be had.
    pub(crate) async fn open_store(&self) -> anyhow::Result<Store> {
        let url = self.database_url();
        let cipher = match (&self.secret_key, url.file()) {
            (Some(key), _) => Cipher::from_base64(key).with_context(|| SECRET_KEY.to_owned())?,
            (None, Some(file)) => {
                let path = key_path(&file);
                Cipher::from_file_or_new(&path).with_context(|| format!("the key file {}", path.display()))?
            }
            (None, None) => bail!(
                "{SECRET_KEY} is not set; with PostgreSQL it must be 32 bytes in standard base64 (make one with: openssl rand -base64 32)"
            ),
        };
        let store = Store::open(&url, cipher).await.with_context(|| format!("{DATABASE_URL}: {url:?} cannot be opened"))?;
        store.migrate().await.with_context(|| format!("the tables of {url:?} could not be brought up to date"))?;
        Ok(store)
    }

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

/// Beside the database, under the same name.
fn key_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

fn default_base_url() -> anyhow::Result<Url> {
    Ok(Url::parse("https://api.clienttether.com/v2/api/")?)
}

fn parsed<T: std::str::FromStr>(name: &str, value: Option<String>, should_be: &str) -> anyhow::Result<Option<T>> {
    let parse = |value: String| value.trim().parse().map_err(|_| anyhow!("{name} cannot be used; it should be {should_be}"));
    value.map(parse).transpose()
}

fn between(name: &str, value: Option<String>, least: usize, most: usize) -> anyhow::Result<Option<usize>> {
    let number: Option<usize> = parsed(name, value, &format!("a number from {least} to {most}"))?;
    match number {
        Some(number) if !(least..=most).contains(&number) => {
            bail!("{name} is {number}; it should be a number from {least} to {most}")
        }
        number => Ok(number),
    }
}

fn days(name: &str, value: Option<String>) -> anyhow::Result<Option<i64>> {
    Ok(between(name, value, 0, 3_650)?.map(i64::try_from).transpose()?)
}

fn web_address(name: &str, value: Option<String>) -> anyhow::Result<Option<Url>> {
    let url: Option<Url> = parsed(name, value, "an address like https://example.com/")?;
    match url {
        Some(url) if !matches!(url.scheme(), "http" | "https") || url.host().is_none() => {
            bail!("{name} is no web address; it should begin with https:// or http://")
        }
        url => Ok(url),
    }
}

fn secret(name: &str, value: Option<String>, file: Option<String>) -> anyhow::Result<Option<SecretString>> {
    match (value, file) {
        (Some(_), Some(_)) => bail!("{name} and {name}_FILE are both set; set one of them"),
        (Some(value), None) => Ok(Some(SecretString::from(value.trim().to_owned()))),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("{name}_FILE: {file} cannot be read"))?;
            if text.trim().is_empty() {
                bail!("{name}_FILE: {file} is empty");
            }
            Ok(Some(SecretString::from(text.trim().to_owned())))
        }
        (None, None) => Ok(None),
    }
}

fn log_filter(value: Option<String>) -> anyhow::Result<Option<String>> {
    if let Some(filter) = &value {
        tracing_subscriber::EnvFilter::try_new(filter).map_err(|_| {
            anyhow!("{LOG} is no filter; it should be a level like info, or one by target like info,tetherboard_sync=debug")
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
        Config::from(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_wrong_setting_names_its_variable_and_what_it_should_be() {
        for (name, value, wanted) in [
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
            assert!(error.contains(variable) && error.contains(wanted), "{name}={value}: {error}");
        }
    }

    #[test]
    fn no_setting_prints_a_secret() {
        let config = with(&[(ACCESS_TOKEN, "eyJsecret"), (DATABASE_URL, "postgres://u:hunter2@h/d")]).unwrap();
        let text = format!("{config:?}");
        assert!(!text.contains("eyJsecret") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn every_setting_is_documented_and_no_other() {
        let text = include_str!("../../../docs/config.md");
        let documented: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
        for name in NAMES {
            assert!(documented.contains(&name), "{name} has no section in docs/config.md");
        }
        assert_eq!(documented.len(), NAMES.len(), "docs/config.md has a section for something that is no setting");
    }
}
