//! Makes JSON readable that is broken only inside its strings.
//!
//! One contact whose note holds a stray Latin-1 byte or a bare tab must not hide the hundred rows of its page. Each
//! offending byte is replaced by one other byte, so every range found in the mended text is a range of the original,
//! and the original is what is kept.

/// `None` if nothing is to be mended. Invalid UTF-8 becomes `?`, a control character a space: where they stood outside
/// a string, the text is still no JSON.
pub(crate) fn mend(bytes: &[u8]) -> Option<String> {
    let mut mended = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        mended.extend(chunk.valid().chars().map(|c| if c.is_ascii_control() && c != '\x7f' { ' ' } else { c }));
        mended.extend(chunk.invalid().iter().map(|_| '?'));
    }
    (mended.as_bytes() != bytes).then_some(mended)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::sound("{\"a\":\"é\"}".as_bytes(), None)]
    #[case::latin_1(b"{\"a\":\"Ren\xe9\"}", Some("{\"a\":\"Ren?\"}"))]
    #[case::a_tab_inside(b"{\"a\":\"x\ty\"}", Some("{\"a\":\"x y\"}"))]
    fn only_what_is_broken_is_replaced(#[case] bytes: &[u8], #[case] mended: Option<&str>) {
        assert_eq!(mend(bytes).as_deref(), mended);
    }

    proptest::proptest! {
        #[test]
        fn a_mended_text_is_as_long_as_the_original(bytes: Vec<u8>) {
            if let Some(mended) = mend(&bytes) {
                proptest::prop_assert_eq!(mended.len(), bytes.len());
            }
        }
    }
}
