//! The words and rules of Tetherboard, without any input or output.
//!
//! Everything here is a value or a function of its arguments: ids, money, odds, stages and their roles, time zones and
//! periods, the description of a chart. The only way to know the time is a [`Clock`] that somebody hands over.

mod calendar;
mod chart;
mod clock;
mod dataset;
mod epoch_ms;
mod hot_list_rules;
mod ids;
mod money;
mod period;
mod schedule;
mod score;
mod search;
mod stage;
mod us_state;
mod zone;

pub use calendar::{CALENDAR_READ_DAYS, CalendarDate, CalendarDateError, Leaf, Nearness, Slotted};
pub use chart::{Bar, ChartSpec, ChartUnit, Flow, Node, Step, waterfall_floor};
pub use clock::Clock;
pub use dataset::{Dataset, DatasetStatus, FaultClass, RunStatus, SyncState, Trigger};
pub use epoch_ms::{DAY, EpochMs};
pub use hot_list_rules::{HotListRules, HotListRulesError, ScoreRules, StallDays, StatusRules, Step as RuleStep};
pub use ids::{ContactId, DealId, NO_NAME, RunId, TenantId, UserId, UserRole};
pub use money::{Money, Odds, grouped, weighted};
pub use period::{Bucket, Compare, Period, Resolved, Slot, Stride, Week, Window, weeks_ending_with};
pub use schedule::next_hourly_run;
pub use score::{AgainstMedian, LastMove, MedianFee, Points, Score, ScoreFacts, Why, score};
pub use search::{Search, Term, search_words};
pub use stage::{Milestone, Role, StageKey, StageMilestone, StageRole, suggest_milestone, suggest_role};
pub use us_state::UsState;
pub use zone::{SourceTime, Zone, ZoneError};
