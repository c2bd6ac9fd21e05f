//! Who a candidate is and where it stands.

use maud::{Markup, html};
use tetherboard_domain::{EpochMs, Money, Odds, weighted};
use tetherboard_store::candidates::CandidateDeal;

use super::appointments::next_banner;
use super::{CandidateView, dated, dated_and_aging, days, nothing, text, unknown};
use crate::address::label::with_label;
use crate::address::links::leads;
use crate::parts::candidate::{is_plain_email, phone};
use crate::parts::format::source_name;
use crate::parts::format::{number, owner, weighted_fee};
use crate::parts::shell::Shell;
use crate::parts::stages::{role_name, stage};
use crate::parts::{icon, time};

pub(super) fn head(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let c = &view.candidate;
    let place = view.board.place(c.stage.as_deref());
    let role = view.board.role(&place);
    let until_ms = c.gone_ms.unwrap_or(shell.now.into());
    let odds = view.board.stage(&place).and_then(|stage| stage.odds);
    html! {
        header.drawer-sec.cand-head {
            h1 id="candidate-name" { (c.name) }
            @if !c.company.is_empty() && c.company != c.name { p.cand-company { (c.company) } }
            p.cand-stage {
                (stage(view.board.label(&place), role))
                span.muted {
                    @if view.is_prospect() { (role_name(role)) ", " }
                    @if let Some(odds) = odds { (odds) " odds, " }
                    @if !c.stage_since_exact { "at least " }
                    (days(until_ms - c.stage_since_ms)) " in stage"
                }
            }
            (standing(shell, view))
            @if c.gone_ms.is_none() { (next_banner(shell, view)) }
        }
    }
}

/// That ClientTether does not show it, where that is so.
fn standing(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let c = &view.candidate;
    let said = |ms: EpochMs| time::moment(ms).map(|at| dated(at, shell.now, &shell.tenant().zone)).unwrap_or_default();
    if c.gone_ms.is_some() {
        // The first read that did not show it, where that is known.
        let since_ms = c.missing_ms.or(c.gone_ms).unwrap_or_default();
        return html! {
            div.banner.warning data-gone {
                (icon("user-x", 16))
                div {
                    b { "No longer in ClientTether since " (said(since_ms)) "." }
                    p { "It may have been deleted, archived or merged there. No number and no list counts it; what was known of it stays here." }
                }
            }
        };
    }
    match c.missing_ms {
        None => nothing(),
        Some(missing_ms) => html! {
            div.banner.info {
                (icon("info", 16))
                div {
                    b { "ClientTether has not shown this candidate since " (said(missing_ms)) "." }
                    p { "It counts until another complete read agrees that it is gone." }
                }
            }
        },
    }
}

pub(super) fn facts(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let c = &view.candidate;
    let slug = &shell.tenant().slug;
    let zone = &shell.tenant().zone;
    let source = c.source.as_deref();
    let worth = Worth::of(view);
    let live: Vec<&CandidateDeal> = view.deals.iter().filter(|deal| deal.gone_ms.is_none()).collect();
    html! {
        section.drawer-sec aria-label="Facts" {
            dl.facts {
                div { dt { "Market" } dd { (text(&c.market)) } }
                div { dt { "Fee" } dd { (worth.fee_words()) } }
                div { dt { "Weighted" } dd { (weighted_fee(worth.fee, worth.weighted)) } }
                @if live.len() < 2 { div { dt { "Odds" } dd { @match worth.odds { Some(odds) => (odds), None => span.muted { "not known" } } } } }
                @if let [deal] = live.as_slice() { div { dt { "Close date" } dd { (close_date(deal)) } } }
                div { dt { "Owner" } dd { (owner(&c.owner)) } }
                div { dt { "Source" } dd { a.who-plain href=(with_label(leads(slug), "source", source).url()) { (source_name(source)) } } }
                div.wide { dt { "Email" } dd { (email(&c.email)) } }
                div { dt { "Phone" } dd { (phone(&c.phone)) } }
                div.wide { dt { "Created" } dd {
                    @match c.created_ms.and_then(time::moment) {
                        Some(created) => (dated_and_aging(created, shell.now, zone)),
                        None => { span.muted { "not known" } @if let Some(seen) = time::moment(c.first_seen_ms) { span.muted { "; first read " (dated(seen, shell.now, zone)) } } }
                    }
                } }
                div { dt { "Type" } dd { (contact_type(c.contact_type)) } }
                @if !c.units.is_empty() { div { dt { "Units" } dd { (c.units) } } }
            }
        }
    }
}

/// What a candidate is worth: its deals', else its own as the one deal that it stands for.
struct Worth {
    fee: Option<Money>,
    odds: Option<Odds>,
    weighted: Option<Money>,
    flagged: bool,
    deals: usize,
}

impl Worth {
    fn of(view: &CandidateView) -> Self {
        let c = &view.candidate;
        let gone = c.gone_ms.is_some();
        let deals: Vec<&CandidateDeal> = view.deals.iter().filter(|deal| gone || deal.gone_ms.is_none()).collect();
        if deals.is_empty() {
            let odds = view.board.odds_of(None, &view.board.place(c.stage.as_deref()));
            let fee = c.fee_cents.map(Money);
            return Self { fee, odds, weighted: weighted(fee, odds), flagged: c.fee_flagged, deals: 0 };
        }
        let known = |amounts: Vec<Option<Money>>| {
            let known: Vec<Money> = amounts.into_iter().flatten().collect();
            (!known.is_empty()).then(|| known.into_iter().sum())
        };
        Self {
            fee: known(deals.iter().map(|deal| deal.fee_cents.map(Money)).collect()),
            odds: deals.first().and_then(|deal| deal_odds(view, deal)),
            weighted: known(deals.iter().map(|deal| weighted(deal.fee_cents.map(Money), deal_odds(view, deal))).collect()),
            flagged: deals.iter().any(|deal| deal.fee_flagged),
            deals: deals.len(),
        }
    }

    fn fee_words(&self) -> Markup {
        html! {
            @match self.fee {
                Some(fee) => (fee),
                None => span.muted { "not known" },
            }
            @if self.flagged { " " (unreadable()) }
            @if self.deals > 1 { span.muted { " over " (number(i64::try_from(self.deals).unwrap_or(0))) " deals" } }
        }
    }
}

/// Beside a fee that is negative or no number.
pub(super) fn unreadable() -> Markup {
    html! { span.badge.warning title="ClientTether has a value here that is no amount." { (icon("triangle-alert", 13)) "unreadable" } }
}

/// A deal's own odds, else its stage's.
pub(super) fn deal_odds(view: &CandidateView, deal: &CandidateDeal) -> Option<Odds> {
    view.board.odds_of(deal.odds, &view.board.place(deal.stage.as_deref()))
}

pub(super) fn close_date(deal: &CandidateDeal) -> Markup {
    html! { @match deal.close_date.as_deref().and_then(|day| day.parse().ok()) { Some(day) => (time::full_day(day)), None => (unknown()) } }
}

fn contact_type(kind: Option<i64>) -> Markup {
    html! { @match kind { Some(1) => "Prospect", Some(kind) => { "Contact type " (kind) } None => span.muted { "not known" } } }
}

/// A link only where nothing in it could mean anything else.
fn email(address: &str) -> Markup {
    html! { @if is_plain_email(address) { a href=(format!("mailto:{address}")) { (address) } } @else { (text(address)) } }
}
