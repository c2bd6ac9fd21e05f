//! Builds one item of the hot list from a candidate's facts.

use std::cmp::Reverse;

use tetherboard_domain::{HotListRules, MedianFee, Money, NO_NAME, Odds, Score, ScoreFacts, is_visible, score, weighted};
use tetherboard_store::candidate_facts::Profile;
use tetherboard_store::deals::DealRow;
use tetherboard_store::tenants::Tenant;

use super::next_change::NextChange;
use super::{HotListItem, NextStep};
use crate::board::Board;
use crate::candidate_facts::CandidateFacts;
use crate::status::{Status, StatusFacts, status};

/// What all items are built from.
pub(super) struct ItemBuilder<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) board: &'a Board,
    pub(super) rules: &'a HotListRules,
    pub(super) candidates: &'a CandidateFacts,
    pub(super) median_fee: Option<MedianFee>,
}

impl ItemBuilder<'_> {
    /// The item of one candidate. `deals` are the candidate's late deals, at least one.
    pub(super) fn item(
        &self,
        key: String,
        mut deals: Vec<&DealRow>,
        profile: Option<&Profile>,
        next_change: &mut NextChange,
    ) -> HotListItem {
        let Self { board, rules, candidates, .. } = self;
        deals.sort_by_cached_key(|deal| {
            let odds = self.odds(deal).map(Odds::hundredths);
            (Reverse(odds), Reverse(deal.fee_cents), Reverse(deal.stage_since_ms), deal.deal_id.clone())
        });
        let lead = deals[0];
        let (fee, weighted) = self.fee_sums(&deals);
        // Of several deals the most urgent one decides the status, as it does in the list of who needs attention.
        let facts: Vec<StatusFacts> = deals.iter().map(|deal| candidates.facts(board, &self.tenant.zone, deal)).collect();
        let of_lead = &facts[0];
        let urgent = facts.iter().min_by_key(|facts| status(facts, &rules.status)).unwrap_or(of_lead);
        let (score_facts, Score { parts, total }) = score_of(self, of_lead, lead, fee);
        for (facts, deal) in facts.iter().zip(&deals) {
            next_change.of_status(facts, candidates.next_end_ms(deal), &rules.status);
        }
        next_change.of_score(&score_facts, rules);
        HotListItem {
            key,
            place: 0,
            contact_id: lead.contact_id.clone(),
            name: name_of(lead),
            market: lead.market.clone(),
            units: profile.map(|profile| profile.units.clone()).unwrap_or_default(),
            owner: owner_of(lead, profile).to_owned(),
            source: profile.and_then(|profile| profile.source.clone()),
            phone: profile.map(|profile| profile.phone.clone()).unwrap_or_default(),
            deals: i64::try_from(deals.len()).unwrap_or(i64::MAX),
            stage: board.label(&board.place(lead.stage.as_deref())).map(str::to_owned),
            stage_since_ms: lead.stage_since_ms,
            stage_since_exact: lead.stage_since_exact,
            odds: self.odds(lead),
            fee,
            weighted,
            close_date: of_lead.close_date,
            score: total,
            points: parts,
            status: status(urgent, &rules.status),
            next: self.next_step(urgent, lead),
            last_touch_ms: of_lead.last_touch.last_ms,
            notes_known_ms: of_lead.last_touch.known_until_ms,
            fdd: of_lead.fdd.filter(|clock| clock.runs(of_lead.today)),
        }
    }

    fn odds(&self, deal: &DealRow) -> Option<Odds> {
        self.board.odds_of(deal.odds, &self.board.place(deal.stage.as_deref()))
    }

    /// The sums of the known fees and of fee × odds; `None` while no fee is known.
    fn fee_sums(&self, deals: &[&DealRow]) -> (Option<Money>, Option<Money>) {
        let fees: Vec<(Money, Money)> = deals
            .iter()
            .filter_map(|deal| {
                let fee = Money(deal.fee_cents?);
                Some((fee, weighted(Some(fee), self.odds(deal)).unwrap_or_default()))
            })
            .collect();
        let fee = (!fees.is_empty()).then(|| fees.iter().map(|(fee, _)| *fee).sum());
        (fee, (!fees.is_empty()).then(|| fees.iter().map(|(_, weighted)| *weighted).sum()))
    }

    fn next_step(&self, facts: &StatusFacts, lead: &DealRow) -> NextStep {
        let appointment = self.candidates.next_appointment(lead).map(|next| {
            let title = [&next.title, &next.kind].into_iter().map(|text| text.trim()).find(|text| !text.is_empty());
            let title = title.unwrap_or("Appointment").to_owned();
            NextStep::Appointment { title, starts_ms: next.starts_ms, all_day: next.all_day }
        });
        let overdue = || {
            let missed = facts.missed(&self.rules.status);
            let outcome = missed.map(|missed| NextStep::Outcome { title: missed.title.clone(), starts_ms: missed.starts_ms });
            outcome.or_else(|| facts.close_date_passed().map(|day| NextStep::CloseDatePassed { day }))
        };
        let by_status = match status(facts, &self.rules.status) {
            Status::OverdueAction => overdue(),
            Status::WaitingPeriod => facts.fdd.map(|clock| NextStep::Signing { day: clock.earliest_signing() }),
            _ => appointment.clone(),
        };
        let none = if facts.calendar.is_some() { NextStep::NothingBooked } else { NextStep::NotKnown };
        by_status.or(appointment).unwrap_or(none)
    }
}

/// The candidate's name, or the title of a deal without a named contact.
fn name_of(deal: &DealRow) -> String {
    let title = Some(&deal.title).filter(|title| deal.name == NO_NAME && is_visible(title));
    title.unwrap_or(&deal.name).clone()
}

/// The deal's owner, or else the contact's.
fn owner_of<'a>(lead: &'a DealRow, profile: Option<&'a Profile>) -> &'a str {
    let owners = [Some(lead.owner.as_str()), profile.map(|profile| profile.owner.as_str())];
    owners.into_iter().flatten().find(|owner| !owner.trim().is_empty()).unwrap_or_default()
}

fn score_of(builder: &ItemBuilder<'_>, facts: &StatusFacts, lead: &DealRow, fee: Option<Money>) -> (ScoreFacts, Score) {
    let last_touch = facts.last_touch;
    let score_facts = ScoreFacts {
        at_ms: facts.at_ms,
        today: facts.today,
        odds: builder.odds(lead),
        last_move: builder.candidates.last_move(builder.board, lead),
        last_touch_ms: last_touch.last_ms,
        // Silence costs points only where the notes were read recently.
        silent_since_ms: (facts.has_recent_notes(&builder.rules.status)
            && last_touch.silent_for(builder.rules.score.silent.days, facts.at_ms))
        .then(|| last_touch.last_ms.unwrap_or(last_touch.known_since_ms)),
        next_appointment_ms: facts.calendar.as_ref().and_then(|calendar| calendar.next_ms),
        fee,
        median_fee: builder.median_fee,
        close_date: facts.close_date,
    };
    let scored = score(&score_facts, &builder.rules.score);
    (score_facts, scored)
}
