//! The rows of a list, from the history of the pipeline.

use std::cmp::Ordering;

use jiff::Timestamp;
use tetherboard_domain::{EpochMs, Money, Odds};
use tetherboard_metrics::{
    Board, CandidateRef, FurthestStage, History, MovementKind, Span, StagePlace, deals_at, funnel, furthest_stages, movement,
    outcomes, prospects_at, stage_changes, stage_stays,
};
use tetherboard_store::tenants::Tenant;

use super::address::{RowsAddress, Show};
use super::names::Names;
use crate::address::as_of::AsOf;
use crate::read::numbers::Numbers;
use crate::read::pipeline_history::{last_year, timed_awards};

/// A row: a candidate or a deal, and the cells after it.
pub(super) struct Row {
    pub(super) who: CandidateRef,
    pub(super) cells: Vec<Cell>,
}

/// A cell after the candidate.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// How a deal entered the open pipeline, changed in it, or left it.
    Change(MovementKind),
    /// The stage as the CRM spells it. The outer `None`: it did not exist then.
    Stage(Option<Option<String>>),
    At(EpochMs),
    /// `None`: unknown.
    Amount(Option<Money>),
    /// The fee, and its weighted value.
    Weighted(Option<Money>, Option<Money>),
    Odds(Option<Odds>),
    Duration(i64),
}

/// Finds the rows of a list.
pub(super) struct RowQuery<'a> {
    pub(super) address: &'a RowsAddress,
    pub(super) as_of: Option<AsOf>,
    pub(super) numbers: &'a Numbers,
    pub(super) history: &'a History,
    pub(super) tenant: &'a Tenant,
    pub(super) now: Timestamp,
}

impl RowQuery<'_> {
    /// The rows in their default order.
    pub(super) fn rows(&self) -> Vec<Row> {
        match self.address.show {
            Show::Stays => self.stays(),
            Show::Cycle => self.timed_awards(),
            Show::Candidates => self.candidates(),
            Show::Deals => self.deals(),
            _ => self.span().map(|span| self.rows_in(span)).unwrap_or_default(),
        }
    }

    /// The period, as far as there is data; `None` if there is none yet.
    fn span(&self) -> Option<Span> {
        let as_of = self.numbers.pipeline.as_of?;
        let resolved = self.address.period.period().resolve(&self.tenant.zone, self.now, as_of)?;
        Some(Span::of(resolved.window, Some(as_of)))
    }

    fn rows_in(&self, span: Span) -> Vec<Row> {
        match self.address.show {
            Show::Moves(kind) => {
                let moved = movement(self.history, span).map(|movement| movement.rows).unwrap_or_default();
                let moved = moved.into_iter().filter(|row| kind.is_none_or(|kind| row.kind == kind));
                let row = |row: tetherboard_metrics::MovementRow| Row {
                    cells: vec![
                        Cell::Change(row.kind),
                        Cell::Stage(row.from),
                        Cell::Stage(row.to),
                        Cell::At(row.at_ms),
                        Cell::Amount(row.amount),
                    ],
                    who: row.who,
                };
                moved.map(row).collect()
            }
            Show::Endings(ending) => {
                let found = outcomes(self.history, span).into_iter();
                let found = found.filter(|row| ending.is_none_or(|ending| row.ending == ending));
                let cells = |from, to, at_ms, fee: Option<i64>| {
                    vec![Cell::Stage(Some(from)), Cell::Stage(Some(to)), Cell::At(at_ms), Cell::Amount(fee.map(Money))]
                };
                found.map(|row| Row { cells: cells(row.from, row.to, row.at_ms, row.fee_cents), who: row.who }).collect()
            }
            Show::StageChange => self.stage_changes(span),
            _ => self.reached(span),
        }
    }

    /// Prospects created in the period, by the furthest stage they reached.
    fn reached(&self, span: Span) -> Vec<Row> {
        let board = &self.numbers.board;
        let stages = funnel(board, &[]).stages;
        let place = self.address.deals.stage.as_ref().map(|stage| stage.place(board));
        let least = place.map(|place| stages.iter().position(|stage| stage.place == place));
        let is_listed = |reach: &FurthestStage| match (self.address.show, least) {
            (Show::Created, _) => true,
            (Show::Known, _) | (_, None) => reach.furthest.is_some(),
            (_, Some(least)) => least.is_some_and(|least| reach.furthest.is_some_and(|furthest| furthest >= least)),
        };
        let row = |reach: FurthestStage| {
            let furthest = reach.furthest.and_then(|at| stages.get(at)).map(|stage| Some(stage.stage.clone()));
            let cells = vec![Cell::Stage(furthest), Cell::Stage(Some(reach.stage)), Cell::At(reach.created_ms)];
            Row { who: CandidateRef { contact: Some(reach.contact), deal: None }, cells }
        };
        let mut found: Vec<FurthestStage> = furthest_stages(self.history, board, span).into_iter().filter(is_listed).collect();
        found.sort_by(|a, b| b.furthest.cmp(&a.furthest).then(b.created_ms.cmp(&a.created_ms)));
        found.into_iter().map(row).collect()
    }

    /// Candidates whose stage at the end of the period differs from the one at its start.
    fn stage_changes(&self, span: Span) -> Vec<Row> {
        let board = &self.numbers.board;
        let [from, to] = self.address.ends.each_ref().map(|end| end.as_ref().map(|end| end.place(board)));
        let matches = |place: &Option<StagePlace>, stage: &Option<String>| {
            place.as_ref().is_none_or(|place| *place == board.place(stage.as_deref()))
        };
        let found = stage_changes(self.history, span).unwrap_or_default().into_iter();
        let found = found.filter(|row| matches(&from, &row.from) && matches(&to, &row.to));
        let cells = |from, to, at_ms| vec![Cell::Stage(Some(from)), Cell::Stage(Some(to)), Cell::At(at_ms)];
        found
            .map(|row| Row {
                who: CandidateRef { contact: Some(row.contact), deal: None },
                cells: cells(row.from, row.to, row.at_ms),
            })
            .collect()
    }

    /// The stages of the past day, or those of today.
    pub(super) fn board(&self) -> &Board {
        let past = self.as_of.and_then(|as_of| self.history.board_at(as_of.before_ms));
        past.unwrap_or(&self.numbers.board)
    }

    /// Whether a place matches the filters for stage, group, and role.
    fn matches_place(&self, at: &StagePlace) -> bool {
        let (board, query) = (self.board(), &self.address.deals);
        query.stage.as_ref().is_none_or(|stage| stage.place(board) == *at)
            && query.group.is_none_or(|group| board.is_in(group, at))
            && query.role.is_none_or(|role| board.role(at).as_str() == role.as_str())
    }

    fn stays(&self) -> Vec<Row> {
        let found = stage_stays(self.history, self.now.into()).into_iter().filter(|stay| self.matches_place(&stay.place));
        let row = |stay: tetherboard_metrics::StageStay| {
            let took_ms = stay.took_ms();
            let (stage, next) = (Cell::Stage(Some(stay.stage)), Cell::Stage(Some(stay.next)));
            let cells = vec![stage, next, Cell::At(stay.from_ms), Cell::At(stay.until_ms), Cell::Duration(took_ms)];
            Row { who: stay.who, cells }
        };
        found.map(row).collect()
    }

    fn timed_awards(&self) -> Vec<Row> {
        let row = |award: tetherboard_metrics::DealOutcome| {
            let created_ms = award.created_ms.unwrap_or(award.at_ms);
            let took_ms = (award.at_ms - created_ms).max(0);
            let stage = Cell::Stage(Some(award.to));
            let cells = vec![stage, Cell::At(created_ms), Cell::At(award.at_ms), Cell::Duration(took_ms)];
            Row { who: award.who, cells }
        };
        timed_awards(outcomes(self.history, last_year(self.tenant, self.now))).map(row).collect()
    }

    /// The instant before which a past day ended; today has none.
    fn before_ms(&self) -> EpochMs {
        self.as_of.map_or(EpochMs::MAX, |as_of| as_of.before_ms)
    }

    fn candidates(&self) -> Vec<Row> {
        let found = prospects_at(self.history, self.before_ms()).into_iter().filter(|row| self.matches_place(&row.place));
        found
            .map(|row| Row {
                who: CandidateRef { contact: Some(row.contact), deal: None },
                cells: vec![Cell::Stage(Some(row.stage))],
            })
            .collect()
    }

    fn deals(&self) -> Vec<Row> {
        let has_fee = |fee: Option<Money>| self.address.deals.fee.is_none() || fee.is_some();
        let found = deals_at(self.history, self.before_ms()).into_iter();
        let mut found: Vec<_> = found.filter(|row| self.matches_place(&row.place) && has_fee(row.fee)).collect();
        found.sort_by(|a, b| b.fee.cmp(&a.fee).then_with(|| b.place.cmp(&a.place)).then_with(|| a.who.cmp(&b.who)));
        found
            .into_iter()
            .map(|row| {
                let weighted = Cell::Weighted(row.fee, row.weighted());
                let stage = Cell::Stage(Some(row.stage));
                Row { who: row.who, cells: vec![stage, Cell::Odds(row.odds), Cell::Amount(row.fee), weighted] }
            })
            .collect()
    }
}

/// Sorts rows by a column; 0 is the candidate's name.
pub(super) fn sort(rows: &mut [Row], names: &Names, board: &Board, (column, descending): (usize, bool)) {
    let rank = |stage: &Option<Option<String>>| stage.as_ref().map(|stage| board.place(stage.as_deref()));
    let by_cell = |a: &Cell, b: &Cell| match (a, b) {
        (Cell::Change(a), Cell::Change(b)) => a.cmp(b),
        (Cell::Stage(a), Cell::Stage(b)) => rank(a).cmp(&rank(b)),
        (Cell::At(a), Cell::At(b)) => a.cmp(b),
        (Cell::Duration(a), Cell::Duration(b)) => a.cmp(b),
        (Cell::Amount(a), Cell::Amount(b)) | (Cell::Weighted(_, a), Cell::Weighted(_, b)) => a.cmp(b),
        (Cell::Odds(a), Cell::Odds(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    rows.sort_by(|a, b| {
        let order = match column.checked_sub(1) {
            None => names.candidate(&a.who).to_lowercase().cmp(&names.candidate(&b.who).to_lowercase()),
            Some(at) => by_cell(&a.cells[at], &b.cells[at]),
        };
        if descending { order.reverse() } else { order }
    });
}
