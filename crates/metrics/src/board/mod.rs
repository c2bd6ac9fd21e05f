//! The brand's stages in the CRM's order, with the role of each. Every number by stage is computed from this.

mod history;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{HashMap, HashSet};

use tetherboard_domain::{
    Dataset, EpochMs, Milestone, Odds, Role, StageKey, StageMilestone, StageRole, TenantId, suggest_milestone, suggest_role,
};
use tetherboard_store::leads::LabelMatch;
use tetherboard_store::lookups::{FormerName, StageRow};
use tetherboard_store::{Conn, Result, leads, lookups, stage_roles};

pub use history::BoardHistory;

/// One stage of the CRM's list.
#[derive(Clone, Debug)]
pub struct BoardStage {
    pub key: StageKey,
    /// Its ID in the CRM's list, and those of further entries with the same name.
    pub ids: Vec<String>,
    /// In the CRM's spelling, trimmed.
    pub name: String,
    /// The CRM's sort order.
    pub order: Option<i64>,
    /// The CRM's active flag.
    pub active: bool,
    /// The stage's own odds.
    pub odds: Option<Odds>,
    pub role: StageRole,
    pub milestone: StageMilestone,
    /// Whether it is a stage of contact type 1 (prospects). The pipeline consists of these stages only.
    pub of_prospects: bool,
    /// The role that the agency decided.
    decided: Option<Role>,
}

/// The stage of a contact or deal, as a position on the board.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StagePlace {
    /// In a listed stage, by its index on the board.
    Listed(usize),
    /// In a stage that is not in the list, by its text.
    Unlisted(String),
    /// The CRM's value is not text.
    NotText,
}

/// A named set of contacts or deals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeadGroup {
    /// Not inactive, parked included: the CRM's own count.
    Pipeline,
    /// From the first qualified stage to the last one before awarded.
    Qualified,
    /// On the way to a signature. Stages without a confirmed role count as open.
    Open,
    /// In a stage with the confirmed role inactive.
    Inactive,
}

/// The brand's stages with their roles and milestones.
#[derive(Clone, Debug)]
pub struct Board {
    stages: Vec<BoardStage>,
    by_key: HashMap<StageKey, usize>,
    /// Earlier names of the stages that are nobody's name now.
    former: HashMap<StageKey, usize>,
    /// Of a past board, later names of the stages that were nobody's name then.
    later: HashMap<StageKey, usize>,
    first: Option<usize>,
    /// The roles that the agency decided of stages that are not listed.
    unlisted: HashMap<StageKey, Role>,
}

impl Board {
    /// Loads the stages with the roles and milestones that the agency confirmed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load<C: Conn>(conn: &C, tenant: TenantId) -> Result<Self> {
        let former = lookups::former_names(conn, tenant, Dataset::Stages).await?;
        let (listed, removed): (Vec<StageRow>, Vec<StageRow>) =
            lookups::all_stages(conn, tenant).await?.into_iter().partition(StageRow::is_listed);
        let removed = removed.into_iter().filter_map(|row| Some((row.gone_ms?, row.stage))).collect();
        let unlisted = unlisted_roles(stage_roles::by_name(conn, tenant).await?, removed);
        Ok(Self::new(listed.into_iter().map(|row| row.stage).collect(), unlisted).with_former_names(former))
    }

    /// Adds earlier names of the stages, the latest first. An old link, and a row that still has an old name, lead to the stage.
    #[must_use]
    pub fn with_former_names(mut self, former: Vec<FormerName>) -> Self {
        self.former = self.other_names(former.into_iter().map(|former| (former.crm_id, former.name)));
        self
    }

    /// Adds later names of the stages of a past board: a link may have one.
    fn with_later_names(mut self, later: impl Iterator<Item = (String, String)>) -> Self {
        self.later = self.other_names(later);
        self
    }

    /// The stages by names that no stage of the board has, the first of equal names. Each name comes with its stage's ID.
    fn other_names(&self, names: impl Iterator<Item = (String, String)>) -> HashMap<StageKey, usize> {
        let mut found = HashMap::new();
        for (crm_id, name) in names {
            let (key, at) = (StageKey::of(&name), self.stages.iter().position(|stage| stage.ids.contains(&crm_id)));
            if let Some(at) = at.filter(|_| !key.is_blank() && !self.by_key.contains_key(&key)) {
                found.entry(key).or_insert(at);
            }
        }
        found
    }

    /// A board of `listed`, which is in the CRM's order, with the roles of stages that are not listed. A repeated name counts
    /// once: contact type 1 before others, active before inactive.
    pub fn new(listed: Vec<lookups::Stage>, unlisted: HashMap<StageKey, Role>) -> Self {
        // A list without any contact types contains only prospects' stages.
        let typed = listed.iter().any(|stage| stage.contact_type.is_some());
        let of_prospects = |stage: &lookups::Stage| stage.contact_type == Some(1) || !typed;
        let first_key = listed
            .iter()
            .filter(|stage| stage.active && of_prospects(stage) && stage.order.is_some())
            .min_by_key(|stage| stage.order)
            .map(|stage| stage.key.clone());
        let mut stages: Vec<BoardStage> = Vec::new();
        let mut by_key: HashMap<StageKey, usize> = HashMap::new();
        let mut ranked: Vec<&lookups::Stage> = listed.iter().filter(|stage| !stage.key.is_blank()).collect();
        ranked.sort_by_key(|stage| (!of_prospects(stage), !stage.active));
        for stage in ranked {
            if let Some(at) = by_key.get(&stage.key) {
                stages[*at].ids.push(stage.crm_id.clone());
                continue;
            }
            let suggested = suggest_role(&stage.name, stage.odds, stage.active, first_key.as_ref() == Some(&stage.key));
            let role = match stage.role {
                Some(role) => StageRole::Confirmed(role),
                None if !stage.active => StageRole::Confirmed(Role::Inactive),
                None => StageRole::Unconfirmed(suggested),
            };
            by_key.insert(stage.key.clone(), stages.len());
            stages.push(BoardStage {
                key: stage.key.clone(),
                ids: vec![stage.crm_id.clone()],
                name: stage.name.trim().to_owned(),
                order: stage.order,
                active: stage.active,
                odds: stage.odds,
                role,
                milestone: match stage.milestone {
                    Some(milestone) => StageMilestone::Confirmed(milestone),
                    None => StageMilestone::Suggested(suggest_milestone(&stage.name).filter(|_| stage.active)),
                },
                decided: stage.role,
                of_prospects: of_prospects(stage),
            });
        }
        let first = first_key.and_then(|key| by_key.get(&key).copied());
        Self { stages, by_key, former: HashMap::new(), later: HashMap::new(), first, unlisted }
    }

    /// Prospects' active stages in the CRM's order, then its inactive stages, then those of other contact types.
    pub fn stages(&self) -> &[BoardStage] {
        &self.stages
    }

    /// The place of the stage with an ID of the CRM's list.
    pub(crate) fn place_with_id(&self, id: &str) -> Option<StagePlace> {
        self.stages.iter().position(|stage| stage.ids.iter().any(|one| one == id)).map(StagePlace::Listed)
    }

    /// The listed stage with this current name.
    fn stage_named(&self, key: &StageKey) -> Option<&BoardStage> {
        self.by_key.get(key).and_then(|at| self.stages.get(*at))
    }

    /// The stage at a place; `None` for an unlisted one.
    pub fn stage(&self, place: &StagePlace) -> Option<&BoardStage> {
        match place {
            StagePlace::Listed(at) => self.stages.get(*at),
            StagePlace::Unlisted(_) | StagePlace::NotText => None,
        }
    }

    /// The active stage of contact type 1 with the lowest readable order. A blank stage counts as this one.
    pub fn first(&self) -> Option<&BoardStage> {
        self.first.map(|at| &self.stages[at])
    }

    /// The place of a CRM value. `stage` is trimmed; `None` means the value is not text.
    pub fn place(&self, stage: Option<&str>) -> StagePlace {
        let Some(text) = stage else { return StagePlace::NotText };
        let key = StageKey::of(text);
        let named = || self.by_key.get(&key).or_else(|| self.former.get(&key)).copied();
        let listed = if key.is_blank() { self.first } else { named() };
        listed.map_or_else(|| StagePlace::Unlisted(text.to_owned()), StagePlace::Listed)
    }

    /// The place that a stage name in a URL refers to.
    pub fn place_named(&self, name: &str) -> StagePlace {
        match self.place(Some(name.trim())) {
            StagePlace::Unlisted(text) => {
                let later = self.later.get(&StageKey::of(&text)).copied();
                later.map_or(StagePlace::Unlisted(text), StagePlace::Listed)
            }
            place => place,
        }
    }

    /// The CRM's spelling; `None` for a value that is not text.
    pub fn label<'a>(&'a self, place: &'a StagePlace) -> Option<&'a str> {
        match place {
            StagePlace::Listed(at) => self.stages.get(*at).map(|stage| stage.name.as_str()),
            StagePlace::Unlisted(text) => Some(text),
            StagePlace::NotText => None,
        }
    }

    /// A place's role, for prospects. A stage that is not one of contact type 1's is unlisted for them.
    pub fn role(&self, place: &StagePlace) -> StageRole {
        match place {
            StagePlace::Listed(at) if self.stages[*at].of_prospects => self.stages[*at].role,
            StagePlace::Listed(at) => self.stages[*at].decided.map_or(StageRole::Unlisted, StageRole::Confirmed),
            StagePlace::Unlisted(text) => {
                self.unlisted.get(&StageKey::of(text)).map_or(StageRole::Unlisted, |role| StageRole::Confirmed(*role))
            }
            StagePlace::NotText => StageRole::Unlisted,
        }
    }

    /// The stages from the first qualified one to the last before awarded, in the CRM's order. Suggested roles also set the two
    /// ends; stages confirmed as parked or inactive are left out.
    pub fn qualified(&self) -> Vec<usize> {
        let row: Vec<usize> =
            (0..self.stages.len()).filter(|at| self.stages[*at].of_prospects && self.stages[*at].active).collect();
        let likely = |at: &usize| self.stages[*at].role.likely();
        let Some(start) = row.iter().position(|at| matches!(likely(at), Some(Role::Qualified | Role::Late))) else {
            return Vec::new();
        };
        let end = row[start..].iter().position(|at| likely(at) == Some(Role::Awarded)).map_or(row.len(), |ahead| start + ahead);
        let counted = row[start..end].iter().copied().filter(|at| self.stages[*at].role.is_open());
        counted.collect()
    }

    /// The stage one step from signing: the last qualified stage with the agreement-sent milestone, or the last qualified one.
    pub fn last_step(&self) -> Option<StagePlace> {
        let qualified = self.qualified();
        let sent = |at: &&usize| self.stages[**at].milestone.likely() == Some(Milestone::AgreementSent);
        qualified.iter().rfind(sent).or(qualified.last()).map(|at| StagePlace::Listed(*at))
    }

    /// Whether a prospect in this place belongs to a group.
    pub fn is_in(&self, group: LeadGroup, place: &StagePlace) -> bool {
        match group {
            LeadGroup::Pipeline => !self.role(place).is_inactive(),
            LeadGroup::Inactive => self.role(place).is_inactive(),
            LeadGroup::Open => self.role(place).is_open(),
            LeadGroup::Qualified => matches!(place, StagePlace::Listed(at) if self.qualified().contains(at)),
        }
    }

    /// The store filter for a group's rows.
    pub fn group_filter(&self, group: LeadGroup) -> LabelMatch {
        match group {
            LeadGroup::Qualified => LabelMatch::Keys(self.keys(self.qualified().into_iter())),
            LeadGroup::Inactive => LabelMatch::Keys(self.keys_where(|role| role.is_inactive())),
            LeadGroup::Pipeline => LabelMatch::NotKeys(self.keys_where(|role| role.is_inactive())),
            LeadGroup::Open => LabelMatch::NotKeys(self.keys_where(|role| !role.is_open())),
        }
    }

    /// The store filter for a place's rows.
    pub fn place_filter(&self, place: &StagePlace) -> LabelMatch {
        match place {
            StagePlace::Listed(at) => LabelMatch::Keys(self.keys([*at].into_iter())),
            StagePlace::Unlisted(text) => LabelMatch::Text(text.clone()),
            StagePlace::NotText => LabelMatch::NotText,
        }
    }

    /// The store filter for a role's rows.
    pub fn role_filter(&self, role: StageRole) -> LabelMatch {
        let wanted = role.as_str();
        match role {
            StageRole::Unlisted => LabelMatch::NotKeys(self.keys_where(|known| known != StageRole::Unlisted)),
            _ => LabelMatch::Keys(self.keys_where(|known| known.as_str() == wanted)),
        }
    }

    /// The store filter for stages whose role (confirmed, or else suggested) is wanted.
    pub fn likely_filter(&self, wanted: impl Fn(Role) -> bool) -> LabelMatch {
        LabelMatch::Keys(self.keys_where(|role| role.likely().is_some_and(&wanted)))
    }

    /// Whether a place is the first stage with one of these milestones, or a later one in the CRM's order.
    pub fn has_reached(&self, milestones: &[Milestone], place: &StagePlace) -> bool {
        let carries = |stage: &BoardStage| stage.milestone.likely().is_some_and(|milestone| milestones.contains(&milestone));
        let first = self.stages.iter().position(|stage| stage.of_prospects && stage.active && carries(stage));
        match (first, place) {
            (Some(first), StagePlace::Listed(at)) => self.stages[*at].of_prospects && self.stages[*at].active && *at >= first,
            _ => false,
        }
    }

    /// All stage keys in the board's order, with the blank key next to the first stage's: for sorting.
    pub fn key_order(&self) -> Vec<StageKey> {
        let keys = self.keys(0..self.stages.len());
        keys.into_iter().map(StageKey).collect()
    }

    /// Stage keys from the farthest from a signature to the nearest. Inactive and parked stages come before the rest.
    pub fn progress_order(&self) -> Vec<StageKey> {
        let rank = |at: &usize| match self.stages[*at].role.confirmed() {
            Some(Role::Inactive) => 0,
            Some(Role::Parked) => 1,
            _ => 2,
        };
        let mut places: Vec<usize> = (0..self.stages.len()).collect();
        places.sort_by_key(|at| (rank(at), *at));
        self.keys(places.into_iter()).into_iter().map(StageKey).collect()
    }

    /// A deal's own odds (in hundredths of a percent) if valid, or the odds of its stage.
    pub fn odds_of(&self, own: Option<i64>, place: &StagePlace) -> Option<Odds> {
        own.and_then(Odds::from_hundredths).or_else(|| self.stage(place)?.odds)
    }

    /// How close a place is to a signature: a rank for comparison, with inactive and parked places lowest and the rest in the
    /// CRM's order. `None` for an unlisted stage.
    pub fn progress(&self, place: &StagePlace) -> Option<usize> {
        let StagePlace::Listed(at) = place else { return None };
        match self.role(place).likely()? {
            Role::Inactive => Some(0),
            Role::Parked => Some(1),
            _ => Some(at + 2),
        }
    }

    fn keys_where(&self, wanted: impl Fn(StageRole) -> bool) -> Vec<String> {
        let listed = (0..self.stages.len()).filter(|at| wanted(self.role(&StagePlace::Listed(*at))));
        let mut keys = self.keys(listed);
        let is_listed = |key: &StageKey| self.by_key.contains_key(key) || self.former.contains_key(key);
        let unlisted = self.unlisted.iter().filter(|(key, role)| !is_listed(key) && wanted(StageRole::Confirmed(**role)));
        keys.extend(unlisted.map(|(key, _)| key.0.clone()));
        keys
    }

    /// The keys of stages by index. The blank key goes with the first stage's, and an earlier name with its stage's.
    fn keys(&self, places: impl Iterator<Item = usize>) -> Vec<String> {
        let mut keys = Vec::new();
        for at in places {
            if self.first == Some(at) {
                keys.push(String::new());
            }
            keys.push(self.stages[at].key.0.clone());
            let mut former: Vec<String> = self.former.iter().filter(|(_, of)| **of == at).map(|(key, _)| key.0.clone()).collect();
            former.sort_unstable();
            keys.append(&mut former);
        }
        keys
    }

    /// The keys of prospects' open stages. The blank key goes with the first stage's.
    pub fn open_keys(&self) -> Vec<StageKey> {
        let open = |at: &usize| self.is_in(LeadGroup::Open, &StagePlace::Listed(*at));
        let listed = (0..self.stages.len()).filter(|at| self.stages[*at].of_prospects).filter(open);
        let blank = self.first.filter(open).map(|_| StageKey::of(""));
        listed.map(|at| self.stages[at].key.clone()).chain(blank).collect()
    }

    /// How many of the prospects' stages have no confirmed role.
    pub fn unconfirmed(&self) -> usize {
        self.stages.iter().filter(|stage| stage.of_prospects && matches!(stage.role, StageRole::Unconfirmed(_))).count()
    }
}

/// The keys of every stage that is in the CRM's list or holds a contact.
///
/// # Errors
/// When the database fails.
pub async fn stage_keys<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashSet<StageKey>> {
    let listed = lookups::stages(conn, tenant).await?.into_iter().map(|stage| stage.key);
    let cells = leads::cells(conn, tenant, None).await?;
    Ok(listed.chain(cells.into_iter().filter_map(|cell| cell.stage_key).map(StageKey)).collect())
}

/// The roles of names that no listed stage has: those of the stages that had them last and were removed, each with when, or else
/// what the agency decided about the name.
fn unlisted_roles(mut by_name: HashMap<StageKey, Role>, mut removed: Vec<(EpochMs, lookups::Stage)>) -> HashMap<StageKey, Role> {
    removed.sort_by(|(a_ms, a), (b_ms, b)| a_ms.cmp(b_ms).then_with(|| b.crm_id.cmp(&a.crm_id)));
    by_name.extend(removed.into_iter().filter_map(|(_, stage)| Some((stage.key, stage.role?))));
    by_name
}
