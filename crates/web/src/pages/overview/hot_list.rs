//! The first of the hot list.

use maud::{Markup, html};
use tetherboard_metrics::HotListItem;

use crate::address::links;
use crate::parts::candidate::candidate_name;
use crate::parts::format::{count, number};
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::status::badge;
use crate::read::hot_list::HotListData;

const SHOWN: usize = 5;

pub(super) fn card(shell: &Shell<'_>, hot: &HotListData) -> Markup {
    let slug = &shell.tenant().slug;
    let total = count(hot.list.items.len());
    html! {
        section.card.c-7 id="hot-list" {
            div.card-head {
                h2 { "Hot list" }
                @if total > 0 { span.sub { @if total > 5 { "top 5 of " (number(total)) } @else { "by score" } } }
                @if total > 0 { a.more href=(links::hot_list(slug).url()) data-count=(total) { "All " (number(total)) " " (icon("arrow-right", 13)) } }
                @else { a.more href=(links::hot_list(slug).url()) { "Hot list " (icon("arrow-right", 13)) } }
            }
            @if total == 0 {
                div.empty { span.disc.quiet { (icon("target", 20)) } h2 { "Nobody stands in a late stage" } p { "Candidates appear here when they come into one." } }
            } @else {
                div.scroll.mt2 tabindex="0" role="region" aria-label="Hot list, the first" {
                    table.table.hot5 {
                        thead { tr {
                            th.no-phone scope="col" { span.sr { "Rank" } } th scope="col" { "Candidate" } th.no-phone scope="col" { "Stage" }
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
            th scope="row" { (candidate_name(slug, item.contact_id.as_ref(), &item.name)) @if !item.market.is_empty() { span.l2 { (item.market) } } }
            td.no-phone {
                (stage(item.stage.as_deref(), hot.role_of(item)))
                @if let Some(odds) = item.odds { span.l2 { (odds) " odds" } }
            }
            td.num.no-phone { @match item.fee { Some(fee) => (fee.short()), None => span.muted { "not known" } } }
            td { (badge(item.status)) }
            td.num { span.score { span.meter.no-phone { i style=(format!("width:{}%", item.score)) {} } span.num { (item.score) } } }
        }
    }
}
