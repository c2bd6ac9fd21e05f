//! New leads by source, and the outcomes of each source's leads.

use maud::{Markup, html};
use tetherboard_domain::Bucket;
use tetherboard_metrics::{LeadOutcome, SourceLine};

use super::{LeadsView, SourceSort};
use crate::address::label::with_label;
use crate::address::links::{self, Link};
use crate::address::query::Choice;
use crate::parts::format::{number, percent, source_name};
use crate::parts::new_leads::new_leads_link;
use crate::parts::shell::EMPTY;
use crate::parts::stages::role_name;
use crate::parts::table::{Sorting, count_link};
use crate::read::numbers::NewLeadsIn;

/// The period's sources with their leads, qualified leads, and awards.
pub(super) fn sources(slug: &str, view: &LeadsView) -> Markup {
    let Some((new, lines)) = lines(view) else {
        return html! {
            section.card id="sources" {
                div.card-head { h2 { "Sources" } }
                div.empty { h2 { "No new leads " (view.address.period.period().phrase()) } }
            }
        };
    };
    let most = lines.iter().map(|line| line.contacts).max().unwrap_or(0).max(1);
    let (sort, descending) = view.address.sources.or(SourceSort::Leads, true);
    let (qualified, awarded) = lines.iter().fold((0, 0), |(q, a), line| (q + line.qualified, a + line.awarded));
    html! {
        section.card id="sources" {
            div.card-head { h2 { "Sources" } span.sub { "leads and outcomes by source" } }
            div.scroll.mt2 tabindex="0" role="region" aria-label="Sources" {
                table.table {
                    (head(slug, view, sort, descending))
                    tbody { @for line in sorted_lines(lines, sort, descending) { (row(slug, new, line, most)) } }
                    tfoot { tr {
                        th scope="row" { "All" } td.num { (number(new.this.contacts)) } td.no-phone {}
                        td.num { (percent(new.this.contacts, new.this.contacts)) }
                        td.num { (number(qualified)) } td.num { (percent(qualified, new.this.contacts)) }
                        td.num { (number(awarded)) }
                    } }
                }
            }
            div.card-foot { p { (sentence(lines, new.this.contacts, qualified)) } }
        }
    }
}

/// The period and its sources; `None` if the period has no leads.
fn lines(view: &LeadsView) -> Option<(&NewLeadsIn, &[SourceLine])> {
    view.new_leads().map(|(new, leads)| (new, leads.sources.as_slice())).filter(|(_, lines)| !lines.is_empty())
}

fn source_link(slug: &str, new: &NewLeadsIn, source: Option<&str>) -> Link {
    with_label(new_leads_link(slug, new), "source", source)
}

fn head(slug: &str, view: &LeadsView, sort: SourceSort, descending: bool) -> Markup {
    let page = view.address.period.add_to(links::leads(slug)).maybe("by", view.address.by.map(Bucket::as_str));
    let list = view.address.list.add_filters_to(page);
    let sorting = Sorting { list: &list, column: sort.word(), descending };
    let header =
        |label: &str, column: &str, class: &str, descends: bool| sorting.header_by("sources", label, column, class, descends);
    html! {
        thead { tr {
            (header("Source", "name", "", false))
            (header("Leads", "leads", "num", true))
            th.no-phone scope="col" { span.sr { "Bar of leads" } }
            th.num scope="col" { "Share" }
            (header("Qualified", "qualified", "num", true))
            (header("Qualified %", "rate", "num", true))
            (header("Awarded", "awarded", "num", true))
        } }
    }
}

fn row(slug: &str, new: &NewLeadsIn, line: &SourceLine, most: i64) -> Markup {
    let name = source_name(line.source.as_deref());
    let link = || source_link(slug, new, line.source.as_deref());
    html! {
        tr {
            th scope="row" { a.who.plain.t title=(name) data-count=(line.contacts) href=(link().url()) { (name) } }
            td.num.w600 { (number(line.contacts)) }
            td.c-bar.no-phone { span.bar { i style=(format!("width:{}%", 100 * line.contacts / most)) {} } }
            td.num.muted { (percent(line.contacts, new.this.contacts)) }
            td.num { (count_link(line.qualified, link().with("in", "qualified"))) }
            td.num { @if line.qualified > 0 { (percent(line.qualified, line.contacts)) } @else { span.zero { "0%" } } }
            td.num { (count_link(line.awarded, link().with("role", "awarded"))) }
        }
    }
}

/// Equal lines stay in the order of their leads.
fn sorted_lines(lines: &[SourceLine], sort: SourceSort, descending: bool) -> Vec<&SourceLine> {
    let name = |line: &SourceLine| source_name(line.source.as_deref()).to_lowercase();
    let mut sorted: Vec<&SourceLine> = lines.iter().collect();
    sorted.sort_by(|a, b| {
        let order = match sort {
            SourceSort::Name => name(a).cmp(&name(b)),
            SourceSort::Leads => a.contacts.cmp(&b.contacts),
            SourceSort::Qualified => a.qualified.cmp(&b.qualified),
            SourceSort::Rate => (a.qualified * b.contacts).cmp(&(b.qualified * a.contacts)),
            SourceSort::Awarded => a.awarded.cmp(&b.awarded),
        };
        if descending { order.reverse() } else { order }
    });
    sorted
}

/// `Facebook: 31% of leads and 8% of qualified leads.`, and the same for the source with the most qualified leads.
fn sentence(lines: &[SourceLine], leads: i64, qualified: i64) -> Markup {
    let Some(first) = lines.first() else { return EMPTY };
    let best = lines
        .iter()
        .max_by_key(|line| (line.qualified, line.contacts))
        .filter(|line| line.qualified > 0 && line.source != first.source);
    let shares = |line: &SourceLine| {
        html! {
            (source_name(line.source.as_deref())) ": " (percent(line.contacts, leads)) " of leads"
            @if qualified > 0 { " and " (percent(line.qualified, qualified)) " of qualified leads" }
            "."
        }
    };
    html! { (shares(first)) @if let Some(best) = best { " " (shares(best)) } }
}

/// The period's leads by source and current role.
pub(super) fn outcomes(slug: &str, view: &LeadsView) -> Markup {
    let Some((new, lines)) = lines(view) else { return EMPTY };
    let total = |at: usize| lines.iter().map(|line| line.outcomes[at]).sum::<i64>();
    let columns: Vec<usize> = (0..LeadOutcome::ALL.len()).filter(|at| total(*at) > 0).collect();
    let all = |at: usize| outcome_link(new_leads_link(slug, new), LeadOutcome::ALL[at]);
    html! {
        section.card id="outcomes" {
            div.card-head {
                h2 { "Outcomes by source" }
                span.sub { "current status of the period’s leads; darker is a larger share of the source" }
            }
            div.scroll.mt2 tabindex="0" role="region" aria-label="Outcomes by source" {
                table.table.heat {
                    thead { tr {
                        th scope="col" { "Source" } th.num scope="col" { "Leads" }
                        @for at in &columns { th.num scope="col" { (outcome_name(LeadOutcome::ALL[*at])) } }
                    } }
                    tbody { @for line in lines { (outcome_row(slug, new, line, &columns)) } }
                    tfoot { tr {
                        th scope="row" { "All" } td.num { (number(new.this.contacts)) }
                        @for at in &columns { td.num { (count_link(total(*at), all(*at))) } }
                    } }
                }
            }
        }
    }
}

fn outcome_row(slug: &str, new: &NewLeadsIn, line: &SourceLine, columns: &[usize]) -> Markup {
    let name = source_name(line.source.as_deref());
    html! {
        tr {
            th scope="row" { span.t title=(name) { (name) } }
            td.num.w600 { (number(line.contacts)) }
            @for (count, outcome) in columns.iter().map(|at| (line.outcomes[*at], LeadOutcome::ALL[*at])) {
                @let share = 100 * count / line.contacts.max(1);
                @let title = format!("{} of this source", percent(count, line.contacts));
                td.num style=[(share > 0).then(|| format!("--share:{share}%"))] title=(title) {
                    (count_link(count, outcome_link(source_link(slug, new, line.source.as_deref()), outcome)))
                }
            }
        }
    }
}

fn outcome_name(outcome: LeadOutcome) -> &'static str {
    match outcome {
        LeadOutcome::Role(role) => role_name(role),
        LeadOutcome::Other => "Not a prospect",
    }
}

fn outcome_link(link: Link, outcome: LeadOutcome) -> Link {
    match outcome {
        LeadOutcome::Role(role) => link.with("role", role.as_str()),
        LeadOutcome::Other => link.with("type", "others"),
    }
}
