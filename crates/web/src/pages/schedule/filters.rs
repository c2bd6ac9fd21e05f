//! What narrows the schedule: types, owners and statuses to choose from, and those that are chosen.

use std::collections::HashMap;

use maud::{Markup, html};

use super::ScheduleView;
use crate::address::links::{self, Link, Tab};
use crate::address::schedule::{Facet, ScheduleQuery};
use crate::parts::active_filters::active_filters;
use crate::parts::format::number;
use crate::parts::icon;
use crate::parts::shell::Shell;

/// Each value of a facet with how many there are of it under the other filters; the most first.
fn options(view: &ScheduleView, facet: Facet) -> Vec<(String, i64)> {
    let facets = &view.query.filters;
    let mut found: Vec<(String, i64)> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    for one in view.in_scope().filter(|one| Facet::ALL.iter().all(|other| *other == facet || facets.matches_facet(*other, one))) {
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
    let chosen = query.filters.count();
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
                                label { input type="checkbox" name=(facet.key()) value=(value) checked[query.filters.has(facet, &value)]; span.t title=(facet.shown(&value)) { (facet.shown(&value)) } span.n { (number(found)) } }
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
pub(super) fn filter_chips(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let (slug, query) = (&shell.tenant().slug, &view.query);
    let mut chips: Vec<(String, String)> = Vec::new();
    for facet in Facet::ALL {
        for value in query.filters.of(facet) {
            let without = ScheduleQuery { filters: query.filters.clone().without(facet, value), ..query.clone() };
            chips.push((format!("{}: {}", facet.name(), facet.shown(value)), without.add_to(links::schedule(slug)).url()));
        }
    }
    let all = ScheduleQuery { show: None, ..query.clone() };
    if let Some(show) = query.show {
        chips.push((show.name().to_owned(), all.add_to(links::schedule(slug)).url()));
    }
    active_filters(&chips, &all.bare(links::schedule(slug)).url(), "bare")
}
