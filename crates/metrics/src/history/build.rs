//! Builds a [`History`] from the stored rows and changes.

use std::ops::Range;

use tetherboard_domain::{Dataset, EpochMs};
use tetherboard_store::history::{HistoryContact, HistoryDeal, Transition, ValueChange};

use super::{Change, DealHistory, History, Move, PipelineItem, RowHistory, StageInfo};
use crate::board::{Board, StagePlace};

impl History {
    pub(super) fn add_contact(&mut self, board: &Board, seen: HistoryContact) {
        let row = self.row(board, seen, None);
        self.contacts.push(row);
    }

    pub(super) fn add_deal(&mut self, board: &Board, seen: HistoryDeal) {
        let row = self.row(board, seen.record, seen.odds);
        self.deals.push(DealHistory { row, contact_type: seen.contact_type, contact: seen.contact, prospect: None });
    }

    fn row<Id: Into<String>>(&mut self, board: &Board, seen: HistoryContact<Id>, odds: Option<i64>) -> RowHistory {
        RowHistory {
            stage: self.stage_id(board, seen.stage.as_deref()),
            id: seen.crm_id.into().into_boxed_str(),
            created_ms: seen.created_ms,
            first_seen_ms: seen.first_seen_ms,
            gone_ms: seen.gone_ms.unwrap_or(EpochMs::MAX),
            fee: seen.fee_cents,
            odds,
            moves: 0..0,
            fees: 0..0,
            own_odds: 0..0,
        }
    }

    fn stage_id(&mut self, board: &Board, stage: Option<&str>) -> u32 {
        if let Some(known) = self.stage_ids.get(&stage.map(str::to_owned)) {
            return *known;
        }
        let place = board.place(stage);
        let same = |stage: &StageInfo| match (&stage.place, &place) {
            // Changes refer to a stage by its key only, so different spellings of one unlisted stage are the same stage.
            (StagePlace::Unlisted(known), StagePlace::Unlisted(text)) => known.to_lowercase() == text.to_lowercase(),
            (known, place) => known == place,
        };
        let at = self.stages.iter().position(same).unwrap_or_else(|| {
            let stage = board.stage(&place);
            self.stages.push(StageInfo {
                label: board.label(&place).map(str::to_owned),
                role: board.role(&place),
                odds: stage.and_then(|stage| stage.odds),
                place,
            });
            self.stages.len() - 1
        });
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.stage_ids.insert(stage.map(str::to_owned), at);
        at
    }

    /// Sorts the rows by ID, which adding changes requires, and lists the pipeline items.
    pub(super) fn order_rows(&mut self) {
        self.contacts.sort_by(|a, b| a.id.cmp(&b.id));
        self.deals.sort_by(|a, b| a.row.id.cmp(&b.row.id));
        for deal in &mut self.deals {
            deal.prospect = deal.contact.as_ref().and_then(|contact| at(&self.contacts, contact.crm_id.as_str(), |row| row));
        }
        let of = |(at, deal): (usize, &DealHistory)| Some((deal.prospect?, u32::try_from(at).ok()?));
        self.deals_of = self.deals.iter().enumerate().filter_map(of).collect();
        let first_seen = |deal: u32| self.deals.get(deal as usize).map(|deal| deal.row.first_seen_ms);
        self.deals_of.sort_by_key(|(contact, deal)| (*contact, first_seen(*deal), *deal));
        self.pipeline_items = self.all_items();
    }

    fn all_items(&self) -> Vec<PipelineItem> {
        let mut items = Vec::with_capacity(self.contacts.len() + self.deals.len());
        for contact in 0..u32::try_from(self.contacts.len()).unwrap_or(u32::MAX) {
            let deals = self.deals_of(contact);
            items.push(PipelineItem { contact: Some(contact), deal: deals.first().map(|(_, deal)| *deal), implicit: true });
            let others = deals.iter().skip(1);
            items.extend(others.map(|(_, deal)| PipelineItem { contact: Some(contact), deal: Some(*deal), implicit: false }));
        }
        let alone = (0_u32..).zip(&self.deals).filter(|(_, deal)| deal.prospect.is_none());
        items.extend(alone.map(|(deal, _)| PipelineItem { contact: None, deal: Some(deal), implicit: false }));
        items
    }

    pub(super) fn deals_of(&self, contact: u32) -> &[(u32, u32)] {
        let from = self.deals_of.partition_point(|(of, _)| *of < contact);
        let until = self.deals_of.partition_point(|(of, _)| *of <= contact);
        &self.deals_of[from..until]
    }

    /// Adds a stage change. Changes of rows that are not in the history, such as other contact types, are skipped.
    pub(super) fn add_move(&mut self, board: &Board, seen: &Transition) {
        let Some((of, deal)) = self.row_of(seen.subject, &seen.crm_id) else { return };
        let (from, to) = (self.stage_id(board, seen.from.as_deref()), self.stage_id(board, seen.to.as_deref()));
        self.moves.push(Move { of, deal, from, to, seen_ms: seen.seen_after_ms, at_ms: seen.at_ms });
    }

    /// Adds a change of a fee or of odds; other fields are skipped.
    pub(super) fn add_value(&mut self, change: &ValueChange) {
        let Some((of, deal)) = self.row_of(change.subject, &change.crm_id) else { return };
        let old = change.old.as_deref().and_then(|old| old.parse().ok());
        let change_of = Change { of, deal, old, seen_ms: change.seen_after_ms, at_ms: change.at_ms };
        match change.field.as_str() {
            "fee" => self.fees.push(change_of),
            "odds" => self.odds.push(change_of),
            _ => {}
        }
    }

    fn row_of(&self, subject: Dataset, crm_id: &str) -> Option<(u32, bool)> {
        match subject {
            Dataset::Contacts => Some((at(&self.contacts, crm_id, |row| row)?, false)),
            Dataset::Deals => Some((at(&self.deals, crm_id, |deal| &deal.row)?, true)),
            _ => None,
        }
    }

    /// Sorts the changes and gives each row its range of them.
    pub(super) fn order_changes(&mut self) {
        self.moves.sort_by_key(|seen| (seen.deal, seen.of, seen.seen_ms));
        for changes in [&mut self.fees, &mut self.odds] {
            changes.sort_by_key(|change| (change.deal, change.of, change.seen_ms));
        }
        let (contacts, deals) = (&mut self.contacts, &mut self.deals);
        each_run(&self.moves, |seen| (seen.deal, seen.of), |key, run| row_mut(contacts, deals, key).moves = run);
        each_run(&self.fees, |change| (change.deal, change.of), |key, run| row_mut(contacts, deals, key).fees = run);
        each_run(&self.odds, |change| (change.deal, change.of), |key, run| row_mut(contacts, deals, key).own_odds = run);
    }
}

/// The index of a row by its ID, in rows sorted by ID.
fn at<T>(rows: &[T], id: &str, history: impl Fn(&T) -> &RowHistory) -> Option<u32> {
    let found = rows.binary_search_by(|row| (*history(row).id).cmp(id)).ok()?;
    u32::try_from(found).ok()
}

fn row_mut<'a>(contacts: &'a mut [RowHistory], deals: &'a mut [DealHistory], (deal, of): (bool, u32)) -> &'a mut RowHistory {
    if deal { &mut deals[of as usize].row } else { &mut contacts[of as usize] }
}

/// Calls `visit` with the key and range of each run of adjacent elements with the same key.
fn each_run<T, K: PartialEq>(all: &[T], key: impl Fn(&T) -> K, mut visit: impl FnMut(K, Range<u32>)) {
    let mut start = 0_u32;
    for run in all.chunk_by(|a, b| key(a) == key(b)) {
        let end = start + u32::try_from(run.len()).unwrap_or(u32::MAX);
        visit(key(&run[0]), start..end);
        start = end;
    }
}
