//! What people wrote about a candidate, and how current that is.

use maud::{Markup, html};
use tetherboard_store::candidates::OwnNote;

use super::{CandidateView, all, dated, dated_and_aging, moment, nothing};
use crate::parts::rich::rich;
use crate::parts::shell::Shell;
use crate::parts::time;
use crate::parts::words::{counted, number};

pub(super) fn whiteboard(view: &CandidateView) -> Markup {
    match view.candidate.whiteboard.as_str() {
        "" => nothing(),
        sanitised => html! { section.drawer-sec { h2 { "Whiteboard" } (rich(sanitised)) } },
    }
}

pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let shown = i64::try_from(view.notes.len()).unwrap_or(i64::MAX);
    html! {
        section.drawer-sec {
            div.flex.wrapf {
                h2 { "Notes" }
                span.sub.push data-notes-coverage {
                    @if shown < view.notes_total { (number(shown)) " of " (number(view.notes_total)) ", " }
                    @else if shown > 0 { (counted(shown, "note", "notes")) ", " }
                    (coverage(shell, view))
                }
            }
            @if view.notes.is_empty() {
                p.sub {
                    @if view.candidate.notes_read_ms.is_some() { "Nobody has written any." }
                    @else { "ClientTether gives notes candidate by candidate, and the turn of this one has not come." }
                }
            } @else {
                ol.cand-notes role="list" { @for note in &view.notes { (line(shell, note)) } }
                @if shown < view.notes_total && !view.whole { (all(shell, view, &format!("Show all {} notes", number(view.notes_total)))) }
            }
        }
    }
}

fn coverage(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let c = &view.candidate;
    let zone = &shell.tenant().zone;
    let read = c.notes_read_ms.and_then(moment);
    html! {
        @match read {
            None => "not read yet",
            Some(read) if c.gone_ms.is_some() => { "as of " (dated(read, shell.now, zone)) }
            Some(read) if read.as_millisecond() >= c.changed_ms => { "current as of " (dated(read, shell.now, zone)) " (" (time::aging(read, shell.now, zone)) ")" }
            Some(read) => { "as of " (dated(read, shell.now, zone)) "; ClientTether changed this candidate since, so newer notes may be missing" }
        }
    }
}

fn line(shell: &Shell<'_>, note: &OwnNote) -> Markup {
    html! {
        li {
            p.sub {
                b { @if note.author.is_empty() { "Somebody" } @else { (note.author) } }
                @if !note.kind.is_empty() { " · " (note.kind) }
                " · "
                @match note.created_ms.and_then(moment) {
                    Some(created) => (dated_and_aging(created, shell.now, &shell.tenant().zone)),
                    None => "date not known",
                }
            }
            (rich(&note.html))
        }
    }
}
