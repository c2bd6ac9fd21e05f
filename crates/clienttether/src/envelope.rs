//! What stands around the rows, and where in the body each row stands.
//!
//! The rows are found, not decoded: the parser runs once over the body and hands out borrowed slices. It neither looks
//! into strings nor recurses into values it skips, so a row that makes no sense costs nobody its page.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tetherboard_crm_records::{fields, json_repair};

use crate::error::Cause;

/// The CRM's own word on whether a call worked: the HTTP status says 200 either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultCode(pub u32);

impl ResultCode {
    pub const SUCCESS: Self = Self(200);
    pub const UNKNOWN_ERROR: Self = Self(500);
    /// An empty list, not an error.
    pub const NO_RECORD_FOUND: Self = Self(515);

    pub fn is_right(self) -> bool {
        matches!(self, Self::SUCCESS | Self::NO_RECORD_FOUND)
    }

    /// "CT_200", "CT200", "200", 200.
    fn read(raw: &RawValue) -> Option<Self> {
        let text = fields::loose_text(raw)?;
        let bare = text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start_matches(['_', '-', ' ']);
        let digits = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| bare.parse().ok()).flatten().map(Self)
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CT_{}", self.0)
    }
}

/// The page's answer without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub result_code: ResultCode,
    /// As the CRM wrote it, cut to 200 characters, no control characters.
    pub message: String,
    /// Rows in the whole list; `None` where that is missing or makes no sense.
    pub total: Option<u64>,
}

/// An envelope and where its rows stand in the body.
#[derive(Debug)]
pub(crate) struct Split {
    pub envelope: Envelope,
    pub rows: Vec<Range<usize>>,
}

/// Takes a body apart. What is broken only inside strings is mended for the purpose.
pub(crate) fn split(body: &[u8]) -> Result<Split, Cause> {
    let first = match std::str::from_utf8(body) {
        Ok(text) => split_text(text),
        Err(_) => Err(Cause::NotJson { line: 0, column: 0 }),
    };
    match first {
        Err(Cause::NotJson { line, column }) => match json_repair::repair(body) {
            Some(mended) => split_text(&mended),
            None => Err(Cause::NotJson { line, column }),
        },
        decided => decided,
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

fn split_text(body: &str) -> Result<Split, Cause> {
    let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if text.trim_start().starts_with('[') {
        return Err(Cause::NotAnEnvelope("it is a list"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let parts = Parts::deserialize(&mut json).and_then(|parts| json.end().map(|()| parts));
    // The parser's own message could quote the body.
    let parts = parts.map_err(|error| Cause::NotJson { line: error.line(), column: error.column() })?;
    let result_code = parts.result_code.and_then(ResultCode::read).ok_or(Cause::NotAnEnvelope("it has no result code"))?;
    let rows = match parts.data {
        Data::Rows(rows) => rows,
        // An error need not bring a list.
        Data::Senseless if result_code.is_right() => return Err(Cause::NotAnEnvelope("its data is no list")),
        Data::Senseless => Vec::new(),
    };
    let envelope = Envelope {
        result_code,
        message: parts.message.and_then(fields::loose_text).map(String::from).unwrap_or_default(),
        total: parts.total.and_then(fields::loose_text).and_then(|total| fields::whole_number(&total)),
    };
    let start = body.as_ptr() as usize;
    let span = |row: &str| {
        let at = row.as_ptr() as usize - start;
        at..at + row.len()
    };
    Ok(Split { envelope, rows: rows.into_iter().map(span).collect() })
}

#[derive(Default)]
struct Parts<'a> {
    result_code: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    total: Option<&'a RawValue>,
    data: Data<'a>,
}

enum Data<'a> {
    Rows(Vec<&'a str>),
    Senseless,
}

impl Default for Data<'_> {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(body: D) -> Result<Self, D::Error> {
        body.deserialize_map(PartsVisitor)
    }
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope")
    }

    /// A key that comes twice counts as it came last, as in the CRM's own language.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<'de>, A::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::ResultCode => parts.result_code = Some(map.next_value()?),
                Key::Message => parts.message = Some(map.next_value()?),
                Key::Total => parts.total = Some(map.next_value()?),
                Key::Data => parts.data = map.next_value()?,
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(parts)
    }
}

enum Key {
    ResultCode,
    Message,
    Total,
    Data,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(key: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            /// `ResultCode`, `resultCode`, `result_code` and so on.
            fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
                let bare: Vec<u8> = key.iter().filter(|b| **b != b'_').map(u8::to_ascii_lowercase).collect();
                Ok(match bare.as_slice() {
                    b"resultcode" => Key::ResultCode,
                    b"message" => Key::Message,
                    b"totalrecord" | b"totalrecords" => Key::Total,
                    b"data" => Key::Data,
                    _ => Key::Other,
                })
            }
        }

        key.deserialize_bytes(KeyVisitor)
    }
}

impl<'de> Deserialize<'de> for Data<'de> {
    fn deserialize<D: Deserializer<'de>>(data: D) -> Result<Self, D::Error> {
        data.deserialize_any(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Data<'de>, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = list.next_element::<&RawValue>()? {
            rows.push(row.get());
        }
        Ok(Data::Rows(rows))
    }

    /// PHP writes a list with gaps as an object whose keys are numbers. What any other object means nobody knows.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data<'de>, A::Error> {
        let mut rows = Vec::new();
        let mut is_list = true;
        while let Some(IsNumber(is_number)) = map.next_key()? {
            is_list &= is_number;
            rows.push(map.next_value::<&RawValue>()?.get());
        }
        Ok(if is_list { Data::Rows(rows) } else { Data::Senseless })
    }

    fn visit_unit<E>(self) -> Result<Data<'de>, E> {
        Ok(Data::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Data<'de>, E> {
        Ok(if text.trim().is_empty() { Data::default() } else { Data::Senseless })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Data<'de>, E> {
        Ok(Data::Senseless)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Data<'de>, E> {
        Ok(Data::Senseless)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Data<'de>, E> {
        Ok(Data::Senseless)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Data<'de>, E> {
        Ok(Data::Senseless)
    }
}

struct IsNumber(bool);

impl<'de> Deserialize<'de> for IsNumber {
    fn deserialize<D: Deserializer<'de>>(key: D) -> Result<Self, D::Error> {
        struct IsNumberVisitor;

        impl Visitor<'_> for IsNumberVisitor {
            type Value = IsNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_bytes<E>(self, key: &[u8]) -> Result<IsNumber, E> {
                Ok(IsNumber(!key.is_empty() && key.iter().all(u8::is_ascii_digit)))
            }
        }

        key.deserialize_bytes(IsNumberVisitor)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn rows(body: &str) -> Vec<&str> {
        split(body.as_bytes()).unwrap().rows.into_iter().map(|row| &body[row]).collect()
    }

    #[rstest]
    #[case::underscore(r#"{"ResultCode":"CT_200"}"#, 200)]
    #[case::none(r#"{"ResultCode":"CT200"}"#, 200)]
    #[case::number(r#"{"ResultCode":200}"#, 200)]
    #[case::digits(r#"{"ResultCode":"515"}"#, 515)]
    #[case::lower_case(r#"{"resultCode":"ct_501"}"#, 501)]
    #[case::another_key(r#"{"result_code":"CT_200"}"#, 200)]
    #[case::last_counts(r#"{"ResultCode":"CT_200","ResultCode":"CT_500"}"#, 500)]
    fn the_result_code_has_many_spellings(#[case] body: &str, #[case] code: u32) {
        assert_eq!(split(body.as_bytes()).unwrap().envelope.result_code, ResultCode(code));
    }

    #[rstest]
    #[case::missing(r#"{"data":[]}"#)]
    #[case::words(r#"{"ResultCode":"fine","data":[]}"#)]
    #[case::null(r#"{"ResultCode":null,"data":[]}"#)]
    #[case::a_list("[]")]
    #[case::data_is_text(r#"{"ResultCode":200,"data":"none"}"#)]
    #[case::data_is_false(r#"{"ResultCode":200,"data":false}"#)]
    #[case::data_is_an_object(r#"{"ResultCode":200,"data":{"clients":[]}}"#)]
    fn what_is_no_envelope_is_never_an_empty_list(#[case] body: &str) {
        assert!(matches!(split(body.as_bytes()), Err(Cause::NotAnEnvelope(_))), "{body}");
    }

    #[rstest]
    #[case::number("4312", Some(4312))]
    #[case::digits(r#""4312""#, Some(4312))]
    #[case::nought("0", Some(0))]
    #[case::negative("-1", None)]
    #[case::words(r#""many""#, None)]
    #[case::fraction("1.5", None)]
    #[case::endless("1e99", None)]
    #[case::too_large("99999999999999999999999", None)]
    #[case::blank(r#""""#, None)]
    #[case::list("[1]", None)]
    fn a_total_is_a_number_or_unknown(#[case] total: &str, #[case] read: Option<u64>) {
        let body = format!(r#"{{"ResultCode":200,"TotalRecord":{total},"data":[]}}"#);
        assert_eq!(split(body.as_bytes()).unwrap().envelope.total, read);
    }

    #[rstest]
    #[case::absent(r#"{"ResultCode":515}"#, &[])]
    #[case::null(r#"{"ResultCode":515,"data":null}"#, &[])]
    #[case::blank(r#"{"ResultCode":515,"data":""}"#, &[])]
    #[case::empty_list(r#"{"ResultCode":200,"data":[ ]}"#, &[])]
    #[case::empty_object(r#"{"ResultCode":200,"data":{}}"#, &[])]
    #[case::list(r#"{"ResultCode":200,"data":[ {"a":1} , 7,"x",null]}"#, &["{\"a\":1}", "7", "\"x\"", "null"])]
    #[case::php_list(r#"{"ResultCode":200,"data":{"1":{"a":1},"0":{"a":0}}}"#, &["{\"a\":1}", "{\"a\":0}"])]
    #[case::lone_surrogates(r#"{"ResultCode":200,"data":[{"\ud800":"\udfff"}]}"#, &[r#"{"\ud800":"\udfff"}"#])]
    #[case::rows_before_the_code("{\"Data\":[1],\n\"ResultCode\":200}\n", &["1"])]
    #[case::byte_order_mark("\u{feff}{\"ResultCode\":200,\"data\":[1]}", &["1"])]
    #[case::an_error_without_a_list(r#"{"ResultCode":400,"data":"no"}"#, &[])]
    fn rows_are_ranges_of_the_body(#[case] body: &str, #[case] expected: &[&str]) {
        assert_eq!(rows(body), expected);
    }

    #[rstest]
    #[case::nothing(b"")]
    #[case::html(b"<html></html>")]
    #[case::cut(b"{\"ResultCode\":200,\"data\":[{\"a\":")]
    #[case::a_word_that_is_a_row_and_more_behind(b"{\"ResultCode\":200,\"data\":[NaN]} NaN")]
    #[case::more_behind(b"{\"ResultCode\":200} <br>")]
    #[case::invalid_bytes_outside_strings(b"{\"ResultCode\":200,\xff\"data\":[]}")]
    fn what_is_not_json_is_said_without_quoting_it(#[case] body: &[u8]) {
        assert!(matches!(split(body), Err(Cause::NotJson { .. })));
    }

    #[test]
    fn bytes_that_are_no_text_leave_the_rows_where_they_are() {
        let body = b"{\"ResultCode\":200,\"data\":[{\"a\":\"Ren\xe9\"},{\"b\":\"x\ny\"}]}";
        let rows: Vec<_> = split(body).unwrap().rows.into_iter().map(|row| &body[row]).collect();
        assert_eq!(rows, [b"{\"a\":\"Ren\xe9\"}".as_slice(), b"{\"b\":\"x\ny\"}"]);
    }
}
