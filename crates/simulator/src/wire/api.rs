//! The CRM's API: checks the credentials, finds the requested page, and applies the account's fault to the response.

use std::time::Duration;

use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::Request;
use crate::faults::fault::Fault;
use crate::faults::{gzip, rows};
use crate::simulator::Account;
use crate::wire::connection::ConnectionControl;
use crate::wire::page_query::PageQuery;
use crate::wire::server_state::ServerState;
use crate::wire::{envelope, malformed_response};

/// The statuses of a chain of redirects, used in turn.
const REDIRECTS: [StatusCode; 5] = [
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::SEE_OTHER,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];

/// Handles every request below `/v2/api/`.
pub(crate) async fn respond(
    State(state): State<ServerState>,
    ConnectInfo(connection): ConnectInfo<ConnectionControl>,
    http_request: HttpRequest,
) -> Response {
    let (headers, uri) = (http_request.headers(), http_request.uri());
    let account = header(headers, "x-web-key").and_then(|key| state.simulator.account_with_key(key));
    let Some(account) = account else { return unauthorized() };
    let path = uri.path().strip_prefix("/v2/api/").unwrap_or_default();
    let requested = Request::from_path(path);
    if !state.simulator.is_authorized(account, header(headers, "x-access-token")) {
        if let Some((request, _)) = requested {
            state.simulator.log_call(account, request, path_and_query(uri), StatusCode::UNAUTHORIZED.as_u16());
        }
        return unauthorized();
    }
    let Some((request, client_id)) = requested else { return json(envelope::for_code("404", None)) };
    if http_request.method() != Method::GET {
        return json(envelope::for_code("400", Some(request)));
    }
    let query = PageQuery::new(request, client_id, uri);
    let fault = account.trigger_fault(request, query.offset, client_id);
    state.simulator.log_call(account, request, path_and_query(uri), status_of(fault.as_ref(), &query));
    match fault {
        None => json(page_body(&state, account, &query, None)),
        Some(fault) => faulty_response(&state, account, &query, &connection, fault).await,
    }
}

/// The body of the response, with the page, rows, and envelope as the fault changes them.
fn page_body(state: &ServerState, account: &Account, query: &PageQuery, fault: Option<&Fault>) -> Vec<u8> {
    let page = account.world(state.simulator.clock_ms()).page(query, fault);
    let Ok(mut page) = page else { return envelope::for_code("400", Some(query.request)) };
    if let Some(fault) = fault {
        rows::corrupt(&mut page.rows, fault, query.request, query.offset);
    }
    if fault == Some(&Fault::EchoCredentials) {
        let echo = rows::spellings(&[&state.simulator.access_token(), &account.info().web_key]);
        rows::set_free_text(&mut page.rows, query.request, &echo);
        let body = envelope::for_page(&page, query.request, fault);
        return [format!("{{\"Message\":{},", serde_json::Value::from(echo)).as_bytes(), &body[1..]].concat();
    }
    envelope::for_page(&page, query.request, fault)
}

/// The response under a fault that needs the server, the account, or the connection; else see [`faulty_body`].
async fn faulty_response(
    state: &ServerState,
    account: &Account,
    query: &PageQuery,
    connection: &ConnectionControl,
    fault: Fault,
) -> Response {
    let body = || page_body(state, account, query, Some(&fault));
    match &fault {
        Fault::RotateToken => {
            state.simulator.rotate_access_token();
            unauthorized()
        }
        Fault::RevokeKey => {
            account.revoke_key();
            unauthorized()
        }
        Fault::ShortLength => malformed_response::short_length(connection, &body()),
        Fault::CutChunks => malformed_response::cut_chunks(connection, &body()),
        Fault::Informational(status) => malformed_response::informational(connection, *status, json(body())),
        Fault::NotHttp => malformed_response::not_http(connection),
        Fault::Reset => {
            connection.reset();
            StatusCode::OK.into_response()
        }
        Fault::Hang => {
            state.closing.cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Fault::SlowMs(ms) => {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(*ms)) => {}
                () = state.closing.cancelled() => {}
            }
            json(body())
        }
        _ => faulty_status(&fault, query).unwrap_or_else(|| faulty_body(&fault, query, body)),
    }
}

/// The response under a fault of the status or the headers.
fn faulty_status(fault: &Fault, query: &PageQuery) -> Option<Response> {
    Some(match fault {
        Fault::Status(status) => {
            html(StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "Something went wrong")
        }
        Fault::TooManyRequests { retry_after } => {
            let response = html(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
            with_header(response, RETRY_AFTER, retry_after.as_deref())
        }
        Fault::Redirect(to) => with_header(html(StatusCode::FOUND, "Moved"), LOCATION, Some(to)),
        Fault::RedirectChain { hops, to } => {
            let next = format!("?hop={}", query.hop + 1);
            with_header(html(redirect_status(query), "Moved"), LOCATION, Some(if query.hop < *hops { &next } else { to }))
        }
        _ => return None,
    })
}

/// The response under a fault of the body. `body` renders the page with the fault's changes to its rows and envelope.
fn faulty_body(fault: &Fault, query: &PageQuery, body: impl Fn() -> Vec<u8>) -> Response {
    match fault {
        Fault::ResultCode(code) => json(envelope::for_code(code, Some(query.request))),
        Fault::Html => html(StatusCode::OK, "We will be right back: scheduled maintenance"),
        Fault::NotJson => json([malformed_response::PHP_WARNING, b"{\"Res"].concat()),
        Fault::EmptyBody => json(Vec::new()),
        Fault::LeadingGarbage => json([malformed_response::PHP_WARNING, &body()].concat()),
        Fault::TrailingGarbage => json([&body(), malformed_response::PHP_WARNING].concat()),
        Fault::ByteOrderMark => json(["\u{feff}".as_bytes(), &body()].concat()),
        Fault::Latin1 => json(malformed_response::latin_1(&body())),
        Fault::Utf16 => json(malformed_response::utf_16(&body())),
        Fault::CutBody => malformed_response::cut(body()),
        Fault::EndlessBody => malformed_response::endless(),
        Fault::HugeHeader(bytes) => malformed_response::huge_header(json(body()), *bytes),
        Fault::Drip => malformed_response::drip(body()),
        Fault::Gzip => with_header(json(gzip::gzip(&body())), CONTENT_ENCODING, Some("gzip")),
        Fault::GzipMislabeled => with_header(json(body()), CONTENT_ENCODING, Some("gzip")),
        Fault::GzipCut => {
            let mut compressed = gzip::gzip(&body());
            compressed.truncate(compressed.len() / 2);
            with_header(json(compressed), CONTENT_ENCODING, Some("gzip"))
        }
        Fault::GzipUnlabeled => json(gzip::gzip(&body())),
        Fault::GzipBomb => with_header(json(gzip::gzip_bomb()), CONTENT_ENCODING, Some("gzip")),
        _ => json(body()),
    }
}

/// The status that the client receives, or 0 for none.
fn status_of(fault: Option<&Fault>, query: &PageQuery) -> u16 {
    match fault {
        Some(Fault::Status(status)) => *status,
        Some(Fault::RotateToken | Fault::RevokeKey) => 401,
        Some(Fault::RedirectChain { .. }) => redirect_status(query).as_u16(),
        Some(Fault::TooManyRequests { .. }) => 429,
        Some(Fault::Redirect(_)) => 302,
        Some(Fault::Reset | Fault::Hang | Fault::NotHttp) => 0,
        _ => 200,
    }
}

fn redirect_status(query: &PageQuery) -> StatusCode {
    REDIRECTS[query.hop % REDIRECTS.len()]
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn path_and_query(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(String::new, ToString::to_string)
}

/// The response to invalid credentials. The web server sends it before the request reaches the API, so it is HTML.
fn unauthorized() -> Response {
    html(StatusCode::UNAUTHORIZED, "Unauthorized")
}

fn json(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

fn html(status: StatusCode, title: &str) -> Response {
    let page = format!("<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
    (status, [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=UTF-8"))], page).into_response()
}

fn with_header(mut response: Response, name: HeaderName, value: Option<&str>) -> Response {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        response.headers_mut().insert(name, value);
    }
    response
}
