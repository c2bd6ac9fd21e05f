//! What each number means: one definition, used by page, API, CSV and tests.
//!
//! A number is made in two steps. The store counts the finest cells that still can be counted (contacts that share a
//! stage, a source and a type; deals that share a stage, a fee and odds); the functions here, which are pure, sum the
//! cells by the brand's [`Board`] of stages. The rows behind a number are found by the same board, so that a count and
//! the list it leads to cannot differ.

mod board;
mod freshness;
mod leads;
mod pipeline;
mod trend;

pub use board::{Board, BoardStage, LeadGroup, StagePlace, stage_keys};
pub use freshness::{DatasetAge, Freshness, Progress, Refused, Step, Trouble, freshness};
pub use leads::{
    FirstTouch, LeadBook, LeadSummary, NewLeads, Outcome, SlotCount, SourceLabel, SourceLine, StageCount, WeekCount, first_touch,
    lead_book, source_filter,
};
pub use pipeline::{Pipeline, StageLine, pipeline, pipeline_days};
pub use trend::{DayTotals, day_totals};

use tetherboard_domain::Dataset;

/// What the numbers of the pipeline rest on.
pub const PIPELINE_RESTS_ON: [Dataset; 3] = [Dataset::Stages, Dataset::Contacts, Dataset::Deals];

/// What the counts of contacts rest on.
pub const LEADS_REST_ON: [Dataset; 1] = [Dataset::Contacts];
