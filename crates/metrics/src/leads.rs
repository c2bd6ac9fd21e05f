//! Counts of contacts.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tetherboard_domain::{StageRole, TenantId, Window, Zone, weeks_ending_with};
use tetherboard_store::leads::{LabelMatch, LeadCell};
use tetherboard_store::{Conn, Result, leads, runs, small_lists};

use crate::board::{Board, LeadGroup, StagePlace};

/// Every live contact, of all types and stages, by week, source and stage.
#[derive(Clone, Debug)]
pub struct LeadSummary {
    /// The start of the last whole read of the contacts.
    pub as_of: Option<Timestamp>,
    pub total: i64,
    /// Contact type 1.
    pub prospects: i64,
    /// Without a created date in a form that is known.
    pub undated: i64,
    /// By count, most first.
    pub by_source: Vec<(SourceLabel, i64)>,
    /// In the board's order, unlisted ones after it. Stages without contacts are left out.
    pub by_stage: Vec<StageCount>,
    /// Twelve weeks, the current last.
    pub new_by_week: Vec<WeekCount>,
    /// Prospects, and of them those in the pipeline and those inactive: `prospects = in_pipeline + inactive`.
    pub in_pipeline: i64,
    pub inactive: i64,
}

/// A source as the CRM's list spells it, or as the contact does. `None` is a value that is no text; "" a blank.
pub type SourceLabel = Option<String>;

#[derive(Clone, Debug)]
pub struct StageCount {
    pub place: StagePlace,
    /// `None` for a value that is no text.
    pub stage: Option<String>,
    pub role: StageRole,
    /// The CRM's flag; `None` when its list does not name the stage.
    pub active: Option<bool>,
    pub contacts: i64,
    pub prospects: i64,
}

/// Contacts created in one week.
#[derive(Clone, Debug)]
pub struct WeekCount {
    /// `2026-W47`.
    pub week: String,
    pub starts: jiff::civil::Date,
    /// The part of the week that is known of: it ends where the data does.
    pub window: Option<Window>,
    /// Whether the week is still going on, or the data ends before it does.
    pub open: bool,
    /// `None`: the data is from before the week began.
    pub count: Option<i64>,
    pub prospects: Option<i64>,
}

pub async fn lead_summary<C: Conn>(
    conn: &C,
    tenant: TenantId,
    zone: &Zone,
    board: &Board,
    now: Timestamp,
) -> Result<LeadSummary> {
    let ages = runs::dataset_ages(conn, tenant).await?;
    let as_of = ages.as_of_ms(&crate::LEADS_REST_ON).and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let cells = leads::cells(conn, tenant, None).await?;
    let spelling = source_spelling(conn, tenant).await?;
    let by_stage = count_stages(board, &cells);
    let prospects = cells.iter().filter(|cell| is_prospect(cell)).map(|cell| cell.contacts).sum();
    let inactive = by_stage.iter().filter(|line| board.is_in(LeadGroup::Inactive, &line.place)).map(|line| line.prospects).sum();
    Ok(LeadSummary {
        as_of,
        total: cells.iter().map(|cell| cell.contacts).sum(),
        prospects,
        undated: leads::undated(conn, tenant).await?,
        by_source: count_sources(&spelling, &cells),
        by_stage,
        new_by_week: new_by_week(conn, tenant, zone, now, as_of).await?,
        in_pipeline: prospects - inactive,
        inactive,
    })
}

fn is_prospect(cell: &LeadCell) -> bool {
    cell.contact_type == Some(1)
}

fn count_stages(board: &Board, cells: &[LeadCell]) -> Vec<StageCount> {
    let mut counts: BTreeMap<StagePlace, (i64, i64)> = BTreeMap::new();
    for cell in cells {
        let count = counts.entry(board.place(cell.stage.as_deref())).or_default();
        count.0 += cell.contacts;
        count.1 += if is_prospect(cell) { cell.contacts } else { 0 };
    }
    counts
        .into_iter()
        .map(|(place, (contacts, prospects))| StageCount {
            stage: board.label(&place).map(str::to_owned),
            // A stage of another contact type keeps its own flag here, where all types are counted.
            role: match board.stage(&place) {
                Some(stage) if !stage.of_prospects => stage.role,
                _ => board.role(&place),
            },
            active: board.stage(&place).map(|stage| stage.active),
            place,
            contacts,
            prospects,
        })
        .collect()
}

/// How the CRM's list spells each source, by key.
async fn source_spelling<C: Conn>(conn: &C, tenant: TenantId) -> Result<HashMap<String, String>> {
    let mut spelling = HashMap::new();
    for source in small_lists::sources(conn, tenant).await? {
        spelling.entry(source.source_key).or_insert(source.name.trim().to_owned());
    }
    Ok(spelling)
}

fn source_label(spelling: &HashMap<String, String>, cell: &LeadCell) -> SourceLabel {
    let text = cell.source.as_ref()?;
    let listed = cell.source_key.as_ref().filter(|key| !key.is_empty()).and_then(|key| spelling.get(key));
    Some(listed.unwrap_or(text).clone())
}

fn count_sources(spelling: &HashMap<String, String>, cells: &[LeadCell]) -> Vec<(SourceLabel, i64)> {
    let mut counts: BTreeMap<SourceLabel, i64> = BTreeMap::new();
    for cell in cells {
        *counts.entry(source_label(spelling, cell)).or_default() += cell.contacts;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| -count);
    counts
}

async fn new_by_week<C: Conn>(
    conn: &C,
    tenant: TenantId,
    zone: &Zone,
    now: Timestamp,
    as_of: Option<Timestamp>,
) -> Result<Vec<WeekCount>> {
    let known_until = as_of.map(|as_of| as_of.min(now));
    let weeks = weeks_ending_with(now, zone, 12);
    let known = |week: &tetherboard_domain::Week| {
        let until = known_until.filter(|until| *until >= week.window.from)?;
        Some(Window { from: week.window.from, until: until.min(week.window.until) })
    };
    let windows: Vec<Option<Window>> = weeks.iter().map(known).collect();
    let asked: Vec<Window> = windows.iter().flatten().copied().collect();
    let mut counts = leads::new_leads_in(conn, tenant, &asked).await?.into_iter();
    let lines = weeks.iter().zip(windows).map(|(week, window)| {
        let count = window.and_then(|_| counts.next());
        WeekCount {
            week: week.iso(),
            starts: week.monday,
            window,
            open: window.is_none_or(|window| window.until < week.window.until),
            count: count.map(|count| count.contacts),
            prospects: count.map(|count| count.prospects),
        }
    });
    Ok(lines.collect())
}

/// What one source brought.
#[derive(Clone, Debug)]
pub struct SourceLine {
    pub source: SourceLabel,
    pub contacts: i64,
    /// Of them, prospects that stand in a qualified stage now.
    pub qualified: i64,
}

/// The sources of the contacts created in a window, or of all; most first.
pub async fn sources<C: Conn>(conn: &C, tenant: TenantId, board: &Board, created: Option<Window>) -> Result<Vec<SourceLine>> {
    let cells = leads::cells(conn, tenant, created).await?;
    let spelling = source_spelling(conn, tenant).await?;
    let mut lines: BTreeMap<SourceLabel, (i64, i64)> = BTreeMap::new();
    for cell in &cells {
        let line = lines.entry(source_label(&spelling, cell)).or_default();
        line.0 += cell.contacts;
        if is_prospect(cell) && board.is_in(LeadGroup::Qualified, &board.place(cell.stage.as_deref())) {
            line.1 += cell.contacts;
        }
    }
    let mut lines: Vec<SourceLine> =
        lines.into_iter().map(|(source, (contacts, qualified))| SourceLine { source, contacts, qualified }).collect();
    lines.sort_by(|a, b| b.contacts.cmp(&a.contacts).then_with(|| a.source.cmp(&b.source)));
    Ok(lines)
}

impl LeadSummary {
    /// The rows of a source, for the store to find: by key where the CRM's list names it, else by its very text.
    pub async fn source_filter<C: Conn>(conn: &C, tenant: TenantId, source: &SourceLabel) -> Result<LabelMatch> {
        let Some(text) = source else { return Ok(LabelMatch::NotText) };
        let key = tetherboard_domain::StageKey::of(text).0;
        if key.is_empty() || source_spelling(conn, tenant).await?.contains_key(&key) {
            return Ok(LabelMatch::Keys(vec![key]));
        }
        Ok(LabelMatch::Text(text.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::usual;

    fn cell(stage: Option<&str>, source: Option<&str>, contact_type: Option<i64>, contacts: i64) -> LeadCell {
        let key = |text: Option<&str>| text.map(|text| text.trim().to_lowercase());
        LeadCell {
            source: source.map(str::to_owned),
            source_key: key(source),
            stage: stage.map(str::to_owned),
            stage_key: key(stage),
            contact_type,
            contacts,
        }
    }

    #[test]
    fn case_variants_are_counted_under_the_lists_spelling_and_the_unlisted_as_they_are() {
        let board = Board::new(usual(), HashMap::new());
        let cells = [
            cell(Some("new lead"), None, Some(1), 2),
            cell(Some(""), None, Some(1), 3),
            cell(Some("Ghost"), None, Some(1), 1),
            cell(Some("ghost"), None, Some(2), 1),
            cell(None, None, Some(1), 4),
        ];
        let counts: Vec<(Option<String>, i64)> =
            count_stages(&board, &cells).into_iter().map(|line| (line.stage, line.contacts)).collect();
        let label = |text: &str| Some(text.to_owned());
        assert_eq!(counts, [(label("New Lead"), 5), (label("Ghost"), 1), (label("ghost"), 1), (None, 4)]);
    }

    #[test]
    fn a_blank_source_is_a_source_of_its_own() {
        let spelling = HashMap::from([("facebook".to_owned(), "Facebook".to_owned())]);
        let cells = [cell(None, Some("FACEBOOK"), None, 2), cell(None, Some(""), None, 1), cell(None, None, None, 1)];
        let counts = count_sources(&spelling, &cells);
        assert_eq!(counts, [(Some("Facebook".to_owned()), 2), (None, 1), (Some(String::new()), 1)]);
    }
}
