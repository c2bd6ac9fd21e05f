//! One log line for each request.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use super::CALENDAR_FEEDS;

/// Logs method, path, status, and duration. It does not log the query (which can contain a searched name), cookies, or the
/// secret in a calendar address.
pub(crate) async fn log_requests(request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let (method, path) = (request.method().clone(), without_secret(request.uri().path()));
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(%method, path, status, took_ms, request.id = id, "answered");
    response
}

fn without_secret(path: &str) -> String {
    match path.starts_with(CALENDAR_FEEDS) {
        true => format!("{CALENDAR_FEEDS}…"),
        false => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_calendar_address_is_not_logged() {
        assert_eq!(without_secret(&format!("{CALENDAR_FEEDS}s3cret.ics")), "/calendar/…");
        assert_eq!(without_secret("/calendar/s3cret.ics/more"), "/calendar/…");
        assert_eq!(without_secret("/t/harbor/schedule"), "/t/harbor/schedule");
    }
}
