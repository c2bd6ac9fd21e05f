//! When a record that did not come is taken for gone. A pure decision, since a wrong one lowers every number.

/// What a read of a dataset showed of its live records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Absences {
    /// Records that were live before this read.
    pub(crate) live: usize,
    /// Those of the whole list, where the read was of a part: of some contacts' notes.
    pub(crate) all: usize,
    /// Of the live ones, those that the read did not show.
    pub(crate) absent: usize,
    /// Whether the list was read whole.
    pub(crate) whole: bool,
    /// Whether the agency agreed that they are gone.
    pub(crate) accepted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// An incomplete list says nothing about what is not on it.
    Nothing,
    /// Those missed for the first time are marked; those missed before are gone.
    AfterTwoReads,
    /// So many at once look like a fault: they stay until they return or the agency agrees.
    Held,
    /// The agency agreed: all are gone.
    Now,
}

pub(crate) fn decide(absences: Absences) -> Removal {
    let Absences { live, all, absent, whole, accepted } = absences;
    let emptied = all > 0 && absent == all;
    let many = absent >= 10 && absent * 5 > live;
    match () {
        () if !whole => Removal::Nothing,
        () if accepted => Removal::Now,
        () if emptied || many => Removal::Held,
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
    #[case::all_of_three(3, 3, Removal::Held)]
    #[case::a_fifth_exactly(100, 20, Removal::AfterTwoReads)]
    #[case::over_a_fifth(100, 21, Removal::Held)]
    #[case::an_empty_list_that_was_always_empty(0, 0, Removal::AfterTwoReads)]
    fn a_whole_read_removes_or_holds(#[case] live: usize, #[case] absent: usize, #[case] expected: Removal) {
        assert_eq!(decide(Absences { live, all: live, absent, whole: true, accepted: false }), expected);
    }

    #[test]
    fn a_part_of_a_list_may_be_emptied_but_not_by_many() {
        let part = |live| decide(Absences { live, all: 100, absent: live, whole: true, accepted: false });
        assert_eq!((part(1), part(9), part(10)), (Removal::AfterTwoReads, Removal::AfterTwoReads, Removal::Held));
    }

    #[test]
    fn an_incomplete_read_removes_nothing_even_when_the_agency_agreed() {
        assert_eq!(decide(Absences { live: 100, all: 100, absent: 100, whole: false, accepted: true }), Removal::Nothing);
        assert_eq!(decide(Absences { live: 100, all: 100, absent: 100, whole: true, accepted: true }), Removal::Now);
    }
}
