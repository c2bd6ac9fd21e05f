//! A minimal fake CRM that answers each call as the test decides: correctly, wrongly, late, cut off, or never.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tetherboard_clienttether::{Budgets, Client, ClientConfig, Limits, ListRequest, Page, ReadOutcome};
use tetherboard_domain::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

pub(crate) const TOKEN: &str = "eyJ0b2tlbg.of.the.agency";
pub(crate) const KEY: &str = "CT_7a11ed5ec2e7";

pub(crate) struct Crm {
    pub(crate) base_url: String,
    traffic: Arc<Traffic>,
}

#[derive(Default)]
struct Traffic {
    calls: Mutex<Vec<Call>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Counted from 0.
    pub(crate) number: usize,
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) limit: usize,
    pub(crate) offset: usize,
    pub(crate) at: Instant,
}

pub(crate) enum Reply {
    Json(String),
    Bytes(Vec<u8>),
    Labeled {
        header: &'static str,
        body: Vec<u8>,
    },
    Status {
        status: u16,
        header: String,
    },
    /// Announces the full body and closes after half of it.
    CutOff(String),
    Reset,
    Hang,
    /// One byte at a time, without end.
    Drip(Duration),
    Late(Duration, String),
}

impl Crm {
    pub(crate) async fn start(respond: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v2/api", listener.local_addr().unwrap());
        let (traffic, respond) = (Arc::<Traffic>::default(), Arc::new(respond));
        let shared = Arc::clone(&traffic);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), Arc::clone(&respond)));
            }
        });
        Self { base_url, traffic }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.traffic.calls.lock().unwrap().clone()
    }

    pub(crate) fn offsets(&self) -> Vec<usize> {
        self.calls().iter().map(|call| call.offset).collect()
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.traffic.most_in_flight.load(SeqCst)
    }

    pub(crate) fn config(&self, limits: Limits) -> ClientConfig {
        ClientConfig {
            base_url: self.base_url.parse().unwrap(),
            access_token: TOKEN.into(),
            web_key: KEY.into(),
            limits,
            mapping: Arc::default(),
        }
    }

    pub(crate) fn client(&self, limits: Limits) -> Client {
        Client::new(self.config(limits), &Budgets::new(4, 10_000), Clock::system()).unwrap()
    }
}

/// Timeouts and waits that are short enough for tests.
pub(crate) fn quick() -> Limits {
    Limits {
        connect: Duration::from_millis(400),
        idle: Duration::from_millis(600),
        total: Duration::from_millis(1500),
        initial_backoff: Duration::from_millis(5),
        single_try_timeout: Duration::from_millis(300),
        min_call_timeout: Duration::from_millis(200),
        ..Limits::default()
    }
}

/// A page of contacts with these ids.
pub(crate) fn contacts(ids: impl IntoIterator<Item = usize>, total: &str) -> String {
    let rows: Vec<_> = ids.into_iter().map(|id| format!(r#"{{"client_id":"{id}","city":"Reno"}}"#)).collect();
    format!(r#"{{"ResultCode":"CT_200","Message":"Success","TotalRecord":{total},"data":[{}]}}"#, rows.join(","))
}

/// The requested page of a list of this many contacts.
pub(crate) fn page_of(call: &Call, rows: usize, total: &str) -> String {
    contacts(call.offset.min(rows)..(call.offset + call.limit).min(rows), total)
}

pub(crate) async fn read_all<R: ListRequest>(client: &Client, request: R) -> (Vec<Page>, ReadOutcome) {
    let mut pages = client.pages(request);
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        all.push(page);
    }
    (all, pages.finish())
}

pub(crate) fn ids(pages: &[Page]) -> Vec<usize> {
    let rows = pages.iter().flat_map(|page| &page.rows).filter(|row| !row.repeated);
    rows.filter_map(|row| row.id.as_deref()?.parse().ok()).collect()
}

async fn serve(mut stream: TcpStream, traffic: Arc<Traffic>, respond: Arc<impl Fn(&Call) -> Reply>) -> Option<()> {
    loop {
        let head = read_head(&mut stream).await?;
        let now = traffic.in_flight.fetch_add(1, SeqCst) + 1;
        traffic.most_in_flight.fetch_max(now, SeqCst);
        let reply = {
            let mut calls = traffic.calls.lock().unwrap();
            let call = call(calls.len(), head);
            calls.push(call.clone());
            respond(&call)
        };
        // Long enough that concurrent calls overlap here.
        sleep(Duration::from_millis(2)).await;
        let open = send(&mut stream, reply, &traffic).await;
        open?;
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

fn call(number: usize, head: String) -> Call {
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let number_after = |name: &str| {
        let value = path.split_once(name).map_or("0", |(_, rest)| rest.split('&').next().unwrap());
        value.parse().unwrap()
    };
    Call { number, limit: number_after("limit="), offset: number_after("offset="), at: Instant::now(), path, head }
}

async fn send(stream: &mut TcpStream, reply: Reply, traffic: &Traffic) -> Option<()> {
    if let Reply::Late(wait, _) = &reply {
        sleep(*wait).await;
    }
    let finished = || traffic.in_flight.fetch_sub(1, SeqCst);
    match reply {
        Reply::Json(body) | Reply::Late(_, body) => {
            finished();
            write_response(stream, "200 OK", "x-a: b", body.as_bytes()).await
        }
        Reply::Bytes(body) => {
            finished();
            write_response(stream, "200 OK", "x-a: b", &body).await
        }
        Reply::Labeled { header, body } => {
            finished();
            write_response(stream, "200 OK", header, &body).await
        }
        Reply::Status { status, header } => {
            finished();
            write_response(stream, &format!("{status} Status"), &header, b"<html>").await
        }
        Reply::CutOff(body) => {
            finished();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body.as_bytes()[..body.len() / 2]).await.ok()?;
            stream.shutdown().await.ok()?;
            None
        }
        Reply::Reset => {
            finished();
            stream.set_zero_linger().ok()?;
            None
        }
        Reply::Hang => {
            let closed = stream.read_u8().await;
            finished();
            closed.ok().map(|_| ())
        }
        Reply::Drip(pause) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await.ok()?;
            while stream.write_all(b" ").await.is_ok() {
                sleep(pause).await;
            }
            finished();
            None
        }
    }
}

async fn write_response(stream: &mut TcpStream, status: &str, header: &str, body: &[u8]) -> Option<()> {
    let head = format!("HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {}\r\n\r\n", body.len());
    let response = [head.as_bytes(), body].concat();
    stream.write_all(&response).await.ok()
}
