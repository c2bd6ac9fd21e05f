//! The state of each pipeline item at a moment, and its changes.

use std::cmp::Reverse;
use std::ops::Range;

use tetherboard_domain::{ContactId, DealId, EpochMs, Odds};
use tetherboard_store::history::LinkedContact;

use super::{CandidateRef, Change, DealHistory, DealState, History, PipelineItem, RowHistory, Span, StageTransition};

impl History {
    /// The odds a fee is weighted with: the deal's own, or its stage's.
    pub(crate) fn odds_of(&self, state: DealState) -> Option<Odds> {
        state.odds.and_then(Odds::from_hundredths).or_else(|| self.stage(state.stage).odds)
    }

    /// The state of an item, including the changes seen before the moment; `None` when it did not exist.
    pub(crate) fn state(&self, item: PipelineItem, before_ms: EpochMs) -> Option<DealState> {
        if let Some(deal) = item.deal.map(|deal| &self.deals[deal as usize]).filter(|deal| is_live(&deal.row, before_ms)) {
            return is_prospects(deal, before_ms).then(|| self.state_of(&deal.row, before_ms, true));
        }
        let contact = item.contact.filter(|_| item.implicit)?;
        let has_deal = |(_, deal): &(u32, u32)| is_live(&self.deals[*deal as usize].row, before_ms);
        if !is_live(&self.contacts[contact as usize], before_ms) || self.deals_of(contact).iter().any(has_deal) {
            return None;
        }
        Some(self.state_of(&self.contacts[contact as usize], before_ms, false))
    }

    pub(super) fn state_of(&self, row: &RowHistory, before_ms: EpochMs, listed: bool) -> DealState {
        let moves = &self.moves[row.moves.start as usize..row.moves.end as usize];
        let later = moves.get(moves.partition_point(|seen| seen.seen_ms < before_ms));
        let undone = |changes: &[Change], range: &Range<u32>, now: Option<i64>| {
            let changes = &changes[range.start as usize..range.end as usize];
            changes.get(changes.partition_point(|change| change.seen_ms < before_ms)).map_or(now, |later| later.old)
        };
        DealState {
            stage: later.map_or(row.stage, |later| later.from),
            fee: undone(&self.fees, &row.fees, row.fee),
            odds: undone(&self.odds, &row.own_odds, row.odds),
            listed,
        }
    }

    /// Whether the item was first seen before a moment, even if it is gone since.
    pub(crate) fn was_seen(&self, item: PipelineItem, before_ms: EpochMs) -> bool {
        self.first_seen_ms(item) < before_ms
    }

    /// When the item was first seen.
    pub(crate) fn first_seen_ms(&self, item: PipelineItem) -> EpochMs {
        let contact = item.contact.filter(|_| item.implicit).map(|contact| self.contacts[contact as usize].first_seen_ms);
        let deal = item.deal.map(|deal| self.deals[deal as usize].row.first_seen_ms);
        contact.into_iter().chain(deal).min().unwrap_or(EpochMs::MAX)
    }

    /// When the item was created, if that was after the history began and not after it was first seen. Only then is the full
    /// length of its first stage stay known.
    pub(crate) fn seen_from_ms(&self, item: PipelineItem) -> Option<EpochMs> {
        let first_seen_ms = self.first_seen_ms(item);
        let deal = item.deal.map(|deal| &self.deals[deal as usize].row).filter(|deal| deal.first_seen_ms == first_seen_ms);
        let contact = item.contact.filter(|_| item.implicit).map(|contact| &self.contacts[contact as usize]);
        let row = deal.or(contact)?;
        row.created_ms.filter(|ms| self.begins_ms.is_some_and(|begins| *ms > begins) && *ms <= first_seen_ms)
    }

    /// When the contact was created, or else the deal.
    pub(crate) fn created_ms(&self, item: PipelineItem) -> Option<EpochMs> {
        let deal = item.deal.map(|deal| &self.deals[deal as usize]);
        let contact = item.contact.and_then(|contact| self.contacts[contact as usize].created_ms);
        let joined = || deal.and_then(|deal| deal.contact.as_ref()).and_then(|contact| contact.created_ms);
        contact.or_else(joined).or_else(|| deal.and_then(|deal| deal.row.created_ms))
    }

    /// The contact and deal that an item's state belongs to.
    pub(crate) fn candidate(&self, item: PipelineItem, state: DealState) -> CandidateRef {
        let deal = item.deal.map(|deal| &self.deals[deal as usize]);
        let joined = || deal.and_then(|deal| deal.contact.as_ref()).map(|contact| contact.crm_id.clone());
        CandidateRef {
            contact: item.contact.map(|contact| ContactId::from(&*self.contacts[contact as usize].id)).or_else(joined),
            deal: deal.filter(|_| state.listed).map(|deal| DealId::from(&*deal.row.id)),
        }
    }

    /// Every move of the item from one stage to another, oldest first. A new deal record continues from its prospect's stage.
    pub(crate) fn transitions(&self, item: PipelineItem) -> Vec<StageTransition> {
        let rows = item.contact.filter(|_| item.implicit).map(|contact| &self.contacts[contact as usize]);
        let rows = rows.into_iter().chain(item.deal.map(|deal| &self.deals[deal as usize].row));
        let mut moments: Vec<(EpochMs, Reverse<EpochMs>)> = Vec::new();
        for row in rows {
            let moves = &self.moves[row.moves.start as usize..row.moves.end as usize];
            moments.extend(moves.iter().map(|seen| (seen.seen_ms, Reverse(seen.at_ms))));
        }
        if item.implicit
            && let Some(contact) = item.contact
        {
            for (_, deal) in self.deals_of(contact) {
                let row = &self.deals[*deal as usize].row;
                moments.push((row.first_seen_ms, Reverse(EpochMs::MIN)));
                moments.push((row.gone_ms, Reverse(EpochMs::MIN)));
            }
        }
        moments.sort_unstable();
        moments.dedup_by_key(|(seen_ms, _)| *seen_ms);
        let transition = |(seen_ms, Reverse(at_ms)): (EpochMs, Reverse<EpochMs>)| {
            let (before, after) = (self.state(item, seen_ms)?, self.state(item, seen_ms + 1)?);
            let at_ms = if at_ms == EpochMs::MIN { seen_ms } else { at_ms };
            (before.stage != after.stage).then_some(StageTransition { from: before.stage, to: after.stage, seen_ms, at_ms })
        };
        moments.into_iter().filter_map(transition).collect()
    }

    /// When the fee last changed, among the changes seen in a span.
    pub(crate) fn fee_changed_ms(&self, item: PipelineItem, span: Span) -> Option<EpochMs> {
        let rows = item.contact.filter(|_| item.implicit).map(|contact| &self.contacts[contact as usize]);
        let rows = rows.into_iter().chain(item.deal.map(|deal| &self.deals[deal as usize].row));
        let changes = rows.flat_map(|row| &self.fees[row.fees.start as usize..row.fees.end as usize]);
        changes.filter(|change| span.contains(change.seen_ms)).map(|change| change.at_ms).max()
    }

    /// When the item was marked as removed; `None` while it exists.
    pub(crate) fn gone_ms(&self, item: PipelineItem) -> Option<EpochMs> {
        let deal = item.deal.map(|deal| self.deals[deal as usize].row.gone_ms);
        let contact = item.contact.filter(|_| item.implicit).map(|contact| self.contacts[contact as usize].gone_ms);
        deal.into_iter().chain(contact).filter(|ms| *ms < EpochMs::MAX).max()
    }

    /// The number of deals the CRM listed, of every stage and contact type.
    pub(crate) fn listed_deals(&self, before_ms: EpochMs) -> i64 {
        let live = self.deals.iter().filter(|deal| is_live(&deal.row, before_ms)).count();
        i64::try_from(live).unwrap_or(i64::MAX)
    }
}

/// Whether the CRM listed a row, as seen before a moment.
pub(super) fn is_live(row: &RowHistory, before_ms: EpochMs) -> bool {
    row.first_seen_ms < before_ms && row.gone_ms >= before_ms
}

/// Whether a deal is a prospect's: by its contact's type, or by its own while the contact is gone. A deal without any type counts.
fn is_prospects(deal: &DealHistory, before_ms: EpochMs) -> bool {
    let there = |contact: &&LinkedContact| {
        contact.first_seen_ms < before_ms && contact.gone_ms.is_none_or(|gone_ms| gone_ms >= before_ms)
    };
    let contact_type = deal.contact.as_ref().filter(there).and_then(|contact| contact.contact_type);
    contact_type.or(deal.contact_type).unwrap_or(1) == 1
}
