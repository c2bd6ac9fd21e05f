//! The filters of the notes: their values, each with the number of notes it would show.

use maud::{Markup, html};
use tetherboard_domain::{ContactId, StageRole};
use tetherboard_metrics::Selection;
use tetherboard_store::notes::kind_key;

use super::{NoteQuery, NotesView};
use crate::address::links::{self, Link};
use crate::parts::format::{count, number};
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::stages::{role_name, stage_name};

/// Authors listed; search finds the others.
const MAX_AUTHORS: usize = 8;

/// The candidates listed: those with the most notes, and the selected ones.
pub(super) fn candidates(selection: &Selection, query: &NoteQuery) -> Vec<ContactId> {
    let listed = selection.clients.iter().map(|(id, _)| id);
    let others = query.clients.iter().filter(|id| !selection.clients.iter().any(|(listed, _)| listed == *id));
    listed.chain(others).cloned().collect()
}

/// One value of a filter.
struct Choice {
    value: String,
    label: String,
    count: i64,
    is_selected: bool,
}

impl Choice {
    fn checkbox(&self, key: &str) -> Markup {
        html! {
            label {
                input type="checkbox" name=(key) value=(self.value) checked[self.is_selected];
                span.t title=(self.label) { (self.label) }
                span.n { (number(self.count)) }
            }
        }
    }
}

/// The filters with their values.
struct Facets {
    kinds: Vec<Choice>,
    authors: Vec<Choice>,
    roles: Vec<Choice>,
    stages: Vec<Choice>,
    clients: Vec<Choice>,
}

impl Facets {
    fn of(view: &NotesView) -> Self {
        Self { kinds: kinds(view), authors: authors(view), roles: roles(view), stages: stages(view), clients: clients(view) }
    }

    /// How many of the filters are active.
    fn active(&self) -> usize {
        let facets = [&self.kinds, &self.authors, &self.roles, &self.stages, &self.clients];
        facets.iter().filter(|choices| is_active(choices)).count()
    }
}

fn is_active(choices: &[Choice]) -> bool {
    choices.iter().any(|choice| choice.is_selected)
}

fn kinds(view: &NotesView) -> Vec<Choice> {
    let keys: Vec<String> = view.query.kinds.iter().map(|kind| kind_key(kind)).collect();
    let choice = |(kind, count): &(tetherboard_metrics::NoteKind, i64)| Choice {
        value: kind.name.clone(),
        label: if kind.name.is_empty() { "No type".to_owned() } else { kind.name.clone() },
        count: *count,
        is_selected: keys.contains(&kind.key),
    };
    view.notes.selection.kinds.iter().map(choice).collect()
}

fn authors(view: &NotesView) -> Vec<Choice> {
    let choice = |(author, count): &(String, i64)| Choice {
        value: author.clone(),
        label: if author.trim().is_empty() { "No author".to_owned() } else { author.clone() },
        count: *count,
        is_selected: view.query.authors.contains(author),
    };
    view.notes.selection.authors.iter().map(choice).collect()
}

fn roles(view: &NotesView) -> Vec<Choice> {
    let is_selected = |role: StageRole| view.query.roles.iter().any(|selected| selected.as_str() == role.as_str());
    let choice = |(role, count): &(StageRole, i64)| Choice {
        value: role.as_str().to_owned(),
        label: role_name(*role).to_owned(),
        count: *count,
        is_selected: is_selected(*role),
    };
    view.notes.selection.roles.iter().map(choice).collect()
}

fn stages(view: &NotesView) -> Vec<Choice> {
    let board = &view.numbers.board;
    let selected: Vec<_> = view.query.stages.iter().map(|stage| board.place_named(stage)).collect();
    let choice = |(place, count): &(tetherboard_metrics::StagePlace, i64)| {
        let name = board.label(place)?;
        Some(Choice {
            value: name.to_owned(),
            label: stage_name(Some(name)).to_owned(),
            count: *count,
            is_selected: selected.contains(place),
        })
    };
    view.notes.selection.stages.iter().filter_map(choice).collect()
}

fn clients(view: &NotesView) -> Vec<Choice> {
    let selection = &view.notes.selection;
    let choice = |id: ContactId| Choice {
        label: view.names.get(&id).map_or_else(|| format!("Contact {id}"), |(name, _)| name.clone()),
        count: selection.clients.iter().find(|(listed, _)| *listed == id).map_or(0, |(_, count)| *count),
        is_selected: view.query.clients.contains(&id),
        value: id.to_string(),
    };
    candidates(selection, &view.query).into_iter().map(choice).collect()
}

// Markup ---------------------------------------------------------------------------------------------------------------

/// The filter form.
pub(super) fn sidebar(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let (query, facets) = (&view.query, Facets::of(view));
    let active = facets.active();
    // The form keeps the period, which has no field in it.
    let period_only = NoteQuery { period: query.period, from: query.from, to: query.to, ..NoteQuery::default() };
    let action = links::notes(&shell.tenant().slug);
    html! {
        form.notes-filters method="get" action=(action.path()) data-auto role="search" aria-label="Notes" {
            (search_field(query))
            @for (key, value) in period_only.add_to(Link::to("")).pairs() { input type="hidden" name=(key) value=(value); }
            // On a phone, everything after this folds.
            details.notes-fold.only-phone id="notes-fold" {
                summary.btn { (icon("list-filter", 15)) "Filters" @if active > 0 { " (" (active) ")" } }
            }
            div.notes-facets {
                (facet("Type", "type", &facets.kinds, usize::MAX))
                (facet("Author", "author", &facets.authors, MAX_AUTHORS))
                (facet("Stage", "role", &facets.roles, usize::MAX))
                (individual_stages(&facets.stages))
                (facet("Candidate", "client", &facets.clients, usize::MAX))
                (also_show(view))
                noscript { button.btn { "Apply" } }
            }
        }
    }
}

fn search_field(query: &NoteQuery) -> Markup {
    html! {
        label.search {
            (icon("search", 15))
            span.sr { "Search notes" }
            input type="search" name="q" value=(query.text.as_deref().unwrap_or_default()) data-absent=""
                placeholder="Words, \"a phrase\", begin*" autocomplete="off";
        }
    }
}

fn individual_stages(stages: &[Choice]) -> Markup {
    html! {
        @if stages.len() > 1 || is_active(stages) {
            details.facet-more id="notes-stages" open[is_active(stages)] {
                summary { "Individual stages" (icon("chevron-down", 13)) }
                (facet("Individual stage", "stage", stages, usize::MAX))
            }
        }
    }
}

fn also_show(view: &NotesView) -> Markup {
    let (selection, also) = (&view.notes.selection, view.query.also);
    let choice = |value: &str, label: &str, count: i64, is_selected: bool| {
        Choice { value: value.to_owned(), label: label.to_owned(), count, is_selected }.checkbox("also")
    };
    html! {
        fieldset.facet {
            legend { "Also show" }
            (choice("moves", "Stage moves", selection.moves, also.moves))
            (choice("appointments", "Appointments", selection.appointments, also.appointments))
        }
    }
}

/// The first `most` values of a filter, and the selected ones.
fn facet(legend: &str, key: &str, choices: &[Choice], most: usize) -> Markup {
    html! {
        @if !choices.is_empty() {
            fieldset.facet {
                legend { (legend) }
                @for (i, choice) in choices.iter().enumerate() {
                    @if i < most || choice.is_selected { (choice.checkbox(key)) }
                }
                @if choices.len() > most { p.sub.facet-rest { (number(count(choices.len() - most))) " more" } }
            }
        }
    }
}
