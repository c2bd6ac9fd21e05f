//! Answers that are broken as bytes: what an HTTP library would not send, or what no parser of JSON expects.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};

use crate::wire::connection::{Line, Then};

const DRIP: Duration = Duration::from_millis(100);
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What the server's own language writes before or behind an answer when it is displeased.
pub(crate) const WARNING: &[u8] = b"<br />\n<b>Warning</b>:  Undefined array key \"total\" in <b>api.php</b> on line 214<br />\n";

/// Two thirds of what was promised, and the end of the connection.
pub(crate) fn cut(body: Vec<u8>) -> Response {
    let promised = body.len();
    let sent = Bytes::from(body).slice(..promised * 2 / 3);
    let broken = stream::once(async {
        // What came before must be on the wire by now, or it would be dropped with the connection.
        tokio::time::sleep(Duration::from_millis(30)).await;
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    });
    promising(promised, Body::from_stream(stream::iter([Ok(sent)]).chain(broken)))
}

pub(crate) fn drip(body: Vec<u8>) -> Response {
    let promised = body.len();
    let drops = stream::unfold(Bytes::from(body), |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(DRIP).await;
        let drop = rest.split_to(1);
        Some((Ok::<_, Infallible>(drop), rest))
    });
    promising(promised, Body::from_stream(drops))
}

/// Half of the body is promised; the other half is on the wire when the next answer is awaited.
pub(crate) fn short_length(line: &Line, body: &[u8]) -> Response {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len() / 2);
    line.say([head.as_bytes(), body].concat(), Then::Nothing);
    StatusCode::OK.into_response()
}

/// One chunk, of which two thirds come.
pub(crate) fn cut_chunks(line: &Line, body: &[u8]) -> Response {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let size = format!("{:x}\r\n", body.len());
    line.say([head.as_bytes(), size.as_bytes(), &body[..body.len() * 2 / 3]].concat(), Then::Close);
    StatusCode::OK.into_response()
}

/// Blanks, 64 KB at a time, for as long as somebody reads them.
pub(crate) fn endless() -> Response {
    let blanks = Bytes::from(vec![b' '; 64 << 10]);
    let mut answer = Response::new(Body::from_stream(stream::repeat_with(move || Ok::<_, Infallible>(blanks.clone()))));
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

pub(crate) fn huge_header(mut answer: Response, bytes: usize) -> Response {
    if let Ok(value) = HeaderValue::from_bytes(&b"x".repeat(bytes)) {
        answer.headers_mut().insert(HeaderName::from_static("x-huge"), value);
    }
    answer
}

/// A status that says that the answer is still to come, and the answer.
pub(crate) fn informational(line: &Line, status: u16, answer: Response) -> Response {
    let words = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Wait");
    line.say(format!("HTTP/1.1 {status} {words}\r\n\r\n"), Then::Answer);
    answer
}

pub(crate) fn not_http(line: &Line) -> Response {
    line.say("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Then::Close);
    StatusCode::OK.into_response()
}

/// What has no letter of its own there becomes a question mark.
pub(crate) fn latin_1(body: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(body).chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}

/// With its byte order mark.
pub(crate) fn utf_16(body: &[u8]) -> Vec<u8> {
    let text = format!("\u{feff}{}", String::from_utf8_lossy(body));
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn promising(length: usize, body: Body) -> Response {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    answer
}
