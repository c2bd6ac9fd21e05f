//! A few values out of one row, borrowed as they stand, the rest skipped.
//!
//! A row of a CRM is read for what it has, never for what it ought to be: unknown keys, keys that come twice (the first
//! counts), values of any kind and strings that are no Unicode are all let through. Only the values asked for are looked
//! at later, one by one, each by its own decoder.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::mend::mend;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRead {
    NotAnObject,
    NotJson,
}

/// Runs `read` on the row's text; if that is not JSON as it stands, on its mended text, in which replacement characters
/// stand for bytes that are none.
pub(crate) fn with_readable<T>(row: &[u8], read: impl Fn(&str) -> Result<T, NotRead>) -> Result<T, NotRead> {
    if let Ok(text) = std::str::from_utf8(row) {
        let result = read(text);
        if !matches!(result, Err(NotRead::NotJson)) {
            return result;
        }
    }
    let text = String::from_utf8_lossy(row);
    read(&mend(text.as_bytes()).unwrap_or(text.into_owned()))
}

/// The values of these keys, all of them looked for.
pub(crate) fn pick<'a, const N: usize>(row: &'a str, keys: [&str; N]) -> Result<[Option<&'a RawValue>; N], NotRead> {
    let mut found = [None; N];
    scan(row, &keys, &mut found, false).map(|()| found)
}

/// The value of one key; nothing behind it is read.
pub(crate) fn pick_one<'a>(row: &'a str, key: &str) -> Option<&'a RawValue> {
    let mut found = [None; 1];
    // Stopping half way is an error to the parser, so what it says is of no interest.
    let _ = scan(row, &[key], &mut found, true);
    found[0]
}

fn scan<'a, const N: usize>(
    row: &'a str,
    keys: &[&str; N],
    found: &mut [Option<&'a RawValue>; N],
    stop_when_found: bool,
) -> Result<(), NotRead> {
    if !row.trim_start().starts_with('{') {
        return Err(NotRead::NotAnObject);
    }
    let mut json = serde_json::Deserializer::from_str(row);
    let picker = Picker { keys, found, stop_when_found };
    json.deserialize_map(picker).and_then(|()| json.end()).map_err(|_| NotRead::NotJson)
}

struct Picker<'s, 'a, const N: usize> {
    keys: &'s [&'s str; N],
    found: &'s mut [Option<&'a RawValue>; N],
    stop_when_found: bool,
}

impl<'de, const N: usize> Visitor<'de> for Picker<'_, 'de, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // Rows of one list carry their keys in one order, so the key after the last one found is tried first.
        let mut expected = 0;
        while let Some(key) = map.next_key_seed(Known { keys: self.keys, expected })? {
            let Some(key) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &'de RawValue = map.next_value()?;
            self.found[key].get_or_insert(value);
            expected = key + 1;
            if self.stop_when_found && self.found.iter().all(Option::is_some) {
                return Err(A::Error::custom("found"));
            }
        }
        Ok(())
    }
}

/// Which of the keys this is. As bytes, since a key may be no Unicode.
struct Known<'s, const N: usize> {
    keys: &'s [&'s str; N],
    expected: usize,
}

impl<'de, const N: usize> DeserializeSeed<'de> for Known<'_, N> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Option<usize>, D::Error> {
        key.deserialize_bytes(self)
    }
}

impl<const N: usize> Visitor<'_> for Known<'_, N> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Option<usize>, E> {
        let is = |i: &usize| self.keys[*i].as_bytes() == key;
        Ok((self.expected..N).chain(0..self.expected.min(N)).find(is))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::as_it_stands(r#"{"a":"1","b":[2]}"#, ["\"1\"", "[2]"])]
    #[case::another_order(r#"{"b":true, "x":{}, "a":null}"#, ["null", "true"])]
    #[case::missing(r#"{"x":1}"#, ["", ""])]
    #[case::twice(r#"{"a":1,"a":2}"#, ["1", ""])]
    #[case::escaped_key(r#"{"\u0061":1}"#, ["1", ""])]
    #[case::no_unicode_in_a_key_or_a_value(r#"{"\ud800":"\udfff","a":"\ud800"}"#, [r#""\ud800""#, ""])]
    fn values_are_found_as_they_stand(#[case] row: &str, #[case] values: [&str; 2]) {
        let found = pick(row, ["a", "b"]).unwrap();
        assert_eq!(found.map(|value| value.map_or("", RawValue::get)), values);
    }

    #[rstest]
    #[case::text("\"a\"", NotRead::NotAnObject)]
    #[case::list("[1]", NotRead::NotAnObject)]
    #[case::nothing("", NotRead::NotAnObject)]
    #[case::cut("{\"a\":", NotRead::NotJson)]
    #[case::more_behind("{} {}", NotRead::NotJson)]
    fn what_is_no_object_is_said(#[case] row: &str, #[case] why: NotRead) {
        assert_eq!(pick(row, ["a"]).err(), Some(why));
    }

    #[test]
    fn one_value_is_found_without_reading_on() {
        let found = pick_one(r#"{"x":0,"a":7,"a":8, what follows is not read"#, "a");
        assert_eq!(found.map(RawValue::get), Some("7"));
    }

    #[test]
    fn a_row_broken_inside_its_strings_is_read() {
        let a = |row: &[u8]| with_readable(row, |text| pick(text, ["a"]).map(|[a]| a.map(|a| a.get().to_owned())));
        assert_eq!(a(b"{\"a\":\"Ren\xe9\"}").unwrap().unwrap(), "\"Ren\u{fffd}\"");
        assert_eq!(a(b"{\"a\":\"x\ty\"}").unwrap().unwrap(), "\"x y\"");
    }
}
