//! What was seen of every prospect and deal, told as it stood at any moment since the first whole read.
//!
//! The CRM keeps no history; the store keeps each row as it is now and every change that a read saw. A past state is the
//! present one with the later changes undone. What counts for a state is when a read first *saw* a change, so that a past
//! figure is the one that was shown then and never changes afterwards; when it *happened*, as far as is known, dates the
//! moves themselves.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;
use tetherboard_domain::{ContactId, Dataset, DealId, EpochMs, Odds, StageRole, TenantId, Window};
use tetherboard_store::history::{self as kept, HistoryContact, HistoryDeal, LinkedContact, Transition, ValueChange};
use tetherboard_store::{Conn, Result};

use crate::board::{Board, StagePlace};

/// Every prospect and deal that was ever seen, with their changes. Numbers take what they need from it and let it go.
#[derive(Debug, Default)]
pub struct History {
    /// When everything had been read whole for the first time.
    begins_ms: Option<EpochMs>,
    spots: Vec<Spot>,
    spot_of: HashMap<Option<String>, u32>,
    contacts: Vec<Track>,
    deals: Vec<DealTrack>,
    moves: Vec<Move>,
    fees: Vec<Change>,
    odds: Vec<Change>,
    units: Vec<Unit>,
    /// A contact and one of its deals, in the order of contacts and then of first sight.
    deals_of: Vec<(u32, u32)>,
}

/// Where one can stand, with what the board says of it today.
#[derive(Clone, Debug)]
pub struct Spot {
    pub place: StagePlace,
    /// As the CRM spells it; `None` for a value that is no text.
    pub label: Option<String>,
    pub role: StageRole,
    odds: Option<Odds>,
}

/// One row of the CRM through time.
#[derive(Debug)]
struct Track {
    id: Box<str>,
    created_ms: Option<EpochMs>,
    first_seen_ms: EpochMs,
    /// [`EpochMs::MAX`] while it is there.
    gone_ms: EpochMs,
    spot: u32,
    fee: Option<i64>,
    odds: Option<i64>,
    moves: Range<u32>,
    fees: Range<u32>,
    own_odds: Range<u32>,
}

#[derive(Debug)]
struct DealTrack {
    track: Track,
    contact_type: Option<i64>,
    contact: Option<LinkedContact>,
    /// Its contact among the prospects.
    prospect: Option<u32>,
}

#[derive(Debug)]
struct Move {
    of: u32,
    deal: bool,
    from: u32,
    to: u32,
    seen_ms: EpochMs,
    at_ms: EpochMs,
}

#[derive(Debug)]
struct Change {
    of: u32,
    deal: bool,
    old: Option<i64>,
    seen_ms: EpochMs,
    at_ms: EpochMs,
}

/// A deal of a prospect, whether the CRM lists it or the prospect stands for it. A prospect and their first deal are one: that the
/// CRM lists what the prospect stood for before neither loses nor wins anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    contact: Option<u32>,
    deal: Option<u32>,
    implicit: bool,
}

/// How a unit stood at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) spot: u32,
    pub(crate) fee: Option<i64>,
    pub(crate) odds: Option<i64>,
    /// Whether the CRM lists the deal.
    listed: bool,
}

/// A unit that came from one stage into another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) seen_ms: EpochMs,
    pub(crate) at_ms: EpochMs,
}

/// Whom a row of history is about, by the CRM's ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Who {
    pub contact: Option<ContactId>,
    /// `None`: the deal that a prospect without any stands for.
    pub deal: Option<DealId>,
}

/// A window in milliseconds, the second excluded. It is open at its end where the data ends inside it, so that it closes at what
/// the page shows now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from_ms: EpochMs,
    pub until_ms: EpochMs,
}

impl Span {
    /// `as_of` is where the data ends.
    pub fn of(window: Window, as_of: Option<Timestamp>) -> Self {
        let is_current = as_of.is_none_or(|as_of| window.until >= as_of);
        Self { from_ms: window.from_ms(), until_ms: if is_current { EpochMs::MAX } else { window.until_ms() } }
    }

    pub fn holds(&self, ms: EpochMs) -> bool {
        (self.from_ms..self.until_ms).contains(&ms)
    }
}

impl History {
    pub async fn load<C: Conn>(conn: &C, tenant: TenantId, board: &Board) -> Result<Self> {
        let mut history = Self { begins_ms: kept::start_ms(conn, tenant).await?, ..Self::default() };
        kept::each_contact(conn, tenant, |seen| history.add_contact(board, seen)).await?;
        kept::each_deal(conn, tenant, |seen| history.add_deal(board, seen)).await?;
        history.order_rows();
        for subject in [Dataset::Contacts, Dataset::Deals] {
            kept::each_transition(conn, tenant, subject, |seen| history.add_move(board, &seen)).await?;
            kept::each_value_change(conn, tenant, subject, |change| history.add_value(&change)).await?;
        }
        history.order_changes();
        Ok(history)
    }

    /// A history of records that stand in memory.
    pub fn of(
        board: &Board,
        begins_ms: Option<EpochMs>,
        contacts: Vec<HistoryContact>,
        deals: Vec<HistoryDeal>,
        moves: &[Transition],
        values: &[ValueChange],
    ) -> Self {
        let mut history = Self { begins_ms, ..Self::default() };
        contacts.into_iter().for_each(|seen| history.add_contact(board, seen));
        deals.into_iter().for_each(|seen| history.add_deal(board, seen));
        history.order_rows();
        moves.iter().for_each(|seen| history.add_move(board, seen));
        values.iter().for_each(|change| history.add_value(change));
        history.order_changes();
        history
    }

    fn add_contact(&mut self, board: &Board, seen: HistoryContact) {
        let track = self.track(board, seen, None);
        self.contacts.push(track);
    }

    fn add_deal(&mut self, board: &Board, seen: HistoryDeal) {
        let track = self.track(board, seen.record, seen.odds);
        self.deals.push(DealTrack { track, contact_type: seen.contact_type, contact: seen.contact, prospect: None });
    }

    fn track<Id: Into<String>>(&mut self, board: &Board, seen: HistoryContact<Id>, odds: Option<i64>) -> Track {
        Track {
            spot: self.spot_at(board, seen.stage.as_deref()),
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

    fn spot_at(&mut self, board: &Board, stage: Option<&str>) -> u32 {
        if let Some(known) = self.spot_of.get(&stage.map(str::to_owned)) {
            return *known;
        }
        let place = board.place(stage);
        let same = |spot: &Spot| match (&spot.place, &place) {
            // The history knows keys alone, so that spellings of one unlisted stage are one here.
            (StagePlace::Unlisted(known), StagePlace::Unlisted(text)) => known.to_lowercase() == text.to_lowercase(),
            (known, place) => known == place,
        };
        let at = self.spots.iter().position(same).unwrap_or_else(|| {
            let stage = board.stage(&place);
            self.spots.push(Spot {
                label: board.label(&place).map(str::to_owned),
                role: board.role(&place),
                odds: stage.and_then(|stage| stage.odds),
                place,
            });
            self.spots.len() - 1
        });
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.spot_of.insert(stage.map(str::to_owned), at);
        at
    }

    /// Rows must be in the order of their ids before changes are added to them.
    fn order_rows(&mut self) {
        self.contacts.sort_by(|a, b| a.id.cmp(&b.id));
        self.deals.sort_by(|a, b| a.track.id.cmp(&b.track.id));
        for deal in &mut self.deals {
            deal.prospect = deal.contact.as_ref().and_then(|contact| at(&self.contacts, contact.crm_id.as_str(), |track| track));
        }
        let of = |(at, deal): (usize, &DealTrack)| Some((deal.prospect?, u32::try_from(at).ok()?));
        self.deals_of = self.deals.iter().enumerate().filter_map(of).collect();
        let first_seen = |deal: u32| self.deals.get(deal as usize).map(|deal| deal.track.first_seen_ms);
        self.deals_of.sort_by_key(|(contact, deal)| (*contact, first_seen(*deal), *deal));
        self.units = self.all_units();
    }

    fn all_units(&self) -> Vec<Unit> {
        let mut units = Vec::with_capacity(self.contacts.len() + self.deals.len());
        for contact in 0..u32::try_from(self.contacts.len()).unwrap_or(u32::MAX) {
            let deals = self.deals_of(contact);
            units.push(Unit { contact: Some(contact), deal: deals.first().map(|(_, deal)| *deal), implicit: true });
            let others = deals.iter().skip(1);
            units.extend(others.map(|(_, deal)| Unit { contact: Some(contact), deal: Some(*deal), implicit: false }));
        }
        let alone = (0_u32..).zip(&self.deals).filter(|(_, deal)| deal.prospect.is_none());
        units.extend(alone.map(|(deal, _)| Unit { contact: None, deal: Some(deal), implicit: false }));
        units
    }

    fn deals_of(&self, contact: u32) -> &[(u32, u32)] {
        let from = self.deals_of.partition_point(|(of, _)| *of < contact);
        let until = self.deals_of.partition_point(|(of, _)| *of <= contact);
        &self.deals_of[from..until]
    }

    /// Changes of those whom the history does not know, other contact types for one, are passed over.
    fn add_move(&mut self, board: &Board, seen: &Transition) {
        let Some((of, deal)) = self.row_of(seen.subject, &seen.crm_id) else { return };
        let (from, to) = (self.spot_at(board, seen.from.as_deref()), self.spot_at(board, seen.to.as_deref()));
        self.moves.push(Move { of, deal, from, to, seen_ms: seen.seen_after_ms, at_ms: seen.at_ms });
    }

    fn add_value(&mut self, change: &ValueChange) {
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
            Dataset::Contacts => Some((at(&self.contacts, crm_id, |track| track)?, false)),
            Dataset::Deals => Some((at(&self.deals, crm_id, |deal| &deal.track)?, true)),
            _ => None,
        }
    }

    fn order_changes(&mut self) {
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

fn at<T>(rows: &[T], id: &str, track: impl Fn(&T) -> &Track) -> Option<u32> {
    let found = rows.binary_search_by(|row| (*track(row).id).cmp(id)).ok()?;
    u32::try_from(found).ok()
}

fn row_mut<'a>(contacts: &'a mut [Track], deals: &'a mut [DealTrack], (deal, of): (bool, u32)) -> &'a mut Track {
    if deal { &mut deals[of as usize].track } else { &mut contacts[of as usize] }
}

/// Tells of each run of neighbours with one key where it begins and ends.
fn each_run<T, K: PartialEq>(all: &[T], key: impl Fn(&T) -> K, mut tell: impl FnMut(K, Range<u32>)) {
    let mut start = 0_u32;
    for run in all.chunk_by(|a, b| key(a) == key(b)) {
        let end = start + u32::try_from(run.len()).unwrap_or(u32::MAX);
        tell(key(&run[0]), start..end);
        start = end;
    }
}

// Asked at a moment ------------------------------------------------------------------------------------------------------

impl History {
    /// Approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        let text = size_of::<String>() + 16;
        size_of::<Self>()
            + size_of_val(&*self.spots)
            + self.spots.len() * 2 * text
            + size_of_val(&*self.contacts)
            + self.contacts.len() * text
            + size_of_val(&*self.deals)
            + self.deals.len() * text
            + size_of_val(&*self.moves)
            + size_of_val(&*self.fees)
            + size_of_val(&*self.odds)
            + size_of_val(&*self.units)
            + size_of_val(&*self.deals_of)
    }

    /// The first moment that can be asked for; `None` before the first whole read.
    pub fn begins_ms(&self) -> Option<EpochMs> {
        self.begins_ms.map(|ms| ms + 1)
    }

    /// The part of a span that is known; `None` when there is no history in it.
    pub fn known(&self, span: Span) -> Option<Span> {
        let known = Span { from_ms: span.from_ms.max(self.begins_ms()?), ..span };
        (known.from_ms <= known.until_ms).then_some(known)
    }

    pub fn spot(&self, spot: u32) -> &Spot {
        &self.spots[spot as usize]
    }

    pub(crate) fn is_open(&self, spot: u32) -> bool {
        self.spot(spot).role.is_open()
    }

    /// What a fee weighs: by the deal's own odds, else its stage's, else nothing.
    pub(crate) fn odds_of(&self, standing: Standing) -> Option<Odds> {
        standing.odds.and_then(Odds::from_hundredths).or_else(|| self.spot(standing.spot).odds)
    }

    pub(crate) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// How a unit stood, by what had been seen before the moment; `None` when it was not there.
    pub(crate) fn standing(&self, unit: Unit, before_ms: EpochMs) -> Option<Standing> {
        if let Some(deal) = unit.deal.map(|deal| &self.deals[deal as usize]).filter(|deal| is_live(&deal.track, before_ms)) {
            return is_prospects(deal, before_ms).then(|| self.standing_of(&deal.track, before_ms, true));
        }
        let contact = unit.contact.filter(|_| unit.implicit)?;
        let has_deal = |(_, deal): &(u32, u32)| is_live(&self.deals[*deal as usize].track, before_ms);
        if !is_live(&self.contacts[contact as usize], before_ms) || self.deals_of(contact).iter().any(has_deal) {
            return None;
        }
        Some(self.standing_of(&self.contacts[contact as usize], before_ms, false))
    }

    fn standing_of(&self, track: &Track, before_ms: EpochMs, listed: bool) -> Standing {
        let moves = &self.moves[track.moves.start as usize..track.moves.end as usize];
        let later = moves.get(moves.partition_point(|seen| seen.seen_ms < before_ms));
        let undone = |changes: &[Change], range: &Range<u32>, now: Option<i64>| {
            let changes = &changes[range.start as usize..range.end as usize];
            changes.get(changes.partition_point(|change| change.seen_ms < before_ms)).map_or(now, |later| later.old)
        };
        Standing {
            spot: later.map_or(track.spot, |later| later.from),
            fee: undone(&self.fees, &track.fees, track.fee),
            odds: undone(&self.odds, &track.own_odds, track.odds),
            listed,
        }
    }

    /// Whether the unit had been seen before a moment, whatever became of it.
    pub(crate) fn was_seen(&self, unit: Unit, before_ms: EpochMs) -> bool {
        self.first_seen_ms(unit) < before_ms
    }

    pub(crate) fn first_seen_ms(&self, unit: Unit) -> EpochMs {
        let contact = unit.contact.filter(|_| unit.implicit).map(|contact| self.contacts[contact as usize].first_seen_ms);
        let deal = unit.deal.map(|deal| self.deals[deal as usize].track.first_seen_ms);
        contact.into_iter().chain(deal).min().unwrap_or(EpochMs::MAX)
    }

    /// When it was created, if that was since the history began and before it was first seen: then its first stay was seen whole.
    pub(crate) fn seen_from_ms(&self, unit: Unit) -> Option<EpochMs> {
        let first_seen_ms = self.first_seen_ms(unit);
        let deal = unit.deal.map(|deal| &self.deals[deal as usize].track).filter(|deal| deal.first_seen_ms == first_seen_ms);
        let contact = unit.contact.filter(|_| unit.implicit).map(|contact| &self.contacts[contact as usize]);
        let track = deal.or(contact)?;
        track.created_ms.filter(|ms| self.begins_ms.is_some_and(|begins| *ms > begins) && *ms <= first_seen_ms)
    }

    /// When the candidate was created, else the deal.
    pub(crate) fn created_ms(&self, unit: Unit) -> Option<EpochMs> {
        let deal = unit.deal.map(|deal| &self.deals[deal as usize]);
        let contact = unit.contact.and_then(|contact| self.contacts[contact as usize].created_ms);
        let joined = || deal.and_then(|deal| deal.contact.as_ref()).and_then(|contact| contact.created_ms);
        contact.or_else(joined).or_else(|| deal.and_then(|deal| deal.track.created_ms))
    }

    /// Whom it is about, as it stood then.
    pub(crate) fn who(&self, unit: Unit, standing: Standing) -> Who {
        let deal = unit.deal.map(|deal| &self.deals[deal as usize]);
        let joined = || deal.and_then(|deal| deal.contact.as_ref()).map(|contact| contact.crm_id.clone());
        Who {
            contact: unit.contact.map(|contact| ContactId::from(&*self.contacts[contact as usize].id)).or_else(joined),
            deal: deal.filter(|_| standing.listed).map(|deal| DealId::from(&*deal.track.id)),
        }
    }

    /// Every stage that the unit was seen to leave for another, oldest first. A deal that the CRM lists anew goes on from where its
    /// prospect stood.
    pub(crate) fn passages(&self, unit: Unit) -> Vec<Passage> {
        let tracks = unit.contact.filter(|_| unit.implicit).map(|contact| &self.contacts[contact as usize]);
        let tracks = tracks.into_iter().chain(unit.deal.map(|deal| &self.deals[deal as usize].track));
        let mut moments: Vec<(EpochMs, Reverse<EpochMs>)> = Vec::new();
        for track in tracks {
            let moves = &self.moves[track.moves.start as usize..track.moves.end as usize];
            moments.extend(moves.iter().map(|seen| (seen.seen_ms, Reverse(seen.at_ms))));
        }
        if unit.implicit
            && let Some(contact) = unit.contact
        {
            for (_, deal) in self.deals_of(contact) {
                let track = &self.deals[*deal as usize].track;
                moments.push((track.first_seen_ms, Reverse(EpochMs::MIN)));
                moments.push((track.gone_ms, Reverse(EpochMs::MIN)));
            }
        }
        moments.sort_unstable();
        moments.dedup_by_key(|(seen_ms, _)| *seen_ms);
        let passage = |(seen_ms, Reverse(at_ms)): (EpochMs, Reverse<EpochMs>)| {
            let (before, after) = (self.standing(unit, seen_ms)?, self.standing(unit, seen_ms + 1)?);
            let at_ms = if at_ms == EpochMs::MIN { seen_ms } else { at_ms };
            (before.spot != after.spot).then_some(Passage { from: before.spot, to: after.spot, seen_ms, at_ms })
        };
        moments.into_iter().filter_map(passage).collect()
    }

    /// When the fee changed last among the changes seen in a span.
    pub(crate) fn fee_changed_ms(&self, unit: Unit, span: Span) -> Option<EpochMs> {
        let tracks = unit.contact.filter(|_| unit.implicit).map(|contact| &self.contacts[contact as usize]);
        let tracks = tracks.into_iter().chain(unit.deal.map(|deal| &self.deals[deal as usize].track));
        let changes = tracks.flat_map(|track| &self.fees[track.fees.start as usize..track.fees.end as usize]);
        changes.filter(|change| span.holds(change.seen_ms)).map(|change| change.at_ms).max()
    }

    /// When it was taken for gone, of one that is.
    pub(crate) fn gone_ms(&self, unit: Unit) -> Option<EpochMs> {
        let deal = unit.deal.map(|deal| self.deals[deal as usize].track.gone_ms);
        let contact = unit.contact.filter(|_| unit.implicit).map(|contact| self.contacts[contact as usize].gone_ms);
        deal.into_iter().chain(contact).filter(|ms| *ms < EpochMs::MAX).max()
    }

    /// The deals of every stage and type that the CRM listed.
    pub(crate) fn listed_deals(&self, before_ms: EpochMs) -> i64 {
        let live = self.deals.iter().filter(|deal| is_live(&deal.track, before_ms)).count();
        i64::try_from(live).unwrap_or(i64::MAX)
    }
}

fn is_live(track: &Track, before_ms: EpochMs) -> bool {
    track.first_seen_ms < before_ms && track.gone_ms >= before_ms
}

/// By its contact's type, or by its own while that contact is not there; a deal whose type nobody tells is kept.
fn is_prospects(deal: &DealTrack, before_ms: EpochMs) -> bool {
    let there = |contact: &&LinkedContact| {
        contact.first_seen_ms < before_ms && contact.gone_ms.is_none_or(|gone_ms| gone_ms >= before_ms)
    };
    let contact_type = deal.contact.as_ref().filter(there).and_then(|contact| contact.contact_type);
    contact_type.or(deal.contact_type).unwrap_or(1) == 1
}

// Prospects --------------------------------------------------------------------------------------------------------------

/// A prospect's own way, whatever deals they have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prospect<'a> {
    history: &'a History,
    track: &'a Track,
}

impl History {
    pub(crate) fn prospects(&self) -> impl Iterator<Item = Prospect<'_>> {
        self.contacts.iter().map(|track| Prospect { history: self, track })
    }
}

impl<'a> Prospect<'a> {
    pub(crate) fn id(&self) -> &'a str {
        &self.track.id
    }

    pub(crate) fn created_ms(&self) -> Option<EpochMs> {
        self.track.created_ms
    }

    pub(crate) fn is_there(&self, before_ms: EpochMs) -> bool {
        is_live(self.track, before_ms)
    }

    /// Where they stood, by what had been seen before the moment.
    pub(crate) fn spot(&self, before_ms: EpochMs) -> u32 {
        self.history.standing_of(self.track, before_ms, false).spot
    }

    /// The stages that they were seen in, in order.
    pub(crate) fn spots(&self) -> impl Iterator<Item = u32> + 'a {
        let moves = &self.history.moves[self.track.moves.start as usize..self.track.moves.end as usize];
        let first = moves.first().map_or(self.track.spot, |seen| seen.from);
        // Between two seen moves a value may have been no move at all, so both ends of each count.
        let ends = moves.iter().flat_map(|seen| [seen.from, seen.to]);
        std::iter::once(first).chain(ends).chain([self.track.spot])
    }

    /// When their last move was that was seen in a span.
    pub(crate) fn moved_ms(&self, span: Span) -> Option<EpochMs> {
        let moves = &self.history.moves[self.track.moves.start as usize..self.track.moves.end as usize];
        moves.iter().rev().find(|seen| span.holds(seen.seen_ms)).map(|seen| seen.at_ms)
    }
}
