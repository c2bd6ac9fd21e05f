//! The filters of the hot list: a menu of owners and markets, and chips for status and fee.

use maud::{Markup, html};
use tetherboard_metrics::Status;

use super::HotListView;
use crate::address::hot_list::{FeeFilter, HotListQuery};
use crate::address::links::{self, Link, Tab};
use crate::address::pairs::ALL;
use crate::address::query::{ExactText, Param};
use crate::parts::actions::{filters_summary, hidden_fields};
use crate::parts::format::{NO_OWNER, number};
use crate::parts::shell::Shell;
use crate::parts::status::tone_and_icon;
use crate::parts::{icon, toned_icon};
use crate::read::hot_list::{FilterCounts, Labels};

/// What a candidate without a market is listed as.
const NO_MARKET: &str = "Not recorded";

/// A menu of the owners and markets on the list.
pub(super) fn menu(slug: &str, view: &HotListView<'_>) -> Markup {
    let query = &view.address.query;
    let chosen = [&query.owner, &query.market].into_iter().filter(|label| label.is_set()).count();
    let others = HotListQuery { owner: ExactText::default(), market: ExactText::default(), ..query.clone() };
    html! {
        details.menu id="hot-filters" {
            (filters_summary("Owner, market", chosen))
            div.menu-panel {
                form.menu-form method="get" action=(Tab::HotList.url(slug)) {
                    (select("owner", "Owner", NO_OWNER, &query.owner, &view.data.owners))
                    (select("market", "Market", NO_MARKET, &query.market, &view.data.markets))
                    (hidden_fields(&others.add_to(Link::to(""))))
                    div.acts { button.btn { "Apply" } }
                }
            }
        }
    }
}

fn select(key: &str, label: &str, blank: &str, chosen: &ExactText, values: &Labels) -> Markup {
    let is_chosen = |lower: &str| chosen.0.as_ref().is_some_and(|chosen| chosen.to_lowercase() == lower);
    html! {
        div.field { label for=(format!("hot-{key}")) { (label) }
            select.select id=(format!("hot-{key}")) name=(key) data-absent=(ALL) {
                option value=(ALL) { "All" }
                @for (lower, text) in values {
                    option value=(text) selected[is_chosen(lower)] { (if text.is_empty() { blank } else { text.as_str() }) }
                }
            }
        }
    }
}

/// A chip per status, whose count is the length of its list, and chips for the other filters.
pub(super) fn chips(shell: &Shell<'_>, view: &HotListView<'_>) -> Markup {
    let slug = &shell.tenant().slug;
    let query = &view.address.query;
    let counts = FilterCounts::of(query, &view.data.list.items);
    let url = |query: HotListQuery| query.add_to(links::hot_list(slug)).url();
    let all = url(HotListQuery { status: None, ..query.clone() });
    html! {
        nav.chips aria-label="Filter by status" {
            a.chip href=(all) data-count=(counts.all()) aria-current=[query.status.is_none().then_some("true")] {
                "All " span.n { (number(counts.all())) }
            }
            @for status in Status::ALL {
                @let is_current = query.status == Some(status);
                @if counts.status(status) > 0 || is_current {
                    @let list = url(HotListQuery { status: Some(status), ..query.clone() });
                    (status_chip(status, counts.status(status), is_current, &list))
                }
            }
            (fee_chip(slug, query, counts.without_fee))
            @if let Some(owner) = &query.owner.0 {
                @let name = if owner.is_empty() { NO_OWNER } else { owner.as_str() };
                (removable_chip(&format!("Owner: {name}"), &url(HotListQuery { owner: ExactText::default(), ..query.clone() })))
            }
            @if let Some(market) = &query.market.0 {
                @let name = if market.is_empty() { NO_MARKET } else { market.as_str() };
                (removable_chip(&format!("Market: {name}"), &url(HotListQuery { market: ExactText::default(), ..query.clone() })))
            }
        }
    }
}

fn status_chip(status: Status, count: i64, is_current: bool, url: &str) -> Markup {
    let (tone, icon_name) = tone_and_icon(status);
    html! {
        a class=(format!("chip {tone}")) href=(url) data-count=(count) aria-current=[is_current.then_some("true")] {
            (toned_icon(icon_name, 14)) (status.name()) " " span.n { (number(count)) }
        }
    }
}

/// Shows or hides candidates without a known fee.
fn fee_chip(slug: &str, query: &HotListQuery, without_fee: i64) -> Markup {
    let url = |fee: Option<FeeFilter>| HotListQuery { fee, ..query.clone() }.add_to(links::hot_list(slug)).url();
    if query.fee == Some(FeeFilter::Unknown) {
        return html! { a.chip.on.push href=(url(None)) aria-label="Remove filter No fee" { "No fee " (icon("x", 13)) } };
    }
    let is_hidden = query.fee == Some(FeeFilter::Known);
    let (verb, fee) = if is_hidden { ("Show", None) } else { ("Hide", Some(FeeFilter::Known)) };
    html! {
        @if without_fee > 0 {
            a.chip.push.tick href=(url(fee)) title=(format!("{verb} candidates without a known fee")) {
                span.box.on[!is_hidden] aria-hidden="true" {}
                span.sr { (verb) " " }
                "No fee " span.n { (number(without_fee)) }
            }
        }
    }
}

fn removable_chip(label: &str, url: &str) -> Markup {
    html! {
        a.chip.on href=(url) aria-label=(format!("Remove filter {label}")) { span.t title=(label) { (label) } (icon("x", 13)) }
    }
}
