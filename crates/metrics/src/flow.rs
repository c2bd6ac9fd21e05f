//! Which stages candidates moved between in a period.

use std::collections::HashMap;

use tetherboard_domain::{ContactId, EpochMs};

use crate::board::StagePlace;
use crate::history::{History, Prospect, Span};

/// The definition of the flow, shown on pages.
pub const FLOW: &str = "Candidates whose stage at the end of the period differs from their stage at its start, or from the \
    stage they were first seen in during it. Stages in between are not shown.";

/// How many candidates moved from one stage to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowLink {
    pub from: FlowNode,
    pub to: FlowNode,
    pub candidates: i64,
}

/// A stage at either end of a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowNode {
    pub place: StagePlace,
    /// In the CRM's spelling; `None` for a value that is not text.
    pub stage: Option<String>,
    /// The role's name, as in [`tetherboard_domain::StageRole::as_str`].
    pub role: &'static str,
}

/// A candidate's move between the two ends of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageChange {
    /// The candidate.
    pub contact: ContactId,
    /// The stages at the two ends, in the CRM's spelling.
    pub from: Option<String>,
    pub to: Option<String>,
    /// When the last move happened.
    pub at_ms: EpochMs,
    /// The history's indexes of both stages.
    places: (u32, u32),
}

/// The moves in a span, latest first; `None` when it ends before the history begins.
pub fn stage_changes(history: &History, span: Span) -> Option<Vec<StageChange>> {
    let span = history.clip(span)?;
    let one = |prospect: Prospect<'_>| {
        let at_ms = prospect.moved_ms(span).filter(|_| prospect.is_there(span.until_ms))?;
        let (from, to) = (prospect.stage(span.from_ms), prospect.stage(span.until_ms));
        let label = |stage: u32| history.stage(stage).label.clone();
        let change = StageChange { contact: prospect.id().into(), from: label(from), to: label(to), at_ms, places: (from, to) };
        (!history.is_same(from, to)).then_some(change)
    };
    let mut found: Vec<StageChange> = history.prospects().filter_map(one).collect();
    found.sort_by(|a, b| b.at_ms.cmp(&a.at_ms).then_with(|| a.contact.cmp(&b.contact)));
    Some(found)
}

/// The number of moves between each two stages, most first.
pub fn flow(history: &History, stage_changes: &[StageChange]) -> Vec<FlowLink> {
    let mut counts: HashMap<(u32, u32), i64> = HashMap::new();
    for candidate in stage_changes {
        let (from, to) = candidate.places;
        *counts.entry((history.same_as(from), history.same_as(to))).or_default() += 1;
    }
    let end = |stage: u32| {
        let stage = history.stage(stage);
        FlowNode { place: stage.place.clone(), stage: stage.label.clone(), role: stage.role.as_str() }
    };
    let mut links: Vec<FlowLink> =
        counts.into_iter().map(|((from, to), candidates)| FlowLink { from: end(from), to: end(to), candidates }).collect();
    links.sort_by(|a, b| b.candidates.cmp(&a.candidates).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to))));
    links
}
