//! What stands around the list: what is new since somebody last looked, who signed, and who is on the way.

use maud::{Markup, html};
use tetherboard_metrics::{HotListItem, RecentAward};

use super::HotView;
use super::visits::News;
use crate::address::links;
use crate::parts::format::{clipped, count, counted, number};
use crate::parts::shell::Shell;
use crate::parts::time;
use crate::parts::{icon, toned_icon};
use tetherboard_domain::ContactId;

/// Named in a sentence; the rest is counted.
const NAMED: usize = 3;
/// Shown at once; the rest unfolds.
const SHOWN: usize = 6;

pub(super) fn news(shell: &Shell<'_>, view: &HotView<'_>, news: &News<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let since = time::moment(news.since_ms).map(|at| time::told(at, shell.now, &shell.tenant().zone)).unwrap_or_default();
    let came: Vec<Markup> = news.came.iter().map(|item| name(slug, item)).collect();
    let changed: Vec<Markup> =
        news.changed.iter().map(|(item, before)| html! { (name(slug, item)) " " (before) " → " (item.score) }).collect();
    let left: Vec<Markup> = news.left.iter().map(|(contact, name)| person(slug, Some(contact), name)).collect();
    let is_quiet = came.is_empty() && changed.is_empty() && left.is_empty();
    html! {
        div.notice.news {
            (icon("sparkles", 15))
            span {
                "Since your last visit " (since) ": "
                @if is_quiet { "nothing has changed on this list of " (number(count(view.all.list.items.len()))) "." } @else {
                    @for (at, (some, what)) in [(&came, "new: "), (&changed, "scores changed: "), (&left, "left: ")].into_iter().filter(|(some, _)| !some.is_empty()).enumerate() {
                        @if at > 0 { "; " }
                        (number(count(some.len()))) " " (what) (named(some))
                    }
                    "."
                }
            }
        }
    }
}

fn named(some: &[Markup]) -> Markup {
    html! {
        @for (at, one) in some.iter().take(NAMED).enumerate() { @if at > 0 { ", " } (one) }
        @if some.len() > NAMED { " and " (number(i64::try_from(some.len() - NAMED).unwrap_or(0))) " more" }
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

pub(super) fn awarded(shell: &Shell<'_>, awards: &[RecentAward]) -> Markup {
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    html! {
        section.awarded aria-label="Awarded lately" {
            span.badge.success { (icon("award", 14)) "Awarded" }
            ul role="list" {
                @for award in awards.iter().take(SHOWN) {
                    li {
                        (person(&shell.tenant().slug, Some(&award.contact_id), &award.name))
                        span.muted { " " @if let Some(at) = time::moment(award.at_ms) { (time::day_of_year(zone.date(at), today)) } @if let Some(fee) = award.fee { ", " (fee.short()) } }
                    }
                }
                @if awards.len() > SHOWN { li.muted { "and " (number(i64::try_from(awards.len() - SHOWN).unwrap_or(0))) " more" } }
            }
        }
    }
}

pub(super) fn heating(shell: &Shell<'_>, view: &HotView<'_>) -> Markup {
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    let heating = &view.all.heating;
    html! {
        section.card id="heating-up" {
            div.card-head { h2 { "Heating up" } span.sub { (counted(count(heating.len()), "candidate", "candidates")) " two stages or more forward in 14 days, below the late ones" } }
            div.rows.across.mt2 {
                @for one in heating.iter().take(3 * SHOWN) {
                    a.row href=(links::candidate(&shell.tenant().slug, &one.contact_id).url()) data-candidate {
                        span.disc.move { (toned_icon("trending-up", 15)) }
                        span { b { (clipped(&one.name)) } span.p.under { (clipped(&one.from)) " to " (clipped(&one.to)) } }
                        span.end { "+" (one.stages) @if let Some(at) = time::moment(one.last_move_ms) { ", " (time::day_of_year(zone.date(at), today)) } }
                    }
                }
            }
            @if heating.len() > 3 * SHOWN { p.card-foot { "and " (number(i64::try_from(heating.len() - 3 * SHOWN).unwrap_or(0))) " more" } }
        }
    }
}
