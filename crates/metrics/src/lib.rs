//! What each number means: one definition, used by page, API, CSV, and tests.
//!
//! A number is computed in two steps. The store counts cells: contacts that share a stage, source, and type; deals that
//! share a stage, fee, and odds. The pure functions here sum the cells by the brand's [`Board`] of stages. The rows behind a
//! number are found with the same board, so a count and the list it links to cannot differ.
//!
//! Every function that takes a connection returns an error when the database does.

mod appointments;
mod as_of;
mod attention;
mod board;
mod candidate_facts;
mod changes;
mod day_totals;
mod duration_stats;
mod flow;
mod forecast;
mod freshness;
mod funnel;
mod history;
mod hot_list;
mod leads;
mod momentum;
mod movement;
mod note_feed;
mod outcomes;
mod pipeline;
mod rules;
mod schedule;
mod status;
mod time_in_stage;

pub use appointments::OUTCOME_RULE;
pub use as_of::{AS_OF, PastDeal, PastProspect, deals_at, pipeline_at, prospects_at};
pub use attention::{Attention, AttentionItem, attention};
pub use board::{Board, BoardHistory, BoardStage, LeadGroup, StagePlace, stage_keys};
pub use changes::{Changes, StageAdvance, WeightedFee, changes, start_date};
pub use day_totals::{DayTotals, day_totals, day_totals_between, end_of};
pub use duration_stats::{DurationStats, MIN_SAMPLE};
pub use flow::{FLOW, FlowLink, FlowNode, StageChange, flow, stage_changes};
pub use forecast::{CloseBucket, FORECAST, ForecastMonth, forecast};
pub use freshness::{CredentialRefusal, DatasetAge, Freshness, Progress, Staleness, SyncFailure, freshness};
pub use funnel::{CONVERSION, Funnel, FunnelStage, FurthestStage, funnel, furthest_stages};
pub use history::{CandidateRef, History, Span, StageInfo};
pub use hot_list::{HOT_LIST, HotList, HotListItem, NextStep, RebuildReason, hot_list, hot_list_at, rebuild_hot_list};
pub use leads::{
    FirstTouch, LeadCounts, LeadOutcome, LeadSummary, NewLeads, SlotCount, SourceLabel, SourceLine, StageCount, WeekCount,
    first_touch, lead_counts, source_filter,
};
pub use momentum::{Momentum, RecentAward, recent_awards, rising_candidates};
pub use movement::{MOVEMENT, Movement, MovementKind, MovementRow, MovementStep, PipelineTotals, movement};
pub use note_feed::{FeedEvent, FeedEventKind, FeedFilter, NOTE_FEED, NoteFeed, NoteKind, SelectedNote, Selection, TOP_CLIENTS};
pub use outcomes::{AWARDS, CYCLE_TIME, DealOutcome, LOST, OutcomeKind, WIN_RATE, WinRate, cycle_time, outcomes};
pub use pipeline::{Pipeline, StageLine, pipeline, pipeline_days};
pub use rules::hot_list_rules;
pub use schedule::{Appointment, AppointmentType, OUTCOME_NEEDED, Schedule, appointment_type, schedule};
pub use status::{
    Appointments, Elapsed, FDD_CAUTION, FddClock, LastTouch, Reason, Status, StatusFacts, StayStats, UnresolvedAppointment,
    fdd_clock, reasons, stall_limit_ms, status,
};
pub use time_in_stage::{StageStay, TIME_IN_STAGE, stage_stays, time_in_stage};

use tetherboard_domain::Dataset;

/// The datasets that the pipeline's numbers depend on.
pub const PIPELINE_DATASETS: [Dataset; 3] = [Dataset::Stages, Dataset::Contacts, Dataset::Deals];

/// The datasets that counts of contacts depend on.
pub const LEADS_DATASETS: [Dataset; 1] = [Dataset::Contacts];
