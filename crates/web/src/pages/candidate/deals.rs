//! A candidate's deals, or that it stands for one itself.

use maud::{Markup, html};
use tetherboard_domain::{Money, weighted};
use tetherboard_store::candidates::CandidateDeal;

use super::facts::{close_date, deal_odds, unreadable};
use super::{CandidateView, dated, nothing};
use crate::parts::format::{count, counted, weighted_fee};
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::time;

pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    if view.deals.is_empty() && !view.is_prospect() {
        return nothing();
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
                    @else { "ClientTether has no deal for this candidate, so it counts as one of its own stage and fee." }
                }
            } @else {
                ul.cand-deals role="list" { @for deal in &view.deals { (line(shell, view, deal)) } }
                @if let Some(own) = view.candidate.fee_cents.map(Money).filter(|own| !view.deals.iter().any(|deal| deal.fee_cents == Some(own.0))) {
                    p.sub { "On the contact itself ClientTether has a deal size of " (own) ", which does not count beside its deals." }
                }
            }
        }
    }
}

fn line(shell: &Shell<'_>, view: &CandidateView, deal: &CandidateDeal) -> Markup {
    let place = view.board.place(deal.stage.as_deref());
    let fee = deal.fee_cents.map(Money);
    let odds = deal_odds(view, deal);
    html! {
        li {
            div.flex.wrapf {
                b { @if deal.title.is_empty() { "Deal without a name" } @else { (deal.title) } }
                span.push { (stage(view.board.label(&place), view.board.role(&place))) }
            }
            // What a single deal is worth stands among the facts.
            @if view.deals.len() > 1 { dl.facts.four {
                div { dt { "Fee" } dd { @match fee { Some(fee) => (fee), None => span.muted { "not known" } } @if deal.fee_flagged { " " (unreadable()) } } }
                div { dt { "Odds" } dd { @match odds { Some(odds) => (odds), None => span.muted { "not known" } } } }
                div { dt { "Weighted" } dd { (weighted_fee(fee, weighted(fee, odds))) } }
                div { dt { "Close date" } dd { (close_date(deal)) } }
            } }
            @if !deal.owner.is_empty() && deal.owner != view.candidate.owner { p.sub { "Owner " (deal.owner) } }
            @if let Some(gone) = deal.gone_ms.and_then(time::moment) {
                p.sub { "No longer in ClientTether since " (dated(gone, shell.now, &shell.tenant().zone)) "." }
            }
        }
    }
}
