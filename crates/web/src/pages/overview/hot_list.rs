//! The top of the hot list.

use maud::{Markup, html};
use tetherboard_domain::Money;
use tetherboard_metrics::HotListItem;

use crate::address::links;
use crate::parts::candidate::candidate_name;
use crate::parts::empty_state::empty_state;
use crate::parts::format::{count, number};
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::status::badge;
use crate::parts::table::or_unknown;
use crate::read::hot_list::HotListData;

const SHOWN: usize = 5;

/// The card of the highest scores.
pub(super) fn card(shell: &Shell<'_>, hot: &HotListData) -> Markup {
    let slug = &shell.tenant().slug;
    let total = count(hot.list.items.len());
    html! {
        section.card.c-7 id="hot-list" {
            div.card-head {
                h2 { "Hot list" }
                @if total > count(SHOWN) { span.sub { "top " (SHOWN) " of " (number(total)) } }
                @else if total > 0 { span.sub { "by score" } }
                @let more = if total > 0 { format!("All {} ", number(total)) } else { "Hot list ".to_owned() };
                a.more href=(links::hot_list(slug).url()) data-count=[(total > 0).then_some(total)] {
                    (more) (icon("arrow-right", 13))
                }
            }
            @if total == 0 {
                @let text = html! { p { "Candidates appear here when they reach a late stage." } };
                (empty_state("quiet", "target", "No candidates in late stages", &text))
            } @else {
                div.scroll.mt2 tabindex="0" role="region" aria-label="Top of the hot list" {
                    table.table.hot5 {
                        thead { tr {
                            th.no-phone scope="col" { span.sr { "Rank" } }
                            th scope="col" { "Candidate" } th.no-phone scope="col" { "Stage" }
                            th.num.no-phone scope="col" { "Fee" } th scope="col" { "Status" } th.num scope="col" { "Score" }
                        } }
                        tbody { @for item in hot.list.items.iter().take(SHOWN) { (row(slug, hot, item)) } }
                    }
                }
            }
        }
    }
}

fn row(slug: &str, hot: &HotListData, item: &HotListItem) -> Markup {
    html! {
        tr {
            td.num.muted.fit.no-phone { (number(item.place)) }
            th scope="row" {
                (candidate_name(slug, item.contact_id.as_ref(), &item.name))
                @if !item.market.is_empty() { span.l2 { (item.market) } }
            }
            td.no-phone {
                (stage(item.stage.as_deref(), hot.role_of(item)))
                @if let Some(odds) = item.odds { span.l2 { (odds) " odds" } }
            }
            td.num.no-phone { (or_unknown(item.fee.map(Money::short))) }
            td { (badge(item.status)) }
            td.num { span.score {
                span.meter.no-phone { i style=(format!("width:{}%", item.score)) {} }
                span.num { (item.score) }
            } }
        }
    }
}
