//! Leads and outcomes by source.

use std::collections::{BTreeMap, HashMap};

use tetherboard_domain::{Dataset, Role, StageKey, StageRole, TenantId, Window};
use tetherboard_store::leads::{Cohort, LabelMatch};
use tetherboard_store::{Conn, Result, lookups};

use super::{LeadCohort, LeadCounts};
use crate::board::{Board, LeadGroup};

/// A source in the spelling of the CRM's list, or else of the contact. `None` is a value that is not text; "" is blank.
pub type SourceLabel = Option<String>;

/// The contacts of one source.
#[derive(Clone, Debug)]
pub struct SourceLine {
    pub source: SourceLabel,
    pub contacts: i64,
    /// Prospects currently in a qualified stage.
    pub qualified: i64,
    /// Prospects currently in an awarded stage.
    pub awarded: i64,
    /// The contacts by current outcome, in the order of [`LeadOutcome::ALL`]. They add up to `contacts`.
    pub outcomes: [i64; LeadOutcome::ALL.len()],
}

/// A contact's current status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadOutcome {
    /// A prospect in a stage of this role.
    Role(StageRole),
    /// Not a prospect.
    Other,
}

impl LeadOutcome {
    /// All outcomes, in display order.
    pub const ALL: [Self; 10] = [
        Self::Role(StageRole::Confirmed(Role::New)),
        Self::Role(StageRole::Confirmed(Role::Working)),
        Self::Role(StageRole::Confirmed(Role::Qualified)),
        Self::Role(StageRole::Confirmed(Role::Late)),
        Self::Role(StageRole::Confirmed(Role::Awarded)),
        Self::Role(StageRole::Confirmed(Role::Parked)),
        Self::Role(StageRole::Confirmed(Role::Inactive)),
        // Stands for every unconfirmed role, whatever the suggestion.
        Self::Role(StageRole::Unconfirmed(Role::Working)),
        Self::Role(StageRole::Unlisted),
        Self::Other,
    ];

    fn is_of(self, cohort: &LeadCohort, board: &Board) -> bool {
        match self {
            Self::Role(role) => cohort.prospects && board.role(&cohort.place).as_str() == role.as_str(),
            Self::Other => !cohort.prospects,
        }
    }
}

impl LeadCounts {
    /// Contacts by source, created in the window or ever, most first. Sources without contacts are left out.
    pub fn sources(&self, board: &Board, window: Option<Window>) -> Vec<SourceLine> {
        let mut lines: BTreeMap<&SourceLabel, SourceLine> = BTreeMap::new();
        for cohort in &self.cohorts {
            let contacts = cohort.within(window);
            if contacts == 0 {
                continue;
            }
            let line = lines.entry(&cohort.source).or_insert_with(|| SourceLine {
                source: cohort.source.clone(),
                contacts: 0,
                qualified: 0,
                awarded: 0,
                outcomes: [0; LeadOutcome::ALL.len()],
            });
            line.contacts += contacts;
            if cohort.prospects && board.is_in(LeadGroup::Qualified, &cohort.place) {
                line.qualified += contacts;
            }
            if cohort.prospects && board.role(&cohort.place).confirmed() == Some(Role::Awarded) {
                line.awarded += contacts;
            }
            for (at, outcome) in LeadOutcome::ALL.into_iter().enumerate() {
                line.outcomes[at] += if outcome.is_of(cohort, board) { contacts } else { 0 };
            }
        }
        let mut lines: Vec<SourceLine> = lines.into_values().collect();
        lines.sort_by_key(|line| -line.contacts);
        lines
    }
}

/// The CRM list's spelling of each source, by key.
pub(super) async fn source_spelling<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashMap<String, String>> {
    let mut spelling = HashMap::new();
    for source in lookups::sources(conn, tenant).await? {
        spelling.entry(source.source_key).or_insert(source.name.trim().to_owned());
    }
    Ok(spelling)
}

/// The label of a cohort's source.
pub(super) fn source_label(spelling: &HashMap<String, String>, cohort: &Cohort) -> SourceLabel {
    let text = cohort.source.as_ref()?;
    let listed = cohort.source_key.as_ref().filter(|key| !key.is_empty()).and_then(|key| spelling.get(key));
    Some(listed.unwrap_or(text).clone())
}

/// The store filter for a source's rows: by key where the CRM's list includes the source, now or under this name earlier, or else
/// by its exact text.
///
/// # Errors
/// When the database fails.
pub async fn source_filter<C: Conn>(conn: &C, tenant: TenantId, source: &SourceLabel) -> Result<LabelMatch> {
    let Some(text) = source else { return Ok(LabelMatch::NotText) };
    let key = StageKey::of(text).0;
    let listed = lookups::sources(conn, tenant).await?;
    if key.is_empty() || listed.iter().any(|source| source.source_key == key) {
        return Ok(LabelMatch::Keys(vec![key]));
    }
    let former = lookups::former_names(conn, tenant, Dataset::Sources).await?;
    let mut named = former.into_iter().filter(|former| StageKey::of(&former.name).0 == key);
    let renamed = named.find_map(|former| listed.iter().find(|source| source.crm_id == former.crm_id));
    Ok(match renamed {
        Some(source) => LabelMatch::Keys(vec![source.source_key.clone()]),
        None => LabelMatch::Text(text.clone()),
    })
}
