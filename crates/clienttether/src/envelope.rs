//! Splits a body into its envelope and the byte ranges of its rows.
//!
//! Rows are located, not decoded: the parser passes over the body once and returns borrowed slices. It neither unescapes
//! strings nor recurses into values it skips, so a malformed row does not cost the other rows of its page.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tetherboard_crm_records::{fields, json_repair};

use crate::error::Cause;
use crate::result_code::ResultCode;

/// A response without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub result_code: ResultCode,
    /// The CRM's `Message`, cut to 200 characters, without control characters.
    pub message: String,
    /// `TotalRecord`, the number of rows in the whole list; `None` if it is missing or unreadable.
    pub total: Option<u64>,
}

/// An envelope and the byte ranges of its rows in the body.
#[derive(Debug)]
pub(crate) struct SplitBody {
    pub envelope: Envelope,
    pub rows: Vec<Range<usize>>,
}

/// Splits a body. If it is damaged only inside its values, the repaired text is split instead.
pub(crate) fn split(body: &[u8]) -> Result<SplitBody, Cause> {
    let first = match std::str::from_utf8(body) {
        Ok(text) => split_text(text),
        Err(_) => Err(Cause::NotJson { line: 0, column: 0 }),
    };
    match first {
        Err(Cause::NotJson { line, column }) => match json_repair::repair(body) {
            Some(repaired) => split_text(&repaired),
            None => Err(Cause::NotJson { line, column }),
        },
        result => result,
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

fn split_text(body: &str) -> Result<SplitBody, Cause> {
    let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if text.trim_start().starts_with('[') {
        return Err(Cause::NotAnEnvelope("it is a JSON array"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let parts = EnvelopeParts::deserialize(&mut json).and_then(|parts| json.end().map(|()| parts));
    // The parser's own message may quote the body, so keep only the position.
    let parts = parts.map_err(|error| Cause::NotJson { line: error.line(), column: error.column() })?;
    let result_code = parts.result_code.and_then(ResultCode::parse);
    let result_code = result_code.ok_or(Cause::NotAnEnvelope("it has no result code"))?;
    let rows = match parts.data {
        Data::Rows(rows) => rows,
        Data::NotRows if result_code.is_success() => return Err(Cause::NotAnEnvelope("its data is not a list")),
        // An error needs no list.
        Data::NotRows => Vec::new(),
    };
    let envelope = Envelope {
        result_code,
        message: parts.message.and_then(fields::loose_text).map(String::from).unwrap_or_default(),
        total: parts.total.and_then(fields::loose_text).and_then(|total| whole_total(&total)),
    };
    let start = body.as_ptr() as usize;
    let span = |row: &str| {
        let at = row.as_ptr() as usize - start;
        at..at + row.len()
    };
    Ok(SplitBody { envelope, rows: rows.into_iter().map(span).collect() })
}

/// Parses a total: "4312", "4,312", or "4312.0".
fn whole_total(total: &str) -> Option<u64> {
    let (whole, fraction) = total.split_once('.').unwrap_or((total, ""));
    if !fraction.bytes().all(|b| b == b'0') {
        return None;
    }
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let is_grouped = whole.len() == first.len() || ((1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3));
    is_grouped.then(|| fields::whole_number(&whole.replace(',', ""))).flatten()
}

/// The envelope's raw values.
#[derive(Default)]
struct EnvelopeParts<'a> {
    result_code: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    total: Option<&'a RawValue>,
    data: Data<'a>,
}

enum Data<'a> {
    Rows(Vec<&'a str>),
    NotRows,
}

impl Default for Data<'_> {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

impl<'de> Deserialize<'de> for EnvelopeParts<'de> {
    fn deserialize<D: Deserializer<'de>>(body: D) -> Result<Self, D::Error> {
        body.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = EnvelopeParts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope")
    }

    /// The last of duplicate keys counts, as in PHP, which the CRM runs on.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EnvelopeParts<'de>, A::Error> {
        let mut parts = EnvelopeParts::default();
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

            /// Accepts `ResultCode`, `resultCode`, `result_code`, and so on.
            fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
                let name: Vec<u8> = key.iter().filter(|b| **b != b'_').map(u8::to_ascii_lowercase).collect();
                Ok(match name.as_slice() {
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

    /// PHP serializes an array with gaps as an object whose keys are numbers. Any other object is not a list of rows.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data<'de>, A::Error> {
        let mut rows = Vec::new();
        let mut is_list = true;
        while let Some(NumericKey(is_number)) = map.next_key()? {
            is_list &= is_number;
            rows.push(map.next_value::<&RawValue>()?.get());
        }
        Ok(if is_list { Data::Rows(rows) } else { Data::NotRows })
    }

    fn visit_unit<E>(self) -> Result<Data<'de>, E> {
        Ok(Data::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Data<'de>, E> {
        Ok(if text.trim().is_empty() { Data::default() } else { Data::NotRows })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Data<'de>, E> {
        Ok(Data::NotRows)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Data<'de>, E> {
        Ok(Data::NotRows)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Data<'de>, E> {
        Ok(Data::NotRows)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Data<'de>, E> {
        Ok(Data::NotRows)
    }
}

struct NumericKey(bool);

impl<'de> Deserialize<'de> for NumericKey {
    fn deserialize<D: Deserializer<'de>>(key: D) -> Result<Self, D::Error> {
        struct NumericKeyVisitor;

        impl Visitor<'_> for NumericKeyVisitor {
            type Value = NumericKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_bytes<E>(self, key: &[u8]) -> Result<NumericKey, E> {
                Ok(NumericKey(!key.is_empty() && key.iter().all(u8::is_ascii_digit)))
            }
        }

        key.deserialize_bytes(NumericKeyVisitor)
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
    #[case::last_of_duplicates(r#"{"ResultCode":"CT_200","ResultCode":"CT_500"}"#, 500)]
    fn the_result_code_is_read_in_many_spellings(#[case] body: &str, #[case] code: u32) {
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
    fn a_malformed_envelope_is_never_an_empty_list(#[case] body: &str) {
        assert!(matches!(split(body.as_bytes()), Err(Cause::NotAnEnvelope(_))), "{body}");
    }

    #[rstest]
    #[case::number("4312", Some(4312))]
    #[case::digits(r#""4312""#, Some(4312))]
    #[case::zero("0", Some(0))]
    #[case::grouped(r#""4,312""#, Some(4312))]
    #[case::grouped_twice(r#""1,004,312""#, Some(1_004_312))]
    #[case::written_as_a_fraction("4312.0", Some(4312))]
    #[case::grouped_and_a_fraction(r#""4,312.00""#, Some(4312))]
    #[case::badly_grouped(r#""4,31,2""#, None)]
    #[case::only_a_comma(r#"",""#, None)]
    #[case::negative("-1", None)]
    #[case::words(r#""many""#, None)]
    #[case::fraction("1.5", None)]
    #[case::exponent("1e99", None)]
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
    #[case::empty(b"")]
    #[case::html(b"<html></html>")]
    #[case::truncated(b"{\"ResultCode\":200,\"data\":[{\"a\":")]
    #[case::bare_word_as_a_row_and_trailing_data(b"{\"ResultCode\":200,\"data\":[NaN]} NaN")]
    #[case::trailing_data(b"{\"ResultCode\":200} <br>")]
    #[case::invalid_bytes_outside_strings(b"{\"ResultCode\":200,\xff\"data\":[]}")]
    fn invalid_json_is_reported_without_quoting_it(#[case] body: &[u8]) {
        assert!(matches!(split(body), Err(Cause::NotJson { .. })));
    }

    #[test]
    fn invalid_bytes_do_not_shift_the_rows() {
        let body = b"{\"ResultCode\":200,\"data\":[{\"a\":\"Ren\xe9\"},{\"b\":\"x\ny\"}]}";
        let rows: Vec<_> = split(body).unwrap().rows.into_iter().map(|row| &body[row]).collect();
        assert_eq!(rows, [b"{\"a\":\"Ren\xe9\"}".as_slice(), b"{\"b\":\"x\ny\"}"]);
    }
}
