//! By which points and days a brand's candidates are scored and called overdue, stalled or moving. What an agency leaves out of
//! its own rules is as usual.

use serde::{Deserialize, Serialize};

use crate::Role;

/// Points for what happened, or is to happen, within so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub days: i64,
    pub points: i64,
}

/// A brand's rules. Days are whole, points are whole and may be negative.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HotListRules {
    pub score: ScoreRules,
    pub status: StatusRules,
}

/// What a score is the sum of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreRules {
    /// At odds of 100 %; in proportion below.
    pub stage: i64,
    /// A move towards a signature, the latest steps first.
    pub moved_forward: Vec<Step>,
    pub moved_back: Step,
    pub touched: Vec<Step>,
    /// For more than so many days.
    pub silent: Step,
    pub booked: Vec<Step>,
    pub booked_later: i64,
    pub fee_twice_median: i64,
    pub fee_median: i64,
    pub fee_known: i64,
    pub closes: Vec<Step>,
    pub close_date_passed: i64,
}

impl Default for ScoreRules {
    fn default() -> Self {
        let step = |days, points| Step { days, points };
        Self {
            stage: 40,
            moved_forward: vec![step(7, 15), step(14, 10), step(30, 5)],
            moved_back: step(14, -10),
            touched: vec![step(3, 10), step(7, 7), step(14, 3)],
            silent: step(21, -5),
            booked: vec![step(7, 15), step(14, 10)],
            booked_later: 5,
            fee_twice_median: 10,
            fee_median: 7,
            fee_known: 4,
            closes: vec![step(30, 10), step(60, 6)],
            close_date_passed: -5,
        }
    }
}

/// The days that a status is told by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusRules {
    /// An award is news for so long.
    pub awarded: i64,
    /// An appointment without an outcome is overdue from the one on, until the other.
    pub overdue_from: i64,
    pub overdue_until: i64,
    pub booked_within: i64,
    /// In the waiting period, without a touch.
    pub silent: i64,
    pub moving_within: i64,
    /// How long one may stay in a stage while too few have left it.
    pub stalled: StallDays,
    /// From so many completed stays on, their 75th percentile counts instead, and at least so many days.
    pub stalled_stays: i64,
    pub stalled_least: i64,
    /// And nobody touched them for so long.
    pub stalled_untouched: i64,
}

impl Default for StatusRules {
    fn default() -> Self {
        Self {
            awarded: 30,
            overdue_from: 1,
            overdue_until: 14,
            booked_within: 14,
            silent: 5,
            moving_within: 7,
            stalled: StallDays::default(),
            stalled_stays: 8,
            stalled_least: 7,
            stalled_untouched: 10,
        }
    }
}

/// Days in a stage by its role; of qualified ones, before and from FDD sent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StallDays {
    pub new: i64,
    pub working: i64,
    pub qualified: i64,
    pub disclosed: i64,
    pub late: i64,
}

impl Default for StallDays {
    fn default() -> Self {
        Self { new: 3, working: 10, qualified: 21, disclosed: 14, late: 10 }
    }
}

impl StallDays {
    /// `disclosed`: the stage is that of FDD sent or one beyond it.
    pub fn of(&self, role: Option<Role>, disclosed: bool) -> i64 {
        match role {
            Some(Role::New) => self.new,
            Some(Role::Working) => self.working,
            Some(Role::Late) => self.late,
            _ if disclosed => self.disclosed,
            _ => self.qualified,
        }
    }
}

/// Rules that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
pub enum HotListRulesError {
    #[error("they are no JSON that says rules: {0}")]
    Json(#[from] serde_json::Error),
    #[error("`{name}` is {points} points; write -100 to 100")]
    Points { name: &'static str, points: i64 },
    #[error("`{name}` is {days} days; write 1 to 365")]
    Days { name: &'static str, days: i64 },
    #[error("`{name}` needs its steps from the fewest days to the most, 10 at the most")]
    Steps { name: &'static str },
    #[error("`status.overdue_until` must lie between `status.overdue_from` and 90 days")]
    Overdue,
    #[error("`status.stalled_stays` is {0}; write 5 to 1000")]
    Stays(i64),
}

impl HotListRules {
    /// # Errors
    /// When a name is not known, or a value is out of its range; the message names it.
    pub fn parse(json: &str) -> Result<Self, HotListRulesError> {
        let rules: Self = serde_json::from_str(json)?;
        rules.check()?;
        Ok(rules)
    }

    /// As a person edits them.
    pub fn to_json(&self) -> String {
        // Plain numbers and lists always can be written.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), HotListRulesError> {
        let ScoreRules { moved_forward, moved_back, touched, silent, booked, closes, .. } = &self.score;
        let s = &self.score;
        for (name, points) in [
            ("score.stage", s.stage),
            ("score.booked_later", s.booked_later),
            ("score.fee_twice_median", s.fee_twice_median),
            ("score.fee_median", s.fee_median),
            ("score.fee_known", s.fee_known),
            ("score.close_date_passed", s.close_date_passed),
        ] {
            check_points(name, points)?;
        }
        for (name, steps) in [
            ("score.moved_forward", &moved_forward[..]),
            ("score.moved_back", std::slice::from_ref(moved_back)),
            ("score.touched", &touched[..]),
            ("score.silent", std::slice::from_ref(silent)),
            ("score.booked", &booked[..]),
            ("score.closes", &closes[..]),
        ] {
            if steps.len() > 10 || steps.windows(2).any(|pair| pair[0].days >= pair[1].days) {
                return Err(HotListRulesError::Steps { name });
            }
            for step in steps {
                check_days(name, step.days)?;
                check_points(name, step.points)?;
            }
        }
        let s = &self.status;
        for (name, days) in [
            ("status.awarded", s.awarded),
            ("status.overdue_from", s.overdue_from),
            ("status.overdue_until", s.overdue_until),
            ("status.booked_within", s.booked_within),
            ("status.silent", s.silent),
            ("status.moving_within", s.moving_within),
            ("status.stalled.new", s.stalled.new),
            ("status.stalled.working", s.stalled.working),
            ("status.stalled.qualified", s.stalled.qualified),
            ("status.stalled.disclosed", s.stalled.disclosed),
            ("status.stalled.late", s.stalled.late),
            ("status.stalled_least", s.stalled_least),
            ("status.stalled_untouched", s.stalled_untouched),
        ] {
            check_days(name, days)?;
        }
        if s.overdue_until < s.overdue_from || s.overdue_until > 90 {
            return Err(HotListRulesError::Overdue);
        }
        if !(5..=1_000).contains(&s.stalled_stays) {
            return Err(HotListRulesError::Stays(s.stalled_stays));
        }
        Ok(())
    }
}

fn check_points(name: &'static str, points: i64) -> Result<(), HotListRulesError> {
    if (-100..=100).contains(&points) { Ok(()) } else { Err(HotListRulesError::Points { name, points }) }
}

fn check_days(name: &'static str, days: i64) -> Result<(), HotListRulesError> {
    if (1..=365).contains(&days) { Ok(()) } else { Err(HotListRulesError::Days { name, days }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_usual_and_the_whole_reads_back() {
        assert_eq!(HotListRules::parse("{}").unwrap(), HotListRules::default());
        let some = HotListRules::parse(r#"{"score": {"stage": 30}, "status": {"stalled": {"late": 12}}}"#).unwrap();
        assert_eq!((some.score.stage, some.status.stalled.late, some.status.stalled.new), (30, 12, 3));
        assert_eq!(HotListRules::parse(&some.to_json()).unwrap(), some);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (json, named) in [
            (r#"{"scores": {}}"#, "scores"),
            (r#"{"score": {"stage": 101}}"#, "score.stage"),
            (r#"{"score": {"stage": 1.5}}"#, "1.5"),
            (r#"{"score": {"silent": {"days": 0, "points": -5}}}"#, "score.silent"),
            (r#"{"score": {"touched": [{"days": 7, "points": 7}, {"days": 3, "points": 10}]}}"#, "score.touched"),
            (r#"{"status": {"overdue_from": 20}}"#, "overdue_until"),
            (r#"{"status": {"stalled_stays": 1}}"#, "stalled_stays"),
            (r#"{"status": {"stalled": {"late": 400}}}"#, "status.stalled.late"),
            ("[", "JSON"),
        ] {
            let error = HotListRules::parse(json).unwrap_err().to_string();
            assert!(error.contains(named), "{json}: {error}");
        }
    }
}
