//! The brand's stages in the CRM's order, with the role of each: what every stage number is counted by.

use std::collections::{HashMap, HashSet};

use tetherboard_domain::{Milestone, Odds, Role, StageKey, StageMilestone, StageRole, TenantId, suggest_milestone, suggest_role};
use tetherboard_store::leads::LabelMatch;
use tetherboard_store::{Conn, Result, leads, lookups, stage_roles};

/// One stage of the CRM's list.
#[derive(Clone, Debug)]
pub struct BoardStage {
    pub key: StageKey,
    /// As the CRM spells it.
    pub name: String,
    pub order: Option<i64>,
    /// The CRM's flag.
    pub active: bool,
    pub odds: Option<Odds>,
    pub role: StageRole,
    pub milestone: StageMilestone,
    /// Of contact type 1. The pipeline is made of these alone.
    pub of_prospects: bool,
}

/// Where a contact or deal stands on the board.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StagePlace {
    /// In a stage of the list, by its place on the board.
    Listed(usize),
    /// In a stage that the list does not name, by its text.
    Unlisted(String),
    /// The CRM's value is no text.
    NotText,
}

/// A set of contacts or deals that people name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeadGroup {
    /// Not inactive; parked included: the CRM's own count.
    Pipeline,
    /// From the first qualified stage to the last before awarded.
    Qualified,
    /// On the way to a signature, what nobody confirmed included.
    Open,
    Inactive,
}

#[derive(Clone, Debug)]
pub struct Board {
    stages: Vec<BoardStage>,
    by_key: HashMap<StageKey, usize>,
    first: Option<usize>,
    confirmed: HashMap<StageKey, Role>,
}

impl Board {
    pub async fn load<C: Conn>(conn: &C, tenant: TenantId) -> Result<Self> {
        let listed = lookups::stages(conn, tenant).await?;
        let confirmed = stage_roles::confirmed(conn, tenant).await?;
        let milestones = stage_roles::milestones(conn, tenant).await?;
        Ok(Self::new(listed, confirmed).with_milestones(&milestones))
    }

    /// What the agency said of stages' milestones takes the place of what their names suggest.
    #[must_use]
    pub fn with_milestones(mut self, confirmed: &HashMap<StageKey, Option<Milestone>>) -> Self {
        for stage in &mut self.stages {
            if let Some(milestone) = confirmed.get(&stage.key) {
                stage.milestone = StageMilestone::Confirmed(*milestone);
            }
        }
        self
    }

    /// `listed` in the CRM's order. A name that comes twice counts once: of contact type 1 before others, active before not.
    pub fn new(listed: Vec<lookups::Stage>, confirmed: HashMap<StageKey, Role>) -> Self {
        // An account whose list tells no types at all has only prospects' stages.
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
            if by_key.contains_key(&stage.key) {
                continue;
            }
            let suggested = suggest_role(&stage.name, stage.odds, stage.active, first_key.as_ref() == Some(&stage.key));
            let role = match confirmed.get(&stage.key) {
                Some(role) => StageRole::Confirmed(*role),
                None if !stage.active => StageRole::Confirmed(Role::Inactive),
                None => StageRole::Unconfirmed(suggested),
            };
            by_key.insert(stage.key.clone(), stages.len());
            stages.push(BoardStage {
                key: stage.key.clone(),
                name: stage.name.trim().to_owned(),
                order: stage.order,
                active: stage.active,
                odds: stage.odds,
                role,
                milestone: StageMilestone::Suggested(suggest_milestone(&stage.name).filter(|_| stage.active)),
                of_prospects: of_prospects(stage),
            });
        }
        let first = first_key.and_then(|key| by_key.get(&key).copied());
        Self { stages, by_key, first, confirmed }
    }

    /// Prospects' active stages in the CRM's order, then its inactive ones, then those of other contact types.
    pub fn stages(&self) -> &[BoardStage] {
        &self.stages
    }

    pub fn stage(&self, place: &StagePlace) -> Option<&BoardStage> {
        match place {
            StagePlace::Listed(at) => self.stages.get(*at),
            StagePlace::Unlisted(_) | StagePlace::NotText => None,
        }
    }

    /// The active stage of contact type 1 with the lowest readable order: where a blank stage stands.
    pub fn first(&self) -> Option<&BoardStage> {
        self.first.map(|at| &self.stages[at])
    }

    /// Where a value of the CRM stands. `stage` is trimmed; `None` was no text.
    pub fn place(&self, stage: Option<&str>) -> StagePlace {
        let Some(text) = stage else { return StagePlace::NotText };
        let key = StageKey::of(text);
        let listed = if key.is_blank() { self.first } else { self.by_key.get(&key).copied() };
        listed.map_or_else(|| StagePlace::Unlisted(text.to_owned()), StagePlace::Listed)
    }

    /// The place that a name in a web address means.
    pub fn place_named(&self, name: &str) -> StagePlace {
        self.place(Some(name.trim()))
    }

    /// The CRM's spelling; `None` for a value that is no text.
    pub fn label<'a>(&'a self, place: &'a StagePlace) -> Option<&'a str> {
        match place {
            StagePlace::Listed(at) => self.stages.get(*at).map(|stage| stage.name.as_str()),
            StagePlace::Unlisted(text) => Some(text),
            StagePlace::NotText => None,
        }
    }

    /// The role of a place, for prospects. What is not among contact type 1's stages is unlisted for them.
    pub fn role(&self, place: &StagePlace) -> StageRole {
        match place {
            StagePlace::Listed(at) if self.stages[*at].of_prospects => self.stages[*at].role,
            StagePlace::Listed(at) => self.confirmed_role(&self.stages[*at].key),
            StagePlace::Unlisted(text) => self.confirmed_role(&StageKey::of(text)),
            StagePlace::NotText => StageRole::Unlisted,
        }
    }

    fn confirmed_role(&self, key: &StageKey) -> StageRole {
        self.confirmed.get(key).map_or(StageRole::Unlisted, |role| StageRole::Confirmed(*role))
    }

    /// The stages between the first qualified one and the first awarded one, in the CRM's order. Roles that are only
    /// suggested place the two ends as well; stages confirmed parked or inactive are left out.
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

    /// Where candidates stand one step from signing: the last qualified stage whose milestone says that the agreement was sent,
    /// else the last qualified one.
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

    /// The rows of a group, for the store to find.
    pub fn group_filter(&self, group: LeadGroup) -> LabelMatch {
        match group {
            LeadGroup::Qualified => LabelMatch::Keys(self.keys(self.qualified().into_iter())),
            LeadGroup::Inactive => LabelMatch::Keys(self.keys_where(|role| role.is_inactive())),
            LeadGroup::Pipeline => LabelMatch::NotKeys(self.keys_where(|role| role.is_inactive())),
            LeadGroup::Open => LabelMatch::NotKeys(self.keys_where(|role| !role.is_open())),
        }
    }

    /// The rows of a place, for the store to find.
    pub fn place_filter(&self, place: &StagePlace) -> LabelMatch {
        match place {
            StagePlace::Listed(at) => LabelMatch::Keys(self.keys([*at].into_iter())),
            StagePlace::Unlisted(text) => LabelMatch::Text(text.clone()),
            StagePlace::NotText => LabelMatch::NotText,
        }
    }

    /// The rows of a role.
    pub fn role_filter(&self, role: StageRole) -> LabelMatch {
        let wanted = role.as_str();
        match role {
            StageRole::Unlisted => LabelMatch::NotKeys(self.keys_where(|known| known != StageRole::Unlisted)),
            _ => LabelMatch::Keys(self.keys_where(|known| known.as_str() == wanted)),
        }
    }

    /// The rows of the stages whose role, confirmed or else suggested, is wanted.
    pub fn likely_filter(&self, wanted: impl Fn(Role) -> bool) -> LabelMatch {
        LabelMatch::Keys(self.keys_where(|role| role.likely().is_some_and(&wanted)))
    }

    /// Whether a place is the first stage that carries one of these milestones, or one beyond it in the CRM's order.
    pub fn has_reached(&self, milestones: &[Milestone], place: &StagePlace) -> bool {
        let carries = |stage: &BoardStage| stage.milestone.likely().is_some_and(|milestone| milestones.contains(&milestone));
        let first = self.stages.iter().position(|stage| stage.of_prospects && stage.active && carries(stage));
        match (first, place) {
            (Some(first), StagePlace::Listed(at)) => self.stages[*at].of_prospects && self.stages[*at].active && *at >= first,
            _ => false,
        }
    }

    /// All stage keys in the board's order, the blank one beside the first: for sorting.
    pub fn key_order(&self) -> Vec<StageKey> {
        let keys = self.keys(0..self.stages.len());
        keys.into_iter().map(StageKey).collect()
    }

    /// Stage keys from the farthest from a signature to the nearest: inactive and parked ones before the rest.
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

    /// A deal's own odds, in hundredths of a percent, if they are any; else those of the place where it stands.
    pub fn odds_of(&self, own: Option<i64>, place: &StagePlace) -> Option<Odds> {
        own.and_then(Odds::from_hundredths).or_else(|| self.stage(place)?.odds)
    }

    /// How far a place is towards a signature: inactive and parked ones before the rest, in the CRM's order. `None` where the
    /// list does not name it, so that nobody knows.
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
        let unlisted =
            self.confirmed.iter().filter(|(key, role)| !self.by_key.contains_key(*key) && wanted(StageRole::Confirmed(**role)));
        keys.extend(unlisted.map(|(key, _)| key.0.clone()));
        keys
    }

    /// The keys of places, and the blank key with the first stage's.
    fn keys(&self, places: impl Iterator<Item = usize>) -> Vec<String> {
        let mut keys = Vec::new();
        for at in places {
            if self.first == Some(at) {
                keys.push(String::new());
            }
            keys.push(self.stages[at].key.0.clone());
        }
        keys
    }

    /// Stages in the pipeline whose role nobody confirmed.
    /// The keys of prospects' open stages; a blank stage stands in the first.
    pub fn open_keys(&self) -> Vec<StageKey> {
        let open = |at: &usize| self.is_in(LeadGroup::Open, &StagePlace::Listed(*at));
        let listed = (0..self.stages.len()).filter(|at| self.stages[*at].of_prospects).filter(open);
        let blank = self.first.filter(open).map(|_| StageKey::of(""));
        listed.map(|at| self.stages[at].key.clone()).chain(blank).collect()
    }

    pub fn unconfirmed(&self) -> usize {
        self.stages.iter().filter(|stage| stage.of_prospects && matches!(stage.role, StageRole::Unconfirmed(_))).count()
    }
}

/// The keys of every stage that the CRM's list names or a contact stands in.
///
/// # Errors
/// When the database does not answer.
pub async fn stage_keys<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashSet<StageKey>> {
    let listed = lookups::stages(conn, tenant).await?.into_iter().map(|stage| stage.key);
    let cells = leads::cells(conn, tenant, None).await?;
    Ok(listed.chain(cells.into_iter().filter_map(|cell| cell.stage_key).map(StageKey)).collect())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn listed(name: &str, active: bool, order: i64, contact_type: i64) -> lookups::Stage {
        lookups::Stage {
            crm_id: format!("{contact_type}{order}"),
            name: name.to_owned(),
            key: StageKey::of(name),
            active,
            order: Some(order),
            odds: None,
            contact_type: Some(contact_type),
        }
    }

    pub(crate) fn usual() -> Vec<lookups::Stage> {
        let names = ["New Lead", "Outbound Call", "QR Returned", "FDD Sent", "FA Sent", "FA Signed", "Future Interest"];
        let mut stages: Vec<_> = (1..).zip(names).map(|(order, name)| listed(name, true, order, 1)).collect();
        stages.push(listed("Not Interested", false, 3, 1));
        stages.push(listed("Vendor", true, 0, 2));
        stages
    }

    fn place(board: &Board, name: &str) -> StagePlace {
        board.place(Some(name))
    }

    #[test]
    fn a_blank_stage_stands_in_the_first_active_stage_of_prospects() {
        let board = Board::new(usual(), HashMap::new());
        assert_eq!(board.first().unwrap().name, "New Lead");
        assert_eq!(place(&board, ""), place(&board, "  new LEAD "));
    }

    #[test]
    fn until_the_agency_confirms_every_active_stage_counts_as_open() {
        let board = Board::new(usual(), HashMap::new());
        for name in ["FA Signed", "Future Interest", "Nobody listed this"] {
            assert!(board.is_in(LeadGroup::Open, &place(&board, name)), "{name}");
        }
        assert!(!board.is_in(LeadGroup::Pipeline, &place(&board, "Not Interested")));
        let confirmed = HashMap::from([(StageKey::of("FA Signed"), Role::Awarded)]);
        let board = Board::new(usual(), confirmed);
        assert!(!board.is_in(LeadGroup::Open, &place(&board, "FA Signed")));
    }

    #[test]
    fn qualified_runs_from_the_first_qualified_stage_to_the_last_before_awarded() {
        let board = Board::new(usual(), HashMap::new());
        let names: Vec<&str> = board.qualified().into_iter().map(|at| board.stages()[at].name.as_str()).collect();
        assert_eq!(names, ["QR Returned", "FDD Sent", "FA Sent"]);
    }

    #[test]
    fn one_step_from_signing_is_where_the_agreement_was_sent_else_the_last_qualified_stage() {
        let board = Board::new(usual(), HashMap::new());
        assert_eq!(board.last_step(), Some(place(&board, "FA Sent")));
        let none = HashMap::from([(StageKey::of("FA Sent"), None)]);
        assert_eq!(board.clone().with_milestones(&none).last_step(), Some(place(&board, "FA Sent")));
        let earlier =
            HashMap::from([(StageKey::of("FA Sent"), None), (StageKey::of("FDD Sent"), Some(Milestone::AgreementSent))]);
        assert_eq!(board.clone().with_milestones(&earlier).last_step(), Some(place(&board, "FDD Sent")));
        assert_eq!(Board::new(Vec::new(), HashMap::new()).last_step(), None);
    }

    #[test]
    fn a_prospect_in_another_contact_types_stage_is_unlisted_and_open() {
        let board = Board::new(usual(), HashMap::new());
        let vendor = place(&board, "vendor");
        assert_eq!(board.label(&vendor), Some("Vendor"));
        assert_eq!(board.role(&vendor), StageRole::Unlisted);
        assert!(board.is_in(LeadGroup::Open, &vendor));
    }

    #[test]
    fn a_role_confirmed_for_an_unlisted_stage_counts() {
        let board = Board::new(usual(), HashMap::from([(StageKey::of("Ghost"), Role::Inactive)]));
        assert!(board.is_in(LeadGroup::Inactive, &place(&board, "GHOST")));
    }

    #[test]
    fn a_milestone_is_suggested_by_name_until_the_agency_says_otherwise() {
        let board = Board::new(usual(), HashMap::new());
        let milestone = |board: &Board, name: &str| board.stage(&place(board, name)).unwrap().milestone;
        assert_eq!(milestone(&board, "FDD Sent"), StageMilestone::Suggested(Some(Milestone::FddSent)));
        let said =
            HashMap::from([(StageKey::of("FDD Sent"), None), (StageKey::of("Outbound Call"), Some(Milestone::FddReceipt))]);
        let board = board.with_milestones(&said);
        assert_eq!(milestone(&board, "FDD Sent").likely(), None);
        assert_eq!(milestone(&board, "Outbound Call"), StageMilestone::Confirmed(Some(Milestone::FddReceipt)));
    }
}
