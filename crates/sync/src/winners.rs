//! Which of a read's rows speak for their records: a list that moves while it is read shows a record twice.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use tetherboard_domain::EpochMs;
use tetherboard_store::snapshots::RowNo;

/// A record's id as a keyed 64-bit fingerprint, so that a million of them fit into a few megabytes.
pub(crate) type Fingerprint = u64;

#[derive(Default)]
pub(crate) struct Fingerprints(RandomState);

impl Fingerprints {
    pub(crate) fn of(&self, id: &str) -> Fingerprint {
        self.0.hash_one(id)
    }
}

/// The rows of one read, in the order in which they came.
#[derive(Default)]
pub(crate) struct ReadRows {
    rows: Vec<(RowNo, Option<Fingerprint>)>,
}

impl ReadRows {
    pub(crate) fn push(&mut self, row: RowNo, id: Option<Fingerprint>) {
        self.rows.push((row, id));
    }

    /// The rows to look at, each once, and the records with more than one row.
    pub(crate) fn sort_out(self) -> SortedRows {
        let mut by_id: HashMap<Fingerprint, RowNo> = HashMap::with_capacity(self.rows.len());
        let mut rivals: HashMap<Fingerprint, Vec<RowNo>> = HashMap::new();
        let mut without_id = Vec::new();
        for (row, id) in self.rows {
            match id {
                None => without_id.push(row),
                Some(id) => match *by_id.entry(id).or_insert(row) {
                    known if known == row => {}
                    known => rivals.entry(id).or_insert_with(|| vec![known]).push(row),
                },
            }
        }
        without_id.sort_unstable();
        without_id.dedup();
        for rows in rivals.values_mut() {
            rows.sort_unstable();
            rows.dedup();
        }
        SortedRows { by_id, rivals, without_id }
    }
}

pub(crate) struct SortedRows {
    pub(crate) by_id: HashMap<Fingerprint, RowNo>,
    /// Records that came in different versions.
    pub(crate) rivals: HashMap<Fingerprint, Vec<RowNo>>,
    /// Rows without a readable id, to be set aside.
    pub(crate) without_id: Vec<RowNo>,
}

impl SortedRows {
    /// Lets one version of a record stand.
    pub(crate) fn settle(&mut self, id: Fingerprint, winner: RowNo) {
        self.by_id.insert(id, winner);
    }

    /// The rows that stand, in the order in which they were first stored.
    pub(crate) fn standing(&self) -> Vec<RowNo> {
        let mut rows: Vec<RowNo> = self.by_id.values().copied().collect();
        rows.sort_unstable();
        rows
    }
}

/// Of versions of one record, the one modified last; of equals the one that was first seen last, whatever its place in the list.
pub(crate) fn latest(versions: impl Iterator<Item = (RowNo, Option<EpochMs>)>) -> Option<RowNo> {
    versions.max_by_key(|(row, modified_ms)| (*modified_ms, *row)).map(|(row, _)| row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_repeated_across_pages_counts_once_and_versions_are_rivals() {
        let mut read = ReadRows::default();
        for (row, id) in [(1, Some(7)), (2, Some(8)), (1, Some(7)), (3, Some(8)), (4, None), (4, None)] {
            read.push(row, id);
        }
        let mut sorted = read.sort_out();
        assert_eq!(sorted.rivals, HashMap::from([(8, vec![2, 3])]));
        assert_eq!(sorted.without_id, [4]);
        sorted.settle(8, 3);
        assert_eq!(sorted.standing(), [1, 3]);
    }

    #[test]
    fn the_version_modified_last_wins_and_ties_do_not_depend_on_the_order_of_the_list() {
        assert_eq!(latest([(5, Some(EpochMs(10))), (9, Some(EpochMs(3)))].into_iter()), Some(5));
        assert_eq!(latest([(9, None), (5, None)].into_iter()), latest([(5, None), (9, None)].into_iter()));
    }
}
