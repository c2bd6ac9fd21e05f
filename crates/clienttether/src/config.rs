//! What a client is told: where the CRM is, whose keys to show, and how far its patience goes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_crm_records::Mapping;
use url::Url;

const ACCESS_TOKEN: HeaderName = HeaderName::from_static("x-access-token");
const WEB_KEY: HeaderName = HeaderName::from_static("x-web-key");

/// One tenant's way into the CRM.
#[derive(Clone)]
pub struct ClientConfig {
    /// With or without its final slash.
    pub base_url: Url,
    /// The agency's, one for all its tenants.
    pub access_token: SecretString,
    /// The tenant's own.
    pub web_key: SecretString,
    pub limits: Limits,
    /// Tells where the id of a row stands, by which pages know what they had before.
    pub mapping: Arc<Mapping>,
}

/// How long, how much and how often.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Without a single byte of an answer.
    pub idle: Duration,
    /// One call, from its start to the last byte.
    pub whole: Duration,
    /// Of one body, decompressed.
    pub max_body_bytes: usize,
    /// One page is asked this often at most.
    pub attempts: u32,
    pub max_retries_per_run: usize,
    /// The first wait before a retry; it doubles with each further one.
    pub backoff_unit: Duration,
    /// A `Retry-After` of more than this is not waited for.
    pub longest_wait: Duration,
    /// Rows asked for where the request does not say.
    pub page_size: usize,
    /// A list that goes on after so many pages is taken to be endless: 5,000,000 full rows.
    pub max_pages: usize,
    /// How long a run waits for a right answer before it only tries each call once more.
    pub patience: Duration,
    /// However little patience is left, a call gets this long.
    pub shortest_call: Duration,
    /// How long a call takes at most, its turn in the budget included, once patience is spent.
    pub last_try: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(15),
            whole: Duration::from_secs(60),
            max_body_bytes: 32 << 20,
            attempts: 4,
            max_retries_per_run: 20,
            backoff_unit: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            page_size: 100,
            max_pages: 50_000,
            patience: Duration::from_secs(90),
            shortest_call: Duration::from_secs(5),
            last_try: Duration::from_secs(10),
        }
    }
}

/// Why no client can be made of a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the CRM's base URL must be http:// or https:// with a host, without user, password, query or fragment")]
    BaseUrl,
    #[error("the {0} is empty or holds characters that no HTTP header can carry")]
    Secret(&'static str),
    #[error("the HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}

impl ClientConfig {
    /// The base URL in the form to which a request's path is appended.
    pub(crate) fn base(&self) -> Result<Url, ConfigError> {
        let url = &self.base_url;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain {
            return Err(ConfigError::BaseUrl);
        }
        let mut base = url.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", url.path()));
        }
        Ok(base)
    }

    pub(crate) fn headers(&self) -> Result<HeaderMap, ConfigError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCESS_TOKEN, secret_header(&self.access_token, "access token")?);
        headers.insert(WEB_KEY, secret_header(&self.web_key, "web key")?);
        Ok(headers)
    }
}

fn secret_header(secret: &SecretString, name: &'static str) -> Result<HeaderValue, ConfigError> {
    let text = secret.expose_secret().trim();
    let mut value = HeaderValue::from_str(text).map_err(|_| ConfigError::Secret(name))?;
    if text.is_empty() {
        return Err(ConfigError::Secret(name));
    }
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A base URL that is not accepted could hold a password.
        let host = self.base_url.host_str().unwrap_or_default();
        f.debug_struct("ClientConfig").field("host", &host).field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn config(base: &str, token: &str) -> ClientConfig {
        ClientConfig {
            base_url: base.parse().unwrap(),
            access_token: token.into(),
            web_key: "CT_0a1b".into(),
            limits: Limits::default(),
            mapping: Arc::default(),
        }
    }

    #[rstest]
    #[case::with_slash("https://crm.example/v2/api/")]
    #[case::without_slash("https://crm.example/v2/api")]
    fn a_base_url_may_end_in_a_slash_or_not(#[case] base: &str) {
        assert_eq!(config(base, "eyJ").base().unwrap().as_str(), "https://crm.example/v2/api/");
    }

    #[rstest]
    #[case::other_scheme("ftp://crm.example/")]
    #[case::a_password("https://a:b@crm.example/")]
    #[case::a_query("https://crm.example/?key=1")]
    #[case::no_host("mailto:a@crm.example")]
    fn a_base_url_that_cannot_be_called_is_refused(#[case] base: &str) {
        assert!(matches!(config(base, "eyJ").base(), Err(ConfigError::BaseUrl)));
    }

    #[rstest]
    #[case::empty(" ")]
    #[case::two_lines("eyJ\nabc")]
    fn a_token_that_no_header_carries_is_refused(#[case] token: &str) {
        assert!(matches!(config("https://crm.example", token).headers(), Err(ConfigError::Secret("access token"))));
    }
}
