//! Repairs JSON that is damaged only inside its values.
//!
//! One contact whose note contains a stray Latin-1 byte or a raw tab, or whose fee is a bare `NaN`, must not cost the other
//! rows of its page. Each bad byte is replaced by exactly one byte, so a range found in the repaired text is also a range of the
//! original, which is what gets stored.

/// The repaired text, as long as the original; `None` if nothing needs repair.
///
/// Invalid UTF-8 becomes `?` and a control character a space; outside a string, the result is still not JSON. A bare word that
/// JSON does not define becomes an empty string padded with spaces.
pub fn repair(bytes: &[u8]) -> Option<String> {
    let mut repaired = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        repaired.extend(chunk.valid().chars().map(|c| if c.is_ascii_control() && c != '\x7f' { ' ' } else { c }));
        repaired.extend(chunk.invalid().iter().map(|_| '?'));
    }
    let repaired = blank_bare_words(&repaired);
    (repaired.as_bytes() != bytes).then_some(repaired)
}

/// Blanks `NaN`, `-Infinity`, `INF`, `undefined`: how some languages serialize a missing number.
fn blank_bare_words(text: &str) -> String {
    let mut repaired = String::with_capacity(text.len());
    let (mut rest, mut in_string) = (text, false);
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '_');
        let length = match c {
            '"' => {
                in_string = !in_string;
                1
            }
            '\\' if in_string => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            c if in_string || !is_word(c) => c.len_utf8(),
            _ => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        };
        let (part, after) = rest.split_at(length);
        let follows_digit = repaired.ends_with(|c: char| c.is_ascii_digit());
        let is_bare = !in_string
            && !follows_digit
            && part.len() >= 2
            && part.chars().all(is_word)
            && !matches!(part, "true" | "false" | "null");
        if is_bare {
            repaired.push_str("\"\"");
            repaired.extend(std::iter::repeat_n(' ', part.len() - 2));
        } else {
            repaired.push_str(part);
        }
        rest = after;
    }
    repaired
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::valid("{\"a\":\"é\"}".as_bytes(), None)]
    #[case::latin_1(b"{\"a\":\"Ren\xe9\"}", Some("{\"a\":\"Ren?\"}"))]
    #[case::bare_words(
        br#"{"a":NaN,"b":[-Infinity,null],"c":"NaN \" INF"}"#,
        Some(r#"{"a":"" ,"b":[""       ,null],"c":"NaN \" INF"}"#)
    )]
    #[case::raw_tab(b"{\"a\":\"x\ty\"}", Some("{\"a\":\"x y\"}"))]
    fn only_damaged_bytes_are_replaced(#[case] bytes: &[u8], #[case] repaired: Option<&str>) {
        assert_eq!(repair(bytes).as_deref(), repaired);
    }

    proptest::proptest! {
        #[test]
        fn repaired_text_is_as_long_as_the_original(bytes: Vec<u8>) {
            if let Some(repaired) = repair(&bytes) {
                proptest::prop_assert_eq!(repaired.len(), bytes.len());
            }
        }
    }
}
