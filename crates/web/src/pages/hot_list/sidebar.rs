//! Around the list: changes since the last visit, recent awards, and candidates on the rise.

use maud::{Markup, html};
use tetherboard_domain::ContactId;
use tetherboard_metrics::{HotListItem, RecentAward};

use super::HotListView;
use super::visits::News;
use crate::address::links;
use crate::parts::format::{clipped, count, counted, number};
use crate::parts::shell::Shell;
use crate::parts::{icon, time, toned_icon};

/// Names in a sentence; the rest is counted.
const NAMED: usize = 3;
/// Awards that are shown.
const SHOWN: usize = 6;
/// Candidates that are shown as heating up.
const SHOWN_HEATING: usize = 18;

/// What changed since the last visit.
pub(super) fn news(shell: &Shell<'_>, view: &HotListView<'_>, news: &News<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let since = time::moment(news.since_ms).map(|at| time::in_sentence(at, shell.now, &shell.tenant().zone)).unwrap_or_default();
    let added: Vec<Markup> = news.added.iter().map(|item| name(slug, item)).collect();
    let changed: Vec<Markup> =
        news.changed.iter().map(|(item, before)| html! { (name(slug, item)) " " (before) " → " (item.score) }).collect();
    let removed: Vec<Markup> = news.removed.iter().map(|(contact, name)| person(slug, Some(contact), name)).collect();
    let groups = [(added, "new: "), (changed, "scores changed: "), (removed, "left: ")];
    let groups: Vec<_> = groups.into_iter().filter(|(names, _)| !names.is_empty()).collect();
    html! {
        div.notice.news {
            (icon("sparkles", 15))
            span {
                "Since your last visit " (since) ": "
                @if groups.is_empty() { "no changes among " (number(count(view.data.list.items.len()))) " candidates." } @else {
                    @for (at, (names, label)) in groups.iter().enumerate() {
                        @if at > 0 { "; " }
                        (number(count(names.len()))) " " (label) (first_names(names))
                    }
                    "."
                }
            }
        }
    }
}

fn first_names(names: &[Markup]) -> Markup {
    html! {
        @for (at, name) in names.iter().take(NAMED).enumerate() { @if at > 0 { ", " } (name) }
        @if names.len() > NAMED { " and " (number(count(names.len() - NAMED))) " more" }
    }
}

fn name(slug: &str, item: &HotListItem) -> Markup {
    person(slug, item.contact_id.as_ref(), &item.name)
}

fn person(slug: &str, contact: Option<&ContactId>, name: &str) -> Markup {
    html! {
        @match contact {
            Some(contact) => a href=(links::candidate(slug, contact).url()) data-candidate { (clipped(name)) },
            None => (clipped(name)),
        }
    }
}

/// Recent awards.
pub(super) fn awarded(shell: &Shell<'_>, awards: &[RecentAward]) -> Markup {
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    html! {
        section.awarded aria-label="Recently awarded" {
            span.badge.success { (icon("award", 14)) "Awarded" }
            ul role="list" {
                @for award in awards.iter().take(SHOWN) {
                    li {
                        (person(&shell.tenant().slug, Some(&award.contact_id), &award.name))
                        span.muted {
                            " " @if let Some(at) = time::moment(award.at_ms) { (time::day_of_year(zone.date(at), today)) }
                            @if let Some(fee) = award.fee { ", " (fee.short()) }
                        }
                    }
                }
                @if awards.len() > SHOWN { li.muted { "and " (number(count(awards.len() - SHOWN))) " more" } }
            }
        }
    }
}

/// Candidates of earlier stages who moved up fast.
pub(super) fn rising_candidates(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    let heating = &view.data.heating;
    html! {
        section.card id="heating-up" {
            div.card-head {
                h2 { "Heating up" }
                span.sub {
                    (counted(count(heating.len()), "earlier-stage candidate", "earlier-stage candidates"))
                    " up 2+ stages in 14 days"
                }
            }
            div.rows.across.mt2 {
                @for one in heating.iter().take(SHOWN_HEATING) {
                    a.row href=(links::candidate(&shell.tenant().slug, &one.contact_id).url()) data-candidate {
                        span.disc.move { (toned_icon("trending-up", 15)) }
                        span { b { (clipped(&one.name)) } span.p.under { (clipped(&one.from)) " to " (clipped(&one.to)) } }
                        span.end {
                            "+" (one.stages)
                            @if let Some(at) = time::moment(one.last_move_ms) { ", " (time::day_of_year(zone.date(at), today)) }
                        }
                    }
                }
            }
            @if heating.len() > SHOWN_HEATING { p.card-foot { "and " (number(count(heating.len() - SHOWN_HEATING))) " more" } }
        }
    }
}
