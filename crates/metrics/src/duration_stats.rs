//! The median and 75th percentile of durations.

use tetherboard_domain::{median, percentile};

/// The smallest sample that statistics are shown for.
pub const MIN_SAMPLE: usize = 5;

/// Statistics of a sample of durations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DurationStats {
    /// The sample size.
    pub n: usize,
    /// Median and 75th percentile in milliseconds; `None` below [`MIN_SAMPLE`].
    pub figures: Option<(i64, i64)>,
}

/// Computes the statistics of durations in milliseconds, in any order.
pub(crate) fn duration_stats(mut durations: Vec<i64>) -> DurationStats {
    durations.sort_unstable();
    let sample = Some(&durations).filter(|durations| durations.len() >= MIN_SAMPLE);
    DurationStats { n: durations.len(), figures: sample.and_then(|sample| median(sample).zip(percentile(sample, 75))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_below_five_have_no_statistics() {
        assert_eq!(duration_stats(vec![4, 1, 3, 2]), DurationStats { n: 4, figures: None });
        assert_eq!(duration_stats(vec![5, 4, 1, 3, 2]), DurationStats { n: 5, figures: Some((3, 4)) });
    }
}
