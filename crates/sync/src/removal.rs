//! Decides when a record that a read did not show counts as removed. Pure, because a wrong decision lowers every number.

/// What a read showed of a dataset's live records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AbsenceCounts {
    /// Records in the scope of the read that were live before it.
    pub(crate) live: usize,
    /// Live records of the whole dataset. More than `live` if the read covered only a part: the notes of some contacts.
    pub(crate) all: usize,
    /// Live records in the scope that the read did not show.
    pub(crate) absent: usize,
    /// Whether the read was complete.
    pub(crate) complete: bool,
    /// Whether the agency confirmed the removals.
    pub(crate) accepted: bool,
}

/// What to do about absent records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// Nothing: an incomplete read proves no absence.
    Ignore,
    /// Mark records that are missing for the first time, and remove those that the read before missed too.
    AfterTwoReads,
    /// Keep all records until they return or the agency confirms: this many at once look like a fault of the CRM.
    Hold,
    /// Remove all: the agency confirmed.
    Now,
}

/// Decides what to do about absent records: more than 20% and at least 10, or all of them, are held.
pub(crate) fn decide(counts: AbsenceCounts) -> Removal {
    let AbsenceCounts { live, all, absent, complete, accepted } = counts;
    let is_empty = all > 0 && absent == all;
    let is_large = absent >= 10 && absent * 5 > live;
    match () {
        () if !complete => Removal::Ignore,
        () if accepted => Removal::Now,
        () if is_empty || is_large => Removal::Hold,
        () => Removal::AfterTwoReads,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing_is_missing(100, 0, Removal::AfterTwoReads)]
    #[case::nine_of_ten(10, 9, Removal::AfterTwoReads)]
    #[case::all_of_three(3, 3, Removal::Hold)]
    #[case::exactly_a_fifth(100, 20, Removal::AfterTwoReads)]
    #[case::more_than_a_fifth(100, 21, Removal::Hold)]
    #[case::an_empty_list_that_was_always_empty(0, 0, Removal::AfterTwoReads)]
    fn a_complete_read_removes_or_holds(#[case] live: usize, #[case] absent: usize, #[case] expected: Removal) {
        assert_eq!(decide(AbsenceCounts { live, all: live, absent, complete: true, accepted: false }), expected);
    }

    #[test]
    fn a_part_of_a_list_can_become_empty_unless_ten_or_more_records_are_missing() {
        let part = |live| decide(AbsenceCounts { live, all: 100, absent: live, complete: true, accepted: false });
        assert_eq!((part(1), part(9), part(10)), (Removal::AfterTwoReads, Removal::AfterTwoReads, Removal::Hold));
    }

    #[test]
    fn an_incomplete_read_removes_nothing_even_if_the_agency_confirmed() {
        let confirmed = |complete| decide(AbsenceCounts { live: 100, all: 100, absent: 100, complete, accepted: true });
        assert_eq!(confirmed(false), Removal::Ignore);
        assert_eq!(confirmed(true), Removal::Now);
    }
}
