//! The brand's stages at any past moment, as the CRM's list had them.
//!
//! A stage's name, order, odds, active flag, and contact type, and whether the list had it, are those of the moment. Roles are
//! the agency's decision, which applies to the past too, so they are current.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tetherboard_domain::{Dataset, EpochMs, Odds, Role, StageKey, TenantId};
use tetherboard_store::history::{self, LISTED, ValueChange};
use tetherboard_store::lookups::{self, FormerName, Stage, StageRow};
use tetherboard_store::{Conn, Result};

use super::{Board, StagePlace};

/// The board at every moment since the first read.
#[derive(Clone, Debug)]
pub struct BoardHistory {
    /// Each board with the moment since which it was known, oldest first; the last one is the current board.
    versions: Vec<(EpochMs, Board)>,
    /// Where each stage came from, by ID.
    origins: HashMap<String, Origin>,
}

/// What a stage was before the list had it under its ID.
#[derive(Clone, Debug)]
struct Origin {
    first_seen_ms: EpochMs,
    former_names: Vec<String>,
    /// The removed stage that it was added again for, by ID: the last one that had its first name.
    predecessor: Option<String>,
}

impl BoardHistory {
    /// Loads the boards of a brand, whose current one is given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load<C: Conn>(conn: &C, tenant: TenantId, current: &Board) -> Result<Self> {
        let changes = history::list_changes(conn, tenant, Dataset::Stages).await?;
        Ok(Self::new(current, &lookups::all_stages(conn, tenant).await?, &changes))
    }

    /// A board that never changed.
    pub fn of(current: &Board) -> Self {
        Self { versions: vec![(EpochMs::MIN, current.clone())], origins: HashMap::new() }
    }

    /// The boards of stages with their changes, which are in order of time.
    pub fn new(current: &Board, stages: &[StageRow], changes: &[ValueChange]) -> Self {
        let mut by_stage: HashMap<&str, Vec<&ValueChange>> = HashMap::new();
        for change in changes {
            by_stage.entry(&change.crm_id).or_default().push(change);
        }
        let histories: Vec<StageHistory<'_>> = stages
            .iter()
            .map(|row| StageHistory { row, changes: by_stage.remove(row.stage.crm_id.as_str()).unwrap_or_default() })
            .collect();
        let seen = stages.iter().map(|row| row.first_seen_ms).chain(changes.iter().map(|change| change.seen_after_ms));
        let moments: BTreeSet<EpochMs> = seen.collect();
        let mut versions: Vec<(EpochMs, Board)> = Vec::new();
        // Before the first read no stage was known.
        for moment in std::iter::once(EpochMs::MIN).chain(moments) {
            versions.push((moment, board_after(current, &histories, moment)));
        }
        if let Some((_, last)) = versions.last_mut() {
            last.clone_from(current);
        }
        let origins = histories.iter().map(|history| (history.row.stage.crm_id.clone(), history.origin(&versions))).collect();
        Self { versions, origins }
    }

    /// The place of a stage on a board from before it was known. One that was added again has the records of the removed one.
    pub(crate) fn place_before(&self, version: usize, id: &str) -> Option<StagePlace> {
        let (since_ms, board) = self.versions.get(version)?;
        let origin = self.origins.get(id).filter(|origin| *since_ms < origin.first_seen_ms)?;
        let of_predecessor = origin
            .predecessor
            .as_ref()
            .and_then(|removed| board.place_with_id(removed).or_else(|| self.place_before(version, removed)));
        let mut by_name = origin.former_names.iter().map(|name| board.place(Some(name)));
        of_predecessor.or_else(|| by_name.find(|place| matches!(place, StagePlace::Listed(_))))
    }

    /// The board as known before a moment.
    pub fn at(&self, before_ms: EpochMs) -> &Board {
        &self.versions[self.index(before_ms)].1
    }

    /// The number of the board as known before a moment.
    pub(crate) fn index(&self, before_ms: EpochMs) -> usize {
        self.versions.partition_point(|(since_ms, _)| *since_ms < before_ms).saturating_sub(1)
    }

    /// The moments at which the list changed, oldest first.
    pub(crate) fn moments(&self) -> Vec<EpochMs> {
        self.versions.iter().skip(1).map(|(since_ms, _)| *since_ms).collect()
    }

    /// How the list last spelled a stage that it no longer has.
    pub(crate) fn spelling(&self, key: &StageKey) -> Option<&str> {
        self.versions.iter().rev().find_map(|(_, board)| board.stage_named(key)).map(|stage| stage.name.as_str())
    }

    /// Every board, oldest first.
    pub(crate) fn boards(&self) -> impl Iterator<Item = &Board> {
        self.versions.iter().map(|(_, board)| board)
    }

    /// Approximate size in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.versions.iter().map(|(_, board)| size_of::<Board>() + 400 * board.stages().len()).sum()
    }
}

/// A stage with its changes, oldest first.
struct StageHistory<'a> {
    row: &'a StageRow,
    changes: Vec<&'a ValueChange>,
}

impl StageHistory<'_> {
    /// The stage after the changes up to a moment; `None` if the list did not have it.
    fn after(&self, moment: EpochMs) -> Option<Stage> {
        let StageRow { stage, first_seen_ms, gone_ms } = self.row;
        let undone = |field: &str| {
            let later = self.changes.iter().find(|change| change.field == field && change.seen_after_ms > moment);
            later.map(|later| later.old.clone())
        };
        let is_listed = undone("presence").map_or(gone_ms.is_none(), |old| old.as_deref() == Some(LISTED));
        if *first_seen_ms > moment || !is_listed {
            return None;
        }
        let number = |field: &str, now: Option<i64>| undone(field).map_or(now, |old| old.and_then(|old| old.parse().ok()));
        let name = undone("name").flatten().unwrap_or_else(|| stage.name.clone());
        Some(Stage {
            key: StageKey::of(&name),
            active: number("active", Some(stage.active.into())) == Some(1),
            order: number("order", stage.order),
            odds: number("odds", stage.odds.map(Odds::hundredths)).and_then(Odds::from_hundredths),
            contact_type: number("contact_type", stage.contact_type),
            crm_id: stage.crm_id.clone(),
            name,
        })
    }

    /// What the stage was before it was known; the boards are oldest first.
    fn origin(&self, versions: &[(EpochMs, Board)]) -> Origin {
        let first_seen_ms = self.row.first_seen_ms;
        let former_names: Vec<String> = self.former(EpochMs::MAX).map(|(_, former)| former.name).collect();
        let key = StageKey::of(former_names.first().unwrap_or(&self.row.stage.name));
        let (before, since) = versions.split_at(versions.partition_point(|(since_ms, _)| *since_ms < first_seen_ms));
        let named = before.iter().rev().find_map(|(_, board)| board.stage_named(&key)?.ids.first());
        // It was removed at the same time, or later, because a removal counts when two reads agree.
        let is_removed = |id: &String| since.iter().any(|(_, board)| board.place_with_id(id).is_none());
        Origin { first_seen_ms, former_names, predecessor: named.filter(|id| is_removed(id)).cloned() }
    }

    /// The names before the one that the stage had at a moment, and until when.
    fn former(&self, moment: EpochMs) -> impl Iterator<Item = (EpochMs, FormerName)> {
        let renames = self.changes.iter().filter(move |change| change.field == "name" && change.seen_after_ms <= moment);
        renames.filter_map(|change| {
            let name = FormerName { crm_id: change.crm_id.clone(), name: change.old.clone()? };
            Some((change.seen_after_ms, name))
        })
    }

    /// The names after the one that the stage had at a moment, the first first.
    fn later(&self, moment: EpochMs) -> impl Iterator<Item = FormerName> {
        let renames = self.changes.iter().filter(move |change| change.field == "name" && change.seen_after_ms > moment);
        renames.filter_map(|change| Some(FormerName { crm_id: change.crm_id.clone(), name: change.new.clone()? }))
    }
}

fn board_after(current: &Board, histories: &[StageHistory<'_>], moment: EpochMs) -> Board {
    let mut listed: Vec<Stage> = histories.iter().filter_map(|history| history.after(moment)).collect();
    listed.sort_by(|a, b| (a.order.unwrap_or(i64::MAX), &a.crm_id).cmp(&(b.order.unwrap_or(i64::MAX), &b.crm_id)));
    let roles = roles_of(current, histories, &listed);
    // In the order of `lookups::former_names`.
    let mut former: Vec<(EpochMs, FormerName)> = histories.iter().flat_map(|history| history.former(moment)).collect();
    former.sort_by(|(a_ms, a), (b_ms, b)| b_ms.cmp(a_ms).then_with(|| a.crm_id.cmp(&b.crm_id)));
    let former = former.into_iter().map(|(_, name)| name).collect();
    let later = histories.iter().flat_map(|history| history.later(moment)).collect();
    Board::new(listed, roles).with_former_names(former).with_later_names(later)
}

/// The agency's roles by the names that the stages had.
fn roles_of(current: &Board, histories: &[StageHistory<'_>], listed: &[Stage]) -> HashMap<StageKey, Role> {
    let names: HashMap<&str, &StageKey> =
        histories.iter().map(|history| (history.row.stage.crm_id.as_str(), &history.row.stage.key)).collect();
    let mut roles = current.confirmed.clone();
    let mut renamed: BTreeMap<&StageKey, Option<Role>> = BTreeMap::new();
    // Prospects' stages come last and win where two types use one name.
    let mut ordered: Vec<&Stage> = listed.iter().collect();
    ordered.sort_by_key(|stage| stage.contact_type.is_none_or(|of| of == 1));
    for stage in ordered {
        if let Some(now) = names.get(stage.crm_id.as_str()).filter(|now| **now != &stage.key) {
            renamed.insert(&stage.key, current.confirmed.get(*now).copied());
        }
    }
    for (key, role) in renamed {
        match role {
            Some(role) => _ = roles.insert(key.clone(), role),
            None => _ = roles.remove(key),
        }
    }
    roles
}
