//! One exchange over HTTP: the request goes out, the bytes come back within their deadlines and their cap.

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

/// A way to the CRM, with the credentials that every call shows.
pub(crate) struct Line {
    http: reqwest::Client,
    base: Url,
    headers: HeaderMap,
    clock: Clock,
}

/// What came back whole: a status that means success, and a body, unpacked.
pub(crate) struct Exchange {
    pub status: u16,
    pub received_at: Timestamp,
    pub server_date: Option<Timestamp>,
    pub body: Bytes,
}

/// What came back otherwise.
pub(crate) struct Broken {
    pub cause: Cause,
    pub retry_after: Option<Duration>,
}

impl From<Cause> for Broken {
    fn from(cause: Cause) -> Self {
        Self { cause, retry_after: None }
    }
}

impl Line {
    pub(crate) fn new(config: &ClientConfig, clock: Clock) -> Result<Self, ConfigError> {
        let base = config.base()?;
        let mut headers = config.headers()?;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        Ok(Self { http: http_client(&base, &config.limits)?, base, headers, clock })
    }

    /// `within` bounds the whole exchange.
    pub(crate) async fn get(&self, path_and_query: &str, limits: &Limits, within: Duration) -> Result<Exchange, Broken> {
        let late = |_| Broken::from(Cause::Timeout { awaited: "the whole answer", limit: within });
        timeout(within, self.exchange(path_and_query, limits)).await.map_err(late)?
    }

    async fn exchange(&self, path_and_query: &str, limits: &Limits) -> Result<Exchange, Broken> {
        let url = self.base.join(path_and_query).map_err(|_| Cause::NotAnEnvelope("its address cannot be made"))?;
        let sent = self.http.get(url).headers(self.headers.clone()).send();
        let first_byte = limits.connect + limits.idle;
        let mut response = timeout(first_byte, sent)
            .await
            .map_err(|_| Cause::Timeout { awaited: "the first byte", limit: first_byte })?
            .map_err(|error| unreached(error, limits))?;
        self.check_status(&response)?;
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let server_date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        let packed = read_body(&mut response, limits).await?;
        let status = response.status().as_u16();
        let body = gzip::plain(packed, limits.max_body_bytes)?;
        Ok(Exchange { status, received_at: self.clock.now(), server_date, body })
    }

    fn check_status(&self, response: &reqwest::Response) -> Result<(), Broken> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let wish = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = wish.and_then(|wish| retry_after::parse(wish, self.clock.now()));
        let cause = match status.as_u16() {
            status @ (401 | 403) => Cause::Refused { status },
            status @ 429 => Cause::AskedToWait { status },
            status @ 503 if retry_after.is_some() => Cause::AskedToWait { status },
            status => Cause::HttpStatus { status },
        };
        Err(Broken { cause, retry_after })
    }
}

/// Chunks until the end, each within the idle deadline, all within the cap.
async fn read_body(response: &mut reqwest::Response, limits: &Limits) -> Result<Bytes, Cause> {
    let too_large = Cause::TooLarge { limit: limits.max_body_bytes };
    let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    if announced > limits.max_body_bytes {
        return Err(too_large);
    }
    let mut body = BytesMut::with_capacity(announced);
    loop {
        let chunk = timeout(limits.idle, response.chunk()).await;
        let chunk = chunk.map_err(|_| Cause::Timeout { awaited: "the next byte", limit: limits.idle })?;
        let Some(chunk) = chunk.map_err(|error| Cause::Cut(error.without_url()))? else { return Ok(body.freeze()) };
        if chunk.len() > limits.max_body_bytes - body.len() {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
}

/// Redirects are answers, not errands: credentials never follow one. Bodies are unpacked by us, under our cap.
fn http_client(base: &Url, limits: &Limits) -> Result<reqwest::Client, ConfigError> {
    // TLS wants a provider for the process; one that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("tetherboard/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .redirect(Policy::none())
        .referer(false)
        .no_gzip();
    if is_this_machine(base) {
        builder = builder.no_proxy();
    }
    if base.scheme() == "http" {
        // No TLS will be spoken, so the system's certificates need be neither there nor read.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(ConfigError::Http)
}

fn is_this_machine(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

fn unreached(error: reqwest::Error, limits: &Limits) -> Cause {
    let error = error.without_url();
    if error.is_connect() && error.is_timeout() {
        Cause::Timeout { awaited: "a connection", limit: limits.connect }
    } else {
        Cause::Network(error)
    }
}
