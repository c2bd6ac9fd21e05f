//! A candidate's name, stage, and facts.

use maud::{Markup, html};
use tetherboard_domain::{EpochMs, Money, Odds, doubts_creation, weighted};
use tetherboard_store::candidates::CandidateDeal;

use super::appointments::next_banner;
use super::{CandidateView, dated, dated_and_aging, days_or_more, text, unknown};
use crate::address::label::with_label;
use crate::address::links::leads;
use crate::parts::candidate::{is_plain_email, phone};
use crate::parts::doubtful_date::doubtful_date;
use crate::parts::format::source_name;
use crate::parts::format::{number, owner, weighted_fee};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::stages::{role_name, stage};
use crate::parts::{icon, time};

/// Name, stage, and next appointment.
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
                    (days_or_more(until_ms - c.stage_since_ms, !c.stage_since_exact)) " in stage"
                }
            }
            (presence(shell, view))
            @if c.gone_ms.is_none() { (next_banner(shell, view)) }
        }
    }
}

/// Whether ClientTether no longer has the contact.
fn presence(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let c = &view.candidate;
    let date = |ms: EpochMs| time::moment(ms).map(|at| dated(at, shell.now, &shell.tenant().zone)).unwrap_or_default();
    if c.gone_ms.is_some() {
        // The first read without the contact, if known.
        let since_ms = c.missing_ms.or(c.gone_ms).unwrap_or_default();
        return html! {
            div.banner.warning data-gone {
                (icon("user-x", 16))
                div {
                    b { "Removed from ClientTether: " (date(since_ms)) }
                    p { "It may have been deleted, archived, or merged. It is no longer counted; its history stays here." }
                }
            }
        };
    }
    match c.missing_ms {
        None => EMPTY,
        Some(missing_ms) => html! {
            div.banner.info {
                (icon("info", 16))
                div {
                    b { "Missing from ClientTether since " (date(missing_ms)) "." }
                    p { "The candidate still counts until another complete sync confirms the removal." }
                }
            }
        },
    }
}

/// The list of facts.
pub(super) fn facts(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let c = &view.candidate;
    let slug = &shell.tenant().slug;
    let source = c.source.as_deref();
    let worth = DealValue::of(view);
    let live: Vec<&CandidateDeal> = view.deals.iter().filter(|deal| deal.gone_ms.is_none()).collect();
    html! {
        section.drawer-sec aria-label="Facts" {
            dl.facts {
                div { dt { "Market" } dd { (text(&c.market)) } }
                div { dt { "Fee" } dd { (worth.fee()) } }
                div { dt { "Weighted" } dd { (weighted_fee(worth.fee, worth.weighted)) } }
                @if live.len() < 2 {
                    div { dt { "Odds" } dd { @match worth.odds { Some(odds) => (odds), None => span.muted { "unknown" } } } }
                }
                @if let [deal] = live.as_slice() { div { dt { "Close date" } dd { (close_date(deal)) } } }
                div { dt { "Owner" } dd { (owner(&c.owner)) } }
                div {
                    dt { "Source" }
                    dd { a.who-plain href=(with_label(leads(slug), "source", source).url()) { (source_name(source)) } }
                }
                div.wide { dt { "Email" } dd { (email(&c.email)) } }
                div { dt { "Phone" } dd { (phone(&c.phone)) } }
                div.wide { dt { "Created" } dd { (created(shell, view)) } }
                div { dt { "Type" } dd { (contact_type(c.contact_type)) } }
                @if !c.units.is_empty() { div { dt { "Units" } dd { (c.units) } } }
            }
        }
    }
}

fn created(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let (c, zone) = (&view.candidate, &shell.tenant().zone);
    let first_seen = time::moment(c.first_seen_ms).map(|seen| dated(seen, shell.now, zone));
    html! {
        @match c.created_ms.and_then(time::moment) {
            Some(_) if doubts_creation(c.created_ms, c.first_seen_ms) => (doubtful_date(shell, c.created_ms)),
            Some(created) => (dated_and_aging(created, shell.now, zone)),
            None => span.muted { "unknown" @if let Some(first_seen) = first_seen { "; first synced " (first_seen) } },
        }
    }
}

/// The value of a candidate's deals, or of the candidate itself if it has none.
struct DealValue {
    fee: Option<Money>,
    odds: Option<Odds>,
    weighted: Option<Money>,
    flagged: bool,
    deals: usize,
}

impl DealValue {
    fn of(view: &CandidateView) -> Self {
        let c = &view.candidate;
        let gone = c.gone_ms.is_some();
        let deals: Vec<&CandidateDeal> = view.deals.iter().filter(|deal| gone || deal.gone_ms.is_none()).collect();
        if deals.is_empty() {
            let odds = view.board.odds_of(None, &view.board.place(c.stage.as_deref()));
            let fee = c.fee_cents.map(Money);
            return Self { fee, odds, weighted: weighted(fee, odds), flagged: c.fee_flagged, deals: 0 };
        }
        let sum = |amounts: Vec<Option<Money>>| {
            let amounts: Vec<Money> = amounts.into_iter().flatten().collect();
            (!amounts.is_empty()).then(|| amounts.into_iter().sum())
        };
        Self {
            fee: sum(deals.iter().map(|deal| deal.fee_cents.map(Money)).collect()),
            odds: deals.first().and_then(|deal| deal_odds(view, deal)),
            weighted: sum(deals.iter().map(|deal| weighted(deal.fee_cents.map(Money), deal_odds(view, deal))).collect()),
            flagged: deals.iter().any(|deal| deal.fee_flagged),
            deals: deals.len(),
        }
    }

    fn fee(&self) -> Markup {
        html! {
            @match self.fee {
                Some(fee) => (fee),
                None => span.muted { "unknown" },
            }
            @if self.flagged { " " (unreadable()) }
            @if self.deals > 1 { span.muted { " across " (number(i64::try_from(self.deals).unwrap_or(0))) " deals" } }
        }
    }
}

/// The badge of a fee that is negative or not a number.
pub(super) fn unreadable() -> Markup {
    html! {
        span.badge.warning title="The value in ClientTether is not an amount." { (icon("triangle-alert", 13)) "unreadable" }
    }
}

/// A deal's own odds, otherwise its stage's.
pub(super) fn deal_odds(view: &CandidateView, deal: &CandidateDeal) -> Option<Odds> {
    view.board.odds_of(deal.odds, &view.board.place(deal.stage.as_deref()))
}

/// A deal's close date, or a dash.
pub(super) fn close_date(deal: &CandidateDeal) -> Markup {
    let day = deal.close_date.as_deref().and_then(|day| day.parse().ok());
    html! { @match day { Some(day) => (time::full_day(day)), None => (unknown()) } }
}

fn contact_type(kind: Option<i64>) -> Markup {
    html! {
        @match kind {
            Some(1) => "Prospect",
            Some(kind) => { "Contact type " (kind) }
            None => span.muted { "unknown" },
        }
    }
}

/// A `mailto:` link if the address is plain; otherwise text.
fn email(address: &str) -> Markup {
    html! { @if is_plain_email(address) { a href=(format!("mailto:{address}")) { (address) } } @else { (text(address)) } }
}
