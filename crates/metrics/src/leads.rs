//! Counts of contacts.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tetherboard_domain::{
    Bucket, Compare, EpochMs, Resolved, Role, Slot, StageKey, StageRole, TenantId, UsState, Week, Window, Zone, weeks_ending_with,
};
use tetherboard_store::leads::{Cohort, LabelMatch};
use tetherboard_store::{Conn, Result, leads, lookups, runs};

use crate::board::{Board, LeadGroup, StagePlace};

/// Every live contact, of all types and stages, by week, source and stage.
#[derive(Clone, Debug)]
pub struct LeadSummary {
    /// The start of the last whole read of the contacts.
    pub as_of: Option<Timestamp>,
    pub total: i64,
    /// Contact type 1.
    pub prospects: i64,
    /// Without a created date in a form that is known.
    pub undated: i64,
    /// By count, most first.
    pub by_source: Vec<(SourceLabel, i64)>,
    /// In the board's order, unlisted ones after it. Stages without contacts are left out.
    pub by_stage: Vec<StageCount>,
    /// Twelve weeks, the current last.
    pub new_by_week: Vec<WeekCount>,
    /// Prospects, and of them those in the pipeline and those inactive: `prospects = in_pipeline + inactive`.
    pub in_pipeline: i64,
    pub inactive: i64,
}

/// A source as the CRM's list spells it, or as the contact does. `None` is a value that is no text; "" a blank.
pub type SourceLabel = Option<String>;

#[derive(Clone, Debug)]
pub struct StageCount {
    pub place: StagePlace,
    /// `None` for a value that is no text.
    pub stage: Option<String>,
    pub role: StageRole,
    /// The CRM's flag; `None` when its list does not name the stage.
    pub active: Option<bool>,
    pub contacts: i64,
    pub prospects: i64,
}

/// Contacts created in one week.
#[derive(Clone, Debug)]
pub struct WeekCount {
    /// `2026-W47`.
    pub week: String,
    pub starts: jiff::civil::Date,
    /// The part of the week that is known of: it ends where the data does.
    pub window: Option<Window>,
    /// Whether the week is still going on, or the data ends before it does.
    pub open: bool,
    /// `None`: the data is from before the week began.
    pub count: Option<i64>,
    pub prospects: Option<i64>,
}

/// Every live contact of a brand, as narrow as its counts need, with the moments of creation: what all counts of contacts
/// are sums of, whatever the period.
#[derive(Clone, Debug)]
pub struct LeadBook {
    /// The start of the last whole read of the contacts.
    pub as_of: Option<Timestamp>,
    entries: Vec<Entry>,
    /// All moments of creation, ascending, and those of prospects: what a period brought is asked for more than anything else.
    created: Vec<EpochMs>,
    prospects_created: Vec<EpochMs>,
}

/// Contacts that no count tells apart but by their moments.
#[derive(Clone, Debug)]
struct Entry {
    source: SourceLabel,
    place: StagePlace,
    prospects: bool,
    state: Option<UsState>,
    contacts: i64,
    /// Ascending.
    created: Vec<EpochMs>,
}

impl Entry {
    fn within(&self, window: Option<Window>) -> i64 {
        window.map_or(self.contacts, |window| within(&self.created, window))
    }
}

/// How many of these moments, which ascend, are in a window.
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

/// What one source brought.
#[derive(Clone, Debug)]
pub struct SourceLine {
    pub source: SourceLabel,
    pub contacts: i64,
    /// Of them, prospects that stand in a qualified stage now.
    pub qualified: i64,
    /// Of them, prospects that stand in an awarded stage now.
    pub awarded: i64,
    /// Where its prospects stand now, in the order of [`Outcome::ALL`]; with those that are none they are all its contacts.
    pub outcomes: [i64; Outcome::ALL.len()],
}

/// What became of a contact, as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A prospect in a stage of this role.
    Role(StageRole),
    /// No prospect.
    Other,
}

impl Outcome {
    pub const ALL: [Self; 10] = [
        Self::Role(StageRole::Confirmed(Role::New)),
        Self::Role(StageRole::Confirmed(Role::Working)),
        Self::Role(StageRole::Confirmed(Role::Qualified)),
        Self::Role(StageRole::Confirmed(Role::Late)),
        Self::Role(StageRole::Confirmed(Role::Awarded)),
        Self::Role(StageRole::Confirmed(Role::Parked)),
        Self::Role(StageRole::Confirmed(Role::Inactive)),
        // Whatever the suggestion: nobody confirmed it.
        Self::Role(StageRole::Unconfirmed(Role::Working)),
        Self::Role(StageRole::Unlisted),
        Self::Other,
    ];

    fn is_of(self, entry: &Entry, board: &Board) -> bool {
        match self {
            Self::Role(role) => entry.prospects && board.role(&entry.place).as_str() == role.as_str(),
            Self::Other => !entry.prospects,
        }
    }
}

/// Contacts created in one piece of a period, and in the one that it is compared with.
#[derive(Clone, Copy, Debug)]
pub struct SlotCount {
    pub slot: Slot,
    /// `None`: the data is from before it began.
    pub count: Option<i64>,
    pub previous: Option<i64>,
}

/// The live contacts of a brand.
///
/// # Errors
/// When the database does not answer.
pub async fn lead_book<C: Conn>(conn: &C, tenant: TenantId, board: &Board) -> Result<LeadBook> {
    let ages = runs::dataset_ages(conn, tenant).await?;
    let as_of = ages.as_of_ms(&crate::LEADS_REST_ON).and_then(EpochMs::timestamp);
    let spelling = source_spelling(conn, tenant).await?;
    Ok(LeadBook::new(board, &spelling, as_of, leads::cohorts(conn, tenant).await?))
}

impl LeadBook {
    /// Approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        let entries: usize = self.entries.iter().map(|entry| size_of::<Entry>() + 64 + size_of_val(&*entry.created)).sum();
        size_of::<Self>() + entries + size_of_val(&*self.created) + size_of_val(&*self.prospects_created)
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
        let mut entries: Vec<Entry> = found
            .into_iter()
            .map(|((source, place, prospects, state), (contacts, mut created))| {
                created.sort_unstable();
                created.shrink_to_fit();
                Entry { source, place, prospects, state, contacts, created }
            })
            .collect();
        entries.shrink_to_fit();
        let created = |wanted: fn(&Entry) -> bool| {
            let of_wanted = entries.iter().filter(|entry| wanted(entry));
            let mut moments: Vec<EpochMs> = of_wanted.flat_map(|entry| entry.created.iter().copied()).collect();
            moments.sort_unstable();
            moments.shrink_to_fit();
            moments
        };
        Self { as_of, created: created(|_| true), prospects_created: created(|entry| entry.prospects), entries }
    }

    fn count(&self, window: Option<Window>, wanted: impl Fn(&Entry) -> bool) -> i64 {
        self.entries.iter().filter(|entry| wanted(entry)).map(|entry| entry.within(window)).sum()
    }

    /// When the oldest contact with a readable date was created.
    pub fn first_created(&self) -> Option<Timestamp> {
        self.created.first()?.timestamp()
    }

    /// New leads: contacts created in the window, of all types. Those without a created date are in none.
    pub fn new_leads(&self, window: Window) -> NewLeads {
        NewLeads { contacts: within(&self.created, window), prospects: within(&self.prospects_created, window) }
    }

    /// Prospects of a group as it stands now, of those created in the window or of all.
    pub fn in_group(&self, board: &Board, group: LeadGroup, window: Option<Window>) -> i64 {
        self.count(window, |entry| entry.prospects && board.is_in(group, &entry.place))
    }

    /// New leads piece by piece. What it is compared with is cut at the same local time.
    pub fn trend(&self, period: &Resolved, bucket: Bucket, compare: Compare, zone: &Zone) -> Vec<SlotCount> {
        let stride = period.period.stride(compare);
        let count = |window: Window| self.new_leads(window).contacts;
        let of = |slot: Slot| SlotCount {
            slot,
            count: slot.window.map(count),
            previous: slot.window.zip(stride).map(|(window, stride)| count(stride.window_back(window, zone))),
        };
        bucket.slots(period, zone).into_iter().map(of).collect()
    }

    /// What each source brought in a window, or ever; most first. Sources that brought nobody are left out.
    pub fn sources(&self, board: &Board, window: Option<Window>) -> Vec<SourceLine> {
        let mut lines: BTreeMap<&SourceLabel, SourceLine> = BTreeMap::new();
        for entry in &self.entries {
            let contacts = entry.within(window);
            if contacts == 0 {
                continue;
            }
            let line = lines.entry(&entry.source).or_insert_with(|| SourceLine {
                source: entry.source.clone(),
                contacts: 0,
                qualified: 0,
                awarded: 0,
                outcomes: [0; Outcome::ALL.len()],
            });
            line.contacts += contacts;
            if entry.prospects && board.is_in(LeadGroup::Qualified, &entry.place) {
                line.qualified += contacts;
            }
            if entry.prospects && board.role(&entry.place).confirmed() == Some(Role::Awarded) {
                line.awarded += contacts;
            }
            for (at, outcome) in Outcome::ALL.into_iter().enumerate() {
                line.outcomes[at] += if outcome.is_of(entry, board) { contacts } else { 0 };
            }
        }
        let mut lines: Vec<SourceLine> = lines.into_values().collect();
        lines.sort_by_key(|line| -line.contacts);
        lines
    }

    /// Contacts by the state that their market names, most first; `None` is a market that names none.
    pub fn states(&self, window: Option<Window>) -> Vec<(Option<UsState>, i64)> {
        let mut counts: BTreeMap<Option<UsState>, i64> = BTreeMap::new();
        for entry in &self.entries {
            *counts.entry(entry.state).or_default() += entry.within(window);
        }
        let mut counts: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        counts.sort_by_key(|(_, count)| -count);
        counts
    }

    /// The stages that somebody stands in, in the board's order.
    fn stages(&self, board: &Board) -> Vec<StageCount> {
        let mut counts: BTreeMap<&StagePlace, (i64, i64)> = BTreeMap::new();
        for entry in &self.entries {
            let count = counts.entry(&entry.place).or_default();
            count.0 += entry.contacts;
            count.1 += if entry.prospects { entry.contacts } else { 0 };
        }
        counts
            .into_iter()
            .map(|(place, (contacts, prospects))| StageCount {
                stage: board.label(place).map(str::to_owned),
                // A stage of another contact type keeps its own flag here, where all types are counted.
                role: match board.stage(place) {
                    Some(stage) if !stage.of_prospects => stage.role,
                    _ => board.role(place),
                },
                active: board.stage(place).map(|stage| stage.active),
                place: place.clone(),
                contacts,
                prospects,
            })
            .collect()
    }

    /// The whole in one: what the API tells.
    pub fn summary(&self, board: &Board, zone: &Zone, now: Timestamp) -> LeadSummary {
        let prospects = self.count(None, |entry| entry.prospects);
        let inactive = self.in_group(board, LeadGroup::Inactive, None);
        let total = self.count(None, |_| true);
        LeadSummary {
            as_of: self.as_of,
            total,
            prospects,
            undated: total - i64::try_from(self.created.len()).unwrap_or(0),
            by_source: self.sources(board, None).into_iter().map(|line| (line.source, line.contacts)).collect(),
            by_stage: self.stages(board),
            new_by_week: self.by_week(zone, now),
            in_pipeline: prospects - inactive,
            inactive,
        }
    }

    fn by_week(&self, zone: &Zone, now: Timestamp) -> Vec<WeekCount> {
        let known_until = self.as_of.map(|as_of| as_of.min(now));
        let known = |week: &Week| {
            let until = known_until.filter(|until| *until >= week.window.from)?;
            Some(Window { from: week.window.from, until: until.min(week.window.until) })
        };
        let count = |week: Week| {
            let window = known(&week);
            let count = window.map(|window| self.new_leads(window));
            WeekCount {
                week: week.iso(),
                starts: week.monday,
                window,
                open: window.is_none_or(|window| window.until < week.window.until),
                count: count.map(|count| count.contacts),
                prospects: count.map(|count| count.prospects),
            }
        };
        weeks_ending_with(now, zone, 12).into_iter().map(count).collect()
    }
}

/// How soon somebody wrote to the prospects created in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstTouch {
    pub prospects: i64,
    /// Those whose notes were read after they were created.
    pub read: i64,
    /// Those of them whom somebody wrote a note about.
    pub touched: i64,
    /// The median from created to the first such note, in milliseconds.
    pub median_ms: Option<i64>,
}

impl FirstTouch {
    /// Notes of fewer than four in five would tell of the fast ones alone.
    pub fn is_covered(&self) -> bool {
        self.prospects > 0 && self.read * 100 >= self.prospects * 80
    }
}

/// # Errors
/// When the database does not answer.
pub async fn first_touch<C: Conn>(conn: &C, tenant: TenantId, created: Window) -> Result<FirstTouch> {
    let found = leads::first_touches(conn, tenant, created).await?;
    let touched = found.after_ms.len();
    let median = |at: usize| found.after_ms.get(at).copied();
    let middle = median(touched.saturating_sub(1) / 2).zip(median(touched / 2));
    Ok(FirstTouch {
        prospects: found.prospects,
        read: found.read,
        touched: i64::try_from(touched).unwrap_or(i64::MAX),
        median_ms: middle.map(|(low, high)| low + (high - low) / 2),
    })
}

/// How the CRM's list spells each source, by key.
async fn source_spelling<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashMap<String, String>> {
    let mut spelling = HashMap::new();
    for source in lookups::sources(conn, tenant).await? {
        spelling.entry(source.source_key).or_insert(source.name.trim().to_owned());
    }
    Ok(spelling)
}

fn source_label(spelling: &HashMap<String, String>, cohort: &Cohort) -> SourceLabel {
    let text = cohort.source.as_ref()?;
    let listed = cohort.source_key.as_ref().filter(|key| !key.is_empty()).and_then(|key| spelling.get(key));
    Some(listed.unwrap_or(text).clone())
}

/// The rows of a source, for the store to find: by key where the CRM's list names it, else by its very text.
///
/// # Errors
/// When the database does not answer.
pub async fn source_filter<C: Conn>(conn: &C, tenant: TenantId, source: &SourceLabel) -> Result<LabelMatch> {
    let Some(text) = source else { return Ok(LabelMatch::NotText) };
    let key = StageKey::of(text).0;
    if key.is_empty() || source_spelling(conn, tenant).await?.contains_key(&key) {
        return Ok(LabelMatch::Keys(vec![key]));
    }
    Ok(LabelMatch::Text(text.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::usual;

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

    fn book(board: &Board, cohorts: Vec<Cohort>) -> LeadBook {
        let spelling = HashMap::from([("facebook".to_owned(), "Facebook".to_owned())]);
        LeadBook::new(board, &spelling, Some(Timestamp::MAX), cohorts)
    }

    #[test]
    fn case_variants_are_counted_under_the_lists_spelling_and_the_unlisted_as_they_are() {
        let board = Board::new(usual(), HashMap::new());
        let cohorts = vec![
            cohort(Some("new lead"), None, Some(1), 2),
            cohort(Some(""), None, Some(1), 3),
            cohort(Some("Ghost"), None, Some(1), 1),
            cohort(Some("ghost"), None, Some(2), 1),
            cohort(None, None, Some(1), 4),
        ];
        let counts: Vec<(Option<String>, i64)> =
            book(&board, cohorts).stages(&board).into_iter().map(|line| (line.stage, line.contacts)).collect();
        let label = |text: &str| Some(text.to_owned());
        assert_eq!(counts, [(label("New Lead"), 5), (label("Ghost"), 1), (label("ghost"), 1), (None, 4)]);
    }

    #[test]
    fn a_blank_source_is_a_source_of_its_own() {
        let board = Board::new(usual(), HashMap::new());
        let cohorts = vec![cohort(None, Some("FACEBOOK"), None, 2), cohort(None, Some(""), None, 1), cohort(None, None, None, 1)];
        let counts: Vec<_> =
            book(&board, cohorts).sources(&board, None).into_iter().map(|line| (line.source, line.contacts)).collect();
        assert_eq!(counts, [(Some("Facebook".to_owned()), 2), (None, 1), (Some(String::new()), 1)]);
    }

    #[test]
    fn what_became_of_a_sources_contacts_adds_up_to_them() {
        let board = Board::new(
            usual(),
            HashMap::from([(StageKey::of("FA Signed"), Role::Awarded), (StageKey::of("QR Returned"), Role::Qualified)]),
        );
        let cohorts = vec![
            cohort(Some("FA Signed"), Some("Expo"), Some(1), 2),
            cohort(Some("QR Returned"), Some("Expo"), Some(1), 3),
            cohort(Some("Not Interested"), Some("Expo"), Some(1), 5),
            cohort(Some("Outbound Call"), Some("Expo"), Some(1), 7),
            cohort(Some("Ghost"), Some("Expo"), Some(1), 11),
            cohort(Some("FA Signed"), Some("Expo"), Some(2), 13),
        ];
        let line = &book(&board, cohorts).sources(&board, None)[0];
        assert_eq!((line.contacts, line.qualified, line.awarded), (41, 3, 2));
        assert_eq!(line.outcomes, [0, 0, 3, 0, 2, 0, 5, 7, 11, 13]);
    }

    #[test]
    fn a_contact_is_new_from_the_first_moment_of_a_window_to_before_its_last() {
        let board = Board::new(usual(), HashMap::new());
        let created = |contact_type, created: &[i64]| Cohort {
            contacts: i64::try_from(created.len()).unwrap() + 1,
            created: created.iter().copied().map(EpochMs).collect(),
            market: "Denver, CO".to_owned(),
            ..cohort(None, None, contact_type, 0)
        };
        let book = book(&board, vec![created(Some(1), &[2_000, 1_000, 1_999]), created(Some(3), &[999, 1_500])]);
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let window = Window { from: at(1_000), until: at(2_000) };
        assert_eq!(book.new_leads(window), NewLeads { contacts: 3, prospects: 2 });
        assert_eq!(book.states(Some(window)), [(UsState::coded("CO"), 3)]);
        let summary = book.summary(&board, &Zone::utc(), at(5_000));
        assert_eq!((summary.total, summary.undated, summary.prospects), (7, 2, 4));
        assert_eq!(book.first_created(), Some(at(999)));
    }
}
