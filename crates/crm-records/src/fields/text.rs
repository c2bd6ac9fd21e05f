//! Decoders for text.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json_string::{JsonStringBytes, database_text};

/// The value of a field that is shown as it is spelled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Text {
    /// Missing, `null`, `""`, or only whitespace.
    #[default]
    Blank,
    /// Text without surrounding whitespace, or a number by its digits.
    Text(String),
    /// A flag, an array, or an object.
    NotText,
}

impl Text {
    /// The text, if there is any.
    pub fn into_option(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Blank | Self::NotText => None,
        }
    }
}

/// Decodes text, or a number by its digits; a value of another JSON type is [`Text::NotText`].
pub fn text<'a>(raw: impl Into<Option<&'a RawValue>>) -> Text {
    let Some(raw) = raw.into().filter(|raw| raw.get() != "null") else { return Text::Blank };
    match number(raw).map(Cow::Borrowed).or_else(|| string(raw).map(trim)) {
        Some(text) if text.is_empty() => Text::Blank,
        Some(text) => Text::Text(text.into_owned()),
        None => Text::NotText,
    }
}

/// Decodes text, or a number by its digits: for fields that are text but may arrive as a number, such as a phone. `None` if
/// blank.
pub fn loose_text<'a>(raw: impl Into<Option<&'a RawValue>>) -> Option<Cow<'a, str>> {
    let raw = raw.into()?;
    let text = number(raw).map(Cow::Borrowed).or_else(|| string(raw).map(trim))?;
    (!text.is_empty()).then_some(text)
}

/// A JSON number, verbatim.
pub(crate) fn number(raw: &RawValue) -> Option<&str> {
    raw.get().starts_with(|c: char| c == '-' || c.is_ascii_digit()).then(|| raw.get())
}

/// A JSON string's content. U+0000 and lone surrogates, which the databases reject, become U+FFFD.
pub(crate) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inside = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inside.contains('\\') {
        return Some(Cow::Borrowed(inside));
    }
    let JsonStringBytes(bytes) = serde_json::from_str(raw.get()).ok()?;
    Some(Cow::Owned(database_text(bytes)))
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain(r#""FDD Sent""#, Text::Text("FDD Sent".into()))]
    #[case::padded(r#"" FDD Sent\t""#, Text::Text("FDD Sent".into()))]
    #[case::escaped(r#""Ren\u00e9 \"\/\" \ud83d\ude00""#, Text::Text("René \"/\" 😀".into()))]
    #[case::nul(r#""a\u0000b""#, Text::Text("a\u{fffd}b".into()))]
    #[case::lone_surrogate(r#""a\ud800b\udfff""#, Text::Text("a\u{fffd}b\u{fffd}".into()))]
    #[case::empty(r#""""#, Text::Blank)]
    #[case::spaces(r#""  ""#, Text::Blank)]
    #[case::null("null", Text::Blank)]
    #[case::number("7", Text::Text("7".into()))]
    #[case::flag("true", Text::NotText)]
    #[case::list("[]", Text::NotText)]
    #[case::object("{}", Text::NotText)]
    fn text_is_present_blank_or_of_another_type(#[case] json: &str, #[case] expected: Text) {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        assert_eq!(text(raw), expected);
    }

    #[test]
    fn a_missing_key_is_blank() {
        assert_eq!(text(None), Text::Blank);
    }

    #[rstest]
    #[case::number("15551234567", Some("15551234567"))]
    #[case::negative("-1", Some("-1"))]
    #[case::text(r#"" +1 555 ""#, Some("+1 555"))]
    #[case::empty(r#""""#, None)]
    #[case::null("null", None)]
    #[case::flag("false", None)]
    fn a_number_is_text_by_its_digits(#[case] json: &str, #[case] expected: Option<&str>) {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        assert_eq!(loose_text(raw).as_deref(), expected);
    }
}
