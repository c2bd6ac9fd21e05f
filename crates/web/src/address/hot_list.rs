//! Which candidates of the hot list are shown, and in which order.

use tetherboard_metrics::Status;

use super::query::{Choice, ExactText, Sort, query};

query! {
    /// Candidates of the hot list, and their order.
    pub(crate) struct HotListQuery {
        /// The candidate's status.
        status: Option<Status> = "status",
        /// Only candidates whose fee is known, or only the others.
        fee: Option<FeeFilter> = "fee",
        /// The owner's name. Empty: no owner.
        owner: ExactText = "owner",
        /// The market. Empty: not recorded.
        market: ExactText = "market",
        /// The column to sort by, with - in front for descending order. Highest score first by default.
        sort: Sort<HotListSort> = "sort",
    }
}

/// Whether the fee is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FeeFilter {
    Known,
    Unknown,
}

impl Choice for FeeFilter {
    const NAMES: &'static [(&'static str, Self)] = &[("known", Self::Known), ("unknown", Self::Unknown)];
}

impl Choice for Status {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("awarded", Self::Awarded),
        ("overdue", Self::OverdueAction),
        ("booked", Self::AppointmentBooked),
        ("waiting", Self::WaitingPeriod),
        ("stalled", Self::Stalled),
        ("moving", Self::Moving),
        ("quiet", Self::Quiet),
        ("unknown", Self::Unknown),
    ];
}

/// A column of the hot list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HotListSort {
    Score,
    Name,
    Stage,
    Days,
    Fee,
    Weighted,
    Units,
    Owner,
    Touch,
    Status,
}

impl Choice for HotListSort {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("score", Self::Score),
        ("name", Self::Name),
        ("stage", Self::Stage),
        ("days", Self::Days),
        ("fee", Self::Fee),
        ("weighted", Self::Weighted),
        ("units", Self::Units),
        ("owner", Self::Owner),
        ("touch", Self::Touch),
        ("status", Self::Status),
    ];
}

impl HotListQuery {
    /// Column and direction, where `true` is descending.
    pub(crate) fn order(&self) -> (HotListSort, bool) {
        self.sort.or(HotListSort::Score, true)
    }
}
