//! Which deals a list shows: the table of the pipeline page and its CSV.

use jiff::civil::Date;
use tetherboard_domain::StageRole;
use tetherboard_metrics::{Board, CloseBucket, LeadGroup};
use tetherboard_store::deals::{DealFilter, DealSort};

use super::label::Label;
use super::leads::stage_filters;
use super::query::{Choice, SearchText, Sort, query};

query! {
    /// The deals of a list, and their order.
    pub(crate) struct DealQuery {
        /// The stage, as ClientTether spells it. Absent: all. Empty: no stage, which counts as the first one.
        stage: Option<Label> = "stage",
        /// A group of stages.
        group: Option<LeadGroup> = "in",
        /// Stages of this role.
        role: Option<StageRole> = "role",
        /// Only deals with a known fee.
        fee: Option<KnownFee> = "fee",
        /// The close month, overdue, or none.
        close: Option<CloseBucket> = "close",
        /// Text in the candidate's name or the deal's.
        text: SearchText = "q",
        /// The column to sort by, with - in front for descending order. Latest stage first by default.
        sort: Sort<DealSort> = "sort",
    }
}

/// Deals whose fee is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KnownFee {
    Known,
}

impl Choice for KnownFee {
    const NAMES: &'static [(&'static str, Self)] = &[("known", Self::Known)];
}

impl Choice for DealSort {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("name", Self::Name),
        ("stage", Self::Stage),
        ("fee", Self::Fee),
        ("close", Self::CloseDate),
        ("owner", Self::Owner),
        ("since", Self::Since),
    ];
}

impl DealQuery {
    /// Column and direction, where `true` is descending.
    pub(crate) fn order(&self) -> (DealSort, bool) {
        self.sort.or(DealSort::Stage, true)
    }

    /// The filter for the store; `today` decides which close dates have passed.
    pub(crate) fn filter(&self, board: &Board, today: Date) -> DealFilter {
        DealFilter {
            stages: stage_filters(board, self.stage.as_ref(), self.group, self.role),
            fee_known: self.fee.is_some(),
            close: self.close.map(|closing| closing.dates(today)),
            text: self.text.0.clone(),
        }
    }
}
