//! From an exchange to a page, or to the reason why it is none.

use secrecy::{ExposeSecret, SecretString};
use tetherboard_crm_records::Mapping;
use tetherboard_domain::Dataset;

use crate::ResultCode;
use crate::envelope::{self, Split};
use crate::error::Cause;
use crate::line::Exchange;
use crate::page::{Page, RawRow};

/// The parser that later opens a row gives up at 128 levels; here nothing is let through that it would not open.
const DEEPEST: usize = 120;

const LONGEST_MESSAGE: usize = 200;

pub(crate) fn read(exchange: &Exchange, asked: Asked<'_>) -> Result<Page, Cause> {
    let Split { mut envelope, rows } = envelope::split(&exchange.body)?;
    envelope.message = short(&envelope.message, asked.secrets);
    if !envelope.result_code.is_right() {
        return Err(fault_inside(envelope.result_code, envelope.message));
    }
    let body = &exchange.body;
    let rows = rows.into_iter().map(|span| RawRow {
        id: asked.mapping.row_id(asked.dataset, &body[span.clone()]),
        span,
        repeated: false,
    });
    let page = Page {
        offset: asked.offset,
        request: asked.path_and_query.to_owned(),
        status: exchange.status,
        received_at: exchange.received_at,
        server_date: exchange.server_date,
        body: body.clone(),
        envelope,
        rows: rows.collect(),
    };
    if page.gaps().any(is_too_deep) || page.rows.iter().any(|row| is_too_deep(page.row(row))) {
        return Err(Cause::TooDeep);
    }
    Ok(page)
}

/// What was asked.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub offset: usize,
    pub path_and_query: &'a str,
    /// Knows where a row's id stands.
    pub mapping: &'a Mapping,
    pub dataset: Dataset,
    /// Not to be repeated in a message, even if the CRM does.
    pub secrets: &'a [SecretString],
}

fn fault_inside(code: ResultCode, message: String) -> Cause {
    match code.0 {
        401 | 403 => Cause::RefusedInside { code, message },
        _ => Cause::ResultCode { code, message },
    }
}

fn short(message: &str, secrets: &[SecretString]) -> String {
    let mut message = message.to_owned();
    for secret in secrets {
        message = message.replace(secret.expose_secret().trim(), "[secret]");
    }
    message.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect()
}

/// Most rows open so few brackets that they need not be walked through.
fn is_too_deep(json: &[u8]) -> bool {
    // A chunk's count fits a byte, which lets the compiler count many bytes at once.
    let opening = |chunk: &[u8]| usize::from(chunk.iter().map(|b| u8::from(*b | 0x20 == b'{')).sum::<u8>());
    json.chunks(255).map(opening).sum::<usize>() > DEEPEST && depth(json) > DEEPEST
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

    fn answer(body: impl Into<Vec<u8>>) -> Result<Page, Cause> {
        let exchange =
            Exchange { status: 200, received_at: jiff::Timestamp::UNIX_EPOCH, server_date: None, body: body.into().into() };
        let secrets = ["eyJhbGciOi".into(), "CT_0a1b".into()];
        let mapping = Mapping::default();
        let asked = Asked {
            offset: 100,
            path_and_query: "read_client_list?offset=100",
            dataset: Dataset::Contacts,
            mapping: &mapping,
            secrets: &secrets,
        };
        read(&exchange, asked)
    }

    #[test]
    fn rows_carry_their_ids_where_they_have_one() {
        let rows = r#"[{"client_id":"7"},{"x":[],"client_id":1000007},{"client_id":"007"},{"client_id":""},{},7,null,[{}]]"#;
        let page = answer(format!(r#"{{"ResultCode":"CT_200","data":{rows}}}"#)).unwrap();
        let ids: Vec<_> = page.rows.iter().map(|row| row.id.as_deref()).collect();
        assert_eq!(ids, [Some("7"), Some("1000007"), Some("007"), None, None, None, None, None]);
    }

    #[rstest]
    #[case::key_missing("CT_501", "key missing", "the CRM answered CT_501: key missing")]
    #[case::refused("CT_401", "no", "the CRM refused the credentials with CT_401: no")]
    #[case::control_characters("CT_400", "a\\u0007b\\nc", "the CRM answered CT_400: abc")]
    #[case::secrets("CT_400", "bad token eyJhbGciOi of CT_0a1b", "the CRM answered CT_400: bad token [secret] of [secret]")]
    fn an_error_under_status_200_is_an_error(#[case] code: &str, #[case] message: &str, #[case] says: &str) {
        let cause = answer(format!(r#"{{"ResultCode":"{code}","Message":"{message}"}}"#)).unwrap_err();
        assert_eq!(cause.to_string(), says);
    }

    #[test]
    fn a_long_message_is_cut() {
        let message = "é".repeat(1000);
        let cause = answer(format!(r#"{{"ResultCode":400,"Message":"{message}"}}"#)).unwrap_err();
        assert!(matches!(cause, Cause::ResultCode { message, .. } if message.chars().count() == 200));
    }

    #[rstest]
    #[case::as_data(r#"{"ResultCode":200,"data":"#, "}")]
    #[case::in_a_row(r#"{"ResultCode":200,"data":[{"client_id":1,"x":"#, "}]}")]
    #[case::beside_the_rows(r#"{"ResultCode":200,"data":[],"x":"#, "}")]
    fn what_is_nested_too_deep_is_a_fault_and_no_stack_overflow(#[case] before: &str, #[case] after: &str) {
        let deep = format!("{before}{}{}{after}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(answer(deep), Err(Cause::TooDeep)));
    }

    #[test]
    fn brackets_in_a_note_are_not_depth() {
        let body = format!(r#"{{"ResultCode":200,"data":[{{"client_id":1,"note":"\"{}"}}]}}"#, "[{".repeat(10_000));
        assert_eq!(answer(body).unwrap().rows.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_page_or_a_fault(body: Vec<u8>) {
            let _ = answer(body);
        }

        #[test]
        fn gaps_and_rows_are_the_body_again(
            rows in proptest::collection::vec(r#"(\{"client_id" ?: ?"?[0-9]{1,4}"?\}|null|\[[0-9]?\]|"[a-zé\\]\\[/n]?")"#, 0..8),
            comma in " ?, ?",
            end in "[ \n]{0,3}",
        ) {
            let body = format!(r#"{{"ResultCode":200, "data": [{}]}}{end}"#, rows.join(&comma));
            if let Ok(page) = answer(body.clone()) {
                let mut rows = page.rows.iter().map(|row| page.row(row));
                let mut again = Vec::new();
                for gap in page.gaps() {
                    again.extend_from_slice(gap);
                    again.extend_from_slice(rows.next().unwrap_or_default());
                }
                proptest::prop_assert_eq!(again, body.into_bytes());
            }
        }
    }
}
