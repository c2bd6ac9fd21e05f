//! The filters of the schedule: types, owners, and statuses, and chips for the active ones.

use std::collections::HashMap;

use maud::{Markup, html};
use tetherboard_metrics::Appointment;

use super::ScheduleView;
use crate::address::links::{self, Link, Tab};
use crate::address::schedule::{Facet, ScheduleQuery};
use crate::parts::active_filters::active_filters;
use crate::parts::format::number;
use crate::parts::icon;
use crate::parts::shell::Shell;

/// The values of a facet, each with the number of appointments that match it and the other filters; the most first.
fn options(view: &ScheduleView, facet: Facet) -> Vec<(String, i64)> {
    let facets = &view.query.filters;
    let mut found: Vec<(String, i64)> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    let matches_others = |one: &&Appointment| Facet::ALL.iter().all(|other| *other == facet || facets.matches_facet(*other, one));
    for one in view.in_scope().filter(matches_others) {
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

/// The menu with the filter form.
pub(super) fn filter_menu(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let (slug, query) = (&shell.tenant().slug, &view.query);
    let selected = query.filters.count();
    let without = query.without_filters(links::schedule(slug)).url();
    html! {
        details.menu.end id="schedule-filters" {
            summary.btn { (icon("list-filter", 15)) "Filter" @if selected > 0 { b { (selected) } } }
            div.menu-panel.wide {
                form.menu-form method="get" action=(Tab::Schedule.url(slug)) {
                    @for (key, value) in query.without_filters(Link::to("")).pairs() {
                        input type="hidden" name=(key) value=(value);
                    }
                    @for facet in Facet::ALL {
                        fieldset.sched-facet {
                            legend { (facet.name()) }
                            @for (value, found) in options(view, facet) {
                                label {
                                    input type="checkbox" name=(facet.key()) value=(value)
                                        checked[query.filters.has(facet, &value)];
                                    span.t title=(facet.shown(&value)) { (facet.shown(&value)) }
                                    span.n { (number(found)) }
                                }
                            }
                        }
                    }
                    div.acts { button.btn { "Apply" } @if selected > 0 { a.btn.plain href=(without) { "Clear" } } }
                }
            }
        }
    }
}

/// The active filters, each with a link that removes it.
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
    active_filters(&chips, &all.without_filters(links::schedule(slug)).url(), "bare")
}
