//! CSV downloads: UTF-8 with a byte-order mark, and no cell that a spreadsheet would run as a formula.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, TryStreamExt, stream};

/// A table with its header row, as a download.
pub(crate) fn download(name: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Response {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(b"\xef\xbb\xbf".to_vec());
    // Writing into memory does not fail.
    let _ = writer.write_record(header);
    for row in rows {
        let _ = writer.write_record(row.iter().map(|cell| harmless(cell)));
    }
    as_download(name, writer.into_inner().unwrap_or_default().into_response())
}

/// The same for rows that are loaded in parts. If a part fails, the response ends in the middle and the browser reports it.
pub(crate) fn stream<E: std::error::Error + Send + Sync + 'static>(
    name: &str,
    header: &[&str],
    parts: impl Stream<Item = Result<Vec<Vec<String>>, E>> + Send + 'static,
) -> Response {
    let header = vec![header.iter().map(|&cell| cell.to_owned()).collect()];
    let first = stream::iter([Ok([b"\xef\xbb\xbf".to_vec(), encode(header)].concat())]);
    let rest = parts.map_ok(encode);
    as_download(name, Body::from_stream(first.chain(rest)).into_response())
}

fn encode(rows: Vec<Vec<String>>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        // Writing into memory does not fail.
        let _ = writer.write_record(row.iter().map(|cell| harmless(cell)));
    }
    writer.into_inner().unwrap_or_default()
}

fn as_download(name: &str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.csv\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

/// The cell with an apostrophe before what a spreadsheet would take for a formula.
fn harmless(cell: &str) -> String {
    let number = cell.parse::<f64>().is_ok();
    match cell.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '|' | '%') if !number => format!("'{cell}"),
        _ if cell.starts_with(['\t', '\r', '\n']) => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_negative_numbers_stay_numbers() {
        assert_eq!(harmless("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(harmless("+15550100x"), "'+15550100x");
        assert_eq!(harmless(" @SUM(A1)"), "' @SUM(A1)");
        assert_eq!(harmless("\t=1"), "'\t=1");
        assert_eq!(harmless("-12.50"), "-12.50");
        assert_eq!(harmless("Ada"), "Ada");
    }
}
