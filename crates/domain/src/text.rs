//! What a text shows: characters that have no picture of their own, and characters that turn its direction.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

/// Whether a text shows anything. Spaces, control and invisible characters, and accents without a letter do not.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !c.is_control() && !is_invisible(c) && !is_combining_mark(c))
}

/// Whether a character shows nothing: zero-width and direction characters, variation selectors, blank fillers.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

const ISOLATE: char = '\u{2068}';
const END_OF_ISOLATE: char = '\u{2069}';
const END_OF_EMBEDDING: char = '\u{202c}';

/// What opens a part with its own direction, as Unicode's bidirectional algorithm defines them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opened {
    /// U+202A, U+202B, U+202D, U+202E.
    Embedding,
    /// U+2066 to U+2068.
    Isolate,
}

impl Opened {
    fn by(c: char) -> Option<Self> {
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => Some(Self::Embedding),
            '\u{2066}'..='\u{2068}' => Some(Self::Isolate),
            _ => None,
        }
    }
}

/// Whether a character is one of those that [`isolated`] confines to a text.
pub fn is_direction_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text whose direction characters affect nothing around it. Other text stays as it is, and so does one that is isolated
/// already.
pub fn isolated(text: &str) -> Cow<'_, str> {
    if !text.contains(is_direction_control) || text.split(is_line_end).all(is_isolated) {
        return Cow::Borrowed(text);
    }
    // The end of a line ends everything that was opened in it.
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive(is_line_end) {
        let content = line.trim_end_matches(is_line_end);
        if is_isolated(content) {
            out.push_str(content);
        } else {
            isolate_line(content, &mut out);
        }
        out.push_str(&line[content.len()..]);
    }
    Cow::Owned(out)
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2029}')
}

/// Whether a line's direction characters are all inside of isolates that end in it.
fn is_isolated(line: &str) -> bool {
    let mut depth = 0_usize;
    for c in line.chars().filter(|c| is_direction_control(*c)) {
        match Opened::by(c) {
            Some(Opened::Isolate) => depth += 1,
            _ if depth == 0 => return false,
            _ => depth -= usize::from(c == END_OF_ISOLATE),
        }
    }
    depth == 0
}

fn isolate_line(line: &str, out: &mut String) {
    let mut open: Vec<Opened> = Vec::new();
    out.push(ISOLATE);
    for c in line.chars() {
        match (c, Opened::by(c)) {
            (_, Some(opened)) => open.push(opened),
            (END_OF_EMBEDDING, None) if open.last() != Some(&Opened::Embedding) => continue,
            (END_OF_EMBEDDING, None) => _ = open.pop(),
            // Ends the embeddings within the isolate as well.
            (END_OF_ISOLATE, None) => match open.iter().rposition(|opened| *opened == Opened::Isolate) {
                Some(at) => open.truncate(at),
                None => continue,
            },
            _ => {}
        }
        out.push(c);
    }
    while let Some(opened) = open.pop() {
        out.push(if opened == Opened::Isolate { END_OF_ISOLATE } else { END_OF_EMBEDDING });
    }
    out.push(END_OF_ISOLATE);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("Ada", "Ada")]
    #[case::right_to_left_letters("שלום", "שלום")]
    #[case::override_without_end("a\u{202e}b", "\u{2068}a\u{202e}b\u{202c}\u{2069}")]
    #[case::embedding_without_end("\u{202b}b", "\u{2068}\u{202b}b\u{202c}\u{2069}")]
    #[case::override_with_end("\u{202e}b\u{202c}", "\u{2068}\u{202e}b\u{202c}\u{2069}")]
    #[case::isolate_without_end("\u{2067}b", "\u{2068}\u{2067}b\u{2069}\u{2069}")]
    #[case::isolate_with_end("\u{2067}b\u{2069}", "\u{2067}b\u{2069}")]
    #[case::end_without_begin("a\u{202c}b\u{2069}c", "\u{2068}abc\u{2069}")]
    #[case::end_beyond_an_isolate("\u{202e}\u{2066}a\u{202c}\u{2069}", "\u{2068}\u{202e}\u{2066}a\u{2069}\u{202c}\u{2069}")]
    #[case::override_inside_an_isolate("\u{2068}a\u{202e}b\u{2069}", "\u{2068}a\u{202e}b\u{2069}")]
    #[case::lines("a\u{202e}b\nc\u{202c}\n", "\u{2068}a\u{202e}b\u{202c}\u{2069}\n\u{2068}c\u{2069}\n")]
    fn direction_characters_affect_nothing_around_the_text(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(isolated(text), expected);
    }

    proptest::proptest! {
        #[test]
        fn an_isolated_text_is_balanced_and_stays_as_it_is(text in "[ab\n\u{202a}-\u{202e}\u{2066}-\u{2069}]{0,12}") {
            let once = isolated(&text).into_owned();
            proptest::prop_assert!(once.split('\n').all(is_isolated), "{once:?}");
            proptest::prop_assert_eq!(isolated(&once), once.as_str());
            let letters = |text: &str| text.chars().filter(|c| !is_direction_control(*c)).collect::<String>();
            proptest::prop_assert_eq!(letters(&once), letters(&text));
        }
    }
}
