//! The brand's stages at any past moment, as the CRM's list had them.
//!
//! A stage's name, order, odds, active flag, and contact type, and whether the list had it, are those of the moment. Roles are
//! the agency's decision, which applies to the past too, so they are current.

use std::collections::{BTreeSet, HashMap};

use tetherboard_domain::{Dataset, EpochMs, Odds, Role, StageKey, TenantId};
use tetherboard_store::history::{self, LISTED, ValueChange};
use tetherboard_store::lookups::{self, FormerName, RemovedName, Stage, StageRow, belongs_to_removed};
use tetherboard_store::{Conn, Result, stage_roles};

use super::{Board, StagePlace, unlisted_roles};

/// The board at every moment since the first read.
#[derive(Clone, Debug)]
pub struct BoardHistory {
    /// Oldest first; the last one is the current board.
    versions: Vec<Version>,
}

/// A board from the moment since which it was known.
#[derive(Clone, Debug)]
struct Version {
    since_ms: EpochMs,
    board: Board,
    /// The last names of the stages that the list no longer had, by ID.
    removed: HashMap<String, String>,
}

impl BoardHistory {
    /// Loads the boards of a brand, whose current one is given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load<C: Conn>(conn: &C, tenant: TenantId, current: &Board) -> Result<Self> {
        let changes = history::list_changes(conn, tenant, Dataset::Stages).await?;
        let by_name = stage_roles::by_name(conn, tenant).await?;
        Ok(Self::new(current, &lookups::all_stages(conn, tenant).await?, &changes, &by_name))
    }

    /// A board that never changed.
    pub fn of(current: &Board) -> Self {
        Self { versions: vec![Version { since_ms: EpochMs::MIN, board: current.clone(), removed: HashMap::new() }] }
    }

    /// The boards of stages with their changes, which are in order of time, and the agency's decisions about names.
    pub fn new(current: &Board, stages: &[StageRow], changes: &[ValueChange], by_name: &HashMap<StageKey, Role>) -> Self {
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
        // Before the first read no stage was known.
        let moments = std::iter::once(EpochMs::MIN).chain(moments);
        let mut versions: Vec<Version> = moments.map(|moment| Version::after(&histories, by_name, moment)).collect();
        if let Some(last) = versions.last_mut() {
            last.board.clone_from(current);
        }
        Self { versions }
    }

    /// The board as known before a moment.
    pub fn at(&self, before_ms: EpochMs) -> &Board {
        &self.versions[self.index(before_ms)].board
    }

    /// The number of the board as known before a moment.
    pub(crate) fn index(&self, before_ms: EpochMs) -> usize {
        self.versions.partition_point(|version| version.since_ms < before_ms).saturating_sub(1)
    }

    /// The moments at which the list changed, oldest first.
    pub(crate) fn moments(&self) -> Vec<EpochMs> {
        self.versions.iter().skip(1).map(|version| version.since_ms).collect()
    }

    /// How the list last spelled a stage that it no longer has.
    pub(crate) fn spelling(&self, key: &StageKey) -> Option<&str> {
        self.boards().rev().find_map(|board| board.stage_named(key)).map(|stage| stage.name.as_str())
    }

    /// Every board, oldest first.
    pub(crate) fn boards(&self) -> impl DoubleEndedIterator<Item = &Board> {
        self.versions.iter().map(|version| &version.board)
    }

    /// The place of a stage on a board, by the stage's ID. Records in a removed stage have its last name; `None` if the list did
    /// not have it yet.
    pub(crate) fn place_with_id(&self, version: usize, id: &str) -> Option<StagePlace> {
        let Version { board, removed, .. } = self.versions.get(version)?;
        board.place_with_id(id).or_else(|| removed.get(id).map(|name| board.place(Some(name))))
    }

    /// Approximate size in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        let size = |version: &Version| size_of::<Version>() + 400 * version.board.stages().len() + 100 * version.removed.len();
        self.versions.iter().map(size).sum()
    }
}

/// A stage with its changes, oldest first.
struct StageHistory<'a> {
    row: &'a StageRow,
    changes: Vec<&'a ValueChange>,
}

impl StageHistory<'_> {
    /// The stage after the changes up to a moment, with today's decisions.
    fn after(&self, moment: EpochMs) -> Stage {
        let stage = &self.row.stage;
        let number =
            |field: &str, now: Option<i64>| self.undone(field, moment).map_or(now, |old| old.and_then(|old| old.parse().ok()));
        let name = self.undone("name", moment).flatten().map_or_else(|| stage.name.clone(), str::to_owned);
        Stage {
            key: StageKey::of(&name),
            active: number("active", Some(stage.active.into())) == Some(1),
            order: number("order", stage.order),
            odds: number("odds", stage.odds.map(Odds::hundredths)).and_then(Odds::from_hundredths),
            contact_type: number("contact_type", stage.contact_type),
            name,
            ..stage.clone()
        }
    }

    /// Since when the list did not have the stage at a moment; `None` if it had it.
    fn removed_ms(&self, moment: EpochMs) -> Option<EpochMs> {
        let was_listed = self.undone("presence", moment).map_or(self.row.is_listed(), |old| old == Some(LISTED));
        let removals = self.changes.iter().filter(|change| change.field == "presence" && change.seen_after_ms <= moment);
        let removed_ms = removals.map(|change| change.seen_after_ms).max().or(self.row.gone_ms);
        if was_listed { None } else { Some(removed_ms.unwrap_or(EpochMs::MIN)) }
    }

    /// The value of a field before its first change after a moment; `None` if it did not change.
    fn undone(&self, field: &str, moment: EpochMs) -> Option<Option<&str>> {
        let later = self.changes.iter().find(|change| change.field == field && change.seen_after_ms > moment)?;
        Some(later.old.as_deref())
    }

    /// The names before the one that the stage had at a moment.
    fn former(&self, moment: EpochMs) -> impl Iterator<Item = FormerName> {
        let renames = self.changes.iter().filter(move |change| change.field == "name" && change.seen_after_ms <= moment);
        renames.filter_map(|change| {
            let until_ms = change.seen_after_ms;
            Some(FormerName { crm_id: change.crm_id.clone(), name: change.old.clone()?, until_ms })
        })
    }

    /// The names after the one that the stage had at a moment, the first first, with its ID.
    fn later(&self, moment: EpochMs) -> impl Iterator<Item = (String, String)> {
        let renames = self.changes.iter().filter(move |change| change.field == "name" && change.seen_after_ms > moment);
        renames.filter_map(|change| Some((change.crm_id.clone(), change.new.clone()?)))
    }
}

impl Version {
    fn after(histories: &[StageHistory<'_>], by_name: &HashMap<StageKey, Role>, moment: EpochMs) -> Self {
        let (mut listed, mut removed) = (Vec::new(), Vec::new());
        for history in histories.iter().filter(|history| history.row.first_seen_ms <= moment) {
            match history.removed_ms(moment) {
                None => listed.push(history.after(moment)),
                Some(removed_ms) => removed.push((removed_ms, history.after(moment))),
            }
        }
        listed.sort_by(|a, b| (a.order.unwrap_or(i64::MAX), &a.crm_id).cmp(&(b.order.unwrap_or(i64::MAX), &b.crm_id)));
        // In the order of `lookups::former_names`.
        let removed_names: Vec<RemovedName> =
            removed.iter().map(|(gone_ms, stage)| RemovedName { name: stage.name.clone(), gone_ms: *gone_ms }).collect();
        let former = histories.iter().flat_map(|history| history.former(moment));
        let mut former: Vec<FormerName> = former.filter(|name| !belongs_to_removed(name, &removed_names)).collect();
        former.sort_by(|a, b| b.until_ms.cmp(&a.until_ms).then_with(|| a.crm_id.cmp(&b.crm_id)));
        let later = histories.iter().flat_map(|history| history.later(moment));
        let names = removed.iter().map(|(_, stage)| (stage.crm_id.clone(), stage.name.clone())).collect();
        let board = Board::new(listed, unlisted_roles(by_name.clone(), removed));
        Self { since_ms: moment, board: board.with_former_names(former).with_later_names(later), removed: names }
    }
}
