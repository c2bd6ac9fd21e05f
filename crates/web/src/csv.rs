//! Lists as CSV: UTF-8 with a byte-order mark, and no cell that a spreadsheet would run as a formula.

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// A table with its header row, as a download.
pub(crate) fn download(name: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Response {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(b"\xef\xbb\xbf".to_vec());
    // Writing into memory does not fail.
    let _ = writer.write_record(header);
    for row in rows {
        let _ = writer.write_record(row.iter().map(|cell| harmless(cell)));
    }
    let mut response = writer.into_inner().unwrap_or_default().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.csv\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

/// A spreadsheet takes what begins so for a formula; an apostrophe makes it text.
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
