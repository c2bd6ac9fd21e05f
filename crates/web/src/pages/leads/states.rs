//! New leads by US state, as a tile map.

use maud::{Markup, html};
use tetherboard_domain::UsState;

use super::LeadsView;
use crate::address::links::Link;
use crate::parts::format::{counted, number, percent};
use crate::parts::new_leads::new_leads_link;
use crate::parts::shell::EMPTY;
use crate::parts::table::count_link;
use crate::read::numbers::NewLeadsIn;

/// The states on a grid, eleven tiles wide: every state has the same size.
const TILES: [&str; 8] = [
    "AK .. .. .. .. .. .. .. .. .. ME",
    ".. .. .. .. .. WI .. .. .. VT NH",
    "WA ID MT ND MN IL MI .. NY MA ..",
    "OR NV WY SD IA IN OH PA NJ CT RI",
    "CA UT CO NE MO KY WV VA MD DE ..",
    ".. AZ NM KS AR TN NC SC DC .. ..",
    ".. .. .. OK LA MS AL GA .. .. ..",
    "HI .. .. TX .. .. .. .. FL .. ..",
];

/// The card of the map; empty if no new lead's market names a state.
pub(super) fn states(slug: &str, view: &LeadsView) -> Markup {
    let Some((new, leads)) = view.new_leads().filter(|(new, _)| new.this.contacts > 0) else { return EMPTY };
    let elsewhere = leads.states.iter().find(|(state, _)| state.is_none()).map_or(0, |(_, count)| *count);
    let counts: Vec<(UsState, i64)> = leads.states.iter().filter_map(|(state, count)| Some(((*state)?, *count))).collect();
    if counts.iter().all(|(_, count)| *count == 0) {
        return EMPTY;
    }
    html! {
        section.card id="states" {
            div.card-head { h2 { "Leads by state" } span.sub { "new leads by the state of their market" } }
            div.card-body {
                figure.figure {
                    (tiles(slug, new, &counts))
                    div.legend {
                        details.data id="states-table" {
                            summary { "Show as table" }
                            (table(slug, new, &counts))
                        }
                    }
                    figcaption { (sentence(&counts, new.this.contacts, elsewhere)) }
                }
            }
        }
    }
}

fn state_link(slug: &str, new: &NewLeadsIn, state: UsState) -> Link {
    new_leads_link(slug, new).with("state", state.code())
}

fn tiles(slug: &str, new: &NewLeadsIn, counts: &[(UsState, i64)]) -> Markup {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let count_of = |state: UsState| counts.iter().find(|(other, _)| *other == state).map_or(0, |(_, count)| *count);
    html! {
        div.tiles {
            @for (row, codes) in (1..).zip(TILES) { @for (column, code) in (1..).zip(codes.split(' ')) {
                @if let Some(state) = UsState::from_code(code) {
                    @let count = count_of(state);
                    @let style = format!("grid-area:{row}/{column};--share:{}%", 100 * count / most);
                    @if count > 0 {
                        a.on style=(style) data-count=(count) href=(state_link(slug, new, state).url()) title=(state.name()) {
                            b { (code) } span { (number(count)) } span.sr { " from " (state.name()) }
                        }
                    } @else { span style=(style) title=(state.name()) aria-hidden="true" { b { (code) } } }
                }
            } }
        }
    }
}

fn table(slug: &str, new: &NewLeadsIn, counts: &[(UsState, i64)]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="New leads by state" { table.table {
            thead { tr { th scope="col" { "State" } th.num scope="col" { "New leads" } th.num scope="col" { "Share" } } }
            tbody { @for (state, count) in counts { tr {
                th scope="row" { (state.name()) }
                td.num { (count_link(*count, state_link(slug, new, *state))) }
                td.num.muted { (percent(*count, new.this.contacts)) }
            } } }
        } }
    }
}

/// `Texas has the most leads: 31 of 148.`
fn sentence(counts: &[(UsState, i64)], leads: i64, elsewhere: i64) -> Markup {
    let most = counts.first().map_or(0, |(_, count)| *count);
    let first: Vec<&str> = counts.iter().take_while(|(_, count)| *count == most).map(|(state, _)| state.name()).collect();
    html! {
        @match first[..] {
            [] => {}
            [state] => { (state) " has the most leads: " (number(most)) " of " (number(leads)) ". " }
            [one, other] => { (one) " and " (other) " have the most leads: " (number(most)) " of " (number(leads)) " each. " }
            _ => { (first.len()) " states have the most leads: " (number(most)) " of " (number(leads)) " each. " }
        }
        @if elsewhere > 0 { (counted(elsewhere, "lead has", "leads have")) " no US state in the market." }
    }
}
