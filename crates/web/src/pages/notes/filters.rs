//! The filters: what can be chosen, with what each choice would show, and what is chosen.

use maud::{Markup, html};
use tetherboard_domain::{ContactId, StageRole};
use tetherboard_metrics::Selection;

use super::{NoteQuery, NotesView};
use crate::address::links::{self, Link};
use crate::address::query::SearchText;
use crate::parts::format::number;
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::stages::{role_name, stage_name};
use crate::parts::time::edge_name;

/// Authors to choose from; the rest is found by search.
const MOST: usize = 8;

/// The candidates that can be chosen.
pub(super) fn candidates(selection: &Selection, query: &NoteQuery) -> Vec<ContactId> {
    let known = selection.clients.iter().map(|(id, _)| id);
    let others = query.clients.iter().filter(|id| !selection.clients.iter().any(|(known, _)| known == *id));
    known.chain(others).cloned().collect()
}

/// One value that can be chosen.
struct Choice {
    value: String,
    label: String,
    count: i64,
    chosen: bool,
}

pub(super) fn panel(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let query = &view.query;
    let selection = &view.selection;
    let board = &view.numbers.board;
    let keys: Vec<String> = query.kinds.iter().map(|kind| tetherboard_store::notes::kind_key(kind)).collect();
    let kinds = selection.kinds.iter().map(|(kind, count)| Choice {
        value: kind.name.clone(),
        label: if kind.name.is_empty() { "Without a type".to_owned() } else { kind.name.clone() },
        count: *count,
        chosen: keys.contains(&kind.key),
    });
    let authors = selection.authors.iter().map(|(author, count)| Choice {
        value: author.clone(),
        label: if author.trim().is_empty() { "Nobody named".to_owned() } else { author.clone() },
        count: *count,
        chosen: query.authors.contains(author),
    });
    let roles = selection.roles.iter().map(|(role, count)| Choice {
        value: role.as_str().to_owned(),
        label: role_name(*role).to_owned(),
        count: *count,
        chosen: has_role(&query.roles, *role),
    });
    let places: Vec<_> = query.stages.iter().map(|stage| board.place_named(stage)).collect();
    let stages = selection.stages.iter().filter_map(|(place, count)| {
        let name = board.label(place)?;
        Some(Choice {
            value: name.to_owned(),
            label: stage_name(Some(name)).to_owned(),
            count: *count,
            chosen: places.contains(place),
        })
    });
    let clients = candidates(selection, query).into_iter().map(|id| Choice {
        label: view.names.get(&id).map_or_else(|| format!("Contact {id}"), |(name, _)| name.clone()),
        count: selection.clients.iter().find(|(known, _)| *known == id).map_or(0, |(_, count)| *count),
        chosen: query.clients.contains(&id),
        value: id.to_string(),
    });
    let (kinds, authors, roles, stages, clients): (Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>) =
        (kinds.collect(), authors.collect(), roles.collect(), stages.collect(), clients.collect());
    let in_force = [&kinds, &authors, &roles, &stages, &clients].iter().filter(|all| all.iter().any(|one| one.chosen)).count();
    html! {
        form.notes-filters method="get" action=(links::notes(&shell.tenant().slug).path()) data-auto role="search" aria-label="Notes" {
            label.search {
                (icon("search", 15))
                span.sr { "Search notes" }
                input type="search" name="q" value=(query.text.as_deref().unwrap_or_default()) data-absent="" placeholder="Words, \"a phrase\", begin*" autocomplete="off";
            }
            // What the form keeps without showing a field for it.
            @for (key, value) in kept(query).pairs() { input type="hidden" name=(key) value=(value); }
            // On a phone what follows it folds.
            details.notes-fold.only-phone id="notes-fold" {
                summary.btn { (icon("list-filter", 15)) "Filters" @if in_force > 0 { ", " (in_force) " in force" } }
            }
            div.notes-facets {
                (facet("Type", "type", &kinds, usize::MAX))
                (facet("Author", "author", &authors, MOST))
                (facet("Stage", "role", &roles, usize::MAX))
                @if stages.len() > 1 || stages.iter().any(|one| one.chosen) {
                    details.facet-more id="notes-stages" open[stages.iter().any(|one| one.chosen)] {
                        summary { "Single stages" (icon("chevron-down", 13)) }
                        (facet("Single stage", "stage", &stages, usize::MAX))
                    }
                }
                (facet("Candidate", "client", &clients, usize::MAX))
                fieldset.facet {
                    legend { "Also show" }
                    (choice("also", "moves", "Stage moves", view.selection.moves, query.also.moves))
                    (choice("also", "appointments", "Appointments", view.selection.appointments, query.also.appointments))
                }
                noscript { button.btn { "Apply" } }
            }
        }
    }
}

fn facet(legend: &str, key: &str, choices: &[Choice], most: usize) -> Markup {
    html! {
        @if !choices.is_empty() {
            fieldset.facet {
                legend { (legend) }
                @for (i, one) in choices.iter().enumerate() {
                    @if i < most || one.chosen { (choice(key, &one.value, &one.label, one.count, one.chosen)) }
                }
                @if choices.len() > most { p.sub.facet-rest { (number(i64::try_from(choices.len() - most).unwrap_or(0))) " more" } }
            }
        }
    }
}

fn choice(key: &str, value: &str, label: &str, count: i64, chosen: bool) -> Markup {
    html! {
        label {
            input type="checkbox" name=(key) value=(value) checked[chosen];
            span.t title=(label) { (label) }
            span.n { (number(count)) }
        }
    }
}

fn kept(query: &NoteQuery) -> Link {
    NoteQuery { period: query.period, from: query.from, to: query.to, ..NoteQuery::default() }.add_to(Link::to(""))
}

fn has_role(roles: &[StageRole], role: StageRole) -> bool {
    roles.iter().any(|known| known.as_str() == role.as_str())
}

/// The filters in force, each with the way to drop it.
pub(super) fn chips(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let (slug, query) = (&shell.tenant().slug, &view.query);
    let mut chips: Vec<(String, String)> = Vec::new();
    let mut chip = |text: String, without: NoteQuery| chips.push((text, without.add_to(links::notes(slug)).url()));
    let without = || query.clone();
    if let Some(text) = query.text.as_deref() {
        chip(format!("Text: {text}"), NoteQuery { text: SearchText::default(), ..without() });
    }
    let named = |name: &str, of: &[String]| match of {
        [one] if one.trim().is_empty() => format!("{name}: none"),
        [one] => format!("{name}: {one}"),
        several => format!("{name}: {} chosen", several.len()),
    };
    if !query.kinds.is_empty() {
        chip(named("Type", &query.kinds), NoteQuery { kinds: Vec::new(), ..without() });
    }
    if !query.authors.is_empty() {
        chip(named("Author", &query.authors), NoteQuery { authors: Vec::new(), ..without() });
    }
    if !query.roles.is_empty() {
        let names: Vec<String> = query.roles.iter().map(|role| role_name(*role).to_owned()).collect();
        chip(format!("Stage: {}", names.join(", ")), NoteQuery { roles: Vec::new(), ..without() });
    }
    if !query.stages.is_empty() {
        chip(named("Single stage", &query.stages), NoteQuery { stages: Vec::new(), ..without() });
    }
    if !query.clients.is_empty() {
        let name = |id: &ContactId| view.names.get(id).map_or_else(|| id.to_string(), |(name, _)| name.clone());
        chip(
            named("Candidate", &query.clients.iter().map(name).collect::<Vec<_>>()),
            NoteQuery { clients: Vec::new(), ..without() },
        );
    }
    if let Some(period) = query.period.0 {
        chip(period.label().to_owned(), query.without_period());
    }
    if let Some(from) = query.from {
        chip(format!("From {}", edge_name(from)), NoteQuery { from: None, ..without() });
    }
    if let Some(to) = query.to {
        chip(format!("To {}", edge_name(to)), NoteQuery { to: None, ..without() });
    }
    html! {
        @if !chips.is_empty() {
            div.chips {
                @for (text, link) in &chips {
                    a.chip href=(link) aria-label=(format!("Remove filter {text}")) { span.t title=(text) { (text) } (icon("x", 13)) }
                }
                a.btn.plain href=(links::notes(slug).url()) { "Clear all" }
            }
        }
    }
}
