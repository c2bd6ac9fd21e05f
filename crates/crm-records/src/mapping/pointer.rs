//! JSON pointers (RFC 6901): where in a row a value stands.

use serde_json::value::RawValue;

use crate::field_scan::{nth, pick_one};

const LONGEST: usize = 500;

/// A place in a row: a key of the row itself, and the way from its value on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    pub key: Box<str>,
    way: Box<[Box<str>]>,
}

/// Why a text is no place in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPointer {
    #[error("it must begin with a slash, like /city or /custom_fields/0/value")]
    NoSlash,
    #[error("a tilde must be written ~0, and a slash within a name ~1")]
    Tilde,
    #[error("it is longer than {LONGEST} characters")]
    TooLong,
}

impl Pointer {
    pub(crate) fn parse(text: &str) -> Result<Self, BadPointer> {
        if text.len() > LONGEST {
            return Err(BadPointer::TooLong);
        }
        let mut steps = text.strip_prefix('/').ok_or(BadPointer::NoSlash)?.split('/').map(unescaped);
        let key = steps.next().unwrap_or(Err(BadPointer::NoSlash))?;
        Ok(Self { key, way: steps.collect::<Result<_, _>>()? })
    }

    /// The value at the end of the way that begins at the key's value.
    pub(crate) fn follow<'a>(&self, value: &'a RawValue) -> Option<&'a RawValue> {
        self.way.iter().try_fold(value, |value, step| match value.get().as_bytes().first() {
            Some(b'{') => pick_one(value.get(), step),
            Some(b'[') => nth(value.get(), index(step)?),
            _ => None,
        })
    }

    /// The value in a row's text, of which no more is read than it takes.
    pub(crate) fn find<'a>(&self, row: &'a str) -> Option<&'a RawValue> {
        self.follow(pick_one(row, &self.key)?)
    }

    pub(crate) fn is_key(&self) -> bool {
        self.way.is_empty()
    }
}

/// The pointer along these names and indexes.
pub fn place_of<'a>(steps: impl IntoIterator<Item = &'a str>) -> String {
    steps.into_iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

fn unescaped(step: &str) -> Result<Box<str>, BadPointer> {
    let mut parts = step.split('~');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.as_bytes().first() {
            Some(b'0') => plain.push('~'),
            Some(b'1') => plain.push('/'),
            _ => return Err(BadPointer::Tilde),
        }
        plain.push_str(&part[1..]);
    }
    Ok(plain.into())
}

/// "0" or digits that do not begin with one.
fn index(step: &str) -> Option<usize> {
    let is_index = step == "0" || (!step.starts_with('0') && step.bytes().all(|b| b.is_ascii_digit()));
    is_index.then(|| step.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ROW: &str = r#"{"a":"1","custom":[{"v":"x"},{"v":"y","v":"z"}],"o":{"0":"zero","in/out":{"~":7}},"c/d":2,"":{"":"empty"},"s":"{\"v\":1}"}"#;

    #[rstest]
    #[case::key("/a", Some(r#""1""#))]
    #[case::within_a_list("/custom/0/v", Some(r#""x""#))]
    #[case::the_first_of_two("/custom/1/v", Some(r#""y""#))]
    #[case::a_whole_list_entry("/custom/0", Some(r#"{"v":"x"}"#))]
    #[case::behind_the_list("/custom/2/v", None)]
    #[case::behind_any_list("/custom/99999999999999999999999", None)]
    #[case::leading_nought("/custom/00/v", None)]
    #[case::signed_index("/custom/+0/v", None)]
    #[case::the_end_of_a_list("/custom/-", None)]
    #[case::name_for_an_index("/custom/v", None)]
    #[case::digits_as_a_key("/o/0", Some(r#""zero""#))]
    #[case::escaped("/o/in~1out/~0", Some("7"))]
    #[case::escaped_key("/c~1d", Some("2"))]
    #[case::empty_names("//", Some(r#""empty""#))]
    #[case::through_text("/a/0", None)]
    #[case::json_in_text_is_text("/s/v", None)]
    #[case::missing("/b/c", None)]
    fn a_pointer_leads_to_a_value(#[case] pointer: &str, #[case] value: Option<&str>) {
        assert_eq!(Pointer::parse(pointer).unwrap().find(ROW).map(RawValue::get), value);
    }

    #[test]
    fn a_way_is_written_so_that_it_leads_there() {
        let ways: [(&[&str], &str); 4] =
            [(&["o", "in/out", "~"], "7"), (&["custom", "1", "v"], r#""y""#), (&["c/d"], "2"), (&["", ""], r#""empty""#)];
        for (way, value) in ways {
            let place = place_of(way.iter().copied());
            assert_eq!(Pointer::parse(&place).unwrap().find(ROW).map(RawValue::get), Some(value), "{place}");
        }
    }

    #[rstest]
    #[case::nothing("", BadPointer::NoSlash)]
    #[case::a_bare_name("city", BadPointer::NoSlash)]
    #[case::a_fragment("#/city", BadPointer::NoSlash)]
    #[case::lone_tilde("/a~", BadPointer::Tilde)]
    #[case::unknown_escape("/a/~2", BadPointer::Tilde)]
    #[case::tilde_before_a_wide_letter("/~é", BadPointer::Tilde)]
    #[case::endless(&"/a".repeat(300), BadPointer::TooLong)]
    fn what_is_no_pointer_says_why(#[case] text: &str, #[case] why: BadPointer) {
        assert_eq!(Pointer::parse(text), Err(why));
    }

    proptest::proptest! {
        #[test]
        fn no_pointer_and_no_row_make_it_panic(pointer in "/[a-z0-9~/é]{0,12}", row: String) {
            if let Ok(pointer) = Pointer::parse(&pointer) {
                let _ = (pointer.find(&row), pointer.find(ROW));
            }
        }
    }
}
