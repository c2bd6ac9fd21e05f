//! The points and days of a brand's scores and statuses. Values that an agency leaves out keep their defaults.

use serde::{Deserialize, Serialize};

use crate::Role;

/// Points for something within a number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub days: i64,
    pub points: i64,
}

/// A brand's rules. Days and points are whole numbers; points can be negative.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HotListRules {
    pub score: ScoreRules,
    pub status: StatusRules,
}

/// The points that a score is the sum of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreRules {
    /// For odds of 100%; lower odds get a proportional part.
    pub stage: i64,
    /// A move toward a signature, by its age, fewest days first.
    pub moved_forward: Vec<Step>,
    /// A move away from a signature.
    pub moved_back: Step,
    /// The last contact, by its age.
    pub touched: Vec<Step>,
    /// No contact for more than `days`.
    pub silent: Step,
    /// The next appointment, by how soon it is.
    pub booked: Vec<Step>,
    /// A later appointment.
    pub booked_later: i64,
    /// A fee of at least twice the median of open deals, at least the median, or any known fee.
    pub fee_twice_median: i64,
    pub fee_median: i64,
    pub fee_known: i64,
    /// The close date, by how soon it is.
    pub closes: Vec<Step>,
    /// A close date in the past.
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

/// The days that statuses depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusRules {
    /// How long a new award counts as awarded.
    pub awarded: i64,
    /// A past appointment without an outcome is overdue from `overdue_from` to `overdue_until` days after its end.
    pub overdue_from: i64,
    pub overdue_until: i64,
    /// How soon an appointment must be to count as booked.
    pub booked_within: i64,
    /// Days without contact in the waiting period before a candidate needs attention.
    pub silent: i64,
    /// How recent a stage change or contact must be to count as moving.
    pub moving_within: i64,
    /// The longest stay in a stage, while too few candidates have left it.
    pub stalled: StallDays,
    /// The number of completed stays from which their 75th percentile is the limit, but at least `stalled_least` days.
    pub stalled_stays: i64,
    pub stalled_least: i64,
    /// Days without contact before a candidate counts as stalled.
    pub stalled_untouched: i64,
    /// How recently a candidate's notes must have been read before they count as stalled or quiet.
    pub notes_read_within: i64,
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
            notes_read_within: 1,
        }
    }
}

/// Days in a stage by its role. Qualified stages use `disclosed` from FDD sent on.
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
    /// The limit for a stage, in days. `disclosed`: the stage is FDD sent or a later one.
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

/// Why rules are not valid.
#[derive(Debug, thiserror::Error)]
pub enum HotListRulesError {
    #[error("the rules are not valid JSON: {0}")]
    NotJson(String),
    #[error("the rules are not valid: {0}")]
    OtherShape(String),
    #[error("{0} must be an object like {{\"name\": value}}")]
    NotObject(&'static str),
    #[error("`{name}` is {points} points; use -100 to 100")]
    Points { name: &'static str, points: i64 },
    #[error("`{name}` is {days} days; use 1 to 365")]
    Days { name: &'static str, days: i64 },
    #[error("`{name}` must list its steps from the fewest days to the most, with no more than 10 steps")]
    Steps { name: &'static str },
    #[error("`status.overdue_until` must be between `status.overdue_from` and 90 days")]
    Overdue,
    #[error("`status.stalled_stays` is {0}; use 5 to 1000")]
    Stays(i64),
}

impl From<serde_json::Error> for HotListRulesError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_data() { Self::OtherShape(error.to_string()) } else { Self::NotJson(error.to_string()) }
    }
}

impl HotListRules {
    /// Reads and checks rules.
    ///
    /// # Errors
    /// When a name is unknown or a value is out of range; the message names it.
    pub fn parse(json: &str) -> Result<Self, HotListRulesError> {
        let rules: Self = serde_json::from_str(json)?;
        // serde reads a list as the fields in their order, and an empty one as the defaults.
        let written: serde_json::Value = serde_json::from_str(json)?;
        for (place, name) in
            [("", "the rules"), ("/score", "`score`"), ("/status", "`status`"), ("/status/stalled", "`status.stalled`")]
        {
            if written.pointer(place).is_some_and(|value| !value.is_object()) {
                return Err(HotListRulesError::NotObject(name));
            }
        }
        rules.check()?;
        Ok(rules)
    }

    /// The rules as a person edits them.
    pub fn to_json(&self) -> String {
        // Numbers and lists always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), HotListRulesError> {
        self.score.check()?;
        self.status.check()
    }
}

impl ScoreRules {
    fn check(&self) -> Result<(), HotListRulesError> {
        let Self { moved_forward, moved_back, touched, silent, booked, closes, .. } = self;
        for (name, points) in [
            ("score.stage", self.stage),
            ("score.booked_later", self.booked_later),
            ("score.fee_twice_median", self.fee_twice_median),
            ("score.fee_median", self.fee_median),
            ("score.fee_known", self.fee_known),
            ("score.close_date_passed", self.close_date_passed),
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
        Ok(())
    }
}

impl StatusRules {
    fn check(&self) -> Result<(), HotListRulesError> {
        for (name, days) in [
            ("status.awarded", self.awarded),
            ("status.overdue_from", self.overdue_from),
            ("status.overdue_until", self.overdue_until),
            ("status.booked_within", self.booked_within),
            ("status.silent", self.silent),
            ("status.moving_within", self.moving_within),
            ("status.stalled.new", self.stalled.new),
            ("status.stalled.working", self.stalled.working),
            ("status.stalled.qualified", self.stalled.qualified),
            ("status.stalled.disclosed", self.stalled.disclosed),
            ("status.stalled.late", self.stalled.late),
            ("status.stalled_least", self.stalled_least),
            ("status.stalled_untouched", self.stalled_untouched),
            ("status.notes_read_within", self.notes_read_within),
        ] {
            check_days(name, days)?;
        }
        if self.overdue_until < self.overdue_from || self.overdue_until > 90 {
            return Err(HotListRulesError::Overdue);
        }
        if !(5..=1_000).contains(&self.stalled_stays) {
            return Err(HotListRulesError::Stays(self.stalled_stays));
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
    fn values_left_out_keep_their_defaults_and_the_rules_survive_a_round_trip() {
        assert_eq!(HotListRules::parse("{}").unwrap(), HotListRules::default());
        let some = HotListRules::parse(r#"{"score": {"stage": 30}, "status": {"stalled": {"late": 12}}}"#).unwrap();
        assert_eq!((some.score.stage, some.status.stalled.late, some.status.stalled.new), (30, 12, 3));
        assert_eq!(HotListRules::parse(&some.to_json()).unwrap(), some);
    }

    #[test]
    fn an_error_names_what_is_not_valid() {
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
            ("[]", "the rules must be an object"),
            (r#"{"score": []}"#, "`score` must"),
            (r#"{"status": {"stalled": []}}"#, "`status.stalled` must"),
        ] {
            let error = HotListRules::parse(json).unwrap_err().to_string();
            assert!(error.contains(named), "{json}: {error}");
        }
    }
}
