//! Makes JSON readable that is broken only inside its values.
//!
//! One contact whose note holds a stray Latin-1 byte or a bare tab, or whose fee is a bare `NaN`, must not hide the
//! hundred rows of its page. Each offending byte is replaced by one other byte, so every range found in the mended text
//! is a range of the original, and the original is what is kept.

/// `None` if nothing is to be mended. Invalid UTF-8 becomes `?`, a control character a space: where they stood outside
/// a string, the text is still no JSON. A bare word that JSON does not know becomes blank text.
pub fn repair(bytes: &[u8]) -> Option<String> {
    let mut mended = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        mended.extend(chunk.valid().chars().map(|c| if c.is_ascii_control() && c != '\x7f' { ' ' } else { c }));
        mended.extend(chunk.invalid().iter().map(|_| '?'));
    }
    let mended = without_bare_words(&mended);
    (mended.as_bytes() != bytes).then_some(mended)
}

/// `NaN`, `-Infinity`, `INF`, `undefined`: what other languages write where they have no number.
fn without_bare_words(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
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
        let follows_digit = mended.ends_with(|c: char| c.is_ascii_digit());
        let is_bare = !in_string
            && !follows_digit
            && part.len() >= 2
            && part.chars().all(is_word)
            && !matches!(part, "true" | "false" | "null");
        if is_bare {
            mended.push_str("\"\"");
            mended.extend(std::iter::repeat_n(' ', part.len() - 2));
        } else {
            mended.push_str(part);
        }
        rest = after;
    }
    mended
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::sound("{\"a\":\"é\"}".as_bytes(), None)]
    #[case::latin_1(b"{\"a\":\"Ren\xe9\"}", Some("{\"a\":\"Ren?\"}"))]
    #[case::no_number(
        br#"{"a":NaN,"b":[-Infinity,null],"c":"NaN \" INF"}"#,
        Some(r#"{"a":"" ,"b":[""       ,null],"c":"NaN \" INF"}"#)
    )]
    #[case::a_tab_inside(b"{\"a\":\"x\ty\"}", Some("{\"a\":\"x y\"}"))]
    fn only_what_is_broken_is_replaced(#[case] bytes: &[u8], #[case] mended: Option<&str>) {
        assert_eq!(repair(bytes).as_deref(), mended);
    }

    proptest::proptest! {
        #[test]
        fn a_mended_text_is_as_long_as_the_original(bytes: Vec<u8>) {
            if let Some(mended) = repair(&bytes) {
                proptest::prop_assert_eq!(mended.len(), bytes.len());
            }
        }
    }
}
