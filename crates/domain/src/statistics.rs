//! Medians and percentiles of whole numbers.
//!
//! For an even number of values there are two middle ones, and each number has its own rule for them: [`median`] and
//! [`percentile`] interpolate, [`lower_median`] takes the smaller one, and [`doubled_median`] keeps the exact half.

/// The median of values in ascending order. Between two middle values it is their mean, rounded down; `None` without values.
pub fn median(sorted: &[i64]) -> Option<i64> {
    percentile(sorted, 50)
}

/// A percentile of values in ascending order, interpolated between adjacent values as in spreadsheets and rounded down; `None`
/// without values. `percent` is from 0 to 100.
pub fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let place = percent * sorted.len().checked_sub(1)?;
    let (below, part) = (place / 100, i64::try_from(place % 100).unwrap_or(0));
    let low = *sorted.get(below)?;
    Some(sorted.get(below + 1).map_or(low, |high| low + (high - low) * part / 100))
}

/// The median of values in ascending order. Of two middle values it is the smaller one; `None` without values.
pub fn lower_median(sorted: &[i64]) -> Option<i64> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// Twice the median, so that it is exact, of values in ascending order, each with the number of times it occurs; `None` without
/// values.
pub(crate) fn doubled_median(counted: &[(i64, i64)]) -> Option<i64> {
    let count: i64 = counted.iter().map(|(_, times)| times).sum();
    let at = |place: i64| {
        let mut seen = 0;
        let found = counted.iter().find(|(_, times)| {
            seen += times;
            seen > place
        });
        found.map(|(value, _)| *value)
    };
    Some(at((count - 1) / 2)?.saturating_add(at(count / 2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_interpolated_between_its_neighbors() {
        assert_eq!(percentile(&[10, 20, 30, 40], 50), Some(25));
        assert_eq!(percentile(&[10, 20, 30, 40], 75), Some(32));
        assert_eq!(percentile(&[10, 20, 30, 40, 50], 75), Some(40));
        assert_eq!(percentile(&[7], 75), Some(7));
        assert_eq!(percentile(&[], 75), None);
    }

    #[test]
    fn each_median_has_its_own_rule_for_two_middle_values() {
        let sorted = [10, 20, 25, 40];
        assert_eq!(
            (median(&sorted), lower_median(&sorted), doubled_median(&sorted.map(|value| (value, 1)))),
            (Some(22), Some(20), Some(45))
        );
        let odd = [10, 20, 25];
        assert_eq!(
            (median(&odd), lower_median(&odd), doubled_median(&odd.map(|value| (value, 1)))),
            (Some(20), Some(20), Some(40))
        );
        assert_eq!((median(&[]), lower_median(&[]), doubled_median(&[])), (None, None, None));
    }
}
