//! Search hits marked in a text. They are computed from the search itself, so both databases show the same marks.

use std::ops::Range;

use maud::{Markup, html};
use tetherboard_domain::Search;

use crate::http::isolation::tag_length;

/// A plain text with its hits marked.
pub(crate) fn marked(text: &str, search: Option<&Search>) -> Markup {
    let Some(search) = search else { return html! { (text) } };
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    for mark in search.marks(text.chars()) {
        let (start, end) = (starts[mark.start], starts[mark.end]);
        pieces.extend([(false, &text[at..start]), (true, &text[start..end])]);
        at = end;
    }
    pieces.push((false, &text[at..]));
    html! { @for (found, piece) in pieces { @if found { mark { (piece) } } @else { (piece) } } }
}

/// A sanitized text with its hits marked. A hit may begin in one element and end in another.
pub(crate) fn marked_html(sanitized: &str, search: &Search) -> String {
    let letters = letters(sanitized);
    let mut out = String::with_capacity(sanitized.len() + 64);
    let mut at = 0;
    for mark in search.marks(letters.iter().map(|letter| letter.is)) {
        for range in ranges(&letters[mark]) {
            out.push_str(&sanitized[at..range.start]);
            out.push_str("<mark>");
            out.push_str(&sanitized[range.clone()]);
            out.push_str("</mark>");
            at = range.end;
        }
    }
    out.push_str(&sanitized[at..]);
    out
}

/// A character that a sanitized text shows, and its position in the markup.
struct Letter {
    is: char,
    at: Range<usize>,
}

/// The entities that the sanitizer writes.
const ENTITIES: [(&str, char); 5] = [("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&nbsp;", '\u{a0}'), ("&amp;", '&')];

/// Elements that do not separate words.
const INLINE: [&str; 14] = ["a", "b", "code", "del", "em", "i", "ins", "s", "small", "span", "strong", "sub", "sup", "u"];

fn letters(sanitized: &str) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(sanitized.len());
    let mut at = 0;
    while let Some(c) = sanitized[at..].chars().next() {
        let rest = &sanitized[at..];
        if c == '<' {
            let end = at + tag_length(rest);
            let name = rest[1..].trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            if !INLINE.contains(&name) {
                letters.push(Letter { is: '\n', at: end..end });
            }
            at = end;
            continue;
        }
        let entity = ENTITIES.iter().find(|(written, _)| rest.starts_with(written));
        let (is, length) = entity.map_or((c, c.len_utf8()), |(written, is)| (*is, written.len()));
        letters.push(Letter { is, at: at..at + length });
        at += length;
    }
    letters
}

/// The ranges of markup that no tag interrupts.
fn ranges(letters: &[Letter]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for letter in letters.iter().filter(|letter| !letter.at.is_empty()) {
        match ranges.last_mut().filter(|last| last.end == letter.at.start) {
            Some(last) => last.end = letter.at.end,
            None => ranges.push(letter.at.clone()),
        }
    }
    ranges
}

/// About `length` characters around the first hit, or from the beginning, and whether there is more text before and after.
pub(crate) fn excerpt<'a>(text: &'a str, search: Option<&Search>, length: usize) -> (bool, &'a str, bool) {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let letters = starts.len() - 1;
    let found = search.and_then(|search| search.marks(text.chars()).into_iter().next()).map_or(0, |mark| mark.start);
    // The hit is in the first third, unless the text ends too soon.
    let from = found.saturating_sub(length / 3).min(letters.saturating_sub(length));
    let until = (from + length).min(letters);
    (from > 0, text[starts[from]..starts[until]].trim(), until < letters)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::within_an_element("<p>the <b>fee</b>, paid</p>", "fee", "<p>the <b><mark>fee</mark></b>, paid</p>")]
    #[case::across_elements(
        "<p>the fi<b>nan</b>ce</p>",
        "finance",
        "<p>the <mark>fi</mark><b><mark>nan</mark></b><mark>ce</mark></p>"
    )]
    #[case::not_across_blocks("<p>the fi</p><p>nance</p>", "finance", "<p>the fi</p><p>nance</p>")]
    #[case::a_phrase("<p>build&nbsp;out &amp; go</p>", "\"build out go\"", "<p><mark>build&nbsp;out &amp; go</mark></p>")]
    #[case::nothing_within_a_tag(
        "<a href=\"https://fee.example/?a=&quot;>fee\">fee</a>",
        "fee",
        "<a href=\"https://fee.example/?a=&quot;>fee\"><mark>fee</mark></a>"
    )]
    #[case::entities_stay_whole("&lt;script&gt; &amp;lt;", "lt script", "&lt;<mark>script</mark>&gt; &amp;<mark>lt</mark>;")]
    fn marks_do_not_break_the_markup(#[case] text: &str, #[case] search: &str, #[case] expected: &str) {
        assert_eq!(marked_html(text, &Search::parse(search)), expected);
    }

    #[test]
    fn plain_text_is_escaped_around_its_marks() {
        let shown = marked("<b>é & fee</b>", Some(&Search::parse("fee e"))).into_string();
        assert_eq!(shown, "&lt;b&gt;<mark>é</mark> &amp; <mark>fee</mark>&lt;/b&gt;");
    }

    #[test]
    fn an_excerpt_shows_the_first_hit() {
        let text = format!("{}needle{}", "hay ".repeat(100), " hay".repeat(100));
        let (before, shown, after) = excerpt(&text, Some(&Search::parse("needle")), 60);
        assert!(before && after && shown.contains("needle") && shown.len() <= 60);
        assert_eq!(excerpt("short", None, 60), (false, "short", false));
        assert_eq!(excerpt(&text, None, 7), (false, "hay hay", true));
    }
}
