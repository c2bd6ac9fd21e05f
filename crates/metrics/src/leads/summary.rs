//! The summary of all contacts that the API returns.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tetherboard_domain::{StageRole, Week, Window, Zone, weeks_ending_with};

use super::{LeadCounts, SourceLabel};
use crate::board::{Board, LeadGroup, StagePlace};

/// Every contact in the CRM, of all types and stages, by week, source, and stage.
#[derive(Clone, Debug)]
pub struct LeadSummary {
    /// The start of the last complete read of the contacts.
    pub as_of: Option<Timestamp>,
    pub total: i64,
    /// Contacts of type 1.
    pub prospects: i64,
    /// Contacts without a readable date of creation.
    pub undated: i64,
    /// By source, most first.
    pub by_source: Vec<(SourceLabel, i64)>,
    /// In the board's order, unlisted ones last. Stages without contacts are left out.
    pub by_stage: Vec<StageCount>,
    /// Twelve weeks, the current one last.
    pub new_by_week: Vec<WeekCount>,
    /// Prospects in the pipeline, and inactive ones: `prospects = in_pipeline + inactive`.
    pub in_pipeline: i64,
    pub inactive: i64,
}

/// The contacts of one stage.
#[derive(Clone, Debug)]
pub struct StageCount {
    pub place: StagePlace,
    /// In the CRM's spelling; `None` for a value that is not text.
    pub stage: Option<String>,
    pub role: StageRole,
    /// The CRM's active flag; `None` when its list does not include the stage.
    pub active: Option<bool>,
    pub contacts: i64,
    pub prospects: i64,
}

/// Contacts created in one week.
#[derive(Clone, Debug)]
pub struct WeekCount {
    /// As in `2026-W47`.
    pub week: String,
    /// Its Monday.
    pub starts: jiff::civil::Date,
    /// The part of the week that has data.
    pub window: Option<Window>,
    /// Whether the week, or the data in it, has not ended.
    pub open: bool,
    /// `None`: the data ends before the week began.
    pub count: Option<i64>,
    pub prospects: Option<i64>,
}

impl LeadCounts {
    /// The stages with contacts, in the board's order.
    pub fn stages(&self, board: &Board) -> Vec<StageCount> {
        let mut counts: BTreeMap<&StagePlace, (i64, i64)> = BTreeMap::new();
        for cohort in &self.cohorts {
            let count = counts.entry(&cohort.place).or_default();
            count.0 += cohort.contacts;
            count.1 += if cohort.prospects { cohort.contacts } else { 0 };
        }
        counts
            .into_iter()
            .map(|(place, (contacts, prospects))| StageCount {
                stage: board.label(place).map(str::to_owned),
                role: board.role(place),
                active: board.stage(place).map(|stage| stage.active),
                place: place.clone(),
                contacts,
                prospects,
            })
            .collect()
    }

    /// The complete summary.
    pub fn summary(&self, board: &Board, zone: &Zone, now: Timestamp) -> LeadSummary {
        let prospects = self.count(None, |cohort| cohort.prospects);
        let inactive = self.in_group(board, LeadGroup::Inactive, None);
        let total = self.count(None, |_| true);
        LeadSummary {
            as_of: self.as_of,
            total,
            prospects,
            undated: total - i64::try_from(self.created.len()).unwrap_or(0),
            by_source: self.sources(board, None).into_iter().map(|line| (line.source, line.contacts)).collect(),
            by_stage: self.stages(board),
            new_by_week: self.by_week(zone, now),
            in_pipeline: prospects - inactive,
            inactive,
        }
    }

    fn by_week(&self, zone: &Zone, now: Timestamp) -> Vec<WeekCount> {
        let known_until = self.as_of.map(|as_of| as_of.min(now));
        let known = |week: &Week| {
            let until = known_until.filter(|until| *until >= week.window.from)?;
            Some(Window { from: week.window.from, until: until.min(week.window.until) })
        };
        let count = |week: Week| {
            let window = known(&week);
            let count = window.map(|window| self.new_leads(window));
            WeekCount {
                week: week.iso(),
                starts: week.monday,
                window,
                open: window.is_none_or(|window| window.until < week.window.until),
                count: count.map(|count| count.contacts),
                prospects: count.map(|count| count.prospects),
            }
        };
        weeks_ending_with(now, zone, 12).into_iter().map(count).collect()
    }
}
