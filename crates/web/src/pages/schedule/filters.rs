//! What narrows the schedule: types, owners and statuses to choose from, and those that are chosen.

use std::collections::HashMap;

use maud::{Markup, html};

use super::ScheduleView;
use super::query::{Facet, ScheduleQuery};
use crate::links::{self, Link, Tab};
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::words::number;

/// Each value of a facet with how many there are of it under the other filters; the most first.
fn options(view: &ScheduleView, facet: Facet) -> Vec<(String, i64)> {
    let facets = &view.query.facets;
    let mut found: Vec<(String, i64)> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    for one in view.in_scope().filter(|one| Facet::ALL.iter().all(|other| *other == facet || facets.fits(*other, one))) {
        let value = facet.value(one);
        let place = *at.entry(value.to_lowercase()).or_insert_with(|| {
            found.push((value.to_owned(), 0));
            found.len() - 1
        });
        found[place].1 += 1;
    }
    let absent = facets.of(facet).iter().filter(|wanted| !at.contains_key(&wanted.to_lowercase()));
    found.extend(absent.map(|wanted| (wanted.clone(), 0)));
    found.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    found
}

pub(super) fn filter_menu(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let (slug, query) = (&shell.tenant().slug, &view.query);
    let chosen = query.facets.count();
    html! {
        details.menu.end id="schedule-filters" {
            summary.btn { (icon("list-filter", 15)) "Filter" @if chosen > 0 { b { (chosen) } } }
            div.menu-panel.wide {
                form.menu-form method="get" action=(Tab::Schedule.url(slug)) {
                    @for (key, value) in query.bare(Link::to("")).pairs() { input type="hidden" name=(key) value=(value); }
                    @for facet in Facet::ALL {
                        fieldset.sched-facet {
                            legend { (facet.name()) }
                            @for (value, found) in options(view, facet) {
                                label { input type="checkbox" name=(facet.key()) value=(value) checked[query.facets.has(facet, &value)]; span.t title=(facet.shown(&value)) { (facet.shown(&value)) } span.n { (number(found)) } }
                            }
                        }
                    }
                    div.acts { button.btn { "Apply" } @if chosen > 0 { a.btn.plain href=(query.bare(links::schedule(slug)).url()) { "Clear" } } }
                }
            }
        }
    }
}

/// The filters in force, each with the way to drop it.
pub(super) fn in_force(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let (slug, query) = (&shell.tenant().slug, &view.query);
    let mut chips: Vec<(String, String)> = Vec::new();
    for facet in Facet::ALL {
        for value in query.facets.of(facet) {
            let without = ScheduleQuery { facets: query.facets.clone().without(facet, value), page: 1, ..query.clone() };
            chips.push((format!("{}: {}", facet.name(), facet.shown(value)), without.narrow(links::schedule(slug)).url()));
        }
    }
    let all = ScheduleQuery { show: None, page: 1, ..query.clone() };
    if let Some(show) = query.show {
        chips.push((show.name().to_owned(), all.narrow(links::schedule(slug)).url()));
    }
    html! {
        @if !chips.is_empty() {
            div.in-force.bare {
                span { "Shown:" }
                @for (text, without) in &chips {
                    a.chip.on href=(without) aria-label=(format!("Drop the filter {text}")) { span.t title=(text) { (text) } (icon("x", 13)) }
                }
                @if chips.len() > 1 { a.btn.plain href=(all.bare(links::schedule(slug)).url()) { "Clear all" } }
            }
        }
    }
}
