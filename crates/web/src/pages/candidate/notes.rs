//! What people wrote about a candidate, and how current that is.

use maud::{Markup, html};
use tetherboard_domain::EpochMs;
use tetherboard_store::candidates::CandidateNote;

use super::{CandidateView, all, dated, dated_and_aging, nothing};
use crate::address::links;
use crate::parts::format::{count, counted, number};
use crate::parts::hide_note::hide_form;
use crate::parts::highlight::excerpt;
use crate::parts::icon;
use crate::parts::rich_text::rich;
use crate::parts::shell::Shell;
use crate::parts::time;

/// What is pinned to a candidate, and what changed on it.
pub(super) fn whiteboard(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    const SHOWN: usize = 5;
    let sanitised = view.candidate.whiteboard.as_str();
    if sanitised.is_empty() && view.whiteboards.is_empty() {
        return nothing();
    }
    let zone = &shell.tenant().zone;
    html! {
        section.drawer-sec {
            div.flex.wrapf { h2 { "Whiteboard" } span.sub.push.flex { (icon("pin", 13)) "pinned in ClientTether" } }
            @if sanitised.is_empty() { p.sub { "It is empty now." } }
            @else if sanitised.len() <= 40_000 { (rich(sanitised)) }
            @else { p.sub { "It is too long to show here; ClientTether has all of it." } }
            @if !view.whiteboards.is_empty() {
                ul.board-changes role="list" {
                    @for change in view.whiteboards.iter().take(if view.whole { usize::MAX } else { SHOWN }) {
                        li {
                            p.sub { "Changed " @if let Some(at) = time::moment(change.at_ms) { (dated_and_aging(at, shell.now, zone)) } }
                            @for (sign, line) in lines(change.old.as_deref(), change.new.as_deref()) {
                                p class=(if sign == '+' { "line added" } else { "line removed" }) {
                                    @if sign == '+' { ins { span aria-hidden="true" { "+ " } (line) } } @else { del { span aria-hidden="true" { "− " } (line) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The lines that went, then those that came, each as often as it did.
fn lines<'a>(old: Option<&'a str>, new: Option<&'a str>) -> Vec<(char, &'a str)> {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (old.unwrap_or_default().lines().collect(), new.unwrap_or_default().lines().collect());
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
    let (went, came) = (without(&old, &new), without(&new, &old));
    went.into_iter().map(|line| ('−', line)).chain(came.into_iter().map(|line| ('+', line))).collect()
}

pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let shown = count(view.notes.len());
    html! {
        section.drawer-sec {
            div.flex.wrapf {
                h2 { "Notes" }
                span.sub.push data-notes-coverage {
                    @if view.candidate.gone_ms.is_some() {
                        @if shown < view.notes_total { (number(shown)) " of " (number(view.notes_total)) ", " }
                        @else if shown > 0 { (counted(shown, "note", "notes")) ", " }
                    } @else if view.notes_total > 0 {
                        @if shown < view.notes_total { (number(shown)) " of " }
                        a href=(of_candidate(shell, view)) data-count=(view.notes_total) { @if shown < view.notes_total { (number(view.notes_total)) } @else { (counted(shown, "note", "notes")) } } ", "
                    }
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
                @if shown < view.notes_total && view.whole { p { a.btn href=(of_candidate(shell, view)) { "Read the others among all notes" } } }
                @if shown < view.notes_total && !view.whole { (all(shell, view, &format!("Show all {} notes", number(view.notes_total)))) }
            }
        }
    }
}

/// The candidate's notes among all notes.
fn of_candidate(shell: &Shell<'_>, view: &CandidateView) -> String {
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
            Some(read) if EpochMs::from(read) >= c.changed_ms => { "current as of " (dated(read, shell.now, zone)) " (" (time::aging(read, shell.now, zone)) ")" }
            Some(read) => { "as of " (dated(read, shell.now, zone)) "; ClientTether changed this candidate since, so newer notes may be missing" }
        }
    }
}

fn line(shell: &Shell<'_>, note: &CandidateNote) -> Markup {
    let slug = &shell.tenant().slug;
    html! {
        li {
            p.sub {
                b { @if note.author.is_empty() { "Somebody" } @else { (note.author) } }
                @if !note.kind.is_empty() { " · " (note.kind) }
                " · "
                @match note.created_ms.and_then(time::moment) {
                    Some(created) => (dated_and_aging(created, shell.now, &shell.tenant().zone)),
                    None => "date not known",
                }
            }
            @if note.html.is_empty() && note.letters > 0 {
                p.txt { (excerpt(&note.body, None, 420).1) " …" }
                p { a.more href=(links::note(slug, &note.crm_id).url()) { "Read all " (number(note.letters)) " letters" } }
            } @else { (rich(&note.html)) }
            @if shell.brand.viewer.is_agency() { (hide_form(slug, &note.crm_id, note.hidden, note.hidden_kind)) }
        }
    }
}
