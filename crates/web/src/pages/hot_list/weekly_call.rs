//! The weekly call: one candidate per screen, or one per printed page.

use maud::{Markup, html};
use tetherboard_metrics::HotListItem;

use super::HotListView;
use super::details::details;
use crate::parts::candidate::candidate_name;
use crate::parts::format::{count, number, weighted_fee};
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::status::badge;
use crate::parts::table::or_unknown;
use crate::parts::time;

/// The most pages that are printed.
pub(super) const MOST_SHEETS: usize = 100;

/// The candidate of the call.
#[derive(Clone, Copy)]
pub(super) struct CallPosition {
    /// The index in the list.
    pub(super) at: usize,
    /// Whether the address names a candidate who has left the list.
    is_missing: bool,
}

/// The candidate of a key, or the first one; `None` if the list is empty.
pub(super) fn called(rows: &[&HotListItem], key: Option<&str>) -> Option<CallPosition> {
    let found = key.map(|key| rows.iter().position(|item| item.key == key));
    let called = CallPosition { at: found.flatten().unwrap_or(0), is_missing: found == Some(None) };
    (!rows.is_empty()).then_some(called)
}

/// One candidate, with links to the previous and the next.
pub(super) fn one(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    let Some(CallPosition { at, is_missing }) = view.called else { return super::empty(shell, view) };
    html! {
        @if is_missing {
            div.notice { (icon("info", 15)) span { "That candidate is no longer on this list. Showing the first one instead." } }
        }
        (navigation(&shell.tenant().slug, view, at))
        (sheet(shell, view, view.rows[at], true))
    }
}

fn navigation(slug: &str, view: &HotListView<'_>, at: usize) -> Markup {
    let url = |at: Option<usize>| {
        let item = view.rows.get(at?)?;
        Some(view.address.call(slug).with("who", &item.key).url())
    };
    let (previous, next) = (url(at.checked_sub(1)), url(Some(at + 1)));
    html! {
        nav.call-nav.no-print aria-label="Candidates" {
            (step(previous.as_deref(), "prev", &html! { (icon("arrow-left", 15)) "Previous" }))
            span.here { (number(count(at + 1))) " of " (number(view.total())) }
            (step(next.as_deref(), "next", &html! { "Next" (icon("arrow-right", 15)) }))
            span.sub.no-phone { kbd { "←" } " " kbd { "→" } }
            a.btn.plain.push href=(view.address.call_sheets(slug).url()) { (icon("printer", 15)) "Print all, one per page" }
        }
    }
}

fn step(url: Option<&str>, rel: &str, label: &Markup) -> Markup {
    html! {
        @match url {
            Some(url) => a.btn href=(url) rel=(rel) data-call=(rel) { (label) },
            None => span.btn aria-disabled="true" { (label) },
        }
    }
}

/// Every candidate, each on its own printed page.
pub(super) fn sheets(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    if view.rows.is_empty() {
        return super::empty(shell, view);
    }
    html! {
        h1.sr { "Weekly call" }
        @if view.rows.len() > MOST_SHEETS {
            div.notice {
                (icon("info", 15))
                span { "Showing the first " (MOST_SHEETS) " of " (number(view.total())) ". Filter the list to see the others." }
            }
        }
        @for item in view.shown() { (sheet(shell, view, item, false)) }
    }
}

fn sheet(shell: &Shell<'_>, view: &HotListView<'_>, item: &HotListItem, is_alone: bool) -> Markup {
    let name = candidate_name(&shell.tenant().slug, item.contact_id.as_ref(), &item.name);
    let owner = Some(item.owner.as_str()).filter(|owner| !owner.is_empty()).map(|owner| format!("with {owner}"));
    let market = Some(item.market.clone()).filter(|market| !market.is_empty());
    let subtitle: Vec<String> = [market, owner].into_iter().flatten().collect();
    html! {
        article.card.sheet aria-label=(item.name) {
            header.sheet-head {
                div {
                    @if is_alone { h1 { (name) } } @else { h2 { (name) } }
                    p.sub { (subtitle.join(" · ")) }
                }
                p.sheet-score { b { (item.score) } span { "rank " (number(item.place)) } }
            }
            div.sheet-status { (badge(item.status)) span { (view.format.next_step(&item.next)) } }
            (facts(view, item))
            (details(shell, view, item))
        }
    }
}

fn facts(view: &HotListView<'_>, item: &HotListItem) -> Markup {
    let days = item.days_in_stage(view.format.as_of);
    html! {
        dl.facts.sheet-facts {
            div { dt { "Stage" } dd { (stage(item.stage.as_deref(), view.data.role_of(item))) } }
            div { dt { "Odds" } dd { (or_unknown(item.odds.map(|odds| odds.to_string()))) } }
            div { dt { "Time in stage" } dd { (time::days(days, item.stage_since_exact)) } }
            div { dt { "Fee" } dd { (or_unknown(item.fee)) } }
            div { dt { "Weighted" } dd { (weighted_fee(item.fee, item.weighted_shown())) } }
            @if !item.units.trim().is_empty() { div { dt { "Units" } dd { (item.units) } } }
            div {
                dt { "Last touch" }
                dd {
                    (view.format.touch(item))
                    @if let Some(old_notes) = view.format.old_notes(item) { span.muted { " (" (old_notes) ")" } }
                }
            }
        }
    }
}
