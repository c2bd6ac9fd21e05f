//! The course of a read through a list that moves: which offset to ask next, and when the list has ended.
//!
//! While every page comes as long as it was asked, pages go side by side in strides. The first page of another length
//! shows that strides miss the mark: what was asked ahead is dropped, and from there on offsets go by the rows
//! received, one at a time. No page is trusted to be the last but one that is empty or holds nothing new.

#[derive(Debug)]
pub(crate) struct Course {
    stride: usize,
    /// Pages asked and not yet taken, at most.
    window: usize,
    /// Whether a short page that brings the list to its total is the last.
    ends_at_total: bool,
    in_strides: bool,
    next: usize,
    waiting: usize,
    received: usize,
    total: Option<u64>,
    distinct: usize,
    asked_further: bool,
    /// The last page was full, of rows that had come before: no end of a list looks so.
    repeats: bool,
}

/// What a page means for those asked after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// They are still wanted.
    GoOn,
    /// They stand at the wrong offsets.
    Drop,
    End,
}

impl Course {
    pub(crate) fn new(stride: usize, window: usize, ends_at_total: bool) -> Self {
        Self {
            stride: stride.max(1),
            window: window.max(1),
            ends_at_total,
            in_strides: true,
            next: 0,
            waiting: 0,
            received: 0,
            total: None,
            distinct: 0,
            asked_further: false,
            repeats: false,
        }
    }

    /// The offset to ask now; none while enough is on its way.
    pub(crate) fn ask(&mut self) -> Option<usize> {
        let ahead = self.in_strides && self.waiting < self.window && self.next < self.reach();
        if self.waiting > 0 && !ahead {
            return None;
        }
        let offset = self.next;
        self.waiting += 1;
        self.next += self.stride;
        Some(offset)
    }

    /// Takes the page at the earliest offset asked: its rows, how many were new, how many rows the list claims to have.
    pub(crate) fn take(&mut self, offset: usize, rows: usize, new: usize, total: Option<u64>) -> Then {
        self.waiting = self.waiting.saturating_sub(1);
        self.received = offset.saturating_add(rows);
        self.distinct += new;
        // Of a list that moves the largest total is the strictest: it can make a whole read look short, never the
        // other way round. A contact removed behind the reader lowers the total and hides one that moved up.
        self.total = self.total.max(total);
        if self.ends_at_total && rows < self.stride && self.total.is_some() && !self.is_short() {
            return Then::End;
        }
        if new > 0 {
            self.asked_further = false;
            return if rows == self.stride && self.in_strides { Then::GoOn } else { self.go_by_rows(self.received) };
        }
        self.repeats = rows >= self.stride;
        if self.asked_further || !self.is_short() {
            return Then::End;
        }
        self.asked_further = true;
        self.go_by_rows(if rows == 0 { offset.saturating_add(self.stride) } else { self.received })
    }

    pub(crate) fn is_short(&self) -> bool {
        self.total.is_some_and(|total| (self.distinct as u64) < total)
    }

    /// Whether the list ended where it should have gone on: on a full page that holds nothing new.
    pub(crate) fn repeats(&self) -> bool {
        self.repeats
    }

    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }

    pub(crate) fn distinct(&self) -> usize {
        self.distinct
    }

    fn go_by_rows(&mut self, next: usize) -> Then {
        self.in_strides = false;
        self.waiting = 0;
        self.next = next;
        Then::Drop
    }

    /// Pages before this offset may be asked ahead. A total that was not yet reached is believed to the page; one that
    /// is missing or was passed is not, and the read doubles its reach with the rows that came.
    fn reach(&self) -> usize {
        let total = self.total.map(|total| usize::try_from(total).unwrap_or(usize::MAX));
        match total {
            Some(total) if self.received <= total => total.checked_next_multiple_of(self.stride).unwrap_or(usize::MAX),
            _ => self.received.saturating_mul(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Reads a list of `rows`, told `total`, and writes down the offsets asked.
    fn read(mut course: Course, rows: usize, total: Option<u64>) -> (Vec<usize>, Course) {
        let (mut asked, mut on_its_way) = (Vec::new(), std::collections::VecDeque::new());
        loop {
            while let Some(offset) = course.ask() {
                asked.push(offset);
                on_its_way.push_back(offset);
            }
            let offset = on_its_way.pop_front().unwrap();
            let came = rows.saturating_sub(offset).min(100);
            match course.take(offset, came, came, total) {
                Then::GoOn => {}
                Then::Drop => on_its_way.clear(),
                Then::End => return (asked, course),
            }
        }
    }

    #[rstest]
    #[case::empty(0, Some(0), &[0])]
    #[case::one_short_page(18, Some(18), &[0, 18])]
    #[case::ends_within_a_page(250, Some(250), &[0, 100, 200, 250])]
    #[case::ends_with_a_page(300, Some(300), &[0, 100, 200, 300])]
    #[case::total_unknown(250, None, &[0, 100, 200, 300, 250])]
    #[case::total_too_small(250, Some(10), &[0, 100, 200, 300, 250])]
    #[case::total_too_large(250, Some(900), &[0, 100, 200, 300, 400, 250, 350])]
    fn a_still_list_is_read_with_few_calls(#[case] rows: usize, #[case] total: Option<u64>, #[case] offsets: &[usize]) {
        let (mut asked, course) = read(Course::new(100, 3, false), rows, total);
        asked.dedup();
        assert_eq!(asked, offsets);
        assert_eq!(course.distinct(), rows);
        assert_eq!(course.is_short(), total.is_some_and(|total| total > rows as u64));
    }

    #[test]
    fn no_more_is_asked_ahead_than_fits_the_window() {
        let mut course = Course::new(100, 4, false);
        assert_eq!(course.ask(), Some(0));
        assert_eq!(course.ask(), None, "nothing is known yet");
        assert_eq!(course.take(0, 100, 100, Some(u64::MAX)), Then::GoOn);
        let asked: Vec<_> = std::iter::from_fn(|| course.ask()).collect();
        assert_eq!(asked, [100, 200, 300, 400]);
    }

    #[test]
    fn after_a_short_page_offsets_go_by_the_rows_received() {
        let mut course = Course::new(100, 4, false);
        course.ask();
        course.take(0, 100, 100, Some(1000));
        while course.ask().is_some() {}
        assert_eq!(course.take(100, 80, 80, Some(1000)), Then::Drop);
        assert_eq!((course.ask(), course.ask()), (Some(180), None));
        assert_eq!(course.take(180, 100, 100, Some(1000)), Then::Drop);
        assert_eq!((course.ask(), course.ask()), (Some(280), None));
    }

    #[test]
    fn a_page_of_repeats_ends_the_read_unless_rows_are_missing() {
        let mut course = Course::new(100, 1, false);
        course.ask();
        course.take(0, 100, 100, Some(150));
        course.ask();
        assert_eq!(course.take(100, 100, 0, Some(150)), Then::Drop, "one page further");
        assert_eq!(course.ask(), Some(200));
        assert_eq!(course.take(200, 50, 50, Some(150)), Then::Drop, "the missing rows");
        assert_eq!(course.ask(), Some(250));
        assert_eq!(course.take(250, 0, 0, None), Then::End);
        assert!(!course.is_short());
    }

    #[test]
    fn the_largest_total_counts() {
        let mut course = Course::new(100, 1, false);
        course.ask();
        course.take(0, 99, 99, Some(100));
        course.ask();
        course.take(99, 0, 0, Some(99));
        assert!(course.is_short());
    }

    #[test]
    fn a_small_list_may_end_at_its_total_but_never_before() {
        let first = |rows: usize, total| Course::new(100, 8, true).take(0, rows, rows, total);
        assert_eq!((first(4, Some(4)), first(0, Some(0))), (Then::End, Then::End));
        assert_eq!((first(4, Some(5)), first(4, None)), (Then::Drop, Then::Drop));
        assert_eq!(first(100, Some(100)), Then::GoOn);
    }
}
