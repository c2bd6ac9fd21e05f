//! From which stages to which others candidates went.

use std::collections::HashMap;

use tetherboard_domain::{ContactId, EpochMs, StageRole};

use crate::board::StagePlace;
use crate::history::{History, Prospect, Span};

/// What a person is told about the flow.
pub const FLOW: &str = "Candidates who stand in another stage at the end of the period than at its beginning, or than where they were first seen in it. \
    What lies between the two ends is not drawn.";

/// How many went from one stage to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowLink {
    pub from: FlowEnd,
    pub to: FlowEnd,
    pub candidates: i64,
}

/// A stage at one end of the flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowEnd {
    pub place: StagePlace,
    /// As the CRM spells it.
    pub stage: Option<String>,
    pub role: &'static str,
}

/// A candidate who went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Went {
    pub contact: ContactId,
    pub from: Option<String>,
    pub to: Option<String>,
    pub at_ms: EpochMs,
    places: (u32, u32),
}

/// Who went anywhere in a span, the latest first; `None` when it ends before the history begins.
pub fn went(history: &History, span: Span) -> Option<Vec<Went>> {
    let span = history.known(span)?;
    let one = |prospect: Prospect<'_>| {
        let at_ms = prospect.moved_ms(span).filter(|_| prospect.is_there(span.until_ms))?;
        let (from, to) = (prospect.spot(span.from_ms), prospect.spot(span.until_ms));
        let label = |spot: u32| history.spot(spot).label.clone();
        let went = Went { contact: prospect.id().into(), from: label(from), to: label(to), at_ms, places: (from, to) };
        (from != to).then_some(went)
    };
    let mut found: Vec<Went> = history.prospects().filter_map(one).collect();
    found.sort_by(|a, b| b.at_ms.cmp(&a.at_ms).then_with(|| a.contact.cmp(&b.contact)));
    Some(found)
}

/// The most travelled ways first.
pub fn flow(history: &History, went: &[Went]) -> Vec<FlowLink> {
    let mut counts: HashMap<(u32, u32), i64> = HashMap::new();
    for candidate in went {
        *counts.entry(candidate.places).or_default() += 1;
    }
    let end = |spot: u32| {
        let spot = history.spot(spot);
        FlowEnd { place: spot.place.clone(), stage: spot.label.clone(), role: role_word(spot.role) }
    };
    let mut links: Vec<FlowLink> =
        counts.into_iter().map(|((from, to), candidates)| FlowLink { from: end(from), to: end(to), candidates }).collect();
    links.sort_by(|a, b| b.candidates.cmp(&a.candidates).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to))));
    links
}

fn role_word(role: StageRole) -> &'static str {
    role.as_str()
}
