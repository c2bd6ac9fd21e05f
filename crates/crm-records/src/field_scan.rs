//! A few values out of one row, borrowed as they stand, the rest skipped.
//!
//! A row of a CRM is read for what it has, never for what it ought to be: unknown keys, keys that come twice (the first
//! counts), values of any kind and strings that are no Unicode are all let through. Only the values asked for are looked
//! at later, one by one, each by its own decoder.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::fields::unescaped::{Unescaped, unicode};
use crate::json_repair::repair;

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
    read(&repair(text.as_bytes()).unwrap_or(text.into_owned()))
}

/// The values of these keys, all of them looked for.
pub(crate) fn pick<'a, const N: usize>(row: &'a str, keys: [&str; N]) -> Result<[Option<&'a RawValue>; N], NotRead> {
    let mut found = [None; N];
    pick_into(row, &keys, &mut found).map(|()| found)
}

/// The same for keys that are known at run time; each value goes to its key's place in `found`, which is as long at least.
pub(crate) fn pick_into<'a>(row: &'a str, keys: &[impl AsRef<str>], found: &mut [Option<&'a RawValue>]) -> Result<(), NotRead> {
    scan(row, keys, found, false)
}

/// The value of one key; nothing behind it is read.
pub(crate) fn pick_one<'a>(row: &'a str, key: &str) -> Option<&'a RawValue> {
    let mut found = [None; 1];
    // Stopping half way is an error to the parser, so what it says is of no interest.
    let _ = scan(row, &[key], &mut found, true);
    found[0]
}

/// An entry of a list by its index; nothing behind it is read.
pub(crate) fn nth(list: &str, index: usize) -> Option<&RawValue> {
    let mut found = None;
    // As above.
    let _ = serde_json::Deserializer::from_str(list).deserialize_seq(Nth { index, found: &mut found });
    found
}

/// The row's own keys in their order, each once; what is no Unicode in them is replaced.
pub(crate) fn keys(row: &str) -> Result<Vec<String>, NotRead> {
    open(row, Keys)
}

fn scan<'a>(
    row: &'a str,
    keys: &[impl AsRef<str>],
    found: &mut [Option<&'a RawValue>],
    stop_when_found: bool,
) -> Result<(), NotRead> {
    open(row, Picker { keys, found, stop_when_found })
}

fn open<'a, V: Visitor<'a>>(row: &'a str, visitor: V) -> Result<V::Value, NotRead> {
    if !row.trim_start().starts_with('{') {
        return Err(NotRead::NotAnObject);
    }
    let mut json = serde_json::Deserializer::from_str(row);
    json.deserialize_map(visitor).and_then(|value| json.end().map(|()| value)).map_err(|_| NotRead::NotJson)
}

struct Picker<'s, 'a, K> {
    keys: &'s [K],
    found: &'s mut [Option<&'a RawValue>],
    stop_when_found: bool,
}

impl<'de, K: AsRef<str>> Visitor<'de> for Picker<'_, 'de, K> {
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
struct Known<'s, K> {
    keys: &'s [K],
    expected: usize,
}

impl<'de, K: AsRef<str>> DeserializeSeed<'de> for Known<'_, K> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Option<usize>, D::Error> {
        key.deserialize_bytes(self)
    }
}

impl<K: AsRef<str>> Visitor<'_> for Known<'_, K> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Option<usize>, E> {
        let is = |i: &usize| self.keys[*i].as_ref().as_bytes() == key;
        let count = self.keys.len();
        Ok((self.expected..count).chain(0..self.expected.min(count)).find(is))
    }
}

struct Nth<'s, 'a> {
    index: usize,
    found: &'s mut Option<&'a RawValue>,
}

impl<'de> Visitor<'de> for Nth<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for _ in 0..self.index {
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        *self.found = list.next_element()?;
        Ok(())
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
        let (mut keys, mut known) = (Vec::new(), HashSet::new());
        while let Some((Unescaped(key), IgnoredAny)) = map.next_entry()? {
            let key = unicode(key);
            if known.insert(key.clone()) {
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
    fn an_entry_of_a_list_is_found_without_reading_on() {
        assert_eq!(nth("[0,[1],2, what follows is not read", 1).map(RawValue::get), Some("[1]"));
        assert!(nth("[0]", 1).is_none() && nth("{}", 0).is_none());
    }

    #[test]
    fn keys_come_once_and_in_their_order() {
        assert_eq!(keys(r#"{"b":{"x":1},"\u0061":1,"b":2,"\ud800":3}"#).unwrap(), ["b", "a", "\u{fffd}"]);
        assert_eq!(keys("[1]"), Err(NotRead::NotAnObject));
    }

    #[test]
    fn a_row_broken_inside_its_strings_is_read() {
        let a = |row: &[u8]| with_readable(row, |text| pick(text, ["a"]).map(|[a]| a.map(|a| a.get().to_owned())));
        assert_eq!(a(b"{\"a\":\"Ren\xe9\"}").unwrap().unwrap(), "\"Ren\u{fffd}\"");
        assert_eq!(a(b"{\"a\":\"x\ty\"}").unwrap().unwrap(), "\"x y\"");
    }
}
