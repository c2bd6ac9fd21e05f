//! The hot list score: how close a candidate is to a signature, as a sum of whole points with their reasons.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::hot_list_rules::{ScoreRules, Step};
use crate::statistics::doubled_median;
use crate::{DAY, EpochMs, Money, Odds};

/// The facts that a score is computed from, as of one moment. Moments are milliseconds UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreFacts {
    pub at_ms: EpochMs,
    /// The local date of `at_ms`.
    pub today: Date,
    pub odds: Option<Odds>,
    /// The last move between stages whose order is known.
    pub last_move: Option<LastMove>,
    pub last_touch_ms: Option<EpochMs>,
    /// The start of the silence that is certain; `None` when the notes were not read.
    pub silent_since_ms: Option<EpochMs>,
    /// The start of the first appointment that is not over.
    pub next_appointment_ms: Option<EpochMs>,
    pub fee: Option<Money>,
    /// `None`: too few fees are known.
    pub median_fee: Option<MedianFee>,
    pub close_date: Option<Date>,
}

/// A candidate's last stage change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMove {
    pub at_ms: EpochMs,
    /// Whether it was toward a signature.
    pub forward: bool,
}

/// The median fee of open deals. It is doubled, because the median of two fees can end in half a cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MedianFee {
    pub doubled_cents: i64,
}

impl MedianFee {
    /// The smallest number of known fees that has a median.
    pub const FEWEST: i64 = 5;

    /// The median of fees in ascending order, given as (cents, number of deals); `None` for too few fees.
    pub fn of(fees: &[(i64, i64)]) -> Option<Self> {
        let count: i64 = fees.iter().map(|(_, deals)| deals).sum();
        doubled_median(fees).filter(|_| count >= Self::FEWEST).map(|doubled_cents| Self { doubled_cents })
    }
}

/// The points of one factor. A score has every factor once, in the order of [`ScoreFactor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    pub points: i64,
    #[serde(rename = "why")]
    pub factor: ScoreFactor,
}

/// What points are given for, with the facts as far as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ScoreFactor {
    /// Odds in hundredths of a percent.
    Stage {
        odds: Option<i64>,
    },
    Momentum {
        last_move: Option<LastMove>,
    },
    /// `last_ms` is the last known contact. `silent_since_ms` applies when there is none.
    Touch {
        last_ms: Option<EpochMs>,
        silent_since_ms: Option<EpochMs>,
    },
    Appointment {
        next_ms: Option<EpochMs>,
    },
    Fee {
        cents: Option<i64>,
        against_median: Option<MedianComparison>,
    },
    CloseDate {
        day: Option<Date>,
    },
}

/// A fee compared with the median.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MedianComparison {
    Twice,
    AtLeast,
    Below,
}

impl ScoreFactor {
    /// Its name in URLs and data.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Stage { .. } => "stage",
            Self::Momentum { .. } => "momentum",
            Self::Touch { .. } => "touch",
            Self::Appointment { .. } => "appointment",
            Self::Fee { .. } => "fee",
            Self::CloseDate { .. } => "close_date",
        }
    }

    /// Its label on pages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stage { .. } => "Stage",
            Self::Momentum { .. } => "Momentum",
            Self::Touch { .. } => "Last touch",
            Self::Appointment { .. } => "Next appointment",
            Self::Fee { .. } => "Fee",
            Self::CloseDate { .. } => "Close date",
        }
    }
}

/// A candidate's score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    pub parts: Vec<Points>,
    /// The sum of the points, limited to 0 to 100.
    pub total: i64,
}

/// Computes a score: the sum of points that a person can check one by one.
pub fn score(facts: &ScoreFacts, rules: &ScoreRules) -> Score {
    let parts = vec![
        stage(facts, rules),
        momentum(facts, rules),
        touch(facts, rules),
        appointment(facts, rules),
        fee(facts, rules),
        close_date(facts, rules),
    ];
    let total = parts.iter().map(|part| part.points).sum::<i64>().clamp(0, 100);
    Score { parts, total }
}

fn stage(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let odds = facts.odds.map(Odds::hundredths);
    // Half a point rounds up.
    let points = odds.map_or(0, |odds| (rules.stage * odds + 5_000).div_euclid(10_000));
    Points { points, factor: ScoreFactor::Stage { odds } }
}

/// Only the last move counts: a candidate who fell back and moved forward again is making progress.
fn momentum(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let points = facts.last_move.map_or(0, |moved| {
        let ago_ms = facts.at_ms - moved.at_ms;
        match moved.forward {
            true => within(&rules.moved_forward, ago_ms).unwrap_or(0),
            false => within(&[rules.moved_back], ago_ms).unwrap_or(0),
        }
    });
    Points { points, factor: ScoreFactor::Momentum { last_move: facts.last_move } }
}

fn touch(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let touched = facts.last_touch_ms.and_then(|ms| within(&rules.touched, facts.at_ms - ms));
    let is_silent = facts.silent_since_ms.is_some_and(|ms| facts.at_ms - ms > rules.silent.days * DAY);
    let points = touched.unwrap_or(if is_silent { rules.silent.points } else { 0 });
    Points { points, factor: ScoreFactor::Touch { last_ms: facts.last_touch_ms, silent_since_ms: facts.silent_since_ms } }
}

fn appointment(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let next = facts.next_appointment_ms;
    let points = next.map_or(0, |ms| within(&rules.booked, ms - facts.at_ms).unwrap_or(rules.booked_later));
    Points { points, factor: ScoreFactor::Appointment { next_ms: next } }
}

fn fee(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let (points, against_median) = match (facts.fee, facts.median_fee) {
        (None, _) => (0, None),
        (Some(_), None) => (rules.fee_known, None),
        (Some(fee), Some(median)) if fee.0 >= median.doubled_cents => (rules.fee_twice_median, Some(MedianComparison::Twice)),
        (Some(fee), Some(median)) if fee.0.saturating_mul(2) >= median.doubled_cents => {
            (rules.fee_median, Some(MedianComparison::AtLeast))
        }
        (Some(_), Some(_)) => (rules.fee_known, Some(MedianComparison::Below)),
    };
    Points { points, factor: ScoreFactor::Fee { cents: facts.fee.map(|fee| fee.0), against_median } }
}

fn close_date(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let points = facts.close_date.map_or(0, |day| match i64::from((day - facts.today).get_days()) {
        ..0 => rules.close_date_passed,
        days => within(&rules.closes, days * DAY).unwrap_or(0),
    });
    Points { points, factor: ScoreFactor::CloseDate { day: facts.close_date } }
}

/// The points of the first step that is long enough. Negative durations fit every step.
fn within(steps: &[Step], ms: i64) -> Option<i64> {
    steps.iter().find(|step| ms <= step.days * DAY).map(|step| step.points)
}

#[cfg(test)]
mod tests {
    use jiff::Span;
    use jiff::civil::date;

    use super::*;

    const AT_MS: EpochMs = EpochMs(1_773_329_400_000);
    const HOUR_MS: i64 = 3_600_000;

    fn today() -> Date {
        date(2026, 3, 12)
    }

    /// No facts are known.
    fn bare() -> ScoreFacts {
        ScoreFacts {
            at_ms: AT_MS,
            today: today(),
            odds: None,
            last_move: None,
            last_touch_ms: None,
            silent_since_ms: None,
            next_appointment_ms: None,
            fee: None,
            median_fee: None,
            close_date: None,
        }
    }

    fn percent(odds: i64) -> Option<Odds> {
        Odds::from_hundredths(odds * 100)
    }

    fn points(facts: &ScoreFacts) -> i64 {
        score(facts, &ScoreRules::default()).parts.iter().map(|part| part.points).sum()
    }

    fn ago(days: i64) -> EpochMs {
        AT_MS - days * DAY
    }

    #[test]
    fn the_worked_example_is_95() {
        let facts = ScoreFacts {
            odds: percent(95),
            last_move: Some(LastMove { at_ms: ago(3), forward: true }),
            last_touch_ms: Some(ago(1)),
            silent_since_ms: Some(ago(1)),
            next_appointment_ms: Some(AT_MS + 2 * DAY),
            fee: Some(Money(3_500_000)),
            median_fee: Some(MedianFee { doubled_cents: 7_000_000 }),
            close_date: Some(date(2026, 3, 24)),
            ..bare()
        };
        let scored = score(&facts, &ScoreRules::default());
        assert_eq!(scored.parts.iter().map(|part| part.points).collect::<Vec<_>>(), [38, 15, 10, 15, 7, 10]);
        assert_eq!(scored.total, 95);
    }

    #[test]
    fn odds_give_up_to_forty_points_rounded_half_up() {
        for (hundredths, expected) in [(0, 0), (124, 0), (125, 1), (3_000, 12), (9_500, 38), (9_875, 40), (10_000, 40)] {
            assert_eq!(points(&ScoreFacts { odds: Odds::from_hundredths(hundredths), ..bare() }), expected, "{hundredths}");
        }
        assert_eq!(points(&bare()), 0);
    }

    #[test]
    fn a_move_counts_by_direction_and_age() {
        let moved = |days: i64, more_ms: i64, forward| {
            points(&ScoreFacts { last_move: Some(LastMove { at_ms: ago(days) - more_ms, forward }), ..bare() })
        };
        let forward = [(0, 0, 15), (7, 0, 15), (7, 1, 10), (14, 0, 10), (14, 1, 5), (30, 0, 5), (30, 1, 0)];
        for (days, more_ms, expected) in forward {
            assert_eq!(moved(days, more_ms, true), expected, "{days} days and {more_ms} ms");
        }
        for (days, more_ms, expected) in [(0, 0, -10), (14, 0, -10), (14, 1, 0)] {
            assert_eq!(moved(days, more_ms, false), expected, "back {days} days and {more_ms} ms");
        }
    }

    #[test]
    fn a_contact_counts_by_its_age_and_only_certain_silence_costs_points() {
        let touched = |days: i64, more_ms: i64| {
            let ms = Some(ago(days) - more_ms);
            points(&ScoreFacts { last_touch_ms: ms, silent_since_ms: ms, ..bare() })
        };
        let cases = [
            (0, 0, 10),
            (3, 0, 10),
            (3, 1, 7),
            (7, 0, 7),
            (7, 1, 3),
            (14, 0, 3),
            (14, 1, 0),
            (21, 0, 0),
            (21, 1, -5),
            (90, 0, -5),
        ];
        for (days, more_ms, expected) in cases {
            assert_eq!(touched(days, more_ms), expected, "{days} days and {more_ms} ms");
        }
        let unread = ScoreFacts { last_touch_ms: Some(ago(90)), silent_since_ms: None, ..bare() };
        assert_eq!(points(&unread), 0);
        assert_eq!(points(&ScoreFacts { silent_since_ms: Some(ago(22)), ..bare() }), -5, "never contacted");
    }

    #[test]
    fn an_appointment_counts_by_how_soon_it_is() {
        let next = |ms: i64| points(&ScoreFacts { next_appointment_ms: Some(AT_MS + ms), ..bare() });
        let cases = [(-HOUR_MS, 15), (0, 15), (7 * DAY, 15), (7 * DAY + 1, 10), (14 * DAY, 10), (14 * DAY + 1, 5)];
        for (ms, expected) in cases {
            assert_eq!(next(ms), expected, "in {ms} ms");
        }
    }

    #[test]
    fn a_fee_counts_against_the_median_of_five_or_more() {
        let fee = |cents: i64, median: Option<i64>| {
            let median_fee = median.map(|doubled_cents| MedianFee { doubled_cents });
            points(&ScoreFacts { fee: Some(Money(cents)), median_fee, ..bare() })
        };
        for (cents, expected) in [(1, 4), (49, 4), (50, 7), (99, 7), (100, 10)] {
            assert_eq!(fee(cents, Some(100)), expected, "{cents}");
        }
        // The median is 50.5.
        assert_eq!((fee(50, Some(101)), fee(51, Some(101)), fee(100, Some(101)), fee(101, Some(101))), (4, 7, 7, 10));
        assert_eq!(fee(1_000_000, None), 4);
    }

    #[test]
    fn the_median_needs_five_fees() {
        let doubled = |fees: &[(i64, i64)]| MedianFee::of(fees).map(|median| median.doubled_cents);
        assert_eq!(doubled(&[(10, 1), (20, 3)]), None);
        assert_eq!(doubled(&[(10, 1), (20, 3), (90, 1)]), Some(40));
        assert_eq!(doubled(&[(10, 3), (21, 3)]), Some(31));
        assert_eq!(doubled(&[]), None);
    }

    #[test]
    fn a_close_date_counts_by_calendar_days() {
        let closes =
            |days: i64| points(&ScoreFacts { close_date: Some(today().saturating_add(Span::new().days(days))), ..bare() });
        for (days, expected) in [(-400, -5), (-1, -5), (0, 10), (30, 10), (31, 6), (60, 6), (61, 0), (900, 0)] {
            assert_eq!(closes(days), expected, "{days}");
        }
    }

    #[test]
    fn a_score_stays_between_zero_and_a_hundred() {
        let worst = ScoreFacts {
            last_move: Some(LastMove { at_ms: AT_MS, forward: false }),
            silent_since_ms: Some(ago(30)),
            close_date: Some(date(2026, 1, 1)),
            ..bare()
        };
        assert_eq!((points(&worst), score(&worst, &ScoreRules::default()).total), (-20, 0));
        let generous = ScoreRules { stage: 100, booked_later: 100, ..ScoreRules::default() };
        let best = ScoreFacts { odds: percent(100), next_appointment_ms: Some(AT_MS + 90 * DAY), ..bare() };
        assert_eq!(score(&best, &generous).total, 100);
    }
}
