//! JSON pointers (RFC 6901): the place of a value in a row.

use serde_json::value::RawValue;

use crate::field_scan::{find_key, nth_item};

/// In bytes.
const MAX_LENGTH: usize = 500;

/// A place in a row: a top-level key, and the steps from its value on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    pub key: Box<str>,
    steps: Box<[Box<str>]>,
}

/// Why a text is not a place in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    #[error("it must begin with a slash, like /city or /custom_fields/0/value")]
    NoSlash,
    #[error("write a tilde as ~0, and a slash inside a name as ~1")]
    Tilde,
    #[error("it is longer than {MAX_LENGTH} characters")]
    TooLong,
}

impl Pointer {
    /// Parses a pointer that starts with a slash.
    pub(crate) fn parse(text: &str) -> Result<Self, PointerError> {
        if text.len() > MAX_LENGTH {
            return Err(PointerError::TooLong);
        }
        let mut steps = text.strip_prefix('/').ok_or(PointerError::NoSlash)?.split('/').map(unescape);
        let key = steps.next().unwrap_or(Err(PointerError::NoSlash))?;
        Ok(Self { key, steps: steps.collect::<Result<_, _>>()? })
    }

    /// Follows the steps from the value of the first key.
    pub(crate) fn follow<'a>(&self, value: &'a RawValue) -> Option<&'a RawValue> {
        self.steps.iter().try_fold(value, |value, step| match value.get().as_bytes().first() {
            Some(b'{') => find_key(value.get(), step),
            Some(b'[') => nth_item(value.get(), index(step)?),
            _ => None,
        })
    }

    /// Finds the value in a row's text. Reads no further than necessary.
    pub(crate) fn find<'a>(&self, row: &'a str) -> Option<&'a RawValue> {
        self.follow(find_key(row, &self.key)?)
    }

    /// Whether the pointer is a top-level key alone.
    pub(crate) fn is_key(&self) -> bool {
        self.steps.is_empty()
    }
}

/// The JSON pointer made of these names and indexes.
pub fn json_pointer<'a>(steps: impl IntoIterator<Item = &'a str>) -> String {
    steps.into_iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

fn unescape(step: &str) -> Result<Box<str>, PointerError> {
    let mut parts = step.split('~');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.as_bytes().first() {
            Some(b'0') => plain.push('~'),
            Some(b'1') => plain.push('/'),
            _ => return Err(PointerError::Tilde),
        }
        plain.push_str(&part[1..]);
    }
    Ok(plain.into())
}

/// An array index: digits without leading zeros.
fn index(step: &str) -> Option<usize> {
    let is_index = step == "0" || (!step.starts_with('0') && step.bytes().all(|b| b.is_ascii_digit()));
    is_index.then(|| step.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ROW: &str = r#"{"a":"1","custom":[{"v":"x"},{"v":"y","v":"z"}],"o":{"0":"zero","in/out":{"~":7}},
        "c/d":2,"":{"":"empty"},"s":"{\"v\":1}"}"#;

    #[rstest]
    #[case::key("/a", Some(r#""1""#))]
    #[case::inside_an_array("/custom/0/v", Some(r#""x""#))]
    #[case::duplicate_key("/custom/1/v", Some(r#""y""#))]
    #[case::array_item("/custom/0", Some(r#"{"v":"x"}"#))]
    #[case::past_the_end("/custom/2/v", None)]
    #[case::far_past_the_end("/custom/99999999999999999999999", None)]
    #[case::leading_zero("/custom/00/v", None)]
    #[case::signed_index("/custom/+0/v", None)]
    #[case::end_marker("/custom/-", None)]
    #[case::name_as_an_index("/custom/v", None)]
    #[case::digits_as_a_key("/o/0", Some(r#""zero""#))]
    #[case::escaped("/o/in~1out/~0", Some("7"))]
    #[case::escaped_key("/c~1d", Some("2"))]
    #[case::empty_names("//", Some(r#""empty""#))]
    #[case::through_text("/a/0", None)]
    #[case::json_in_text_is_text("/s/v", None)]
    #[case::missing("/b/c", None)]
    fn a_pointer_finds_a_value(#[case] pointer: &str, #[case] value: Option<&str>) {
        assert_eq!(Pointer::parse(pointer).unwrap().find(ROW).map(RawValue::get), value);
    }

    #[test]
    fn a_built_pointer_finds_its_value() {
        let paths: [(&[&str], &str); 4] =
            [(&["o", "in/out", "~"], "7"), (&["custom", "1", "v"], r#""y""#), (&["c/d"], "2"), (&["", ""], r#""empty""#)];
        for (path, value) in paths {
            let place = json_pointer(path.iter().copied());
            assert_eq!(Pointer::parse(&place).unwrap().find(ROW).map(RawValue::get), Some(value), "{place}");
        }
    }

    #[rstest]
    #[case::empty("", PointerError::NoSlash)]
    #[case::a_bare_name("city", PointerError::NoSlash)]
    #[case::uri_fragment("#/city", PointerError::NoSlash)]
    #[case::lone_tilde("/a~", PointerError::Tilde)]
    #[case::unknown_escape("/a/~2", PointerError::Tilde)]
    #[case::tilde_before_a_non_ascii_letter("/~é", PointerError::Tilde)]
    #[case::too_long(&"/a".repeat(300), PointerError::TooLong)]
    fn an_invalid_pointer_says_why(#[case] text: &str, #[case] error: PointerError) {
        assert_eq!(Pointer::parse(text), Err(error));
    }

    proptest::proptest! {
        #[test]
        fn no_pointer_and_no_row_panic(pointer in "/[a-z0-9~/é]{0,12}", row: String) {
            if let Ok(pointer) = Pointer::parse(&pointer) {
                let _ = (pointer.find(&row), pointer.find(ROW));
            }
        }
    }
}
