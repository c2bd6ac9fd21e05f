//! The state of each pipeline item at a moment, and its changes.

use std::cmp::Reverse;
use std::ops::Range;

use tetherboard_domain::{ContactId, DealId, EpochMs, Odds};

use super::{CandidateRef, Change, DealHistory, DealState, History, PipelineItem, RowHistory, Span, StageTransition};

/// Why a pipeline item that was there is not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// The CRM no longer lists it.
    Removed,
    /// A deal of another contact now names the contact.
    Merged,
    /// Its contact has another type.
    NoLongerProspect,
}

impl History {
    /// The odds a fee is weighted with: the deal's own, or its stage's at the moment.
    pub(crate) fn odds_of(&self, state: DealState, before_ms: EpochMs) -> Option<Odds> {
        state.odds.and_then(Odds::from_hundredths).or_else(|| self.stage_at(state.stage, before_ms).odds)
    }

    /// The state of an item, including the changes seen before the moment; `None` when it did not exist.
    pub(crate) fn state(&self, item: PipelineItem, before_ms: EpochMs) -> Option<DealState> {
        if let Some(deal) = item.deal.map(|deal| &self.deals[deal as usize]).filter(|deal| self.is_live(&deal.row, before_ms)) {
            let link = self.link_at(deal, before_ms);
            return self.is_prospects(deal, link, before_ms).then(|| DealState {
                link,
                listed: true,
                ..self.state_of(&deal.row, before_ms)
            });
        }
        let row = &self.contacts[item.contact? as usize];
        let counts = self.is_prospect(row, before_ms) && row.had_deal_ms >= before_ms;
        counts.then(|| self.state_of(row, before_ms))
    }

    /// The state of a row. It says nothing about whether the row was there.
    pub(super) fn state_of(&self, row: &RowHistory, before_ms: EpochMs) -> DealState {
        let moves = in_range(&self.moves, &row.moves);
        let later = moves.get(moves.partition_point(|seen| seen.seen_ms < before_ms));
        DealState {
            stage: later.map_or(row.stage, |later| later.from),
            fee: undone(&self.fees, &row.fees, row.fee, before_ms),
            odds: undone(&self.odds, &row.own_odds, row.odds, before_ms),
            listed: false,
            link: None,
        }
    }

    /// Whether the CRM listed a row, as seen before a moment.
    pub(super) fn is_live(&self, row: &RowHistory, before_ms: EpochMs) -> bool {
        let now = Some(i64::from(row.gone_ms >= before_ms));
        row.first_seen_ms < before_ms && undone(&self.presence, &row.presence, now, before_ms) == Some(1)
    }

    /// Whether the CRM listed a contact as a prospect, as seen before a moment.
    pub(super) fn is_prospect(&self, row: &RowHistory, before_ms: EpochMs) -> bool {
        self.is_live(row, before_ms) && self.type_at(row, before_ms) == Some(1)
    }

    fn type_at(&self, row: &RowHistory, before_ms: EpochMs) -> Option<i64> {
        undone(&self.contact_types, &row.contact_types, row.contact_type, before_ms)
    }

    /// The contact that a deal was linked to.
    fn link_at(&self, deal: &DealHistory, before_ms: EpochMs) -> Option<u32> {
        let link = undone(&self.deal_links, &deal.links, deal.link.map(i64::from), before_ms);
        link.and_then(|link| u32::try_from(link).ok())
    }

    /// The contact that a deal was linked to when it was first seen.
    pub(super) fn first_link(&self, deal: &DealHistory) -> Option<u32> {
        self.link_at(deal, deal.row.first_seen_ms + 1)
    }

    /// Whether a deal is a prospect's: by its contact's type, or by its own while the contact is gone. A deal without any type
    /// counts.
    fn is_prospects(&self, deal: &DealHistory, link: Option<u32>, before_ms: EpochMs) -> bool {
        let contact = link.and_then(|link| self.links[link as usize].1).map(|contact| &self.contacts[contact as usize]);
        let of_contact = contact.filter(|row| self.is_live(row, before_ms)).and_then(|row| self.type_at(row, before_ms));
        of_contact.or_else(|| self.type_at(&deal.row, before_ms)).unwrap_or(1) == 1
    }

    /// Why an item that existed before is not there before the moment.
    pub(crate) fn departure(&self, item: PipelineItem, before_ms: EpochMs) -> Departure {
        if let Some(deal) = item.deal.map(|deal| &self.deals[deal as usize]).filter(|deal| deal.row.first_seen_ms < before_ms) {
            let is_live = self.is_live(&deal.row, before_ms);
            return if is_live { Departure::NoLongerProspect } else { Departure::Removed };
        }
        let Some(row) = item.contact.map(|contact| &self.contacts[contact as usize]) else { return Departure::Removed };
        match () {
            () if row.had_deal_ms < before_ms => Departure::Merged,
            () if self.is_live(row, before_ms) => Departure::NoLongerProspect,
            () => Departure::Removed,
        }
    }

    /// When an item left, among the changes seen in a span.
    pub(crate) fn left_ms(&self, item: PipelineItem, span: Span) -> EpochMs {
        let contact = item.contact.map(|contact| &self.contacts[contact as usize]);
        let deal = item.deal.map(|deal| &self.deals[deal as usize]);
        let owners = deal.into_iter().flat_map(|deal| self.links_of(deal)).filter_map(|link| self.links[link as usize].1);
        let owners = owners.map(|contact| &self.contacts[contact as usize]);
        let rows: Vec<&RowHistory> = deal.map(|deal| &deal.row).into_iter().chain(contact).chain(owners).collect();
        let mut moments: Vec<EpochMs> = Vec::new();
        for row in rows {
            moments.extend([row.gone_ms, row.had_deal_ms]);
            moments.extend(in_range(&self.presence, &row.presence).iter().map(|change| change.seen_ms));
            moments.extend(in_range(&self.contact_types, &row.contact_types).iter().map(|change| change.at_ms));
        }
        moments.into_iter().filter(|ms| *ms < EpochMs::MAX && span.contains(*ms)).max().unwrap_or(span.from_ms)
    }

    /// Every contact that a deal is or was linked to.
    fn links_of<'a>(&'a self, deal: &'a DealHistory) -> impl Iterator<Item = u32> + 'a {
        let former = in_range(&self.deal_links, &deal.links).iter().filter_map(|change| change.old);
        deal.link.into_iter().chain(former.filter_map(|link| u32::try_from(link).ok()))
    }

    /// Whether the item was in the pipeline before a moment, even if it has left since.
    pub(crate) fn was_seen(&self, item: PipelineItem, before_ms: EpochMs) -> bool {
        self.first_seen_ms(item) < before_ms
    }

    /// When the item first was in the pipeline: when it was first seen, or became a prospect's.
    pub(crate) fn first_seen_ms(&self, item: PipelineItem) -> EpochMs {
        let rows = self.rows(item);
        let seen_ms = rows.iter().map(|row| row.first_seen_ms).min().unwrap_or(EpochMs::MAX);
        if seen_ms == EpochMs::MAX || self.state(item, seen_ms + 1).is_some() {
            return seen_ms;
        }
        let mut moments: Vec<EpochMs> = rows.iter().map(|row| row.first_seen_ms).collect();
        let owners = item.deal.into_iter().flat_map(|deal| self.links_of(&self.deals[deal as usize]));
        let owners = owners.filter_map(|link| self.links[link as usize].1).map(|contact| &self.contacts[contact as usize]);
        for row in rows.into_iter().chain(owners) {
            moments.extend(in_range(&self.contact_types, &row.contact_types).iter().map(|change| change.seen_ms));
            moments.extend(in_range(&self.presence, &row.presence).iter().map(|change| change.seen_ms));
        }
        moments.sort_unstable();
        moments.into_iter().find(|ms| self.state(item, *ms + 1).is_some()).unwrap_or(seen_ms)
    }

    /// The contact and the deal of an item.
    fn rows(&self, item: PipelineItem) -> Vec<&RowHistory> {
        let contact = item.contact.map(|contact| &self.contacts[contact as usize]);
        contact.into_iter().chain(item.deal.map(|deal| &self.deals[deal as usize].row)).collect()
    }

    /// When the item was created, if that was after the history began and not after it was first seen. Only then is the full
    /// length of its first stage stay known.
    pub(crate) fn seen_from_ms(&self, item: PipelineItem) -> Option<EpochMs> {
        let first_seen_ms = self.first_seen_ms(item);
        let deal = item.deal.map(|deal| &self.deals[deal as usize].row).filter(|deal| deal.first_seen_ms == first_seen_ms);
        let contact = item.contact.map(|contact| &self.contacts[contact as usize]);
        let row = deal.or(contact)?;
        row.created_ms.filter(|ms| self.begins_ms.is_some_and(|begins| *ms > begins) && *ms <= first_seen_ms)
    }

    /// When the contact was created, or else the deal.
    pub(crate) fn created_ms(&self, item: PipelineItem) -> Option<EpochMs> {
        let deal = item.deal.map(|deal| &self.deals[deal as usize]);
        let owner = || deal.and_then(|deal| self.links[deal.link? as usize].1);
        let contact = item.contact.or_else(owner).and_then(|contact| self.contacts[contact as usize].created_ms);
        contact.or_else(|| deal.and_then(|deal| deal.row.created_ms))
    }

    /// The contact and deal that an item's state belongs to.
    pub(crate) fn candidate(&self, item: PipelineItem, state: DealState) -> CandidateRef {
        if !state.listed {
            let contact = item.contact.map(|contact| ContactId::from(&*self.contacts[contact as usize].id));
            return CandidateRef { contact, deal: None };
        }
        CandidateRef {
            contact: state.link.map(|link| ContactId::from(&*self.links[link as usize].0)),
            deal: item.deal.map(|deal| DealId::from(&*self.deals[deal as usize].row.id)),
        }
    }

    /// Every move of the item from one stage to another, oldest first. A new deal record continues from its prospect's stage.
    pub(crate) fn transitions(&self, item: PipelineItem) -> Vec<StageTransition> {
        let mut moments: Vec<(EpochMs, Reverse<EpochMs>)> = Vec::new();
        for row in self.rows(item) {
            let moves = in_range(&self.moves, &row.moves);
            moments.extend(moves.iter().filter(|seen| !seen.renamed).map(|seen| (seen.seen_ms, Reverse(seen.at_ms))));
        }
        if let (Some(_), Some(deal)) = (item.contact, item.deal) {
            moments.push((self.deals[deal as usize].row.first_seen_ms, Reverse(EpochMs::MIN)));
        }
        moments.sort_unstable();
        moments.dedup_by_key(|(seen_ms, _)| *seen_ms);
        let transition = |(seen_ms, Reverse(at_ms)): (EpochMs, Reverse<EpochMs>)| {
            let (before, after) = (self.state(item, seen_ms)?, self.state(item, seen_ms + 1)?);
            let at_ms = if at_ms == EpochMs::MIN { seen_ms } else { at_ms };
            let is_move = !self.is_same(before.stage, after.stage);
            is_move.then_some(StageTransition { from: before.stage, to: after.stage, seen_ms, at_ms })
        };
        moments.into_iter().filter_map(transition).collect()
    }

    /// When the fee last changed, among the changes seen in a span.
    pub(crate) fn fee_changed_ms(&self, item: PipelineItem, span: Span) -> Option<EpochMs> {
        let changes = self.rows(item).into_iter().flat_map(|row| in_range(&self.fees, &row.fees));
        changes.filter(|change| span.contains(change.seen_ms)).map(|change| change.at_ms).max()
    }

    /// The number of deals the CRM listed, of every stage and contact type.
    pub(crate) fn listed_deals(&self, before_ms: EpochMs) -> i64 {
        let live = self.deals.iter().filter(|deal| self.is_live(&deal.row, before_ms)).count();
        i64::try_from(live).unwrap_or(i64::MAX)
    }
}

/// The part of a list that belongs to one row.
pub(super) fn in_range<'a, T>(list: &'a [T], range: &Range<u32>) -> &'a [T] {
    &list[range.start as usize..range.end as usize]
}

/// A value with the changes undone that were seen at the moment or later.
fn undone(changes: &[Change], range: &Range<u32>, now: Option<i64>, before_ms: EpochMs) -> Option<i64> {
    let changes = in_range(changes, range);
    changes.get(changes.partition_point(|change| change.seen_ms < before_ms)).map_or(now, |later| later.old)
}
