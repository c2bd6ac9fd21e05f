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
use tetherboard_store::history::{self as stored, HistoryContact, HistoryDeal, Transition, ValueChange};
use tetherboard_store::{Conn, Result};

pub(crate) use deal_state::Departure;
pub(crate) use prospect::Prospect;

use crate::board::{Board, BoardHistory, StagePlace};

/// Every prospect and deal ever seen, with their changes. Rows refer to each other by index to keep it small.
#[derive(Debug, Default)]
pub struct History {
    /// When every dataset had been read completely for the first time.
    begins_ms: Option<EpochMs>,
    boards: Option<BoardHistory>,
    /// Every stage that occurs, each once.
    stages: Vec<HistoryStage>,
    /// What each stage was on each board, by the board's number and the stage's index.
    infos: Vec<Vec<StageInfo>>,
    /// The index in `stages` by the stage's ID, or else its text.
    stage_ids: HashMap<StageRef, u32>,
    contacts: Vec<RowHistory>,
    deals: Vec<DealHistory>,
    /// The IDs of contacts that deals name or named, each once, with their indexes among the contacts.
    links: Vec<(Box<str>, Option<u32>)>,
    link_ids: HashMap<Box<str>, u32>,
    moves: Vec<Move>,
    fees: Vec<Change>,
    odds: Vec<Change>,
    contact_types: Vec<Change>,
    /// 1 while the CRM lists the row, 0 while it does not.
    presence: Vec<Change>,
    /// Indexes in `links`.
    deal_links: Vec<Change>,
    pipeline_items: Vec<PipelineItem>,
}

/// How a row or a change names a stage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum StageRef {
    /// By its ID in the CRM's list.
    Id(String),
    /// By its text; `None` for a value that is not text.
    Text(Option<String>),
}

/// A stage that occurs in the history.
#[derive(Debug)]
struct HistoryStage {
    reference: StageRef,
    /// Its current name, or the text of the rows.
    name: Option<String>,
    /// The first of the stages that are in the same place on the current board: a move between them is none.
    same_as: u32,
}

/// What a stage was at a moment: its place on the board, and its role, which is current as far as the agency decided it.
#[derive(Clone, Debug)]
pub struct StageInfo {
    /// A place on the board of the moment.
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
    /// When a deal first named the contact; [`EpochMs::MAX`] if none has.
    had_deal_ms: EpochMs,
    contact_type: Option<i64>,
    /// The current stage.
    stage: u32,
    fee: Option<i64>,
    odds: Option<i64>,
    /// Its range in [`History::moves`] and the lists of changes.
    moves: Range<u32>,
    fees: Range<u32>,
    own_odds: Range<u32>,
    contact_types: Range<u32>,
    presence: Range<u32>,
}

/// A CRM deal with its changes and its contact.
#[derive(Debug)]
struct DealHistory {
    row: RowHistory,
    /// The contact that it is linked to now, by its index in [`History::links`].
    link: Option<u32>,
    links: Range<u32>,
}

/// A stage change of one row.
#[derive(Debug)]
struct Move {
    /// The row's index, and whether it is a deal's or a contact's.
    of: u32,
    deal: bool,
    from: u32,
    to: u32,
    /// Whether only the stage's name changed.
    renamed: bool,
    /// When a read first saw it.
    seen_ms: EpochMs,
    /// When it happened, as far as known.
    at_ms: EpochMs,
}

/// A change of a value.
#[derive(Debug)]
struct Change {
    of: u32,
    deal: bool,
    old: Option<i64>,
    seen_ms: EpochMs,
    at_ms: EpochMs,
}

/// A deal in the pipeline: one the CRM lists, or the implicit deal of a prospect who never had one. A prospect and their first
/// deal are one item, so creating a deal record for a prospect adds and removes nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PipelineItem {
    /// Indexes of the contact that counts as a deal until it has one, and of the CRM's deal.
    contact: Option<u32>,
    deal: Option<u32>,
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
    /// The contact of a deal, by its index in [`History::links`].
    link: Option<u32>,
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
        let boards = BoardHistory::load(conn, tenant, board).await?;
        let mut history = Self { begins_ms: stored::start_ms(conn, tenant).await?, boards: Some(boards), ..Self::default() };
        stored::each_contact(conn, tenant, |seen| history.add_contact(seen)).await?;
        stored::each_deal(conn, tenant, |seen| history.add_deal(seen)).await?;
        history.order_rows();
        for subject in [Dataset::Contacts, Dataset::Deals] {
            stored::each_transition(conn, tenant, subject, |seen| history.add_move(&seen)).await?;
            stored::each_value_change(conn, tenant, subject, |change| history.add_value(&change)).await?;
        }
        history.order_changes();
        Ok(history)
    }

    /// A history of records in memory.
    pub fn of(
        boards: BoardHistory,
        begins_ms: Option<EpochMs>,
        contacts: Vec<HistoryContact>,
        deals: Vec<HistoryDeal>,
        moves: &[Transition],
        values: &[ValueChange],
    ) -> Self {
        let mut history = Self { begins_ms, boards: Some(boards), ..Self::default() };
        contacts.into_iter().for_each(|seen| history.add_contact(seen));
        deals.into_iter().for_each(|seen| history.add_deal(seen));
        history.order_rows();
        moves.iter().for_each(|seen| history.add_move(seen));
        values.iter().for_each(|change| history.add_value(change));
        history.order_changes();
        history
    }

    /// Approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        let text = size_of::<String>() + 16;
        let infos: usize = self.infos.iter().map(|infos| size_of_val(&**infos) + infos.len() * text).sum();
        let changes = [&self.fees, &self.odds, &self.contact_types, &self.presence, &self.deal_links];
        size_of::<Self>()
            + self.boards.as_ref().map_or(0, BoardHistory::size)
            + infos
            + size_of_val(&*self.stages)
            + self.stages.len() * 3 * text
            + size_of_val(&*self.contacts)
            + self.contacts.len() * text
            + size_of_val(&*self.deals)
            + self.deals.len() * text
            + self.links.len() * 4 * text
            + size_of_val(&*self.moves)
            + changes.into_iter().map(|changes| size_of_val(&**changes)).sum::<usize>()
            + size_of_val(&*self.pipeline_items)
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

    /// The stages as the CRM listed them before a moment.
    pub fn board_at(&self, before_ms: EpochMs) -> Option<&Board> {
        self.boards.as_ref().map(|boards| boards.at(before_ms))
    }

    /// What a stage is now, by its index.
    pub fn stage(&self, stage: u32) -> &StageInfo {
        self.stage_at(stage, EpochMs::MAX)
    }

    /// What a stage was before a moment, by its index.
    pub fn stage_at(&self, stage: u32, before_ms: EpochMs) -> &StageInfo {
        let board = self.boards.as_ref().map_or(0, |boards| boards.index(before_ms));
        &self.infos[board][stage as usize]
    }

    /// When the role of a stage last changed in a span, because of the CRM's list.
    pub(crate) fn role_changed_ms(&self, stage: u32, span: Span) -> EpochMs {
        let moments = self.boards.as_ref().map(BoardHistory::moments).unwrap_or_default();
        let role = |before_ms: EpochMs| self.stage_at(stage, before_ms).role.confirmed();
        let changed = moments.into_iter().rev().filter(|ms| span.contains(*ms)).find(|ms| role(*ms) != role(*ms + 1));
        changed.unwrap_or(span.from_ms)
    }

    /// Whether two stages are one on the current board.
    pub(crate) fn is_same(&self, one: u32, other: u32) -> bool {
        self.same_as(one) == self.same_as(other)
    }

    /// The stage that stands for all those in its place on the current board.
    pub(crate) fn same_as(&self, stage: u32) -> u32 {
        self.stages[stage as usize].same_as
    }

    pub(crate) fn is_open(&self, stage: u32, before_ms: EpochMs) -> bool {
        self.stage_at(stage, before_ms).role.is_open()
    }

    pub(crate) fn pipeline_items(&self) -> &[PipelineItem] {
        &self.pipeline_items
    }
}
