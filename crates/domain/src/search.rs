//! Search: what a query means, and what the databases store to find it.
//!
//! Candidates and deals are found by fragments ([`FragmentSearch`]), notes by words ([`Search`]). Both compare folded letters, so
//! case, accents, vowel marks, width, apostrophes, and hyphens do not matter.
//!
//! A note is a sequence of words: runs of letters and digits, whatever separates them. In scripts without spaces between words,
//! each letter is one, and words that follow each other in a query must do so in the note, so that any fragment is found. Both
//! databases store and match exactly these words, and the highlighting uses them too, so all three agree.
//!
//! A query is words that must all occur, `"words in quotes"` in that order, and `begin*` for words with that prefix. A word
//! without `*` matches whole words only. Other characters only separate words, so no query is invalid.

mod folding;
mod fragments;
mod words;

use std::collections::HashSet;
use std::ops::Range;

pub use fragments::{FragmentSearch, phone_fragments, search_fragments};

use folding::is_unspaced;
use words::{Spelling, Token, compounds};

/// The version of what is stored for searches. Increase it when a text gets other words or fragments, so that stored texts are
/// prepared again.
pub const SEARCH_VERSION: i64 = 1;

/// The bytes of words stored per text: about thirty thousand words. PostgreSQL accepts a megabyte of distinct words.
const LONGEST_TEXT: usize = 200 << 10;

/// The most words of a query that are searched for.
const MOST_WORDS: usize = 256;

/// Between the words of a text and each other spelling of some of them. No word contains it.
const OTHER_SPELLING: &str = "/";

/// A search query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    terms: Vec<Term>,
    is_cut: bool,
}

/// Consecutive words, which may be written in several ways.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// The ways to write it, at least one: `build out` or `buildout`. Each has at least one word, folded: letters and digits only.
    pub ways: Vec<Vec<String>>,
    /// Whether the last word of each way is a prefix.
    pub is_prefix: bool,
}

impl Search {
    /// Parses a query. Any text is valid; one without letters and digits is empty.
    pub fn parse(text: &str) -> Self {
        let mut search = Self::default();
        let (mut known, mut left) = (HashSet::new(), MOST_WORDS);
        for (part, is_prefix) in parts(text) {
            let Some(term) = Term::parse(part, is_prefix) else { continue };
            let length = term.ways[0].len();
            if length > left {
                search.is_cut = true;
                break;
            }
            if known.insert(term.clone()) {
                left -= length;
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
        let matcher = Matcher::new(self);
        let (mut words, mut found) = (Vec::new(), Vec::new());
        for compound in compounds(text) {
            words.extend(compound.words(Spelling::Usual));
            compound.other_spellings().iter().for_each(|spelling| matcher.find(spelling, &mut found));
        }
        matcher.find(&words, &mut found);
        found.sort_unstable_by_key(|mark| mark.start);
        let mut marks: Vec<Range<usize>> = Vec::new();
        for mark in found {
            match marks.last_mut().filter(|last| last.end >= mark.start) {
                Some(last) => last.end = last.end.max(mark.end),
                None => marks.push(mark),
            }
        }
        marks
    }
}

impl Term {
    /// The words of a part of a query; `None` if it has none.
    fn parse(part: &str, is_prefix: bool) -> Option<Self> {
        let compounds: Vec<_> = compounds(part.chars()).collect();
        let mut ways: Vec<Vec<String>> = Vec::new();
        for spelling in [Spelling::Usual, Spelling::Joined, Spelling::Apart] {
            let way: Vec<String> =
                compounds.iter().flat_map(|compound| compound.words(spelling)).map(|token| token.word).collect();
            if !way.is_empty() && !ways.contains(&way) {
                ways.push(way);
            }
        }
        // Without spaces, any fragment is a prefix.
        let last = ways.first()?.last()?;
        let is_prefix = is_prefix && !last.chars().any(is_unspaced);
        Some(Self { ways, is_prefix })
    }
}

/// The terms of a search, prepared for many comparisons.
struct Matcher<'a> {
    /// Ways of one whole word.
    whole: HashSet<&'a str>,
    /// Other ways, with whether the last word is a prefix.
    others: Vec<(&'a [String], bool)>,
}

impl<'a> Matcher<'a> {
    fn new(search: &'a Search) -> Self {
        let ways = || search.terms.iter().flat_map(|term| term.ways.iter().map(|way| (way.as_slice(), term.is_prefix)));
        let is_whole = |(way, is_prefix): &(&[String], bool)| way.len() == 1 && !is_prefix;
        Self {
            whole: ways().filter(is_whole).map(|(way, _)| way[0].as_str()).collect(),
            others: ways().filter(|way| !is_whole(way)).collect(),
        }
    }

    /// Adds where the terms match among consecutive words.
    fn find(&self, words: &[Token], found: &mut Vec<Range<usize>>) {
        for at in 0..words.len() {
            let here = &words[at..];
            let mut until = self.whole.contains(here[0].word.as_str()).then_some(here[0].at.end);
            for (way, _) in self.others.iter().filter(|(way, is_prefix)| begins_with(here, way, *is_prefix)) {
                until = until.max(Some(here[way.len() - 1].at.end));
            }
            found.extend(until.map(|until| here[0].at.start..until));
        }
    }
}

fn begins_with(words: &[Token], way: &[String], is_prefix: bool) -> bool {
    let Some((last, before)) = way.split_last() else { return false };
    let Some(at_end) = words.get(before.len()) else { return false };
    let ends = if is_prefix { at_end.word.starts_with(last.as_str()) } else { at_end.word == *last };
    ends && before.iter().zip(words).all(|(word, token)| token.word == *word)
}

/// The folded words of a text, separated by spaces, with a space at both ends: what a database indexes. Other spellings of words
/// with hyphens and apostrophes follow, each after a `/`. A very long text is cut.
pub fn search_words(text: &str) -> String {
    let mut kept = String::from(" ");
    let mut others = Vec::new();
    let mut known = HashSet::new();
    for compound in compounds(text.chars()) {
        for token in compound.words(Spelling::Usual) {
            if kept.len() + token.word.len() > LONGEST_TEXT {
                return kept;
            }
            kept.push_str(&token.word);
            kept.push(' ');
        }
        for spelling in compound.other_spellings() {
            let words = spelling.into_iter().map(|token| token.word).collect::<Vec<_>>().join(" ");
            if known.insert(words.clone()) {
                others.push(words);
            }
        }
    }
    for words in others {
        if kept.len() + words.len() > LONGEST_TEXT {
            break;
        }
        kept.extend([OTHER_SPELLING, " ", &words, " "]);
    }
    kept
}

/// The parts of a query between quotes and between spaces, each with whether it ends with a `*`.
fn parts(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let ends_with_star = |part: &str| part.ends_with(['*', '＊']);
    for (i, piece) in text.split(['"', '“', '”', '„', '«', '»', '＂']).enumerate() {
        if i % 2 == 1 {
            parts.push((piece, ends_with_star(piece)));
            continue;
        }
        // A `*` right after the quotes belongs to the quoted words.
        if i > 0
            && piece.starts_with(['*', '＊'])
            && let Some(quoted) = parts.last_mut()
        {
            quoted.1 = true;
        }
        parts.extend(piece.split_whitespace().map(|part| (part, ends_with_star(part))));
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::folding::Class;
    use super::*;

    fn spelled(search: &Search) -> String {
        let ways = |term: &Term| term.ways.iter().map(|way| way.join("+")).collect::<Vec<_>>().join("|");
        let term = |term: &Term| format!("{}{}", ways(term), if term.is_prefix { "*" } else { "" });
        search.terms().iter().map(term).collect::<Vec<_>>().join(" ")
    }

    #[rstest]
    #[case::words("Called  about FDD", "called about fdd")]
    #[case::a_phrase("\"build out\" cost", "build+out cost")]
    #[case::curly_quotes("“build out” cost", "build+out cost")]
    #[case::a_quote_without_end("cost \"build out", "cost build+out")]
    #[case::a_beginning("financ* bank", "financ* bank")]
    #[case::a_phrase_that_begins("\"build o\"* \"lease en*\"", "build+o* lease+en*")]
    #[case::signs_within_a_word("e-mail don't 555-0101", "e+mail|email dont|don+t 555+0101|5550101")]
    #[case::accents("ÉTUDE Straße Łódź ﬁnance e\u{301}", "etude strasse lodz finance e")]
    #[case::twice("a A á", "a")]
    #[case::operators("a AND b NOT (c OR d) NEAR(e)", "a and b not c or d near+e")]
    #[case::other_scripts("Привет 你好* हिन्दी", "привет 你+好 हिन्दी")]
    #[case::a_quote("\"", "")]
    #[case::a_star("*", "")]
    #[case::signs(") -- %_' \\ : ^ {x", "x")]
    #[case::every_apostrophe("o'brien O’Brien OʼBrien o＇brien", "obrien|o+brien")]
    #[case::every_hyphen("build-out build‐out build‑out build–out build－out", "build+out|buildout")]
    #[case::hyphen_and_apostrophe("O'Neil-Ash", "oneil+ash|oneilash|o+neil+ash")]
    #[case::loose_signs("- 'tis rock 'n' roll -- a- -b", "tis rock n roll a b")]
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
        assert!(Search::parse(&"a".repeat(10_000)).terms()[0].ways[0][0].len() == 64);
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
    #[case::longer_when_folded("strasse", "die [Straße], [STRAẞE] und Straßen")]
    #[case::a_prefix_that_is_longer_when_folded("ss*", "a [ß] [ßx]")]
    #[case::a_fragment("会議", "臨時[会議]室で[会議]")]
    #[case::one_letter("議", "臨時会[議]室")]
    #[case::half_width("ガイド", "観光[ｶﾞｲﾄﾞ]さん")]
    #[case::a_fragment_in_thai("ดี", "สวัส[ดี]ครับ")]
    #[case::latin_within("fdd", "新しい[FDD]を")]
    #[case::mixed("q3会議", "次の[Q3会議]です")]
    #[case::squares("会社", "[㍿], 株式[会社]")]
    #[case::apostrophes("o'brien", "[O’Brien], [obrien], [O Brien], O'B")]
    #[case::an_apostrophe_left_out("obrien", "[O'Brien]'s [OʼBrien]")]
    #[case::a_possessive("jane", "[Jane]'s [jane]")]
    #[case::a_possessive_of_a_joined_name("jeanluc", "[Jean-Luc]’s plan")]
    #[case::hyphens("build-out", "[build-out] [build‑out] [build out] [buildout] build")]
    #[case::a_hyphen_left_out("buildout", "the [build-out]")]
    #[case::one_part("out", "build-[out], b-[out], o-utter")]
    #[case::vowel_marks("محمد", "[مُحَمَّد] محمود")]
    #[case::a_mark_belongs_to_its_letter("会", "[会\u{fe00}]議")]
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
        assert_eq!(search_words("e-mail Jane's e-mail"), " e mail janes e mail / email / jane s ");
        assert_eq!(search_words("会議2"), " 会 議 2 ");
        assert_eq!(search_words("🎉"), " ");
        assert!(search_words(&"會".repeat(200_000)).len() <= LONGEST_TEXT + 4);
        assert!(search_words(&"a-b'c-".repeat(200_000)).len() <= LONGEST_TEXT + 40);
        assert!(search_words(&"word ".repeat(100_000)).len() <= LONGEST_TEXT + 2);
        assert_eq!(search_words(&"é".repeat(100_000)).chars().count(), 66);
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_query_and_its_words_contain_only_letters(text in any::<String>()) {
            let search = Search::parse(&text);
            for term in search.terms() {
                prop_assert!(!term.ways.is_empty());
                for word in term.ways.iter().flatten() {
                    prop_assert!(!word.is_empty() && word.chars().all(|c| Class::of(c) == Class::Letter), "{word:?}");
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
        fn marks_are_in_order_and_within_the_text(text in "[a-céß会議'’ \"*.-]{0,40}", search in "[a-cß会'\"* -]{0,12}") {
            let mut before = 0;
            for mark in Search::parse(&search).marks(text.chars()) {
                prop_assert!(mark.start >= before && mark.start < mark.end && mark.end <= text.chars().count());
                before = mark.end;
            }
        }
    }
}
