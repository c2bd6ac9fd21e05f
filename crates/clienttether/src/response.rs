//! Parses an HTTP response into a page, or into the reason why it is not one.

use tetherboard_crm_records::Mapping;
use tetherboard_domain::Dataset;

use crate::envelope::{self, SplitBody};
use crate::error::Cause;
use crate::page::{Page, RawRow};
use crate::result_code::ResultCode;
use crate::transport::HttpResponse;

/// Rows are later decoded by a parser that stops at 128 levels, so deeper nesting is rejected here.
const MAX_DEPTH: usize = 120;

/// In characters.
const MAX_MESSAGE_LENGTH: usize = 200;

/// What is needed besides the response to make it a page.
#[derive(Clone, Copy)]
pub(crate) struct ResponseContext<'a> {
    pub offset: usize,
    pub path_and_query: &'a str,
    pub dataset: Dataset,
    /// Finds each row's ID.
    pub mapping: &'a Mapping,
}

/// Parses a response. A result code other than success is an error, despite HTTP status 200.
pub(crate) fn parse_page(response: &HttpResponse, context: ResponseContext<'_>) -> Result<Page, Cause> {
    let SplitBody { mut envelope, rows } = envelope::split(&response.body)?;
    envelope.message = clean_message(&envelope.message);
    if !envelope.result_code.is_success() {
        return Err(error_code(envelope.result_code, envelope.message));
    }
    let body = &response.body;
    let rows = rows.into_iter().map(|span| RawRow {
        id: context.mapping.row_id(context.dataset, &body[span.clone()]),
        span,
        repeated: false,
    });
    let page = Page {
        offset: context.offset,
        request: context.path_and_query.to_owned(),
        status: response.status,
        received_at: response.received_at,
        server_date: response.server_date,
        body: body.clone(),
        envelope,
        rows: rows.collect(),
    };
    if page.gaps().any(is_too_deep) || page.rows.iter().any(|row| is_too_deep(page.row(row))) {
        return Err(Cause::TooDeep);
    }
    Ok(page)
}

fn error_code(code: ResultCode, message: String) -> Cause {
    match code.0 {
        401 | 403 => Cause::RefusedByCode { code, message },
        _ => Cause::ResultCode { code, message },
    }
}

/// The message without control characters, cut to its maximum length.
fn clean_message(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(MAX_MESSAGE_LENGTH).collect()
}

/// Most rows have so few opening brackets that their depth need not be computed.
fn is_too_deep(json: &[u8]) -> bool {
    // A chunk's count fits a byte, which lets the compiler count many bytes at once.
    let opening = |chunk: &[u8]| usize::from(chunk.iter().map(|b| u8::from(*b | 0x20 == b'{')).sum::<u8>());
    json.chunks(255).map(opening).sum::<usize>() > MAX_DEPTH && depth(json) > MAX_DEPTH
}

fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn parse(body: impl Into<Vec<u8>>) -> Result<Page, Cause> {
        let response =
            HttpResponse { status: 200, received_at: jiff::Timestamp::UNIX_EPOCH, server_date: None, body: body.into().into() };
        let mapping = Mapping::default();
        let context = ResponseContext {
            offset: 100,
            path_and_query: "read_client_list?offset=100",
            dataset: Dataset::Contacts,
            mapping: &mapping,
        };
        parse_page(&response, context)
    }

    #[test]
    fn rows_have_their_ids_if_readable() {
        let rows = r#"[{"client_id":"7"},{"x":[],"client_id":1000007},{"client_id":"007"},{"client_id":""},{},7,null,[{}]]"#;
        let page = parse(format!(r#"{{"ResultCode":"CT_200","data":{rows}}}"#)).unwrap();
        let ids: Vec<_> = page.rows.iter().map(|row| row.id.as_deref()).collect();
        assert_eq!(ids, [Some("7"), Some("1000007"), Some("007"), None, None, None, None, None]);
    }

    #[rstest]
    #[case::key_missing("CT_501", "key missing", "ClientTether returned the error CT_501: key missing")]
    #[case::refused(
        "CT_401",
        "no",
        "ClientTether refused the credentials with CT_401: no; check the access token and the web key"
    )]
    #[case::control_characters("CT_400", "a\\u0007b\\nc", "ClientTether returned the error CT_400: abc")]
    fn an_error_under_status_200_is_an_error(#[case] code: &str, #[case] message: &str, #[case] expected: &str) {
        let cause = parse(format!(r#"{{"ResultCode":"{code}","Message":"{message}"}}"#)).unwrap_err();
        assert_eq!(cause.to_string(), expected);
    }

    #[test]
    fn a_long_message_is_cut() {
        let message = "é".repeat(1000);
        let cause = parse(format!(r#"{{"ResultCode":400,"Message":"{message}"}}"#)).unwrap_err();
        assert!(matches!(cause, Cause::ResultCode { message, .. } if message.chars().count() == 200));
    }

    #[rstest]
    #[case::as_data(r#"{"ResultCode":200,"data":"#, "}")]
    #[case::in_a_row(r#"{"ResultCode":200,"data":[{"client_id":1,"x":"#, "}]}")]
    #[case::beside_the_rows(r#"{"ResultCode":200,"data":[],"x":"#, "}")]
    fn deep_nesting_is_a_fault_and_not_a_stack_overflow(#[case] before: &str, #[case] after: &str) {
        let deep = format!("{before}{}{}{after}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(parse(deep), Err(Cause::TooDeep)));
    }

    #[test]
    fn brackets_in_a_note_are_not_nesting() {
        let body = format!(r#"{{"ResultCode":200,"data":[{{"client_id":1,"note":"\"{}"}}]}}"#, "[{".repeat(10_000));
        assert_eq!(parse(body).unwrap().rows.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_page_or_a_fault(body: Vec<u8>) {
            let _ = parse(body);
        }

        #[test]
        fn gaps_and_rows_reproduce_the_body(
            rows in proptest::collection::vec(r#"(\{"client_id" ?: ?"?[0-9]{1,4}"?\}|null|\[[0-9]?\]|"[a-zé\\]\\[/n]?")"#, 0..8),
            comma in " ?, ?",
            end in "[ \n]{0,3}",
        ) {
            let body = format!(r#"{{"ResultCode":200, "data": [{}]}}{end}"#, rows.join(&comma));
            if let Ok(page) = parse(body.clone()) {
                let mut rows = page.rows.iter().map(|row| page.row(row));
                let mut rebuilt = Vec::new();
                for gap in page.gaps() {
                    rebuilt.extend_from_slice(gap);
                    rebuilt.extend_from_slice(rows.next().unwrap_or_default());
                }
                proptest::prop_assert_eq!(rebuilt, body.into_bytes());
            }
        }
    }
}
