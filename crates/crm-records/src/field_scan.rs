//! Finds a few values in one row as borrowed raw JSON and skips the rest.
//!
//! CRM rows are not always well formed, so the scan accepts unknown keys, duplicate keys (the first one counts), values of any
//! type, and strings that are not valid Unicode. Each value is decoded later, by its own decoder.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::fields::json_string::{JsonStringBytes, database_text};
use crate::json_repair::repair;

/// Why a row could not be scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScanError {
    NotAnObject,
    NotJson,
}

/// Runs `read` on the row's text and, if that is not valid JSON, on its repaired text, where invalid bytes have become
/// replacement characters.
pub(crate) fn with_repair<T>(row: &[u8], read: impl Fn(&str) -> Result<T, ScanError>) -> Result<T, ScanError> {
    if let Ok(text) = std::str::from_utf8(row) {
        let result = read(text);
        if !matches!(result, Err(ScanError::NotJson)) {
            return result;
        }
    }
    let text = String::from_utf8_lossy(row);
    read(&repair(text.as_bytes()).unwrap_or(text.into_owned()))
}

/// The values of a fixed set of keys. The row is read to its end, so a malformed row is an error.
pub(crate) fn scan<'a, const N: usize>(row: &'a str, keys: [&str; N]) -> Result<[Option<&'a RawValue>; N], ScanError> {
    let mut found = [None; N];
    scan_into(row, &keys, &mut found).map(|()| found)
}

/// Like [`scan`], for keys known only at run time. The value of `keys[i]` goes to `found[i]`; `found` must not be shorter
/// than `keys`.
pub(crate) fn scan_into<'a>(row: &'a str, keys: &[impl AsRef<str>], found: &mut [Option<&'a RawValue>]) -> Result<(), ScanError> {
    visit_object(row, KeyScanner { keys, found, stop_when_found: false })
}

/// The value of one key. Nothing after it is read.
pub(crate) fn find_key<'a>(row: &'a str, key: &str) -> Option<&'a RawValue> {
    let mut found = [None; 1];
    // Stopping early counts as an error in the parser, so its result is ignored.
    let _ = visit_object(row, KeyScanner { keys: &[key], found: &mut found, stop_when_found: true });
    found[0]
}

/// The array item at an index. Nothing after it is read.
pub(crate) fn nth_item(array: &str, index: usize) -> Option<&RawValue> {
    let mut found = None;
    // Stopping early counts as an error in the parser, so its result is ignored.
    let _ = serde_json::Deserializer::from_str(array).deserialize_seq(NthItem { index, found: &mut found });
    found
}

/// The row's top-level keys in order, without duplicates, with invalid Unicode replaced.
pub(crate) fn object_keys(row: &str) -> Result<Vec<String>, ScanError> {
    visit_object(row, KeyCollector)
}

fn visit_object<'a, V: Visitor<'a>>(row: &'a str, visitor: V) -> Result<V::Value, ScanError> {
    if !row.trim_start().starts_with('{') {
        return Err(ScanError::NotAnObject);
    }
    let mut json = serde_json::Deserializer::from_str(row);
    json.deserialize_map(visitor).and_then(|value| json.end().map(|()| value)).map_err(|_| ScanError::NotJson)
}

struct KeyScanner<'s, 'a, K> {
    keys: &'s [K],
    found: &'s mut [Option<&'a RawValue>],
    stop_when_found: bool,
}

impl<'de, K: AsRef<str>> Visitor<'de> for KeyScanner<'_, 'de, K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // All rows of a list have their keys in the same order, so start with the key after the last match.
        let mut expected = 0;
        while let Some(index) = map.next_key_seed(KeyIndex { keys: self.keys, expected })? {
            let Some(index) = index else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &'de RawValue = map.next_value()?;
            self.found[index].get_or_insert(value);
            expected = index + 1;
            if self.stop_when_found && self.found.iter().all(Option::is_some) {
                return Err(A::Error::custom("found"));
            }
        }
        Ok(())
    }
}

/// Deserializes a key into its index among `keys`. Compares bytes, because a key may not be valid Unicode.
struct KeyIndex<'s, K> {
    keys: &'s [K],
    expected: usize,
}

impl<'de, K: AsRef<str>> DeserializeSeed<'de> for KeyIndex<'_, K> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Option<usize>, D::Error> {
        key.deserialize_bytes(self)
    }
}

impl<K: AsRef<str>> Visitor<'_> for KeyIndex<'_, K> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Option<usize>, E> {
        let matches = |i: &usize| self.keys[*i].as_ref().as_bytes() == key;
        let count = self.keys.len();
        Ok((self.expected..count).chain(0..self.expected.min(count)).find(matches))
    }
}

struct NthItem<'s, 'a> {
    index: usize,
    found: &'s mut Option<&'a RawValue>,
}

impl<'de> Visitor<'de> for NthItem<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for _ in 0..self.index {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        *self.found = items.next_element()?;
        Ok(())
    }
}

struct KeyCollector;

impl<'de> Visitor<'de> for KeyCollector {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
        let (mut keys, mut seen) = (Vec::new(), HashSet::new());
        while let Some((JsonStringBytes(key), IgnoredAny)) = map.next_entry()? {
            let key = database_text(key);
            if seen.insert(key.clone()) {
                keys.push(key);
            }
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::in_order(r#"{"a":"1","b":[2]}"#, ["\"1\"", "[2]"])]
    #[case::another_order(r#"{"b":true, "x":{}, "a":null}"#, ["null", "true"])]
    #[case::missing(r#"{"x":1}"#, ["", ""])]
    #[case::duplicate_key(r#"{"a":1,"a":2}"#, ["1", ""])]
    #[case::escaped_key(r#"{"\u0061":1}"#, ["1", ""])]
    #[case::invalid_unicode_in_key_and_value(r#"{"\ud800":"\udfff","a":"\ud800"}"#, [r#""\ud800""#, ""])]
    fn values_are_found_and_returned_verbatim(#[case] row: &str, #[case] values: [&str; 2]) {
        let found = scan(row, ["a", "b"]).unwrap();
        assert_eq!(found.map(|value| value.map_or("", RawValue::get)), values);
    }

    #[rstest]
    #[case::text("\"a\"", ScanError::NotAnObject)]
    #[case::list("[1]", ScanError::NotAnObject)]
    #[case::empty("", ScanError::NotAnObject)]
    #[case::truncated("{\"a\":", ScanError::NotJson)]
    #[case::trailing_data("{} {}", ScanError::NotJson)]
    fn a_row_that_is_not_an_object_reports_why(#[case] row: &str, #[case] why: ScanError) {
        assert_eq!(scan(row, ["a"]).err(), Some(why));
    }

    #[test]
    fn one_key_is_found_without_reading_the_rest() {
        let found = find_key(r#"{"x":0,"a":7,"a":8, the rest is not read"#, "a");
        assert_eq!(found.map(RawValue::get), Some("7"));
    }

    #[test]
    fn an_array_item_is_found_without_reading_the_rest() {
        assert_eq!(nth_item("[0,[1],2, the rest is not read", 1).map(RawValue::get), Some("[1]"));
        assert!(nth_item("[0]", 1).is_none() && nth_item("{}", 0).is_none());
    }

    #[test]
    fn keys_are_listed_once_and_in_order() {
        assert_eq!(object_keys(r#"{"b":{"x":1},"\u0061":1,"b":2,"\ud800":3}"#).unwrap(), ["b", "a", "\u{fffd}"]);
        assert_eq!(object_keys("[1]"), Err(ScanError::NotAnObject));
    }

    #[test]
    fn a_row_with_damaged_strings_is_read() {
        let a = |row: &[u8]| with_repair(row, |text| scan(text, ["a"]).map(|[a]| a.map(|a| a.get().to_owned())));
        assert_eq!(a(b"{\"a\":\"Ren\xe9\"}").unwrap().unwrap(), "\"Ren\u{fffd}\"");
        assert_eq!(a(b"{\"a\":\"x\ty\"}").unwrap().unwrap(), "\"x y\"");
    }
}
