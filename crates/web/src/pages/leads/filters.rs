//! The filters of the list of contacts: their menu, and the ones in use as chips.

use maud::{Markup, html};
use tetherboard_metrics::LeadGroup;
use tetherboard_store::leads::ContactTypes;

use super::LeadsView;
use crate::address::computed_filter::ComputedFilter;
use crate::address::dates::Edge;
use crate::address::label::Label;
use crate::address::leads::LeadQuery;
use crate::address::links::{self, Link, Tab};
use crate::address::pairs::ALL;
use crate::address::period::PeriodQuery;
use crate::address::query::SearchText;
use crate::parts::actions::{SearchBox, filters_summary, hidden_fields};
use crate::parts::active_filters::active_filters;
use crate::parts::format::source_name;
use crate::parts::stages::{role_name, stage_name};
use crate::parts::time;

/// A menu of stage, source, and dates.
pub(super) fn menu(slug: &str, view: &LeadsView) -> Markup {
    let query = &view.address.list;
    let chosen = [query.stage.is_some(), query.source.is_some(), query.from.is_some() || query.to.is_some()];
    let chosen = chosen.into_iter().filter(|chosen| *chosen).count();
    let others = LeadQuery { stage: None, source: None, from: None, to: None, ..query.clone() };
    html! {
        details.menu.end id="lead-filters" {
            (filters_summary("Stage, source, date", chosen))
            div.menu-panel.wide {
                form.menu-form method="get" action=(Tab::Leads.url(slug)) {
                    (select("stage", "Stage", "All stages", &stage_options(view)))
                    (select("source", "Source", "All sources", &source_options(view)))
                    div.pair { (day_field("from", "Created from", query.from)) (day_field("to", "To", query.to)) }
                    (hidden_fields(&other_fields(view, &others)))
                    div.acts { button.btn { "Apply" } }
                }
            }
        }
    }
}

/// An option of a select: its value, its label, and whether it is chosen.
type SelectOption<'a> = (&'a str, &'a str, bool);

fn stage_options(view: &LeadsView) -> Vec<SelectOption<'_>> {
    let board = &view.numbers.board;
    let current = match &view.address.list.stage {
        Some(Label::Named(name)) => Some(board.label(&board.place_named(name)).unwrap_or(name).to_owned()),
        _ => None,
    };
    let stages = view.numbers.summary.by_stage.iter().filter_map(|line| line.stage.as_deref());
    stages.map(|name| (name, stage_name(Some(name)), current.as_deref() == Some(name))).collect()
}

fn source_options(view: &LeadsView) -> Vec<SelectOption<'_>> {
    let current = match &view.address.list.source {
        Some(Label::Named(name)) => Some(name.to_lowercase()),
        _ => None,
    };
    let sources = view.numbers.summary.by_source.iter().filter_map(|(source, _)| source.as_deref());
    sources.map(|name| (name, source_name(Some(name)), current == Some(name.to_lowercase()))).collect()
}

fn select(key: &str, label: &str, all: &str, options: &[SelectOption<'_>]) -> Markup {
    html! {
        div.field { label for=(key) { (label) }
            select.select id=(key) name=(key) data-absent=(ALL) {
                option value=(ALL) { (all) }
                @for (value, label, is_chosen) in options { option value=(value) selected[*is_chosen] { (label) } }
            }
        }
    }
}

fn day_field(key: &str, label: &str, edge: Option<Edge>) -> Markup {
    let day = edge.map(Edge::day);
    html! {
        div.field { label for=(key) { (label) } input.input.s type="date" id=(key) name=(key) data-absent="" value=[day]; }
    }
}

/// The search box of the list.
pub(super) fn search(slug: &str, view: &LeadsView) -> Markup {
    let others = LeadQuery { text: SearchText::default(), ..view.address.list.clone() };
    SearchBox {
        action: &Tab::Leads.url(slug),
        what: "leads",
        text: view.address.list.text.as_deref(),
        hint: "Name, company, email, phone, or market",
        query: &other_fields(view, &others),
    }
    .render()
}

/// The part of the address that a form keeps without a visible field.
fn other_fields(view: &LeadsView, others: &LeadQuery) -> Link {
    others.add_to(view.address.add_base_to(Link::to("")))
}

/// The filters in use, each with a link that removes it.
pub(super) fn chips(slug: &str, view: &LeadsView) -> Markup {
    let query = &view.address.list;
    let link = |without: LeadQuery| without.add_filters_to(view.address.base(slug)).url();
    let mut chips: Vec<(String, String)> = query_chips(query).into_iter().map(|(name, without)| (name, link(without))).collect();
    if view.address.period_filters_list() {
        let period = PeriodQuery { chosen: None, ..view.address.period };
        let without = query.add_filters_to(period.add_to(links::leads(slug)));
        chips.push((format!("Created: {}", view.address.period.period().label()), without.url()));
    }
    active_filters(&chips, &links::leads(slug).url(), "")
}

/// The name of each filter of a query, and the query without it.
fn query_chips(query: &LeadQuery) -> Vec<(String, LeadQuery)> {
    let all = || query.clone();
    let label = |label: &Label| match label {
        Label::Named(name) if name.is_empty() => "blank".to_owned(),
        Label::Named(name) => name.clone(),
        Label::NotText => "unreadable".to_owned(),
    };
    let chips = [
        query.stage.as_ref().map(|stage| (format!("Stage: {}", label(stage)), LeadQuery { stage: None, ..all() })),
        query.source.as_ref().map(|source| (format!("Source: {}", label(source)), LeadQuery { source: None, ..all() })),
        query.group.map(|group| (group_name(group).to_owned(), LeadQuery { group: None, ..all() })),
        query.role.map(|role| (format!("Role: {}", role_name(role)), LeadQuery { role: None, ..all() })),
        query.types.map(|types| (types_name(types).to_owned(), LeadQuery { types: None, ..all() })),
        query.state.map(|state| (state.name().to_owned(), LeadQuery { state: None, ..all() })),
        query.created.map(|_| ("No created date".to_owned(), LeadQuery { created: None, ..all() })),
        query.computed.map(|computed| (computed_name(computed), LeadQuery { computed: None, ..all() })),
        query.from.map(|from| (format!("From {}", time::edge_name(from)), LeadQuery { from: None, ..all() })),
        query.to.map(|to| (format!("To {}", time::edge_name(to)), LeadQuery { to: None, ..all() })),
        query.text.as_deref().map(|text| (format!("“{text}”"), LeadQuery { text: SearchText::default(), ..all() })),
    ];
    chips.into_iter().flatten().collect()
}

fn group_name(group: LeadGroup) -> &'static str {
    match group {
        LeadGroup::Pipeline => "In pipeline",
        LeadGroup::Qualified => "Qualified",
        LeadGroup::Open => "Open",
        LeadGroup::Inactive => "Inactive",
    }
}

fn types_name(types: ContactTypes) -> &'static str {
    match types {
        ContactTypes::Prospects => "Prospects",
        ContactTypes::Others => "Not a prospect",
    }
}

fn computed_name(filter: ComputedFilter) -> String {
    match filter {
        ComputedFilter::NeedsAttention => "Needs attention".to_owned(),
        ComputedFilter::BecameInactive { since } => format!("Became inactive since {}", time::full_day(since)),
        ComputedFilter::DiscoveryDay { since } => format!("Discovery Day booked since {}", time::full_day(since)),
    }
}
