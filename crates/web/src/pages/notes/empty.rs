//! The feed without notes: why it is empty, and what to do about it.

use maud::{Markup, html};
use tetherboard_domain::Search;

use super::NotesView;
use crate::address::links;
use crate::address::notes::NoteQuery;
use crate::address::query::SearchText;
use crate::parts::format::{clipped, count, counted};
use crate::parts::icon;
use crate::parts::shell::Shell;

/// The message instead of notes.
pub(super) fn empty(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let is_filtered = view.query.is_filtered();
    html! {
        div.card.empty data-total="0" {
            span.disc.quiet { (icon(if is_filtered { "search" } else { "file-text" }, 20)) }
            @if view.notes.search.as_ref().is_some_and(Search::is_empty) { (no_words(shell, view)) }
            @else if is_filtered && view.notes.feed.total(shell.brand.viewer.audience()) > 0 { (no_match(shell, view)) }
            @else if view.notes.read_at.is_some() {
                h2 { "No notes yet" }
                p { "No notes have been written about the candidates read so far." }
            } @else { (not_read(shell)) }
        }
    }
}

fn no_words(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let without_text = NoteQuery { text: SearchText::default(), ..view.query.clone() };
    let text = clipped(view.query.text.as_deref().unwrap_or_default());
    html! {
        h2 { "Nothing to search for" }
        p { "“" (text) "” has no letters or digits. Enter words, a \"quoted phrase\", or the start of a word, such as financ*." }
        div.chips {
            a.btn href=(without_text.add_to(links::notes(&shell.tenant().slug)).url()) { (icon("x", 14)) "Clear search" }
        }
    }
}

fn no_match(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let slug = &shell.tenant().slug;
    let all = count(view.notes.feed.total(shell.brand.viewer.audience()));
    html! {
        h2 { "No notes match" }
        p {
            "Clear filters to see all " (counted(all, "note", "notes")) "."
            @if view.notes.search.is_some() { " A search finds whole words in any order; add * to find words that begin with it." }
        }
        div.chips {
            @if let Some((wider, total)) = &view.wider {
                a.btn href=(wider.add_to(links::notes(slug)).url()) data-count=(total) {
                    "Search for " (clipped(wider.text.as_deref().unwrap_or_default())) ", " (counted(*total, "note", "notes"))
                }
            }
            a.btn href=(links::notes(slug).url()) { (icon("x", 14)) "Clear all filters" }
        }
    }
}

fn not_read(shell: &Shell<'_>) -> Markup {
    html! {
        h2 { "Notes have not been read yet" }
        p { "ClientTether returns notes one candidate at a time. They appear here as syncs read them." }
        @if shell.brand.viewer.is_agency() {
            p { "If none appear, check that " code { "CLIENTTETHER_NOTES_CALLS_PER_RUN" } " is not 0, which turns notes off." }
        }
    }
}
