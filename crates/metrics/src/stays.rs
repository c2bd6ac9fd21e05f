//! How long deals stay in their stages.

use std::collections::BTreeMap;

use tetherboard_domain::{DAY, EpochMs};

use crate::board::StagePlace;
use crate::history::{History, Span, Who};
use crate::outcomes::FEWEST;
use crate::status::Stays;

/// What a person is told about the time in a stage.
pub const TIME_IN_STAGE: &str = "Stays that ended in the last 365 days: half of them were over within the median, three quarters within the \
    second figure. Shown from five stays on. A stay whose beginning was not seen is left out.";

/// One deal's time in one stage, from the move into it to the move out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    pub who: Who,
    pub place: StagePlace,
    /// As the CRM spells it.
    pub stage: Option<String>,
    /// Where it went.
    pub next: Option<String>,
    pub from_ms: EpochMs,
    pub until_ms: EpochMs,
}

impl Stay {
    pub fn took_ms(&self) -> i64 {
        (self.until_ms - self.from_ms).max(0)
    }
}

/// The stays that ended within 365 days, the latest first.
pub fn stays(history: &History, now_ms: EpochMs) -> Vec<Stay> {
    let year = Span { from_ms: now_ms - 365 * DAY, until_ms: EpochMs::MAX };
    let mut found = Vec::new();
    for unit in history.units() {
        let mut since_ms = history.seen_from_ms(*unit);
        for passed in history.passages(*unit) {
            let began_ms = since_ms.replace(passed.at_ms);
            let Some(from_ms) = began_ms.filter(|_| year.holds(passed.at_ms)) else { continue };
            let Some(standing) = history.standing(*unit, passed.seen_ms) else { continue };
            let spot = history.spot(passed.from);
            found.push(Stay {
                who: history.who(*unit, standing),
                place: spot.place.clone(),
                stage: spot.label.clone(),
                next: history.spot(passed.to).label.clone(),
                from_ms,
                until_ms: passed.at_ms,
            });
        }
    }
    found.sort_by(|a, b| b.until_ms.cmp(&a.until_ms).then_with(|| a.who.cmp(&b.who)));
    found
}

/// What is usual among durations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Typical {
    pub n: usize,
    /// Median and 75th percentile in milliseconds; `None` when there are too few to say.
    pub figures: Option<(i64, i64)>,
}

impl From<Typical> for Stays {
    fn from(typical: Typical) -> Self {
        Self { n: typical.n, p75_ms: typical.figures.map_or(0, |(_, p75_ms)| p75_ms) }
    }
}

/// Of each stage in which a stay ended, in the board's order.
pub fn time_in_stage(stays: &[Stay]) -> Vec<(StagePlace, Option<String>, Typical)> {
    let mut by_place: BTreeMap<&StagePlace, (&Option<String>, Vec<i64>)> = BTreeMap::new();
    for stay in stays {
        by_place.entry(&stay.place).or_insert((&stay.stage, Vec::new())).1.push(stay.took_ms());
    }
    by_place.into_iter().map(|(place, (stage, took))| (place.clone(), stage.clone(), typical(took))).collect()
}

pub(crate) fn typical(mut took: Vec<i64>) -> Typical {
    took.sort_unstable();
    let figures = (took.len() >= FEWEST).then(|| (percentile(&took, 50), percentile(&took, 75)));
    Typical { n: took.len(), figures }
}

/// Between two neighbours in proportion, as spreadsheets do. `sorted` is not empty.
fn percentile(sorted: &[i64], percent: i64) -> i64 {
    let place = percent * (sorted.len() as i64 - 1);
    let (below, part) = ((place / 100) as usize, place % 100);
    match sorted.get(below + 1) {
        Some(above) => sorted[below] + (above - sorted[below]) * part / 100,
        None => sorted[below],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_lies_between_its_neighbours_in_proportion() {
        assert_eq!(percentile(&[10, 20, 30, 40], 50), 25);
        assert_eq!(percentile(&[10, 20, 30, 40], 75), 32);
        assert_eq!(percentile(&[10, 20, 30, 40, 50], 75), 40);
        assert_eq!(percentile(&[7], 75), 7);
    }

    #[test]
    fn fewer_than_five_say_nothing() {
        assert_eq!(typical(vec![4, 1, 3, 2]), Typical { n: 4, figures: None });
        assert_eq!(typical(vec![5, 4, 1, 3, 2]), Typical { n: 5, figures: Some((3, 4)) });
    }
}
