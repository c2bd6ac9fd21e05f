//! Which letters count as the same in every search: case, accents, vowel marks, width, and ligatures do not matter.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::text::is_invisible;

/// What a character does to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter, a digit, or a mark that is part of a word's spelling.
    Letter,
    /// Disappears between two letters: `O'Brien` is `obrien`.
    Apostrophe,
    /// Separates two words that are also one: `build-out`.
    Hyphen,
    /// Accents, vowel marks, and invisible characters, which neither separate words nor count.
    Nothing,
    Separator,
}

impl Class {
    pub(super) fn of(c: char) -> Self {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => Self::Letter,
            '\'' | '`' => Self::Apostrophe,
            '-' => Self::Hyphen,
            _ if c.is_ascii() => Self::Separator,
            '´'
            | '‘'
            | '’'
            | '‛'
            | '′'
            | '\u{2b9}'..='\u{2bf}'
            | '\u{2c8}'
            | '\u{55a}'
            | '\u{5f3}'
            | '\u{5f4}'
            | '\u{a78c}'
            | '＇' => Self::Apostrophe,
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{58a}' | '\u{5be}' | '\u{2043}' | '﹘' | '﹣' | '－' => Self::Hyphen,
            // Lengthens an Arabic word on paper.
            '\u{640}' => Self::Nothing,
            _ if is_invisible(c) || is_accent(c) => Self::Nothing,
            // Squared words such as ㍿ and ㎏.
            '\u{3200}'..='\u{33ff}' => Self::Letter,
            _ if c.is_alphanumeric() || is_combining_mark(c) => Self::Letter,
            _ => Self::Separator,
        }
    }
}

/// Marks that people leave out when they type. Those of Indian and Southeast Asian scripts are vowels, and the Japanese voicing
/// marks make other letters, so they stay.
fn is_accent(c: char) -> bool {
    let spells = matches!(c, '\u{900}'..='\u{1aaf}' | '\u{1b00}'..='\u{1dbf}' | '\u{3099}' | '\u{309a}' | '\u{a800}'..='\u{abff}')
        || ('\u{11000}'..='\u{1cfff}').contains(&c);
    is_combining_mark(c) && !spells
}

/// A letter as searches compare it: usually one letter, `ss` for `ß`, nothing for a lone accent.
pub(super) fn fold(c: char) -> impl Iterator<Item = char> {
    // A Hangul syllable would fall apart into its letters.
    let is_syllable = ('가'..='힣').contains(&c);
    let whole = is_syllable.then_some(c);
    let parts = std::iter::once(c).filter(move |_| !is_syllable).nfkd().flat_map(char::to_lowercase).flat_map(spelled_out);
    whole.into_iter().chain(parts.filter(|c| Class::of(*c) == Class::Letter))
}

/// Letters that no normalization takes apart, as people without that key type them.
fn spelled_out(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        '\0'..='\x7f' => (c, None),
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' | 'ɵ' => ('o', None),
        'đ' | 'ð' | 'ɖ' | 'ɗ' => ('d', None),
        'ł' | 'ɫ' | 'ƚ' => ('l', None),
        'ı' | 'ɨ' => ('i', None),
        'ħ' => ('h', None),
        'ŧ' => ('t', None),
        'ŋ' => ('n', None),
        'ĸ' | 'ƙ' => ('k', None),
        'ǥ' | 'ɠ' => ('g', None),
        'ƀ' | 'ɓ' => ('b', None),
        'ƶ' => ('z', None),
        'ʉ' => ('u', None),
        'ə' | 'ǝ' => ('e', None),
        'ς' => ('σ', None),
        'ґ' => ('г', None),
        // Arabic letters that keyboards of its countries write differently.
        'ى' | 'ی' => ('ي', None),
        'ک' => ('ك', None),
        'ة' => ('ه', None),
        'ٱ' => ('ا', None),
        other => (digit(other).unwrap_or(other), None),
    };
    std::iter::once(first).chain(second)
}

/// The digit 0 of the scripts that have digits of their own; 1 to 9 follow it.
const ZEROS: [char; 22] =
    ['٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '๐', '໐', '༠', '၀', '႐', '០', '᠐', '᥆', '᧐', '᱐'];

/// The ASCII digit of a digit in another script.
fn digit(c: char) -> Option<char> {
    let value = ZEROS.iter().map(|zero| (c as u32).wrapping_sub(*zero as u32)).find(|value| *value < 10)?;
    char::from_digit(value, 10)
}

/// Whether a letter belongs to a script without spaces between words, where any fragment can be a word. Korean is one of them,
/// because it appends endings to its words.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c,
        // Thai, Lao, Burmese, Hangul letters, Khmer, Tai, Lanna.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{1950}'..='\u{19ff}' | '\u{1a20}'..='\u{1aaf}' | '\u{a960}'..='\u{a97f}' | '\u{a9e0}'..='\u{a9ff}'
        | '\u{aa60}'..='\u{aadf}' | '\u{ac00}'..='\u{d7ff}'
        // Chinese and Japanese.
        | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{312f}' | '\u{31a0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{1aff0}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn folded(text: &str) -> String {
        text.chars().filter(|c| Class::of(*c) == Class::Letter).flat_map(fold).collect()
    }

    #[rstest]
    #[case::case("ÀÉÎÕÜ", "aeiou")]
    #[case::accents_of_latin("José Núñez Élodie Çelik Dvořák Nguyễn", "josenunezelodiecelikdvoraknguyen")]
    #[case::letters_without_accents(
        "Ørsted Łódź Đorđe Straße STRAẞE Ægir œuvre İstanbul ısı",
        "orstedlodzdordestrassestrasseaegiroeuvreistanbulisi"
    )]
    #[case::greek("Άγγελος ΆΓΓΕΛΟΣ ᾳ", "αγγελοσαγγελοσα")]
    #[case::cyrillic("Ёлкин Їжак Ґалаґан", "елкинiжакгалаган".replace('i', "і").leak())]
    #[case::arabic_vowel_marks("مُحَمَّد مـحـمـد", "محمدمحمد")]
    #[case::arabic_hamza("أحمد إحمد آحمد", "احمداحمداحمد")]
    #[case::hebrew_points("שָׁלוֹם שלום שּׁ", "שלוםשלוםש")]
    #[case::full_width("Ａｄａ１２３", "ada123")]
    #[case::half_width_katakana("ｶﾞｲﾄﾞ", "カ\u{3099}イト\u{3099}")]
    #[case::ligatures("ﬁnance ﬀ ĳ", "financeffij")]
    #[case::squares("㍿ ㎏", "株式会社kg")]
    #[case::hangul("회의", "회의")]
    #[case::vowels_of_hindi_stay("हिन्दी", "हिन्दी")]
    #[case::vowels_of_thai_stay("กำ", "กํา")]
    #[case::digits_of_other_scripts("٣١٢ ۳۱۲ ३१२ ๓๑๒", "312312312312")]
    fn letters_that_look_alike_are_the_same(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(folded(text), expected);
    }

    #[test]
    fn a_folded_letter_stays_as_it_is() {
        for c in '\0'..=char::MAX {
            for piece in fold(c) {
                assert!(Class::of(piece) == Class::Letter, "{c:?} becomes {piece:?}");
                assert_eq!(fold(piece).collect::<String>(), piece.to_string(), "{c:?}");
            }
        }
    }
}
