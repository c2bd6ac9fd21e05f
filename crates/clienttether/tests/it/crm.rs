//! A CRM of a few lines that answers each call as the test says: right, wrong, late, cut or never.

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
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    calls: Mutex<Vec<Call>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The first is 0.
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
    Labelled {
        header: &'static str,
        body: Vec<u8>,
    },
    Status {
        status: u16,
        header: String,
    },
    /// Announces the body and closes after half of it.
    Cut(String),
    Reset,
    Hang,
    /// One byte, again and again.
    Drip(Duration),
    Late(Duration, String),
}

impl Crm {
    pub(crate) async fn start(answer: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v2/api", listener.local_addr().unwrap());
        let (seen, answer) = (Arc::<Seen>::default(), Arc::new(answer));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), Arc::clone(&answer)));
            }
        });
        Self { base_url, seen }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.seen.calls.lock().unwrap().clone()
    }

    pub(crate) fn offsets(&self) -> Vec<usize> {
        self.calls().iter().map(|call| call.offset).collect()
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.seen.most_in_flight.load(SeqCst)
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

/// Deadlines and waits as short as a test wants them.
pub(crate) fn quick() -> Limits {
    Limits {
        connect: Duration::from_millis(400),
        idle: Duration::from_millis(600),
        whole: Duration::from_millis(1500),
        backoff_unit: Duration::from_millis(5),
        last_try: Duration::from_millis(300),
        shortest_call: Duration::from_millis(200),
        ..Limits::default()
    }
}

/// A page of contacts with these ids.
pub(crate) fn contacts(ids: impl IntoIterator<Item = usize>, total: &str) -> String {
    let rows: Vec<_> = ids.into_iter().map(|id| format!(r#"{{"client_id":"{id}","city":"Reno"}}"#)).collect();
    format!(r#"{{"ResultCode":"CT_200","Message":"Success","TotalRecord":{total},"data":[{}]}}"#, rows.join(","))
}

/// The page that the call asked, of a list of so many contacts.
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

async fn serve(mut stream: TcpStream, seen: Arc<Seen>, answer: Arc<impl Fn(&Call) -> Reply>) -> Option<()> {
    loop {
        let head = read_head(&mut stream).await?;
        let now = seen.in_flight.fetch_add(1, SeqCst) + 1;
        seen.most_in_flight.fetch_max(now, SeqCst);
        let reply = {
            let mut calls = seen.calls.lock().unwrap();
            let call = call(calls.len(), head);
            calls.push(call.clone());
            answer(&call)
        };
        // Long enough for calls that are open together to be seen together.
        sleep(Duration::from_millis(2)).await;
        let goes_on = send(&mut stream, reply, &seen).await;
        goes_on?;
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

async fn send(stream: &mut TcpStream, reply: Reply, seen: &Seen) -> Option<()> {
    if let Reply::Late(wait, _) = &reply {
        sleep(*wait).await;
    }
    let answered = || seen.in_flight.fetch_sub(1, SeqCst);
    match reply {
        Reply::Json(body) | Reply::Late(_, body) => {
            answered();
            whole(stream, "200 OK", "x-a: b", body.as_bytes()).await
        }
        Reply::Bytes(body) => {
            answered();
            whole(stream, "200 OK", "x-a: b", &body).await
        }
        Reply::Labelled { header, body } => {
            answered();
            whole(stream, "200 OK", header, &body).await
        }
        Reply::Status { status, header } => {
            answered();
            whole(stream, &format!("{status} Said"), &header, b"<html>").await
        }
        Reply::Cut(body) => {
            answered();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body.as_bytes()[..body.len() / 2]).await.ok()?;
            stream.shutdown().await.ok()?;
            None
        }
        Reply::Reset => {
            answered();
            stream.set_zero_linger().ok()?;
            None
        }
        Reply::Hang => {
            let gone = stream.read_u8().await;
            answered();
            gone.ok().map(|_| ())
        }
        Reply::Drip(pause) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await.ok()?;
            while stream.write_all(b" ").await.is_ok() {
                sleep(pause).await;
            }
            answered();
            None
        }
    }
}

async fn whole(stream: &mut TcpStream, status: &str, header: &str, body: &[u8]) -> Option<()> {
    let head = format!("HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {}\r\n\r\n", body.len());
    let answer = [head.as_bytes(), body].concat();
    stream.write_all(&answer).await.ok()
}
