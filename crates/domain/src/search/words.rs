//! The words of a text: runs of letters, with the ways to write those that contain hyphens and apostrophes.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_normalization::char::compose;

use super::folding::{Class, fold, is_unspaced};

/// In letters. A longer word is stored and compared by its first letters.
const LONGEST_WORD: usize = 64;

/// The most parts of a word with hyphens or apostrophes; the next part begins another word.
const MOST_PARTS: usize = 16;

/// A folded word and its place in the text, in `char`s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) word: String,
    pub(super) at: Range<usize>,
}

/// Letters that only hyphens and apostrophes interrupt: `jean-luc`, `o'brien`. In scripts without spaces, a single letter.
#[derive(Debug)]
pub(super) struct Compound {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    token: Token,
    letters: usize,
    /// What separates it from the previous part.
    joiner: Option<Joiner>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joiner {
    Apostrophe,
    Hyphen,
}

/// A way to write a compound as words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As words are counted in a text: `obrien`, `jean luc`.
    Usual,
    /// As one word: `jeanluc`.
    Joined,
    /// With each part as a word: `o brien`.
    Apart,
}

impl Compound {
    /// The words of a spelling.
    pub(super) fn words(&self, spelling: Spelling) -> Vec<Token> {
        words_of(&self.parts, spelling)
    }

    /// The spellings that differ from the usual one, and those without the `s` of a possessive: `obrien` for `O'Brien's`.
    pub(super) fn other_spellings(&self) -> Vec<Vec<Token>> {
        let has = |joiner| self.parts.iter().any(|part| part.joiner == Some(joiner));
        let mut others = Vec::new();
        if has(Joiner::Hyphen) {
            others.push(self.words(Spelling::Joined));
        }
        if has(Joiner::Apostrophe) {
            others.push(self.words(Spelling::Apart));
        }
        if let Some((last, owner)) = self.parts.split_last()
            && last.joiner == Some(Joiner::Apostrophe)
            && last.token.word == "s"
            && owner.len() > 1
        {
            others.extend([words_of(owner, Spelling::Usual), words_of(owner, Spelling::Joined)]);
        }
        others
    }
}

fn words_of(parts: &[Part], spelling: Spelling) -> Vec<Token> {
    let mut words: Vec<Token> = Vec::with_capacity(parts.len());
    for part in parts {
        let continues = match (spelling, part.joiner) {
            (_, None) | (Spelling::Apart, _) | (Spelling::Usual, Some(Joiner::Hyphen)) => false,
            (Spelling::Joined, Some(_)) | (Spelling::Usual, Some(Joiner::Apostrophe)) => true,
        };
        match words.last_mut().filter(|_| continues) {
            None => words.push(part.token.clone()),
            Some(last) => {
                last.at.end = part.token.at.end;
                let letters = LONGEST_WORD.saturating_sub(last.word.chars().count());
                last.word.extend(part.token.word.chars().take(letters));
            }
        }
    }
    words
}

/// The compounds of a text, in order.
pub(super) fn compounds(text: impl Iterator<Item = char>) -> impl Iterator<Item = Compound> {
    let mut text = text.enumerate();
    let mut splitter = Splitter::default();
    std::iter::from_fn(move || {
        while splitter.done.is_empty() {
            match text.next() {
                Some((at, c)) => splitter.push(at, c),
                None => {
                    splitter.end();
                    break;
                }
            }
        }
        splitter.done.pop_front()
    })
}

#[derive(Default)]
struct Splitter {
    parts: Vec<Part>,
    /// The joiner after the last part, if the text ends with one so far.
    joiner: Option<Joiner>,
    done: VecDeque<Compound>,
}

impl Splitter {
    fn push(&mut self, at: usize, c: char) {
        match Class::of(c) {
            Class::Letter if c.is_ascii() => self.letter(at, c.to_ascii_lowercase()),
            Class::Letter => fold(c).for_each(|c| self.letter(at, c)),
            Class::Nothing => {
                if let (Some(last), None) = (self.parts.last_mut(), self.joiner) {
                    last.token.at.end = at + 1;
                }
            }
            Class::Apostrophe => self.join(Joiner::Apostrophe),
            Class::Hyphen => self.join(Joiner::Hyphen),
            Class::Separator => self.end(),
        }
    }

    fn letter(&mut self, at: usize, c: char) {
        let unspaced = is_unspaced(c);
        if let Some(last) = self.parts.last_mut() {
            let before = last.token.word.chars().next_back();
            if !unspaced && self.joiner.is_none() && !before.is_some_and(is_unspaced) {
                last.token.at.end = at + 1;
                if last.letters < LONGEST_WORD {
                    last.token.word.push(c);
                    last.letters += 1;
                }
                return;
            }
            // A voicing mark after its kana, or Hangul that is written letter by letter.
            let composed = before.filter(|before| is_unspaced(*before) && unspaced).and_then(|before| compose(before, c));
            if let (Some(composed), None) = (composed, self.joiner) {
                last.token = Token { word: composed.to_string(), at: last.token.at.start..at + 1 };
                return;
            }
        }
        if unspaced || self.joiner.is_none() || self.parts.len() == MOST_PARTS {
            self.end();
        }
        let token = Token { word: c.to_string(), at: at..at + 1 };
        self.parts.push(Part { token, letters: 1, joiner: self.joiner.take() });
    }

    fn join(&mut self, joiner: Joiner) {
        let follows_letter = self.parts.last().is_some_and(|last| !last.token.word.chars().any(is_unspaced));
        match self.joiner {
            None if follows_letter => self.joiner = Some(joiner),
            _ => self.end(),
        }
    }

    fn end(&mut self) {
        self.joiner = None;
        if !self.parts.is_empty() {
            self.done.push_back(Compound { parts: std::mem::take(&mut self.parts) });
        }
    }
}
