//! Note search: what a query means, and the words that notes are indexed by.
//!
//! A text is a sequence of words: runs of letters and digits, whatever separates them. Case and accents do not matter. Both
//! databases store and match exactly these words, and the highlighting uses them too, so all three agree.
//!
//! A query is words that must all occur, `"words in quotes"` in that order, and `begin*` for words with that prefix. A word
//! without `*` matches whole words only. Other characters only separate words, so no query is invalid.

use std::collections::HashSet;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// In letters. A longer word is stored and compared by its first letters.
const LONGEST_WORD: usize = 64;

/// The bytes of words stored per text: about thirty thousand words. PostgreSQL accepts a megabyte of distinct words.
const LONGEST_TEXT: usize = 200 << 10;

/// The most words of a query that are searched for.
const MOST_WORDS: usize = 256;

/// A search query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    terms: Vec<Term>,
    is_cut: bool,
}

/// Consecutive words; at least one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// Folded: letters and digits only.
    pub words: Vec<String>,
    /// Whether the last word is a prefix.
    pub is_prefix: bool,
}

impl Search {
    /// Parses a query. Any text is valid; one without letters and digits is empty.
    pub fn parse(text: &str) -> Self {
        let mut search = Self::default();
        let (mut known, mut left) = (HashSet::new(), MOST_WORDS);
        for (part, is_prefix) in parts(text) {
            let words: Vec<String> = tokens(part.chars()).map(|token| token.word).collect();
            if words.is_empty() {
                continue;
            }
            if words.len() > left {
                search.is_cut = true;
                break;
            }
            let term = Term { words, is_prefix };
            if known.insert(term.clone()) {
                left -= term.words.len();
                search.terms.push(term);
            }
        }
        search
    }

    /// The terms, which must all match.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether the query has no words.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the query has more words than are searched for.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Where the terms match in a text, in `char`s: in order, without overlaps.
    pub fn marks(&self, text: impl Iterator<Item = char>) -> Vec<Range<usize>> {
        if self.is_empty() {
            return Vec::new();
        }
        let tokens: Vec<Token> = tokens(text).collect();
        let whole: HashSet<&str> = self
            .terms
            .iter()
            .filter(|term| !term.is_prefix && term.words.len() == 1)
            .map(|term| term.words[0].as_str())
            .collect();
        let others: Vec<&Term> = self.terms.iter().filter(|term| term.is_prefix || term.words.len() > 1).collect();
        let mut marks: Vec<Range<usize>> = Vec::new();
        for at in 0..tokens.len() {
            let here = &tokens[at..];
            let mut until = whole.contains(here[0].word.as_str()).then_some(here[0].at.end);
            for term in others.iter().filter(|term| term.matches_at(here)) {
                until = until.max(Some(here[term.words.len() - 1].at.end));
            }
            let Some(until) = until else { continue };
            match marks.last_mut().filter(|last| last.end >= here[0].at.start) {
                Some(last) => last.end = last.end.max(until),
                None => marks.push(here[0].at.start..until),
            }
        }
        marks
    }
}

impl Term {
    fn matches_at(&self, tokens: &[Token]) -> bool {
        let Some((last, before)) = self.words.split_last() else { return false };
        let Some(at_end) = tokens.get(before.len()) else { return false };
        let ends = if self.is_prefix { at_end.word.starts_with(last.as_str()) } else { at_end.word == *last };
        ends && before.iter().zip(tokens).all(|(word, token)| token.word == *word)
    }
}

/// The folded words of a text, separated by spaces, with a space at both ends: what a database indexes. A very long text is cut.
pub fn search_words(text: &str) -> String {
    let mut kept = String::from(" ");
    for token in tokens(text.chars()) {
        if kept.len() + token.word.len() > LONGEST_TEXT {
            break;
        }
        kept.push_str(&token.word);
        kept.push(' ');
    }
    kept
}

/// The parts of a query between quotes and between spaces, each with whether it ends with a `*`.
fn parts(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    for (i, piece) in text.split(['"', '“', '”', '„', '«', '»']).enumerate() {
        if i % 2 == 1 {
            parts.push((piece, piece.ends_with('*')));
            continue;
        }
        // A `*` right after the quotes belongs to the quoted words.
        if i > 0
            && piece.starts_with('*')
            && let Some(quoted) = parts.last_mut()
        {
            quoted.1 = true;
        }
        parts.extend(piece.split_whitespace().map(|part| (part, part.ends_with('*'))));
    }
    parts
}

/// A word of a text.
struct Token {
    /// Folded.
    word: String,
    /// Its position, in `char`s.
    at: Range<usize>,
}

fn tokens(text: impl Iterator<Item = char>) -> impl Iterator<Item = Token> {
    // A separator after the end ends the last word.
    let mut text = text.chain(['\n']).enumerate();
    std::iter::from_fn(move || {
        let (mut word, mut letters, mut start) = (String::new(), 0, None);
        for (at, c) in text.by_ref() {
            if is_letter(c) {
                start.get_or_insert(at);
                if c.is_ascii() && letters < LONGEST_WORD {
                    word.push(c.to_ascii_lowercase());
                    letters += 1;
                } else if letters < LONGEST_WORD {
                    word.extend(fold(c).inspect(|_| letters += 1));
                }
            } else if !(start.is_some() && is_nothing(c)) {
                match start.take() {
                    Some(start) if !word.is_empty() => return Some(Token { word, at: start..at }),
                    _ => {}
                }
            }
        }
        None
    })
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c) && !is_nothing(c))
}

/// Combining accents and invisible characters, which do not separate words.
fn is_nothing(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

fn fold(c: char) -> impl Iterator<Item = char> {
    let lower = std::iter::once(c).nfkd().flat_map(char::to_lowercase);
    lower.flat_map(spelled_out).filter(|c| is_letter(*c) && !is_nothing(*c))
}

/// Letters without an accent to remove, as people without that key type them.
fn spelled_out(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'đ' | 'ð' => ('d', None),
        'ł' => ('l', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn spelled(search: &Search) -> String {
        let term = |term: &Term| format!("{}{}", term.words.join("+"), if term.is_prefix { "*" } else { "" });
        search.terms().iter().map(term).collect::<Vec<_>>().join(" ")
    }

    #[rstest]
    #[case::words("Called  about FDD", "called about fdd")]
    #[case::a_phrase("\"build out\" cost", "build+out cost")]
    #[case::curly_quotes("“build out” cost", "build+out cost")]
    #[case::a_quote_without_end("cost \"build out", "cost build+out")]
    #[case::a_beginning("financ* bank", "financ* bank")]
    #[case::a_phrase_that_begins("\"build o\"* \"lease en*\"", "build+o* lease+en*")]
    #[case::signs_within_a_word("e-mail don't 555-0101", "e+mail don+t 555+0101")]
    #[case::accents("ÉTUDE Straße Łódź ﬁnance e\u{301}", "etude strasse lodz finance e")]
    #[case::twice("a A á", "a")]
    #[case::operators("a AND b NOT (c OR d) NEAR(e)", "a and b not c or d near+e")]
    #[case::other_scripts("Привет 你好 हिन्दी", "привет 你好 हिन्दी")]
    #[case::a_quote("\"", "")]
    #[case::a_star("*", "")]
    #[case::signs(") -- %_' \\ : ^ {x", "x")]
    #[case::emoji("🎉 👍🏽", "")]
    #[case::a_nul("a\0b", "a+b")]
    #[case::nothing("", "")]
    fn a_query_is_its_words(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(spelled(&Search::parse(text)), expected);
    }

    #[test]
    fn an_endless_query_is_cut_and_says_so() {
        let words: Vec<String> = (0..2_000).map(|i| format!("w{i}")).collect();
        let search = Search::parse(&words.join(" "));
        assert_eq!((search.terms().len(), search.is_cut()), (256, true));
        assert!(Search::parse(&"a".repeat(10_000)).terms()[0].words[0].len() == 64);
        assert!(!Search::parse(&"a ".repeat(10_000)).is_cut());
    }

    #[rstest]
    #[case::a_word("financing", "She asked whether [Financing] is financingly")]
    #[case::a_beginning("financ*", "[Financing], [finances] and fin")]
    #[case::a_phrase("\"the fee\"", "the the [the. Fee] and a fee")]
    #[case::words_that_touch("a b", "[a] [b] c")]
    #[case::overlaps("\"a b\" \"b c\"", "[a b c] d")]
    #[case::accents("etude", "[Étude], [e\u{301}tude\u{301}] ok")]
    #[case::emoji("ok", "🎉 [ok]🎉")]
    fn marks_surround_the_matches(#[case] search: &str, #[case] marked: &str) {
        let text: Vec<char> = marked.chars().filter(|c| !"[]".contains(*c)).collect();
        let mut shown = String::new();
        let mut at = 0;
        for mark in Search::parse(search).marks(text.iter().copied()) {
            shown.extend(&text[at..mark.start]);
            shown.push('[');
            shown.extend(&text[mark.clone()]);
            shown.push(']');
            at = mark.end;
        }
        shown.extend(&text[at..]);
        assert_eq!(shown, marked);
    }

    #[test]
    fn a_text_is_indexed_by_its_words_and_a_long_one_by_its_first_words() {
        assert_eq!(search_words("Called: 2 × É\n"), " called 2 e ");
        assert_eq!(search_words("🎉"), " ");
        assert!(search_words(&"word ".repeat(100_000)).len() <= LONGEST_TEXT + 2);
        assert_eq!(search_words(&"é".repeat(100_000)).chars().count(), 66);
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_query_and_its_words_contain_only_letters(text in any::<String>()) {
            let search = Search::parse(&text);
            for term in search.terms() {
                prop_assert!(!term.words.is_empty());
                for word in &term.words {
                    prop_assert!(!word.is_empty() && word.chars().all(is_letter), "{word:?}");
                }
            }
        }

        #[test]
        fn a_text_is_found_by_each_of_its_words_as_spelled(text in any::<String>()) {
            for word in text.split(|c: char| c.is_whitespace() || c == '"').filter(|word| !word.ends_with('*')) {
                let search = Search::parse(word);
                prop_assert_eq!(search.is_empty(), search.marks(text.chars()).is_empty(), "{:?}", word);
            }
        }

        #[test]
        fn marks_are_in_order_and_within_the_text(text in "[a-cé \"*.]{0,40}", search in "[a-c \"*]{0,12}") {
            let mut before = 0;
            for mark in Search::parse(&search).marks(text.chars()) {
                prop_assert!(mark.start >= before && mark.start < mark.end && mark.end <= text.chars().count());
                before = mark.end;
            }
        }
    }
}
