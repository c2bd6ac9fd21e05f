//! A candidate's deals, or a note that the candidate counts as a deal.

use maud::{Markup, html};
use tetherboard_domain::{Money, weighted};
use tetherboard_store::candidates::CandidateDeal;

use super::facts::{close_date, deal_odds, unreadable};
use super::{CandidateView, dated};
use crate::parts::format::{count, counted, weighted_fee};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::stages::stage;
use crate::parts::time;

/// The list of deals; nothing for a contact that is not a prospect and has none.
pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    if view.deals.is_empty() && !view.is_prospect() {
        return EMPTY;
    }
    html! {
        section.drawer-sec {
            div.flex {
                h2 { "Deals" }
                @if view.deals.len() > 1 { span.sub.push { (counted(count(view.deals.len()), "deal", "deals")) } }
            }
            @if view.deals.is_empty() {
                p.sub {
                    @if view.candidate.gone_ms.is_some() { "ClientTether had no deal for this candidate." }
                    @else if view.candidate.had_deal_ms.is_some() {
                        "ClientTether no longer lists a deal of this candidate, so none is counted."
                    }
                    @else { "ClientTether has no deal record, so the candidate counts as a deal with its own stage and fee." }
                }
            } @else {
                ul.cand-deals role="list" { @for deal in &view.deals { (line(shell, view, deal)) } }
                @if let Some(own) = own_fee(view) {
                    p.sub { "The contact itself has a deal size of " (own) ", which is not counted in addition to its deals." }
                }
            }
        }
    }
}

/// The contact's own fee, if no deal has the same one.
fn own_fee(view: &CandidateView) -> Option<Money> {
    let is_of_deal = |fee: &Money| view.deals.iter().any(|deal| deal.fee_cents == Some(fee.0));
    view.candidate.fee_cents.map(Money).filter(|fee| !is_of_deal(fee))
}

fn line(shell: &Shell<'_>, view: &CandidateView, deal: &CandidateDeal) -> Markup {
    let place = view.board.place(deal.stage.as_deref());
    let fee = deal.fee_cents.map(Money);
    let odds = deal_odds(view, deal);
    html! {
        li {
            div.flex.wrapf {
                b { @if deal.title.is_empty() { "Unnamed deal" } @else { (deal.title) } }
                span.push { (stage(view.board.label(&place), view.board.role(&place))) }
            }
            // The value of a single deal is among the facts.
            @if view.deals.len() > 1 { dl.facts.four {
                div {
                    dt { "Fee" }
                    dd {
                        @match fee { Some(fee) => (fee), None => span.muted { "unknown" } }
                        @if deal.fee_flagged { " " (unreadable()) }
                    }
                }
                div { dt { "Odds" } dd { @match odds { Some(odds) => (odds), None => span.muted { "unknown" } } } }
                div { dt { "Weighted" } dd { (weighted_fee(fee, weighted(fee, odds))) } }
                div { dt { "Close date" } dd { (close_date(deal)) } }
            } }
            @if !deal.owner.is_empty() && deal.owner != view.candidate.owner { p.sub { "Owner " (deal.owner) } }
            @if let Some(gone) = deal.gone_ms.and_then(time::moment) {
                p.sub { "Removed from ClientTether: " (dated(gone, shell.now, &shell.tenant().zone)) "." }
            }
        }
    }
}
