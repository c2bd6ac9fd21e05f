//! Chooses the offsets of a read through a list that may change meanwhile, and decides when the list has ended.
//!
//! While each page is as long as requested, pages are fetched concurrently at fixed strides. The first page of another length
//! shows that strides would miss rows: pages already in flight are discarded, and from then on offsets advance by the rows
//! received, one page at a time. A page that is longer than requested may contain rows that offsets do not count, so its
//! successor may overlap it. Only an empty page or a page without new rows ends the list.

/// The state of one read.
#[derive(Debug)]
pub(crate) struct Pagination {
    stride: usize,
    max_in_flight: usize,
    /// Whether a short page that reaches the total ends the list.
    ends_at_total: bool,
    in_strides: bool,
    next: usize,
    in_flight: usize,
    received: usize,
    /// Behind the last row of any page with something new. More than `received` after a page that was longer than requested.
    farthest: usize,
    total: Option<u64>,
    distinct: usize,
    /// Whether one more page has been requested after a page without new rows.
    extra_page_requested: bool,
    ended_on_repeated_page: bool,
}

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Keep the calls in flight.
    Continue,
    /// Discard the calls in flight: their offsets are wrong.
    DiscardInFlight,
    /// The list has ended.
    End,
}

impl Pagination {
    pub(crate) fn new(stride: usize, max_in_flight: usize, ends_at_total: bool) -> Self {
        Self {
            stride: stride.max(1),
            max_in_flight: max_in_flight.max(1),
            ends_at_total,
            in_strides: true,
            next: 0,
            in_flight: 0,
            received: 0,
            farthest: 0,
            total: None,
            distinct: 0,
            extra_page_requested: false,
            ended_on_repeated_page: false,
        }
    }

    /// The next offset to request; `None` while enough calls are in flight.
    pub(crate) fn next_offset(&mut self) -> Option<usize> {
        let may_prefetch = self.in_strides && self.in_flight < self.max_in_flight && self.next < self.prefetch_end();
        if self.in_flight > 0 && !may_prefetch {
            return None;
        }
        let offset = self.next;
        self.in_flight += 1;
        self.next += self.stride;
        Some(offset)
    }

    /// Records the page at the earliest offset in flight: how many rows it has, how many of them are new, and the list's total
    /// as the page states it.
    pub(crate) fn page_received(&mut self, offset: usize, rows: usize, new: usize, total: Option<u64>) -> NextStep {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.received = offset.saturating_add(rows.min(self.stride));
        self.distinct += new;
        // If the total changes during the read, the largest is the safest: it can make a complete read look short, but never the
        // reverse. A contact removed behind the reader lowers the total and hides another that moved up.
        self.total = self.total.max(total);
        if self.ends_at_total && rows < self.stride && self.total == Some(self.distinct as u64) {
            return NextStep::End;
        }
        if new > 0 {
            self.extra_page_requested = false;
            self.farthest = self.farthest.max(offset.saturating_add(rows));
            return if rows == self.stride && self.in_strides { NextStep::Continue } else { self.advance_to(self.received) };
        }
        if offset < self.farthest {
            return self.advance_to(self.farthest);
        }
        // A page that is longer than requested comes from a list without pages: it was all there was.
        self.ended_on_repeated_page = rows == self.stride;
        if self.extra_page_requested || !self.is_short() {
            return NextStep::End;
        }
        self.extra_page_requested = true;
        self.advance_to(if rows == 0 { offset.saturating_add(self.stride) } else { self.received })
    }

    /// Whether fewer distinct rows were received than the list claims to have.
    pub(crate) fn is_short(&self) -> bool {
        self.total.is_some_and(|total| (self.distinct as u64) < total)
    }

    /// Whether the last page had exactly the requested length but no new rows, which is not how a list ends.
    pub(crate) fn ended_on_repeated_page(&self) -> bool {
        self.ended_on_repeated_page
    }

    /// The largest total that a page stated.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Distinct rows received.
    pub(crate) fn distinct(&self) -> usize {
        self.distinct
    }

    fn advance_to(&mut self, next: usize) -> NextStep {
        self.in_strides = false;
        self.in_flight = 0;
        self.next = next;
        NextStep::DiscardInFlight
    }

    /// Pages before this offset may be prefetched. A total that is not yet reached is trusted, rounded up to a full page. If
    /// it is missing or exceeded, the read may go as far as twice the rows received.
    fn prefetch_end(&self) -> usize {
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

    /// Reads a list of `rows` rows that states `total`; returns the requested offsets.
    fn read(mut pagination: Pagination, rows: usize, total: Option<u64>) -> (Vec<usize>, Pagination) {
        let (mut offsets, mut in_flight) = (Vec::new(), std::collections::VecDeque::new());
        loop {
            while let Some(offset) = pagination.next_offset() {
                offsets.push(offset);
                in_flight.push_back(offset);
            }
            let offset = in_flight.pop_front().unwrap();
            let received = rows.saturating_sub(offset).min(100);
            match pagination.page_received(offset, received, received, total) {
                NextStep::Continue => {}
                NextStep::DiscardInFlight => in_flight.clear(),
                NextStep::End => return (offsets, pagination),
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
    fn a_stable_list_is_read_with_few_calls(#[case] rows: usize, #[case] total: Option<u64>, #[case] offsets: &[usize]) {
        let (mut requested, pagination) = read(Pagination::new(100, 3, false), rows, total);
        requested.dedup();
        assert_eq!(requested, offsets);
        assert_eq!(pagination.distinct(), rows);
        assert_eq!(pagination.is_short(), total.is_some_and(|total| total > rows as u64));
    }

    #[test]
    fn no_more_is_prefetched_than_may_be_in_flight() {
        let mut pagination = Pagination::new(100, 4, false);
        assert_eq!(pagination.next_offset(), Some(0));
        assert_eq!(pagination.next_offset(), None, "the first page comes alone");
        assert_eq!(pagination.page_received(0, 100, 100, Some(u64::MAX)), NextStep::Continue);
        let offsets: Vec<_> = std::iter::from_fn(|| pagination.next_offset()).collect();
        assert_eq!(offsets, [100, 200, 300, 400]);
    }

    #[test]
    fn after_a_short_page_offsets_advance_by_rows_received() {
        let mut pagination = Pagination::new(100, 4, false);
        pagination.next_offset();
        pagination.page_received(0, 100, 100, Some(1000));
        while pagination.next_offset().is_some() {}
        assert_eq!(pagination.page_received(100, 80, 80, Some(1000)), NextStep::DiscardInFlight);
        assert_eq!((pagination.next_offset(), pagination.next_offset()), (Some(180), None));
        assert_eq!(pagination.page_received(180, 100, 100, Some(1000)), NextStep::DiscardInFlight);
        assert_eq!((pagination.next_offset(), pagination.next_offset()), (Some(280), None));
    }

    #[test]
    fn a_page_of_repeats_ends_the_read_unless_rows_are_missing() {
        let mut pagination = Pagination::new(100, 1, false);
        pagination.next_offset();
        pagination.page_received(0, 100, 100, Some(150));
        pagination.next_offset();
        assert_eq!(pagination.page_received(100, 100, 0, Some(150)), NextStep::DiscardInFlight, "one more page");
        assert_eq!(pagination.next_offset(), Some(200));
        assert_eq!(pagination.page_received(200, 50, 50, Some(150)), NextStep::DiscardInFlight, "the missing rows");
        assert_eq!(pagination.next_offset(), Some(250));
        assert_eq!(pagination.page_received(250, 0, 0, None), NextStep::End);
        assert!(!pagination.is_short());
    }

    /// Offsets that a client requests from a list of 1,000 rows whose server pages in its own way.
    fn offsets_of(page: impl Fn(usize) -> std::ops::Range<usize>) -> (Vec<usize>, Pagination) {
        let (mut pagination, mut seen, mut offsets) = (Pagination::new(100, 1, false), 0, Vec::new());
        while let Some(offset) = pagination.next_offset() {
            offsets.push(offset);
            let rows = page(offset);
            let new = rows.end.saturating_sub(seen);
            seen = seen.max(rows.end);
            if pagination.page_received(offset, rows.len(), new.min(rows.len()), None) == NextStep::End {
                break;
            }
        }
        (offsets, pagination)
    }

    #[test]
    fn longer_pages_than_requested_lose_no_row() {
        let (offsets, pagination) = offsets_of(|offset| offset.min(1000)..1000);
        assert_eq!((offsets.as_slice(), pagination.distinct()), ([0, 100, 1000].as_slice(), 1000));
        // Offsets are rounded down to pages of 250.
        let (offsets, pagination) = offsets_of(|offset| (offset / 250 * 250).min(1000)..(offset / 250 * 250 + 250).min(1000));
        assert_eq!((offsets.as_slice(), pagination.distinct()), ([0, 100, 250, 350, 500, 600, 750, 850, 1000].as_slice(), 1000));
        assert!(!pagination.ended_on_repeated_page());
    }

    #[test]
    fn the_largest_total_counts() {
        let mut pagination = Pagination::new(100, 1, false);
        pagination.next_offset();
        pagination.page_received(0, 99, 99, Some(100));
        pagination.next_offset();
        pagination.page_received(99, 0, 0, Some(99));
        assert!(pagination.is_short());
    }

    #[test]
    fn a_small_list_may_end_at_its_total_but_never_before() {
        let first = |rows: usize, total| Pagination::new(100, 8, true).page_received(0, rows, rows, total);
        assert_eq!((first(4, Some(4)), first(0, Some(0))), (NextStep::End, NextStep::End));
        assert_eq!((first(4, Some(5)), first(4, None)), (NextStep::DiscardInFlight, NextStep::DiscardInFlight));
        assert_eq!(first(100, Some(100)), NextStep::Continue);
    }
}
