//! Candidate search: each word of a query occurs somewhere in a name, company, email, phone, or market.
//!
//! The texts are stored folded, without punctuation. So a query can be written as in the CRM, or more simply.

use super::folding::{Class, fold, is_unspaced};
use super::words::{Spelling, compounds};

/// The first characters of a query that are searched for: no name is longer.
const LONGEST_QUERY: usize = 200;

/// The most fragments of a query that are searched for.
const MOST_FRAGMENTS: usize = 12;

/// The shortest digits that are looked for only as a phone number.
const LOCAL_NUMBER: usize = 7;

/// Before a phone number in the stored text.
const PHONE: char = '#';

/// A query for contacts or deals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FragmentSearch {
    all: Vec<Vec<Vec<String>>>,
}

impl FragmentSearch {
    /// Parses a query. Any text is valid; one without letters and digits matches nothing.
    pub fn parse(text: &str) -> Self {
        let text: String = text.chars().take(LONGEST_QUERY).collect();
        let pieces: Vec<&str> = text.split_whitespace().collect();
        let mut search = Self::default();
        let mut rest = pieces.as_slice();
        while !rest.is_empty() && search.all.len() < MOST_FRAGMENTS {
            let phone = rest.iter().take_while(|piece| is_phone_like(piece)).count();
            let (taken, ways) = match phone {
                0 => (1, words(rest[0])),
                count => (count, numbers(&rest[..count])),
            };
            rest = &rest[taken..];
            if !ways.is_empty() && !search.all.contains(&ways) {
                search.all.push(ways);
            }
        }
        search
    }

    /// What must all match: each entry matches in one of several ways, and each way is fragments that must all occur in the
    /// stored text. Fragments contain no `%`, `_`, or `\`.
    pub fn all(&self) -> &[Vec<Vec<String>>] {
        &self.all
    }

    /// Whether a stored text matches.
    pub fn matches(&self, stored: &str) -> bool {
        let is_way = |way: &Vec<String>| way.iter().all(|fragment| stored.contains(fragment.as_str()));
        !self.is_empty() && self.all.iter().all(|ways| ways.iter().any(is_way))
    }

    /// Whether the query has no letters or digits, and so matches nothing.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// The stored form of texts in which fragments are searched for, each on a line of its own.
pub fn search_fragments<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(folded).collect::<Vec<_>>().join("\n")
}

/// The stored form of a phone field, which may contain several numbers.
pub fn phone_fragments(phone: &str) -> String {
    let mut numbers: Vec<String> = Vec::new();
    for part in phone.split(|c: char| matches!(c, ',' | ';' | '/' | '|') || c.is_alphabetic()) {
        let digits = digits(part);
        match numbers.last_mut() {
            // An extension, or a local number that someone separated from its area code.
            Some(last) if digits.len() < LOCAL_NUMBER || last.len() < LOCAL_NUMBER => last.push_str(&digits),
            _ => numbers.push(digits),
        }
    }
    numbers.iter().filter(|digits| !digits.is_empty()).map(|digits| format!("{PHONE}{digits}")).collect()
}

/// The ways to find one word of a query: `jean-luc` as `jeanluc` or `jean luc`.
fn words(piece: &str) -> Vec<Vec<String>> {
    let compounds: Vec<_> = compounds(piece.chars()).collect();
    let mut ways: Vec<Vec<String>> = Vec::new();
    for (spelling, between) in [(Spelling::Joined, ""), (Spelling::Usual, " "), (Spelling::Apart, " ")] {
        let compound = compounds.iter().map(|compound| {
            let words: Vec<String> = compound.words(spelling).into_iter().map(|token| token.word).collect();
            words.join(between)
        });
        let way = vec![compound.collect::<String>()];
        if !way[0].is_empty() && !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

/// A text without punctuation: `ada.ash@example.com` is `adaashexamplecom`. Words stay apart, except where no script separates
/// them.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for piece in text.split_whitespace() {
        let word: String =
            compounds(piece.chars()).flat_map(|compound| compound.words(Spelling::Joined)).map(|token| token.word).collect();
        let (before, after) = (folded.chars().next_back(), word.chars().next());
        let needs_space =
            !(before.is_none_or(is_unspaced) && after.is_none_or(is_unspaced)) && before.is_some() && after.is_some();
        if needs_space {
            folded.push(' ');
        }
        folded.push_str(&word);
    }
    folded
}

// Phone numbers ----------------------------------------------------------------------------------------------------------

fn is_phone_like(piece: &str) -> bool {
    let sign =
        |c: char| matches!(c, '(' | ')' | '.' | '+' | '/' | '＋' | '（' | '）' | '．' | '／') || Class::of(c) == Class::Hyphen;
    let meaningful: Vec<char> = piece.chars().filter(|c| Class::of(*c) != Class::Nothing).collect();
    !meaningful.is_empty()
        && meaningful.iter().all(|c| sign(*c) || fold(*c).all(|c| c.is_ascii_digit()) && Class::of(*c) == Class::Letter)
}

fn digits(text: &str) -> String {
    text.chars().filter(|c| Class::of(*c) == Class::Letter).flat_map(fold).filter(char::is_ascii_digit).collect()
}

/// The ways to find a phone number or a part of one. Few digits may also be several words, such as a house number.
fn numbers(pieces: &[&str]) -> Vec<Vec<String>> {
    let text: String = pieces.join(" ").chars().filter(|c| Class::of(*c) != Class::Nothing).collect();
    let digits = digits(&text);
    if digits.is_empty() {
        return Vec::new();
    }
    let mut ways = vec![vec![digits.clone()]];
    if let Some((country, national)) = country_and_national(&text, &digits) {
        ways.extend(
            [format!("{country}{national}"), format!("{PHONE}{national}"), format!("{PHONE}0{national}")].map(|way| vec![way]),
        );
    }
    if digits.len() < LOCAL_NUMBER && pieces.len() > 1 {
        ways.push(pieces.iter().map(|piece| self::digits(piece)).filter(|digits| !digits.is_empty()).collect());
    }
    ways
}

/// The country code and the digits after it, if the number has one: a stored number may be without it.
fn country_and_national<'a>(text: &str, digits: &'a str) -> Option<(&'a str, &'a str)> {
    let text = text.trim_start_matches(['(', '（']);
    let after_exit_code = |code: &str| digits.strip_prefix(code).filter(|_| text.starts_with(code));
    let international = match text.starts_with(['+', '＋']) {
        true => Some(digits),
        false => after_exit_code("00").or_else(|| after_exit_code("011")),
    };
    let (country, national) = match international {
        // Some write the zero that is dialed within the country.
        Some(number) => {
            number.split_at_checked(country_code_length(number)).map(|(code, rest)| (code, rest.trim_start_matches('0')))?
        }
        None => {
            let national = digits.strip_prefix('1')?;
            let is_written_apart = text.strip_prefix('1')?.starts_with(|c: char| !c.is_alphanumeric());
            if national.len() != 10 && !is_written_apart {
                return None;
            }
            ("1", national)
        }
    };
    (national.len() >= 3).then_some((country, national))
}

/// How many digits the country code has that an international number begins with.
fn country_code_length(digits: &str) -> usize {
    let two = digits.get(..2).unwrap_or(digits);
    match two {
        _ if two.starts_with(['1', '7']) => 1,
        "20" | "27" | "30" | "31" | "32" | "33" | "34" | "36" | "39" | "40" | "41" | "43" | "44" | "45" | "46" | "47" | "48"
        | "49" | "51" | "52" | "53" | "54" | "55" | "56" | "57" | "58" | "60" | "61" | "62" | "63" | "64" | "65" | "66"
        | "81" | "82" | "84" | "86" | "90" | "91" | "92" | "93" | "94" | "95" | "98" => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn finds(query: &str, name: &str, phone: &str) -> bool {
        let stored = format!("{}\n{}", search_fragments([name]), phone_fragments(phone));
        FragmentSearch::parse(query).matches(&stored)
    }

    #[rstest]
    #[case::accents("jose nunez", "José Núñez")]
    #[case::accents_typed("JOSÉ", "Jose Nunez")]
    #[case::decomposed("e\u{301}lodie", "Élodie")]
    #[case::apostrophe_left_out("obrien", "Pat O'Brien")]
    #[case::apostrophe_curly("o’brien", "Pat O'Brien")]
    #[case::apostrophe_modifier("o\u{2bc}brien", "Pat O’Brien")]
    #[case::apostrophe_added("o'brien", "Pat OBrien")]
    #[case::apostrophe_as_space("o'brien", "Pat O Brien")]
    #[case::part_after_an_apostrophe("brien", "Pat O'Brien")]
    #[case::hyphen_left_out("jeanluc", "Jean-Luc")]
    #[case::hyphen_as_space("jean luc", "Jean\u{2011}Luc")]
    #[case::hyphen_added("jean-luc", "Jean Luc")]
    #[case::full_width("ａｄａ", "Ada")]
    #[case::half_width_katakana("ｶﾞｲﾄﾞ", "東京ガイド")]
    #[case::fragment("会議", "臨時会議室")]
    #[case::one_character("議", "臨時会議室")]
    #[case::a_space_that_only_one_has("山田太郎", "山田 太郎")]
    #[case::a_space_that_only_the_query_has("山田 太郎", "山田太郎")]
    #[case::hangul_by_letters("\u{1112}\u{116c}\u{110b}\u{1174}", "정기회의")]
    #[case::thai("ดี", "สวัสดีครับ")]
    #[case::arabic("محمد", "مُحَمَّد")]
    #[case::hebrew("שלום", "שָׁלוֹם")]
    #[case::email("ada.ash@example.com", "ada.ash@example.com")]
    #[case::middle_of_an_email("ash@exam", "ada.ash@example.com")]
    #[case::punctuation("Ash, Ada", "Ada Ash")]
    #[case::sharp_s("strasse", "Straße")]
    #[case::ampersand("a&b", "A&B Foods")]
    fn a_name_is_found_however_it_is_typed(#[case] query: &str, #[case] name: &str) {
        assert!(finds(query, name, ""), "{:?} in {:?}", FragmentSearch::parse(query), search_fragments([name]));
    }

    #[rstest]
    #[case::another_word("jose", "Josa")]
    #[case::order_within_a_word("luc-jean", "Jean-Luc")]
    #[case::voiced_kana("カイト", "ガイド")]
    #[case::no_letters("@", "@@@")]
    #[case::a_pattern("%", "100%")]
    fn other_names_are_not_found(#[case] query: &str, #[case] name: &str) {
        assert!(!finds(query, name, ""), "{:?}", FragmentSearch::parse(query));
    }

    #[rstest]
    #[case("555-0142")]
    #[case("555 0142")]
    #[case("(312) 555 0142")]
    #[case("3125550142")]
    #[case("312.555.0142")]
    #[case("+1 312")]
    #[case("+1 (312) 555-0142")]
    #[case("1-312-555-0142")]
    #[case("13125550142")]
    #[case("001 312 555 0142")]
    #[case("0142")]
    #[case("42")]
    #[case("３１２−５５５")]
    #[case("٣١٢٥٥٥٠١٤٢")]
    #[case("\u{202a}+1 312-555-0142\u{202c}")]
    fn any_part_of_a_phone_number_is_found_however_it_is_formatted(#[case] query: &str) {
        for phone in [
            "(312) 555-0142",
            "3125550142",
            "+1 312 555 0142",
            "1.312.555.0142",
            "312/555-0142 x12",
            "312-555-0100, 312-555-0142",
        ] {
            assert!(finds(query, "Ada", phone), "{phone}: {:?} in {:?}", FragmentSearch::parse(query), phone_fragments(phone));
            assert!(finds(&format!("ada {query}"), "Ada", phone), "{phone}");
        }
        assert!(!finds(query, "Ada", "(773) 555-0199"));
    }

    #[rstest]
    #[case::with_trunk_zero("+44 20 7946 0958", "020 7946 0958")]
    #[case::with_zero_in_parentheses("+44 (0)20 7946 0958", "+44 20 7946 0958")]
    #[case::without_country("020 7946", "020 7946 0958")]
    #[case::area_with_slash("030/123456", "030/123456")]
    fn numbers_of_other_countries_are_found(#[case] query: &str, #[case] phone: &str) {
        assert!(finds(query, "", phone), "{:?} in {:?}", FragmentSearch::parse(query), phone_fragments(phone));
    }

    #[test]
    fn a_whole_number_does_not_find_another_with_the_same_groups() {
        assert!(!finds("(312) 555 0142", "Suite 0142", "(555) 312-9999"));
        assert!(finds("60 40", "60/40 Partners", ""));
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_found_by_itself(name: String) {
            let search = FragmentSearch::parse(&name);
            proptest::prop_assert!(search.is_empty() || finds(&name, &name, &name), "{:?} in {:?}", search, search_fragments([name.as_str()]));
            for fragment in search.all().iter().flatten().flatten() {
                proptest::prop_assert!(!fragment.contains(['%', '_', '\\', '\n']));
            }
        }
    }
}
