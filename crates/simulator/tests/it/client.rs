//! An HTTP client that exposes every byte of the response.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Client {
    pub(crate) addr: SocketAddr,
    pub(crate) token: String,
    pub(crate) key: String,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn try_get(&self, path: &str) -> io::Result<Response> {
        self.send("GET", &format!("/v2/api/{path}"), "").await
    }

    pub(crate) async fn send(&self, method: &str, target: &str, body: &str) -> io::Result<Response> {
        let mut socket = self.open(method, target, body).await?;
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).await?;
        Response::parse(&bytes)
    }

    /// Sends the request and returns the socket, with the response still to be read.
    pub(crate) async fn open(&self, method: &str, target: &str, body: &str) -> io::Result<TcpStream> {
        let Self { addr, token, key } = self;
        let mut socket = TcpStream::connect(addr).await?;
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\
             X-Access-Token: {token}\r\nX-Web-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(head.as_bytes()).await?;
        Ok(socket)
    }

    /// Every row of a list, read in pages of 100 until one is empty.
    pub(crate) async fn read_all(&self, list: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let separator = if list.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(&format!("{list}{separator}limit=100&offset={}", rows.len())).await.rows();
            if page.is_empty() {
                return rows;
            }
            rows.extend(page);
        }
    }
}

impl Response {
    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        Ok(Self {
            status: status.ok_or(ErrorKind::InvalidData)?,
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
            body: bytes[end + 4..].to_vec(),
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The rows, or none if `data` is not a list.
    pub(crate) fn rows(&self) -> Vec<Value> {
        self.json()["data"].as_array().cloned().unwrap_or_default()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.rows().iter().map(|row| row["client_id"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
