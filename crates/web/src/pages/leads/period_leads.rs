//! What the charts show of a period's new leads.

use tetherboard_domain::{Bucket, Compare, Period, UsState, Zone};
use tetherboard_metrics::{FirstTouch, LeadGroup, SlotCount, SourceLine};

use crate::address::period::PeriodQuery;
use crate::cache::CacheKey;
use crate::read::numbers::{NewLeadsIn, Numbers};

/// The new leads of a period by time, source, and state. They change only with the data.
pub(super) struct PeriodLeads {
    pub(super) by: Bucket,
    pub(super) slots: Vec<SlotCount>,
    /// Most leads first.
    pub(super) sources: Vec<SourceLine>,
    pub(super) states: Vec<(Option<UsState>, i64)>,
    /// New leads that are qualified now.
    pub(super) qualified: i64,
    /// The same for the new leads of the period it is compared with.
    pub(super) qualified_before: Option<i64>,
}

impl PeriodLeads {
    /// Counts a period's new leads. `by` applies only if the period is not too long for it.
    pub(super) fn of(numbers: &Numbers, new: &NewLeadsIn, by: Option<Bucket>, compare: Compare, zone: &Zone) -> Self {
        let Numbers { leads, board, .. } = numbers;
        let qualified = |window| leads.in_group(board, LeadGroup::Qualified, Some(window));
        let by = by.filter(|by| by.fits(&new.period)).unwrap_or_else(|| Bucket::for_period(&new.period));
        Self {
            by,
            slots: leads.trend(&new.period, by, compare, zone),
            sources: leads.sources(board, Some(new.period.window)),
            states: leads.states(Some(new.period.window)),
            qualified: qualified(new.period.window),
            qualified_before: new.before.map(|(window, _)| qualified(window)),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct PeriodLeadsKey {
    pub(super) period: PeriodQuery,
    pub(super) by: Option<Bucket>,
}

impl CacheKey for PeriodLeadsKey {
    type Value = PeriodLeads;

    fn size(leads: &PeriodLeads) -> usize {
        size_of::<PeriodLeads>() + 100 * leads.slots.len() + 200 * leads.sources.len() + 40 * leads.states.len()
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct FirstTouchKey {
    pub(super) period: Period,
}

impl CacheKey for FirstTouchKey {
    type Value = FirstTouch;

    fn size(_: &FirstTouch) -> usize {
        size_of::<FirstTouch>()
    }
}
