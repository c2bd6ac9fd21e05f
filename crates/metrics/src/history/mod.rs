//! The recorded history of every prospect and deal, and their state at any moment since the first complete read.
//!
//! The CRM keeps no history. The store keeps each row as it is now and every change that a read detected, so a past state is
//! the current one with the later changes undone. A past state includes a change from the moment a read first *saw* it, so a
//! past number is what was shown then and never changes later. When a change *happened*, as far as known, dates the moves
//! themselves.

mod build;
mod deal_state;
mod prospect;

use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;
use tetherboard_domain::{ContactId, Dataset, DealId, EpochMs, Odds, StageRole, TenantId, Window};
use tetherboard_store::history::{self as stored, HistoryContact, HistoryDeal, LinkedContact, Transition, ValueChange};
use tetherboard_store::{Conn, Result};

pub(crate) use prospect::Prospect;

use crate::board::{Board, StagePlace};

/// Every prospect and deal ever seen, with their changes. Rows refer to each other by index to keep it small.
#[derive(Debug, Default)]
pub struct History {
    /// When every dataset had been read completely for the first time.
    begins_ms: Option<EpochMs>,
    /// Every stage that occurs, each once.
    stages: Vec<StageInfo>,
    /// The index in `stages` by the stage's text or key.
    stage_ids: HashMap<Option<String>, u32>,
    contacts: Vec<RowHistory>,
    deals: Vec<DealHistory>,
    moves: Vec<Move>,
    fees: Vec<Change>,
    odds: Vec<Change>,
    pipeline_items: Vec<PipelineItem>,
    /// A contact and one of its deals, ordered by contact and then by when the deal was first seen.
    deals_of: Vec<(u32, u32)>,
}

/// A stage that occurs in the history, with its role and odds of today.
#[derive(Clone, Debug)]
pub struct StageInfo {
    pub place: StagePlace,
    /// In the CRM's spelling; `None` for a value that is not text.
    pub label: Option<String>,
    pub role: StageRole,
    odds: Option<Odds>,
}

/// One CRM row with its changes.
#[derive(Debug)]
struct RowHistory {
    id: Box<str>,
    created_ms: Option<EpochMs>,
    first_seen_ms: EpochMs,
    /// [`EpochMs::MAX`] while the CRM lists it.
    gone_ms: EpochMs,
    /// The current stage.
    stage: u32,
    fee: Option<i64>,
    odds: Option<i64>,
    /// Its range in [`History::moves`], [`History::fees`], and [`History::odds`].
    moves: Range<u32>,
    fees: Range<u32>,
    own_odds: Range<u32>,
}

/// A CRM deal with its changes and its contact.
#[derive(Debug)]
struct DealHistory {
    row: RowHistory,
    contact_type: Option<i64>,
    contact: Option<LinkedContact>,
    /// Its contact's index among the prospects.
    prospect: Option<u32>,
}

/// A stage change of one row.
#[derive(Debug)]
struct Move {
    /// The row's index, and whether it is a deal's or a contact's.
    of: u32,
    deal: bool,
    from: u32,
    to: u32,
    /// When a read first saw it.
    seen_ms: EpochMs,
    /// When it happened, as far as known.
    at_ms: EpochMs,
}

/// A change of a fee (cents) or of odds (hundredths of a percent).
#[derive(Debug)]
struct Change {
    of: u32,
    deal: bool,
    old: Option<i64>,
    seen_ms: EpochMs,
    at_ms: EpochMs,
}

/// A deal in the pipeline: one the CRM lists, or the implicit deal of a prospect who has none. A prospect and their first deal
/// are one item, so creating a deal record for a prospect adds and removes nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PipelineItem {
    /// Indexes of the contact and of the CRM's deal.
    contact: Option<u32>,
    deal: Option<u32>,
    /// Whether the contact counts as a deal while it has none.
    implicit: bool,
}

/// The state of a pipeline item at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DealState {
    /// The stage's index.
    pub(crate) stage: u32,
    /// In cents.
    pub(crate) fee: Option<i64>,
    /// The deal's own, in hundredths of a percent.
    pub(crate) odds: Option<i64>,
    /// Whether the CRM lists the deal.
    listed: bool,
}

/// A pipeline item's move from one stage to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StageTransition {
    /// The stages' indexes.
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// When a read first saw it.
    pub(crate) seen_ms: EpochMs,
    /// When it happened, as far as known.
    pub(crate) at_ms: EpochMs,
}

/// The contact and deal that a row of history belongs to, by the CRM's IDs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CandidateRef {
    pub contact: Option<ContactId>,
    /// `None`: the implicit deal of a prospect without deals.
    pub deal: Option<DealId>,
}

/// A window in milliseconds, end excluded. When the data ends inside the window its end is open ([`EpochMs::MAX`]), so it
/// closes at what the page shows now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from_ms: EpochMs,
    pub until_ms: EpochMs,
}

impl Span {
    /// The span of a window; `as_of` is where the data ends.
    pub fn of(window: Window, as_of: Option<Timestamp>) -> Self {
        let is_current = as_of.is_none_or(|as_of| window.until >= as_of);
        Self { from_ms: window.from_ms(), until_ms: if is_current { EpochMs::MAX } else { window.until_ms() } }
    }

    /// Whether a moment is in the span.
    pub fn contains(&self, ms: EpochMs) -> bool {
        (self.from_ms..self.until_ms).contains(&ms)
    }
}

impl History {
    /// Loads the complete history of a brand.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load<C: Conn>(conn: &C, tenant: TenantId, board: &Board) -> Result<Self> {
        let mut history = Self { begins_ms: stored::start_ms(conn, tenant).await?, ..Self::default() };
        stored::each_contact(conn, tenant, |seen| history.add_contact(board, seen)).await?;
        stored::each_deal(conn, tenant, |seen| history.add_deal(board, seen)).await?;
        history.order_rows();
        for subject in [Dataset::Contacts, Dataset::Deals] {
            stored::each_transition(conn, tenant, subject, |seen| history.add_move(board, &seen)).await?;
            stored::each_value_change(conn, tenant, subject, |change| history.add_value(&change)).await?;
        }
        history.order_changes();
        Ok(history)
    }

    /// A history of records in memory.
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

    /// Approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        let text = size_of::<String>() + 16;
        size_of::<Self>()
            + size_of_val(&*self.stages)
            + self.stages.len() * 2 * text
            + size_of_val(&*self.contacts)
            + self.contacts.len() * text
            + size_of_val(&*self.deals)
            + self.deals.len() * text
            + size_of_val(&*self.moves)
            + size_of_val(&*self.fees)
            + size_of_val(&*self.odds)
            + size_of_val(&*self.pipeline_items)
            + size_of_val(&*self.deals_of)
    }

    /// The first moment that has history; `None` before the first complete read.
    pub fn begins_ms(&self) -> Option<EpochMs> {
        self.begins_ms.map(|ms| ms + 1)
    }

    /// The part of a span that has history; `None` when no part has.
    pub fn clip(&self, span: Span) -> Option<Span> {
        let clipped = Span { from_ms: span.from_ms.max(self.begins_ms()?), ..span };
        (clipped.from_ms <= clipped.until_ms).then_some(clipped)
    }

    /// A stage by its index.
    pub fn stage(&self, stage: u32) -> &StageInfo {
        &self.stages[stage as usize]
    }

    pub(crate) fn is_open(&self, stage: u32) -> bool {
        self.stage(stage).role.is_open()
    }

    pub(crate) fn pipeline_items(&self) -> &[PipelineItem] {
        &self.pipeline_items
    }
}
