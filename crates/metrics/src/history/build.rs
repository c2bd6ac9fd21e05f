//! Builds a [`History`] from the stored rows and changes.

use std::ops::Range;

use tetherboard_domain::{Dataset, EpochMs, StageKey};
use tetherboard_store::history::{HistoryContact, HistoryDeal, LISTED, Transition, ValueChange};

use super::{Change, DealHistory, History, HistoryStage, Move, PipelineItem, RowHistory, StageInfo, StageRef};
use crate::board::{Board, StagePlace};

impl History {
    pub(super) fn add_contact(&mut self, seen: HistoryContact) {
        let row = self.row(seen, None);
        self.contacts.push(row);
    }

    pub(super) fn add_deal(&mut self, seen: HistoryDeal) {
        let row = self.row(seen.record, seen.odds);
        let link = seen.contact.map(|contact| self.link_id(contact.as_str()));
        self.deals.push(DealHistory { row, link, links: 0..0 });
    }

    fn row<Id: Into<String>>(&mut self, seen: HistoryContact<Id>, odds: Option<i64>) -> RowHistory {
        RowHistory {
            stage: self.stage_of_row(seen.stage_id, seen.stage),
            id: seen.crm_id.into().into_boxed_str(),
            created_ms: seen.created_ms,
            first_seen_ms: seen.first_seen_ms,
            gone_ms: seen.gone_ms.unwrap_or(EpochMs::MAX),
            had_deal_ms: seen.had_deal_ms.unwrap_or(EpochMs::MAX),
            contact_type: seen.contact_type,
            fee: seen.fee_cents,
            odds,
            moves: 0..0,
            fees: 0..0,
            own_odds: 0..0,
            contact_types: 0..0,
            presence: 0..0,
        }
    }

    fn stage_of_row(&mut self, id: Option<String>, name: Option<String>) -> u32 {
        let reference = id.map_or_else(|| StageRef::Text(name.clone()), StageRef::Id);
        self.stage_id(reference, name)
    }

    /// The stage at one end of a move, which has a key instead of the rows' spelling.
    fn stage_of_move(&mut self, id: Option<&String>, key: Option<&String>) -> u32 {
        match id {
            Some(id) if id.is_empty() => return self.stage_of_row(None, Some(String::new())),
            Some(id) => return self.stage_of_row(Some(id.clone()), key.cloned()),
            None => {}
        }
        let folded = key.map(|key| StageKey::of(key));
        let is_it = |stage: &HistoryStage| match &stage.reference {
            StageRef::Text(text) => text.as_deref().map(StageKey::of) == folded,
            StageRef::Id(_) => false,
        };
        // The exact spelling, if there is a row with it.
        let exact = self.stage_ids.get(&StageRef::Text(key.cloned())).copied();
        let known = exact.or_else(|| self.stages.iter().position(is_it).and_then(|at| u32::try_from(at).ok()));
        known.unwrap_or_else(|| self.stage_id(StageRef::Text(key.cloned()), key.cloned()))
    }

    fn stage_id(&mut self, reference: StageRef, name: Option<String>) -> u32 {
        if let Some(known) = self.stage_ids.get(&reference) {
            return *known;
        }
        let at = u32::try_from(self.stages.len()).unwrap_or(u32::MAX);
        self.stages.push(HistoryStage { reference: reference.clone(), name, same_as: at });
        self.stage_ids.insert(reference, at);
        at
    }

    fn link_id(&mut self, contact: &str) -> u32 {
        if let Some(known) = self.link_ids.get(contact) {
            return *known;
        }
        let at = u32::try_from(self.links.len()).unwrap_or(u32::MAX);
        self.links.push((contact.into(), None));
        self.link_ids.insert(contact.into(), at);
        at
    }

    /// Sorts the rows by ID, which adding changes requires.
    pub(super) fn order_rows(&mut self) {
        self.contacts.sort_by(|a, b| a.id.cmp(&b.id));
        self.deals.sort_by(|a, b| a.row.id.cmp(&b.row.id));
    }

    /// Adds a stage change. Changes of rows that are not in the history, such as other contact types, are skipped.
    pub(super) fn add_move(&mut self, seen: &Transition) {
        let Some((of, deal)) = self.row_of(seen.subject, &seen.crm_id) else { return };
        let from = self.stage_of_move(seen.from_id.as_ref(), seen.from.as_ref());
        let to = self.stage_of_move(seen.to_id.as_ref(), seen.to.as_ref());
        let (seen_ms, at_ms) = (seen.seen_after_ms, seen.at_ms);
        self.moves.push(Move { of, deal, from, to, renamed: seen.renamed, seen_ms, at_ms });
    }

    /// Adds a change of a value that a number depends on; other fields are skipped.
    pub(super) fn add_value(&mut self, change: &ValueChange) {
        let Some((of, deal)) = self.row_of(change.subject, &change.crm_id) else { return };
        let old = change.old.as_deref();
        let number = || old.and_then(|old| old.parse().ok());
        let (seen_ms, at_ms) = (change.seen_after_ms, change.at_ms);
        let new = |old| Change { of, deal, old, seen_ms, at_ms };
        match change.field.as_str() {
            "fee" => self.fees.push(new(number())),
            "odds" => self.odds.push(new(number())),
            "contact_type" => self.contact_types.push(new(number())),
            "presence" => self.presence.push(new(Some(i64::from(old == Some(LISTED))))),
            "contact" => {
                let old = old.map(|old| i64::from(self.link_id(old)));
                self.deal_links.push(new(old));
            }
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

    /// Sorts the changes, gives each row its range of them, and lists the pipeline items and what each stage was.
    pub(super) fn order_changes(&mut self) {
        self.moves.sort_by_key(|seen| (seen.deal, seen.of, seen.seen_ms));
        let lists = [&mut self.fees, &mut self.odds, &mut self.contact_types, &mut self.presence, &mut self.deal_links];
        for changes in lists {
            changes.sort_by_key(|change| (change.deal, change.of, change.seen_ms));
        }
        let (contacts, deals) = (&mut self.contacts, &mut self.deals);
        let of = |change: &Change| (change.deal, change.of);
        each_run(&self.moves, |seen| (seen.deal, seen.of), |key, run| row_mut(contacts, deals, key).moves = run);
        each_run(&self.fees, of, |key, run| row_mut(contacts, deals, key).fees = run);
        each_run(&self.odds, of, |key, run| row_mut(contacts, deals, key).own_odds = run);
        each_run(&self.contact_types, of, |key, run| row_mut(contacts, deals, key).contact_types = run);
        each_run(&self.presence, of, |key, run| row_mut(contacts, deals, key).presence = run);
        each_run(&self.deal_links, of, |(_, of), run| deals[of as usize].links = run);
        for (id, contact) in &mut self.links {
            *contact = at(&self.contacts, id, |row| row);
        }
        self.pipeline_items = self.all_items();
        self.describe_stages();
    }

    /// Each contact with the first of the deals that named it from the beginning, and the other deals.
    fn all_items(&self) -> Vec<PipelineItem> {
        let mut first_deals: Vec<Option<u32>> = vec![None; self.contacts.len()];
        let mut others = Vec::new();
        let mut ordered: Vec<u32> = (0..u32::try_from(self.deals.len()).unwrap_or(u32::MAX)).collect();
        ordered.sort_by_key(|deal| (self.deals[*deal as usize].row.first_seen_ms, *deal));
        for deal in ordered {
            let owner = self.first_link(&self.deals[deal as usize]).and_then(|link| self.links[link as usize].1);
            match owner.map(|owner| &mut first_deals[owner as usize]) {
                Some(first) if first.is_none() => *first = Some(deal),
                _ => others.push(PipelineItem { contact: None, deal: Some(deal) }),
            }
        }
        let paired = (0_u32..).zip(first_deals).map(|(contact, deal)| PipelineItem { contact: Some(contact), deal });
        paired.chain(others).collect()
    }

    fn describe_stages(&mut self) {
        let Some(boards) = &self.boards else { return };
        // A move has the key of a stage that the list did not have. Pages showed its spelling.
        let spelled: Vec<Option<&str>> = self
            .stages
            .iter()
            .map(|stage| {
                let name = stage.name.as_deref()?;
                let key = StageKey::of(name);
                Some(if key.0 == name { boards.spelling(&key).unwrap_or(name) } else { name })
            })
            .collect();
        let info = |version: usize, board: &Board, (stage, name): (&HistoryStage, &Option<&str>)| {
            let listed = match &stage.reference {
                StageRef::Id(id) => boards.place_with_id(version, id),
                StageRef::Text(_) => None,
            };
            let place = listed.unwrap_or_else(|| board.place(*name));
            StageInfo {
                label: board.label(&place).map(str::to_owned),
                role: board.role(&place),
                odds: board.stage(&place).and_then(|stage| stage.odds),
                place,
            }
        };
        self.infos = boards
            .boards()
            .enumerate()
            .map(|(version, board)| self.stages.iter().zip(&spelled).map(|stage| info(version, board, stage)).collect())
            .collect();
        let Some(now) = self.infos.last() else { return };
        let same = |a: &StagePlace, b: &StagePlace| match (a, b) {
            // Moves refer to a stage by its key only, so different spellings of one unlisted stage are the same stage.
            (StagePlace::Unlisted(a), StagePlace::Unlisted(b)) => StageKey::of(a) == StageKey::of(b),
            (a, b) => a == b,
        };
        for (at, stage) in self.stages.iter_mut().enumerate() {
            let first = now.iter().position(|info| same(&info.place, &now[at].place)).unwrap_or(at);
            stage.same_as = u32::try_from(first).unwrap_or(u32::MAX);
        }
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
