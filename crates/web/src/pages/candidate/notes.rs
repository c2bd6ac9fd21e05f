//! The notes about a candidate and the whiteboard, and how current they are.

use maud::{Markup, html};
use tetherboard_domain::{EpochMs, PlausibleDates};
use tetherboard_store::candidates::CandidateNote;
use tetherboard_store::history::ValueChange;

use super::{CandidateView, dated, dated_and_aging, show_all};
use crate::address::links;
use crate::parts::doubtful_date::doubtful_date;
use crate::parts::format::{count, counted, number};
use crate::parts::hide_note::hide_form;
use crate::parts::highlight::excerpt;
use crate::parts::icon;
use crate::parts::rich_text::rich;
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::time;

/// The whiteboard, and its last changes.
pub(super) fn whiteboard(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    const SHOWN: usize = 5;
    let html = view.candidate.whiteboard.as_str();
    if html.is_empty() && view.whiteboards.is_empty() {
        return EMPTY;
    }
    let shown = if view.shows_all { usize::MAX } else { SHOWN };
    html! {
        section.drawer-sec {
            div.flex.wrapf { h2 { "Whiteboard" } span.sub.push.flex { (icon("pin", 13)) "pinned in ClientTether" } }
            @if html.is_empty() { p.sub { "The whiteboard is empty." } }
            @else if html.len() <= 40_000 { (rich(html)) }
            @else { p.sub { "The whiteboard is too long to show here. Open it in ClientTether." } }
            @if !view.whiteboards.is_empty() {
                ul.board-changes role="list" {
                    @for change in view.whiteboards.iter().take(shown) { (whiteboard_change(shell, change)) }
                }
            }
        }
    }
}

fn whiteboard_change(shell: &Shell<'_>, change: &ValueChange) -> Markup {
    let at = time::moment(change.at_ms);
    html! {
        li {
            p.sub { "Changed " @if let Some(at) = at { (dated_and_aging(at, shell.now, &shell.tenant().zone)) } }
            @for (sign, line) in changed_lines(change.old.as_deref(), change.new.as_deref()) {
                @if sign == '+' { p class="line added" { ins { span aria-hidden="true" { "+ " } (line) } } }
                @else { p class="line removed" { del { span aria-hidden="true" { "− " } (line) } } }
            }
        }
    }
}

/// The removed lines, then the added ones, each with its sign.
fn changed_lines<'a>(old: Option<&'a str>, new: Option<&'a str>) -> Vec<(char, &'a str)> {
    let lines =
        |text: Option<&'a str>| -> Vec<&'a str> { text.unwrap_or_default().lines().filter(|line| !line.is_empty()).collect() };
    let (old, new) = (lines(old), lines(new));
    let without = |some: &[&'a str], others: &[&str]| {
        let mut others = others.to_vec();
        let mut left = Vec::new();
        for line in some {
            match others.iter().position(|other| other == line) {
                Some(at) => {
                    others.swap_remove(at);
                }
                None => left.push(*line),
            }
        }
        left
    };
    let (removed, added) = (without(&old, &new), without(&new, &old));
    removed.into_iter().map(|line| ('−', line)).chain(added.into_iter().map(|line| ('+', line))).collect()
}

/// The notes, newest first.
pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let shown = count(view.notes.len());
    html! {
        section.drawer-sec {
            div.flex.wrapf {
                h2 { "Notes" }
                span.sub.push data-notes-coverage {
                    (note_count(shell, view))
                    (coverage(shell, view))
                }
            }
            @if view.notes.is_empty() {
                p.sub {
                    @if view.candidate.notes_read_ms.is_some() { "No notes yet." }
                    @else { "ClientTether returns notes one candidate at a time. This candidate’s notes have not been read yet." }
                }
            } @else {
                ol.cand-notes role="list" { @for note in &view.notes { (line(shell, note)) } }
                @if shown < view.notes_total && view.shows_all {
                    p { a.btn href=(all_notes(shell, view)) { "See the rest on the Notes page" } }
                }
                @if shown < view.notes_total && !view.shows_all {
                    (show_all(shell, view, &format!("Show all {} notes", number(view.notes_total))))
                }
            }
        }
    }
}

/// How many notes are shown, and how many there are.
fn note_count(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let (shown, total) = (count(view.notes.len()), view.notes_total);
    let is_removed = view.candidate.gone_ms.is_some();
    html! {
        @if is_removed && shown < total { (number(shown)) " of " (number(total)) ", " }
        @else if is_removed && shown > 0 { (counted(shown, "note", "notes")) ", " }
        @else if !is_removed && total > 0 {
            @if shown < total { (number(shown)) " of " }
            a href=(all_notes(shell, view)) data-count=(total) {
                @if shown < total { (number(total)) } @else { (counted(shown, "note", "notes")) }
            }
            ", "
        }
    }
}

/// The candidate on the Notes page.
fn all_notes(shell: &Shell<'_>, view: &CandidateView) -> String {
    links::notes(&shell.tenant().slug).with("client", view.candidate.crm_id.as_str()).url()
}

fn coverage(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let c = &view.candidate;
    let zone = &shell.tenant().zone;
    let read = c.notes_read_ms.and_then(time::moment);
    html! {
        @match read {
            None => "not read yet",
            Some(read) if c.gone_ms.is_some() => { "as of " (dated(read, shell.now, zone)) }
            Some(read) if EpochMs::from(read) >= c.changed_ms => {
                "current as of " (dated(read, shell.now, zone)) " (" (time::aging(read, shell.now, zone)) ")"
            }
            Some(read) => {
                "as of " (dated(read, shell.now, zone)) "; the candidate has changed since then, so newer notes may be missing"
            }
        }
    }
}

fn line(shell: &Shell<'_>, note: &CandidateNote) -> Markup {
    let slug = &shell.tenant().slug;
    html! {
        li {
            p.sub {
                b { @if note.author.is_empty() { "No author" } @else { (note.author) } }
                @if !note.kind.is_empty() { " · " (note.kind) }
                " · "
                @match note.created_ms.and_then(time::moment) {
                    Some(_) if PlausibleDates::at(shell.now).doubts_past(note.created_ms) => (doubtful_date(shell, note.created_ms)),
                    Some(created) => (dated_and_aging(created, shell.now, &shell.tenant().zone)),
                    None => "date unknown",
                }
            }
            @if note.html.is_empty() && note.letters > 0 {
                p.txt { (excerpt(&note.body, None, 420).1) " …" }
                p { a.more href=(links::note(slug, &note.crm_id).url()) { "Read all " (number(note.letters)) " characters" } }
            } @else { (rich(&note.html)) }
            @if shell.brand.viewer.is_agency() { (hide_form(slug, &note.crm_id, note.hidden, note.hidden_kind)) }
        }
    }
}
