//! A contact's own history, regardless of their deals.

use tetherboard_domain::EpochMs;

use super::deal_state::in_range;
use super::{History, RowHistory, Span};

/// A contact in the history that is or was a prospect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prospect<'a> {
    history: &'a History,
    row: &'a RowHistory,
}

impl History {
    /// Every contact that is or was a prospect, in order of ID.
    pub(crate) fn prospects(&self) -> impl Iterator<Item = Prospect<'_>> {
        self.contacts.iter().map(|row| Prospect { history: self, row })
    }
}

impl<'a> Prospect<'a> {
    pub(crate) fn id(&self) -> &'a str {
        &self.row.id
    }

    pub(crate) fn created_ms(&self) -> Option<EpochMs> {
        self.row.created_ms
    }

    /// Whether the CRM listed them as a prospect, as seen before the moment.
    pub(crate) fn is_there(&self, before_ms: EpochMs) -> bool {
        self.history.is_prospect(self.row, before_ms)
    }

    /// The index of their stage, including the changes seen before the moment.
    pub(crate) fn stage(&self, before_ms: EpochMs) -> u32 {
        self.history.state_of(self.row, before_ms).stage
    }

    /// The indexes of the stages they were seen in, in order.
    pub(crate) fn stages(&self) -> impl Iterator<Item = u32> + 'a {
        let moves = in_range(&self.history.moves, &self.row.moves);
        let first = moves.first().map_or(self.row.stage, |seen| seen.from);
        // A row can change between two recorded moves without a move, so both ends of each count.
        let ends = moves.iter().flat_map(|seen| [seen.from, seen.to]);
        std::iter::once(first).chain(ends).chain([self.row.stage])
    }

    /// When their last move in a span happened, among the moves seen in it.
    pub(crate) fn moved_ms(&self, span: Span) -> Option<EpochMs> {
        let moves = in_range(&self.history.moves, &self.row.moves);
        moves.iter().rev().find(|seen| !seen.renamed && span.contains(seen.seen_ms)).map(|seen| seen.at_ms)
    }
}
