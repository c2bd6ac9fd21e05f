//! From a request to an answer: who asks, for what, and what goes wrong on the way.

use std::time::Duration;

use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::Request;
use crate::faults::fault::Fault;
use crate::faults::rows;
use crate::simulator::Account;
use crate::wire::connection::Line;
use crate::wire::envelope;
use crate::wire::malformed;
use crate::wire::pages::Asked;
use crate::wire::server::Serving;

/// How a chain of redirects goes on.
const MOVED: [StatusCode; 5] = [
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::SEE_OTHER,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];

/// Everything below `/v2/api/`.
pub(crate) async fn answer(
    State(serving): State<Serving>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: HttpRequest,
) -> Response {
    let Some(account) = serving.simulator.account_with_key(request.headers()) else { return unauthorized() };
    let uri = request.uri();
    let path = uri.path().strip_prefix("/v2/api/").unwrap_or_default();
    let found = Request::of_path(path);
    if !serving.simulator.admits(account, request.headers()) {
        if let Some((asked, _)) = found {
            serving.simulator.note_call(account, asked, uri, StatusCode::UNAUTHORIZED.as_u16());
        }
        return unauthorized();
    }
    let Some((kind, client_id)) = found else { return json(envelope::of_code("404", None)) };
    if request.method() != Method::GET {
        return json(envelope::of_code("400", Some(kind)));
    }
    let asked = Asked::new(kind, client_id, uri);
    let fault = account.strike(kind, asked.offset, client_id);
    serving.simulator.note_call(account, kind, uri, status_under(fault.as_ref(), &asked));
    match fault {
        None => json(healthy(&serving, account, &asked, None)),
        Some(fault) => faulty(&serving, account, &asked, &line, fault).await,
    }
}

/// The body of the right answer, as far as the fault leaves its rows and envelope right.
fn healthy(serving: &Serving, account: &Account, asked: &Asked, fault: Option<&Fault>) -> Vec<u8> {
    let page = account.world(serving.simulator.clock_ms()).page(asked, fault);
    let Ok(mut page) = page else { return envelope::of_code("400", Some(asked.request)) };
    if let Some(fault) = fault {
        rows::mangle(&mut page.rows, fault, asked.request, asked.offset);
    }
    envelope::of_page(&page, asked.request, fault)
}

async fn faulty(serving: &Serving, account: &Account, asked: &Asked, line: &Line, fault: Fault) -> Response {
    let body = || healthy(serving, account, asked, Some(&fault));
    match &fault {
        Fault::Status(status) => {
            html(StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "Something went wrong")
        }
        Fault::TooManyRequests { retry_after } => {
            let answer = html(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
            labelled(answer, RETRY_AFTER, retry_after.as_deref())
        }
        Fault::Redirect(to) => labelled(html(StatusCode::FOUND, "Moved"), LOCATION, Some(to)),
        Fault::RedirectChain { hops, to } => {
            let next = format!("?hop={}", asked.hop + 1);
            labelled(html(moved(asked), "Moved"), LOCATION, Some(if asked.hop < *hops { &next } else { to }))
        }
        Fault::RotateToken => {
            serving.simulator.rotate_access_token();
            unauthorized()
        }
        Fault::RevokeKey => {
            account.revoke_key();
            unauthorized()
        }
        Fault::ResultCode(code) => json(envelope::of_code(code, Some(asked.request))),
        Fault::Html => html(StatusCode::OK, "We will be right back: scheduled maintenance"),
        Fault::NotJson => json([malformed::WARNING, b"{\"Res"].concat()),
        Fault::EmptyBody => json(Vec::new()),
        Fault::LeadingGarbage => json([malformed::WARNING, &body()].concat()),
        Fault::TrailingGarbage => json([&body(), malformed::WARNING].concat()),
        Fault::ByteOrderMark => json(["\u{feff}".as_bytes(), &body()].concat()),
        Fault::Latin1 => json(malformed::latin_1(&body())),
        Fault::Utf16 => json(malformed::utf_16(&body())),
        Fault::CutBody => malformed::cut(body()),
        Fault::ShortLength => malformed::short_length(line, &body()),
        Fault::CutChunks => malformed::cut_chunks(line, &body()),
        Fault::EndlessBody => malformed::endless(),
        Fault::HugeHeader(bytes) => malformed::huge_header(json(body()), *bytes),
        Fault::Informational(status) => malformed::informational(line, *status, json(body())),
        Fault::NotHttp => malformed::not_http(line),
        Fault::Reset => {
            line.reset();
            StatusCode::OK.into_response()
        }
        Fault::Hang => {
            serving.closing.cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Fault::Drip => malformed::drip(body()),
        Fault::SlowMs(ms) => {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(*ms)) => {}
                () = serving.closing.cancelled() => {}
            }
            json(body())
        }
        Fault::Gzip => labelled(json(rows::gzip(&body())), CONTENT_ENCODING, Some("gzip")),
        Fault::GzipMislabelled => labelled(json(body()), CONTENT_ENCODING, Some("gzip")),
        Fault::GzipCut => {
            let mut packed = rows::gzip(&body());
            packed.truncate(packed.len() / 2);
            labelled(json(packed), CONTENT_ENCODING, Some("gzip"))
        }
        Fault::GzipUnlabelled => json(rows::gzip(&body())),
        Fault::GzipBomb => labelled(json(rows::gzip_bomb()), CONTENT_ENCODING, Some("gzip")),
        _ => json(body()),
    }
}

/// The status that a caller gets to see; 0 if none.
fn status_under(fault: Option<&Fault>, asked: &Asked) -> u16 {
    match fault {
        Some(Fault::Status(status)) => *status,
        Some(Fault::RotateToken | Fault::RevokeKey) => 401,
        Some(Fault::RedirectChain { .. }) => moved(asked).as_u16(),
        Some(Fault::TooManyRequests { .. }) => 429,
        Some(Fault::Redirect(_)) => 302,
        Some(Fault::Reset | Fault::Hang | Fault::NotHttp) => 0,
        _ => 200,
    }
}

fn moved(asked: &Asked) -> StatusCode {
    MOVED[asked.hop % MOVED.len()]
}

/// A name in `headers`, as text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What lacks valid headers fails at the server, before it reaches the API.
fn unauthorized() -> Response {
    html(StatusCode::UNAUTHORIZED, "Unauthorized")
}

fn json(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

fn html(status: StatusCode, words: &str) -> Response {
    let page = format!("<!DOCTYPE html><html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>");
    (status, [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=UTF-8"))], page).into_response()
}

fn labelled(mut answer: Response, name: HeaderName, value: Option<&str>) -> Response {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        answer.headers_mut().insert(name, value);
    }
    answer
}
