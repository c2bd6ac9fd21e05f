//! Response times of pages and summaries over HTTP, next to a baseline server that returns the same bytes from memory.

use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_domain::{Clock, UserRole};
use tetherboard_store::{Store, api_tokens, users};
use tetherboard_web::{Portal, Settings, hash_token, new_api_token, token_hint};
use tokio::net::TcpListener;

const PAGES: [&str; 18] = [
    "/t/bench/overview",
    "/t/bench/leads",
    "/t/bench/leads?period=12m&compare=year",
    "/t/bench/leads?q=ann",
    "/t/bench/pipeline",
    "/t/bench/pipeline?in=open&sort=-fee",
    "/t/bench/hot-list",
    "/api/v1/tenants/bench/hot-list",
    "/api/v1/tenants/bench/leads/summary",
    "/api/v1/tenants/bench/pipeline",
    "/api/v1/tenants/bench/leads?sort=name",
    "/agency",
    // 100,000 notes: a word in one note of a thousand, a word in every note with filters, a prefix, a phrase.
    "/t/bench/notes",
    "/t/bench/notes?q=financing",
    "/t/bench/notes?q=the&type=Call&role=new",
    "/t/bench/notes?q=f*",
    "/t/bench/notes?q=%22the+fee+of%22",
    "/api/v1/tenants/bench/notes?q=financing",
];

const ROUNDS: usize = 40;
const CLIENTS: usize = 16;
/// How long the throughput of a page is measured.
const MEASURED_FOR: Duration = Duration::from_secs(3);

/// Prints one line per page: first response, median of one client, baseline, and throughput of 16 clients.
pub(crate) async fn measure(store: &Store) -> anyhow::Result<()> {
    let site = serve(Portal::new(store.clone(), Clock::system(), Settings::default()).router()).await?;
    let client = client(store).await?;
    println!();
    println!("{:<44} {:>10} {:>10} {:>10} {:>12} {:>9}", "page", "cold ms", "median ms", "baseline", "per second", "bytes");
    for page in PAGES {
        let url = format!("{site}{page}");
        let started = Instant::now();
        let body = read(&client, &url).await?;
        let cold = started.elapsed();
        let bytes = body.len();
        let baseline = serve(axum::Router::new().fallback(async move || body.clone())).await?;
        println!(
            "{page:<44} {:>10.1} {:>10.2} {:>10.2} {:>12.0} {bytes:>9}",
            ms(cold),
            ms(median(&client, &url).await?),
            ms(median(&client, &baseline).await?),
            per_second(&client, &url).await?,
        );
    }
    Ok(())
}

async fn serve(router: axum::Router) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}

/// A client signed in as an agency admin, without compression, which would distort the measurement.
async fn client(store: &Store) -> anyhow::Result<reqwest::Client> {
    let now_ms = Clock::system().now_ms();
    let user = users::add_user(store.conn(), "bench@example.com", "Bench", UserRole::AgencyAdmin, "", now_ms).await?;
    let token: SecretString = new_api_token();
    api_tokens::add(store.conn(), user, &hash_token(&token), &token_hint(&token), now_ms).await?;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(reqwest::Client::builder().default_headers(headers).build()?)
}

async fn read(client: &reqwest::Client, url: &str) -> anyhow::Result<String> {
    let response = client.get(url).send().await?.error_for_status()?;
    response.text().await.with_context(|| format!("the response of {url} was cut off"))
}

/// The median response time of sequential requests from one client.
async fn median(client: &reqwest::Client, url: &str) -> anyhow::Result<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        read(client, url).await?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times[ROUNDS / 2])
}

/// Responses per second to [`CLIENTS`] concurrent clients.
async fn per_second(client: &reqwest::Client, url: &str) -> anyhow::Result<f64> {
    let started = Instant::now();
    let request_all = async || {
        let mut responses = 0_u32;
        while started.elapsed() < MEASURED_FOR {
            read(client, url).await?;
            responses += 1;
        }
        anyhow::Ok(responses)
    };
    let clients: Vec<_> = (0..CLIENTS).map(|_| request_all()).collect();
    let mut responses = 0;
    for count in futures::future::join_all(clients).await {
        responses += count?;
    }
    Ok(f64::from(responses) / started.elapsed().as_secs_f64())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
