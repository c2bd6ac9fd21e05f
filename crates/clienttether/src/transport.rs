//! One HTTP request and its response, within time limits and a size limit.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use tetherboard_domain::Clock;
use tokio::time::timeout;
use tokio_util::bytes::{Bytes, BytesMut};
use url::{Host, Url};

use crate::config::{ClientConfig, ConfigError, Limits};
use crate::error::Cause;
use crate::{gzip, retry_after};

/// The HTTP client of one tenant, with its credentials.
pub(crate) struct Transport {
    http: reqwest::Client,
    base: Url,
    headers: HeaderMap,
    clock: Clock,
}

/// A complete response with a success status.
pub(crate) struct HttpResponse {
    pub status: u16,
    pub received_at: Timestamp,
    /// The `Date` header.
    pub server_date: Option<Timestamp>,
    /// Decompressed.
    pub body: Bytes,
}

/// A request without a usable response.
pub(crate) struct TransportError {
    pub cause: Cause,
    pub retry_after: Option<Duration>,
}

impl From<Cause> for TransportError {
    fn from(cause: Cause) -> Self {
        Self { cause, retry_after: None }
    }
}

impl Transport {
    /// Sets up the HTTP client.
    pub(crate) fn new(config: &ClientConfig, clock: Clock) -> Result<Self, ConfigError> {
        let base = config.base()?;
        let mut headers = config.headers()?;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        Ok(Self { http: http_client(&base, &config.limits)?, base, headers, clock })
    }

    /// Sends a GET request. `deadline` limits everything from the connection to the last byte.
    pub(crate) async fn get(
        &self,
        path_and_query: &str,
        limits: &Limits,
        deadline: Duration,
    ) -> Result<HttpResponse, TransportError> {
        let late = |_| TransportError::from(Cause::Timeout { waiting_for: "the complete response", limit: deadline });
        timeout(deadline, self.send(path_and_query, limits)).await.map_err(late)?
    }

    async fn send(&self, path_and_query: &str, limits: &Limits) -> Result<HttpResponse, TransportError> {
        let url = self.base.join(path_and_query).map_err(|_| Cause::NotAnEnvelope("the request URL is invalid"))?;
        let sent = self.http.get(url).headers(self.headers.clone()).send();
        let first_byte = limits.connect + limits.idle;
        let mut response = timeout(first_byte, sent)
            .await
            .map_err(|_| Cause::Timeout { waiting_for: "the first byte", limit: first_byte })?
            .map_err(|error| connection_error(error, limits))?;
        self.check_status(&response)?;
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let server_date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        let compressed = read_body(&mut response, limits).await?;
        let status = response.status().as_u16();
        let body = gzip::decompress(compressed, limits.max_body_bytes)?;
        Ok(HttpResponse { status, received_at: self.clock.now(), server_date, body })
    }

    fn check_status(&self, response: &reqwest::Response) -> Result<(), TransportError> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|header| retry_after::parse(header, self.clock.now()));
        let cause = match status.as_u16() {
            status @ (401 | 403) => Cause::Refused { status },
            status @ 429 => Cause::RateLimited { status },
            status @ 503 if retry_after.is_some() => Cause::RateLimited { status },
            status => Cause::HttpStatus { status },
        };
        Err(TransportError { cause, retry_after })
    }
}

/// Reads the body to its end: each chunk within the idle limit, all within the size limit.
async fn read_body(response: &mut reqwest::Response, limits: &Limits) -> Result<Bytes, Cause> {
    let too_large = Cause::TooLarge { limit: limits.max_body_bytes };
    let content_length = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    if content_length > limits.max_body_bytes {
        return Err(too_large);
    }
    let mut body = BytesMut::with_capacity(content_length);
    loop {
        let chunk = timeout(limits.idle, response.chunk()).await;
        let chunk = chunk.map_err(|_| Cause::Timeout { waiting_for: "the next byte", limit: limits.idle })?;
        let Some(chunk) = chunk.map_err(|error| Cause::Truncated(error.without_url()))? else { return Ok(body.freeze()) };
        if chunk.len() > limits.max_body_bytes - body.len() {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
}

/// Redirects are not followed, so that credentials never leave the host. Bodies are decompressed by `gzip`, within the size
/// limit.
fn http_client(base: &Url, limits: &Limits) -> Result<reqwest::Client, ConfigError> {
    // rustls needs one crypto provider per process. An error means that one is already installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("tetherboard/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .redirect(Policy::none())
        .referer(false)
        .no_gzip();
    if is_loopback(base) {
        builder = builder.no_proxy();
    }
    if base.scheme() == "http" {
        // TLS is not used, so do not load the system's certificates, which may be missing.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(ConfigError::Http)
}

fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

fn connection_error(error: reqwest::Error, limits: &Limits) -> Cause {
    let error = error.without_url();
    if error.is_connect() && error.is_timeout() {
        Cause::Timeout { waiting_for: "a connection", limit: limits.connect }
    } else {
        Cause::Network(error)
    }
}
