//! CSV downloads: UTF-8 with a byte-order mark, and no cell that a spreadsheet would run as a formula.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use jiff::civil::Date;
use tetherboard_domain::{is_invisible, isolated};
use tetherboard_store::tenants::Tenant;

/// What a download is named by: brand, page, and the days it covers.
pub(crate) struct FileName<'a> {
    pub(crate) brand: &'a Tenant,
    /// In ASCII, such as `hot-list`.
    pub(crate) page: &'a str,
    /// The first and last day of its rows; `None` is an open end.
    pub(crate) days: (Option<Date>, Option<Date>),
    /// The day of the download, which names a list of all times.
    pub(crate) today: Date,
}

impl FileName<'_> {
    fn period(&self) -> String {
        match self.days {
            (None, None) => format!("as-of-{}", self.today),
            (Some(first), None) => format!("since-{first}"),
            (None, Some(last)) => format!("until-{last}"),
            (Some(first), Some(last)) if first == last => first.to_string(),
            (Some(first), Some(last)) => format!("{first}-to-{last}"),
        }
    }

    /// The header of a download, RFC 6266: a name in ASCII for every program, and one with the brand's own name.
    fn disposition(&self) -> String {
        let rest = format!("{}-{}.csv", self.page, self.period());
        let visible =
            |c: &char| !c.is_control() && !is_invisible(*c) && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
        let name: String = self.brand.name.chars().filter(visible).take(80).collect();
        let name = name.trim().trim_matches('.');
        let name = if name.is_empty() { self.brand.slug.as_str() } else { name };
        // RFC 5987 names few bytes that need no escape.
        let escaped: String = format!("{name}-{rest}").bytes().fold(String::new(), |mut escaped, byte| {
            match byte {
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
                byte => escaped.push_str(&format!("%{byte:02X}")),
            }
            escaped
        });
        format!("attachment; filename=\"{}-{rest}\"; filename*=UTF-8''{escaped}", self.brand.slug)
    }
}

/// A table with its header row, as a download.
pub(crate) fn download(name: &FileName<'_>, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Response {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(b"\xef\xbb\xbf".to_vec());
    // Writing into memory does not fail.
    let _ = writer.write_record(header);
    for row in rows {
        let _ = writer.write_record(row.iter().map(|cell| safe(cell)));
    }
    as_download(name, writer.into_inner().unwrap_or_default().into_response())
}

/// The same for rows that are loaded in parts. If a part fails, the response ends in the middle and the browser reports it.
pub(crate) fn stream<E: std::error::Error + Send + Sync + 'static>(
    name: &FileName<'_>,
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
        let _ = writer.write_record(row.iter().map(|cell| safe(cell)));
    }
    writer.into_inner().unwrap_or_default()
}

fn as_download(name: &FileName<'_>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(disposition) = HeaderValue::from_str(&name.disposition()) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

/// The cell as it is written: no formula, and its direction characters confined to it.
fn safe(cell: &str) -> String {
    harmless(&isolated(cell)).into_owned()
}

/// The cell with an apostrophe before everything that a spreadsheet would take for a formula: at its beginning, and after each
/// character that separates cells in some country or import dialog, since the spreadsheet may split the cell there.
fn harmless(cell: &str) -> Cow<'_, str> {
    if !cell.contains(is_trigger) && !cell.contains(is_leading_trigger) {
        return Cow::Borrowed(cell);
    }
    let mut out = String::with_capacity(cell.len() + 8);
    if cell.starts_with(['\t', '\r', '\n']) {
        out.push('\'');
    }
    for (at, part) in cell.split_inclusive(is_separator).enumerate() {
        if is_formula(part.trim_end_matches(is_separator), at == 0) {
            out.push('\'');
        }
        out.push_str(part);
    }
    Cow::Owned(out)
}

/// Whether a spreadsheet would calculate a cell with this text. `is_whole_start` is false after a separator within a cell, where
/// only what begins a formula in today's programs counts.
fn is_formula(text: &str, is_whole_start: bool) -> bool {
    // Spreadsheets ignore some of these before a formula.
    let visible =
        text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c) || matches!(c, '"' | '“' | '”'));
    visible.starts_with(is_trigger) && !is_number(visible.trim_end()) || is_whole_start && visible.starts_with(is_leading_trigger)
}

/// What begins a formula, also in full width.
fn is_trigger(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '﹦' | '﹢' | '﹣' | '﹫' | '−')
}

/// What began a formula or a command in older programs, or is removed before one.
fn is_leading_trigger(c: char) -> bool {
    matches!(c, '|' | '%' | '\t' | '\r' | '\n')
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '\t' | '|' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a text is a number with a sign, such as -12.50.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-', '−']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_command("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0")]
    #[case::plus("+15550100x", "'+15550100x")]
    #[case::after_a_space(" @SUM(A1)", "' @SUM(A1)")]
    #[case::after_a_tab("\t=1", "'\t'=1")]
    #[case::after_a_carriage_return("\r=1", "'\r'=1")]
    #[case::after_a_byte_order_mark("\u{feff}=1+1", "'\u{feff}=1+1")]
    #[case::after_zero_width("\u{200b}\u{2060}=1", "'\u{200b}\u{2060}=1")]
    #[case::after_a_direction_mark("\u{202e}=1", "'\u{202e}=1")]
    #[case::after_a_control_character("\u{1}=1", "'\u{1}=1")]
    #[case::after_a_quote("\"=1+1", "'\"=1+1")]
    #[case::full_width("＝1+1", "'＝1+1")]
    #[case::small_form("﹦1+1", "'﹦1+1")]
    #[case::full_width_plus("＋1x", "'＋1x")]
    #[case::full_width_minus("－a", "'－a")]
    #[case::full_width_at("＠SUM(1)", "'＠SUM(1)")]
    #[case::semicolon("a;=1+1", "a;'=1+1")]
    #[case::semicolon_and_space("a; ＝1+1;\u{feff}@b", "a;' ＝1+1;'\u{feff}@b")]
    #[case::semicolon_and_quote("a;\"=1+1\"", "a;'\"=1+1\"")]
    #[case::comma("a,=1", "a,'=1")]
    #[case::tab("a\t=1", "a\t'=1")]
    #[case::new_line("a\n=1+1", "a\n'=1+1")]
    #[case::carriage_return("a\r\n-1+1", "a\r\n'-1+1")]
    #[case::line_separator("a\u{2028}=1", "a\u{2028}'=1")]
    #[case::infinity("-inf", "'-inf")]
    #[case::not_a_number("-1.2.3", "'-1.2.3")]
    #[case::number("-12.50", "-12.50")]
    #[case::number_after_a_semicolon("a;-12.50", "a;-12.50")]
    #[case::sign_within("a=b, c + d - e@f", "a=b, c + d - e@f")]
    #[case::percent("%a", "'%a")]
    #[case::name("Ada", "Ada")]
    #[case::already_text("'=1", "'=1")]
    #[case::nothing("", "")]
    fn nothing_in_a_cell_is_calculated_and_numbers_stay_numbers(#[case] cell: &str, #[case] expected: &str) {
        assert_eq!(harmless(cell), expected);
    }

    proptest::proptest! {
        #[test]
        fn however_a_spreadsheet_splits_a_line_no_cell_is_a_formula(cells in proptest::collection::vec("[a=+@;,\t\n\"＝ \u{feff}|-]{0,8}", 1..4)) {
            let line = String::from_utf8(encode(vec![cells])).unwrap();
            for separator in [",", ";", "\t"] {
                let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator.as_bytes()[0]).from_reader(line.as_bytes());
                for record in reader.records() {
                    for cell in record.unwrap().iter() {
                        let visible = cell.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
                        proptest::prop_assert!(!visible.starts_with(['=', '+', '@', '＝']), "{cell:?} with {separator:?} in {line:?}");
                    }
                }
            }
        }
    }
}
