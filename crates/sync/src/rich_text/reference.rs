//! Character references, such as `&amp;`.

use std::borrow::Cow;

use markup5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// The longest name of a character, in bytes, is `CounterClockwiseContourIntegral`; a number needs at most eight digits.
const MAX_NAME: usize = 32;

/// Replaces the references of a text by their characters. One without its semicolon is text: browsers would turn the
/// `&copy` of a typed `?x=1&copy=2` into a sign.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut decoded = String::with_capacity(text.len());
    decoded.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(after) = rest.strip_prefix('&') {
        let length = match reference(after) {
            Some((length, characters)) => {
                decoded.extend(characters.into_iter().flatten());
                1 + length
            }
            None => {
                decoded.push('&');
                1
            }
        };
        let next = rest[length..].find('&').map_or(rest.len(), |at| length + at);
        decoded.push_str(&rest[length..next]);
        rest = &rest[next..];
    }
    Cow::Owned(decoded)
}

/// The reference at the start of a text, after its `&`: its length with the semicolon, and its characters.
fn reference(text: &str) -> Option<(usize, [Option<char>; 2])> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let end = text.bytes().take(MAX_NAME).take_while(|byte| is_of_name(byte)).count();
    if text.as_bytes().get(end) != Some(&b';') {
        return None;
    }
    let name = &text[..end];
    let characters = match name.strip_prefix('#') {
        Some(number) => [Some(numbered(number)?), None],
        None => {
            let (first, second) = *NAMED_ENTITIES.get(&text[..=end])?;
            [char::from_u32(first).filter(|first| *first != '\0'), char::from_u32(second).filter(|second| *second != '\0')]
        }
    };
    Some((end + 1, characters))
}

/// The character with a decimal or, after an `x`, hexadecimal number, as the standard maps those that are none.
fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| char::from(digit).is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
    let windows_1252 = code.checked_sub(0x80).and_then(|index| *C1_REPLACEMENTS.get(index as usize)?);
    Some(windows_1252.or(char::from_u32(code)).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::names("AT&amp;T &lt;b&gt; caf&eacute;&nbsp;", "AT&T <b> café\u{a0}")]
    #[case::two_characters("&NotEqualTilde;", "≂̸")]
    #[case::numbers("&#65;&#x42;&#X43;&#150;", "ABC–")]
    #[case::numbers_that_are_no_characters("&#0;&#xD800;&#x110000;&#99999999999999999999;", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}")]
    #[case::once("&amp;lt;", "&lt;")]
    #[case::without_a_semicolon("?a=1&copy=2&section=3 R&D", "?a=1&copy=2&section=3 R&D")]
    #[case::unknown("&nothing; &; &#; &#x; &#+5; & ;", "&nothing; &; &#; &#x; &#+5; & ;")]
    fn references_with_a_semicolon_are_decoded(#[case] text: &str, #[case] decoded: &str) {
        assert_eq!(decode(text), decoded);
    }
}
