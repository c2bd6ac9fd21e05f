//! How far new prospects get.

use tetherboard_domain::{ContactId, EpochMs, Role, StageRole};

use crate::board::{Board, StagePlace};
use crate::history::{History, Prospect, Span};

/// What a person is told about stage conversion.
pub const CONVERSION: &str = "Prospects created in the period, by the furthest stage that each was ever seen in: a stage counts all who reached or passed \
    it, as a share of those who reached the stage before. Parked and inactive stages never raise it. Who was first seen parked, \
    inactive or awarded came by an unknown path and is left out.";

/// One stage of the funnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelStage {
    pub place: StagePlace,
    pub stage: String,
    pub role: StageRole,
    /// Who reached or passed it.
    pub reached: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Prospects created in the period.
    pub created: i64,
    /// Those of them whose path is known.
    pub known: i64,
    /// In the CRM's order, from the first stage to the awarded ones.
    pub stages: Vec<FunnelStage>,
}

/// How far one prospect got: a place in the funnel's row of stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pub contact: ContactId,
    pub created_ms: EpochMs,
    /// `None`: the path is unknown.
    pub furthest: Option<usize>,
    /// Where they stand now, as the CRM spells it.
    pub stage: Option<String>,
}

/// Prospects created in a span, in the order of ids.
pub fn reaches(history: &History, board: &Board, span: Span) -> Vec<Reach> {
    let path = path(board);
    let reach = |prospect: Prospect<'_>| {
        let created_ms = prospect.created_ms().filter(|ms| span.holds(*ms))?;
        let stage = history.spot(prospect.spot(EpochMs::MAX)).label.clone();
        Some(Reach { contact: prospect.id().into(), created_ms, furthest: furthest(history, &path, prospect), stage })
    };
    history.prospects().filter(|prospect| prospect.is_there(EpochMs::MAX)).filter_map(reach).collect()
}

pub fn funnel(board: &Board, reaches: &[Reach]) -> Funnel {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let stage = |(step, at): (usize, usize)| {
        let stage = &board.stages()[at];
        FunnelStage {
            place: StagePlace::Listed(at),
            stage: stage.name.clone(),
            role: stage.role,
            reached: count(reaches.iter().filter(|reach| reach.furthest.is_some_and(|furthest| furthest >= step)).count()),
        }
    };
    Funnel {
        created: count(reaches.len()),
        known: count(reaches.iter().filter(|reach| reach.furthest.is_some()).count()),
        stages: path(board).into_iter().enumerate().map(stage).collect(),
    }
}

/// The stages that lead to a signature, by their places on the board. A role that is only suggested keeps a stage out as well.
fn path(board: &Board) -> Vec<usize> {
    let leads_on = |role: StageRole| !matches!(role.likely(), None | Some(Role::Parked | Role::Inactive));
    let stages = board.stages().iter().enumerate();
    stages.filter(|(_, stage)| stage.of_prospects && stage.active && leads_on(stage.role)).map(|(at, _)| at).collect()
}

fn furthest(history: &History, path: &[usize], prospect: Prospect<'_>) -> Option<usize> {
    let step = |spot: u32| match &history.spot(spot).place {
        StagePlace::Listed(at) => path.iter().position(|step| step == at),
        _ => None,
    };
    let first = prospect.spots().next()?;
    let role = history.spot(first).role;
    if matches!(role.likely(), Some(Role::Parked | Role::Inactive | Role::Awarded)) {
        return None;
    }
    // Who was created is at least at the beginning, whatever the stage is called.
    Some(prospect.spots().filter_map(step).max().unwrap_or(0))
}
