//! The active filters, each with a link that removes it.

use maud::{Markup, html};
use tetherboard_domain::ContactId;

use super::{NoteQuery, NotesView};
use crate::address::links;
use crate::address::query::SearchText;
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::stages::role_name;
use crate::parts::time::edge_name;

/// The chips, and a link that clears all filters.
pub(super) fn chips(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let slug = &shell.tenant().slug;
    let chips = active(view);
    html! {
        @if !chips.is_empty() {
            div.chips {
                @for (text, without) in &chips {
                    a.chip href=(without.add_to(links::notes(slug)).url()) aria-label=(format!("Remove filter {text}")) {
                        span.t title=(text) { (text) } (icon("x", 13))
                    }
                }
                a.btn.plain href=(links::notes(slug).url()) { "Clear all" }
            }
        }
    }
}

/// Each active filter's name, and the query without it.
fn active(view: &NotesView) -> Vec<(String, NoteQuery)> {
    let query = &view.query;
    let roles: Vec<String> = query.roles.iter().map(|role| role_name(*role).to_owned()).collect();
    let name = |id: &ContactId| view.names.get(id).map_or_else(|| id.to_string(), |(name, _)| name.clone());
    let clients: Vec<String> = query.clients.iter().map(name).collect();
    let base = || query.clone();
    let chips = [
        (query.text.as_deref().map(|text| format!("Text: {text}")), NoteQuery { text: SearchText::default(), ..base() }),
        (named("Type", &query.kinds), NoteQuery { kinds: Vec::new(), ..base() }),
        (named("Author", &query.authors), NoteQuery { authors: Vec::new(), ..base() }),
        ((!roles.is_empty()).then(|| format!("Stage: {}", roles.join(", "))), NoteQuery { roles: Vec::new(), ..base() }),
        (named("Individual stage", &query.stages), NoteQuery { stages: Vec::new(), ..base() }),
        (named("Candidate", &clients), NoteQuery { clients: Vec::new(), ..base() }),
        (query.period.0.map(|period| period.label().to_owned()), query.without_period()),
        (query.from.map(|from| format!("From {}", edge_name(from))), NoteQuery { from: None, ..base() }),
        (query.to.map(|to| format!("To {}", edge_name(to))), NoteQuery { to: None, ..base() }),
    ];
    chips.into_iter().filter_map(|(text, without)| Some((text?, without))).collect()
}

/// `Author: Dana`, or `Author: 3 selected`.
fn named(filter: &str, values: &[String]) -> Option<String> {
    match values {
        [] => None,
        [value] if value.trim().is_empty() => Some(format!("{filter}: none")),
        [value] => Some(format!("{filter}: {value}")),
        several => Some(format!("{filter}: {} selected", several.len())),
    }
}
