//! What people type to search notes, and the marks that it makes in one.

use tetherboard_domain::{Search, search_words};

/// The first line is the search, the rest a note.
pub(crate) fn note_search(data: &[u8]) {
    let text = crate::text(data);
    let (typed, note) = text.split_once('\n').unwrap_or((&text, &text));
    let search = Search::parse(typed);
    assert_eq!(search.is_empty(), search.terms().is_empty());
    for term in search.terms() {
        assert!(
            !term.ways.is_empty() && term.ways.iter().all(|way| !way.is_empty() && way.iter().all(|word| !word.is_empty())),
            "{term:?}"
        );
    }
    let (mut end, length) = (0, note.chars().count());
    for mark in search.marks(note.chars()) {
        assert!(end <= mark.start && mark.start < mark.end && mark.end <= length, "{mark:?} after {end} of {length}");
        end = mark.end;
    }
    // What a note is found by: its words, each between two spaces.
    let stored = search_words(note);
    assert!(stored.starts_with(' ') && stored.ends_with(' ') && !stored.contains("  "), "{stored:?}");
    assert!(stored.chars().all(|c| c == ' ' || !c.is_whitespace()), "{stored:?}");
}
