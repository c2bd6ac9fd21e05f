//! Deduplicates the rows of one read, because a list that changes while it is paged shows the same record twice.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use tetherboard_domain::EpochMs;
use tetherboard_store::snapshots::RowNo;

/// A record's ID as a keyed 64-bit hash, so that a million IDs fit into a few megabytes.
pub(crate) type Fingerprint = u64;

/// Hashes record IDs with a key that is random per run.
#[derive(Default)]
pub(crate) struct Fingerprints(RandomState);

impl Fingerprints {
    /// The fingerprint of a record's ID.
    pub(crate) fn of(&self, id: &str) -> Fingerprint {
        self.0.hash_one(id)
    }
}

/// A saved row and the parent of its record: `()` in a list of the whole account, the contact in a list of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceRow<P> {
    pub(crate) row_no: RowNo,
    pub(crate) parent: P,
}

/// The rows of one read in the order received.
#[derive(Default)]
pub(crate) struct ReadRows<P> {
    rows: Vec<(SourceRow<P>, Option<Fingerprint>)>,
}

impl<P: Clone + Ord> ReadRows<P> {
    /// Adds a row; `id` is `None` if the row has no readable ID.
    pub(crate) fn push(&mut self, row_no: RowNo, parent: P, id: Option<Fingerprint>) {
        self.rows.push((SourceRow { row_no, parent }, id));
    }

    /// Adds the rows of a later read.
    pub(crate) fn append(&mut self, mut later: Self) {
        self.rows.append(&mut later.rows);
    }

    /// The records that the rows show.
    pub(crate) fn ids(&self) -> HashSet<Fingerprint> {
        self.rows.iter().filter_map(|(_, id)| *id).collect()
    }

    /// Groups the rows by record. A row that appears on several pages counts once.
    pub(crate) fn dedup(self) -> DedupedRows<P> {
        let mut by_id: HashMap<Fingerprint, SourceRow<P>> = HashMap::with_capacity(self.rows.len());
        let mut conflicts: HashMap<Fingerprint, Vec<SourceRow<P>>> = HashMap::new();
        let mut without_id = Vec::new();
        for (row, id) in self.rows {
            match id.map(|id| by_id.entry(id)) {
                None => without_id.push(row),
                Some(Entry::Vacant(entry)) => {
                    entry.insert(row);
                }
                Some(Entry::Occupied(first)) if *first.get() == row => {}
                Some(Entry::Occupied(first)) => {
                    conflicts.entry(*first.key()).or_insert_with(|| vec![first.get().clone()]).push(row);
                }
            }
        }
        without_id.sort_unstable();
        without_id.dedup();
        for rows in conflicts.values_mut() {
            rows.sort_unstable();
            rows.dedup();
        }
        DedupedRows { by_id, conflicts, without_id }
    }
}

/// The rows of one read by record.
pub(crate) struct DedupedRows<P> {
    /// One row per record; for a record with conflicting rows the first one, until [`Self::resolve`] picks another.
    pub(crate) by_id: HashMap<Fingerprint, SourceRow<P>>,
    /// Records that the read showed in several versions.
    pub(crate) conflicts: HashMap<Fingerprint, Vec<SourceRow<P>>>,
    /// Rows without a readable ID.
    pub(crate) without_id: Vec<SourceRow<P>>,
}

impl<P: Clone + Ord> DedupedRows<P> {
    /// Picks the version of a record to use.
    pub(crate) fn resolve(&mut self, id: Fingerprint, row: SourceRow<P>) {
        self.by_id.insert(id, row);
    }

    /// One row per record, in the order in which the rows were first saved.
    pub(crate) fn selected(&self) -> Vec<SourceRow<P>> {
        let mut rows: Vec<SourceRow<P>> = self.by_id.values().cloned().collect();
        rows.sort_unstable();
        rows
    }
}

/// The version modified last. On a tie the one saved last, so that the result does not depend on the order of the list.
pub(crate) fn latest_version<P: Ord>(versions: impl Iterator<Item = (SourceRow<P>, Option<EpochMs>)>) -> Option<SourceRow<P>> {
    versions.max_by(|(a, a_ms), (b, b_ms)| (a_ms, a).cmp(&(b_ms, b))).map(|(row, _)| row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(row_no: RowNo) -> SourceRow<()> {
        SourceRow { row_no, parent: () }
    }

    #[test]
    fn a_row_repeated_across_pages_counts_once_and_different_versions_conflict() {
        let mut read = ReadRows::default();
        for (row_no, id) in [(1, Some(7)), (2, Some(8)), (1, Some(7)), (3, Some(8)), (4, None), (4, None)] {
            read.push(row_no, (), id);
        }
        let mut rows = read.dedup();
        assert_eq!(rows.conflicts, HashMap::from([(8, vec![row(2), row(3)])]));
        assert_eq!(rows.without_id, [row(4)]);
        rows.resolve(8, row(3));
        assert_eq!(rows.selected(), [row(1), row(3)]);
    }

    #[test]
    fn the_version_modified_last_is_used_and_ties_do_not_depend_on_the_order_of_the_list() {
        assert_eq!(latest_version([(row(5), Some(EpochMs(10))), (row(9), Some(EpochMs(3)))].into_iter()), Some(row(5)));
        let tie = [(row(9), None), (row(5), None)];
        assert_eq!(latest_version(tie.into_iter()), latest_version(tie.into_iter().rev()));
    }
}
