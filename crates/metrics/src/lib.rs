//! What each number means: one definition, used by page, API, CSV and tests.
//!
//! A number is made in two steps. The store counts the finest cells that still can be counted (contacts that share a
//! stage, a source and a type; deals that share a stage, a fee and odds); the functions here, which are pure, sum the
//! cells by the brand's [`Board`] of stages. The rows behind a number are found by the same board, so that a count and
//! the list it leads to cannot differ.

mod appointments;
mod as_of;
mod attention;
mod board;
mod changes;
mod flow;
mod forecast;
mod freshness;
mod funnel;
mod heating;
mod history;
mod hot_list;
mod known;
mod leads;
mod movement;
mod note_feed;
mod outcomes;
mod pipeline;
mod rules;
mod schedule;
mod status;
mod stays;
mod trend;

pub use appointments::OUTCOME_RULE;
pub use as_of::{AS_OF, DealThen, ProspectThen, deals_at, pipeline_at, prospects_at};
pub use attention::{Attention, NeedsAttention, attention};
pub use board::{Board, BoardStage, LeadGroup, StagePlace, stage_keys};
pub use changes::{Changes, FeeNow, MovedOn, changes, starts_on};
pub use flow::{FLOW, FlowEnd, FlowLink, Went, flow, went};
pub use forecast::{Closing, FORECAST, ForecastMonth, forecast};
pub use freshness::{DatasetAge, Freshness, Progress, Refused, Step, Trouble, freshness};
pub use funnel::{CONVERSION, Funnel, FunnelStage, Reach, funnel, reaches};
pub use heating::{AwardNow, Heating, awarded_now, heating_up};
pub use history::{History, Span, Spot, Who};
pub use hot_list::{HOT_LIST, HotList, HotListItem, NextStep, Rebuild, hot_list, hot_list_at, rebuild_hot_list};
pub use leads::{
    FirstTouch, LeadBook, LeadSummary, NewLeads, Outcome, SlotCount, SourceLabel, SourceLine, StageCount, WeekCount, first_touch,
    lead_book, source_filter,
};
pub use movement::{End, MOVEMENT, MoveKind, MoveStep, Moved, Movement, movement};
pub use note_feed::{Between, CLIENTS_NAMED, FeedFilter, Happened, NOTE_FEED, NoteFeed, NoteKind, Selected, Selection};
pub use outcomes::{AWARDS, CYCLE_TIME, DealOutcome, Ending, FEWEST, LOST, WIN_RATE, WinRate, cycle_time, outcomes};
pub use pipeline::{Pipeline, StageLine, pipeline, pipeline_days};
pub use rules::hot_list_rules;
pub use schedule::{Appointment, AppointmentType, OUTCOME_NEEDED, Schedule, appointment_type, schedule};
pub use status::{
    Ago, Appointments, FDD_CAUTION, Facts, FddClock, Missed, Reason, Status, Stays, Touches, fdd_clock, reasons, stall_limit_ms,
    status,
};
pub use stays::{Stay, TIME_IN_STAGE, Typical, stays, time_in_stage};
pub use trend::{DayTotals, day_totals, day_totals_between};

use tetherboard_domain::Dataset;

/// What the numbers of the pipeline rest on.
pub const PIPELINE_RESTS_ON: [Dataset; 3] = [Dataset::Stages, Dataset::Contacts, Dataset::Deals];

/// What the counts of contacts rest on.
pub const LEADS_REST_ON: [Dataset; 1] = [Dataset::Contacts];
