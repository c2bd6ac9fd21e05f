//! The weekly call: one candidate to a screen, and one to a sheet of paper.

use maud::{Markup, html};
use tetherboard_metrics::HotListItem;

use super::HotView;
use super::table::opened;
use crate::address::links::{self, Link};
use crate::parts::candidate::candidate_name;
use crate::parts::format::{number, weighted_fee};
use crate::parts::hot_list::HotListFormat;
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::status::badge;

/// More sheets than this nobody takes to a call.
pub(super) const MOST: usize = 100;

/// The call's address, at the first of the list.
pub(super) fn link(view: &HotView<'_>, slug: &str) -> Link {
    view.query.add_to(links::hot_list(slug)).with("view", "call")
}

/// Whom the call is at.
#[derive(Clone, Copy)]
pub(super) struct Called {
    /// Of the rows.
    pub(super) at: usize,
    /// Whether it is who was asked for.
    is_asked: bool,
}

/// `None` when the list is empty.
pub(super) fn called(view: &HotView<'_>, who: Option<&str>) -> Option<Called> {
    let found = who.map(|who| view.rows.iter().position(|item| item.key == who));
    let called = match found {
        Some(Some(at)) => Called { at, is_asked: true },
        None => Called { at: 0, is_asked: true },
        // They have left the list since.
        Some(None) => Called { at: 0, is_asked: false },
    };
    (!view.rows.is_empty()).then_some(called)
}

pub(super) fn one(shell: &Shell<'_>, view: &HotView<'_>, called: Option<Called>) -> Markup {
    let slug = &shell.tenant().slug;
    let Some(Called { at: place, is_asked }) = called else { return super::empty(shell, view) };
    let step = |at: Option<usize>| at.and_then(|at| view.rows.get(at)).map(|item| link(view, slug).with("who", &item.key).url());
    let (previous, next) = (step(place.checked_sub(1)), step(Some(place + 1)));
    html! {
        @if !is_asked {
            div.notice { (icon("info", 15)) span { "Whom this address meant is not on this list any more; this is the first who is." } }
        }
        nav.call-nav.no-print aria-label="Candidates" {
            (arrow(previous.as_deref(), "prev", "Previous", "arrow-left"))
            span.here { (number(i64::try_from(place + 1).unwrap_or(0))) " of " (number(view.total())) }
            (arrow(next.as_deref(), "next", "Next", "arrow-right"))
            span.sub.no-phone { kbd { "←" } " " kbd { "→" } }
            a.btn.plain.push href=(view.address(slug).with("view", "call-all").url()) { (icon("printer", 15)) "All, one to a sheet" }
        }
        (sheet(shell, view, view.rows[place], true))
    }
}

fn arrow(to: Option<&str>, rel: &str, word: &str, picture: &str) -> Markup {
    html! {
        @match to {
            Some(to) => a.btn href=(to) rel=(rel) data-call=(rel) { @if rel == "prev" { (icon(picture, 15)) } (word) @if rel == "next" { (icon(picture, 15)) } },
            None => span.btn aria-disabled="true" { @if rel == "prev" { (icon(picture, 15)) } (word) @if rel == "next" { (icon(picture, 15)) } },
        }
    }
}

/// Everybody, each on a sheet.
pub(super) fn all(shell: &Shell<'_>, view: &HotView<'_>) -> Markup {
    if view.rows.is_empty() {
        return super::empty(shell, view);
    }
    html! {
        h1.sr { "Weekly call" }
        @if view.rows.len() > MOST {
            div.notice { (icon("info", 15)) span { "The first " (MOST) " of " (number(view.total())) " are here; narrow the list for the others." } }
        }
        @for item in view.rows.iter().take(MOST) { (sheet(shell, view, item, false)) }
    }
}

fn sheet(shell: &Shell<'_>, view: &HotView<'_>, item: &HotListItem, is_alone: bool) -> Markup {
    let then = view.display;
    let name = candidate_name(&shell.tenant().slug, item.contact_id.as_ref(), &item.name);
    html! {
        article.card.sheet aria-label=(item.name) {
            header.sheet-head {
                div {
                    @if is_alone { h1 { (name) } } @else { h2 { (name) } }
                    p.sub { @if !item.market.is_empty() { (item.market) } @if !item.market.is_empty() && !item.owner.is_empty() { " · " } @if !item.owner.is_empty() { "with " (item.owner) } }
                }
                p.sheet-score { b { (item.score) } span { "rank " (number(item.place)) } }
            }
            div.sheet-status { (badge(item.status)) span { (then.next_step(&item.next)) } }
            (facts(view, then, item))
            (opened(shell, view, item))
        }
    }
}

fn facts(view: &HotView<'_>, then: HotListFormat<'_>, item: &HotListItem) -> Markup {
    let unknown = || html! { span.muted { "not known" } };
    html! {
        dl.facts.sheet-facts {
            div { dt { "Stage" } dd { (stage(item.stage.as_deref(), view.all.role_of(item))) } }
            div { dt { "Odds" } dd { @match item.odds { Some(odds) => (odds), None => (unknown()) } } }
            div { dt { "Days in stage" } dd { @if !item.stage_since_exact { "≥ " } (number(item.days_in_stage(then.as_of))) } }
            div { dt { "Fee" } dd { @match item.fee { Some(fee) => (fee), None => (unknown()) } } }
            div { dt { "Weighted" } dd { (weighted_fee(item.fee, item.weighted_shown())) } }
            @if !item.units.trim().is_empty() { div { dt { "Units" } dd { (item.units) } } }
            div { dt { "Last touch" } dd { (then.touch(item)) } }
        }
    }
}
