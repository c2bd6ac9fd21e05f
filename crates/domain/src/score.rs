//! How near a candidate is to a signature: the sum of whole points, each with what it is for.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::hot_list_rules::{ScoreRules, Step};
use crate::{DAY, EpochMs, Money, Odds};

/// What a score is told from, as of one moment. Moments are milliseconds UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreFacts {
    pub at_ms: EpochMs,
    /// The moment's local date.
    pub today: Date,
    pub odds: Option<Odds>,
    /// The last move between stages whose order is known.
    pub last_move: Option<LastMove>,
    pub last_touch_ms: Option<EpochMs>,
    /// Since when it is known that nobody touched them; `None` when the notes that would tell were not read.
    pub silent_since_ms: Option<EpochMs>,
    /// When the first appointment that is not over begins.
    pub next_appointment_ms: Option<EpochMs>,
    pub fee: Option<Money>,
    /// `None`: too few fees are known.
    pub median_fee: Option<MedianFee>,
    pub close_date: Option<Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMove {
    pub at_ms: EpochMs,
    /// Towards a signature.
    pub forward: bool,
}

/// Between two fees lies half a cent at times, so it is kept doubled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MedianFee {
    pub doubled_cents: i64,
}

impl MedianFee {
    /// Fewer known fees tell nothing of what is usual.
    pub const FEWEST: i64 = 5;

    /// Of fees in cents and how many deals have each, in order of the fees.
    pub fn of(fees: &[(i64, i64)]) -> Option<Self> {
        let count: i64 = fees.iter().map(|(_, deals)| deals).sum();
        let at = |place: i64| {
            let mut seen = 0;
            fees.iter().find(|(_, deals)| {
                seen += deals;
                seen > place
            })
        };
        let (below, above) = (at((count - 1) / 2)?, at(count / 2)?);
        (count >= Self::FEWEST).then_some(Self { doubled_cents: below.0.saturating_add(above.0) })
    }
}

/// One part of a score. There is one of each, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    pub points: i64,
    pub why: Why,
}

/// What points are for, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Why {
    /// Odds in hundredths of a percent.
    Stage {
        odds: Option<i64>,
    },
    Momentum {
        last_move: Option<LastMove>,
    },
    /// `last_ms`: the last touch that is known of. `silent_since_ms` is told where there is none.
    Touch {
        last_ms: Option<EpochMs>,
        silent_since_ms: Option<EpochMs>,
    },
    Appointment {
        next_ms: Option<EpochMs>,
    },
    Fee {
        cents: Option<i64>,
        against_median: Option<AgainstMedian>,
    },
    CloseDate {
        day: Option<Date>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgainstMedian {
    Twice,
    AtLeast,
    Below,
}

impl Why {
    /// As addresses and scripts name it.
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

    /// What a person is told.
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    pub parts: Vec<Points>,
    /// Their sum, from 0 to 100.
    pub total: i64,
}

/// The sum of points that a person can check one by one.
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
    // Half a point is rounded up.
    let points = odds.map_or(0, |odds| (rules.stage * odds + 5_000).div_euclid(10_000));
    Points { points, why: Why::Stage { odds } }
}

/// The last move alone tells: who fell back and came forward again is on the way.
fn momentum(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let points = facts.last_move.map_or(0, |moved| {
        let ago_ms = facts.at_ms - moved.at_ms;
        match moved.forward {
            true => within(&rules.moved_forward, ago_ms).unwrap_or(0),
            false => within(&[rules.moved_back], ago_ms).unwrap_or(0),
        }
    });
    Points { points, why: Why::Momentum { last_move: facts.last_move } }
}

fn touch(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let touched = facts.last_touch_ms.and_then(|ms| within(&rules.touched, facts.at_ms - ms));
    let is_silent = facts.silent_since_ms.is_some_and(|ms| facts.at_ms - ms > rules.silent.days * DAY);
    let points = touched.unwrap_or(if is_silent { rules.silent.points } else { 0 });
    Points { points, why: Why::Touch { last_ms: facts.last_touch_ms, silent_since_ms: facts.silent_since_ms } }
}

fn appointment(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let next = facts.next_appointment_ms;
    let points = next.map_or(0, |ms| within(&rules.booked, ms - facts.at_ms).unwrap_or(rules.booked_later));
    Points { points, why: Why::Appointment { next_ms: next } }
}

fn fee(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let (points, against_median) = match (facts.fee, facts.median_fee) {
        (None, _) => (0, None),
        (Some(_), None) => (rules.fee_known, None),
        (Some(fee), Some(median)) if fee.0 >= median.doubled_cents => (rules.fee_twice_median, Some(AgainstMedian::Twice)),
        (Some(fee), Some(median)) if fee.0.saturating_mul(2) >= median.doubled_cents => {
            (rules.fee_median, Some(AgainstMedian::AtLeast))
        }
        (Some(_), Some(_)) => (rules.fee_known, Some(AgainstMedian::Below)),
    };
    Points { points, why: Why::Fee { cents: facts.fee.map(|fee| fee.0), against_median } }
}

fn close_date(facts: &ScoreFacts, rules: &ScoreRules) -> Points {
    let points = facts.close_date.map_or(0, |day| match i64::from((day - facts.today).get_days()) {
        ..0 => rules.close_date_passed,
        days => within(&rules.closes, days * DAY).unwrap_or(0),
    });
    Points { points, why: Why::CloseDate { day: facts.close_date } }
}

/// The first step that reaches so far. What lies the other way is as near as can be.
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

    /// Nothing is known.
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
    fn odds_weigh_four_tenths_rounded_half_up() {
        for (hundredths, expected) in [(0, 0), (124, 0), (125, 1), (3_000, 12), (9_500, 38), (9_875, 40), (10_000, 40)] {
            assert_eq!(points(&ScoreFacts { odds: Odds::from_hundredths(hundredths), ..bare() }), expected, "{hundredths}");
        }
        assert_eq!(points(&bare()), 0);
    }

    #[test]
    fn a_move_counts_by_its_direction_and_age() {
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
    fn a_touch_counts_by_its_age_and_only_known_silence_costs() {
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
        assert_eq!(points(&ScoreFacts { silent_since_ms: Some(ago(22)), ..bare() }), -5, "nobody ever touched them");
    }

    #[test]
    fn an_appointment_counts_by_how_near_it_is() {
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
    fn the_median_lies_in_the_middle_of_five_or_more() {
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
    fn a_score_is_never_below_nothing_nor_above_a_hundred() {
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
