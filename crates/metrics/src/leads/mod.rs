//! Counts of contacts by source, stage, state, and date of creation.

mod first_touch;
mod sources;
mod summary;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tetherboard_domain::{Bucket, Compare, EpochMs, ResolvedPeriod, Slot, TenantId, UsState, Window, Zone};
use tetherboard_store::leads::Cohort;
use tetherboard_store::{Conn, Result, leads, runs};

pub use first_touch::{FirstTouch, first_touch};
pub use sources::{LeadOutcome, SourceLabel, SourceLine, source_filter};
pub use summary::{LeadSummary, StageCount, WeekCount};

use crate::board::{Board, LeadGroup, StagePlace};
use sources::{source_label, source_spelling};

/// Every contact of a brand in the CRM, grouped as finely as the counts need, with the moments of creation. Every count of
/// contacts, for any period, is a sum over it.
#[derive(Clone, Debug)]
pub struct LeadCounts {
    /// The start of the last complete read of the contacts.
    pub as_of: Option<Timestamp>,
    cohorts: Vec<LeadCohort>,
    /// All moments of creation in ascending order, and those of prospects: new leads are the most frequent count.
    created: Vec<EpochMs>,
    prospects_created: Vec<EpochMs>,
}

/// Contacts with the same source, stage, type, and state.
#[derive(Clone, Debug)]
struct LeadCohort {
    source: SourceLabel,
    place: StagePlace,
    prospects: bool,
    state: Option<UsState>,
    contacts: i64,
    /// Moments of creation, in ascending order.
    created: Vec<EpochMs>,
}

impl LeadCohort {
    /// How many contacts were created in a window, or in all.
    fn within(&self, window: Option<Window>) -> i64 {
        window.map_or(self.contacts, |window| within(&self.created, window))
    }
}

/// How many of the moments, which are in ascending order, are in a window.
fn within(moments: &[EpochMs], window: Window) -> i64 {
    let before = |ms: EpochMs| moments.partition_point(|moment| *moment < ms);
    let count = before(window.until_ms()).saturating_sub(before(window.from_ms()));
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// How many contacts were created in a window, and how many of them are prospects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewLeads {
    pub contacts: i64,
    pub prospects: i64,
}

/// Contacts created in one slot of a period, and in the slot that it is compared with.
#[derive(Clone, Copy, Debug)]
pub struct SlotCount {
    pub slot: Slot,
    /// `None`: the data ends before the slot began.
    pub count: Option<i64>,
    pub previous: Option<i64>,
}

/// Loads the counts of a brand's contacts.
///
/// # Errors
/// When the database fails.
pub async fn lead_counts<C: Conn>(conn: &C, tenant: TenantId, board: &Board) -> Result<LeadCounts> {
    let ages = runs::dataset_ages(conn, tenant).await?;
    let as_of = ages.as_of_ms(&crate::LEADS_DATASETS).and_then(EpochMs::timestamp);
    let spelling = source_spelling(conn, tenant).await?;
    Ok(LeadCounts::new(board, &spelling, as_of, leads::cohorts(conn, tenant).await?))
}

impl LeadCounts {
    /// Approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        let cohorts: usize = self.cohorts.iter().map(|cohort| size_of::<LeadCohort>() + 64 + size_of_val(&*cohort.created)).sum();
        size_of::<Self>() + cohorts + size_of_val(&*self.created) + size_of_val(&*self.prospects_created)
    }

    fn new(board: &Board, spelling: &HashMap<String, String>, as_of: Option<Timestamp>, cohorts: Vec<Cohort>) -> Self {
        type Key = (SourceLabel, StagePlace, bool, Option<UsState>);
        let mut found: HashMap<Key, (i64, Vec<EpochMs>)> = HashMap::new();
        for cohort in cohorts {
            let key = (
                source_label(spelling, &cohort),
                board.place(cohort.stage.as_deref()),
                cohort.contact_type == Some(1),
                UsState::of_market(&cohort.market),
            );
            let entry = found.entry(key).or_default();
            entry.0 += cohort.contacts;
            entry.1.extend(cohort.created);
        }
        let mut grouped: Vec<LeadCohort> = found
            .into_iter()
            .map(|((source, place, prospects, state), (contacts, mut created))| {
                created.sort_unstable();
                created.shrink_to_fit();
                LeadCohort { source, place, prospects, state, contacts, created }
            })
            .collect();
        grouped.shrink_to_fit();
        let created = |wanted: fn(&LeadCohort) -> bool| {
            let of_wanted = grouped.iter().filter(|cohort| wanted(cohort));
            let mut moments: Vec<EpochMs> = of_wanted.flat_map(|entry| entry.created.iter().copied()).collect();
            moments.sort_unstable();
            moments.shrink_to_fit();
            moments
        };
        Self { as_of, created: created(|_| true), prospects_created: created(|cohort| cohort.prospects), cohorts: grouped }
    }

    fn count(&self, window: Option<Window>, wanted: impl Fn(&LeadCohort) -> bool) -> i64 {
        self.cohorts.iter().filter(|cohort| wanted(cohort)).map(|cohort| cohort.within(window)).sum()
    }

    /// When the oldest contact with a readable date was created.
    pub fn first_created(&self) -> Option<Timestamp> {
        self.created.first()?.timestamp()
    }

    /// Contacts of all types created in the window. Those without a readable date are in no window.
    pub fn new_leads(&self, window: Window) -> NewLeads {
        NewLeads { contacts: within(&self.created, window), prospects: within(&self.prospects_created, window) }
    }

    /// Prospects currently in a group, created in the window or ever.
    pub fn in_group(&self, board: &Board, group: LeadGroup, window: Option<Window>) -> i64 {
        self.count(window, |cohort| cohort.prospects && board.is_in(group, &cohort.place))
    }

    /// New leads by slot. The comparison is cut at the same local time.
    pub fn trend(&self, period: &ResolvedPeriod, bucket: Bucket, compare: Compare, zone: &Zone) -> Vec<SlotCount> {
        let lookback = period.period.lookback(compare);
        let count = |window: Window| self.new_leads(window).contacts;
        let of = |slot: Slot| SlotCount {
            slot,
            count: slot.window.map(count),
            previous: slot.window.zip(lookback).map(|(window, lookback)| count(lookback.window_back(window, zone))),
        };
        bucket.slots(period, zone).into_iter().map(of).collect()
    }

    /// Contacts by the state in their market, most first; `None` is a market without a state.
    pub fn states(&self, window: Option<Window>) -> Vec<(Option<UsState>, i64)> {
        let mut counts: BTreeMap<Option<UsState>, i64> = BTreeMap::new();
        for cohort in &self.cohorts {
            *counts.entry(cohort.state).or_default() += cohort.within(window);
        }
        let mut counts: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        counts.sort_by_key(|(_, count)| -count);
        counts
    }
}

#[cfg(test)]
mod tests {
    use tetherboard_domain::Role;

    use super::*;
    use crate::board::tests::{usual, with_roles};

    fn cohort(stage: Option<&str>, source: Option<&str>, contact_type: Option<i64>, contacts: i64) -> Cohort {
        Cohort {
            source: source.map(str::to_owned),
            source_key: source.map(|text| text.trim().to_lowercase()),
            stage: stage.map(str::to_owned),
            contact_type,
            market: String::new(),
            contacts,
            created: Vec::new(),
        }
    }

    fn counts_of(board: &Board, cohorts: Vec<Cohort>) -> LeadCounts {
        let spelling = HashMap::from([("facebook".to_owned(), "Facebook".to_owned())]);
        LeadCounts::new(board, &spelling, Some(Timestamp::MAX), cohorts)
    }

    #[test]
    fn case_variants_count_under_the_lists_spelling_and_unlisted_stages_under_their_own() {
        let board = Board::new(usual(), HashMap::new());
        let cohorts = vec![
            cohort(Some("new lead"), None, Some(1), 2),
            cohort(Some(""), None, Some(1), 3),
            cohort(Some("Ghost"), None, Some(1), 1),
            cohort(Some("ghost"), None, Some(2), 1),
            cohort(None, None, Some(1), 4),
        ];
        let counts: Vec<(Option<String>, i64)> =
            counts_of(&board, cohorts).stages(&board).into_iter().map(|line| (line.stage, line.contacts)).collect();
        let label = |text: &str| Some(text.to_owned());
        assert_eq!(counts, [(label("New Lead"), 5), (label("Ghost"), 1), (label("ghost"), 1), (None, 4)]);
    }

    #[test]
    fn a_blank_source_is_its_own_source() {
        let board = Board::new(usual(), HashMap::new());
        let cohorts = vec![cohort(None, Some("FACEBOOK"), None, 2), cohort(None, Some(""), None, 1), cohort(None, None, None, 1)];
        let counts: Vec<_> =
            counts_of(&board, cohorts).sources(&board, None).into_iter().map(|line| (line.source, line.contacts)).collect();
        assert_eq!(counts, [(Some("Facebook".to_owned()), 2), (None, 1), (Some(String::new()), 1)]);
    }

    #[test]
    fn the_outcomes_of_a_source_add_up_to_its_contacts() {
        let roles = [("FA Signed", Role::Awarded), ("QR Returned", Role::Qualified)];
        let board = Board::new(with_roles(&roles), HashMap::new());
        let cohorts = vec![
            cohort(Some("FA Signed"), Some("Expo"), Some(1), 2),
            cohort(Some("QR Returned"), Some("Expo"), Some(1), 3),
            cohort(Some("Not Interested"), Some("Expo"), Some(1), 5),
            cohort(Some("Outbound Call"), Some("Expo"), Some(1), 7),
            cohort(Some("Ghost"), Some("Expo"), Some(1), 11),
            cohort(Some("FA Signed"), Some("Expo"), Some(2), 13),
        ];
        let line = &counts_of(&board, cohorts).sources(&board, None)[0];
        assert_eq!((line.contacts, line.qualified, line.awarded), (41, 3, 2));
        assert_eq!(line.outcomes, [0, 0, 3, 0, 2, 0, 5, 7, 11, 13]);
    }

    #[test]
    fn a_window_includes_its_first_moment_and_excludes_its_last() {
        let board = Board::new(usual(), HashMap::new());
        let created = |contact_type, created: &[i64]| Cohort {
            contacts: i64::try_from(created.len()).unwrap() + 1,
            created: created.iter().copied().map(EpochMs).collect(),
            market: "Denver, CO".to_owned(),
            ..cohort(None, None, contact_type, 0)
        };
        let leads = counts_of(&board, vec![created(Some(1), &[2_000, 1_000, 1_999]), created(Some(3), &[999, 1_500])]);
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let window = Window { from: at(1_000), until: at(2_000) };
        assert_eq!(leads.new_leads(window), NewLeads { contacts: 3, prospects: 2 });
        assert_eq!(leads.states(Some(window)), [(UsState::from_code("CO"), 3)]);
        let summary = leads.summary(&board, &Zone::utc(), at(5_000));
        assert_eq!((summary.total, summary.undated, summary.prospects), (7, 2, 4));
        assert_eq!(leads.first_created(), Some(at(999)));
    }
}
