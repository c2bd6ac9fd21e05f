//! Responses whose bytes are wrong: invalid HTTP, or bodies in an unexpected encoding.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};

use crate::wire::connection::{ConnectionControl, ResponseAction};

/// The time between two bytes of [`drip`].
const DRIP_INTERVAL: Duration = Duration::from_millis(100);
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A warning as PHP writes it into a response.
pub(crate) const PHP_WARNING: &[u8] =
    b"<br />\n<b>Warning</b>:  Undefined array key \"total\" in <b>api.php</b> on line 214<br />\n";

/// Two thirds of the body, and then the end of the connection.
pub(crate) fn cut(body: Vec<u8>) -> Response {
    let length = body.len();
    let sent = Bytes::from(body).slice(..length * 2 / 3);
    let error = stream::once(async {
        // Without a pause, the bytes still in the buffer would be dropped with the connection.
        tokio::time::sleep(Duration::from_millis(30)).await;
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    });
    with_length(length, Body::from_stream(stream::iter([Ok(sent)]).chain(error)))
}

/// The body, one byte at a time.
pub(crate) fn drip(body: Vec<u8>) -> Response {
    let length = body.len();
    let bytes = stream::unfold(Bytes::from(body), |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(DRIP_INTERVAL).await;
        let byte = rest.split_to(1);
        Some((Ok::<_, Infallible>(byte), rest))
    });
    with_length(length, Body::from_stream(bytes))
}

/// The whole body with half of its length as `Content-Length`, so that the rest precedes the next response.
pub(crate) fn short_length(connection: &ConnectionControl, body: &[u8]) -> Response {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len() / 2);
    connection.send_raw([head.as_bytes(), body].concat(), ResponseAction::Drop);
    StatusCode::OK.into_response()
}

/// Two thirds of a single chunk, and then the end of the connection.
pub(crate) fn cut_chunks(connection: &ConnectionControl, body: &[u8]) -> Response {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let size = format!("{:x}\r\n", body.len());
    let sent = [head.as_bytes(), size.as_bytes(), &body[..body.len() * 2 / 3]].concat();
    connection.send_raw(sent, ResponseAction::CloseConnection);
    StatusCode::OK.into_response()
}

/// Blanks, 64 KB at a time, for as long as the client reads them.
pub(crate) fn endless() -> Response {
    let blanks = Bytes::from(vec![b' '; 64 << 10]);
    let mut response = Response::new(Body::from_stream(stream::repeat_with(move || Ok::<_, Infallible>(blanks.clone()))));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// The response with an additional header of `bytes` bytes.
pub(crate) fn huge_header(mut response: Response, bytes: usize) -> Response {
    if let Ok(value) = HeaderValue::from_bytes(&b"x".repeat(bytes)) {
        response.headers_mut().insert(HeaderName::from_static("x-huge"), value);
    }
    response
}

/// An informational response, and then the actual response.
pub(crate) fn informational(connection: &ConnectionControl, status: u16, response: Response) -> Response {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Wait");
    connection.send_raw(format!("HTTP/1.1 {status} {reason}\r\n\r\n"), ResponseAction::Send);
    response
}

/// The greeting of an SSH server.
pub(crate) fn not_http(connection: &ConnectionControl) -> Response {
    connection.send_raw("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", ResponseAction::CloseConnection);
    StatusCode::OK.into_response()
}

/// The body in ISO 8859-1. Characters that it lacks become question marks.
pub(crate) fn latin_1(body: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(body).chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}

/// The body in little-endian UTF-16, with a byte order mark.
pub(crate) fn utf_16(body: &[u8]) -> Vec<u8> {
    let text = format!("\u{feff}{}", String::from_utf8_lossy(body));
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn with_length(length: usize, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}
