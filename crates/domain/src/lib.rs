//! The vocabulary and rules of Tetherboard, without any input or output.
//!
//! Everything here is a value or a pure function: IDs, money, odds, stages and their roles, time zones, periods, and the
//! description of a chart. The current time comes only from a [`Clock`] that the caller passes in.

mod appointment_time;
mod calendar;
mod chart;
mod clock;
mod data_quality;
mod dataset;
mod epoch_ms;
mod hot_list_rules;
mod ids;
mod money;
mod period;
mod plausible;
mod schedule;
mod score;
mod search;
mod stage;
mod statistics;
mod text;
mod us_state;
mod zone;

pub use appointment_time::{AppointmentTime, Nearness};
pub use calendar::{CALENDAR_READ_DAYS, CalendarDate, CalendarDateError, CalendarView};
pub use chart::{Bar, ChartSpec, ChartUnit, Flow, Node, Step, waterfall_floor};
pub use clock::Clock;
pub use data_quality::DataQualityKind;
pub use dataset::{Dataset, DatasetStatus, FaultClass, RunStatus, SyncState, Trigger};
pub use epoch_ms::{DAY, EpochMs};
pub use hot_list_rules::{HotListRules, HotListRulesError, ScoreRules, StallDays, StatusRules, Step as RuleStep};
pub use ids::{ContactId, DealId, NO_NAME, RunId, TenantId, UserId, UserRole};
pub use money::{Money, Odds, grouped, weighted};
pub use period::{Bucket, Compare, Lookback, Period, ResolvedPeriod, Slot, Week, Window, weeks_ending_with};
pub use plausible::{PlausibleDates, can_last, doubts_creation};
pub use schedule::next_hourly_run;
pub use score::{LastMove, MedianComparison, MedianFee, Points, Score, ScoreFactor, ScoreFacts, score};
pub use search::{FragmentSearch, SEARCH_VERSION, Search, Term, phone_fragments, search_fragments, search_words};
pub use stage::{Milestone, Role, StageKey, StageMilestone, StageRole, suggest_milestone, suggest_role};
pub use statistics::{lower_median, median, percentile};
pub use text::{is_direction_control, is_invisible, is_visible, isolated};
pub use us_state::UsState;
pub use zone::{SourceTime, Zone, ZoneError};
