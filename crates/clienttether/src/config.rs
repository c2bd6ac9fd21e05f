//! Client configuration: the CRM's address, credentials, and limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_crm_records::Mapping;
use url::Url;

const ACCESS_TOKEN: HeaderName = HeaderName::from_static("x-access-token");
const WEB_KEY: HeaderName = HeaderName::from_static("x-web-key");

/// The configuration of one tenant's client.
#[derive(Clone)]
pub struct ClientConfig {
    /// With or without a trailing slash.
    pub base_url: Url,
    /// The agency's token, shared by all its tenants.
    pub access_token: SecretString,
    /// The tenant's own key.
    pub web_key: SecretString,
    pub limits: Limits,
    /// Finds each row's ID, so that repeated rows are recognized.
    pub mapping: Arc<Mapping>,
}

/// Timeouts, sizes, and retry limits.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time to connect.
    pub connect: Duration,
    /// Time without receiving a byte.
    pub idle: Duration,
    /// Time for one call, to the last byte.
    pub total: Duration,
    /// Size of one body, decompressed.
    pub max_body_bytes: usize,
    /// Attempts per page, the first included.
    pub attempts: u32,
    pub max_retries_per_run: usize,
    /// The wait before the first retry. It doubles with each further one.
    pub initial_backoff: Duration,
    /// The longest `Retry-After` that is waited for.
    pub max_retry_wait: Duration,
    /// Rows per page, unless the request sets its own limit.
    pub page_size: usize,
    /// Pages per list, after which it counts as endless. The default allows 5,000,000 rows.
    pub max_pages: usize,
    /// How long a run retries without any successful response. After that, it tries each call only once.
    pub outage_tolerance: Duration,
    /// The least time that a call gets, however little outage tolerance is left.
    pub min_call_timeout: Duration,
    /// Time for a call that is tried only once, including the wait for its permit.
    pub single_try_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(60),
            max_body_bytes: 32 << 20,
            attempts: 4,
            max_retries_per_run: 20,
            initial_backoff: Duration::from_secs(1),
            max_retry_wait: Duration::from_secs(60),
            page_size: 100,
            max_pages: 50_000,
            outage_tolerance: Duration::from_secs(90),
            min_call_timeout: Duration::from_secs(5),
            single_try_timeout: Duration::from_secs(10),
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "the ClientTether base URL must start with http:// or https://, name a host, and have no user, password, query, \
         or fragment"
    )]
    BaseUrl,
    #[error("the {0} is empty or has characters that are not allowed in an HTTP header; enter it again")]
    Secret(&'static str),
    #[error("could not set up the HTTP client")]
    Http(#[source] reqwest::Error),
}

impl ClientConfig {
    /// The validated base URL, with a trailing slash so that a request's path can be appended.
    pub(crate) fn base(&self) -> Result<Url, ConfigError> {
        let url = &self.base_url;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
            return Err(ConfigError::BaseUrl);
        }
        let mut base = url.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", url.path()));
        }
        Ok(base)
    }

    /// The headers that carry the credentials.
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
        // An invalid base URL could contain a password.
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
    fn a_base_url_may_end_with_a_slash(#[case] base: &str) {
        assert_eq!(config(base, "eyJ").base().unwrap().as_str(), "https://crm.example/v2/api/");
    }

    #[rstest]
    #[case::other_scheme("ftp://crm.example/")]
    #[case::a_password("https://a:b@crm.example/")]
    #[case::a_query("https://crm.example/?key=1")]
    #[case::no_host("mailto:a@crm.example")]
    fn an_unusable_base_url_is_rejected(#[case] base: &str) {
        assert!(matches!(config(base, "eyJ").base(), Err(ConfigError::BaseUrl)));
    }

    #[rstest]
    #[case::empty(" ")]
    #[case::two_lines("eyJ\nabc")]
    fn a_token_that_cannot_be_a_header_is_rejected(#[case] token: &str) {
        assert!(matches!(config("https://crm.example", token).headers(), Err(ConfigError::Secret("access token"))));
    }
}
